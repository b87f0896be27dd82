"""The checks of a stack with a fault, and of one without."""

import json

from shipctl.doctor.command import NOT_CHECKED

from local.metrics import EmbeddedMetrics
from local.story import wait
from tests.e2e.broken_stack.faults import Fault
from tests.e2e.broken_stack.trial import Trial, faults_told, put_in_order


def break_and_mend(trial: Trial, fault: Fault) -> None:
    """Check that doctor names the fault, status shows it, and the named remedy empties the queue."""
    put_in_order(trial)
    fault.break_it(trial)
    doctor = trial.shipctl("doctor", "--json")
    told = faults_told(doctor, "findings")
    named = [
        finding for finding in told if finding["check"] == fault.check and fault.words in finding["what"]
    ]
    assert named, told
    assert doctor.exit_code == 1, doctor.output
    remedy = named[0]["remedy"]
    assert fault.remedy in remedy, remedy
    shown = faults_told(trial.shipctl("status", "--json"), "faults")
    assert any(finding["check"] == fault.check and fault.words in finding["what"] for finding in shown), shown
    fault.mend(trial, remedy)
    if not trial.replays_itself and trial.waiting():
        assert any("shipctl dlq replay" in finding["remedy"] for finding in told), told
        replay = trial.shipctl("dlq", "replay")
        assert replay.exit_code == 0, replay.output
    # The emulator ends a running function when its configuration changes: its messages come back after 25 s.
    wait("the dead-letter queue did not empty", lambda: trial.waiting() == 0)
    assert trial.waiting("ParkedQueueUrl") == 0


def find_no_fault(trial: Trial) -> None:
    """Check that doctor finds no fault in a stack that was put in order."""
    put_in_order(trial)
    before = len(trial.api.logs)
    trial.put("a", "b")
    wait("logs are not shipped", lambda: len(trial.api.logs) == before + 2)
    EmbeddedMetrics(trial.stack).collect()
    doctor = trial.shipctl("doctor", "--json", "--send")
    told = faults_told(doctor, "findings")
    assert not told, told
    unknown = [each for each in json.loads(doctor.stdout)["findings"] if each["verdict"] == "unknown"]
    # The emulator has no account policies.
    assert [each["check"] for each in unknown] == ["policy"], unknown
    assert "Unknown action: DescribeAccountPolicies" in unknown[0]["what"]
    assert doctor.exit_code == NOT_CHECKED, doctor.output
