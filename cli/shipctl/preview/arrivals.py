"""Run the stages of the shipper before delivery, to show how logs would arrive."""

import heapq
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import orjson
from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.filtering import LevelledLog, LogFilter, is_blank, is_own
from loginformant_shipper.levels import decide_log
from loginformant_shipper.names import FilterCause, Level
from loginformant_shipper.parsing.pieces import pieces
from loginformant_shipper.parsing.stack_traces import Log, join
from loginformant_shipper.redaction.redact import is_wanted, redact_text, redacted_events
from loginformant_shipper.settings import Settings

from shipctl.streams import Streams


class Arrival(NamedTuple):
    """A log that would be sent."""

    log: Log
    level: Level
    rule: str
    log_group: str
    document: dict[str, Any]
    """The log object that would be sent to the ingest API."""
    cause: FilterCause | None = None
    """Why the log would be filtered out; None if it would be sent."""


class Filtered(NamedTuple):
    """A log or a log event that would not be sent and that has nothing to show."""

    log: Log
    reason: str


PreviewedLog = Arrival | Filtered


def arrivals(streams: Streams, settings: Settings) -> Iterator[PreviewedLog]:
    """Yield each log of some streams with its result, sorted by the timestamps of the first events.

    The stages and their order are those of `pipeline`.
    """
    outcomes = (_of_stream(message, settings) for message in streams.messages)
    return heapq.merge(*outcomes, key=_time)


def _of_stream(message: SubscriptionMessage, settings: Settings) -> Iterator[PreviewedLog]:
    origin = message.origin
    where = frame(origin, settings.region, settings.properties, left_out=settings.left_out_properties)
    blanks: list[Log] = []
    rules: list[str] = []
    log_filter = LogFilter(settings)
    for log, level in _levelled(message, settings, blanks, rules):
        cause = log_filter.cause(log, level)
        yield from (Filtered(blank, FilterCause.BLANK) for blank in blanks)
        blanks.clear()
        document = orjson.loads(log_object(log, level, where))
        if is_own(origin, settings.own_log_groups):
            cause = FilterCause.OWN
        yield Arrival(log, level, rules.pop(), origin.log_group, document, cause)
    yield from (Filtered(blank, FilterCause.BLANK) for blank in blanks)


def _levelled(
    message: SubscriptionMessage, settings: Settings, blanks: list[Log], rules: list[str]
) -> Iterator[LevelledLog]:
    """Yield the logs that are not blank, and collect the blank ones and the rules of the levels."""
    redact = partial(redact_text, settings=settings) if is_wanted(settings) else None
    events = redacted_events(message.events, settings)
    for log in chain.from_iterable(join(piece, redact) for piece in pieces(events)):
        if is_blank(log):
            blanks.append(log)
            continue
        level, rule = decide_log(log, message.origin.log_group, settings.default_level)
        rules.append(rule)
        yield log, level


def _time(outcome: PreviewedLog) -> int:
    timestamp = outcome.log.events[0].timestamp
    return timestamp if isinstance(timestamp, int) else 0
