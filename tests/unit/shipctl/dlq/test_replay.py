"""Replay delivers the messages, reports those not delivered, and makes them visible again."""

import io
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress
from shipctl.dlq import queue
from shipctl.dlq.function import payload_bytes
from shipctl.dlq.letters import Letter
from shipctl.dlq.replay import PROBING, batches, progress_columns
from shipctl.installation.record_function import MAX_PAYLOAD_BYTES

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Crash, Stack, subscription_event
from tests.unit.simulated_senders import Answer, Sent


def refusing(*bad: str) -> Callable[[Sent], Answer]:
    """Return an ingest API that refuses each request with one of the logs in `bad`."""

    def answer(sent: Sent) -> Answer:
        logs: Any = sent.logs
        refused = any(log["message"] in bad for log in logs)
        return Answer(400, detail="look at your logs") if refused else Answer(200)

    return answer


def unavailable(sent: Sent) -> Answer:
    return Answer(503, detail="back soon")


@pytest.fixture
def real_clock_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the real clock step, so that messages written by replay are distinguished from earlier ones."""
    monkeypatch.setattr("shipctl.dlq.replay.CLOCK_STEP_SECONDS", queue.CLOCK_STEP_SECONDS)


def test_all_messages_are_delivered_once_and_the_queue_is_empty(shipctl: Run, stack_in_aws: Stack) -> None:
    texts = [f"log {number}" for number in range(230)]
    for start in range(0, 230, 10):
        stack_in_aws.put(*texts[start : start + 10])
    result = shipctl("dlq", "replay")
    assert result.exit_code == 0, result.output
    assert sorted(stack_in_aws.delivered) == sorted(texts)
    assert stack_in_aws.visible() == []
    assert stack_in_aws.in_flight() == 0
    assert "230 log events delivered; 23 messages tried, 4 requests" in result.stdout


def test_one_message_is_sent_first_and_then_ten_at_a_time(shipctl: Run, stack_in_aws: Stack) -> None:
    for number in range(23):
        stack_in_aws.put(f"log {number}")
    assert shipctl("dlq", "replay").exit_code == 0
    assert [len(messages) for messages in stack_in_aws.invocations] == [1, 10, 10, 2]


def test_ten_thousand_logs_go_in_full_batches(shipctl: Run, stack_in_aws: Stack) -> None:
    for start in range(0, 10_000, 100):
        stack_in_aws.put(*(f"log {number}" for number in range(start, start + 100)))
    result = shipctl("dlq", "replay")
    assert result.exit_code == 0, result.output
    assert len(set(stack_in_aws.delivered)) == len(stack_in_aws.delivered) == 10_000
    sizes = [len(sent.logs) for sent in stack_in_aws.senders.sent]
    assert sizes[0] == 100  # The first batch is one message of 100 logs.
    assert sum(size == 500 for size in sizes) >= 18
    assert stack_in_aws.visible() == []


def test_every_kind_of_body_is_delivered_or_parked(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("ours")
    stack_in_aws.put_raw(subscription_event("lambda's"), {"RequestID": "0a1b"}, ErrorCode="200")
    stack_in_aws.put_raw(f'{{"requestPayload": {subscription_event("enveloped")}}}')
    stack_in_aws.put_raw("rubbish")
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert sorted(stack_in_aws.delivered) == ["enveloped", "lambda's", "ours"]
    assert stack_in_aws.visible() == []
    assert [letter.record["body"] for letter in stack_in_aws.visible(parked=True)] == ["rubbish"]
    assert "1  parked" in " ".join(result.stdout.split("\n"))
    assert "malformed (1)  the message body is not JSON" in result.stdout


@pytest.mark.parametrize(
    ("options", "delivered"),
    [
        (["--reason", "throttled"], ["slow"]),
        (["--reason", "throttled", "--reason", "rejected"], ["bad", "slow"]),
        (["--log-group", "/ecs/*"], ["bad"]),
        (["--since", "30m"], ["bad"]),
    ],
)
def test_only_selected_messages_are_replayed(
    shipctl: Run, stack_in_aws: Stack, options: list[str], delivered: list[str]
) -> None:
    stack_in_aws.put("slow", reason="throttled")
    stack_in_aws.put("bad", reason="rejected", log_group="/ecs/x", failed_ago=timedelta(minutes=5))
    untouched = stack_in_aws.put("crash", reason="unavailable")
    result = shipctl("dlq", "replay", *options)
    assert result.exit_code == 0, result.output
    assert sorted(stack_in_aws.delivered) == delivered
    assert untouched in [letter.identifier for letter in stack_in_aws.visible()]
    assert len(stack_in_aws.visible()) == 3 - len(delivered)
    assert "not selected" in result.stdout


def test_a_dry_run_changes_nothing_and_invokes_nothing(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("a", "b")
    stack_in_aws.put("c", reason="rejected")
    result = shipctl("dlq", "replay", "--dry-run", "--reason", "unavailable")
    assert result.exit_code == 0
    assert "2 log events in 1 message would be replayed; nothing was" in result.stdout
    assert stack_in_aws.invocations == []
    assert len(stack_in_aws.visible()) == 2


def test_replay_stops_at_the_first_message_if_the_api_is_down(shipctl: Run, stack_in_aws: Stack) -> None:
    for number in range(30):
        stack_in_aws.put(f"log {number}")
    stack_in_aws.answers_with(unavailable)
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert [len(messages) for messages in stack_in_aws.invocations] == [1]
    assert len(stack_in_aws.visible()) == 30
    assert "nothing was delivered: unavailable 503 (back soon)" in result.stderr
    assert "--force" in result.stderr
    assert stack_in_aws.invocations[0][0] in result.stdout  # The first id is that of the returned message.


def test_force_tries_each_message_once(shipctl: Run, stack_in_aws: Stack) -> None:
    for number in range(15):
        stack_in_aws.put(f"log {number}")
    stack_in_aws.answers_with(unavailable)
    result = shipctl("dlq", "replay", "--force")
    assert result.exit_code == 1
    tried = [identifier for messages in stack_in_aws.invocations for identifier in messages]
    assert len(tried) == len(set(tried)) == 15
    assert len(stack_in_aws.visible()) == 15
    assert "15  returned" in result.stdout


def test_replay_stops_when_the_api_goes_down(shipctl: Run, stack_in_aws: Stack) -> None:
    for number in range(40):
        stack_in_aws.put(f"log {number}")
    up = iter([True, True])
    stack_in_aws.answers_with(lambda sent: Answer(200 if next(up, False) else 503))
    stack_in_aws.senders.sent.clear()
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert [len(messages) for messages in stack_in_aws.invocations] == [1, 10, 10]
    assert len(stack_in_aws.visible()) == 29
    assert "11 log events delivered" in result.stdout


@pytest.mark.usefixtures("real_clock_step")
def test_a_refused_log_is_put_back_once_and_not_tried_again(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("good", "bad")
    stack_in_aws.answers_with(refusing("bad"))
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert len(stack_in_aws.invocations) == 1
    (left,) = stack_in_aws.visible()
    assert left.cause == ("rejected", "400", "look at your logs")
    assert left.replays.startswith("1 since ")
    assert left.events == 1
    assert "1  not delivered" in result.stdout
    assert "rejected 400 (1)  look at your logs" in result.stdout


def test_a_log_refused_for_the_last_time_is_parked_and_can_be_replayed(
    shipctl: Run, stack_in_aws: Stack
) -> None:
    stack_in_aws.put("bad", reason="rejected", Replays="2 since 2026-11-01T10:00:00.000Z")
    stack_in_aws.answers_with(refusing("bad"))
    assert "1  parked" in shipctl("dlq", "replay").stdout
    assert stack_in_aws.visible() == []
    assert len(stack_in_aws.visible(parked=True)) == 1
    stack_in_aws.answers_with(refusing())
    result = shipctl("dlq", "replay", "--parked")
    assert result.exit_code == 0, result.output
    assert stack_in_aws.delivered == ["bad"]
    assert stack_in_aws.visible(parked=True) == []


def test_blank_logs_are_not_shipped_and_are_deleted(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put(" ", "text")
    result = shipctl("dlq", "replay")
    assert result.exit_code == 0
    assert "1  not shipped" in result.stdout
    assert stack_in_aws.visible() == []


def test_a_crash_keeps_all_messages_and_warns_of_duplicates(shipctl: Run, stack_in_aws: Stack) -> None:
    def crash(event: dict[str, Any]) -> dict[str, Any]:
        raise Crash("2026-11-03T09:00:00Z 0a1b Task timed out after 120.00 seconds")

    for number in range(3):
        stack_in_aws.put(f"log {number}")
    stack_in_aws.before = crash
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert len(stack_in_aws.visible()) == 3
    assert "Task timed out after 120.00 seconds" in result.stderr
    assert "the 1 message of the current batch will be visible again" in result.stderr
    assert "delivered twice" in result.stderr
    assert "1  uncertain" in result.stdout


@pytest.mark.parametrize(
    "answer", [{}, {"delivered": 1}, {"batchItemFailures": [{"itemIdentifier": "another"}]}, []]
)
def test_an_invalid_answer_deletes_nothing(shipctl: Run, stack_in_aws: Stack, answer: dict[str, Any]) -> None:
    stack_in_aws.put("log")
    stack_in_aws.before = lambda event: answer
    assert shipctl("dlq", "replay").exit_code == 1
    assert len(stack_in_aws.visible()) == 1


def test_an_answer_of_an_older_function_is_accepted(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("log")
    stack_in_aws.before = lambda event: {"delivered": 1, "requests": 1, "batchItemFailures": []}
    assert shipctl("dlq", "replay").exit_code == 0
    assert stack_in_aws.visible() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_replay_after_the_current_batch(
    shipctl: Run, stack_in_aws: Stack, number: signal.Signals
) -> None:
    for _ in range(30):
        stack_in_aws.put(f"log {_}")

    def interrupted(event: dict[str, Any]) -> None:
        if len(stack_in_aws.invocations) == 2:
            os.kill(os.getpid(), number)

    stack_in_aws.before = interrupted  # type: ignore[assignment]
    result = shipctl("dlq", "replay")
    assert result.exit_code == 128 + number
    assert [len(messages) for messages in stack_in_aws.invocations] == [1, 10]
    assert len(stack_in_aws.delivered) == 11
    assert len(stack_in_aws.visible()) == 19
    assert stack_in_aws.in_flight() == 0
    assert "stopping after the current batch" in result.stderr
    assert "11 log events delivered" in result.stdout


def test_a_second_ctrl_c_stops_at_once_and_keeps_the_current_batch_hidden(
    shipctl: Run, stack_in_aws: Stack
) -> None:
    for _ in range(30):
        stack_in_aws.put(f"log {_}")

    def interrupted(event: dict[str, Any]) -> None:
        if len(stack_in_aws.invocations) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    stack_in_aws.before = interrupted  # type: ignore[assignment]
    result = shipctl("dlq", "replay")
    assert result.exit_code == 130
    in_hand = set(stack_in_aws.invocations[1])
    assert not in_hand & {letter.identifier for letter in stack_in_aws.visible()}
    assert (len(stack_in_aws.visible()), stack_in_aws.in_flight()) == (19, 10)


def test_signal_handlers_are_restored(shipctl: Run, stack_in_aws: Stack) -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    shipctl("dlq", "replay")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_message_that_was_delivered_and_cannot_be_deleted_is_named(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = stack_in_aws.put("log")
    monkeypatch.setattr(queue.Queue, "delete", lambda self, handles: list(handles))
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert f"delivered, but not deleted, so that they will be delivered twice: {identifier}" in result.stdout


def test_replay_says_that_automatic_replay_is_on(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.mapping_state = "Enabled"
    assert "AutoReplay is on" in shipctl("dlq", "replay").stderr
    stack_in_aws.mapping_state = "Disabled"
    assert "AutoReplay" not in shipctl("dlq", "replay").stderr


def test_a_denied_invocation_is_one_error_line(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    def denied(event: dict[str, Any]) -> dict[str, Any]:
        error: Any = {"Error": {"Code": "AccessDeniedException", "Message": "you may not"}}
        raise ClientError(error, "Invoke")

    stack_in_aws.put("log")
    stack_in_aws.before = denied
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert result.stderr.strip().splitlines() == [
        "shipctl: Invoking loginformant-shipper-ReplayFunction-3xAmPlE: access denied: you may not"
    ]
    assert len(stack_in_aws.visible()) == 1


def letters(*sizes: tuple[int, int]) -> list[Letter]:
    """Return messages of the given sizes in bytes and log events."""
    return [
        Letter(
            {
                "messageId": str(number),
                "body": "x" * size,
                "messageAttributes": {"EventCount": {"stringValue": str(events), "dataType": "String"}},
            }
        )
        for number, (size, events) in enumerate(sizes)
    ]


def test_no_invocation_exceeds_the_payload_limit() -> None:
    sizes = [len(batch) for batch in batches(letters(*[(1024 * 1024 - 500, 1)] * 12), rate=None)]
    assert sizes == [1, 5, 5, 1]
    quotes = Letter({"messageId": "1", "body": '"' * (1024 * 1024), "messageAttributes": {}})
    assert payload_bytes(quotes) < MAX_PAYLOAD_BYTES  # Quotes are escaped: no body grows more.


def test_a_rate_bounds_batches_of_more_than_one_message() -> None:
    sent = letters((10, 1), (10, 40), (10, 40), (10, 40), (10, 5000), (10, 1))
    assert [[letter.events for letter in batch] for batch in batches(sent, rate=100)] == [
        [1],
        [40, 40],
        [40],
        [5000],
        [1],
    ]


def test_replay_waits_to_keep_the_rate(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(self: object, seconds: float) -> None:
        waits.append(seconds)
        now[0] += max(seconds, 0.0)

    now = [time.monotonic()]
    monkeypatch.setattr("shipctl.dlq.replay.time.monotonic", lambda: now[0])
    monkeypatch.setattr("shipctl.dlq.signals.Stop.wait", wait)
    for number in range(3):
        stack_in_aws.put(*(f"{number}-{log}" for log in range(40)))
    result = shipctl("dlq", "replay", "--rate", "20")
    assert result.exit_code == 0, result.output
    assert [seconds for seconds in waits if seconds > 0] == pytest.approx([2.0, 2.0, 2.0])


class TestInFlight:
    """Replay cannot receive messages in flight: it reports them, or waits, and is incomplete."""

    def test_messages_in_flight_are_reported_with_exit_status_1(
        self, shipctl: Run, stack_in_aws: Stack
    ) -> None:
        stack_in_aws.put("hidden")
        stack_in_aws.hide()
        result = shipctl("dlq", "replay")
        assert result.exit_code == 1
        assert "1 message in flight, not tried" in result.stdout
        assert "→ to wait for them: shipctl dlq replay --wait" in result.stdout

    def test_delivered_messages_do_not_make_the_replay_complete(
        self, shipctl: Run, stack_in_aws: Stack
    ) -> None:
        stack_in_aws.put("hidden")
        stack_in_aws.hide()
        stack_in_aws.put("visible")
        result = shipctl("dlq", "replay")
        assert (result.exit_code, stack_in_aws.delivered) == (1, ["visible"])

    def test_wait_replays_messages_that_become_visible(
        self, shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack_in_aws.put("hidden")
        [message] = stack_in_aws.sqs.receive_message(QueueUrl=stack_in_aws.dead, VisibilityTimeout=100)[
            "Messages"
        ]

        look_again = 0.125

        def waited(stop: object, seconds: float) -> None:
            if seconds == look_again:
                stack_in_aws.sqs.change_message_visibility(
                    QueueUrl=stack_in_aws.dead, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )

        monkeypatch.setattr("shipctl.dlq.replay.LOOK_AGAIN_SECONDS", look_again)
        monkeypatch.setattr("shipctl.dlq.signals.Stop.wait", waited)
        result = shipctl("dlq", "replay", "--wait")
        assert result.exit_code == 0, result.output
        assert stack_in_aws.delivered == ["hidden"]
        assert result.stderr.count("waiting up to 15 min for 1 message in flight; Ctrl-C stops") == 1

    def test_waiting_ends_after_the_maximum_time(
        self, shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack_in_aws.put("hidden")
        stack_in_aws.hide()
        monkeypatch.setattr("shipctl.dlq.replay.MAX_WAIT_SECONDS", -1.0)
        assert shipctl("dlq", "replay", "--wait").exit_code == 1

    def test_wait_does_not_retry_refused_logs(
        self, shipctl: Run, stack_in_aws: Stack, real_clock_step: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shipctl.dlq.replay.LOOK_AGAIN_SECONDS", 0.0)
        stack_in_aws.put("good", "bad")
        stack_in_aws.answers_with(refusing("bad"))
        result = shipctl("dlq", "replay", "--wait")
        assert result.exit_code == 1
        assert len(stack_in_aws.invocations) == 1
        assert [letter.replays.split()[0] for letter in stack_in_aws.visible()] == ["1"]

    def test_json_counts_messages_in_flight(self, shipctl: Run, stack_in_aws: Stack) -> None:
        stack_in_aws.put("hidden")
        stack_in_aws.hide()
        stack_in_aws.put("a", "b")
        document = json.loads(shipctl("dlq", "replay", "--json").stdout)
        assert (document["delivered"], document["messagesInFlight"], document["isComplete"]) == (2, 1, False)
        assert document["trouble"] is None


class TestDelayed:
    """Replay cannot receive delayed messages: it reports them, or waits, and is incomplete."""

    def test_delayed_messages_are_reported_with_exit_status_1(
        self, shipctl: Run, stack_in_aws: Stack
    ) -> None:
        stack_in_aws.put("visible")
        stack_in_aws.put("refused", reason="rejected", delay_seconds=300)
        result = shipctl("dlq", "replay")
        assert (result.exit_code, stack_in_aws.delivered) == (1, ["visible"])
        assert "1 message delayed, not tried" in result.stdout
        assert "→ to wait for them: shipctl dlq replay --wait" in result.stdout

    def test_json_counts_delayed_messages(self, shipctl: Run, stack_in_aws: Stack) -> None:
        stack_in_aws.put("refused", reason="rejected", delay_seconds=300)
        document = json.loads(shipctl("dlq", "replay", "--json").stdout)
        assert (document["messagesDelayed"], document["messagesInFlight"]) == (1, 0)
        assert document["isComplete"] is False

    def test_wait_replays_delayed_messages(
        self, shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack_in_aws.put("refused", reason="rejected", delay_seconds=300)
        monkeypatch.setattr("shipctl.dlq.replay.LOOK_AGAIN_SECONDS", 0.0)
        monkeypatch.setattr("shipctl.dlq.signals.Stop.wait", lambda stop, seconds: stack_in_aws.end_delays())
        result = shipctl("dlq", "replay", "--wait")
        assert result.exit_code == 0, result.output
        assert stack_in_aws.delivered == ["refused"]

    def test_a_log_refused_in_a_manual_replay_is_not_delayed(self, shipctl: Run, stack_in_aws: Stack) -> None:
        stack_in_aws.put("good", "bad")
        stack_in_aws.answers_with(refusing("bad"))
        shipctl("dlq", "replay")
        [letter] = stack_in_aws.visible()
        assert letter.attributes["Reason"] == "rejected"
        document = json.loads(shipctl("dlq", "stats", "--json").stdout)
        assert (document["visible"], document["inFlight"], document["delayed"]) == (1, 0, 0)


@pytest.mark.parametrize("width", [60, 79, 80, 120])
def test_progress_numbers_are_not_truncated(width: int) -> None:
    console = Console(width=width, file=io.StringIO())
    progress = Progress(*progress_columns(width), console=console)
    progress.add_task(PROBING, total=250, completed=0, delivered=1234)
    console.print(progress.get_renderable())
    assert isinstance(console.file, io.StringIO)
    [line] = console.file.getvalue().splitlines()
    assert "0/250 messages, 1,234 log events" in line
    assert "…" not in line


@pytest.mark.parametrize("option", [[], ["--dry-run"]])
def test_a_replay_that_could_not_read_all_messages_is_not_complete(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    monkeypatch.setattr("shipctl.dlq.queue.MAX_HELD", 10)
    for number in range(12):
        stack_in_aws.put(f"log {number}")
    result = shipctl("dlq", "replay", "--reason", "rejected", "--json", *option)
    document = json.loads(result.stdout)
    assert document["isComplete"] is False
    assert document.get("notRead", document.get("messagesNotRead")) == 2
    assert result.exit_code == (0 if option else 1)
