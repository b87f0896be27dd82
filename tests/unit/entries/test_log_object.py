import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.entries.bounded_json import MAX_BODY_BYTES, MAX_DEPTH
from loginformant_shipper.entries.log_object import MAX_OWN_TEXT, frame, log_object
from loginformant_shipper.events import LogEvent, Origin, UnusualEvent
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.stack_traces import Log, join

from benchmarks.payloads import mixed

ID = "6573a3a0-2fb1-4e78-a582-2c769282e0bd"
NOW = 1_793_700_000_123
ORIGIN = Origin("123456789012", "/aws/lambda/orders", "2026/11/03/[$LATEST]0123", ("all",))
REGION = "eu-west-1"
FRAME = frame(ORIGIN, REGION)
WHERE = {
    "logGroup": "/aws/lambda/orders",
    "logStream": "2026/11/03/[$LATEST]0123",
    "accountId": "123456789012",
    "region": "eu-west-1",
    "eventId": "e0",
}


def event(message: str, timestamp: object = NOW, identifier: str = "e0", **added: Any) -> LogEvent:
    raw = {"id": identifier, "timestamp": timestamp, "message": message, **added}
    if added:
        return UnusualEvent(identifier, timestamp, message, raw)
    return LogEvent(identifier, timestamp, message)


def shipped(
    message: str | dict[str, Any], timestamp: object = NOW, origin: Origin = ORIGIN, **added: Any
) -> Any:
    """Return the log object of a log event, as the ingest API reads it."""
    text = message if isinstance(message, str) else json.dumps(message)
    [log] = join([event(text, timestamp, **added)])
    return json.loads(log_object(log, Level.WARNING, frame(origin, REGION)))


@pytest.mark.parametrize(
    ("names", "region"),
    [
        ((), REGION),
        (("all",), REGION),
        (("loginformant-shipper@us-east-1",), "us-east-1"),
        (("other", "a@b@us-gov-west-1"), "us-gov-west-1"),
        (("someone@example.com",), REGION),
        (("@",), REGION),
        (("x@us-east-1 ",), REGION),
    ],
)
def test_the_region_is_read_from_the_filter_name_of_a_stream_with_many_regions(
    names: tuple[str, ...], region: str
) -> None:
    document = shipped("Order placed", origin=ORIGIN._replace(filters=names))
    assert document["properties"]["region"] == region


@pytest.mark.parametrize("message", ["Order placed", {"message": "Order placed", "region": "of the log"}])
def test_omitted_properties_are_in_no_log_and_their_names_are_free(message: str | dict[str, Any]) -> None:
    text = message if isinstance(message, str) else json.dumps(message)
    [log] = join([event(text, **{"@aws.account": "210987654321", "@aws.region": "us-east-1"})])
    left_out = frozenset({"region", "eventId", "logStream", "accountId"})
    where = frame(ORIGIN, REGION, {"team": "shop"}, left_out=left_out)
    properties = json.loads(log_object(log, Level.WARNING, where))["properties"]
    kept = {"logGroup": "/aws/lambda/orders", "team": "shop"}
    added = {"@aws.account": "210987654321", "@aws.region": "us-east-1"}
    assert properties == kept | added | ({} if isinstance(message, str) else {"region": "of the log"})


def test_functions_with_one_log_group_have_their_own_source() -> None:
    environment = "0123456789abcdef0123456789abcdef"
    for function in ("orders", "checkout"):
        stream = f"2026/12/01/{function}[$LATEST]{environment}"
        origin = ORIGIN._replace(log_group="/app/prod", log_stream=stream)
        assert shipped("Order placed", origin=origin)["source"] == function
        assert shipped({"message": "Order placed"}, origin=origin)["source"] == function
        assert shipped({"message": "Order placed", "logger": "shop"}, origin=origin)["source"] == "shop"


def own(document: Any) -> dict[str, Any]:
    """Return the properties that do not describe where the log comes from."""
    return {name: value for name, value in document["properties"].items() if name not in WHERE}


# --- the log object ---


def test_a_text_becomes_a_log_object() -> None:
    assert shipped("Order placed\n") == {
        "timestamp": "2026-11-03T10:00:00.123Z",
        "level": "Warning",
        "message": "Order placed",
        "source": "orders",
        "properties": WHERE,
    }


def test_a_structured_log_becomes_a_log_object() -> None:
    fields = {
        "level": "warn",
        "logger": "shop.orders",
        "msg": "Order placed",
        "order": {"id": 17, "hats": [1.5, None]},
    }
    assert shipped(fields) == {
        "timestamp": "2026-11-03T10:00:00.123Z",
        "level": "Warning",
        "message": "Order placed",
        "source": "shop.orders",
        "properties": {"level": "warn", "order": {"id": 17, "hats": [1.5, None]}, **WHERE},
    }


