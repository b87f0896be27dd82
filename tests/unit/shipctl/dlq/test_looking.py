"""`shipctl dlq stats` and `show`: their output, and that they do not change the queue."""

import json
import os
import signal
from datetime import timedelta
from typing import Any

import pytest
from shipctl.dlq import queue
from shipctl.dlq.spans import span

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack, subscription_event

WIDE = {"COLUMNS": "100"}


def put_every_kind(stack: Stack) -> None:
    stack.put(*(f"order {number} stored" for number in range(40)), Detail="no answer within 10 s")
    stack.put("bad one", reason="rejected", Status="400", Detail='{"error":"no level"}', log_group="/ecs/pay")
    stack.put_raw(
        subscription_event("START", "Task timed out", log_group="/aws/lambda/raw"),
        {"RequestID": "0a1b", "ErrorMessage": "Task timed out after 120.00 seconds"},
        ErrorCode="200",
    )
    stack.put_raw(f'{{"requestPayload": {subscription_event("enveloped")}}}')
    stack.put_raw("is this the printer queue?")
    stack.put_raw('{"s3": 1}', parked=True)


@pytest.mark.parametrize("command", ["stats", "show"])
def test_stats_and_show_leave_all_messages_visible(shipctl: Run, stack_in_aws: Stack, command: str) -> None:
    put_every_kind(stack_in_aws)
    before = {(letter.identifier, letter.record["body"]) for letter in stack_in_aws.visible()}
    assert shipctl("dlq", command).exit_code == 0
    assert {(letter.identifier, letter.record["body"]) for letter in stack_in_aws.visible()} == before
    assert stack_in_aws.in_flight() == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "command", [["stats"], ["show", "--limit", "100"], ["replay", "--dry-run"], ["export", "-"]]
)
def test_messages_are_visible_again_after_a_signal(
    shipctl: Run,
    stack_in_aws: Stack,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    number: signal.Signals,
    status: int,
) -> None:
    for _ in range(25):
        stack_in_aws.put(f"log {_}")
    receive = queue.Queue.receive
    receives = iter(range(100))

    def interrupted(self: queue.Queue, wait_seconds: int) -> Any:
        if next(receives) == 2:
            os.kill(os.getpid(), number)
        return receive(self, wait_seconds)

    monkeypatch.setattr(queue.Queue, "receive", interrupted)
    assert shipctl("dlq", *command).exit_code == status
    assert stack_in_aws.in_flight() == 0
    assert len(stack_in_aws.visible()) == 25


def test_stats_count_by_reason_status_and_log_group(shipctl: Run, stack_in_aws: Stack) -> None:
    put_every_kind(stack_in_aws)
    stack_in_aws.mapping_state = "Enabled"
    result = shipctl("dlq", "stats", env=WIDE)
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "45 log events wait in 5 messages" in lines
    assert "1 40 ━━━━━━━━━━━━ unavailable LogInformant down or silent" in lines
    assert "2 3 ━ crashed the shipper crashed" in lines
    assert "1 1 ━ malformed not a CloudWatch Logs payload" in lines
    assert "1 1 ━ 400" in lines
    assert "1 1 ━ /ecs/pay" in lines
    assert "1 2 ━ /aws/lambda/raw" in lines
    assert "1 1 ━ (unknown)" in lines
    assert any(line.startswith("first failed 3 h") for line in lines)
    assert any(line.startswith("SQS deletes the oldest message in 1") for line in lines)
    assert "Parked queue: 1 message: shipctl dlq stats --parked" in lines
    assert lines[-1].startswith("AutoReplay is on")


def test_stats_describe_the_parked_queue(shipctl: Run, stack_in_aws: Stack) -> None:
    put_every_kind(stack_in_aws)
    result = shipctl("dlq", "stats", "--parked")
    assert "1 log event waits in 1 message" in result.stdout
    assert "malformed" in result.stdout
    assert "Dead-letter queue: 5 messages: shipctl dlq stats" in result.stdout


def test_stats_say_that_a_queue_is_empty(shipctl: Run, stack_in_aws: Stack) -> None:
    result = shipctl("dlq", "stats")
    assert result.exit_code == 0
    assert "The queue is empty." in result.stdout
    assert "Parked queue: empty" in result.stdout
    assert "automatic replay has no event source mapping" in result.stdout


