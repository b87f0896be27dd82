"""Join log events that are lines of one stack trace, and find the exception of a log.

Container log drivers write a log event for every line, so a stack trace arrives as dozens of log events. They
are joined if they have the same log stream and the same writer (`containers`), are in order with at most a
second between two lines, and each line has the form of a trace in its language (`trace_lines`). The log line
above is only joined if it belongs to the trace. The parts of a line that a container driver split are joined,
too.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from loginformant_shipper.events import LogEvent
from loginformant_shipper.parsing.containers import (
    LOOKS_WRAPPED,
    LOOKS_WRAPPED_WITH_A_BAR,
    Unwrapped,
    has_wrapper_name,
    may_be_wrapped,
    rewrap,
    unwrap,
)
from loginformant_shipper.parsing.exception_fields import exception_of
from loginformant_shipper.parsing.messages import ParsedMessage, parse_bare, parse_unwrapped, wrapper_of
from loginformant_shipper.parsing.trace_lines import (
    LOOKS_LIKE_A_MARK,
    Trace,
    exception_in_one_log,
    hold_a_trace,
    traces,
)

MAX_GAP_MILLISECONDS = 1000
"""The maximum time between two lines of a trace."""

MAX_JOINED_EVENTS = 1000
MAX_JOINED_BYTES = 256 * 1024
"""The maximum size of a joined log, which is the previous maximum size of a log event."""

MAX_SEARCHED_CHARACTERS = 256 * 1024
"""The number of characters of a message in which a trace is searched."""

Redact = Callable[[str], str]

_LOOKS_SPECIAL = re.compile(rf"{LOOKS_WRAPPED}|{LOOKS_LIKE_A_MARK}").match
"""A quick check of every message: most are neither in a wrapper nor lines of a trace."""
_LOOKS_SPECIAL_WITH_A_BAR = re.compile(
    rf"{LOOKS_WRAPPED}|{LOOKS_LIKE_A_MARK}|{LOOKS_WRAPPED_WITH_A_BAR}"
).match
"""The check if there is a bar in any message."""


class Log(Struct, frozen=True, gc=False):
    """One log: a log event, or several that are one stack trace or one line."""

    events: tuple[LogEvent, ...]
    """The log events in order; never empty."""
    parsed: ParsedMessage
    """The message of a single event, or the contents of the wrappers of several, joined by line feeds."""
    exception: str | None = None
    """The stack trace, beginning with the name of the exception."""
    continues: ParsedMessage | None = None
    """The first part of the trace whose rest this log is, since the level of that part counts for the rest.
    The log's own message where the first part came in another payload."""
    parts: tuple[ParsedMessage, ...] = ()
    """The parts of a joined trace from which a level is inferred separately: the log line, if there is one,
    and the exception."""
    exception_path: tuple[str, ...] = ()
    """The path of the field of a structured log that `exception` has all of; empty if there is none."""


def join(events: Iterable[LogEvent], redact: Redact | None = None) -> Iterator[Log]:
    """Parse the events of one log stream, joining lines of one stack trace, and parts of one line.

    Every event is in exactly one log, and logs are in the order of their first events. A trace of more than
    `MAX_JOINED_EVENTS` or `MAX_JOINED_BYTES` becomes several logs, of which each but the first `continues`
    the first; and so does a line that was cut.

    Args:
        events: In the order in which they were written, redacted.
        redact: Redacts a text that was put together from parts. If it finds something, the first of the
            events in the log holds the redacted whole, and the others hold nothing.
    """
    events = tuple(events)
    messages = [event.message for event in events]
    looks_special = _LOOKS_SPECIAL_WITH_A_BAR if "|" in "".join(messages) else _LOOKS_SPECIAL
    special = list(filter(looks_special, messages))
    if any(map(may_be_wrapped, special)):
        return _join_wrapped(events, redact)
    if not hold_a_trace(special):
        return _each(events, redact)
    if any(message[:1] == "{" and may_be_wrapped(message) for message in messages):
        return _join_wrapped(events, redact)
    return _logs([_bare(event) for event in events], [range(len(events))])


def _each(events: Sequence[LogEvent], redact: Redact | None) -> Iterator[Log]:
    """Yield each event as a separate log, as most are, and join events from the first wrapper on."""
    for index, event in enumerate(events):
        parsed = parse_bare(event.message)
        if parsed.fields is not None:
            if has_wrapper_name(parsed.fields) and may_be_wrapped(event.message):
                yield from _join_wrapped(events[index:], redact)
                return
        elif "\n" not in parsed.body and "\r" not in parsed.body:
            yield Log((event,), parsed)
            continue
        yield _log_of((event,), parsed, None)


# --- lines: one event, or the parts of one line ---