@pytest.mark.parametrize("level", Level)
def test_every_level_is_one_of_the_api(level: Level) -> None:
    document = json.loads(log_object(Log((event("x"),), parse("x")), level, FRAME))
    assert document["level"] == level.value
    assert document["level"] in {"Debug", "Information", "Warning", "Error", "Fatal"}


# --- timestamp ---


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (951_782_400_999, "2000-02-29T00:00:00.999Z"),
        (NOW, "2026-11-03T10:00:00.123Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_the_timestamp_is_utc_with_milliseconds(timestamp: int, text: str) -> None:
    assert shipped("x", timestamp)["timestamp"] == text


@pytest.mark.parametrize(
    ("timestamp", "original"),
    [
        (-1, -1),
        (253_402_300_800_000, 253_402_300_800_000),
        (2**64, str(2**64)),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (True, True),
        ("2026-11-03T10:00:00Z", "2026-11-03T10:00:00Z"),
        ({"odd": [1]}, {"odd": [1]}),
    ],
)
def test_an_invalid_timestamp_is_left_out_and_kept_as_a_property(timestamp: object, original: object) -> None:
    document = shipped("x", timestamp)
    assert "timestamp" not in document
    assert own(document) == {"originalTimestamp": original}


def test_an_integer_too_long_for_python_to_write_is_kept_in_hexadecimal_digits() -> None:
    assert own(shipped("x", 1 << 20_000)) == {"originalTimestamp": hex(1 << 20_000)}


def test_a_missing_timestamp_is_left_out() -> None:
    document = shipped("x", None)
    assert "timestamp" not in document
    assert own(document) == {}


@given(st.integers(0, 253_402_300_799_999))
def test_every_timestamp_is_exact(timestamp: int) -> None:
    exact = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=timestamp)
    assert shipped("x", timestamp)["timestamp"] == exact.isoformat(timespec="milliseconds").replace(
        "+00:00", "Z"
    )


# --- message ---


@pytest.mark.parametrize(
    "field",
    [
        "message",
        "msg",
        "@m",
        "@mt",
        "event",
        "short_message",
        "Message",
        "RenderedMessage",
        "log.message",
        "log",
        "body",
    ],
)
def test_the_message_is_taken_from_the_message_field(field: str) -> None:
    document = shipped({"a": 1, field: "Order placed\n"})
    assert document["message"] == "Order placed"
    assert own(document) == {"a": 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"log": {"message": "Order placed"}},
        {"error": {"message": "Order placed"}},
        {"level": "INFO", "fields": {"message": "Order placed", "order": 7}, "target": ""},
        {"message": {"msg": "Order placed"}},
    ],
)
def test_a_message_inside_another_field_is_found_and_the_field_kept(fields: dict[str, Any]) -> None:
    document = shipped(fields)
    assert document["message"] == "Order placed"
    assert own(document) == fields


@pytest.mark.parametrize(
    "empty",
    [
        {},
        {"a": 1},
        {"message": ""},
        {"message": " \n", "a": 1},
        {"message": None},
        {"msg": 7},
        {"message": {}},
    ],
)
def test_a_structured_log_without_a_message_is_its_own_message(empty: dict[str, Any]) -> None:
    document = shipped(empty)
    assert document["message"] == json.dumps(empty)
    assert own(document) == empty


def test_a_formatted_message_is_taken_before_its_template() -> None:
    document = shipped(
        {"message": "Order {} placed", "formattedMessage": "Order 7 placed", "arguments": ["7"]}
    )
    assert document["message"] == "Order 7 placed"
    assert own(document) == {"message": "Order {} placed", "arguments": ["7"]}


def test_the_next_message_field_is_taken_if_the_first_is_empty() -> None:
    assert shipped({"message": "", "event": "placed"})["message"] == "placed"


@pytest.mark.parametrize(
    ("value", "message"), [({"order": 17}, '{"order":17}'), ([1, 2], "[1,2]"), (7, "7"), (False, "false")]
)
def test_a_message_that_is_no_string_is_its_json_and_stays_a_property(value: object, message: str) -> None:
    document = shipped({"message": value})
    assert document["message"] == message
    assert own(document) == {"message": value}


def test_the_message_is_never_empty() -> None:
    for blank in ("", " ", "\n"):
        assert entry_message(Log((event(blank),), parse(blank))) != ""


