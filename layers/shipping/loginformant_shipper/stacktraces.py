"""Log events that are lines of one stack trace become one log; the exception of a log."""

from typing import TYPE_CHECKING, NamedTuple

from loginformant_shipper.parsing import ParsedMessage, parse
from loginformant_shipper.subscription import LogEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Log(NamedTuple):
    events: tuple[LogEvent, ...]
    """What the log is made of, in order; never empty."""
    parsed: ParsedMessage
    """Of one event: its message. Of several: their messages joined by line feeds; prefix of the first."""
    exception: str | None = None
    """The stack trace."""
    continues: ParsedMessage | None = None
    """The first part of the trace whose rest this log is; its level counts for the rest."""


def join(events: "Iterable[LogEvent]") -> "Iterator[Log]":
    for event in events:
        yield Log((event,), parse(event.message))
