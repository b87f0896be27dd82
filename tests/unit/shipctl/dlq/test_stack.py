"""The stack is found by its name, and what AWS has against that is one line."""

import pytest
from shipctl.dlq.stack import find_stack, is_replayed_automatically

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack

COMMANDS = [["stats"], ["show"], ["replay"], ["export", "-"], ["purge", "--all", "--yes"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stack_that_is_not_there(shipctl: Run, stack_in_aws: Stack, command: list[str]) -> None:
    result = shipctl("dlq", *command, "--stack", "nope", "--region", "eu-north-1")
    assert result.exit_code == 1
    assert result.stderr.strip() == (
        "shipctl: there is no stack nope in eu-north-1: check --stack, --region and --profile"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stack_without_the_outputs(shipctl: Run, stack_in_aws: Stack, command: list[str]) -> None:
    stack_in_aws.outputs.clear()
    result = shipctl("dlq", *command)
    assert result.exit_code == 1
    assert "stack loginformant-shipper has no output DeadLetterQueueUrl" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_queue_that_was_deleted(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.sqs.delete_queue(QueueUrl=stack_in_aws.dead)
    result = shipctl("dlq", "stats")
    assert result.exit_code == 1
    assert "Counting the messages of shipper-DeadLetterQueue-1aB2: " in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_no_region(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    result = shipctl("dlq", "stats")
    assert result.exit_code == 1
    assert result.stderr.startswith("shipctl: no AWS region: give --region")


def test_no_credentials(shipctl: Run) -> None:
    result = shipctl("dlq", "stats", "--region", "eu-west-1")
    assert result.exit_code == 1
    assert "shipctl: Looking for stack loginformant-shipper: no AWS credentials" in result.stderr


def test_no_such_profile(shipctl: Run) -> None:
    result = shipctl("dlq", "stats", "--profile", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("state", "on"), [("Enabled", True), ("Updating", True), ("Disabled", False), (None, False)]
)
def test_whether_the_queue_replays_by_itself(stack_in_aws: Stack, state: str | None, on: bool) -> None:
    stack_in_aws.mapping_state = state
    assert is_replayed_automatically(find_stack("loginformant-shipper", None, None)) is on
