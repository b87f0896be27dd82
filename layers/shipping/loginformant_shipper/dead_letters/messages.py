"""What was not delivered goes to the dead-letter queue, in the format in which it came; or it is said.

Limits: "Amazon SQS message quotas" in the SQS developer guide: 1 MiB with attributes, ten attributes a
message, and the characters that are allowed.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from loginformant_shipper.delivery.dispatcher import Failed
from loginformant_shipper.events import LogEvent, Origin, SourceRecord, Undecodable
from loginformant_shipper.failures import Failure
from loginformant_shipper.settings import (
    KIB,
    MIB,
)
from loginformant_shipper.wire.encoding import encode, json_text

if TYPE_CHECKING:
    pass

MAX_MESSAGE_BYTES = MIB
MAX_DETAIL_BYTES = KIB

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOT_ALLOWED_BY_SQS = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
"""All but #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD and #x10000 to #x10FFFF (Amazon SQS API reference,
"SendMessage"). Named one by one, since the complement of a large set takes Python ten times as
long to compile."""


class DeadLetterMessage(NamedTuple):
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
    message: DeadLetterMessage
    queue_url: str


def dead_letter_messages(
    failed: Iterable[Failed], undecodable: Iterable[Undecodable], failed_at: datetime
) -> Iterator[DeadLetterMessage]:
    """Messages for all that failed: one log stream and one reason a message, as few as fit.

    Logs of several events stay together. `failed_at` is in UTC.
    """
    groups: dict[tuple[Origin, str], tuple[Failure, list[tuple[LogEvent, ...]]]] = {}
    for batch, failure in failed:
        for origin, events in zip(batch.origins, batch.logs, strict=True):
            _, logs = groups.setdefault((origin, failure.reason), (failure, []))
            logs.append(events)
    now = _utc_text(failed_at)
    for (origin, _), (failure, logs) in groups.items():
        yield from _pack(origin, failure, logs, now)
    for payload in undecodable:
        yield from _as_it_came(payload, now)


def _pack(
    origin: Origin, failure: Failure, logs: Sequence[tuple[LogEvent, ...]], now: str
) -> Iterator[DeadLetterMessage]:
    events = [event for log in logs for event in log]
    message = _message(origin, failure, events, now)
    size = message.size()
    if size <= MAX_MESSAGE_BYTES:
        yield message
    elif len(logs) > 1:
        # Logs compress alike, so pieces of as many logs are pieces of much the same size.
        step = math.ceil(len(logs) / min(len(logs), math.ceil(size / MAX_MESSAGE_BYTES)))
        for start in range(0, len(logs), step):
            yield from _pack(origin, failure, logs[start : start + step], now)
    elif len(events) > 1:
        for event in events:
            yield from _pack(origin, failure, [(event,)], now)
    else:
        event = _with_all_in_its_message(events[0], origin)
        yield from _parts(origin, failure, event, 1, now, math.ceil(size / MAX_MESSAGE_BYTES))


def _with_all_in_its_message(event: LogEvent, origin: Origin) -> LogEvent:
    """The event as JSON text, if its other fields are too large to stand in each part beside the message."""
    if len(encode(origin, [event.raw | {"message": ""}])) <= MAX_MESSAGE_BYTES // 2:
        return event
    raw = {"id": event.id} | ({"timestamp": event.timestamp} if isinstance(event.timestamp, int) else {})
    return event._replace(message=json_text(event.raw), unusual=raw)


def _parts(
    origin: Origin, failure: Failure, event: LogEvent, counted: int, now: str, count: int
) -> Iterator[DeadLetterMessage]:
    """One log event, too large for any message, as `count` events with its id, or as many as it takes.

    The first part counts for `counted` events, the others for none.
    """
    step = math.ceil(len(event.message) / count)
    messages = []
    for number in range(count):
        text = event.message[number * step : (number + 1) * step]
        marked = f"[part {number + 1} of {count}] {text}"
        part = event._replace(message=marked, unusual=event.raw | {"message": marked})
        message = _message(origin, failure, [part], now, counted=counted if number == 0 else 0)
        if message.size() > MAX_MESSAGE_BYTES and count < len(event.message):
            more = min(count + max(1, count // 4), len(event.message))
            yield from _parts(origin, failure, event, counted, now, more)
            return
        messages.append(message)
    yield from messages


def _message(
    origin: Origin, failure: Failure, events: Sequence[LogEvent], now: str, counted: int | None = None
) -> DeadLetterMessage:
    number = len(events) if counted is None else counted
    return DeadLetterMessage(
        encode(origin, (event.raw for event in events)),
        _attributes(origin, origin.record, failure, number, _first_event_time(events), now),
        failure,
        number,
        origin.record,
    )


def _as_it_came(payload: Undecodable, now: str) -> Iterator[DeadLetterMessage]:
    failure = Failure(payload.reason, None, payload.detail)
    origin = payload.origin or Origin("", "", "", (), payload.record)
    attributes = _attributes(origin, payload.record, failure, payload.events, "", now)
    message = DeadLetterMessage(payload.body, attributes, failure, payload.events, payload.record)
    if message.size() <= MAX_MESSAGE_BYTES:
        yield message
    else:
        event = LogEvent("", None, payload.body, {})
        count = math.ceil(message.size() / MAX_MESSAGE_BYTES)
        yield from _parts(origin, failure, event, payload.events, now, count)


def _attributes(
    origin: Origin, record: SourceRecord | None, failure: Failure, events: int, first: str, now: str
) -> dict[str, str]:
    values = {
        "Reason": failure.reason.value,
        "Status": str(failure.status or ""),
        "Detail": failure.detail,
        "LogGroup": origin.log_group,
        "LogStream": origin.log_stream,
        "EventCount": str(events),
        "FirstEventTime": first,
        "FailedAt": now,
        "Replays": str(record.replays if record else 0),
        "FirstFailedAt": (record.first_failed_at if record else None) or now,
    }
    allowed = {name: _allowed_by_sqs(value) for name, value in values.items()}
    return {name: value for name, value in allowed.items() if value}


def _first_event_time(events: Sequence[LogEvent]) -> str:
    times = [event.timestamp for event in events if isinstance(event.timestamp, int)]
    try:
        return _utc_text(EPOCH + timedelta(milliseconds=min(times)))
    except (ValueError, OverflowError):
        return ""


def _utc_text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _allowed_by_sqs(value: str) -> str:
    shortened = value.encode("utf-8", "replace")[:MAX_DETAIL_BYTES].decode("utf-8", "ignore")
    return NOT_ALLOWED_BY_SQS.sub("", shortened)