class _Line(Struct, frozen=True, gc=False):
    events: tuple[LogEvent, ...]
    text: str
    """The text of the program, in which traces are searched, or `{` if it is not a single line of text."""
    unwrapped: Unwrapped | None = None
    """The content of the wrapper; None if there is no wrapper."""
    parsed: ParsedMessage | None = None
    """The parsed message of several events. Single events are parsed later, to hold few at a time."""
    continues: ParsedMessage | None = None


_Parts = list[tuple[LogEvent, Unwrapped]]
"""The parts of a line that a container driver split."""


def _bare(event: LogEvent) -> _Line:
    return _Line((event,), _line(event.message))


def _line(message: str) -> str:
    """Return the message of an event with a single line.

    An event with several lines is a complete log, unrelated to the events around it.
    """
    if message[:1] == _NOT_A_LINE:
        return _NOT_A_LINE
    line = message.rstrip()
    return _NOT_A_LINE if "\n" in line or "\r" in line else line


_NOT_A_LINE = "{"


def _join_wrapped(events: Iterable[LogEvent], redact: Redact | None) -> Iterator[Log]:
    """Join the lines of each writer separately, since containers and streams interleave their lines.

    A line without a wrapper has the writer of the line above.
    """
    found: list[_Line | _Parts] = []
    numbers: list[int] = []
    by_writer: dict[tuple[str, ...], list[int]] = {(): numbers}
    unfinished: dict[tuple[tuple[str, ...], str], _Parts] = {}
    has_parts = False
    for event in events:
        message = event.message
        unwrapped = unwrap(message)
        if unwrapped is None:
            numbers.append(len(found))
            found.append(_bare(event))
            continue
        writer, partial = unwrapped.writer, unwrapped.partial
        numbers = by_writer.setdefault(writer, [])
        parts = unfinished.get((writer, partial.identifier)) if partial else None
        if parts and not _together(parts[-1][0], event):
            parts = None
        if partial is None or (partial.is_last and parts is None):
            text = _NOT_A_LINE if unwrapped.fields is not None else _line(unwrapped.text)
            numbers.append(len(found))
            found.append(_Line((event,), text, unwrapped))
            continue
        if parts is None:
            parts = unfinished[writer, partial.identifier] = []
            has_parts = True
            numbers.append(len(found))
            found.append(parts)
        parts.append((event, unwrapped))
        if partial.is_last:
            del unfinished[writer, partial.identifier]
    writers = [numbers for numbers in by_writer.values() if numbers]
    if not has_parts:
        return _logs(cast("list[_Line]", found), writers)
    return _logs(*_with_parts_put_together(found, writers, redact))


def _with_parts_put_together(
    found: Sequence[_Line | _Parts], writers: Iterable[Sequence[int]], redact: Redact | None
) -> tuple[list[_Line], list[list[int]]]:
    """Return all lines, and the indexes of the lines of each writer."""
    lines: list[_Line] = []
    places: list[range] = []
    for item in found:
        begin = len(lines)
        if isinstance(item, _Line):
            lines.append(item)
        else:
            lines += _put_together(item, redact)
        places.append(range(begin, len(lines)))
    return lines, [[place for number in numbers for place in places[number]] for numbers in writers]


def _put_together(parts: _Parts, redact: Redact | None) -> Iterator[_Line]:
    """Yield the line that was split into `parts`, as several logs if it exceeds the size of a joined log."""
    if redact is not None and len(parts) > 1:
        text = "".join(unwrapped.text for _, unwrapped in parts)
        redacted = redact(text)
        if redacted != text:
            first, *others = (event for event, _ in parts)
            events = (
                first.with_message(rewrap(first.message, redacted)),
                *(event.with_message("") for event in others),
            )
            yield _whole(events, parts[0][1], redacted, None)
            return
    beginning: ParsedMessage | None = None
    for chunk in _within_bounds(parts, lambda part: (1, part[1].text)):
        events = tuple(event for event, _ in chunk)
        text = "".join(unwrapped.text for _, unwrapped in chunk)
        line = _whole(events, chunk[0][1], text, beginning)
        beginning = beginning or line.parsed
        yield line


def _whole(
    events: tuple[LogEvent, ...], first: Unwrapped, text: str, continues: ParsedMessage | None
) -> _Line:
    message = "".join(event.message for event in events)
    parsed = parse_unwrapped(replace(first, text=text, members=None), message)
    is_line = continues is None and parsed.fields is None
    return _Line(events, _line(text) if is_line else _NOT_A_LINE, first, parsed, continues)


def _together(before: LogEvent, after: LogEvent) -> bool:
    if type(before.timestamp) is not int or type(after.timestamp) is not int:
        return False
    return 0 <= after.timestamp - before.timestamp <= MAX_GAP_MILLISECONDS


# --- logs ---


