import base64
import gzip
import json
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.events import (
    ControlMessage,
    Decoded,
    LogEvent,
    Origin,
    Source,
    SourceRecord,
    SubscriptionMessage,
    Undecodable,
    UnusualEvent,
)
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.decoding import Load, decode, load_of, payloads, source_of
from loginformant_shipper.wire.encoding import EVENTS_WRITTEN_AT_ONCE, encode

from tests.unit.sample_data import (
    ORDERS,
    awslogs_event,
    encoded,
    kinesis_record,
    log_event,
    payload,
    raw_event,
    sqs_record,
)

MIB = 1024 * 1024
CONTROL = payload([raw_event(message="CWL CONTROL MESSAGE")], messageType="CONTROL_MESSAGE")


def decoded(event: object, limit: int = MIB) -> list[Decoded]:
    return list(decode(event, limit))


def undecodable(event: object, limit: int = MIB) -> Undecodable:
    [it] = decoded(event, limit)
    assert isinstance(it, Undecodable)
    return it


def messages(event: object) -> list[str]:
    return [e.message for it in decoded(event) if isinstance(it, SubscriptionMessage) for e in it.events]


# --- valid events ---


def test_a_subscription_event_is_decoded() -> None:
    raws = [raw_event("1"), raw_event("2", "second", extractedFields={"status": "500"})]
    assert decoded(awslogs_event(payload(raws))) == [
        SubscriptionMessage(
            ORDERS,
            (
                LogEvent("1", 1_700_000_000_123, "Order placed"),
                UnusualEvent("2", 1_700_000_000_123, "second", raws[1]),
            ),
        )
    ]


@pytest.mark.parametrize(
    "raw",
    [
        {"message": "x"},
        {"id": 7, "timestamp": 0, "message": "x"},
        {"id": "7", "message": "x", "@ptr": "p"},
        {"id": "7", "timestamp": 0, "message": "x", "extractedFields": {}},
    ],
)
def test_a_log_event_with_unusual_fields_keeps_all_of_them(raw: dict[str, Any]) -> None:
    [message] = decoded(awslogs_event(payload([raw])))
    assert isinstance(message, SubscriptionMessage)
    [event] = message.events
    assert (event.unusual, event.raw) == (raw, raw)
    assert event.id == ("7" if raw.get("id") == "7" else "")
    usual = LogEvent("7", None, "x")
    assert usual.raw == {"id": "7", "timestamp": None, "message": "x"}


def test_kinesis_records_are_decoded_with_their_sequence_numbers() -> None:
    records = [kinesis_record("7", payload([raw_event("1")])), kinesis_record("8", payload([raw_event("2")]))]
    assert decoded({"Records": records}) == [
        SubscriptionMessage(ORDERS._replace(record=SourceRecord("7")), (log_event("1"),)),
        SubscriptionMessage(ORDERS._replace(record=SourceRecord("8")), (log_event("2"),)),
    ]


def test_sqs_records_are_decoded_with_their_attributes() -> None:
    body = json.dumps(awslogs_event(payload([raw_event()])))
    attributes = {"Replays": "2", "FirstFailedAt": "2026-11-01T00:00:00.000Z"}
    record = SourceRecord("m1", "handle of m1", 2, "2026-11-01T00:00:00.000Z")
    assert decoded({"Records": [sqs_record("m1", body, attributes)]}) == [
        SubscriptionMessage(ORDERS._replace(record=record), (log_event(),))
    ]


@pytest.mark.parametrize("replays", ["", "-1", "many", "²", "9" * 30])
def test_an_invalid_number_of_replays_counts_as_zero(replays: str) -> None:
    body = json.dumps(awslogs_event(payload([raw_event()])))
    [message] = decoded({"Records": [sqs_record("m1", body, {"Replays": replays})]})
    assert isinstance(message, SubscriptionMessage)
    assert message.origin.record == SourceRecord("m1", "handle of m1")


