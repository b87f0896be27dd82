"""Every fault, with AutoReplay off."""

import json

import pytest

from local.stack import switch_auto_replay
from tests.e2e.broken_stack.break_and_mend import break_and_mend, find_no_fault
from tests.e2e.broken_stack.faults import FAULTS, Fault, TriggerDisabled
from tests.e2e.broken_stack.trial import Trial, put_in_order

pytestmark = [pytest.mark.e2e, pytest.mark.trial]
REPLAYS_ITSELF = False


POSSIBLE = [fault for fault in FAULTS if not isinstance(fault, TriggerDisabled)]
"""The trigger is disabled here, as it should be."""


@pytest.mark.parametrize("fault", POSSIBLE, ids=lambda fault: type(fault).__name__)
def test_doctor_names_the_fault_and_the_remedy_empties_the_queue(trial: Trial, fault: Fault) -> None:
    break_and_mend(trial, fault)


def test_doctor_names_a_trigger_that_was_enabled_and_the_remedy_disables_it(trial: Trial) -> None:
    put_in_order(trial)
    switch_auto_replay(trial.stack, True)
    [finding] = json.loads(trial.shipctl("doctor", "--only", "trigger", "--json").stdout)["findings"]
    assert (finding["verdict"], finding["remedy"]) == ("notice", "shipctl autoreplay off")
    assert "automatic replay was switched on" in finding["what"]
    assert trial.shipctl(*finding["remedy"].split()[1:]).exit_code == 0
    [finding] = json.loads(trial.shipctl("doctor", "--only", "trigger", "--json").stdout)["findings"]
    assert finding["verdict"] == "ok"


def test_doctor_finds_no_fault_in_a_healthy_stack(trial: Trial) -> None:
    find_no_fault(trial)
