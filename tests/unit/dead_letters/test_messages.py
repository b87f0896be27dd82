import base64
import gzip
import json
import random
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import md5
from itertools import count
from random import Random
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoRegionError
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.dead_letters import sqs
from loginformant_shipper.dead_letters.messages import (
    MAX_MESSAGE_BYTES,
    Addressed,
    DeadLetterMessage,
    dead_letter_messages,
)
from loginformant_shipper.dead_letters.sqs import Postponed, postpone, reserve_seconds, store
from loginformant_shipper.delivery.progress import Failed
from loginformant_shipper.events import (
    LogEvent,
    Origin,
    SourceRecord,
    SubscriptionMessage,
    Undecodable,
    UnusualEvent,
)
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.settings import (
    QUEUE_ATTEMPTS,
    QUEUE_CONNECT_SECONDS,
    QUEUE_READ_SECONDS,
    QUEUE_WORST_CASE_SECONDS,
    RESERVE_MARGIN_SECONDS,
)
from loginformant_shipper.wire.decoding import decode
from loginformant_shipper.wire.encoding import encode

from tests.unit.sample_data import ORDERS, PAYMENTS, Entry, a_batch, an_entry, batch_of, log_event

NOW = datetime(2026, 11, 23, 10, 0, 0, 5000, UTC)
REJECTED = Failure(Reason.REJECTED, 400, "look at your logs")
UNAVAILABLE = Failure(Reason.UNAVAILABLE, None, "connection refused")
KIB = 1024
MIB = 1024 * KIB

# "Amazon SQS message quotas": #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF
ALLOWED = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def dead(*failed: Failed, undecodable: Iterable[Undecodable] = ()) -> list[DeadLetterMessage]:
    return list(dead_letter_messages(failed, undecodable, NOW))


def events_in(message: DeadLetterMessage) -> list[LogEvent]:
    [decoded] = decode(json.loads(message.body), 64 * MIB)
    assert isinstance(decoded, SubscriptionMessage)
    return list(decoded.events)


def ids_in(message: DeadLetterMessage) -> list[str]:
    return [event.id for event in events_in(message)]


def noise(size: int, seed: int = 0) -> str:
    """Return a text of `size` characters that compresses to about three quarters."""
    return base64.b85encode(Random(seed).randbytes(size)).decode()[:size]


def joined(*events: LogEvent, origin: Origin = ORDERS) -> Entry:
    return Entry(b"{}", events, origin)


# --- one log stream and one reason for each message ---


def test_a_message_has_one_log_stream_and_one_reason() -> None:
    other = batch_of([an_entry("3"), an_entry("4", origin=PAYMENTS), an_entry("5")])
    messages = dead(
        Failed(a_batch("1", "2"), REJECTED),
        Failed(other, UNAVAILABLE),
        Failed(batch_of([an_entry("6")], position=5), REJECTED),
    )
    assert [
        (message.attributes["LogGroup"], message.attributes["Reason"], ids_in(message))
        for message in messages
    ] == [
        ("/aws/lambda/orders", "rejected", ["1", "2", "6"]),
        ("/aws/lambda/orders", "unavailable", ["3", "5"]),
        ("/aws/lambda/payments", "unavailable", ["4"]),
    ]
    assert [message.events for message in messages] == [3, 2, 1]


def test_records_of_one_stream_are_stored_apart_since_each_is_replayed_on_its_own() -> None:
    entries = [an_entry(name, origin=ORDERS._replace(record=SourceRecord(name))) for name in ("1", "2")]
    messages = dead(Failed(batch_of(entries), REJECTED))
    assert [message.record for message in messages] == [SourceRecord("1"), SourceRecord("2")]


def test_a_body_is_a_subscription_event_with_unchanged_log_events() -> None:
    event = log_event("1", "\x00\ufffe\U0001f600", extractedFields={"status": "500"})
    [message] = dead(Failed(batch_of([joined(event)]), REJECTED))
    [decoded] = decode(json.loads(message.body), MIB)
    assert decoded == SubscriptionMessage(ORDERS, (event,))


def test_a_message_names_its_failure() -> None:
    undecodable = Undecodable(Reason.MALFORMED, "gzip: no", "{}")
    messages = dead(Failed(a_batch("1"), REJECTED), undecodable=[undecodable])
    assert [message.failure for message in messages] == [
        REJECTED,
        Failure(Reason.MALFORMED, None, "gzip: no"),
    ]