def entry_message(log: Log) -> str:
    message = json.loads(log_object(log, Level.INFORMATION, FRAME))["message"]
    assert isinstance(message, str)
    return message


# --- source ---


def test_a_logger_name_wins_over_the_log_group() -> None:
    assert shipped({"message": "x", "logger": "shop.orders"})["source"] == "shop.orders"
    assert shipped({"message": "x"})["source"] == "orders"


# --- exception ---


def test_the_trace_of_a_structured_log_is_its_exception() -> None:
    document = shipped({"message": "failed", "stack_trace": "Error: x\n at y", "order": 17})
    assert document["exception"] == "Error: x\n at y"
    assert document["message"] == "failed"
    assert own(document) == {"order": 17}


def test_the_fields_beside_a_trace_inside_a_field_are_kept() -> None:
    document = shipped(
        {"msg": "failed", "err": {"type": "Error", "code": "ENOSPC", "stack": "Error: x\n    at y"}}
    )
    assert document["exception"] == "Error: x\n    at y"
    assert own(document) == {"err": {"type": "Error", "code": "ENOSPC"}}


def test_a_text_keeps_its_trace() -> None:
    text = 'failed\nTraceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: x'
    document = shipped(text)
    assert document["message"] == text
    assert document["exception"] == text.removeprefix("failed\n")


# --- properties ---


@pytest.mark.parametrize("name", WHERE)
def test_fields_named_like_a_property_of_the_shipper_are_renamed(name: str) -> None:
    properties = shipped({"message": "x", name: "its own"})["properties"]
    assert properties == {**WHERE, f"log.{name}": "its own"}


def test_a_renamed_property_does_not_take_the_place_of_another() -> None:
    properties = shipped({"message": "x", "region": 1, "log.region": 2, "log.log.region": 3})["properties"]
    assert properties == {**WHERE, "log.region": 2, "log.log.region": 3, "log.log.log.region": 1}


@given(
    st.dictionaries(
        st.sampled_from([f"{'log.' * times}{name}" for name in [*WHERE, "requestId"] for times in range(4)]),
        st.integers(0, 9),
    )
)
def test_no_field_is_lost_when_names_collide(fields: dict[str, int]) -> None:
    properties = shipped({"message": "x", **fields}, log=5, region=6)["properties"]
    assert properties.items() >= WHERE.items()
    assert sorted(own({"properties": properties}).values()) == sorted([*fields.values(), 5, 6])


def test_a_joined_log_has_the_ids_of_all_its_events() -> None:
    [log] = join([event("java.lang.Error: x"), event("\tat a.B.c(B.java:1)", identifier="e1")])
    properties = json.loads(log_object(log, Level.ERROR, FRAME))["properties"]
    assert properties["eventId"] == "e0"
    assert properties["eventIds"] == ["e0", "e1"]


def test_the_rest_of_a_trace_is_marked_as_continued() -> None:
    parsed = parse("\tat a.B.c(B.java:1)")
    log = Log((event(parsed.text),), parsed, parsed.text, continues=parse("java.lang.Error: x"))
    assert json.loads(log_object(log, Level.ERROR, FRAME))["properties"]["continued"] is True
    assert "continued" not in shipped("x")["properties"]


def test_fields_that_the_subscription_filter_added_are_kept() -> None:
    added: dict[str, Any] = {
        "extractedFields": {"status": "500"},
        "@aws.account": "210987654321",
        "@aws.region": "eu-north-1",
    }
    assert own(shipped("x", **added)) == added


SYSTEM_FIELDS = {"@aws.account": "210987654321", "@aws.region": "eu-north-1"}


@pytest.mark.parametrize(
    "added",
    [
        {"extractedFields": SYSTEM_FIELDS},
        {"extractedFields": {**SYSTEM_FIELDS, "@source.log": "orders"}},
        {"extractedFields": {"@aws.account": "210987654321"}, "@aws.region": "eu-north-1"},
        {"extractedFields": {"@aws.account": None, "@aws.region": " "}, **SYSTEM_FIELDS},
        {"extractedFields": "text", **SYSTEM_FIELDS},
        SYSTEM_FIELDS,
    ],
)
def test_account_and_region_are_those_that_the_subscription_filter_adds(added: dict[str, Any]) -> None:
    properties = shipped("x", **added)["properties"]
    assert (properties["accountId"], properties["region"]) == ("210987654321", "eu-north-1")
    assert {name: properties[name] for name in added} == added