def _logs(lines: Sequence[_Line], writers: Collection[Sequence[int]]) -> Iterator[Log]:
    """Yield the logs of all lines, in the order of their first lines.

    Args:
        lines: The lines in the order of arrival.
        writers: The indexes of the lines of each writer. Each line has one writer.
    """
    in_traces: dict[int, Iterator[tuple[int, Log]] | Log | None] = {}
    for numbers in writers:
        own = lines if len(writers) == 1 else [lines[number] for number in numbers]
        for trace in _traces_of(own):
            in_traces |= dict.fromkeys(numbers[trace.first : trace.end])
            in_traces[numbers[trace.first]] = _logs_of_trace(own, trace, numbers)
    for number, line in enumerate(lines):
        if number not in in_traces:
            yield _log_of_line(line)
            continue
        logs = in_traces.pop(number)
        if isinstance(logs, Log):
            yield logs
        elif logs is not None:
            yield next(logs)[1]
            in_traces.update(logs)  # the other logs of a trace that is too long for one


def _traces_of(lines: Sequence[_Line]) -> Iterator[Trace]:
    """Yield the traces in the lines of one writer. A single line that names an exception is not a trace."""
    texts = [line.text for line in lines]
    for trace in traces(texts, lambda index: _together(lines[index - 1].events[-1], lines[index].events[0])):
        if trace.end - trace.first > 1 or trace.headless:
            yield trace


def _log_of_line(line: _Line) -> Log:
    parsed = line.parsed
    if parsed is None:
        message = line.events[0].message
        parsed = parse_unwrapped(line.unwrapped, message) if line.unwrapped else parse_bare(message)
    return _log_of(line.events, parsed, line.continues)


def _log_of(events: tuple[LogEvent, ...], parsed: ParsedMessage, continues: ParsedMessage | None) -> Log:
    if parsed.fields is not None:
        found = exception_of(parsed.fields)
        if found is None:
            return Log(events, parsed, None, continues)
        return Log(events, parsed, found.text, continues, (), found.path)
    body = parsed.body
    exception = _exception_in(body) if "\n" in body or "\r" in body else None
    return Log(events, parsed, exception, continues)


def _exception_in(body: str) -> str | None:
    r"""Return the stack trace in a message of several lines (Node.js in a container ends them with `\r`)."""
    lines = body[:MAX_SEARCHED_CHARACTERS].splitlines(keepends=True)
    position = exception_in_one_log([line.rstrip() for line in lines])
    if position is None:
        return None
    line, column = position
    return body[sum(map(len, lines[:line])) + column :]


def _logs_of_trace(lines: Sequence[_Line], trace: Trace, numbers: Sequence[int]) -> Iterator[tuple[int, Log]]:
    """Yield the logs of a trace, each with the number of its first line."""
    beginning: ParsedMessage | None = None
    parts: tuple[ParsedMessage, ...] = ()
    number = trace.first
    for part in _within_bounds(lines[trace.first : trace.end], lambda line: (len(line.events), line.text)):
        events = tuple(event for line in part for event in line.events)
        texts = [line.text for line in part]
        parsed = _parsed_trace(part[0], texts, events)
        if beginning is None:
            line = trace.exception - trace.first
            exception = "\n".join(texts[line:])[trace.column :]
            continues = parsed if trace.headless and trace.first == 0 else None
            beginning = continues or parsed
            parts = _read_alone(texts[: line + 1] if trace.column else texts[:line], exception)
        else:
            exception, continues = parsed.text, beginning
        yield numbers[number], Log(events, parsed, exception or None, continues, parts)
        number += len(part)


def _parsed_trace(first: _Line, texts: Sequence[str], events: tuple[LogEvent, ...]) -> ParsedMessage:
    parsed = parse_bare("\n".join(texts))
    if first.unwrapped is None:
        return parsed
    message = "\n".join(event.message for event in events)
    return replace(parsed, wrapper=wrapper_of(first.unwrapped, message))


def _read_alone(log_line: Sequence[str], exception: str) -> tuple[ParsedMessage, ...]:
    return tuple(parse_bare(text) for text in ("\n".join(log_line), exception) if text)


_Part = TypeVar("_Part")


def _within_bounds(
    parts: Sequence[_Part], size_of: Callable[[_Part], tuple[int, str]]
) -> Iterator[Sequence[_Part]]:
    """Yield the parts in groups that each are one log; `size_of` gives events and text of one."""
    first, events, size = 0, 0, 0
    for index, part in enumerate(parts):
        more_events, text = size_of(part)
        length = len(text.encode("utf-8", "replace")) + 1
        if index > first and (events + more_events > MAX_JOINED_EVENTS or size + length > MAX_JOINED_BYTES):
            yield parts[first:index]
            first, events, size = index, 0, 0
        events += more_events
        size += length
    yield parts[first:]
