"""Undelivered events are in the dead-letter queue, complete and in order; or the invocation raises."""

import base64
import json
import random
import socket
from collections.abc import Iterable, Iterator

import pytest
from loginformant_shipper import pipeline
from loginformant_shipper.dead_letters import messages
from loginformant_shipper.events import LogEvent
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.stack_traces import Log
from loginformant_shipper.pipeline import DeadLetterError

from local.faults import Fault
from tests.integration.accounting import KEY, RESERVE, DeadLetter, Stack
from tests.integration.conftest import Aws, MakeStack
from tests.integration.payloads import (
    LOG_GROUP,
    LOG_STREAM,
    data_of,
    kinesis_event,
    log_event,
    log_events,
    payload,
    subscription_event,
)

EVER = None
SEED = 20261103
WIDE = {ascii: 0x1F300 + ascii for ascii in range(128)}
"""For str.translate: characters of four bytes each."""


def incompressible(characters: int, seed: int = SEED) -> str:
    return base64.b85encode(random.Random(seed).randbytes(characters)).decode()[:characters]


@pytest.fixture
def refusing(stack: Stack) -> Stack:
    """Return a stack whose ingest API refuses every request."""
    stack.api.fault(Fault(status=404, body="nothing here", times=EVER))
    return stack


class TestMessages:
    def test_messages_hold_the_events_unchanged(self, refusing: Stack) -> None:
        events = [
            log_event(0, "plain"),
            log_event(
                1, '{"level": "error", "n": 12345678901234567890123}', extractedFields={"ip": "10.0.0.1"}
            ),
            log_event(2, "naïve \U0001f600 \x00 \u2028", ingestionTime=1, **{"@aws.account": "123456789012"}),
        ]
        [letter] = refusing.ship_and_account(subscription_event(events)).dead_letters
        assert list(letter.events) == events

    def test_message_attributes_describe_the_failure(self, refusing: Stack) -> None:
        [letter] = refusing.ship_and_account(subscription_event(log_events(3))).dead_letters
        attributes = dict(letter.attributes)
        assert attributes.pop("FailedAt") == attributes.pop("FirstFailedAt")
        assert attributes == {
            "Reason": "misconfigured",
            "Status": "404",
            "Detail": "nothing here",
            "LogGroup": LOG_GROUP,
            "LogStream": LOG_STREAM,
            "EventCount": "3",
            "FirstEventTime": "2026-11-03T10:00:00.000Z",
            "Replays": "0",
        }

    def test_each_message_holds_events_of_one_log_stream(self, stack: Stack) -> None:
        stack.api.fault(Fault(status=404, times=EVER))
        data = [data_of(payload(log_events(3, first=3 * n), logStream=f"stream-{n % 2}")) for n in range(4)]
        shipment = stack.ship_and_account(kinesis_event(*data))
        streams = [letter.attributes["LogStream"] for letter in shipment.dead_letters]
        assert sorted(streams) == ["stream-0", "stream-0", "stream-1", "stream-1"]

    def test_there_is_one_message_for_each_reason(self, stack: Stack) -> None:
        events = log_events(400)
        for number in (3, 77, 301):
            events[number] = log_event(number, "a poison log")
        events[200] = log_event(200, "x" * 30_000)
        stack.api.fault(
            Fault(status=400, marker="poison", times=EVER),
            Fault(status=413, over_bytes=29_000, times=EVER),
        )
        shipment = stack.ship_and_account(subscription_event(events))
        assert shipment.by_reason() == {"rejected": 3, "too_large": 1}
        assert len(shipment.dead_letters) == 2