@pytest.mark.parametrize("added", [{"extractedFields": SYSTEM_FIELDS}, SYSTEM_FIELDS])
def test_a_log_of_another_account_has_no_tags_of_the_log_group_here(added: dict[str, Any]) -> None:
    [log] = join([event("x", **added)])
    where = frame(ORIGIN, REGION, tags={"team": "central"})
    assert "team" not in json.loads(log_object(log, Level.WARNING, where))["properties"]


def test_a_log_of_another_account_has_no_tags_even_if_the_account_is_left_out() -> None:
    [log] = join([event("x", extractedFields=SYSTEM_FIELDS)])
    where = frame(ORIGIN, REGION, tags={"team": "central"}, left_out=frozenset({"accountId", "region"}))
    assert "team" not in json.loads(log_object(log, Level.WARNING, where))["properties"]


def test_a_log_of_this_account_has_the_tags_of_its_log_group() -> None:
    [log] = join([event("x", extractedFields={"@aws.account": ORIGIN.owner, "@aws.region": REGION})])
    where = frame(ORIGIN, REGION, tags={"team": "shop"})
    assert json.loads(log_object(log, Level.WARNING, where))["properties"]["team"] == "shop"


def test_the_account_alone_may_be_named_by_the_subscription_filter() -> None:
    properties = shipped("x", extractedFields={"@aws.account": "210987654321"})["properties"]
    assert (properties["accountId"], properties["region"]) == ("210987654321", REGION)


@pytest.mark.parametrize("value", [None, "", " ", 5, ["eu-north-1"]])
def test_an_invalid_account_or_region_of_the_subscription_filter_is_ignored(value: object) -> None:
    fields: dict[str, Any] = {"@aws.account": value, "@aws.region": value}
    plain = shipped("x")["properties"]
    for added in (fields, {"extractedFields": fields}):
        properties = shipped("x", **added)["properties"]
        assert (properties["accountId"], properties["region"]) == (plain["accountId"], plain["region"])


def test_integers_beyond_64_bits_stay_exact() -> None:
    assert own(shipped('{"message": "x", "n": 123456789012345678901234567890}')) == {
        "n": "123456789012345678901234567890"
    }


# --- Lambda ---


@pytest.mark.parametrize(
    "message",
    [
        f"2026-11-03T10:00:00.123Z\t{ID}\tINFO\tOrder placed",
        f'2026-11-03T10:00:00.123Z\t{ID}\tINFO\t{{"message": "Order placed"}}',
        f'[INFO]\t2026-11-03T10:00:00.123Z\t{ID}\t{{"message": "Order placed", "requestId": "{ID}"}}',
        f"START RequestId: {ID} Version: $LATEST",
        f"END RequestId: {ID}",
        f"RequestId: {ID} Error: Runtime exited with error: exit status 1",
        f"2026-11-03T10:00:00.123Z {ID} Task timed out after 3.00 seconds",
        f'{{"level": "INFO", "message": "Order placed", "requestId": "{ID}"}}',
        f'{{"time":"2026-11-03T10:00:00.123Z","type":"platform.start","record":{{"requestId":"{ID}"}}}}',
        f'{{"level": "INFO", "message": "Order placed", "AWSRequestId": "{ID}"}}',
        f'{{"level": "INFO", "message": "Order placed", "function_request_id": "{ID}"}}',
        f'{{"level": "INFO", "fields": {{"message": "Order placed"}}, "span": {{"requestId": "{ID}"}}}}',
    ],
)
def test_the_request_id_of_lambda_is_a_property(message: str) -> None:
    properties = shipped(message)["properties"]
    assert properties["requestId"] == ID
    assert "log.requestId" not in properties


def test_a_request_id_field_of_the_log_is_renamed_beside_that_of_lambda() -> None:
    properties = shipped(f'2026-11-03T10:00:00.123Z\t{ID}\tINFO\t{{"message": "x", "requestId": "web-7"}}')[
        "properties"
    ]
    assert (properties["requestId"], properties["log.requestId"]) == (ID, "web-7")


def test_the_numbers_of_a_report_are_properties() -> None:
    text = (
        f"REPORT RequestId: {ID}\tDuration: 102.25 ms\tBilled Duration: 103 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 35 MB\tInit Duration: 105.05 ms\t\n"
        "XRAY TraceId: 1-5f3b-0a1b\tSegmentId: 0123abcd\tSampled: true\t"
    )
    document = shipped(text + "\n")
    assert document["message"] == text.rstrip()
    assert own(document) == {
        "requestId": ID,
        "durationMs": 102.25,
        "billedDurationMs": 103,
        "memorySizeMb": 128,
        "maxMemoryUsedMb": 35,
        "initDurationMs": 105.05,
        "xrayTraceId": "1-5f3b-0a1b",
        "xraySegmentId": "0123abcd",
        "xraySampled": True,
    }


