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
| the tags that `TAG_PROPERTIES` names | those of the log group |
| `extractedFields`, `@aws.account`, `@aws.region` … | what the subscription filter added to the event, as it came; account and region are then also `accountId` and `region` |

`LEAVE_OUT_PROPERTIES` names those of the first four rows that no log gets.
Where a log has a field of its own of such a name, and ours is there too, its own becomes `log.<name>`. Where it
has two fields of one name, the last one keeps it, and the first becomes `log.<name>`. What a container driver, a
log router or syslog says of a log (`parsing.containers`) comes last: where a log has such a field of its own, the
wrapper's becomes `wrapper.<name>`.
"""  # noqa: E501  # a table row cannot be wrapped

import re
from functools import lru_cache
from itertools import count
from time import gmtime, strftime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import orjson
from msgspec import Struct

from loginformant_shipper.entries.bounded_json import (
    MAX_BODY_BYTES,
    Fields,
    bounded_body,
    cut,
    finite,
    is_deep,
    serialised,
)
from loginformant_shipper.entries.lambda_reports import REPORT_LINES, add_from_fields, add_from_report
from loginformant_shipper.entries.message_fields import message_of
from loginformant_shipper.events import LogEvent, Origin
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.exception_fields import exception_of, without
from loginformant_shipper.parsing.request_ids import request_id
from loginformant_shipper.parsing.sources import logger_of, source_of_log_group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loginformant_shipper.parsing.stack_traces import Log


MAX_OWN_TEXT = 16 * 1024
"""Characters of the message of a structured log that has no message field: all of it is in its properties."""


_END_OF_9999 = 253_402_300_800_000
"""Milliseconds since 1970 at 10000-01-01T00:00:00Z."""


class Entry(Struct, frozen=True, gc=False):
    """A log object, serialised, with the log events it stands for."""

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
    tags: frozenset[str] = frozenset()
    """The properties that are tags of the log group."""
    left_out: frozenset[str] = frozenset()
    """The properties of the shipper's own that no log gets."""


def frame(
    origin: Origin,
    region: str,
    properties: "Mapping[str, str]" = MappingProxyType({}),
    tags: "Mapping[str, str]" = MappingProxyType({}),
    left_out: frozenset[str] = frozenset(),
) -> Frame:
    """Return what the logs of a log stream have in common.

    Args:
        origin: The log stream.
        region: The AWS region that it is in, unless its subscription filter says another one.
        properties: Are added to those that say where a log comes from.
        tags: Those of the log group that become properties; `properties` of the same name win.
        left_out: Properties of the shipper's own that no log gets.
    """
    source = source_of_log_group(origin.log_group)
    where: Fields = {
        "logGroup": origin.log_group,
        "logStream": origin.log_stream,
        "accountId": origin.owner,
        "region": _region_of_filter(origin.filters) or region,
    }
    shared = {**tags, **properties, **where}
    for name in left_out & where.keys():
        del shared[name]
    json = serialised({"source": source, "properties": shared})
    of_tags = frozenset(tags.keys() - properties.keys())
    return Frame(origin, source, shared, json and json[1:-2], of_tags, left_out)


_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2}")


def _region_of_filter(names: tuple[str, ...]) -> str | None:
    """Return the region that a filter's name ends in, behind an @; None where none does.

    A payload does not say which region it is of ("Log group-level subscription filters", CloudWatch Logs User
    Guide), and those of other regions come through one stream: so organization/member.yaml writes it there.
    """
    for name in names:
        _, at, region = name[-64:].rpartition("@")
        if at and _REGION.fullmatch(region):
            return region
    return None


def entry(log: "Log", level: "Level", frame: Frame) -> Entry:
    """Make the log object of one log of the log stream that `frame` is of.

    Never raises: what JSON or the bounds of this module do not allow is replaced by what shows that it was.
    """
    body = _plain_body(log, level, frame) or _body(log, level, frame)
    return Entry(body, log.events, frame.origin)