def test_no_message_is_made_without_failures() -> None:
    assert dead() == []


# --- attributes ---


def test_attributes_describe_the_failure() -> None:
    [message] = dead(Failed(a_batch("1", "2"), REJECTED))
    assert message.attributes == {
        "Reason": "rejected",
        "Status": "400",
        "Detail": "look at your logs",
        "LogGroup": "/aws/lambda/orders",
        "LogStream": "2026/11/23/[$LATEST]1",
        "EventCount": "2",
        "FirstEventTime": "2023-11-14T22:13:20.123Z",
        "FailedAt": "2026-11-23T10:00:00.005Z",
        "Replays": "0 since 2026-11-23T10:00:00.005Z",
        "FirstFailedAt": "2026-11-23T10:00:00.005Z",
    }


def test_a_replayed_record_keeps_its_history() -> None:
    since = "2026-11-02T00:00:00.000Z"
    record = SourceRecord("m1", replays=2, first_failed_at="2026-11-01T00:00:00.000Z", refused_at=since)
    entry = an_entry(origin=ORDERS._replace(record=record))
    [message] = dead(Failed(batch_of([entry]), REJECTED))
    assert message.attributes["Replays"] == f"2 since {since}"
    assert message.attributes["FirstFailedAt"] == "2026-11-01T00:00:00.000Z"


def first_event_time(*timestamps: object) -> str | None:
    events = [UnusualEvent("", timestamp, "x", {"message": "x"}) for timestamp in timestamps]
    [message] = dead(Failed(batch_of([joined(*events)]), REJECTED))
    return message.attributes.get("FirstEventTime")


def test_the_first_event_is_the_earliest_that_has_a_time() -> None:
    assert first_event_time(None, 2000, "soon", 1000, 1.5) == "1970-01-01T00:00:01.000Z"


@pytest.mark.parametrize("timestamp", [None, "soon", 10**30, -(10**15)])
def test_an_invalid_time_is_left_out_of_the_attributes(timestamp: object) -> None:
    assert first_event_time(timestamp) is None


def test_a_detail_is_cut_to_a_kibibyte_between_characters() -> None:
    [message] = dead(Failed(a_batch("1"), Failure(Reason.REJECTED, 400, "€" * 1000)))
    assert message.attributes["Detail"] == "€" * 341


@pytest.mark.parametrize("odd", ["\x00", "\ufffe", "\x1b"])
def test_characters_that_the_queue_refuses_are_left_out_of_a_detail(odd: str) -> None:
    [message] = dead(Failed(a_batch("1"), Failure(Reason.REJECTED, 400, f"look{odd} here")))
    assert message.attributes["Detail"] == "look here"


def test_a_lone_surrogate_in_a_detail_is_replaced() -> None:
    [message] = dead(Failed(a_batch("1"), Failure(Reason.REJECTED, 400, "look \ud800 here")))
    assert message.attributes["Detail"] == "look ? here"


odd_text = st.text(max_size=30) | st.text(st.characters(categories=["Cc", "Cs", "Cn"]), max_size=30)


@given(odd_text, odd_text, odd_text, odd_text)
def test_attributes_are_accepted_by_the_queue_for_any_failure(
    detail: str, log_group: str, log_stream: str, first_failed_at: str
) -> None:
    record = SourceRecord("m1", first_failed_at=first_failed_at)
    origin = Origin("", log_group, log_stream, (), record)
    failed = Failed(batch_of([an_entry(origin=origin)]), Failure(Reason.REJECTED, 400, detail))
    undecodable = Undecodable(Reason.MALFORMED, detail, "{}", record, origin)
    for message in dead(failed, undecodable=[undecodable]):
        assert len(message.attributes) <= 10
        for value in message.attributes.values():
            assert ALLOWED.fullmatch(value)
            assert len(value.encode()) <= 1024


# --- size ---


def test_size_is_counted_as_the_queue_counts_it() -> None:
    message = DeadLetterMessage("{}", {"Reason": "é"}, REJECTED, 1, None)
    assert message.size() == len("{}") + len("Reason") + len("String") + 2