def test_a_report_of_a_failure_or_of_a_restored_snapshot_is_read() -> None:
    failed = f"REPORT RequestId: {ID}\tDuration: 3000.00 ms\tStatus: timeout\tError Type: Runtime.ExitError"
    assert own(shipped(failed)) == {
        "requestId": ID,
        "durationMs": 3000.0,
        "status": "timeout",
        "errorType": "Runtime.ExitError",
    }
    restored = (
        f"REPORT RequestId: {ID}\tDuration: 1.0 ms\t"
        "Restore Duration: 300.5 ms\tBilled Restore Duration: 301 ms"
    )
    assert own(shipped(restored)) == {
        "requestId": ID,
        "durationMs": 1.0,
        "restoreDurationMs": 300.5,
        "billedRestoreDurationMs": 301,
    }
    init = "INIT_REPORT Init Duration: 9999.91 ms\tPhase: init\tStatus: timeout"
    assert own(shipped(init)) == {"initDurationMs": 9999.91, "phase": "init", "status": "timeout"}


REQUEST = {"requestId": ID}
TRACED = {
    "spanId": "54565fb41ac79632",
    "type": "X-Amzn-Trace-Id",
    "value": "Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1",
}


@pytest.mark.parametrize(
    ("kind", "record", "properties"),
    [
        (
            "report",
            {
                **REQUEST,
                "metrics": {
                    "durationMs": 1.5,
                    "billedDurationMs": 2,
                    "memorySizeMB": 128,
                    "maxMemoryUsedMB": 35,
                },
                "status": "success",
            },
            {
                "durationMs": 1.5,
                "billedDurationMs": 2,
                "memorySizeMb": 128,
                "maxMemoryUsedMb": 35,
                "status": "success",
            },
        ),
        (
            "report",
            {**REQUEST, "metrics": {"durationMs": 9.5}, "status": "error", "errorType": "Runtime.ExitError"},
            {"durationMs": 9.5, "status": "error", "errorType": "Runtime.ExitError"},
        ),
        (
            "report",
            {**REQUEST, "tracing": TRACED},
            {"xrayTraceId": "1-62e900b2-710d76f009d6e7785905449a", "xraySampled": True},
        ),
        (
            "initReport",
            {"phase": "init", "status": "timeout", "metrics": {"durationMs": 10000.487}},
            {"initDurationMs": 10000.487, "phase": "init", "status": "timeout"},
        ),
        (
            "restoreReport",
            {"status": "success", "metrics": {"durationMs": 15.19}},
            {"restoreDurationMs": 15.19, "status": "success"},
        ),
        ("restoreReport", {"status": "timeout"}, {"status": "timeout"}),
    ],
)
def test_a_report_in_json_format_has_the_properties_of_one_in_text(
    kind: str, record: dict[str, Any], properties: dict[str, Any]
) -> None:
    fields = {"time": "2026", "type": f"platform.{kind}", "record": record}
    identifier = REQUEST if "requestId" in record else {}
    assert own(shipped(fields)) == fields | identifier | properties


def test_a_record_that_is_repeated_by_a_report_has_no_numbers() -> None:
    record = {**REQUEST, "status": "timeout", "metrics": {"durationMs": 10000.0, "producedBytes": 0}}
    fields = {"type": "platform.runtimeDone", "record": record}
    assert own(shipped(fields)) == fields | REQUEST


@pytest.mark.parametrize(
    "record",
    [
        {"metrics": None, "status": {}, "phase": 1, "errorType": None, "tracing": {"value": "Root=1"}},
        {"tracing": {"type": "X-Amzn-Trace-Id", "value": ";=;Sampled;"}},
        {"tracing": {"type": "X-Amzn-Trace-Id", "value": None}},
    ],
)
def test_an_invalid_report_in_json_format_raises_nothing(record: dict[str, Any]) -> None:
    fields = {"type": "platform.report", "record": record}
    assert own(shipped(fields)) == fields


def test_a_line_that_only_mentions_a_report_has_no_numbers() -> None:
    assert own(shipped("REPORT: Duration: 3 ms")) == {}


