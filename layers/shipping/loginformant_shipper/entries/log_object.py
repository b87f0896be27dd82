"""Create the log objects of the ingest API. Each is serialized once, and keeps its raw log events.

The format is the request body in LogInformant's "Build your own integration":

`timestamp`   the timestamp of the first event, UTC, milliseconds; omitted unless it is between 1970 and 9999.
`level`       the inferred level.
`message`     the message field of a structured log, or the text. Never empty.
`source`      the logger of a structured log, or the result of `source_of_log_stream`.
`exception`   the stack trace; omitted if there is none.
`properties`  the other fields of a structured log, and the properties that the shipper adds:

| property | what it is |
|---|---|
| `logGroup`, `logStream`, `accountId`, `region` | the origin of the log event |
| `eventId` | the id of the log event in CloudWatch Logs; the id of the first if there are several |
| `eventIds` | the ids of all log events, if several were joined |
| `requestId` | the request id of the Lambda invocation, if the log contains it |
| `originalTimestamp` | the value of a timestamp that is omitted |
| `continued` | `true`: the log continues the stack trace of another log |
| `durationMs`, `billedDurationMs`, `initDurationMs`, `restoreDurationMs`, `billedRestoreDurationMs`, `memorySizeMb`, `maxMemoryUsedMb`, `status`, `phase`, `errorType`, `xrayTraceId`, `xraySegmentId`, `xraySampled` | of a Lambda function's REPORT |
| `embeddedMetrics` | `namespace/metric` of each metric in an embedded metric format record |
| what `PROPERTIES` says | the same for every log |
| the tags that `TAG_PROPERTIES` names | those of the log group |
| `extractedFields` and other members of the event | what the subscription filter added to the event, unchanged; `@aws.account` and `@aws.region` in it are then also `accountId` and `region` |

`LEAVE_OUT_PROPERTIES` names properties of the first four rows to omit.

If a log has a field with the name of one of these properties, the field becomes `log.<name>`. If it has two fields
with the same name, the last one keeps the name, and the first becomes `log.<name>`. The properties of a container
driver, log router or syslog (`parsing.containers`) are added last: if a log has a field with the same name, the
wrapper's property becomes `wrapper.<name>`.
"""  # noqa: E501  # a table row cannot be wrapped

import re
from functools import lru_cache
from time import gmtime, strftime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import orjson

from loginformant_shipper.entries.bounded_json import (
    MAX_BODY_BYTES,
    Fields,
    bounded_body,
    cut,
    finite,
    is_deep,
    serialised,
)
from loginformant_shipper.entries.lambda_reports import (
    FIELDS_WE_READ,
    REPORT_LINES,
    add_from_fields,
    add_from_report,
)
from loginformant_shipper.entries.message_fields import message_of
from loginformant_shipper.events import LogEvent, Origin
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.exception_fields import without
from loginformant_shipper.parsing.request_ids import request_id
from loginformant_shipper.parsing.sources import logger_of, source_of_log_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loginformant_shipper.parsing.stack_traces import Log


MAX_OWN_TEXT = 16 * 1024
"""The maximum length of the message of a structured log without a message field; its properties have
everything."""


_END_OF_9999 = 253_402_300_800_000
"""Milliseconds since 1970 at 10000-01-01T00:00:00Z."""


class Entries(NamedTuple):
    """Serialized logs of one log stream.

    The fields are columns, since there are tens of thousands of logs.
    """

    origin: Origin
    bodies: "Sequence[bytes]"
    """The log objects in JSON; empty after sending has ended."""
    logs: "Sequence[tuple[LogEvent, ...]]"
    """The log events of each log."""


class Frame(NamedTuple):
    """The common parts of all logs of a log stream."""

    source: str
    """The source of logs without a logger."""
    properties: Fields
    json: "FrameJson | None"
    """The same parts as JSON; None if they cannot be written as JSON, or not in this form."""
    tags: frozenset[str] = frozenset()
    """The names of properties that are tags of the log group."""
    left_out: frozenset[str] = frozenset()
    """The properties of the shipper that are omitted."""
    where: "Mapping[str, object]" = MappingProxyType({})
    """Log group, log stream, account and region, also those that are omitted."""