def test_a_batch_too_large_for_one_message_is_split_between_logs_and_never_inside_one() -> None:
    numbers = count()
    logs = [
        joined(*(log_event(f"{log}-{line}", noise(40_000, next(numbers))) for line in range(3)))
        for log in range(30)
    ]
    messages = dead(Failed(batch_of(logs), UNAVAILABLE))
    assert 4 <= len(messages) <= 8
    assert all(message.size() <= MAX_MESSAGE_BYTES for message in messages)
    assert [name for message in messages for name in ids_in(message)] == [
        f"{log}-{line}" for log in range(30) for line in range(3)
    ]
    assert all(len(ids_in(message)) % 3 == 0 for message in messages)
    assert sum(int(message.attributes["EventCount"]) for message in messages) == 90


def test_logs_of_uneven_size_fit_into_messages() -> None:
    sizes = [900_000, *[10] * 50, 900_000, 900_000, *[200_000] * 9]
    logs = [joined(log_event(str(number), noise(size, number))) for number, size in enumerate(sizes)]
    messages = dead(Failed(batch_of(logs), UNAVAILABLE))
    assert all(message.size() <= MAX_MESSAGE_BYTES for message in messages)
    assert [name for message in messages for name in ids_in(message)] == [
        str(number) for number in range(len(sizes))
    ]


def test_a_joined_log_too_large_for_one_message_is_split_between_its_events() -> None:
    log = joined(*(log_event(str(number), noise(600_000, number)) for number in range(3)))
    messages = dead(Failed(batch_of([log]), UNAVAILABLE))
    assert [ids_in(message) for message in messages] == [["0"], ["1"], ["2"]]
    assert [message.events for message in messages] == [1, 1, 1]


def test_two_joined_logs_too_large_for_one_message_stay_whole() -> None:
    logs = [
        joined(*(log_event(f"{log}-{line}", noise(300_000, 10 * log + line)) for line in range(2)))
        for log in range(2)
    ]
    messages = dead(Failed(batch_of(logs), UNAVAILABLE))
    assert [ids_in(message) for message in messages] == [["0-0", "0-1"], ["1-0", "1-1"]]


def test_both_events_of_a_log_too_large_for_one_message_are_stored() -> None:
    log = joined(*(log_event(str(number), noise(600_000, number)) for number in range(2)))
    messages = dead(Failed(batch_of([log]), UNAVAILABLE))
    assert [ids_in(message) for message in messages] == [["0"], ["1"]]


MARK = re.compile(r"\[part (\d+) of (\d+)\] ")


@pytest.mark.parametrize(
    "text", [noise(1_500_000), "x" * 3_000_000 + noise(1_500_000), noise(1_100_000) + "€" * 100_000]
)
def test_one_event_too_large_for_one_message_is_stored_in_parts_and_counted_once(text: str) -> None:
    messages = dead(Failed(batch_of([joined(log_event("1", text, extra="kept"))]), UNAVAILABLE))
    events = [event for message in messages for event in events_in(message)]
    marks = [MARK.match(event.message) for event in events]
    assert [mark and mark.groups() for mark in marks] == [
        (str(number), str(len(events))) for number in range(1, len(events) + 1)
    ]
    assert "".join(MARK.sub("", event.message, count=1) for event in events) == text
    assert {(event.id, event.timestamp, event.raw["extra"]) for event in events} == {
        ("1", 1_700_000_000_123, "kept")
    }
    assert all(message.size() <= MAX_MESSAGE_BYTES for message in messages)
    assert [message.events for message in messages] == [1] + [0] * (len(messages) - 1)
    assert sum(int(message.attributes["EventCount"]) for message in messages) == 1
    assert {message.attributes["FirstEventTime"] for message in messages} == {"2023-11-14T22:13:20.123Z"}


def test_an_event_whose_other_fields_are_too_large_for_one_message_is_stored_as_its_raw_text() -> None:
    event = log_event("1", "x", odd=noise(1_500_000))
    messages = dead(Failed(batch_of([joined(event)]), UNAVAILABLE))
    assert all(message.size() <= MAX_MESSAGE_BYTES for message in messages)
    text = "".join(MARK.sub("", part.message, count=1) for message in messages for part in events_in(message))
    assert json.loads(text) == event.raw
    assert sum(message.events for message in messages) == 1
    for part in (part for message in messages for part in events_in(message)):
        assert part.raw == {"id": "1", "timestamp": event.timestamp, "message": part.message}


