"""How logs would arrive: the shipper's own steps, up to the point where it would send."""

import heapq
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from loginformant_shipper.entries.log_object import entry, frame
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.filtering import is_blank
from loginformant_shipper.levels import decide_log
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.stack_traces import Log, join

from shipctl.streams import Streams


class Arrival(NamedTuple):
    """A log that would be sent."""

    log: Log
    level: Level
    rule: str
    log_group: str
    document: dict[str, Any]
    """The log object that the ingest API would get."""


class Filtered(NamedTuple):
    """A log that would not be sent."""

    log: Log
    reason: str


Outcome = Arrival | Filtered


def arrivals(streams: Streams, default_level: Level, region: str) -> Iterator[Outcome]:
    """Each log of some streams, in the order of their first events' timestamps, and what becomes of it."""
    outcomes = (_of_stream(message, default_level, region) for message in streams.messages)
    return heapq.merge(*outcomes, key=_time)


def _of_stream(message: SubscriptionMessage, default_level: Level, region: str) -> Iterator[Outcome]:
    origin, events = message
    where = frame(origin, region)
    for log in join(events):
        if is_blank(log):
            yield Filtered(log, "blank")
            continue
        level, rule = decide_log(log, origin.log_group, default_level)
        document = orjson.loads(entry(log, level, where).body)
        yield Arrival(log, level, rule, origin.log_group, document)


def _time(outcome: Outcome) -> int:
    timestamp = outcome.log.events[0].timestamp
    return timestamp if isinstance(timestamp, int) else 0