class FrameJson(NamedTuple):
    """The source and the properties of a frame as JSON."""

    source: bytes
    before_id: bytes
    """The properties, followed by the name of the next one, `eventId`."""
    after_message: bytes
    """The source and the properties with their names, if the log has nothing in between."""
    names: frozenset[str]
    """The names of the properties, including `eventId`."""


def frame(
    origin: Origin,
    region: str,
    properties: "Mapping[str, str]" = MappingProxyType({}),
    tags: "Mapping[str, str]" = MappingProxyType({}),
    left_out: frozenset[str] = frozenset(),
) -> Frame:
    """Return the common parts of the logs of a log stream.

    Args:
        origin: The log stream.
        region: The AWS region, unless the name of the subscription filter contains another one.
        properties: Properties to add.
        tags: Tags of the log group to add as properties. `properties` with the same name take precedence.
        left_out: Properties of the shipper to omit.
    """
    source = source_of_log_stream(origin.log_group, origin.log_stream)
    where: Fields = {
        "logGroup": origin.log_group,
        "logStream": origin.log_stream,
        "accountId": origin.owner,
        "region": _region_of_filter(origin.filters) or region,
    }
    shared = {**tags, **properties, **where}
    for name in left_out & where.keys():
        del shared[name]
    of_tags = frozenset(tags.keys() - properties.keys())
    return Frame(source, shared, None if left_out else _frame_json(source, shared), of_tags, left_out, where)


def _frame_json(source: str, properties: Fields) -> FrameJson | None:
    if "eventId" in properties or "requestId" in properties:
        return None
    try:
        source_json, before_id = orjson.dumps(source), orjson.dumps({**properties, "eventId": ""})[1:-3]
    except TypeError:  # a lone surrogate
        return None
    after_message = _BEFORE_SOURCE + source_json + _BEFORE_PROPERTIES + before_id
    return FrameJson(source_json, before_id, after_message, frozenset({*properties, "eventId"}))


_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2}")


def _region_of_filter(names: tuple[str, ...]) -> str | None:
    """Return the region after the @ in the name of a filter, or None if there is none.

    A payload does not contain its region ("Log group-level subscription filters", CloudWatch Logs User
    Guide), but one stream may have payloads of several regions. organization/member.yaml adds the region to
    the name.
    """
    for name in names:
        _, at, region = name[-64:].rpartition("@")
        if at and _REGION.fullmatch(region):
            return region
    return None


def log_object(log: "Log", level: "Level", frame: Frame) -> bytes:
    """Return the log object of a log as JSON.

    Values that JSON or the limits of this module do not allow are replaced by a note. Nothing is raised.
    """
    return _usual_log_object(log, level, frame) or _log_object(log, level, frame)


def _usual_log_object(log: "Log", level: "Level", frame: Frame) -> bytes | None:
    """Return the log object of a log that is a single usual event, as most are, or None.

    The result is the same as that of `_log_object` in half of the time, since the common parts are not
    serialized again.
    """
    events, parsed, shared = log.events, log.parsed, frame.json
    event, fields = events[0], parsed.fields
    if (
        shared is None
        or log.continues is not None
        or len(events) > 1
        or event.unusual is not None
        or parsed.wrapper is not None
        or (timestamp := _iso(event.timestamp)) is None
    ):
        return None
    identifier = request_id(parsed)
    try:
        end = b"}}"
        if identifier is not None and (fields is None or "requestId" not in fields):
            end = b',"requestId":' + orjson.dumps(identifier) + b"}}"
        if fields is None:
            text = parsed.text
            if not text:
                return None
            before_time, after_time = b'{"timestamp":"', _LEVEL_AFTER_TIME[level]
            if text.startswith(REPORT_LINES):
                metrics: Fields = {}
                add_from_report(metrics, text)
                if not shared.names.isdisjoint(metrics):
                    return None
                before_time, after_time = _LEVEL_BEFORE_TIME[level], _BEFORE_MESSAGE
                end = _with_metrics(metrics, end)
            if log.exception is not None:
                before_time, after_time = _LEVEL_BEFORE_TIME[level], _after_time(log.exception)
            parts: tuple[bytes, ...] = (
                before_time,
                timestamp,
                after_time,
                orjson.dumps(text),
                shared.after_message,
                orjson.dumps(event.id),
                end,
            )
        else:
            if parsed.repeated or not shared.names.isdisjoint(fields) or is_deep(parsed):
                return None
            if identifier is not None and fields.get("requestId", identifier) != identifier:
                return None  # otherwise the log's own field says it
            if not FIELDS_WE_READ.isdisjoint(fields):
                metrics = {}
                add_from_fields(metrics, fields)
                if not shared.names.isdisjoint(metrics) or not metrics.keys().isdisjoint(fields):
                    return None
                end = _with_metrics(metrics, end)
            message, source, others = _of_fields(log, fields, frame)
            parts = (
                _LEVEL_BEFORE_TIME[level],
                timestamp,
                _BEFORE_MESSAGE if log.exception is None else _after_time(log.exception),
                orjson.dumps(message),
                _BEFORE_SOURCE,
                shared.source if source is frame.source else orjson.dumps(source),
                _BEFORE_PROPERTIES,
                orjson.dumps(others)[1:-1] + b"," if others else b"",
                shared.before_id,
                orjson.dumps(event.id),
                end,
            )
    except TypeError:  # a lone surrogate, an integer beyond 64 bits
        return None
    body = b"".join(parts)
    return body if len(body) <= MAX_BODY_BYTES else None


