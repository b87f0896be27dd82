"""Log events of the past as the shipper takes them: records as of Kinesis, a log stream each. No I/O."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from loginformant_shipper.events import Origin
from loginformant_shipper.wire.decoding import BACKFILL_EVENT_SOURCE
from loginformant_shipper.wire.encoding import encode

from shipctl.backfill.history import Past

FIRST_EVENTS = 100
"""So many log events go first: what is wrong shows with few."""
MAX_EVENTS = 10_000
MAX_TEXT_BYTES = 3 * 1024 * 1024
"""Of the messages of one invocation; as records, even if nothing of them can be compressed, they stay below
what an invocation takes."""

FILTER_NAME = "shipctl backfill"
"""Stands where a payload names the subscription filters that chose its log events."""


class Cut(NamedTuple):
    """Log events in two parts, in order."""

    batch: list[Past]
    rest: list[Past]


def cut(events: Sequence[Past], most: int) -> Cut:
    """Return the log events of the next invocation, at least one, and those that are left."""
    size = number = 0
    for number, event in enumerate(events):  # the place where it ends is what is wanted
        size += len(event.message.encode("utf-8", "replace"))
        if number and (number >= most or size > MAX_TEXT_BYTES):
            break
    else:
        number = len(events)
    return Cut(list(events[:number]), list(events[number:]))


def records_of(events: Sequence[Past], account: str, log_group: str) -> dict[str, Mapping[str, Any]]:
    """Return a record for each log stream, by an id that is also that stream's place in `streams_of`."""
    return {
        str(number): _record(str(number), Origin(account, log_group, name, (FILTER_NAME,)), of_stream)
        for number, (name, of_stream) in enumerate(streams_of(events))
    }


def left_of(events: Sequence[Past], left: frozenset[str]) -> list[Past]:
    """Return the log events of the records with these ids."""
    return [
        event
        for number, (_, of_stream) in enumerate(streams_of(events))
        if str(number) in left
        for event in of_stream
    ]


def streams_of(events: Sequence[Past]) -> Iterator[tuple[str, list[Past]]]:
    """Yield each log stream and its log events, in the order of their first ones."""
    streams: dict[str, list[Past]] = {}
    for event in events:
        streams.setdefault(event.log_stream, []).append(event)
    yield from streams.items()


def _record(identifier: str, origin: Origin, events: Sequence[Past]) -> Mapping[str, Any]:
    raw = ({"id": event.id, "timestamp": event.timestamp, "message": event.message} for event in events)
    data = json.loads(encode(origin, raw))["awslogs"]["data"]
    return {
        "eventSource": BACKFILL_EVENT_SOURCE,
        "kinesis": {"sequenceNumber": identifier, "data": data},
    }
