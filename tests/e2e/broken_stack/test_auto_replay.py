"""Every fault, with AutoReplay on."""

import pytest

from tests.e2e.broken_stack.break_and_mend import break_and_mend, find_no_fault
from tests.e2e.broken_stack.faults import FAULTS, Fault
from tests.e2e.broken_stack.trial import Trial

pytestmark = [pytest.mark.e2e, pytest.mark.trial]
REPLAYS_ITSELF = True


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_doctor_names_the_fault_and_the_remedy_empties_the_queue(trial: Trial, fault: Fault) -> None:
    break_and_mend(trial, fault)


def test_doctor_finds_no_fault_in_a_healthy_stack(trial: Trial) -> None:
    find_no_fault(trial)