@pytest.mark.parametrize("attributes", [None, [], {"Replays": None}, {"Replays": {"stringValue": 3}}])
def test_invalid_attributes_are_ignored(attributes: object) -> None:
    record = sqs_record("m1", json.dumps(awslogs_event(payload([raw_event()]))))
    assert messages({"Records": [record | {"messageAttributes": attributes}]}) == ["Order placed"]


def test_the_failure_envelope_of_lambda_is_decoded_from_a_queue() -> None:
    envelope = {
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": awslogs_event(payload([raw_event()])),
        "responsePayload": {"errorMessage": "Task timed out"},
    }
    assert messages({"Records": [sqs_record("m1", json.dumps(envelope))]}) == ["Order placed"]


@pytest.mark.parametrize("record", [None, SourceRecord("7")])
def test_a_control_message_is_decoded(record: SourceRecord | None) -> None:
    event = {"Records": [kinesis_record("7", CONTROL)]} if record else awslogs_event(CONTROL)
    assert decoded(event) == [ControlMessage(record)]


def test_a_bad_record_does_not_affect_other_records() -> None:
    bad = {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": "8", "data": "?"}}
    records = [kinesis_record("7", payload([raw_event()])), bad, kinesis_record("9", payload([raw_event()]))]
    assert [type(it) for it in decoded({"Records": records})] == [
        SubscriptionMessage,
        Undecodable,
        SubscriptionMessage,
    ]


@pytest.mark.parametrize(
    ("data", "reason", "detail"),
    [
        ("?", Reason.MALFORMED, "base64: "),
        (
            base64.b64encode(gzip.compress(b"{}", mtime=0)[:-9]).decode(),
            Reason.MALFORMED,
            "gzip: the data is truncated",
        ),
        (base64.b64encode(b"{}").decode(), Reason.MALFORMED, "gzip: "),
        (encoded("{"), Reason.MALFORMED, "JSON: "),
        (encoded({}), Reason.MALFORMED, "a payload without logEvents"),
        (encoded("x" * (MIB + 1)), Reason.OVERSIZED, f"the decompressed payload has more than {MIB} bytes"),
    ],
)
def test_an_undecodable_record_has_its_reason_and_its_record(data: str, reason: Reason, detail: str) -> None:
    it = undecodable({"Records": [{"kinesis": {"sequenceNumber": "8", "data": data}}]})
    assert it.reason is reason
    assert it.detail.startswith(detail)
    assert it.record == SourceRecord("8")


def test_events_without_text_are_separated_from_the_others_and_keep_their_record() -> None:
    raws = [raw_event("1"), {"id": "2"}, "3", raw_event("4")]
    message, it = decoded({"Records": [kinesis_record("8", payload(raws))]})
    assert isinstance(message, SubscriptionMessage)
    assert [event.id for event in message.events] == ["1", "4"]
    assert isinstance(it, Undecodable)
    assert it.reason is Reason.MALFORMED
    assert it.detail == "2 of 4 log events have no message text"
    assert (it.record, it.events) == (SourceRecord("8"), 2)


def test_consecutive_gzip_members_are_one_payload() -> None:
    text = json.dumps(payload([raw_event()])).encode()
    data = b"".join(gzip.compress(piece) for piece in (text[:20], b"", text[20:]))
    assert messages({"awslogs": {"data": base64.b64encode(data).decode()}}) == ["Order placed"]


def test_several_payloads_in_one_record_are_stored_unchanged_with_the_reason() -> None:
    """CloudWatch Logs documents one payload a record ("Log group-level subscription filters")."""
    one = gzip.compress(json.dumps(payload([raw_event()])).encode())
    event = {"awslogs": {"data": base64.b64encode(one + one).decode()}}
    it = undecodable(event)
    assert (it.reason, json.loads(it.body)) == (Reason.MALFORMED, event)
    assert it.detail.startswith("JSON: ")


# --- values that orjson refuses ---


def test_lone_surrogates_become_replacement_characters() -> None:
    text = json.dumps(payload([raw_event(message="a\ud83d b \ud83d\ude00", **{"k\udc00": "\udfff"})]))
    [message] = decoded(awslogs_event(text))
    assert isinstance(message, SubscriptionMessage)
    [event] = message.events
    assert event.message == "a\ufffd b \U0001f600"
    assert event.raw["k\ufffd"] == "\ufffd"


@pytest.mark.parametrize("written", ["9" * 5000, "1e9999", "-1e9999", "NaN", "Infinity", "-Infinity"])
def test_numbers_that_no_type_can_hold_become_text(written: str) -> None:
    text = json.dumps(payload([raw_event(big=0)])).replace('"big": 0', f'"big": {written}')
    [message] = decoded(awslogs_event(text))
    assert isinstance(message, SubscriptionMessage)
    assert message.events[0].raw["big"] == written


def test_other_numbers_beside_them_stay_numbers() -> None:
    numbers = {"float": 1.5, "integer": 10**17, "negative": -(10**16)}
    text = json.dumps(payload([raw_event(big=math.nan) | numbers]))
    [message] = decoded(awslogs_event(text))
    assert isinstance(message, SubscriptionMessage)
    raw = message.events[0].raw
    assert {name: raw[name] for name in numbers} == numbers


def test_invalid_utf_8_becomes_replacement_characters() -> None:
    data = json.dumps(payload([raw_event(message="a?b")])).encode().replace(b"a?b", b"a\xffb")
    event = {"awslogs": {"data": base64.b64encode(gzip.compress(data)).decode()}}
    assert messages(event) == ["a\ufffdb"]


@pytest.mark.parametrize("timestamp", [None, "soon", -5, 1.5, True, [], 2**63])
def test_any_timestamp_is_kept_unchanged(timestamp: object) -> None:
    [message] = decoded(awslogs_event(payload([raw_event(timestamp=timestamp)])))
    assert isinstance(message, SubscriptionMessage)
    assert message.events[0].timestamp == timestamp


# --- undecodable events: kept unchanged, and nothing is raised ---


def test_data_that_is_not_base64_is_malformed() -> None:
    event = {"awslogs": {"data": "no base64!"}}
    it = undecodable(event)
    assert (it.reason, json.loads(it.body), it.events) == (Reason.MALFORMED, event, 1)
    assert it.detail.startswith("base64: ")


NOT_GZIP = {
    "plain text": b"plain text",
    "is truncated": gzip.compress(b"{}" * 50)[:-9],
    "wrong checksum": gzip.compress(b"{}" * 50)[:-8] + b"\0" * 8,
    "rubbish behind it": gzip.compress(b"{}") + b"rubbish",
    "no more than its first bytes": b"\x1f\x8b",
}


@pytest.mark.parametrize("data", NOT_GZIP.values(), ids=NOT_GZIP.keys())
def test_data_that_is_not_gzip_is_malformed(data: bytes) -> None:
    event = {"awslogs": {"data": base64.b64encode(data).decode()}}
    it = undecodable(event)
    assert (it.reason, json.loads(it.body)) == (Reason.MALFORMED, event)
    assert it.detail.startswith("gzip: ")


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("{", "JSON: "),
        ("", "JSON: "),
        ("[" * 100_000, "JSON: nested too deeply"),
        ('{"logEvents":' + "[" * 100_000 + "]" * 100_000 + "}", "JSON: nested too deeply"),
        ("[]", "a payload without logEvents"),
        ('{"logEvents": {}}', "a payload without logEvents"),
        ('{"messageType": "DATA_MESSAGE"}', "a payload without logEvents"),
    ],
)
def test_text_that_is_not_a_payload_is_malformed(text: str, detail: str) -> None:
    event = awslogs_event(text)
    it = undecodable(event)
    assert (it.reason, json.loads(it.body)) == (Reason.MALFORMED, event)
    assert it.detail.startswith(detail)


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        "text",
        {"awslogs": {}},
        {"awslogs": {"data": None}},
        {"awslogs": [1]},
        {"Records": []},
        {"Records": [1]},
        {"Records": [{"eventSource": "aws:s3"}]},
        {"Records": [{"kinesis": {"data": "x"}}, {"eventSource": "aws:sqs"}]},
    ],
)
def test_an_event_of_another_kind_is_malformed(event: object) -> None:
    it = undecodable(event)
    assert (it.reason, it.detail) == (Reason.MALFORMED, "not a CloudWatch Logs event")
    assert json.loads(it.body) == event