def test_an_embedded_metric_format_record_names_its_metrics() -> None:
    directives = [
        {
            "Namespace": "Shop",
            "Dimensions": [["Service"]],
            "Metrics": [{"Name": "Orders", "Unit": "Count"}, {"Name": "Hats"}],
        }
    ]
    fields = {
        "_aws": {"Timestamp": NOW, "CloudWatchMetrics": directives},
        "Service": "checkout",
        "Orders": 1,
        "Hats": 2,
    }
    assert own(shipped(fields)) == {**fields, "embeddedMetrics": ["Shop/Orders", "Shop/Hats"]}


@pytest.mark.parametrize(
    "directives",
    [
        [],
        [None],
        [{}],
        [{"Namespace": 1, "Metrics": [{}]}],
        [{"Namespace": "a", "Metrics": [1, {"Name": 2}]}],
        {},
    ],
)
def test_an_invalid_embedded_metric_format_record_raises_nothing(directives: object) -> None:
    fields = {"_aws": {"CloudWatchMetrics": directives}}
    assert own(shipped(fields)).get("embeddedMetrics", []) == []


# --- bounds ---


def nested(levels: int) -> str:
    """Return a JSON object with this number of levels."""
    return '{"a":' * (levels - 1) + '{"deepest":1}' + "}" * (levels - 1)


def test_a_log_nested_to_the_limit_is_unchanged() -> None:
    assert own(shipped(nested(MAX_DEPTH))) == json.loads(nested(MAX_DEPTH))


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 200, 254, 300, 1000])
def test_values_nested_deeper_than_the_limit_become_text(levels: int) -> None:
    value: Any = own(shipped(nested(levels)))
    depth = 0
    while isinstance(value, dict):
        [value] = value.values()
        depth += 1
    assert depth == MAX_DEPTH
    assert value.startswith(f"… [nested deeper than {MAX_DEPTH} levels]")
    if levels < MAX_DEPTH + 254:
        assert value.endswith(nested(levels - MAX_DEPTH))


@pytest.mark.parametrize("name", ["message", "exception", "error", "err", "context", "log", "record", "_aws"])
def test_a_field_nested_a_thousand_times_becomes_text(name: str) -> None:
    document = shipped(f'{{"{name}":' * 1000 + "1" + "}" * 1000)
    assert f"… [nested deeper than {MAX_DEPTH} levels]" in json.dumps(document, ensure_ascii=False)


def test_many_brackets_side_by_side_are_not_taken_for_depth() -> None:
    fields = {"lists": [[]] * 1000, "note": "{[" * 1000}
    assert own(shipped(fields)) == fields