@pytest.mark.parametrize("timestamp", ["soon", None, 1.5])
def test_an_invalid_time_is_left_out_of_the_parts_of_an_event(timestamp: object) -> None:
    raw = log_event("1", "x", odd=noise(1_500_000)).raw
    event = UnusualEvent("1", timestamp, "x", raw)
    messages = dead(Failed(batch_of([joined(event)]), UNAVAILABLE))
    assert {tuple(part.raw) for message in messages for part in events_in(message)} == {("id", "message")}


@pytest.mark.parametrize(("size", "kept"), [(440_000, True), (560_000, False)])
def test_other_fields_are_in_each_part_if_they_fill_at_most_half_a_message(size: int, kept: bool) -> None:
    event = log_event("1", noise(1_500_000), odd=noise(size, seed=1))
    messages = dead(Failed(batch_of([joined(event)]), UNAVAILABLE))
    assert {"odd" in part.raw for message in messages for part in events_in(message)} == {kept}


# --- undecodable payloads ---


@pytest.mark.parametrize("reason", [Reason.MALFORMED, Reason.OVERSIZED])
def test_an_undecodable_payload_is_stored_unchanged(reason: Reason) -> None:
    record = SourceRecord("7", replays=1, first_failed_at="2026-11-01T00:00:00.000Z")
    [message] = dead(undecodable=[Undecodable(reason, "gzip: no", '{"awslogs":{"data":"?"}}', record)])
    assert message.body == '{"awslogs":{"data":"?"}}'
    assert (message.events, message.record) == (1, record)
    assert message.attributes == {
        "Reason": reason.value,
        "Detail": "gzip: no",
        "EventCount": "1",
        "FailedAt": "2026-11-23T10:00:00.005Z",
        "Replays": "1",
        "FirstFailedAt": "2026-11-01T00:00:00.000Z",
    }


def test_an_undecodable_payload_is_stored_whole_as_long_as_it_fits() -> None:
    def stored(size: int) -> list[DeadLetterMessage]:
        return dead(undecodable=[Undecodable(Reason.OVERSIZED, "too much", "x" * size)])

    [message] = stored(MIB // 2)
    most = MAX_MESSAGE_BYTES - (message.size() - MIB // 2)
    assert [it.size() for it in stored(most)] == [MAX_MESSAGE_BYTES]
    assert len(stored(most + 1)) > 1


def test_a_part_of_the_size_that_an_older_version_stored_stays_whole() -> None:
    record = SourceRecord("7", told=Reason.OVERSIZED)
    it = Undecodable(Reason.OVERSIZED, "too much", "x" * (MAX_MESSAGE_BYTES + KIB), record)
    assert [message.body for message in dead(undecodable=[it])] == [it.body]


def test_events_without_text_are_stored_with_their_stream_and_their_number() -> None:
    it = Undecodable(Reason.MALFORMED, "no text", encode(ORDERS, [{}, {}]), None, ORDERS, events=2)
    [message] = dead(undecodable=[it])
    assert (message.events, message.attributes["EventCount"]) == (2, "2")
    assert message.attributes["LogGroup"] == ORDERS.log_group


def test_the_parts_of_an_undecodable_payload_keep_its_record() -> None:
    record = SourceRecord("7")
    it = Undecodable(Reason.OVERSIZED, "too much", noise(3_000_000), record, events=3)
    messages = dead(undecodable=[it])
    assert len(messages) > 1
    assert {message.record for message in messages} == {record}
    assert sum(message.events for message in messages) == 3


@pytest.mark.parametrize("origin", [ORDERS, None])
def test_an_undecodable_payload_too_large_for_one_message_is_stored_in_parts_and_counted_once(
    origin: Origin | None,
) -> None:
    body = encode(ORDERS, [{"odd": noise(1_500_000, number)} for number in range(3)])
    it = Undecodable(Reason.MALFORMED, "no text", body, None, origin, events=3)
    messages = dead(undecodable=[it])
    assert all(message.size() <= MAX_MESSAGE_BYTES for message in messages)
    assert sum(message.events for message in messages) == 3
    assert [message.attributes["EventCount"] for message in messages][1:] == ["0"] * (len(messages) - 1)
    raw = [raw_payload(message) for message in messages]
    assert {part["messageType"] for part in raw} == {"PART_OF_UNREADABLE"}
    events = [event for part in raw for event in part["logEvents"]]
    assert "".join(MARK.sub("", event["message"], count=1) for event in events) == body
    assert len({event["id"] for event in events}) == 1, "so that shipctl finds what belongs together"
    assert {part["logGroup"] for part in raw} == {origin.log_group if origin else ""}


def test_a_part_of_an_undecodable_payload_is_never_decoded_again() -> None:
    it = Undecodable(Reason.OVERSIZED, "too much", noise(3_000_000), None, ORDERS, events=3)
    messages = dead(undecodable=[it])
    records = [sqs_record(message) for message in messages]
    parts = list(decode({"Records": records}, 64 * MIB))
    assert all(isinstance(part, Undecodable) for part in parts)
    again = dead(undecodable=[part for part in parts if isinstance(part, Undecodable)])
    assert [message.body for message in again] == [message.body for message in messages]
    assert [message.events for message in again] == [message.events for message in messages]
    assert {message.attributes["Reason"] for message in again} == {"oversized"}
    assert all(message.size() <= MAX_MESSAGE_BYTES for message in again)


def test_a_part_from_an_older_version_without_a_mark_is_never_decoded() -> None:
    event = {"id": "", "timestamp": None, "message": "[part 1 of 2] eyJ"}
    body = encode(Origin("", "", ""), [event])
    attributes = {"Reason": "malformed", "EventCount": "1"}
    [part] = decode({"Records": [sqs_record_of(body, attributes)]}, 64 * MIB)
    assert isinstance(part, Undecodable)


def raw_payload(message: DeadLetterMessage) -> dict[str, Any]:
    """Return the payload in the body of a message."""
    data = json.loads(message.body)["awslogs"]["data"]
    payload: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(data)))
    return payload


