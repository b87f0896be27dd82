"""Convert undelivered log events into messages for the dead-letter queue.

The messages have the format in which the log events arrived.

SQS limits a message to 1 MiB including its attributes, ten attributes, and certain characters ("Amazon SQS
message quotas", Amazon SQS Developer Guide).
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from loginformant_shipper.delivery.progress import Failed
from loginformant_shipper.events import (
    JsonObject,
    LogEvent,
    Origin,
    SourceRecord,
    Undecodable,
    UnusualEvent,
)
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.settings import KIB, MIB
from loginformant_shipper.wire.decoding import text_attributes
from loginformant_shipper.wire.encoding import (
    DATA_MESSAGE,
    PART_OF_UNREADABLE,
    ReplayState,
    encode,
    json_text,
)

SQS_MAX_MESSAGE_BYTES = MIB
MAX_MESSAGE_BYTES = SQS_MAX_MESSAGE_BYTES - 2 * KIB
"""The size up to which messages are filled. The rest is for what is added afterwards: a higher count in
`Replays`, and the attribute that a tracer in a layer of the user adds to each message, such as `_datadog`
(DataDog/dd-trace-dotnet#4499)."""
MAX_DETAIL_BYTES = KIB

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_ALLOWED_BY_SQS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
"""All characters except #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD and #x10000 to #x10FFFF
("SendMessage", Amazon SQS API Reference). They are listed, since Python takes ten times as long to compile
the complement of a large set."""


class DeadLetterMessage(NamedTuple):
    """A message for the dead-letter queue or the parked queue."""

    body: str
    """A subscription event as JSON text, or the undecodable payload."""
    attributes: Mapping[str, str]
    """At most ten attributes, none of them empty, with characters that SQS allows."""
    failure: Failure
    events: int
    """How many log events it stores; 0 for the second and later parts of a log event that was split."""
    record: SourceRecord | None
    """The record in which the events arrived, which is returned to its source if they cannot be stored."""

    def size(self) -> int:
        """Return the size in bytes as SQS counts it, including names, types and values of attributes."""
        attributes = sum(
            len(name) + len("String") + len(value.encode()) for name, value in self.attributes.items()
        )
        return len(self.body.encode()) + attributes


class Addressed(NamedTuple):
    """A message and the queue to which it is sent."""

    message: DeadLetterMessage
    queue_url: str
    delay_seconds: int = 0
    """How long the message is delayed, at most 900 ("Message timers", Amazon SQS Developer Guide)."""


REFUSED_ALONE = frozenset({Reason.REJECTED, Reason.TOO_LARGE})
"""Reasons of log events that were rejected individually."""


def dead_letter_messages(
    failed: Iterable[Failed], undecodable: Iterable[Undecodable], failed_at: datetime
) -> Iterator[DeadLetterMessage]:
    """Yield as few messages as possible for all failed log events, each with one log stream and one reason.

    The events of a log stay together, and so do the events to which the search for bad logs was narrowed.

    Args:
        failed: The batches that were not delivered.
        undecodable: The payloads that could not be decoded.
        failed_at: The current time in UTC.
    """
    groups: dict[tuple[Origin, str, int], tuple[_Fate, list[tuple[int, tuple[LogEvent, ...]]]]] = {}
    now = utc_text(failed_at)
    for number, (batch, failure, is_narrowed, _) in enumerate(failed, start=1):
        # Narrowed only if all of it is from one log stream: a part of it might not contain the bad log.
        narrowed = is_narrowed and len(set(batch.origins)) == 1
        fate = _Fate(failure, now, narrowed)
        for origin, events, position in zip(batch.origins, batch.logs, batch.positions, strict=True):
            _, logs = groups.setdefault((origin, failure.reason, number if narrowed else 0), (fate, []))
            logs.append((position, events))
    for (origin, _, _), (fate, logs) in groups.items():
        # Batches fail in any order; logs that are replayed together must be in the order of logging.
        logs.sort(key=itemgetter(0))
        yield from _pack(origin, fate, [events for _, events in logs])
    for payload in undecodable:
        yield from _as_it_came(payload, now)


class _Fate(NamedTuple):
    """The facts about the failure that a message stores."""

    failure: Failure
    failed_at: str
    is_narrowed: bool = False


def _pack(origin: Origin, fate: _Fate, logs: Sequence[tuple[LogEvent, ...]]) -> Iterator[DeadLetterMessage]:
    events = [event for log in logs for event in log]
    message = _message(origin, fate, events)
    size = message.size()
    if size <= MAX_MESSAGE_BYTES:
        yield message
    elif len(logs) > 1:
        # Logs compress similarly, so chunks with the same number of logs have similar sizes.
        step = math.ceil(len(logs) / min(len(logs), math.ceil(size / MAX_MESSAGE_BYTES)))
        for start in range(0, len(logs), step):
            yield from _pack(origin, fate._replace(is_narrowed=False), logs[start : start + step])
    elif len(events) > 1:
        for event in events:
            yield from _pack(origin, fate, [(event,)])
    else:
        event = _with_all_in_its_message(events[0], origin)
        yield from _parts(origin, fate, event, 1, math.ceil(size / MAX_MESSAGE_BYTES))


def _with_all_in_its_message(event: LogEvent, origin: Origin) -> LogEvent:
    """Return the event with all fields in its message, if the others are too large for each part."""
    if len(encode(origin, [event.raw | {"message": ""}])) <= MAX_MESSAGE_BYTES // 2:
        return event
    raw = {"id": event.id} | ({"timestamp": event.timestamp} if isinstance(event.timestamp, int) else {})
    return UnusualEvent(event.id, event.timestamp, json_text(event.raw), raw)


def _parts(
    origin: Origin,
    fate: _Fate,
    event: LogEvent,
    counted: int,
    count: int,
    message_type: str = DATA_MESSAGE,
) -> Iterator[DeadLetterMessage]:
    """Split a log event that is too large for a message into `count` parts with its id, or more if needed.

    The first part counts as `counted` log events, the others as none.
    """
    step = math.ceil(len(event.message) / count)
    messages = []
    for number in range(count):
        text = event.message[number * step : (number + 1) * step]
        marked = f"[part {number + 1} of {count}] {text}"
        part = UnusualEvent(event.id, event.timestamp, marked, event.raw | {"message": marked})
        message = _message(origin, fate, [part], counted if number == 0 else 0, message_type)
        # Replay stores the parts of an undecodable payload again, with another `Detail`.
        spare = MAX_DETAIL_BYTES if message_type == PART_OF_UNREADABLE else 0
        if message.size() + spare > MAX_MESSAGE_BYTES and count < len(event.message):
            more = min(count + max(1, count // 4), len(event.message))
            yield from _parts(origin, fate, event, counted, more, message_type)
            return
        messages.append(message)
    yield from messages


def _message(
    origin: Origin,
    fate: _Fate,
    events: Sequence[LogEvent],
    counted: int | None = None,
    message_type: str = DATA_MESSAGE,
) -> DeadLetterMessage:
    number = len(events) if counted is None else counted
    return DeadLetterMessage(
        encode(origin, (event.raw for event in events), message_type),
        _attributes(origin, origin.record, fate, number, _first_event_time(events)),
        fate.failure,
        number,
        origin.record,
    )


def _as_it_came(payload: Undecodable, now: str) -> Iterator[DeadLetterMessage]:
    fate = _Fate(Failure(payload.reason, None, payload.detail), now)
    origin = payload.origin or Origin("", "", "", (), payload.record)
    attributes = _attributes(origin, payload.record, fate, payload.events, "")
    message = DeadLetterMessage(payload.body, attributes, fate.failure, payload.events, payload.record)
    # A part that an older version stored is larger, and must not be split again.
    was_stored = payload.record is not None and payload.record.told is not None
    if message.size() <= (SQS_MAX_MESSAGE_BYTES if was_stored else MAX_MESSAGE_BYTES):
        yield message
    else:
        # `shipctl` uses this id to find the parts of a payload.
        identifier = sha256(payload.body.encode("utf-8", "replace")).hexdigest()[:32]
        event = UnusualEvent(identifier, None, payload.body, {"id": identifier})
        count = math.ceil(message.size() / MAX_MESSAGE_BYTES)
        yield from _parts(origin, fate, event, payload.events, count, PART_OF_UNREADABLE)


def as_received(message: JsonObject, record: SourceRecord, why: str) -> DeadLetterMessage:
    """Return a message of SQS as it is, to move it to another queue without decoding it.

    Args:
        message: The message as Lambda passes it on.
        record: The same as a record.
        why: Why it is moved, for the log. Its attributes stay as they are.
    """
    failure = Failure(record.told or Reason.NOT_BEGUN, None, why)
    return DeadLetterMessage(
        str(message.get("body")), text_attributes(message), failure, record.told_events, record
    )


def _attributes(
    origin: Origin, record: SourceRecord | None, fate: _Fate, events: int, first: str
) -> dict[str, str]:
    failure, now, is_narrowed = fate
    refused_at = record.refused_at if record else None
    if failure.reason in REFUSED_ALONE:
        refused_at = refused_at or now
    values = {
        "Reason": failure.reason.value,
        "Status": str(failure.status or ""),
        "Detail": failure.detail,
        "LogGroup": origin.log_group,
        "LogStream": origin.log_stream,
        "EventCount": str(events),
        "FirstEventTime": first,
        "FailedAt": now,
        "Replays": str(ReplayState(record.replays if record else 0, refused_at, is_narrowed)),
        "FirstFailedAt": (record.first_failed_at if record else None) or now,
    }
    allowed = {name: _allowed_by_sqs(value) for name, value in values.items()}
    return {name: value for name, value in allowed.items() if value}


def _first_event_time(events: Sequence[LogEvent]) -> str:
    times = [event.timestamp for event in events if isinstance(event.timestamp, int)]
    try:
        return utc_text(EPOCH + timedelta(milliseconds=min(times)))
    except (ValueError, OverflowError):
        return ""


def utc_text(moment: datetime) -> str:
    """Return a time in the format of message attributes."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _allowed_by_sqs(value: str) -> str:
    shortened = value.encode("utf-8", "replace")[:MAX_DETAIL_BYTES].decode("utf-8", "ignore")
    return NOT_ALLOWED_BY_SQS.sub("", shortened)
