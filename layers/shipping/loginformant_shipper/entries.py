"""The ingest API's log object: serialised exactly once, still tied to the raw events it came from.

The shape is the request body of LogInformant's "Build your own integration". What the parts hold:

`timestamp`   the first event's own, UTC, milliseconds; left out where it is no time between 1970 and 9999.
`level`       as inferred.
`message`     a structured log's message field; otherwise the text as it came. Never empty.
`source`      a structured log's logger; otherwise what `source_of_log_group` calls the log group.
`exception`   the stack trace, left out where there is none.
`properties`  a structured log's other fields as they are, and ours:

| property | what it is |
|---|---|
| `logGroup`, `logStream`, `accountId`, `region` | where the log event comes from |
| `eventId` | CloudWatch's id of the log event; of the first where there are several |
| `eventIds` | the ids of all events, where several were joined |
| `requestId` | of the Lambda invocation, where the log tells it |
| `originalTimestamp` | what stood in the place of a timestamp that is left out |
| `continued` | `true`: the rest of a stack trace whose beginning is another log |
| `durationMs`, `billedDurationMs`, `initDurationMs`, `restoreDurationMs`, `billedRestoreDurationMs`, `memorySizeMb`, `maxMemoryUsedMb`, `status`, `phase`, `errorType`, `xrayTraceId`, `xraySegmentId`, `xraySampled` | of a Lambda function's REPORT |
| `embeddedMetrics` | `namespace/metric` of each metric in an embedded metric format record |
| what `PROPERTIES` says | the same for every log |
| `extractedFields`, `@aws.account`, `@aws.region` … | what the subscription filter added to the event, as it came |

Where a log has a field of its own of such a name, and ours is there too, its own becomes `log.<name>`.
"""  # noqa: E501  # a table row cannot be wrapped

import math
import re
from functools import lru_cache
from itertools import count
from time import gmtime, strftime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from loginformant_shipper.exception_fields import exception_of, without
from loginformant_shipper.parsing import new, parse
from loginformant_shipper.payload_json import LONE_SURROGATE
from loginformant_shipper.request_ids import request_id
from loginformant_shipper.sources import logger_of, source_of_log_group
from loginformant_shipper.subscription import LogEvent, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from loginformant_shipper.levels import Level
    from loginformant_shipper.parsing import ParsedMessage
    from loginformant_shipper.stacktraces import Log

Fields = dict[str, Any]

MAX_BODY_BYTES = 2 * 1024 * 1024
"""A log event is at most 1 MB, so a message goes whole, and so does a trace that is all of a message. Beyond
it are only characters that JSON writes with six bytes each."""

MAX_DEPTH = 32
"""Levels of nesting in a structured log. orjson writes 254, and many readers of JSON stop at 64."""

MAX_OWN_TEXT = 16 * 1024
"""Characters of the message of a structured log that has no message field: all of it is in its properties."""

_LENGTHS = (MAX_BODY_BYTES, 256 * 1024, 64 * 1024, 16 * 1024, 4 * 1024)
"""Characters to which strings are cut, tried one after the other until the body is within its limit."""

_END_OF_9999 = 253_402_300_800_000
"""Milliseconds since 1970 at 10000-01-01T00:00:00Z."""


class Entry(NamedTuple):
    body: bytes
    """The log object: JSON, UTF-8."""
    events: tuple[LogEvent, ...]
    """The log events it was made of."""
    origin: Origin


class Frame(NamedTuple):
    """What all logs of one log stream have in common."""

    origin: Origin
    source: str
    """What the log group is called, for logs that name no logger."""
    properties: Fields
    json: bytes | None
    """Source and properties as they stand in a log object, without the braces; None where JSON refuses."""


def frame(origin: Origin, region: str, properties: "Mapping[str, str]" = MappingProxyType({})) -> Frame:
    """What the logs of `origin` have in common; `region` is the AWS region it comes from.

    `properties` are added to those that say where a log comes from.
    """
    source = source_of_log_group(origin.log_group)
    shared: Fields = {
        **properties,
        "logGroup": origin.log_group,
        "logStream": origin.log_stream,
        "accountId": origin.owner,
        "region": region,
    }
    json = _serialised({"source": source, "properties": shared})
    return Frame(origin, source, shared, json and json[1:-2])