def _after_time(exception: str) -> bytes:
    return b'","exception":' + orjson.dumps(exception) + b',"message":'


def _with_metrics(metrics: Fields, end: bytes) -> bytes:
    """Return the end of a log object with the properties of a REPORT or an embedded metric added."""
    return end[: -len(b"}}")] + b"," + orjson.dumps(metrics)[1:] + b"}" if metrics else end


_LEVEL_AFTER_TIME = {level: b'","level":"%b","message":' % level.encode() for level in Level}
_LEVEL_BEFORE_TIME = {level: b'{"level":"%b","timestamp":"' % level.encode() for level in Level}
_BEFORE_MESSAGE = b'","message":'
_BEFORE_SOURCE, _BEFORE_PROPERTIES = b',"source":', b',"properties":{'


def _log_object(log: "Log", level: "Level", frame: Frame) -> bytes:
    parsed = log.parsed
    document: Fields = {"level": level}
    timestamp = _iso(log.events[0].timestamp)
    if timestamp is not None:
        document["timestamp"] = timestamp.decode()
    ours = _ours(log, frame, has_timestamp=timestamp is not None)
    if log.exception is not None:
        document["exception"] = log.exception
    if parsed.fields is None:
        document["message"] = parsed.text or _BLANK
        document["source"] = _source(log, frame)
        document["properties"] = ours
    else:
        message, source, others = _of_fields(log, parsed.fields, frame)
        document |= {"message": message, "source": source, "properties": _merged(others, ours)}
    if parsed.wrapper is not None:
        document["properties"] = _with_wrapper(parsed.wrapper.properties, document["properties"])
    structured = parsed.fields is not None or parsed.wrapper is not None
    body = None if structured and is_deep(parsed) else serialised(document)
    return body or bounded_body(document, parsed, ours, _repeated(log))


def _repeated(log: "Log") -> list[str]:
    """Return those of `message` and `exception` whose text is also in the message or the properties."""
    fields = log.parsed.fields
    names = ["message"] if fields is not None and message_of(fields)[1] is None else []
    return [*names, "exception"] if log.exception is not None and not log.exception_path else names


def _of_fields(log: "Log", fields: Fields, frame: Frame) -> tuple[str, str, Fields]:
    """Return the message and the source of a structured log, and its other fields."""
    message, field = message_of(fields)
    if (logger := logger_of(fields)) is not None:
        source, logger_field = logger
    else:
        source, logger_field = _source(log, frame), None
    others = without(log.exception_path, fields)
    if field is not None:
        others.pop(field, None)
    if logger_field is not None:
        others.pop(logger_field, None)
    if log.parsed.repeated:
        for name, value in log.parsed.repeated.items():
            free = f"log.{name}"
            while free in others:
                free = f"log.{free}"
            others[free] = value
    return message or cut(log.parsed.text, MAX_OWN_TEXT) or _BLANK, source, others