def test_the_largest_log_event_is_shipped_whole() -> None:
    text = "é" * (1024 * 1024 // 2)
    document = shipped(text)
    assert document["message"] == text
    document = shipped({"message": text, "order": 17})
    assert document["message"] == text


TRACE = "java.lang.IllegalStateException: no hats\n\tat shop.Orders.place(Orders.java:17)\n"
LONG_TRACE = TRACE + "\tat shop.Hats.take(Hats.java:5)\n" * 32_600
CUT_AT_256_KIB = re.compile(r"(?s).{262144}… \[truncated: \d+ characters\]")


@pytest.mark.parametrize("heading", ["", "2026-11-03 10:00:00 ERROR failed\n"])
def test_of_the_largest_stack_trace_only_the_repetition_in_exception_is_cut(heading: str) -> None:
    text = (heading + LONG_TRACE)[: 1024 * 1024].rstrip()
    document = shipped(text)
    assert document["message"] == text
    assert document["exception"].startswith(TRACE)
    assert CUT_AT_256_KIB.fullmatch(document["exception"])


def test_of_the_largest_structured_log_only_repetitions_in_message_and_exception_are_cut() -> None:
    fields = {"error": {"type": "Error", "message": "x" * 1_048_000}}
    document = shipped(fields)
    assert own(document) == fields
    assert CUT_AT_256_KIB.fullmatch(document["message"])
    assert CUT_AT_256_KIB.fullmatch(document["exception"])


def test_a_stack_trace_that_is_not_repeated_is_not_cut() -> None:
    trace = LONG_TRACE[:900_000]
    document = shipped({"message": "failed", "stack_trace": trace, "error": {"message": "x" * 100_000}})
    assert document["exception"] == trace


@pytest.mark.parametrize(
    ("character", "length"), [('"', 1000 * 1024), ("\x7f", 1024 * 1024), ("\x00", 336 * 1024)]
)
def test_text_that_json_has_to_escape_is_cut_no_more_than_necessary(character: str, length: int) -> None:
    message = shipped(character * 1024 * 1024)["message"]
    kept, _, rest = message.partition("… [truncated: ")
    assert kept == character * length
    assert rest == (f"{1024 * 1024 - length} characters]" if length < 1024 * 1024 else "")


def test_a_log_with_more_values_than_fit_has_them_as_text() -> None:
    text = '{"message":"m","items":[' + ",".join(["1e15"] * 200_000) + "]}"
    document = shipped(text)
    assert document["message"] == "m"
    assert own(document) == {"log": text}


def test_the_text_of_a_structured_log_without_message_is_cut_since_its_properties_hold_all() -> None:
    fields = {"items": ["hat"] * 10_000}
    document = shipped(fields)
    text = json.dumps(fields)
    assert document["message"] == f"{text[:MAX_OWN_TEXT]}… [truncated: {len(text) - MAX_OWN_TEXT} characters]"
    assert own(document) == fields


@pytest.mark.parametrize(
    "message",
    [
        "x" * 3_000_000,
        "\x00" * 1_000_000,
        json.dumps({"message": "\x00" * 900_000}),
        json.dumps({"items": ["\x00" * 5000] * 1000}),
        json.dumps({"\x00" * 100_000 + str(number): number for number in range(10)}),
        json.dumps({"items": ["\x00"] * 400_000}),
    ],
    ids=["text", "control characters", "message", "strings", "names", "items"],
)
def test_a_log_that_is_too_long_is_cut_and_marked(message: str) -> None:
    [log] = join([event(message)])
    body = log_object(log, Level.ERROR, FRAME)
    assert len(body) <= MAX_BODY_BYTES
    assert "… [truncated: ".encode() in body
    assert json.loads(body)["properties"].items() >= WHERE.items()


# --- any event ---

ANY_TEXT = st.text(st.characters())  # including lone surrogates
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
KNOWN_NAMES = st.sampled_from(
    [
        *(*WHERE, "log.region", "requestId"),
        *("message", "msg", "log", "logger", "name", "kubernetes", "Properties", "_aws", "record", "type"),
        *("error", "err", "exception", "stack", "stackTrace", "errorType", "thrown", "attributes", "context"),
    ]
)
MESSAGES = (
    ANY_TEXT
    | st.dictionaries(KNOWN_NAMES | ANY_TEXT, ANY_VALUE, max_size=6).map(json.dumps)
    | st.dictionaries(KNOWN_NAMES, ANY_VALUE, max_size=6).map(
        lambda fields: f"[INFO]\t2026-11-03T10:00:00.1Z\t{ID}\t{json.dumps(fields)}"
    )
    | st.sampled_from(
        ["REPORT RequestId: ", "INIT_REPORT Duration: x", f"REPORT RequestId: {ID}\tDuration: {'9' * 400} ms"]
    )
)


@given(
    MESSAGES,
    ANY_VALUE,
    st.dictionaries(KNOWN_NAMES | ANY_TEXT, ANY_VALUE, max_size=3),
    st.sampled_from(Level),
)
def test_every_event_becomes_a_log_that_the_ingest_api_accepts(
    message: str, timestamp: object, added: dict[str, Any], level: Level
) -> None:
    raw = {**added, "id": "e0", "timestamp": timestamp, "message": message}
    given_event = UnusualEvent("e0", timestamp, message, raw)
    [log] = join([given_event])
    body = log_object(log, level, FRAME)
    assert len(body) <= MAX_BODY_BYTES
    document = orjson.loads(body)  # strict: no NaN, no lone surrogates
    assert document.keys() <= {"timestamp", "level", "message", "source", "exception", "properties"}
    assert document["level"] == level.value
    assert isinstance(document["message"], str)
    assert document["message"] != ""
    assert isinstance(document["source"], str)
    assert isinstance(document.get("exception", ""), str)
    assert document["properties"].items() >= WHERE.items()
    if "timestamp" in document:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["timestamp"])


PREFIXES = st.sampled_from(
    [
        "",
        f"[INFO]\t2026-11-03T10:00:00.1Z\t{ID}\t",
        f"START RequestId: {ID} ",
        f"REPORT RequestId: {ID}\tDuration: 7 ms\t",
    ]
)


@given(PREFIXES, ANY_TEXT | MESSAGES, st.integers() | ANY_VALUE, ANY_TEXT)
def test_the_fast_way_for_logs_with_few_properties_makes_the_same_log(
    prefix: str, text: str, timestamp: object, identifier: str
) -> None:
    little = event(prefix + text, timestamp, identifier)
    much = event(prefix + text, timestamp, identifier, added="by the subscription filter")
    documents = []
    for each in (little, much):
        [log] = join([each])
        documents.append(json.loads(log_object(log, Level.ERROR, FRAME)))
    assert documents[1]["properties"].pop("added") == "by the subscription filter"
    assert documents[0] == documents[1]