def sqs_record(message: DeadLetterMessage) -> dict[str, Any]:
    """Return a message as Lambda passes it to replay."""
    return sqs_record_of(message.body, message.attributes)


def sqs_record_of(body: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "messageId": "m1",
        "receiptHandle": "handle",
        "body": body,
        "eventSource": "aws:sqs",
        "messageAttributes": {
            name: {"stringValue": value, "dataType": "String"} for name, value in attributes.items()
        },
    }


# --- the search ---


def test_each_narrowed_part_has_a_message_of_its_own() -> None:
    undetermined = Failure(Reason.UNDETERMINED, 400)
    messages = dead(
        Failed(a_batch("1", "2"), undetermined, is_narrowed=True),
        Failed(a_batch("3"), undetermined),
        Failed(a_batch("4", "5"), undetermined, is_narrowed=True),
        Failed(a_batch("6"), undetermined),
    )
    assert [[event.id for event in events_in(message)] for message in messages] == [
        ["1", "2"],
        ["3", "6"],
        ["4", "5"],
    ]
    assert [message.attributes["Replays"] for message in messages] == ["0 narrowed", "0", "0 narrowed"]


def test_the_message_of_a_log_that_was_refused_alone_says_since_when() -> None:
    [message] = dead(Failed(a_batch("1"), REJECTED))
    assert message.attributes["Replays"] == f"0 since {message.attributes['FailedAt']}"


# --- storing ---


@pytest.fixture
def queue_url(aws: None) -> str:
    return boto3.client("sqs").create_queue(
        QueueName="dead-letters", Attributes={"MaximumMessageSize": str(MIB)}
    )["QueueUrl"]


def letters(*names: str, queue_url: str) -> list[Addressed]:
    return [
        Addressed(message, queue_url) for name in names for message in dead(Failed(a_batch(name), REJECTED))
    ]


def received(queue_url: str) -> Iterator[tuple[str, dict[str, str]]]:
    sqs = boto3.client("sqs")
    while messages := sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        for message in messages:
            attributes = message["MessageAttributes"]
            yield message["Body"], {name: value["StringValue"] for name, value in attributes.items()}