def entry(log: "Log", level: "Level", frame: Frame) -> Entry:
    """Make the log object of one log of the log stream that `frame` is of.

    Never raises: what JSON or the bounds of this module do not allow is replaced by what shows that it was.
    """
    body = _plain_body(log, level, frame) or _body(log, level, frame)
    return new(Entry, (body, log.events, frame.origin))


def _plain_body(log: "Log", level: "Level", frame: Frame) -> bytes | None:
    """The log object of a log that is one event of text with nothing to be said of it, as most are.

    What `_body` gives, in a third of the time: only the message and the event's id are serialised. None for
    any other log.
    """
    event, parsed = log.events[0], log.parsed
    text = parsed.text
    if (
        parsed.fields is not None
        or log.exception is not None
        or log.continues is not None
        or len(log.events) > 1
        or event.unusual is not None
        or frame.json is None
        or not text
        or text.startswith(_REPORT_LINES)
        or (timestamp := _iso(event.timestamp)) is None
    ):
        return None
    try:
        message, event_id = orjson.dumps(text), orjson.dumps(event.id)
    except TypeError:  # a lone surrogate
        return None
    identifier = request_id(parsed)
    of_lambda = b"" if identifier is None else b',"requestId":"%b"' % identifier.encode()
    body = b'{"timestamp":"%b","level":"%b","message":%b,%b,"eventId":%b%b}}' % (
        timestamp.encode(),
        level.encode(),
        message,
        frame.json,
        event_id,
        of_lambda,
    )
    return body if len(body) <= MAX_BODY_BYTES else None


def _body(log: "Log", level: "Level", frame: Frame) -> bytes:
    parsed = log.parsed
    document: Fields = {"level": level}
    timestamp = _iso(log.events[0].timestamp)
    if timestamp is not None:
        document["timestamp"] = timestamp
    ours = _ours(log, frame, timestamp)
    if log.exception is not None:
        document["exception"] = log.exception
    if parsed.fields is None:
        document["message"] = parsed.text or _BLANK
        document["source"] = frame.source
        document["properties"] = ours
    else:
        document |= _of_fields(log, parsed.fields, ours, frame)
    body = None if parsed.fields is not None and _is_deep(parsed) else _serialised(document)
    return body or _bounded_body(document, parsed, ours)


def _of_fields(log: "Log", fields: Fields, ours: Fields, frame: Frame) -> Fields:
    """Message, source and properties of a structured log."""
    used: list[str] = []
    message, field = _message(fields)
    if field is not None:
        used.append(field)
    if (logger := logger_of(fields)) is not None:
        source, field = logger
        if field is not None:
            used.append(field)
    else:
        source = frame.source
    found = exception_of(fields) if log.exception is not None else None
    others = without(found.path, fields) if found and found.text == log.exception else fields.copy()
    for field in used:
        others.pop(field, None)
    return {
        "message": message or _cut(log.parsed.text, MAX_OWN_TEXT) or _BLANK,
        "source": source,
        "properties": _merged(others, ours),
    }


# --- timestamp ---