_LEVELS = {level: level.encode() for level in Level}


def _plain_body(log: "Log", level: "Level", frame: Frame) -> bytes | None:
    """Return the log object of a log that is one event of text with nothing to be said of it, as most are.

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
        or parsed.wrapper is not None
        or frame.json is None
        or frame.left_out
        or not text
        or text.startswith(REPORT_LINES)
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
        _LEVELS[level],
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
        document["source"] = _source(log, frame)
        document["properties"] = ours
    else:
        document |= _of_fields(log, parsed.fields, ours, frame)
    if parsed.wrapper is not None:
        document["properties"] = _with_wrapper(parsed.wrapper.properties, document["properties"])
    structured = parsed.fields is not None or parsed.wrapper is not None
    body = None if structured and is_deep(parsed) else serialised(document)
    return body or bounded_body(document, parsed, ours)


def _of_fields(log: "Log", fields: Fields, ours: Fields, frame: Frame) -> Fields:
    """Message, source and properties of a structured log."""
    used: list[str] = []
    message, field = message_of(fields)
    if field is not None:
        used.append(field)
    if (logger := logger_of(fields)) is not None:
        source, field = logger
        if field is not None:
            used.append(field)
    else:
        source = _source(log, frame)
    found = exception_of(fields) if log.exception is not None else None
    others = without(found.path, fields) if found and found.text == log.exception else fields.copy()
    for field in used:
        others.pop(field, None)
    if log.parsed.repeated:
        for name, value in log.parsed.repeated.items():
            names = (f"{'log.' * times}{name}" for times in count(1))
            others[next(new for new in names if new not in others)] = value
    return {
        "message": message or cut(log.parsed.text, MAX_OWN_TEXT) or _BLANK,
        "source": source,
        "properties": _merged(others, ours),
    }


def _source(log: "Log", frame: Frame) -> str:
    """Return the container in its pod, or what the log group is called."""
    wrapper = log.parsed.wrapper
    container = wrapper.properties.get("k8s.container.name") if wrapper is not None else None
    return container if isinstance(container, str) and container else frame.source


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


_BLANK = "(blank)"
"""The message of a log that holds nothing but white space, in case that one is not filtered."""


# --- properties ---

_OF_EVERY_EVENT = frozenset({"id", "timestamp", "message"})

_SYSTEM_FIELDS = {"@aws.account": "accountId", "@aws.region": "region"}
"""What a subscription filter with `emitSystemFields` says of an event of a centralized log group: where it
was written, which need not be where it is read ("PutSubscriptionFilter", CloudWatch Logs API reference)."""


def _ours(log: "Log", frame: Frame, timestamp: str | None) -> Fields:
    """Return the properties that the shipper adds, under their own names; `timestamp` as the log has it."""
    event = log.events[0]
    properties: Fields = {**frame.properties, "eventId": event.id}
    if len(log.events) > 1:
        properties["eventIds"] = [each.id for each in log.events]
    if log.continues is not None:
        properties["continued"] = True
    if timestamp is None and event.timestamp is not None:
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
            if isinstance(place := added.get(field), str) and place.strip():
                if place != properties.get(name, place):  # of another log group of the same name
                    properties = {kept: value for kept, value in properties.items() if kept not in frame.tags}
                properties[name] = place
        properties = _merged(added, properties)
    if frame.left_out:
        properties = {name: value for name, value in properties.items() if name not in frame.left_out}
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


def _with_wrapper(wrapper: Fields, properties: Fields) -> Fields:
    """Both; where a name is in both, the wrapper's becomes `wrapper.<name>`, and so on."""
    merged = properties.copy()
    for name, value in wrapper.items():
        names = (f"{'wrapper.' * times}{name}" for times in count(0))
        merged[next(new for new in names if new not in merged)] = value
    return merged