def test_messages_are_stored_in_the_queue_with_their_attributes(queue_url: str) -> None:
    written = letters("1", "2", "3", queue_url=queue_url)
    assert store(written, 60.0) == ["", "", ""]
    assert sorted(received(queue_url), key=str) == sorted(
        ((message.body, dict(message.attributes)) for message, *_ in written), key=str
    )


def test_the_queue_accepts_the_largest_message_with_more_refusals_and_an_attribute_of_a_tracer(
    queue_url: str,
) -> None:
    [message] = dead(Failed(a_batch("1"), UNAVAILABLE))
    message = message._replace(body="x" * (len(message.body) + MAX_MESSAGE_BYTES - message.size()))
    assert message.size() == MAX_MESSAGE_BYTES
    assert message.attributes["Replays"] == "0"
    attributes = {**message.attributes, "Replays": "100", "_datadog": "x" * KIB}
    assert store([Addressed(message._replace(attributes=attributes), queue_url)], 60.0) == [""]


def test_each_message_is_written_to_its_own_queue_and_fails_on_its_own(queue_url: str) -> None:
    lost = queue_url + "-none"
    troubles = store(letters("1", queue_url=queue_url) + letters("2", queue_url=lost), 60.0)
    assert troubles[0] == ""
    assert troubles[1].startswith("QueueDoesNotExist: ")
    assert len(list(received(queue_url))) == 1


def test_nothing_to_write_needs_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs, "_sqs_client", lambda: pytest.fail("a client was made"))
    assert store([], 0.0) == []


@pytest.mark.parametrize("error", [NoRegionError(), ValueError("Invalid endpoint: x")])
def test_a_client_that_cannot_be_made_is_reported_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def no_client() -> None:
        raise error

    monkeypatch.setattr(sqs, "_sqs_client", no_client)
    [trouble] = store(letters("1", queue_url="https://sqs/1/q"), 60.0)
    assert trouble == f"{type(error).__name__}: {error}"
    postpone([Postponed(SourceRecord("m1", "handle"))], "https://sqs/1/q", 60.0)


class Client:
    """A client whose writes end only when the test allows it."""

    def __init__(self) -> None:
        self.allowed = threading.Event()
        self.failure: Exception | None = None
        self.begun = 0
        self.postponed: list[dict[str, Any]] = []

    def send_message(self, **arguments: Any) -> dict[str, str]:
        self.begun += 1
        self.allowed.wait(60.0)
        if self.failure is not None:
            raise self.failure
        return {"MD5OfMessageBody": md5(arguments["MessageBody"].encode()).hexdigest()}

    def change_message_visibility_batch(self, **arguments: Any) -> None:
        self.postponed.append(arguments)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    client = Client()
    monkeypatch.setattr(sqs, "_sqs_client", lambda: client)
    yield client
    client.allowed.set()


@pytest.mark.parametrize("seconds", [0.0, -5.0])
def test_messages_that_are_not_written_in_time_are_reported(client: Client, seconds: float) -> None:
    troubles = store(letters(*map(str, range(20)), queue_url="https://sqs/1/q"), seconds)
    assert troubles == ["not stored in time"] * 20


def test_at_most_eight_writes_are_under_way_and_none_begins_after_the_end(client: Client) -> None:
    store(letters(*map(str, range(20)), queue_url="https://sqs/1/q"), 0.2)
    begun = client.begun
    assert 1 <= begun <= 8
    client.allowed.set()
    for thread in threading.enumerate():
        if thread.name.startswith("sqs"):
            thread.join(60.0)
    assert client.begun == begun


@pytest.mark.parametrize("error", [AttributeError("'list' has no get"), KeyError("Id"), MemoryError("full")])
def test_no_error_of_a_write_is_raised(client: Client, error: Exception) -> None:
    """Otherwise it would end a replay that has delivered logs, and they would be delivered again."""
    client.failure = error
    client.allowed.set()
    [trouble] = store(letters("1", queue_url="https://sqs/1/q"), 60.0)
    assert trouble == f"{type(error).__name__}: {error}"


def test_an_environment_keeps_its_client(aws: None) -> None:
    assert sqs._sqs_client() is sqs._sqs_client()


