"""Log events that are lines of one stack trace become one log; the exception of a log.

Container log drivers write a log event for every line, so a stack trace arrives as dozens of them. They are
joined under strict conditions: same stream, in order, no more than a second between two lines, each line of
the shape that the language's traces have (`trace_lines`), and the log line above only if it tells of trouble.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from loginformant_shipper.events import LogEvent, new_tuple
from loginformant_shipper.parsing.exception_fields import exception_of
from loginformant_shipper.parsing.messages import ParsedMessage, parse
from loginformant_shipper.parsing.trace_lines import Trace, hold_a_trace, traces

MAX_GAP_MILLISECONDS = 1000
"""A trace is written at once; two lines further apart than this were not."""

MAX_JOINED_EVENTS = 1000
MAX_JOINED_BYTES = 256 * 1024
"""A joined log is no longer than log events used to be at most, so that whoever reads it can."""

MAX_SEARCHED_CHARACTERS = 256 * 1024
"""How far into a message of many lines a trace is looked for."""


class Log(NamedTuple):
    events: tuple[LogEvent, ...]
    """What the log is made of, in order; never empty."""
    parsed: ParsedMessage
    """Of one event: its message. Of several: their messages, joined by line feeds."""
    exception: str | None = None
    """The stack trace, from the name of the exception on."""
    continues: ParsedMessage | None = None
    """The first part of the trace whose rest this log is, since the level of that part counts for the rest.
    The log's own message where the first part came in another payload."""


def join(events: Iterable[LogEvent]) -> Iterator[Log]:
    """Parse the events of one log stream, joining those that are lines of one stack trace.

    Every event is in exactly one log, and the order is kept. A trace of more than `MAX_JOINED_EVENTS` or
    `MAX_JOINED_BYTES` becomes several logs, of which each but the first `continues` the first.
    """
    events = tuple(events)
    if not hold_a_trace([event.message for event in events]):
        yield from map(_log_of_one, events)
        return
    lines = [_line(event.message) for event in events]
    done = 0
    for trace in traces(lines, lambda index: _together(events[index - 1], events[index])):
        yield from map(_log_of_one, events[done : trace.first])
        yield from _logs_of_trace(events, lines, trace)
        done = trace.end
    yield from map(_log_of_one, events[done:])


def _line(message: str) -> str:
    """The message of an event that is one line. One of several lines is a whole log: what its first line
    looks like says nothing about the events around it."""
    line = message.rstrip()
    return _NOT_A_LINE if "\n" in line or "\r" in line else line


_NOT_A_LINE = "{"


def _together(before: LogEvent, after: LogEvent) -> bool:
    if type(before.timestamp) is not int or type(after.timestamp) is not int:
        return False
    return 0 <= after.timestamp - before.timestamp <= MAX_GAP_MILLISECONDS


def _log_of_one(event: LogEvent) -> Log:
    parsed = parse(event.message)
    if parsed.fields is not None:
        found = exception_of(parsed.fields)
        return Log((event,), parsed, found.text if found else None)
    body = parsed.body
    if "\n" in body or "\r" in body:
        return Log((event,), parsed, _exception_in(body))
    return new_tuple(Log, ((event,), parsed, None, None))


def _exception_in(body: str) -> str | None:
    """The stack trace in a message of several lines (Node.js in a container writes `\r` between them)."""
    lines = body[:MAX_SEARCHED_CHARACTERS].splitlines(keepends=True)
    trace = next(traces([line.rstrip() for line in lines], lambda _: True), None)
    if trace is None:
        return None
    return body[sum(map(len, lines[: trace.exception])) + trace.column :]


def _logs_of_trace(events: Sequence[LogEvent], lines: Sequence[str], trace: Trace) -> Iterator[Log]:
    if trace.end - trace.first == 1 and not trace.headless:
        yield _log_of_one(events[trace.first])
        return
    beginning: ParsedMessage | None = None
    for first, end in _parts(lines, trace):
        parsed = parse("\n".join(lines[first:end]))
        if beginning is None:
            exception = "\n".join(lines[trace.exception : end])[trace.column :]
            continues = parsed if trace.headless and trace.first == 0 else None
            beginning = continues or parsed
        else:
            exception = parsed.text
            continues = beginning
        yield Log(tuple(events[first:end]), parsed, exception or None, continues)


def _parts(lines: Sequence[str], trace: Trace) -> Iterator[tuple[int, int]]:
    """The trace in parts within the limits, as first and end."""
    first, size = trace.first, 0
    for index in range(trace.first, trace.end):
        length = len(lines[index].encode("utf-8", "replace")) + 1
        if index > first and (index - first == MAX_JOINED_EVENTS or size + length > MAX_JOINED_BYTES):
            yield first, index
            first, size = index, 0
        size += length
    yield first, trace.end
