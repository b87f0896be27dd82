"""AWS is asked for what a stack has, and what is missing there is not forgotten."""

from typing import Any

import pytest
from shipctl.installation.installation import Alarm, Installation
from shipctl.stack import Stack


class FakeCloudWatch:
    def describe_alarms(self, AlarmNames: list[str], MaxRecords: int) -> dict[str, Any]:
        found = [*AlarmNames, "of someone else"]
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": "OK"} for name in found]}


@pytest.mark.parametrize(
    ("outputs", "alarms"), [({}, []), ({"ParkedQueueAlarmName": "stack-Parked"}, ["ParkedQueueAlarm"])]
)
def test_only_alarms_of_the_stack_are_read(
    outputs: dict[str, str], alarms: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudWatch returns all alarms of the account if none is named (DescribeAlarms, API Reference)."""
    session: Any = None
    installation = Installation(Stack("loginformant-shipper", session, outputs))
    monkeypatch.setattr(Installation, "_client", lambda self, service: FakeCloudWatch())
    assert [alarm.resource for alarm in installation.alarms] == alarms


def test_alarms_that_were_deleted_disabled_or_cannot_be_evaluated_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Some:
        def describe_alarms(self, **_: Any) -> dict[str, Any]:
            broken = {
                "AlarmName": "a",
                "StateValue": "INSUFFICIENT_DATA",
                "EvaluationState": "EVALUATION_ERROR",
            }
            disabled = {
                "AlarmName": "b",
                "StateValue": "OK",
                "AlarmActions": ["arn"],
                "ActionsEnabled": False,
            }
            return {"MetricAlarms": [disabled, broken]}

    session: Any = None
    outputs = {"BrokenAlarmName": "a", "DisabledAlarmName": "b", "DeletedAlarmName": "c"}
    monkeypatch.setattr(Installation, "_client", lambda self, service: Some())
    assert Installation(Stack("loginformant-shipper", session, outputs)).alarms == [
        Alarm("BrokenAlarm", "INSUFFICIENT_DATA", has_action=False, evaluation="EVALUATION_ERROR"),
        Alarm("DisabledAlarm", "OK", is_enabled=False),
        Alarm("DeletedAlarm", ""),
    ]
