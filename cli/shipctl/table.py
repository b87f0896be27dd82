"""Write logs as a table, one line each, without holding all of them in memory."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

from loginformant_shipper.events import Undecodable
from loginformant_shipper.names import Level
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from shipctl.preview.arrivals import Arrival
from shipctl.terminal import LINE_BREAK, one_line, visible

LEVEL_STYLES = {
    Level.DEBUG: Style(color="bright_black"),
    Level.INFORMATION: Style(color="green"),
    Level.WARNING: Style(color="yellow"),
    Level.ERROR: Style(color="red", bold=True),
    Level.FATAL: Style(color="white", bgcolor="red", bold=True),
}
DIM = Style(dim=True)
BOLD = Style(bold=True)
PLAIN = Style()
TITLE = Style(underline=True)
SOURCE = Style(color="cyan")
TRACE = Style(color="red", dim=True)
TROUBLE = Style(color="magenta")

ELLIPSIS = "…"

SAMPLE = 200
"""The number of logs that determine the widths of the columns."""

WIDE = 100
"""The width in columns from which on milliseconds and wider gaps are shown."""
_TIME = len("09:12:01.118")
_TIME_NARROW = len("09:12:01")
_LEVEL = max(map(len, Level))
_RULE = (len("Rule"), 16)
_SOURCE = (len("Source"), 24)
_SOURCE_NARROW = (len("Source"), 12)
_MIN_MESSAGE = 20


_LEADING_TIME = re.compile(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"(?:Z| ?UTC| ?[+-]\d\d:?\d\d)?\]?[ :]*(?=[^ :])"
)
"""A time at the beginning of a message, as many loggers write it."""


class Row(NamedTuple):
    """The cells of one log. They contain no control characters."""

    log_group: str
    date: str
    time: str
    level: Level
    rule: str
    source: str
    message: str
    prefix: int
    """The length of the beginning of the message that repeats other columns, such as a runtime's prefix or a
    time."""
    exception: str | None
    wrapper: str
    """The properties that a container driver, log router or syslog added."""
    cause: str
    """Why the log would not be sent; empty if it would. Shown instead of the rule."""


def row_of(arrival: Arrival) -> Row:
    """Return the row of one log. Date and time are empty if the log event has no timestamp."""
    document, parsed = arrival.document, arrival.log.parsed
    timestamp = document.get("timestamp", "") if "timestamp" in arrival.log.events[0].raw else ""
    message = str(document["message"])
    text = one_line(message)
    if parsed.fields is None and len(parsed.body) < len(parsed.text) and message.endswith(parsed.body):
        prefix = len(one_line(message.removesuffix(parsed.body)))
    else:
        leading_time = _LEADING_TIME.match(text)
        prefix = leading_time.end() if leading_time else 0
    return Row(
        log_group=visible(arrival.log_group),
        date=timestamp[:10],
        time=timestamp[11:23],
        level=arrival.level,
        rule=arrival.cause or arrival.rule,
        cause=arrival.cause or "",
        source=one_line(str(document.get("source", ""))),
        message=text,
        prefix=prefix,
        exception=document.get("exception"),
        wrapper=_wrapper_of(arrival),
    )


def _wrapper_of(arrival: Arrival) -> str:
    """Return the properties of the container driver, log router or syslog, without the time."""
    wrapper = arrival.log.parsed.wrapper
    properties = wrapper.properties.items() if wrapper is not None else ()
    return one_line("  ".join(f"{name}={value}" for name, value in properties if name != "time"))


class Columns(NamedTuple):
    """The widths of the columns in cells: 0 hides a column, None means no limit."""

    time: int
    rule: int
    source: int
    message: int | None
    gap: str


def columns_for(rows: Sequence[Row], width: int | None, before: Columns | None) -> Columns:
    """Return columns as wide as the rows need, within limits.

    Args:
        rows: The rows to show.
        width: The width of the terminal. None: there is no terminal.
        before: The previous columns, than which the result is not narrower.
    """
    wide = width is None or width >= WIDE
    time = (_TIME if wide else _TIME_NARROW) if any(row.time for row in rows) else 0
    rule = _fitting([row.rule for row in rows], *_RULE)
    source = _fitting([row.source for row in rows], *(_SOURCE if wide else _SOURCE_NARROW))
    if not any(row.source for row in rows):
        source = 0
    if before is not None:
        time, rule, source = max(time, before.time), max(rule, before.rule), max(source, before.source)
    gap = "  " if wide else " "
    if width is None:
        return Columns(time, rule, source, None, gap)
    room = _room(width, gap, time, rule, source)
    if room < _MIN_MESSAGE and source:
        source, room = 0, room + source + len(gap)
    return Columns(time, rule, source, max(room, _MIN_MESSAGE), gap)


def _room(width: int, gap: str, *columns: int) -> int:
    """Return the width that is left for messages beside the other columns."""
    return width - sum(column + len(gap) for column in (*columns, _LEVEL) if column)


def _fitting(texts: Sequence[str], least: int, most: int) -> int:
    return min(max([least, *map(cell_len, texts)]), most)


@dataclass
class LogTable:
    """Writes logs to `console`, with a heading where the log group or the day changes."""

    console: Console
    show_exceptions: bool
    _columns: Columns | None = field(default=None, init=False)
    _heading: tuple[str, str] | None = field(default=None, init=False)
    _written: bool = field(default=False, init=False)
    _wrapper: str = field(default="", init=False)

    def write(self, arrivals: Iterable[Arrival]) -> None:
        """Write logs that were read together. The first of them determine the widths of the columns."""
        rows = map(row_of, arrivals)
        if first := list(islice(rows, SAMPLE)):
            width = self.console.width if self.console.is_terminal else None
            same_group = self._heading is not None and self._heading[0] == first[0].log_group
            columns = columns_for(first, width, self._columns if same_group else None)
            if columns != self._columns:
                self._columns, self._heading = columns, None
            for row in chain(first, rows):
                self._write_row(row, columns)

    def write_undecodable(self, undecodable: Undecodable) -> None:
        """Write a line for a payload that cannot be decoded."""
        line = Text("cannot be decoded: ", style=TROUBLE)
        line.append(f"{undecodable.reason}: {one_line(undecodable.detail)}", style=DIM)
        self._write(line)

    def _write_row(self, row: Row, columns: Columns) -> None:
        if self._heading != (row.log_group, row.date):
            self._write_heading(row, columns)
        line = Text()
        for text, width, style in (
            (row.time[: columns.time], columns.time, DIM),
            (row.level, _LEVEL, LEVEL_STYLES[row.level]),
            (row.rule, columns.rule, TROUBLE if row.cause else DIM),
            (row.source, columns.source, SOURCE),
        ):
            _append(line, text, width, style, columns.gap)
        trace = row.exception if self.show_exceptions else None
        _append_message(line, _without_trace(row) if trace else row, columns.message)
        self._write_wrapper(row.wrapper)
        self._write(line)
        for trace_line in trace.split("\n") if trace else ():
            self._write(Text(f"    {visible(trace_line.rstrip().expandtabs(4))}", style=TRACE))

    def _write_heading(self, row: Row, columns: Columns) -> None:
        titles = self._heading is None
        self._heading = (row.log_group, row.date)
        if self._written:
            self._write(Text())
        if row.log_group or row.date:
            line = Text(row.log_group, style=BOLD)
            if row.date:
                line.append(f"{'  ' if row.log_group else ''}{row.date} UTC", style=DIM)
            self._write(line)
        if titles:
            line = Text()
            for title, width in (
                ("Time", columns.time),
                ("Level", _LEVEL),
                ("Rule", columns.rule),
                ("Source", columns.source),
            ):
                _append(line, title, width, TITLE, columns.gap)
            line.append("Message", style=TITLE)
            self._write(line)

    def _write_wrapper(self, wrapper: str) -> None:
        """Write the properties of a wrapper above the first log that has them."""
        if wrapper and wrapper != self._wrapper:
            self._write(Text(f"    {wrapper}", style=DIM))
        self._wrapper = wrapper or self._wrapper

    def _write(self, line: Text) -> None:
        line.rstrip()
        self.console.print(line, soft_wrap=True)
        self._written = True


def _without_trace(row: Row) -> Row:
    return row._replace(message=row.message.partition(f" {LINE_BREAK} ")[0])


def _append(line: Text, text: str, width: int, style: Style, gap: str) -> None:
    if width:
        text = _shortened(text, width)
        line.append(text, style=style)
        line.append(" " * (width - cell_len(text)) + gap)


def _append_message(line: Text, row: Row, room: int | None) -> None:
    style = LEVEL_STYLES[row.level] if row.level is Level.DEBUG else PLAIN
    style = DIM if row.cause else style
    if room is None or cell_len(row.message) <= room:
        line.append(row.message[: row.prefix], style=DIM)
        line.append(row.message[row.prefix :], style=style)
    elif row.prefix:
        # The prefix is cut, so that the text after it fits.
        line.append(ELLIPSIS, style=DIM)
        line.append(_shortened(row.message[row.prefix :], room - 1), style=style)
    else:
        line.append(_shortened(row.message, room), style=style)


def _shortened(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, with an ellipsis at its end if it was longer."""
    if len(text) <= width and cell_len(text) <= width:
        return text
    return set_cell_size(text[:width], width - 1).rstrip() + ELLIPSIS