def test_stats_warn_of_messages_that_sqs_deletes_soon(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("one")
    stack_in_aws.sqs.set_queue_attributes(
        QueueUrl=stack_in_aws.dead, Attributes={"MessageRetentionPeriod": "172800"}
    )
    stdout = shipctl("dlq", "stats", env=WIDE).stdout
    assert "To keep a copy, run: shipctl dlq export FILE" in " ".join(stdout.split())


def test_show_prints_reason_answer_and_logs(shipctl: Run, stack_in_aws: Stack) -> None:
    put_every_kind(stack_in_aws)
    shown = shipctl("dlq", "show").stdout
    assert "rejected 400  /ecs/pay" in shown
    assert 'LogInformant: {"error":"no level"}' in shown
    assert "bad one" in shown
    assert "Lambda: Task timed out after 120.00 seconds; request 0a1b" in shown
    assert "enveloped" in shown
    assert "cannot be decoded: the message body is not JSON" in shown
    assert "is this the printer queue?" in shown
    assert "order 9 stored" in shown
    assert "order 10 stored" not in shown
    assert "… 40 log events in total; --logs" in shown
    assert "order 39 stored" in shipctl("dlq", "show", "--logs", "40").stdout


def test_show_escapes_control_characters_and_markup(shipctl: Run, stack_in_aws: Stack) -> None:
    hostile = "\x1b[2J\x1b]0;gone\x07 [bold red]x[/bold red] [/nothing] \u202e\r over"
    stack_in_aws.put(hostile, log_group="/g[bold]", Detail="[blink]\tno[/blink]\n\nyes", reason="rejected")
    stack_in_aws.put_raw("[red]rub[/red]bish")
    result = shipctl("dlq", "show", env={"FORCE_COLOR": "", "NO_COLOR": "1"})
    assert result.exit_code == 0, result.output
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(result.stdout)
    for kept in ("[bold red]x[/bold red] [/nothing]", "/g[bold]", "[blink] no[/blink]", "[red]rub[/red]bish"):
        assert kept in result.stdout


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--reason", "rejected"], {"bad one"}),
        (["--reason", "crashed"], {"START", "Task timed out", "enveloped"}),
        (["--log-group", "/aws/lambda/r*"], {"START", "Task timed out"}),
        (["--parked"], {'{"s3": 1}'}),
    ],
)
def test_show_json_prints_a_line_for_each_log_event(
    shipctl: Run, stack_in_aws: Stack, options: list[str], shown: set[str]
) -> None:
    put_every_kind(stack_in_aws)
    result = shipctl("dlq", "show", "--json", *options)
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert {document.get("message") or document["body"] for document in documents} == shown
    assert all(document["reason"] and document["messageId"] for document in documents)


def test_show_since_leaves_out_older_messages(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("long ago", failed_ago=timedelta(days=2))
    stack_in_aws.put("just now", failed_ago=timedelta(minutes=1))
    shown = shipctl("dlq", "show", "--since", "1h").stdout
    assert "just now" in shown
    assert "long ago" not in shown


def test_show_stops_at_its_limit_and_says_so(shipctl: Run, stack_in_aws: Stack) -> None:
    for number in range(30):
        stack_in_aws.put(f"log {number}")
    result = shipctl("dlq", "show", "--limit", "2", "--json")
    assert len(result.stdout.splitlines()) == 2
    assert "2 messages of 30 shown. To show more, give --limit" in result.stderr
    assert stack_in_aws.in_flight() == 0


@pytest.mark.parametrize(
    "command",
    [
        ("show",),
        ("show", "--json"),
        ("replay", "--dry-run"),
        ("purge", "--all", "--yes"),
        ("purge", "--reason", "crashed", "--yes"),
    ],
)
def test_messages_in_flight_are_reported_as_not_included(
    shipctl: Run, stack_in_aws: Stack, command: tuple[str, ...]
) -> None:
    stack_in_aws.put("hidden")
    stack_in_aws.hide()
    said = "shipctl: 1 message in flight, not included. To see why, run: shipctl dlq stats"
    assert said in shipctl("dlq", *command).stderr.splitlines()


def test_show_says_that_nothing_is_visible(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("hidden")
    stack_in_aws.hide()
    assert "no message is visible in shipper-DeadLetterQueue-1aB2" in shipctl("dlq", "show").stderr


def test_show_says_when_no_message_matches(shipctl: Run, stack_in_aws: Stack) -> None:
    assert "no message in shipper-DeadLetterQueue-1aB2" in shipctl("dlq", "show").stderr
    assert "no matching message" in shipctl("dlq", "show", "--reason", "crashed").stderr


def test_an_unknown_reason_is_a_usage_error(shipctl: Run, stack_in_aws: Stack) -> None:
    result = shipctl("dlq", "show", "--reason", "refused", env=WIDE)
    assert result.exit_code == 2
    assert "is not a reason: give one of rejected, undetermined" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86400 * 3 + 3600 * 4, "3 d 4 h"),
        (86400 * 3 + 60, "3 d"),
    ],
)
def test_time_spans_are_printed_with_at_most_two_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("replays", "number"), [("0", 0), ("2 since 2026-11-01T10:00:00.000Z", 2), ("often", None)]
)
def test_show_json_has_numbers_for_status_and_replays(
    shipctl: Run, stack_in_aws: Stack, replays: str, number: int | None
) -> None:
    stack_in_aws.put("bad", reason="rejected", Status="400", Replays=replays)
    document = json.loads(shipctl("dlq", "show", "--json").stdout)
    assert (document["status"], document["replays"]) == (400, number)
