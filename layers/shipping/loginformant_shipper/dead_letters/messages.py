"""What was not delivered goes to the dead-letter queue, in the format in which it came; or it is said.

Limits: "Amazon SQS message quotas" in the SQS developer guide: 1 MiB with attributes, ten attributes a
message, and the characters that are allowed.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple

from loginformant_shipper.delivery.dispatcher import Failed
from loginformant_shipper.events import LogEvent, Origin, SourceRecord, Undecodable, UnusualEvent
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.settings import KIB, MIB
from loginformant_shipper.wire.encoding import (
    DATA_MESSAGE,
    PART_OF_UNREADABLE,
    ReplayState,
    encode,
    json_text,
)

MAX_MESSAGE_BYTES = MIB
MAX_DETAIL_BYTES = KIB

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_ALLOWED_BY_SQS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
"""All but #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD and #x10000 to #x10FFFF (Amazon SQS API reference,
"SendMessage"). Named one by one, since the complement of a large set takes Python ten times as
long to compile."""


class DeadLetterMessage(NamedTuple):
    """A message for the dead-letter queue or the parked queue."""

    body: str
    """A subscription event as JSON text, or what came in its place."""
    attributes: Mapping[str, str]
    """At most ten, none empty, of characters that SQS allows."""
    failure: Failure
    events: int
    """How many log events it stores; 0 for the second and later parts of an event that fits no message."""
    record: SourceRecord | None
    """Where the events came from, and go back to if they cannot be stored."""

    def size(self) -> int:
        """Bytes as SQS counts them: the body, and name, type and value of each attribute."""
        attributes = sum(
            len(name) + len("String") + len(value.encode()) for name, value in self.attributes.items()
        )
        return len(self.body.encode()) + attributes


class Addressed(NamedTuple):
    """A message with the queue that it goes to."""

    message: DeadLetterMessage
    queue_url: str
    delay_seconds: int = 0
    """So long nobody can receive the message; at most 900 (Amazon SQS Developer Guide, "Message timers")."""


REFUSED_ALONE = frozenset({Reason.REJECTED, Reason.TOO_LARGE})
"""Each of these log events was refused by itself."""


def dead_letter_messages(
    failed: Iterable[Failed], undecodable: Iterable[Undecodable], failed_at: datetime
) -> Iterator[DeadLetterMessage]:
    """Messages for all that failed: one log stream and one reason a message, as few as fit.

    Logs of several events stay together; so does, for itself, what the search for a bad log has narrowed
    down. `failed_at` is in UTC.
    """
    groups: dict[tuple[Origin, str, int], tuple[_Fate, list[tuple[int, tuple[LogEvent, ...]]]]] = {}
    now = utc_text(failed_at)
    for number, (batch, failure, is_narrowed, _) in enumerate(failed, start=1):
        # In one message only if all of it is of one log stream: of less it is not known that it is bad.
        narrowed = is_narrowed and len(set(batch.origins)) == 1
        fate = _Fate(failure, now, narrowed)
        for origin, events, position in zip(batch.origins, batch.logs, batch.positions, strict=True):
            _, logs = groups.setdefault((origin, failure.reason, number if narrowed else 0), (fate, []))
            logs.append((position, events))
    for (origin, _, _), (fate, logs) in groups.items():
        # Parts fail in any order; what is replayed together is to be in the order in which it was logged.
        logs.sort(key=itemgetter(0))
        yield from _pack(origin, fate, [events for _, events in logs])
    for payload in undecodable:
        yield from _as_it_came(payload, now)


class _Fate(NamedTuple):
    """What became of log events, as their message says it."""

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
        # Logs compress alike, so pieces of as many logs are pieces of much the same size.
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
    """Return the event as JSON text, if its other fields are too large to be in each part of its message."""
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
    """One log event, too large for any message, as `count` events with its id, or as many as it takes.

    The first part counts for `counted` events, the others for none.
    """
    step = math.ceil(len(event.message) / count)
    messages = []
    for number in range(count):
        text = event.message[number * step : (number + 1) * step]
        marked = f"[part {number + 1} of {count}] {text}"
        part = UnusualEvent(event.id, event.timestamp, marked, event.raw | {"message": marked})
        message = _message(origin, fate, [part], counted if number == 0 else 0, message_type)
        # Replay writes the parts of what could not be read once more, with another `Detail`.
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
    if message.size() <= MAX_MESSAGE_BYTES:
        yield message
    else:
        # By its id `shipctl` finds the parts that belong together.
        identifier = sha256(payload.body.encode("utf-8", "replace")).hexdigest()[:32]
        event = UnusualEvent(identifier, None, payload.body, {"id": identifier})
        count = math.ceil(message.size() / MAX_MESSAGE_BYTES)
        yield from _parts(origin, fate, event, payload.events, count, PART_OF_UNREADABLE)


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
    """Return a moment in UTC as messages have it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _allowed_by_sqs(value: str) -> str:
    shortened = value.encode("utf-8", "replace")[:MAX_DETAIL_BYTES].decode("utf-8", "ignore")
    return NOT_ALLOWED_BY_SQS.sub("", shortened)