@pytest.mark.parametrize("body", ["not JSON", "{", "[]", '{"awslogs": 1}', "[" * 100_000])
def test_an_undecodable_sqs_body_is_kept_unchanged(body: str) -> None:
    it = undecodable({"Records": [sqs_record("m1", body)]})
    assert (it.reason, it.body) == (Reason.MALFORMED, body)
    assert it.record == SourceRecord("m1", "handle of m1")


def test_the_detail_of_a_body_that_is_not_json_says_so() -> None:
    assert undecodable({"Records": [sqs_record("m1", "{")]}).detail == "the message body is not JSON"


def test_an_sqs_body_that_is_not_text_is_kept_as_json() -> None:
    it = undecodable({"Records": [sqs_record("m1", "") | {"body": {"odd": [1]}}]})
    assert json.loads(it.body) == {"odd": [1]}


def test_a_record_without_an_identifier_has_an_empty_one_so_that_lambda_returns_all_records() -> None:
    [kinesis] = decoded({"Records": [{"kinesis": {"data": encoded(payload([raw_event()]))}}]})
    assert isinstance(kinesis, SubscriptionMessage)
    assert kinesis.origin.record == SourceRecord("")
    it = undecodable({"Records": [{"eventSource": "aws:sqs", "body": "?"}]})
    assert it.record == SourceRecord("", receipt_handle="")


