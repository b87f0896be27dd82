"""Payloads that cannot be shipped are stored unchanged, filtered or acknowledged, without an exception."""

import base64
import gzip
import json
import tracemalloc
import zlib

import pytest

from local.faults import Fault
from tests.integration.accounting import MIB, Stack
from tests.integration.conftest import MakeStack
from tests.integration.payloads import (
    LOG_GROUP,
    JsonObject,
    data_of,
    kinesis_event,
    log_event,
    log_events,
    payload,
    subscription_event,
)

EVER = None
GOOD = gzip.compress(json.dumps(payload(log_events(3))).encode())


def awslogs(compressed: bytes) -> JsonObject:
    return {"awslogs": {"data": base64.b64encode(compressed).decode()}}


def wrong_crc() -> bytes:
    return GOOD[:-8] + b"\x00\x00\x00\x00" + GOOD[-4:]


MALFORMED: dict[str, JsonObject] = {
    "an empty event": {},
    "an event of another kind": {"source": "aws.events", "detail": {"state": "ok"}},
    "no data": {"awslogs": {}},
    "data that is no text": {"awslogs": {"data": 5}},
    "empty data": {"awslogs": {"data": ""}},
    "not base64": {"awslogs": {"data": "this is no base64 !"}},
    "base64 cut off": {"awslogs": {"data": base64.b64encode(GOOD).decode()[:-1]}},
    "beyond ASCII": {"awslogs": {"data": "\u00e4\ud800\U0001f600"}},
    "not gzip": awslogs(b"this is no gzip"),
    "zlib, not gzip": awslogs(zlib.compress(b"{}")),
    "gzip cut off in its header": awslogs(GOOD[:5]),
    "gzip cut off in its data": awslogs(GOOD[: len(GOOD) // 2]),
    "gzip cut off in its trailer": awslogs(GOOD[:-3]),
    "gzip with a wrong checksum": awslogs(wrong_crc()),
    "gzip with something behind it": awslogs(GOOD + b"something"),
    "not JSON": {"awslogs": {"data": data_of(b"{'single': 'quotes'}")}},
    "JSON cut off": {"awslogs": {"data": data_of(b'{"logEvents": [')}},
    "empty": {"awslogs": {"data": data_of(b"")}},
    "not UTF-8": {"awslogs": {"data": data_of(b"\xff\xfe\x00")}},
    "nested without end": {"awslogs": {"data": data_of(b"[" * 200_000)}},
    "a list": {"awslogs": {"data": data_of([payload(log_events(3))])}},
    "null": {"awslogs": {"data": data_of(None)}},
    "without log events": {"awslogs": {"data": data_of({"messageType": "DATA_MESSAGE"})}},
    "log events that are no list": {"awslogs": {"data": data_of({"logEvents": {"0": log_event(0)}})}},
}


class TestMalformed:
    @pytest.mark.parametrize("what", MALFORMED)
    def test_a_malformed_payload_is_stored_unchanged(self, stack: Stack, what: str) -> None:
        shipment = stack.ship_and_account(MALFORMED[what])
        assert shipment.counts() == (0, 1, 0)
        [letter] = shipment.dead_letters
        assert json.loads(letter.body) == MALFORMED[what]
        assert letter.reason == "malformed"
        assert letter.detail
        assert letter.attributes["EventCount"] == "1"

    @pytest.mark.parametrize("what", [name for name, event in MALFORMED.items() if "awslogs" in event])
    def test_a_malformed_record_does_not_affect_other_records(self, stack: Stack, what: str) -> None:
        data = MALFORMED[what]["awslogs"].get("data", 7)
        good = [data_of(payload(log_events(3, first=first))) for first in (0, 3)]
        shipment = stack.ship_and_account(kinesis_event(good[0], data, good[1]))
        assert shipment.counts() == (6, 1, 1)
        assert shipment.answer["batchItemFailures"] == []
        assert json.loads(shipment.dead_letters[0].body) == {"awslogs": {"data": data}}

    def test_log_events_without_a_text_are_stored_and_the_others_delivered(self, stack: Stack) -> None:
        odd: list[object] = [
            {"id": "a"},
            {"id": "b", "message": None},
            {"id": "c", "message": ["x"]},
            "text",
            None,
            5,
        ]
        shipment = stack.ship_and_account(subscription_event([*log_events(3), *odd]))
        assert shipment.counts() == (3, 6, 1)
        [letter] = shipment.dead_letters
        assert list(letter.events) == odd
        assert (letter.reason, letter.attributes["LogGroup"]) == ("malformed", LOG_GROUP)

    def test_gzip_in_several_members_is_read(self, stack: Stack) -> None:
        text = json.dumps(payload(log_events(3))).encode()
        shipment = stack.ship_and_account(awslogs(gzip.compress(text[:40]) + gzip.compress(text[40:])))
        assert shipment.counts() == (3, 0, 1)


class TestOversized:
    @pytest.fixture
    def bomb(self) -> JsonObject:
        """Return a payload that inflates to fifty times the limit."""
        text = json.dumps(payload([log_event(0, "x" * 50 * MIB)])).encode()
        return awslogs(gzip.compress(text))

    def test_an_oversized_payload_is_stored_unchanged(self, make_stack: MakeStack, bomb: JsonObject) -> None:
        shipment = make_stack(max_decompressed_bytes=MIB).ship_and_account(bomb)
        assert shipment.counts() == (0, 1, 0)
        [letter] = shipment.dead_letters
        assert json.loads(letter.body) == bomb
        assert letter.reason == "oversized"

    def test_an_oversized_payload_is_never_held_in_memory_as_a_whole(
        self, make_stack: MakeStack, bomb: JsonObject
    ) -> None:
        stack = make_stack(max_decompressed_bytes=MIB)
        stack.ship_and_account(subscription_event(log_events(1)))
        stack.api.fault(Fault(status=404, times=EVER))
        stack.ship_and_account(subscription_event(log_events(1)))
        tracemalloc.start()
        answer = stack.ship(bomb)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert stack.look(answer, 0.0).by_reason() == {"oversized": 1}
        assert peak < 10 * MIB

    def test_a_payload_is_oversized_from_the_first_byte_beyond_the_limit(self, make_stack: MakeStack) -> None:
        event = subscription_event([log_event(0, "x" * MIB)])
        size = len(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
        assert make_stack(max_decompressed_bytes=size).ship_and_account(event).counts()[:2] == (1, 0)
        shipment = make_stack(max_decompressed_bytes=size - 1).ship_and_account(event)
        assert shipment.by_reason() == {"oversized": 1}


class TestFiltered:
    def test_a_control_message_is_acknowledged(self, stack: Stack) -> None:
        text = {
            "id": "",
            "timestamp": 1,
            "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose.",
        }
        shipment = stack.ship_and_account(subscription_event([text], messageType="CONTROL_MESSAGE"))
        assert shipment.answer == dict.fromkeys(shipment.answer, 0)
        assert shipment.requests == []
        assert shipment.output == ""

    def test_the_stacks_own_logs_cause_no_request_and_no_log_line(self, make_stack: MakeStack) -> None:
        own = "/aws/lambda/shipper"
        stack = make_stack(own_log_groups=frozenset({own}))
        events = log_events(30)
        shipment = stack.ship_and_account(
            subscription_event(events, logGroup=own), filtered=[event["id"] for event in events]
        )
        assert stack.api.connections == 0
        assert shipment.output == ""

    def test_unreadable_events_of_the_stacks_own_logs_are_filtered_without_a_log_line(
        self, make_stack: MakeStack
    ) -> None:
        own = "/aws/lambda/shipper"
        stack = make_stack(own_log_groups=frozenset({own}))
        event = subscription_event([{"id": "a"}, log_event(1)], logGroup=own)
        assert stack.ship_and_account(event, filtered=["a", log_event(1)["id"]]).output == ""

    def test_the_stacks_own_logs_among_others_are_filtered(self, make_stack: MakeStack) -> None:
        own = "/aws/lambda/shipper"
        stack = make_stack(own_log_groups=frozenset({own}))
        ours, theirs = log_events(3), log_events(3, first=3)
        shipment = stack.ship_and_account(
            kinesis_event(data_of(payload(ours, logGroup=own)), data_of(payload(theirs))),
            filtered=[event["id"] for event in ours],
        )
        assert shipment.counts() == (3, 0, 1)

    def test_blank_events_are_filtered(self, stack: Stack) -> None:
        blank = [log_event(n, text) for n, text in enumerate(["", " ", "\n", "\t\r\n", "\u2003\u00a0"])]
        shipment = stack.ship_and_account(
            subscription_event([*blank, *log_events(3, first=5)]), filtered=[event["id"] for event in blank]
        )
        assert shipment.counts() == (3, 0, 1)

    def test_a_payload_of_blank_events_causes_no_request(self, stack: Stack) -> None:
        event = log_event(0, " ")
        assert stack.ship_and_account(subscription_event([event]), filtered=[event["id"]]).requests == []

    def test_a_payload_without_events_causes_no_request_and_no_log_line(self, stack: Stack) -> None:
        shipment = stack.ship_and_account(subscription_event([]))
        assert shipment.requests == []
        assert shipment.output == ""
