"""What holds for all commands of the group: the stack and its queues are found, or one line says why not."""

import pytest

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