def test_a_lone_surrogate_in_an_sqs_body_is_replaced_so_that_it_can_be_stored() -> None:
    assert undecodable({"Records": [sqs_record("m", "a \ud800 b")]}).body == "a ? b"


def test_a_kept_body_is_ascii_since_the_queue_refuses_some_characters() -> None:
    assert undecodable({"odd": "\ufffe\x00\ud800"}).body.isascii()
    assert undecodable({"awslogs": {"data": "\ufffe"}}).body.isascii()


@pytest.mark.parametrize("members", [1, 3])
def test_a_payload_that_inflates_beyond_the_limit_is_oversized(members: int) -> None:
    half = b" " * (MIB // 2)
    data = gzip.compress(half) * 2 + gzip.compress(b" ") if members == 3 else gzip.compress(half * 2 + b" ")
    event = {"awslogs": {"data": base64.b64encode(data).decode()}}
    it = undecodable(event, limit=MIB)
    assert (it.reason, json.loads(it.body)) == (Reason.OVERSIZED, event)
    assert undecodable(event, limit=MIB + 1).reason is Reason.MALFORMED  # inflated, and not JSON


def test_at_most_the_limit_is_inflated() -> None:
    bomb = encoded(b"\0" * (200 * MIB))
    tracemalloc.start()
    try:
        assert undecodable({"awslogs": {"data": bomb}}, limit=MIB).reason is Reason.OVERSIZED
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [3_300, 40_000])
def test_gzip_members_may_cross_the_pieces_in_which_a_payload_is_read(count: int) -> None:
    member = gzip.compress(b" ")
    content = gzip.compress(json.dumps(payload([raw_event()])).encode())
    data = base64.b64encode(member * count + content + member * count).decode()
    [it] = decoded({"awslogs": {"data": data}})
    assert isinstance(it, SubscriptionMessage)
    assert [event.id for event in it.events] == ["e0"]


def test_log_events_without_message_text_are_kept_and_counted_separately() -> None:
    bad = [raw_event(message=5), {"id": "x"}, "text", None]  # type: ignore[arg-type]
    good, unreadable = decoded(awslogs_event(payload([raw_event("1"), *bad, raw_event("2")])))
    assert isinstance(good, SubscriptionMessage)
    assert [event.id for event in good.events] == ["1", "2"]
    assert isinstance(unreadable, Undecodable)
    assert unreadable.events == 4
    assert unreadable.origin == ORDERS
    assert unreadable.detail == "4 of 6 log events have no message text"
    again = decoded(json.loads(unreadable.body))
    assert isinstance(again[1], Undecodable)
    assert again[1].events == 4


