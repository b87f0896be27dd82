"""The options of `shipctl backfill` that say which log events, and how."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shipctl.option_blocks import optional
from shipctl.times import moment

if TYPE_CHECKING:
    from typer.models import OptionInfo

WHICH_PANEL = "Which log events"
HOW_PANEL = "How"
TIMES = "so long ago (90s, 15m, 1h, 2d, 1w), or a time (2026-11-03T09:00, UTC)"

LogGroup = Annotated[
    str,
    typer.Option(
        "--log-group", metavar="NAME", help="The log group that they are from.", rich_help_panel=WHICH_PANEL
    ),
]


def _time(name: str, words: str) -> "OptionInfo":
    return optional(name, "TIME", words, WHICH_PANEL, parser=moment)


@dataclass(frozen=True, kw_only=True)
class Which:
    """Which log events of the log group."""

    since: Annotated[datetime | None, _time("--since", f"Of this time or later: {TIMES}.")] = None
    until: Annotated[datetime | None, _time("--until", "Of an earlier time, likewise.  [default: now]")] = (
        None
    )
    ingested_since: Annotated[
        datetime | None,
        _time(
            "--ingested-since",
            "Those that CloudWatch Logs got then or later, whatever their own time. Without --since those of "
            "the day before are looked through.",
        ),
    ] = None
    ingested_until: Annotated[
        datetime | None, _time("--ingested-until", "Those that it got before, likewise.  [default: now]")
    ] = None
    from_files: Annotated[
        list[Path] | None,
        optional(
            "--from-file",
            "FILE",
            "Instead of reading the log group: what `aws logs filter-log-events` printed, one page or "
            "several. May be given several times.",
            WHICH_PANEL,
        ),
    ] = None
    filter_pattern: Annotated[
        str | None,
        optional(
            "--filter-pattern",
            "PATTERN",
            "A filter pattern of CloudWatch Logs; '' takes everything.  "
            "[default: the stack's SubscriptionFilterPattern]",
            WHICH_PANEL,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class How:
    """How they are shipped."""

    rate: Annotated[
        int | None,
        optional(
            "--rate", "NUMBER", "Ship at most so many log events a second, on average.", HOW_PANEL, min=1
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option("--force", help="Go on even where nothing gets through.", rich_help_panel=HOW_PANEL),
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be shipped.", rich_help_panel=HOW_PANEL)
    ] = False
    state: Annotated[
        Path | None,
        optional(
            "--state",
            "FILE",
            "Where to keep what is done.  [default: a file in ~/.local/state/shipctl]",
            HOW_PANEL,
        ),
    ] = None
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Begin anew, though some or all of it was shipped before: that arrives twice.",
            rich_help_panel=HOW_PANEL,
        ),
    ] = False