def test_the_client_has_the_timeouts_and_attempts_that_the_reserve_assumes(aws: None) -> None:
    config: Any = sqs._sqs_client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (QUEUE_CONNECT_SECONDS, QUEUE_READ_SECONDS)
    assert config.retries == {"mode": "standard", "total_max_attempts": QUEUE_ATTEMPTS}
    assert config.max_pool_connections == 8


# --- returned records ---


def test_returned_records_are_visible_again_after_30_to_120_seconds(client: Client) -> None:
    records = [SourceRecord(f"m{number}", f"handle-{number}") for number in range(12)]
    postpone([Postponed(record) for record in [*records, SourceRecord("m12")]], "https://sqs/1/q", 60.0)
    assert {call["QueueUrl"] for call in client.postponed} == {"https://sqs/1/q"}
    calls = sorted((call["Entries"] for call in client.postponed), key=len, reverse=True)
    assert [[entry["Id"] for entry in entries] for entries in calls] == [list("0123456789"), list("01")]
    entries = [entry for call in calls for entry in call]
    assert [entry["ReceiptHandle"] for entry in entries] == [record.receipt_handle for record in records]
    assert all(30 <= entry["VisibilityTimeout"] <= 120 for entry in entries)


def test_throttled_records_are_visible_again_later_and_after_the_end_of_a_retry_after(client: Client) -> None:
    record = SourceRecord("m", "handle")
    postpone([Postponed(record, True), Postponed(record, False, 300.0)], "https://sqs/1/q", 60.0)
    throttled, asked_to_wait = (entry["VisibilityTimeout"] for entry in client.postponed[0]["Entries"])
    assert 150 <= throttled <= 600
    assert 330 <= asked_to_wait <= 420


def test_a_delayed_message_cannot_be_received_yet(queue_url: str) -> None:
    [message] = dead(Failed(a_batch("1"), REJECTED))
    assert store([Addressed(message, queue_url, 900)], 60.0) == [""]
    assert list(received(queue_url)) == []


def test_returned_records_are_not_visible_again_all_at_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "randint", lambda least, most: most if least == 30 else 0)
    postpone([Postponed(SourceRecord("m", "handle"))], "https://sqs/1/q", 60.0)
    assert client.postponed[0]["Entries"][0]["VisibilityTimeout"] == 120


def test_records_without_a_receipt_handle_need_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs, "_sqs_client", lambda: pytest.fail("a client was made"))
    postpone([Postponed(SourceRecord("m"))], "https://sqs/1/q", 60.0)


# --- the time reserved for storing ---


ONE_ROUND = QUEUE_WORST_CASE_SECONDS + RESERVE_MARGIN_SECONDS


@pytest.mark.parametrize(
    ("payloads", "payload_bytes", "available", "seconds"),
    [
        (1, 0, 120.0, ONE_ROUND),
        (0, 0, 120.0, ONE_ROUND),
        (8, 1000, 120.0, ONE_ROUND),  # eight writes at a time
        (1, 7 * MIB, 120.0, ONE_ROUND),
        (0, 7 * MIB, 120.0, ONE_ROUND),
        (9, 1000, 120.0, ONE_ROUND + QUEUE_WORST_CASE_SECONDS),
        (4, 5 * MIB, 120.0, ONE_ROUND + QUEUE_WORST_CASE_SECONDS),
        (100, 0, 120.0, 60.0),  # delivery keeps half of the time
        (100, 0, 30.0, ONE_ROUND),  # one round of writes must fit
    ],
)
def test_the_reserve_is_the_worst_case_of_storing_the_whole_event(
    payloads: int, payload_bytes: int, available: float, seconds: float
) -> None:
    assert reserve_seconds(payloads, payload_bytes, available) == seconds


@pytest.mark.parametrize(
    ("inflated_mib", "processor_share", "available", "encoding"),
    [(60, 1.0, 120.0, 2.7), (60, 0.3, 120.0, 9.0), (1, 0.5, 120.0, 0.09), (600, 0.3, 120.0, 30.0)],
)
def test_the_reserve_includes_the_time_for_encoding(
    inflated_mib: int, processor_share: float, available: float, encoding: float
) -> None:
    seconds = reserve_seconds(
        1, 0, available, inflated_bytes=inflated_mib * MIB, processor_share=processor_share
    )
    assert seconds == pytest.approx(ONE_ROUND + encoding)
