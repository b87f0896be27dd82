"""Which logs are not shipped: a log that is dropped here is counted, with all its events, by the cause."""

from collections import Counter
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from hashlib import blake2b

from loginformant_shipper.events import Origin
from loginformant_shipper.names import FilterCause, Level
from loginformant_shipper.parsing.messages import ParsedMessage
from loginformant_shipper.parsing.request_ids import request_id
from loginformant_shipper.parsing.stack_traces import Log
from loginformant_shipper.patterns import Pattern
from loginformant_shipper.settings import Settings

LevelledLog = tuple[Log, Level]
"""Plain, since there is one for each log."""

_SEVERITY = {level: severity for severity, level in enumerate(Level)}
_NEVER_SAMPLED = frozenset({Level.WARNING, Level.ERROR, Level.FATAL})


def is_own(origin: Origin | None, own_log_groups: AbstractSet[str]) -> bool:
    """Whether the events are this stack's own: shipping those would make new ones, without end."""
    return origin is not None and origin.log_group in own_log_groups


def is_blank(log: Log) -> bool:
    """Whether the log says nothing but white space, which `parse` leaves out: the API demands a message."""
    return not log.parsed.text


def has_filters(settings: Settings) -> bool:
    """Whether anything but blank logs is to be dropped."""
    return (
        settings.minimum_level is not Level.DEBUG
        or settings.include_pattern is not None
        or settings.exclude_pattern is not None
        or settings.sample_percent < 100
    )


class LogFilter:
    """Decides which logs of one log stream are shipped; asked for each, in order.

    The patterns look at the text of the log: of a stack trace, all lines; of a wrapped log, what the program
    wrote, and the whole message as well. The rest of a trace that is several
    logs shares the fate of its beginning. Sampling keeps or drops a Lambda request as a whole: it decides by
    a hash of its id, or else of the event's id, and so alike whenever and wherever it is asked.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._beginning: ParsedMessage | None = None
        self._cause: FilterCause | None = None

    def cause(self, log: Log, level: Level) -> FilterCause | None:
        """Return why a log is not shipped; None where it is."""
        if log.continues is None or log.continues is not self._beginning:
            self._beginning = log.continues or log.parsed
            self._cause = _cause(self._beginning, level, log.events[0].id, self._settings)
        return self._cause


def keep(
    logs: Iterable[LevelledLog], log_filter: LogFilter, dropped: Counter[FilterCause]
) -> Iterator[LevelledLog]:
    """Yield the logs that are shipped; the events of the others are added to `dropped`."""
    for log, level in logs:
        if (cause := log_filter.cause(log, level)) is None:
            yield log, level
        else:
            dropped[cause] += len(log.events)


def _cause(parsed: ParsedMessage, level: Level, event_id: str, settings: Settings) -> FilterCause | None:
    if _SEVERITY[level] < _SEVERITY[settings.minimum_level]:
        return FilterCause.LEVEL
    if settings.include_pattern is not None and not _is_in(settings.include_pattern, parsed):
        return FilterCause.INCLUDE_PATTERN
    if settings.exclude_pattern is not None and _is_in(settings.exclude_pattern, parsed):
        return FilterCause.EXCLUDE_PATTERN
    if settings.sample_percent < 100 and level not in _NEVER_SAMPLED:
        sample = share_of(request_id(parsed) or event_id)
        if sample >= settings.sample_percent / 100:
            return FilterCause.SAMPLING
    return None


def _is_in(pattern: Pattern, parsed: ParsedMessage) -> bool:
    """Whether a pattern is in what the program wrote, or in the message with its wrapper."""
    if pattern.is_in(parsed.text):
        return True
    return parsed.wrapper is not None and pattern.is_in(parsed.wrapper.message)


def share_of(identifier: str) -> float:
    """Return a number from 0 to 1, spread evenly over identifiers and always the same for one."""
    digest = blake2b(identifier.encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
