"""`shipctl logs`: show the logs of the stack's own functions."""

import heapq
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.style import Style
from rich.text import Text

from shipctl.installation.functions import Function
from shipctl.installation.own_log import NO_METRICS, Line, is_error, read_lines, words_of
from shipctl.json_lines import print_json
from shipctl.option_blocks import optional
from shipctl.options import SHOWN_PANEL, AsJson, Place
from shipctl.polling import TemporaryErrors
from shipctl.stack import Stack
from shipctl.table import DIM
from shipctl.terminal import one_line
from shipctl.times import moment

DEFAULT_SINCE = timedelta(hours=1)
POLL_SECONDS = 2.0
LATE = timedelta(seconds=30)
"""How late a log event may arrive after its timestamp and still be shown with --follow."""


class Whose(StrEnum):
    """The functions whose logs can be shown."""

    SHIPPER = "shipper"
    REPLAY = "replay"
    SUBSCRIBER = "subscriber"
    ALL = "all"

    @property
    def words(self) -> str:
        """Return the name for use in a sentence."""
        return "any function" if self is Whose.ALL else self.value

    @property
    def functions(self) -> tuple[Function, ...]:
        """Return the functions whose logs are shown."""
        return tuple(Function) if self is Whose.ALL else (Function(self.capitalize()),)


def logs(
    place: Place,
    whose: Annotated[
        Whose,
        typer.Argument(
            metavar="[shipper|replay|subscriber|all]", help="Whose log.  [default: all]", show_default=False
        ),
    ] = Whose.ALL,
    since: Annotated[
        datetime | None,
        optional(
            "--since",
            "TIME",
            "Start of the time range: a duration before now (90s, 15m, 1h, 2d) or a time in UTC "
            "(2026-11-03T09:00).  [default: 1h]",
            SHOWN_PANEL,
            parser=moment,
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", help="Continue with new lines, until Ctrl-C.", rich_help_panel=SHOWN_PANEL
        ),
    ] = False,
    everything: Annotated[
        bool,
        typer.Option(
            "--all-lines",
            help="Also show metrics and lines that are not JSON.",
            rich_help_panel=SHOWN_PANEL,
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what the stack's own functions log: the shipper, replay and the subscriber.

    They log only errors and warnings: if nothing is shown, nothing was wrong. Their logs are not shipped to
    LogInformant.
    """
    stack = place.find()
    console = Console(highlight=False)
    began = since or datetime.now(UTC) - DEFAULT_SINCE
    seen: dict[str, datetime] = {}
    count = 0
    errors = TemporaryErrors()
    while True:
        with errors.reported() if follow else nullcontext():
            for line in _lines(stack, whose, began, everything):
                if line.identifier in seen:
                    continue
                seen[line.identifier] = line.time
                count += 1
                _print(console, line, as_json)
            if follow:
                began = max(began, datetime.now(UTC) - LATE)
        if not follow:
            break
        seen = {identifier: when for identifier, when in seen.items() if when >= began}
        time.sleep(POLL_SECONDS)
    if not count:
        print(
            f"shipctl: nothing was logged by {whose.words} since {began:%Y-%m-%d %H:%M:%S} UTC",
            file=sys.stderr,
        )


def _lines(stack: Stack, whose: Whose, since: datetime, everything: bool) -> Iterator[Line]:
    pattern = "" if everything else NO_METRICS
    logs = (read_lines(stack, function, since, pattern=pattern) for function in whose.functions)
    for line in heapq.merge(*logs, key=lambda line: line.time):
        if everything or (line.fields and not line.is_metrics):
            yield line


def _print(console: Console, line: Line, as_json: bool) -> None:
    if as_json:
        said = dict(line.fields) if line.fields else line.text
        print_json({"time": line.time, "function": line.function.lower(), "line": said})
        return
    style = (
        Style(color="red")
        if is_error(line)
        else Style(color="yellow")
        if line.level == "WARNING"
        else Style()
    )
    text = Text(f"{line.time:%m-%d %H:%M:%S}  ", style=DIM)
    text.append(f"{line.function.lower():<10}  ", style=Style(color="cyan", dim=False))
    text.append(one_line(words_of(line)), style=style + Style(dim=False))
    console.print(text, soft_wrap=True)
