"""Convert past log events into Kinesis records for the shipper, one for each log stream. No I/O."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from loginformant_shipper.events import Origin
from loginformant_shipper.wire.decoding import BACKFILL_EVENT_SOURCE
from loginformant_shipper.wire.encoding import encode

from shipctl.backfill.history import Past

FIRST_EVENTS = 100
"""The size of the first batch, which is small to detect problems early."""
MAX_EVENTS = 10_000
MAX_TEXT_BYTES = 3 * 1024 * 1024
"""The maximum size of the messages of one invocation. Even if they cannot be compressed, their records are
smaller than the maximum payload of an invocation."""

FILTER_NAME = "shipctl backfill"
"""The name of the subscription filter in the payloads of a backfill."""


class Cut(NamedTuple):
    """Log events that were split in two, in order."""

    batch: list[Past]
    rest: list[Past]


def cut(events: Sequence[Past], most: int) -> Cut:
    """Split off the log events of the next invocation: at least one, and at most `most`."""
    size = number = 0
    for number, event in enumerate(events):  # `number` is used after the loop
        size += len(event.message.encode("utf-8", "replace"))
        if number and (number >= most or size > MAX_TEXT_BYTES):
            break
    else:
        number = len(events)
    return Cut(list(events[:number]), list(events[number:]))


def records_of(events: Sequence[Past], account: str, log_group: str) -> dict[str, Mapping[str, Any]]:
    """Return a record for each log stream. Its id is the index of the log stream in `streams_of`."""
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