def _iso(timestamp: object) -> str | None:
    """Milliseconds since 1970 as ISO 8601; None where it is no whole number in the years 1970 to 9999."""
    if type(timestamp) is not int or not 0 <= timestamp < _END_OF_9999:
        return None
    return _iso_seconds(timestamp // 1000) + _MILLISECONDS[timestamp % 1000]


_MILLISECONDS = tuple(f".{number:03d}Z" for number in range(1000))


@lru_cache(maxsize=1024)
def _iso_seconds(seconds: int) -> str:
    """Events of one payload share few seconds, so most of them need no calendar."""
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


# --- message ---

_MESSAGE_FIELDS = (
    "message",
    "msg",  # pino, bunyan, slog, zap, logrus, mongod
    "@m",  # Serilog, compact format: the message, and its template
    "@mt",
    "event",  # structlog
    "short_message",  # GELF
    "Message",  # .NET's JSON console
    "RenderedMessage",  # Serilog, JSON formatter
    "MessageTemplate",
    "log.message",
    "log",  # container log drivers, Fluent Bit
    "text",
    "body",  # OpenTelemetry
    "Body",
    "textPayload",
    "errorMessage",  # AWS Lambda
    "error.message",  # Elastic Common Schema
)
_MESSAGE_FIELDS_INSIDE = (
    ("log", "message"),
    ("error", "message"),
    ("err", "message"),
    ("jsonPayload", "message"),
)
_ANY_OUTER_MESSAGE_FIELD = frozenset(outer for outer, _ in _MESSAGE_FIELDS_INSIDE)

_BLANK = "(blank)"
"""The message of a log that holds nothing but white space, in case that one is not filtered."""


def _message(fields: Fields, levels: int = 2) -> tuple[str | None, str | None]:
    """The message of a structured log, and the field it was in if that field holds nothing else.

    None where there is no message, or an empty one. A message that is an object gives that object's own
    message, or its JSON; one that is JSON text (as Fluent Bit hands over structured logs) that object's own;
    both for so many `levels`.
    """
    for field in _MESSAGE_FIELDS:
        value = fields.get(field)
        if value is None:
            continue
        if isinstance(value, str):
            if text := value.rstrip():
                within = parse(text).fields if text[0] == "{" and levels else None
                inner = _message(within, levels - 1)[0] if within else None
                return (inner, None) if inner else (text, field)
        elif field == "message" and value not in ({}, []):
            inner = _message(value, levels - 1)[0] if isinstance(value, dict) and levels else None
            if json := inner or _json(value):
                return json, None
    if not _ANY_OUTER_MESSAGE_FIELD.isdisjoint(fields):
        for outer, inner_field in _MESSAGE_FIELDS_INSIDE:
            holder = fields.get(outer)
            inner_text = holder.get(inner_field) if isinstance(holder, dict) else None
            if isinstance(inner_text, str) and (inner_text := inner_text.rstrip()):
                return inner_text, None
    return None, None


# --- properties ---

_OF_EVERY_EVENT = frozenset({"id", "timestamp", "message"})


def _ours(log: "Log", frame: Frame, timestamp: str | None) -> Fields:
    """The properties that the shipper adds, under names that stay theirs; `timestamp` as the log has it."""
    event = log.events[0]
    properties: Fields = {**frame.properties, "eventId": event.id}
    if len(log.events) > 1:
        properties["eventIds"] = [each.id for each in log.events]
    if log.continues is not None:
        properties["continued"] = True
    if timestamp is None and event.timestamp is not None:
        properties["originalTimestamp"] = _finite(event.timestamp)

    parsed = log.parsed
    if (identifier := request_id(parsed)) is not None:
        properties["requestId"] = identifier
    if parsed.fields is not None:
        _add_from_fields(properties, parsed.fields)
    elif parsed.text.startswith(_REPORT_LINES):
        _add_from_report(properties, parsed.text)

    if event.unusual is not None:
        added = {name: value for name, value in event.unusual.items() if name not in _OF_EVERY_EVENT}
        properties = _merged(added, properties)
    return properties


def _merged(others: Fields, ours: Fields) -> Fields:
    """Both; where a name is in both, the other's becomes `log.<name>`, or `log.log.<name>`, and so on."""
    if ours.keys().isdisjoint(others):
        return {**others, **ours}
    merged = {name: value for name, value in others.items() if name not in ours}
    for name, value in others.items():
        if name in ours and not (name == "requestId" and value == ours[name]):
            names = (f"{'log.' * times}{name}" for times in count(1))
            free = next(new for new in names if new not in merged and new not in ours)
            merged[free] = value
    merged.update(ours)
    return merged


def _finite(number: object) -> object:
    """JSON has no words for NaN and the infinities."""
    return str(number) if isinstance(number, float) and not math.isfinite(number) else number


# --- properties: Lambda and embedded metrics ---

_REPORT_LINES = ("REPORT RequestId: ", "INIT_REPORT ", "RESTORE_REPORT ")

# "Monitoring Lambda functions with CloudWatch Logs", AWS Lambda developer guide.
_REPORTED = re.compile(
    r"\b(?:(?P<number>(?:Billed |Init |Restore |Billed Restore )?Duration|Memory Size|Max Memory Used)"
    r": (?P<amount>\d{1,15}(?:\.\d{1,9})?) (?:ms|MB)"
    r"|(?P<word>Status|Error Type|Phase|XRAY TraceId|SegmentId|Sampled): (?P<said>[^\s]{1,256}))(?!\S)"
)
_REPORT_PROPERTIES = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Init Duration": "initDurationMs",
    "Restore Duration": "restoreDurationMs",
    "Billed Restore Duration": "billedRestoreDurationMs",
    "Memory Size": "memorySizeMb",
    "Max Memory Used": "maxMemoryUsedMb",
    "Status": "status",
    "Error Type": "errorType",
    "Phase": "phase",
    "XRAY TraceId": "xrayTraceId",
    "SegmentId": "xraySegmentId",
    "Sampled": "xraySampled",
}
# The same numbers in the JSON log format: `platform.report` in the schema of the Lambda Telemetry API.
_REPORT_METRICS = {
    "durationMs": "durationMs",
    "billedDurationMs": "billedDurationMs",
    "initDurationMs": "initDurationMs",
    "restoreDurationMs": "restoreDurationMs",
    "billedRestoreDurationMs": "billedRestoreDurationMs",
    "memorySizeMB": "memorySizeMb",
    "maxMemoryUsedMB": "maxMemoryUsedMb",
}

