"""Every command of the group finds the stack and its queues, or prints one error line."""

from pathlib import Path

import pytest
from shipctl.dlq.queue import left_of_a_stack

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack

COMMANDS = [["stats"], ["show"], ["replay"], ["export", "-"], ["purge", "--all", "--yes"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_stack_is_one_error_line(shipctl: Run, stack_in_aws: Stack, command: list[str]) -> None:
    result = shipctl("dlq", *command, "--stack", "nope", "--region", "eu-north-1")
    assert result.exit_code == 1
    assert result.stderr.strip() == (
        "shipctl: stack nope does not exist in eu-north-1: check --stack, --region and --profile"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stack_without_outputs_is_one_error_line(
    shipctl: Run, stack_in_aws: Stack, command: list[str]
) -> None:
    stack_in_aws.outputs.clear()
    result = shipctl("dlq", *command)
    assert result.exit_code == 1
    assert "stack loginformant-shipper has no output DeadLetterQueueUrl" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_deleted_queue_is_one_error_line(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.sqs.delete_queue(QueueUrl=stack_in_aws.dead)
    result = shipctl("dlq", "stats")
    assert result.exit_code == 1
    assert "Counting the messages of shipper-DeadLetterQueue-1aB2: " in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


# --- a queue by its URL ---


@pytest.fixture
def kept(stack_in_aws: Stack) -> str:
    """Return the URL of a queue with one message, whose stack has no outputs."""
    stack_in_aws.put("one", "two")
    url = stack_in_aws.dead
    stack_in_aws.outputs.clear()
    return url


def test_a_queue_of_a_deleted_stack_can_be_read_exported_and_purged(shipctl: Run, kept: str) -> None:
    gone = ("--stack", "gone", "--queue-url", kept)
    result = shipctl("dlq", "stats", *gone)
    assert result.exit_code == 0, result.stderr
    assert "Queue  shipper-DeadLetterQueue-1aB2  eu-west-1" in result.stdout
    assert "2 log events wait in 1 message" in result.stdout
    assert "AutoReplay" not in result.stdout
    assert "two" in shipctl("dlq", "show", *gone).stdout
    exported = shipctl("dlq", "export", "-", *gone)
    assert len(exported.stdout.splitlines()) == 1
    assert "1 message deleted" in shipctl("dlq", "purge", "--all", "--yes", *gone).stdout


def test_a_backup_can_be_imported_into_a_queue_by_its_url(
    shipctl: Run, stack_in_aws: Stack, tmp_path: Path
) -> None:
    stack_in_aws.put("one")
    file = str(tmp_path / "backup.jsonl")
    shipctl("dlq", "export", file)
    result = shipctl("dlq", "import", file, "--stack", "gone", "--queue-url", stack_in_aws.parked)
    assert result.exit_code == 0, result.stderr
    assert len(stack_in_aws.visible(parked=True)) == 1


def test_replay_delivers_messages_of_a_kept_queue_with_another_stack(
    shipctl: Run, stack_in_aws: Stack
) -> None:
    kept = stack_in_aws.sqs.create_queue(QueueName="former-DeadLetterQueue-9zZ")["QueueUrl"]
    new, stack_in_aws.dead = stack_in_aws.dead, kept
    stack_in_aws.put("one", "two")
    stack_in_aws.dead = new
    stack_in_aws.put("of the new stack")
    result = shipctl("dlq", "replay", "--queue-url", kept)
    assert result.exit_code == 0, result.stderr
    assert sorted(stack_in_aws.delivered) == ["one", "two"]
    assert len(stack_in_aws.visible()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_queue_url_excludes_parked_and_must_be_a_url(
    shipctl: Run, stack_in_aws: Stack, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    both = shipctl("dlq", *command, "--queue-url", stack_in_aws.dead, "--parked")
    assert both.exit_code == 2
    assert "omit --parked" in both.stderr
    other = shipctl("dlq", *command, "--queue-url", "shipper-DeadLetterQueue-1aB2")
    assert other.exit_code == 1
    assert "shipper-DeadLetterQueue-1aB2 is not the URL of a queue" in other.stderr


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/123456789012/a", "eu-central-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/a-B_1", "cn-north-1"),
        ("http://127.0.0.1:4566/000000000000/a", "eu-west-1"),
    ],
)
def test_the_region_of_a_queue_is_that_of_its_url(url: str, region: str, stack_in_aws: Stack) -> None:
    assert left_of_a_stack(url, "eu-west-1", None).region == region
