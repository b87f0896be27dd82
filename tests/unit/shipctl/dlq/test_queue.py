"""All messages of a queue are received, and none stays hidden."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from shipctl.dlq import queue
from shipctl.dlq.queue import (
    HIDDEN_SECONDS,
    NOT_CONFIRMED,
    RENEW_SECONDS,
    Counts,
    Held,
    Queue,
    holding,
    receive_all,
)
from shipctl.errors import CommandError

from tests.unit.shipctl.dlq.conftest import Stack

ASKED_AT = 1_000_000.0
COUNTS = Counts(waiting=0, in_flight=0, retention_seconds=0, asked_at=ASKED_AT, asked_at_here=0.0)


@dataclass
class ScriptedQueue:
    """Answer each receive with the next of the given lists of message ids."""

    answers: Iterator[list[str]]
    receives: int = 0
    deleted: list[str] = field(default_factory=list)
    hidden: list[tuple[str, int]] = field(default_factory=list)
    now: float = 0.0
    seconds_a_receive: float = 0.0

    def receive(self, wait_seconds: int) -> list[dict[str, Any]]:
        self.receives += 1
        self.now += self.seconds_a_receive
        return [
            {
                "MessageId": text,
                "ReceiptHandle": f"{text}@{self.receives}",
                "Attributes": {"SentTimestamp": str(int((ASKED_AT + ("new" in text) * 60) * 1000))},
            }
            for text in next(self.answers, [])
        ]

    def hide(self, handles: list[str], seconds: int) -> None:
        self.hidden += [(handle, seconds) for handle in handles]

    def delete(self, handles: dict[str, str]) -> list[str]:
        self.deleted += handles
        return []


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[ScriptedQueue, Held]]:
    monkeypatch.setattr(queue, "POLLING", queue.Polling(0, 2, 6))

    def make(*answers: list[str]) -> tuple[ScriptedQueue, Held]:
        script = ScriptedQueue(iter(answers))
        monkeypatch.setattr("shipctl.dlq.queue.time.monotonic", lambda: script.now)
        return script, Held(script)  # type: ignore[arg-type]

    return make


Scripted = Callable[..., tuple[ScriptedQueue, Held]]


def ids(held: Held, counts: Counts) -> list[str]:
    return [message["MessageId"] for message in receive_all(held, counts)]


def test_reading_continues_after_empty_answers_while_messages_are_missing(scripted: Scripted) -> None:
    script, held = scripted(["a"], [], [], [], [], [], ["b"])
    assert ids(held, replace_waiting(2)) == ["a", "b"]
    assert script.receives == 9  # Two empty answers follow the last message.


def test_reading_ends_after_two_empty_answers_when_none_is_missing(scripted: Scripted) -> None:
    script, held = scripted(["a", "b"], [], [], ["too late"])
    assert ids(held, replace_waiting(2)) == ["a", "b"]
    assert script.receives == 3


def test_reading_ends_if_the_count_was_too_high(scripted: Scripted) -> None:
    script, held = scripted(["a"])
    assert ids(held, replace_waiting(1000)) == ["a"]
    assert script.receives == 7


def test_newer_messages_are_held_but_not_returned(scripted: Scripted) -> None:
    _, held = scripted(["a", "new 1"], ["new 2"], ["b"])
    assert ids(held, replace_waiting(2)) == ["a", "b"]
    assert len(held) == 4


def test_reading_ends_although_newer_messages_keep_arriving(scripted: Scripted) -> None:
    script, held = scripted(*([f"new {number}"] for number in range(1000)))
    assert ids(held, replace_waiting(0)) == []
    assert script.receives == 2


def test_a_message_received_twice_is_returned_once_and_its_last_receipt_counts(scripted: Scripted) -> None:
    script, held = scripted(["a"], ["a"], ["b"])
    assert ids(held, replace_waiting(2)) == ["a", "b"]
    held.release()
    assert script.hidden == [("a@2", 0), ("b@3", 0)]


def test_a_deleted_message_that_is_received_again_is_deleted_again(scripted: Scripted) -> None:
    script, held = scripted(["a"], ["a"], ["b"])
    seen = []
    for message in receive_all(held, replace_waiting(2)):
        seen.append(message["MessageId"])
        held.delete([message["MessageId"]])
    assert seen == ["a", "b"]
    assert script.deleted == ["a@1", "a@2", "b@3"]


def test_no_more_messages_are_hidden_than_sqs_allows(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(queue, "MAX_HELD", 2)
    script, held = scripted(["a", "b"], ["c"])
    assert ids(held, replace_waiting(3)) == ["a", "b"]
    assert script.receives == 1
    assert held.not_read == 1
    assert "stopped reading after 2 messages" in capsys.readouterr().err


def test_whether_there_are_more_than_can_be_held_is_not_known(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_HELD", 2)
    _, held = scripted(["a", "b"], ["c"])
    ids(held, replace_waiting(2))
    assert held.not_read == 1


@pytest.mark.parametrize(
    ("counted", "includes_newer", "not_read"), [(2, False, 1), (3, False, 2), (1, False, 0), (2, True, 0)]
)
def test_counted_messages_that_were_not_received_are_not_read(
    scripted: Scripted, counted: int, includes_newer: bool, not_read: int
) -> None:
    _, held = scripted(["a", "new 1"])
    ids(held, replace_waiting(counted)._replace(includes_newer=includes_newer))
    assert held.not_read == not_read


def test_a_reading_that_is_ended_early_says_what_it_has_not_read(scripted: Scripted) -> None:
    _, held = scripted(["a"], ["b"])
    assert len(list(receive_all(held, replace_waiting(5), is_enough=lambda: len(held) == 1))) == 1
    assert held.not_read == 4


def test_messages_held_for_long_are_renewed_before_they_become_visible(scripted: Scripted) -> None:
    script, held = scripted(["a"], ["b"], ["c"], ["d"], [], [])
    script.seconds_a_receive = RENEW_SECONDS / 2
    assert ids(held, replace_waiting(4)) == ["a", "b", "c", "d"]
    assert script.hidden[:2] == [("a@1", HIDDEN_SECONDS), ("b@2", HIDDEN_SECONDS)]
    assert all(receipt.back_at > script.now for receipt in held._receipts.values())


def test_messages_stay_hidden_for_the_whole_time_of_the_function() -> None:
    from shipctl.installation.record_function import ANSWER_SECONDS

    assert ANSWER_SECONDS < RENEW_SECONDS < HIDDEN_SECONDS


@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit, CommandError, RuntimeError])
def test_held_messages_are_visible_again_after_any_exception(
    stack_in_aws: Stack, how: type[BaseException]
) -> None:
    for number in range(25):
        stack_in_aws.put(f"log {number}")
    mine = Queue(stack_in_aws.sqs, stack_in_aws.dead)

    def hold_all() -> None:
        with holding(mine) as held:
            seen = list(receive_all(held, mine.counts()))
            assert len({message["MessageId"] for message in seen}) == 25
            assert stack_in_aws.in_flight() == 25
            raise how

    with pytest.raises(how):
        hold_all()
    assert stack_in_aws.in_flight() == 0


def test_a_failed_release_is_reported_and_keeps_the_exception(
    stack_in_aws: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_in_aws.put("log")
    mine = Queue(stack_in_aws.sqs, stack_in_aws.dead)

    def hold_and_lose() -> None:
        with holding(mine) as held:
            list(receive_all(held, mine.counts()))
            stack_in_aws.sqs.delete_queue(QueueUrl=stack_in_aws.dead)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hold_and_lose()
    assert "the messages will be visible again within 5 minutes" in capsys.readouterr().err


def test_a_failed_release_names_the_time_for_which_the_messages_were_hidden_last(scripted: Scripted) -> None:
    _, held = scripted(["a"], ["b"])
    ids(held, replace_waiting(2))
    held.renew(900, due=900)
    assert held.back_in_seconds == 900


def replace_waiting(number: int) -> Counts:
    return COUNTS._replace(waiting=number)


@pytest.mark.parametrize(
    ("received", "waiting", "in_flight", "delayed"),
    [(0, 1, 2, 1), (1, 1, 2, 1), (2, 2, 1, 1), (4, 4, 0, 0), (9, 9, 0, 0)],
)
def test_received_messages_do_not_count_as_in_flight(
    received: int, waiting: int, in_flight: int, delayed: int
) -> None:
    """A message in flight may become visible between the count and the receipt."""
    counts = COUNTS._replace(waiting=1, in_flight=2, delayed=1).with_received(received)
    assert (counts.waiting, counts.in_flight, counts.delayed) == (waiting, in_flight, delayed)


# --- what SQS confirms ---


NOT_FROM_SQS = {"a page": {"message": "<html>"}, "nothing": {}, "another object": {"error": "blocked"}}


def queue_that_answers(answer: dict[str, Any]) -> Queue:
    client: Any = SimpleNamespace(
        send_message_batch=lambda **_: answer, delete_message_batch=lambda **_: answer
    )
    return Queue(client, "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters")


@pytest.mark.parametrize("answer", NOT_FROM_SQS.values(), ids=NOT_FROM_SQS)
def test_a_message_counts_as_sent_or_deleted_only_if_sqs_says_so(answer: dict[str, Any]) -> None:
    """A proxy may answer with 200 and a page of its own."""
    queue = queue_that_answers(answer)
    assert list(queue.send([{"Id": "7", "MessageBody": "x"}, {"Id": "8", "MessageBody": "y"}])) == ["7", "8"]
    assert queue.delete(["handle 1", "handle 2"]) == ["handle 1", "handle 2"]


def test_each_message_that_is_not_sent_has_a_reason() -> None:
    failed = [{"Id": "2", "Code": "InternalError", "SenderFault": False}]
    queue = queue_that_answers({"Successful": [{"Id": "1"}], "Failed": failed})
    entries: Any = [{"Id": identifier, "MessageBody": "x"} for identifier in "123"]
    assert queue.send(entries) == {"2": "InternalError", "3": NOT_CONFIRMED}