_FIELDS_WE_READ = frozenset({"_aws", "record"})


def _add_from_report(properties: Fields, text: str) -> None:
    for found in _REPORTED.finditer(text[:4096]):
        if found["number"]:
            amount = found["amount"]
            number = float(amount) if "." in amount else int(amount)
            properties[_REPORT_PROPERTIES[found["number"]]] = number
        else:
            said = found["said"]
            properties[_REPORT_PROPERTIES[found["word"]]] = {"true": True, "false": False}.get(said, said)


def _add_from_fields(properties: Fields, fields: Fields) -> None:
    if _FIELDS_WE_READ.isdisjoint(fields):
        return
    match fields:
        case {"_aws": {"CloudWatchMetrics": [*directives]}}:
            properties["embeddedMetrics"] = list(_embedded_metrics(directives))
        case {"type": str(kind), "record": {"metrics": dict(metrics)}} if kind.startswith("platform."):
            properties |= {
                name: metrics[metric] for metric, name in _REPORT_METRICS.items() if metric in metrics
            }


def _embedded_metrics(directives: list[object]) -> "Iterator[str]":
    """The names in a record of the CloudWatch embedded metric format, such as `Shop/Orders`."""
    for directive in directives:
        match directive:
            case {"Namespace": str(namespace), "Metrics": [*metrics]}:
                for metric in metrics:
                    match metric:
                        case {"Name": str(name)}:
                            yield f"{namespace}/{name}"


# --- serialisation within bounds ---


def _serialised(document: Fields) -> bytes | None:
    """None where orjson refuses (a lone surrogate, an integer beyond 64 bits), or where it is too long."""
    try:
        body = orjson.dumps(document)
    except TypeError:
        return None
    # A copy: orjson leaves each text in the 4 KiB it was written into. They add up when nothing is delivered.
    return bytes(memoryview(body)) if len(body) <= MAX_BODY_BYTES else None


def _bounded_body(document: Fields, parsed: "ParsedMessage", ours: Fields) -> bytes:
    for length in _LENGTHS:
        if body := _serialised(_bounded(document, MAX_DEPTH + 1, length)):
            return body
    # Not the strings are too long: there are too many of them. The beginning of the text stands for them.
    shortest = _LENGTHS[-1]
    document = {**document, "properties": {**ours, "log": _cut(parsed.body, shortest)}}
    return orjson.dumps(_bounded(document, MAX_DEPTH + 1, shortest))


def _bounded(value: Any, levels: int, length: int) -> Any:
    """`value` as JSON can hold it, with at most so many levels of nesting and so many characters a string."""
    match value:
        case str():
            return LONE_SURROGATE.sub("\ufffd", _cut(str(value), length))
        case bool() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else _digits(value)
        case float():
            return _finite(value)
        case dict() | list() if levels == 0:
            return f"… [nested deeper than {MAX_DEPTH} levels] {_cut(_json(value) or '', length)}".rstrip()
        case dict():
            return {
                _bounded(str(name), levels, length): _bounded(inner, levels - 1, length)
                for name, inner in value.items()
            }
        case list():
            return [_bounded(inner, levels - 1, length) for inner in value]
    return _bounded(str(value), levels, length)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}… [truncated: {len(text) - length} characters]"


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python writes integers of up to 4,300 digits
        return hex(number)


def _json(value: object) -> str | None:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # nested more than 254 deep
        return None


def _is_deep(parsed: "ParsedMessage") -> bool:
    """Whether more than `MAX_DEPTH` objects and arrays are inside one another."""
    if parsed.body.count("{") + parsed.body.count("[") <= MAX_DEPTH:
        return False
    level: list[Any] = [parsed.fields]
    for _ in range(MAX_DEPTH):
        members = (
            member for outer in level for member in (outer.values() if isinstance(outer, dict) else outer)
        )
        level = [member for member in members if isinstance(member, dict | list)]
    return bool(level)
