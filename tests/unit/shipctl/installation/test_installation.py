"""What a stack does not have is not asked of AWS."""

from typing import Any

import pytest
from shipctl.installation.installation import Installation
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
