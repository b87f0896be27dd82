"""The options of `shipctl backfill` that say which log events, and how."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from shipctl.times import moment

WHICH_PANEL = "Which log events"
HOW_PANEL = "How"
TIMES = "so long ago (90s, 15m, 1h, 2d, 1w), or a time (2026-11-03T09:00, UTC)"

LogGroup = Annotated[
    str,
    typer.Option(
        "--log-group", metavar="NAME", help="The log group that they are from.", rich_help_panel=WHICH_PANEL
    ),
]


def _time(name: str, words: str) -> "typer.models.OptionInfo":
    found: typer.models.OptionInfo = typer.Option(
        name, parser=moment, metavar="TIME", help=words, rich_help_panel=WHICH_PANEL, show_default=False
    )
    return found


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
        typer.Option(
            "--from-file",
            metavar="FILE",
            help="Instead of reading the log group: what `aws logs filter-log-events` printed, one page or "
            "several. May be given several times.",
            rich_help_panel=WHICH_PANEL,
            show_default=False,
        ),
    ] = None
    filter_pattern: Annotated[
        str | None,
        typer.Option(
            "--filter-pattern",
            metavar="PATTERN",
            help="A filter pattern of CloudWatch Logs; '' takes everything.  "
            "[default: the stack's SubscriptionFilterPattern]",
            rich_help_panel=WHICH_PANEL,
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class How:
    """How they are shipped."""

    rate: Annotated[
        int | None,
        typer.Option(
            "--rate",
            min=1,
            metavar="NUMBER",
            help="Ship at most so many log events a second, on average.",
            rich_help_panel=HOW_PANEL,
            show_default=False,
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
        typer.Option(
            "--state",
            metavar="FILE",
            help="Where to keep what is done.  [default: a file in ~/.local/state/shipctl]",
            rich_help_panel=HOW_PANEL,
            show_default=False,
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
