"""The parts of `make smoke` for real accounts, with clients that answer as AWS documents it."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError

from smoke import arriving, changing, cleanup, looking, trouble
from smoke.world import Failed, World

Clients = dict[str, MagicMock]


class Clock:
    """A clock that advances when something sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("time.sleep", found.sleep)
    monkeypatch.setattr("time.monotonic", lambda: found.now)
    return found


@pytest.fixture
def clients() -> Clients:
    names = (
        "cloudformation",
        "cloudtrail",
        "cloudwatch",
        "ec2",
        "iam",
        "kms",
        "lambda",
        "logs",
        "s3",
        "sqs",
        "ssm",
        "sts",
    )
    return {name: MagicMock(name=name) for name in names}


@pytest.fixture
def world(clients: Clients, tmp_path: Path) -> World:
    outputs = [
        {"OutputKey": name, "OutputValue": name}
        for name in (
            "DeadLetterQueueUrl",
            "DeadLetterQueueAlarmName",
            "ReplayFunctionName",
            "ShipperFunctionName",
        )
    ]
    clients["cloudformation"].describe_stacks.return_value = {
        "Stacks": [{"Outputs": outputs, "CreationTime": datetime.now(UTC), "StackStatus": "CREATE_COMPLETE"}],
    }
    clients["logs"].put_retention_policy.return_value = {"ResponseMetadata": {"RequestId": "mark"}}
    return World(
        "smoke-1", "eu-west-1", False, {}, clients.__getitem__, MagicMock(), "key", tmp_path, tmp_path / "log"
    )


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Any")


# --- removal ---


def test_a_stack_with_only_a_change_set_is_deleted_at_once(
    world: World, clients: Clients, clock: Clock
) -> None:
    clients["cloudformation"].describe_stacks.return_value = {
        "Stacks": [{"StackStatus": "REVIEW_IN_PROGRESS"}]
    }
    list(cleanup._remove_stack(world, "smoke-1"))
    clients["cloudformation"].delete_stack.assert_called_once_with(StackName="smoke-1")
    assert clock.now == 1000.0