NAMES_OF_A_LOGGER = st.sampled_from(
    [
        "message",
        "msg",
        "logger",
        "level",
        "requestId",
        "awsRequestId",
        "_aws",
        "record",
        "type",
        "eventId",
        "error",
        "logGroup",
        "region",
    ]
)
REPORT = {"type": "platform.report", "record": {"requestId": ID, "metrics": {"durationMs": 7.5}}}
FIELDS = st.dictionaries(NAMES_OF_A_LOGGER | st.text(max_size=3), ANY_VALUE | ANY_TEXT, max_size=6)


@given(FIELDS, PREFIXES, st.integers(0, 10**15) | st.none(), ANY_TEXT, st.sampled_from(Level))
@example({"message": "x", "awsRequestId": 'a"b\ud800'}, "", 1, "e0", Level.ERROR)
@example({"message": "x", "awsRequestId": ID, "requestId": ID}, "", 1, "e0", Level.ERROR)
@example({"message": "x", "requestId": ID, "order": 17}, "", 1, "e0", Level.ERROR)
@example({"message": "x", "requestId": "web-7", "awsRequestId": ID}, "", 1, "e0", Level.ERROR)
@example({"message": "x", "n": 2**64}, "", 1, "e0", Level.ERROR)
@example(
    {"message": "x", "stack_trace": "java.lang.Error: y\n\tat a.B.c(B.java:1)"}, "", 1, "e0", Level.ERROR
)
@example({"message": "x", "stack_trace": "\ud800\n", "error": {"stack": "y"}}, "", 1, "e0", Level.ERROR)
@example({**REPORT, "awsRequestId": ID}, "", 1, "e0", Level.ERROR)
@example({**REPORT, "durationMs": 8}, "", 1, "e0", Level.ERROR)
@example({**REPORT, "requestId": ID}, "", 1, "e0", Level.ERROR)
@example({}, "", 1, "e0", Level.ERROR)
def test_a_structured_log_is_the_same_with_and_without_prepared_json(
    fields: dict[str, Any], prefix: str, timestamp: object, identifier: str, level: Level
) -> None:
    for log in join([event(prefix + json.dumps(fields), timestamp, identifier)]):
        if log.parsed.fields is not None:
            assert log_object(log, level, FRAME) == log_object(log, level, FRAME._replace(json=None))


SAMPLES = mixed(1300)


@given(st.integers(0, len(SAMPLES) - 1), st.integers(1, 6), st.sampled_from(Level))
def test_sample_events_are_the_same_with_and_without_prepared_json_but_for_the_order_of_time_and_level(
    first: int, number: int, level: Level
) -> None:
    for log in join([event(text, NOW + 1) for text in SAMPLES[first : first + number]]):
        body, at_once = (log_object(log, level, where) for where in (FRAME, FRAME._replace(json=None)))
        if body.startswith(b'{"timestamp"'):
            assert log.parsed.fields is None
            body = body.replace(*_time_and_level(body), 1)
        assert body == at_once


def _time_and_level(body: bytes) -> tuple[bytes, bytes]:
    time_first = body[1 : body.index(b',"message"')]
    time, level = time_first.split(b",")
    return time_first, level + b"," + time


# --- properties of every log ---


def with_properties(message: dict[str, Any] | str, properties: dict[str, str], **added: Any) -> Any:
    text = message if isinstance(message, str) else json.dumps(message)
    [log] = join([event(text, **added)])
    return json.loads(log_object(log, Level.WARNING, frame(ORIGIN, REGION, properties)))["properties"]


def test_properties_of_every_log_are_in_every_log() -> None:
    properties = {"stage": "production", "team": "orders"}
    for message in ("Order placed", {"message": "Order placed"}):
        assert with_properties(message, properties) == {**WHERE, **properties}


def test_a_field_named_like_a_property_of_every_log_is_kept_beside_it() -> None:
    own_field = with_properties({"message": "x", "team": "payments"}, {"team": "orders"})
    assert own_field == {**WHERE, "team": "orders", "log.team": "payments"}
    added = with_properties("x", {"extractedFields": "orders"}, extractedFields={"a": "b"})
    assert added == {**WHERE, "extractedFields": "orders", "log.extractedFields": {"a": "b"}}


def test_values_of_a_report_win_over_properties_of_every_log() -> None:
    report = f"REPORT RequestId: {ID}\tDuration: 1.5 ms\tStatus: timeout"
    assert with_properties(report, {"status": "ours"})["status"] == "timeout"