def _source(log: "Log", frame: Frame) -> str:
    """Return the container in its pod, or the source of the log stream."""
    wrapper = log.parsed.wrapper
    container = wrapper.properties.get("k8s.container.name") if wrapper is not None else None
    return container if isinstance(container, str) and container else frame.source


# --- timestamp ---


def _iso(timestamp: object) -> bytes | None:
    """Return milliseconds since 1970 as ISO 8601; None if they are no integer up to the year 9999."""
    if type(timestamp) is not int or not 0 <= timestamp < _END_OF_9999:
        return None
    return _iso_seconds(timestamp // 1000) + _MILLISECONDS[timestamp % 1000]


_MILLISECONDS = tuple(b".%03dZ" % number for number in range(1000))


@lru_cache(maxsize=1024)
def _iso_seconds(seconds: int) -> bytes:
    """Return seconds as ISO 8601.

    Results are cached, since the events of a payload have few different ones.
    """
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)).encode()


# --- message ---


_BLANK = "(blank)"
"""The message of a blank log, if it is not filtered."""


# --- properties ---

_OF_EVERY_EVENT = frozenset({"id", "timestamp", "message"})

_SYSTEM_FIELDS = {"@aws.account": "accountId", "@aws.region": "region"}
"""The fields of a subscription filter with `emitSystemFields`: the account and the region in which an event
of a centralized log group was logged ("PutSubscriptionFilter", CloudWatch Logs API Reference). It also allows
`@source.log`, but does not say what its values are."""


def _ours(log: "Log", frame: Frame, *, has_timestamp: bool) -> Fields:
    """Return the properties that the shipper adds, under their own names."""
    event = log.events[0]
    properties: Fields = {**frame.properties, "eventId": event.id}
    if len(log.events) > 1:
        properties["eventIds"] = [each.id for each in log.events]
    if log.continues is not None:
        properties["continued"] = True
    if not has_timestamp and event.timestamp is not None:
        properties["originalTimestamp"] = finite(event.timestamp)

    parsed = log.parsed
    if (identifier := request_id(parsed)) is not None:
        properties["requestId"] = identifier
    if parsed.fields is not None:
        add_from_fields(properties, parsed.fields)
    elif parsed.text.startswith(REPORT_LINES):
        add_from_report(properties, parsed.text)

    if event.unusual is not None:
        added = {name: value for name, value in event.unusual.items() if name not in _OF_EVERY_EVENT}
        for field, name in _SYSTEM_FIELDS.items():
            if (place := _system_field(field, added)) is not None:
                if place != frame.where[name]:  # of another log group of the same name
                    properties = {kept: value for kept, value in properties.items() if kept not in frame.tags}
                properties[name] = place
        properties = _merged(added, properties)
    if frame.left_out:
        properties = {name: value for name, value in properties.items() if name not in frame.left_out}
    return properties


def _system_field(field: str, added: Fields) -> str | None:
    """Return the value of a system field; None if the subscription filter did not add it.

    CloudWatch Logs writes these fields into `extractedFields` (pull request 45792 of
    open-telemetry/opentelemetry-collector-contrib). They are also read from the event itself, since the API
    Reference does not say where they are.
    """
    for holder in (added.get("extractedFields"), added):
        if isinstance(holder, dict) and isinstance(value := holder.get(field), str) and value.strip():
            return value
    return None


def _merged(others: Fields, ours: Fields) -> Fields:
    """Merge properties.

    If both have a name, that of `others` becomes `log.<name>`, or `log.log.<name>`, and so on. A request id
    that both have stays.
    """
    if ours.keys().isdisjoint(others):
        return {**others, **ours}
    merged = {
        name: value
        for name, value in others.items()
        if name not in ours or (name == "requestId" and value == ours[name])
    }
    for name, value in others.items():
        if name not in merged:
            free = f"log.{name}"
            while free in merged or free in ours:
                free = f"log.{free}"
            merged[free] = value
    merged.update(ours)
    return merged


def _with_wrapper(wrapper: Fields, properties: Fields) -> Fields:
    """Merge properties. If both have a name, that of the wrapper becomes `wrapper.<name>`, and so on."""
    merged = properties.copy()
    for name, value in wrapper.items():
        free = name
        while free in merged:
            free = f"wrapper.{free}"
        merged[free] = value
    return merged