def test_a_stack_is_deleted_after_its_update_ends(world: World, clients: Clients, clock: Clock) -> None:
    states = iter(["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
    clients["cloudformation"].describe_stacks.side_effect = lambda **_: {
        "Stacks": [{"StackStatus": next(states, "UPDATE_COMPLETE")}]
    }
    list(cleanup._remove_stack(world, "smoke-1"))
    clients["cloudformation"].delete_stack.assert_called_once()
    assert clock.now == 1010.0


@pytest.mark.parametrize("code", sorted(cleanup.GONE))
def test_a_resource_that_is_already_deleted_does_not_stop_the_removal(code: str) -> None:
    assert not cleanup._unless_gone(MagicMock(side_effect=refusal(code)), Name="any")
    assert cleanup._unless_gone(MagicMock(), Name="any")


def test_a_denied_removal_is_an_error() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        cleanup._unless_gone(MagicMock(side_effect=refusal("AccessDenied")), Name="any")


def test_a_queue_that_is_listed_for_a_minute_after_its_deletion_does_not_count_as_left(
    world: World, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(cleanup, "what_is_left", lambda _: ["queue"] if clock.now < 1060 else [])
    assert cleanup.what_stays(world) == []
    monkeypatch.setattr(cleanup, "what_is_left", lambda _: ["queue"])
    assert cleanup.what_stays(world) == ["queue"]
    assert clock.now >= 1060 + cleanup.SETTLING_SECONDS


def test_network_interfaces_are_removed_and_those_in_use_are_reported(world: World, clients: Clients) -> None:
    clients["ec2"].describe_network_interfaces.return_value = {
        "NetworkInterfaces": [
            {"NetworkInterfaceId": "eni-1", "Status": "available"},
            {"NetworkInterfaceId": "eni-2", "Status": "in-use"},
        ]
    }
    removed, told = cleanup._remove_network_interfaces(world)
    clients["ec2"].delete_network_interface.assert_called_once_with(NetworkInterfaceId="eni-1")
    assert removed == "network interface eni-1"
    assert told.startswith("network interface eni-2 (not removed:")


# --- steps ---


def test_lines_are_written_until_one_arrives(world: World, clients: Clients, clock: Clock) -> None:
    def arrived() -> Mapping[str, float]:
        written = clients["logs"].put_log_events.call_args_list
        return {written[2].kwargs["logEvents"][0]["message"]: 0.0} if len(written) > 2 else {}

    world.ingest.arrived = arrived  # type: ignore[method-assign]
    assert arriving.until_in_force(world) == clock.now - 1000.0
    assert clients["logs"].put_log_events.call_count == 3


def test_metrics_are_read_by_their_dimensions(world: World, clients: Clients) -> None:
    clients["cloudwatch"].get_metric_statistics.return_value = {"Datapoints": [{"Sum": 2.0}, {"Sum": 3.0}]}
    assert looking.metrics(world)[0] == 5
    asked = clients["cloudwatch"].get_metric_statistics.call_args.kwargs
    assert asked["Dimensions"] == [
        {"Name": "Stack", "Value": "smoke-1"},
        {"Name": "Source", "Value": "subscription"},
    ]


def test_replay_is_off_until_the_alarm_and_on_afterwards(world: World, clients: Clients) -> None:
    state = {"State": "Enabled"}
    client = clients["lambda"]
    client.list_event_source_mappings.return_value = {"EventSourceMappings": [{"UUID": "u"}]}
    client.get_event_source_mapping.side_effect = lambda **_: state

    def update(*, UUID: str, Enabled: bool) -> None:
        state["State"] = "Enabled" if Enabled else "Disabled"

    client.update_event_source_mapping.side_effect = update

    def alarms(**_: Any) -> Any:
        assert state["State"] == "Disabled"
        return {"MetricAlarms": [{"StateValue": "ALARM"}]}

    clients["cloudwatch"].describe_alarms.side_effect = alarms
    clients["sqs"].get_queue_attributes.return_value = {"Attributes": {"ApproximateNumberOfMessages": "0"}}
    assert trouble.alarm(world)[0] == 1
    assert state["State"] == "Enabled"


def test_the_step_without_concurrency_requires_an_empty_queue(world: World, clients: Clients) -> None:
    clients["sqs"].get_queue_attributes.return_value = {"Attributes": {"ApproximateNumberOfMessages": "1"}}
    with pytest.raises(Failed, match="an empty dead-letter queue"):
        trouble.no_concurrency(world)
    clients["lambda"].put_function_concurrency.assert_not_called()


def test_a_key_without_its_alias_is_deleted_at_once(world: World, clients: Clients) -> None:
    clients["kms"].create_key.return_value = {"KeyMetadata": {"KeyId": "k", "Arn": "arn"}}
    clients["kms"].create_alias.side_effect = KeyboardInterrupt
    clients["sts"].get_caller_identity.return_value = {"Account": "123456789012"}
    with pytest.raises(KeyboardInterrupt):
        changing.kms_key(world)
    clients["kms"].schedule_key_deletion.assert_called_once_with(KeyId="k", PendingWindowInDays=7)


def test_a_region_without_a_default_vpc_is_an_error(world: World, clients: Clients) -> None:
    clients["ec2"].describe_vpcs.return_value = {"Vpcs": []}
    with pytest.raises(Failed, match="eu-west-1 has no default VPC"):
        changing.vpc(world)


# --- CloudTrail ---


def event(name: str, identity: str, **more: str) -> dict[str, str]:
    return {"EventName": name, "CloudTrailEvent": json.dumps({"userIdentity": {"arn": identity}, **more})}


def answering(clients: Clients, events: list[dict[str, str]]) -> None:
    def paginate(**which: Any) -> Iterator[dict[str, Any]]:
        if "LookupAttributes" in which:
            yield {"Events": [event("PutRetentionPolicy", "me", requestID="mark")]}
        else:
            yield {"Events": events[:1]}
            yield {"Events": events[1:]}

    clients["cloudtrail"].get_paginator.return_value.paginate.side_effect = paginate


def test_denied_calls_of_the_stacks_own_roles_are_an_error(world: World, clients: Clients) -> None:
    own, other = "role/smoke-1-ShipperFunctionRole", "role/other"
    denied = event("GetParameter", own, errorCode="AccessDeniedException", errorMessage="not you")
    strange = event("GetParameter", other, errorCode="AccessDenied")
    answering(clients, [event("Decrypt", own), strange])
    assert looking.permissions(world)[0] == 1
    answering(clients, [event("Decrypt", own), denied])
    with pytest.raises(Failed, match="GetParameter: not you"):
        looking.permissions(world)


def test_an_event_history_that_was_not_read_completely_fails_the_step(
    world: World, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "MAX_EVENTS", 2)
    answering(clients, [event("Decrypt", "role/smoke-1-x"), event("Decrypt", "role/smoke-1-x")])
    with pytest.raises(Failed, match="more than 2 events"):
        looking.permissions(world)


def test_missing_events_of_cloudtrail_fail_the_step(world: World, clients: Clients) -> None:
    clients["cloudtrail"].get_paginator.return_value.paginate.return_value = [{"Events": []}]
    with pytest.raises(Failed, match="CloudTrail's event of a call"):
        looking.permissions(world)