def test_a_payload_without_its_origin_is_decoded() -> None:
    [message] = decoded(awslogs_event({"logEvents": [], "owner": 5, "subscriptionFilters": "x"}))
    assert message == SubscriptionMessage(Origin("", "", ""), ())


# --- encoding and decoding again ---


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
raw_events = st.fixed_dictionaries(
    {"id": texts, "timestamp": st.integers(-(2**60), 2**60), "message": texts},
    optional={"extractedFields": st.dictionaries(texts, texts, max_size=3), "@odd": json_values},
)


origins = st.builds(Origin, texts, texts, texts, st.lists(texts, max_size=2).map(tuple), st.none())


@given(origins, st.lists(raw_events))
@example(ORDERS, [{"id": "", "timestamp": 0, "message": "\x00\ufffe\U0001f600 \r\n"}])
def test_encoded_events_are_decoded_to_the_same_events(origin: Origin, raws: list[dict[str, Any]]) -> None:
    body = encode(origin, raws)
    assert body.isascii()
    [message] = decoded(json.loads(body))
    assert isinstance(message, SubscriptionMessage)
    assert message.origin == origin
    # compared as text, in which 1, 1.0 and true differ
    found = [event.raw for event in message.events]
    assert json.dumps(found, sort_keys=True) == json.dumps(raws, sort_keys=True)


def test_encoded_events_are_a_subscription_event_as_cloudwatch_sends_it() -> None:
    raws = [raw_event("1"), raw_event("2", extractedFields={"a": "b"})]
    data = json.loads(encode(ORDERS, raws))["awslogs"]["data"]
    assert json.loads(gzip.decompress(base64.b64decode(data))) == payload(raws)


def test_values_that_json_cannot_express_are_written_as_python_shows_them() -> None:
    [message] = decoded(json.loads(encode(ORDERS, [raw_event(odd={7}, big=2**70)])))
    assert isinstance(message, SubscriptionMessage)
    assert message.events[0].raw["odd"] == "{7}"
    assert undecodable({"odd": {7}}).body == '{"odd":"{7}"}'


def test_many_events_are_encoded_in_pieces_and_decoded_as_one_payload() -> None:
    raws = [raw_event(str(number)) for number in range(2 * EVENTS_WRITTEN_AT_ONCE + 1)]
    [message] = decoded(json.loads(encode(ORDERS, iter(raws))), limit=MIB)
    assert isinstance(message, SubscriptionMessage)
    assert [event.raw for event in message.events] == raws


def test_integers_and_surrogates_that_orjson_refuses_are_encoded() -> None:
    body = encode(ORDERS, [raw_event(message="\ud800", big=2**70)])
    [message] = decoded(json.loads(body))
    assert isinstance(message, SubscriptionMessage)
    assert message.events[0].message == "\ufffd"
    assert message.events[0].raw["big"] == str(2**70)


def test_only_the_field_that_is_nested_too_deeply_to_be_encoded_is_lost() -> None:
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    body = encode(ORDERS, [raw_event("1", extractedFields={"a": "b"}), raw_event("2", odd=deep)])
    [message] = decoded(json.loads(body))
    assert isinstance(message, SubscriptionMessage)
    assert [(event.id, event.message) for event in message.events] == [
        ("1", "Order placed"),
        ("2", "Order placed"),
    ]
    assert message.events[0].raw["extractedFields"] == {"a": "b"}
    assert message.events[1].raw["omitted"]
    _, without_text = decoded(json.loads(encode(ORDERS, [deep])))
    assert isinstance(without_text, Undecodable)
    assert without_text.events == 1
    while isinstance(deep, list):  # piece by piece: Python would free it recursively
        deep = deep[0]


@given(json_values, st.binary(max_size=60))
def test_decoding_any_value_raises_nothing(value: Any, data: bytes) -> None:
    for content in (value, data, {"logEvents": value}, {"logEvents": [value, value]}):
        for event in (awslogs_event(content), {"Records": [kinesis_record("1", content)]}):
            decoded(event)
    for event in (value, {"awslogs": value}, {"Records": value}, {"Records": [value]}):
        decoded(event)
        load_of(event, 1000)
    decoded({"Records": [sqs_record("1", json.dumps(value)), sqs_record("2", value)]})
    decoded({"awslogs": {"data": base64.b64encode(data).decode()}})