class TestLargeFailures:
    def test_a_failure_larger_than_a_message_is_stored_in_several_messages_in_order(
        self, refusing: Stack
    ) -> None:
        events = [log_event(number, incompressible(4000, seed=number)) for number in range(500)]
        shipment = refusing.ship_and_account(subscription_event(events))
        assert 3 <= len(shipment.dead_letters) <= 4
        in_order = sorted(shipment.dead_letters, key=lambda letter: letter.ids[0])
        assert [event for letter in in_order for event in letter.events] == events

    def test_a_joined_log_is_never_split(self, refusing: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        def by_threes(events: Iterable[LogEvent], _redact: object) -> Iterator[Log]:
            for trio in zip(*[iter(events)] * 3, strict=True):
                yield Log(trio, parse("\n".join(event.message for event in trio)))

        monkeypatch.setattr(pipeline, "pieces", lambda events: [events])
        monkeypatch.setattr(pipeline, "join", by_threes)
        monkeypatch.setattr(messages, "MAX_MESSAGE_BYTES", 20_000)
        events = [log_event(number, incompressible(1000, seed=number)) for number in range(99)]
        shipment = refusing.ship_and_account(subscription_event(events))
        assert len(shipment.dead_letters) >= 5
        for letter in shipment.dead_letters:
            numbers = [int(identifier) for identifier in letter.ids]
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
            assert (numbers[0] % 3, numbers[-1] % 3) == (0, 2)

    @pytest.mark.parametrize("characters", [1, 300, 1000, 3000])
    def test_messages_with_all_attributes_stay_within_the_size_limit(
        self, refusing: Stack, monkeypatch: pytest.MonkeyPatch, characters: int
    ) -> None:
        monkeypatch.setattr(messages, "MAX_MESSAGE_BYTES", 2000)
        events = [log_event(number, incompressible(characters, seed=number)) for number in range(20)]
        shipment = refusing.ship_and_account(subscription_event(events))
        assert max(letter.size() for letter in shipment.dead_letters) <= 2000

    @pytest.mark.parametrize("characters", [1_100_000, 3_000_000])
    def test_an_event_that_fits_no_message_is_stored_in_parts(self, refusing: Stack, characters: int) -> None:
        big = log_event(1, incompressible(characters))
        shipment = refusing.ship_and_account(subscription_event([log_event(0), big, log_event(2)]))
        assert shipment.counts()[:2] == (0, 3)
        parts = [letter for letter in shipment.dead_letters if letter.ids == (big["id"],)]
        assert self.joined(parts) == big["message"]

    def test_an_event_of_multibyte_characters_is_stored_in_parts(self, refusing: Stack) -> None:
        big = log_event(0, incompressible(1_000_000).translate(WIDE))
        shipment = refusing.ship_and_account(subscription_event([big]))
        assert shipment.counts()[:2] == (0, 1)
        assert self.joined(shipment.dead_letters) == big["message"]

    def test_an_event_whose_other_fields_are_too_large_is_stored_in_parts(self, refusing: Stack) -> None:
        big = log_event(0, "x" * 5000, extractedFields={"field": incompressible(1_500_000)})
        shipment = refusing.ship_and_account(subscription_event([big]))
        assert shipment.counts()[:2] == (0, 1)
        assert json.loads(self.joined(shipment.dead_letters)) == big

    def test_a_large_payload_that_cannot_be_read_is_stored_in_parts(self, stack: Stack) -> None:
        stack.read_output()
        answer = stack.ship({"not": incompressible(1_500_000)})
        shipment = stack.look(answer, 0.0)
        assert shipment.counts() == (0, 1, 0)
        assert json.loads(self.joined(shipment.dead_letters)) == {"not": incompressible(1_500_000)}

    def joined(self, parts: list[DeadLetter]) -> str:
        texts = {}
        for part in parts:
            [event] = part.events
            head, _, text = event["message"].partition("] ")
            number, _, count = head.removeprefix("[part ").partition(" of ")
            assert int(count) == len(parts)
            texts[int(number)] = text
        assert sorted(part.attributes["EventCount"] for part in parts) == ["0"] * (len(parts) - 1) + ["1"]
        return "".join(texts[number] for number in range(1, len(parts) + 1))


class TestQueueOutOfReach:
    def test_the_invocation_raises_if_the_queue_is_out_of_reach(
        self, refusing: Stack, aws: Aws, queue_url: str
    ) -> None:
        aws.sqs.delete_queue(QueueUrl=queue_url)
        refusing.read_output()
        with pytest.raises(DeadLetterError) as raised:
            refusing.ship(subscription_event(log_events(3)))
        assert refusing.read_output() == ""
        assert "misconfigured: nothing here" in str(raised.value)
        assert "QueueDoesNotExist" in str(raised.value)
        assert KEY not in str(raised.value)

    def test_the_invocation_raises_even_if_most_logs_were_delivered(
        self, stack: Stack, aws: Aws, queue_url: str
    ) -> None:
        """Lambda then invokes the function with the whole event again: duplicates rather than loss."""
        stack.api.fault(Fault(status=400, marker="poison", times=EVER))
        aws.sqs.delete_queue(QueueUrl=queue_url)
        event = subscription_event([*log_events(9), log_event(9, "a poison log")])
        with pytest.raises(DeadLetterError):
            stack.ship(event)
        assert len(stack.api.logs) == 9

    def test_nothing_is_lost_when_lambda_tries_again(
        self, refusing: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event = subscription_event(log_events(3))
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{port}")
            with pytest.raises(DeadLetterError):
                refusing.ship(event)
        refusing.look({}, 0.0)
        assert refusing.ship_and_account(event).counts()[:2] == (0, 3)

    def test_the_wait_for_a_hanging_queue_ends_before_the_invocation(
        self, make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack = make_stack(real_clock=True)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(DeadLetterError, match="not stored in time"):
                stack.ship(subscription_event(log_events(3)), 1.5 - RESERVE)

    def test_the_queue_is_not_used_if_everything_is_delivered(
        self, stack: Stack, aws: Aws, queue_url: str
    ) -> None:
        aws.sqs.delete_queue(QueueUrl=queue_url)
        answer = stack.ship(subscription_event(log_events(3)))
        assert answer["delivered"] == 3
