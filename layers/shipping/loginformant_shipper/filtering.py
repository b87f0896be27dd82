"""Filter logs, and count the events of the logs that are not shipped by cause."""

import re
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
from loginformant_shipper.redaction.placeholders import PLACEHOLDER
from loginformant_shipper.settings import Settings

LevelledLog = tuple[Log, Level]
"""A log and its level: a tuple, since there is one for each log."""

_SEVERITY = {level: severity for severity, level in enumerate(Level)}
_NEVER_SAMPLED = frozenset({Level.WARNING, Level.ERROR, Level.FATAL})

_MIN_LENGTH_OF_ID = 8
_IN_IDS = re.compile("[1-9=]")
"""A character that is in ids, and not in what is written where there is none: `-`, `N/A`, `unknown`,
`undefined` (ten24group/fw24, pull request 325), `00000000-0000-0000-0000-000000000000`. Those of HTTP APIs
end in `=`, and one in ten has no digit: `JKJaXmPLvHcESHA=` ("Create AWS Lambda proxy integrations for HTTP
APIs in API Gateway", API Gateway Developer Guide)."""


def is_own(origin: Origin | None, own_log_groups: AbstractSet[str]) -> bool:
    """Return whether log events are this stack's own. Shipping them would cause new ones in a loop."""
    return origin is not None and origin.log_group in own_log_groups


def is_blank(log: Log) -> bool:
    """Return whether the message of a log is blank. The ingest API requires a message."""
    return not log.parsed.text


def has_filters(settings: Settings) -> bool:
    """Return whether the settings filter any logs; blank logs are always filtered."""
    return (
        settings.minimum_level is not Level.DEBUG
        or settings.include_pattern is not None
        or settings.exclude_pattern is not None
        or settings.sample_percent < 100
    )


class LogFilter:
    """Decides which logs of one log stream are shipped. It must be called for each log in order.

    Patterns are matched against the whole text of a log, including all lines of a stack trace. For a wrapped
    log, they are matched against both the program's message and the whole message. If a stack trace is split
    into several logs, all of them have the result of the first. Sampling keeps or drops all logs of a Lambda
    request: it uses a hash of the request id, or else of the event id, so the result is always the same. What
    many requests have as their id is not used: all their logs would be kept, or all dropped.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._beginning: ParsedMessage | None = None
        self._cause: FilterCause | None = None

    def cause(self, log: Log, level: Level) -> FilterCause | None:
        """Return why a log is not shipped, or None if it is."""
        if log.continues is None or log.continues is not self._beginning:
            self._beginning = log.continues or log.parsed
            self._cause = _cause(self._beginning, level, log.events[0].id, self._settings)
        return self._cause


def keep(
    logs: Iterable[LevelledLog], log_filter: LogFilter, dropped: Counter[FilterCause]
) -> Iterator[LevelledLog]:
    """Yield the logs that are shipped, and count the events of the others in `dropped`."""
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
        request = request_id(parsed)
        sample = share_of(request if request and _is_of_one_request(request) else event_id)
        if sample >= settings.sample_percent / 100:
            return FilterCause.SAMPLING
    return None


def _is_of_one_request(identifier: str) -> bool:
    """Return whether an id is not what programs write without a request, and not redacted."""
    return (
        len(identifier) >= _MIN_LENGTH_OF_ID
        and _IN_IDS.search(identifier) is not None
        and PLACEHOLDER.search(identifier) is None
    )


def _is_in(pattern: Pattern, parsed: ParsedMessage) -> bool:
    """Return whether a pattern matches the program's message, or the message with its wrapper."""
    if pattern.is_in(parsed.text):
        return True
    return parsed.wrapper is not None and pattern.is_in(parsed.wrapper.message)


def share_of(identifier: str) -> float:
    """Return a number from 0 to 1 that is uniformly distributed, and always the same for an identifier."""
    digest = blake2b(identifier.encode("utf-8", "replace"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48