# --- the size of an event ---


@pytest.mark.parametrize(
    ("event", "source", "load"),
    [
        ({"awslogs": {"data": "12345"}}, Source.SUBSCRIPTION, Load(1, 5, 0)),
        ({"Records": [{"kinesis": {"data": "???"}}, {"kinesis": {}}]}, Source.KINESIS, Load(2, 3, 0)),
        (
            {"Records": [{"eventSource": "aws:sqs", "body": "????"}, {"eventSource": "aws:sqs"}]},
            Source.REPLAY,
            Load(2, 4, 0),
        ),
        (
            {"Records": [{"eventSource": "shipctl:backfill", "kinesis": {"data": "???"}}] * 2},
            Source.BACKFILL,
            Load(2, 6, 0),
        ),
        (
            {"Records": [{"eventSource": "shipctl:backfill", "kinesis": {}}, {"kinesis": {}}]},
            Source.KINESIS,
            Load(2, 0, 0),
        ),
        ({}, Source.SUBSCRIPTION, Load(1, 0, 0)),
        (None, Source.SUBSCRIPTION, Load(1, 0, 0)),
    ],
)
def test_source_and_size_are_known_before_anything_is_decoded(
    event: object, source: Source, load: Load
) -> None:
    assert source_of(event) is source
    assert load_of(event, 1000) == load


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 6, 700])
def test_the_inflated_size_is_read_from_the_payloads(size: int) -> None:
    data = base64.b64encode(gzip.compress(b"x" * size)).decode()
    direct: Any = {"awslogs": {"data": data}}
    queued = {"eventSource": "aws:sqs", "body": json.dumps(direct)}
    assert load_of(direct, 1000).inflated_bytes == size
    assert load_of({"Records": [queued, queued]}, 1000).inflated_bytes == 2 * size
    assert load_of(direct, 500).inflated_bytes == min(size, 500)


def test_the_state_of_log_events_is_read_from_an_sqs_record() -> None:
    told = {
        "Reason": "rejected",
        "Status": "400",
        "Replays": "2 since 2026-11-03T10:00:00.000Z narrowed",
        "FirstFailedAt": "2026-11-03T09:00:00.000Z",
        "EventCount": "7",
    }
    message = {
        "eventSource": "aws:sqs",
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "attributes": {"SentTimestamp": "1762164000500"},
        "messageAttributes": {name: {"dataType": "String", "stringValue": v} for name, v in told.items()},
    }
    record = SourceRecord(
        identifier="m",
        receipt_handle="r",
        replays=2,
        first_failed_at="2026-11-03T09:00:00.000Z",
        told_events=7,
        refused_at="2026-11-03T10:00:00.000Z",
        is_narrowed=True,
        sent_at=1762164000.5,
        told=Reason.REJECTED,
        status="400",
    )
    [payload] = payloads({"Records": [message]}, MIB)
    assert payload.record == record
    assert [item.record for item in payload.decode() if isinstance(item, Undecodable)] == [record]


@pytest.mark.parametrize("sent", [None, "", "yesterday", "-5", "²", "9" * 16, 1762164000500])
def test_an_invalid_sent_time_is_read_as_none(sent: object) -> None:
    message = {
        "eventSource": "aws:sqs",
        "messageId": "m",
        "body": "{}",
        "attributes": {"SentTimestamp": sent},
    }
    [payload] = payloads({"Records": [message]}, MIB)
    assert payload.record == SourceRecord("m")


def test_a_log_that_begins_like_a_stored_part_is_decoded_as_a_log() -> None:
    """Stored parts have no log group."""
    text = "[part 1 of 2] of the report"
    body = json.dumps(awslogs_event(payload([raw_event(message=text)])))
    assert messages({"Records": [sqs_record("m1", body, {"Reason": "malformed"})]}) == [text]
