"""The options of `shipctl backfill`."""

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
TIMES = "a duration before now (90s, 15m, 1h, 2d, 1w) or a time in UTC (2026-11-03T09:00)"

LogGroup = Annotated[
    str,
    typer.Option(
        "--log-group", metavar="NAME", help="The log group of the log events.", rich_help_panel=WHICH_PANEL
    ),
]


def _time(name: str, words: str) -> "OptionInfo":
    return optional(name, "TIME", words, WHICH_PANEL, parser=moment)


@dataclass(frozen=True, kw_only=True)
class Which:
    """The options that select log events."""

    since: Annotated[datetime | None, _time("--since", f"Start of the time range: {TIMES}.")] = None
    until: Annotated[
        datetime | None,
        _time(
            "--until", "End of the time range, in the same form; this time is not included.  [default: now]"
        ),
    ] = None
    ingested_since: Annotated[
        datetime | None,
        _time(
            "--ingested-since",
            "Ship log events that CloudWatch Logs received at this time or later, whatever their own "
            "time. Without --since, log events of up to a day before are read.",
        ),
    ] = None
    ingested_until: Annotated[
        datetime | None,
        _time("--ingested-until", "Ship log events that it received before this time.  [default: now]"),
    ] = None
    from_files: Annotated[
        list[Path] | None,
        optional(
            "--from-file",
            "FILE",
            "Read the output of `aws logs filter-log-events`, one page or several, instead of the "
            "log group. May be given several times.",
            WHICH_PANEL,
        ),
    ] = None
    filter_pattern: Annotated[
        str | None,
        optional(
            "--filter-pattern",
            "PATTERN",
            "Ship only log events that match this filter pattern of CloudWatch Logs; '' ships all.  "
            "[default: the stack's SubscriptionFilterPattern]",
            WHICH_PANEL,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class How:
    """The options that control how log events are shipped."""

    rate: Annotated[
        int | None,
        optional(
            "--rate",
            "NUMBER",
            "Ship at most this number of log events a second, on average.",
            HOW_PANEL,
            min=1,
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Continue even if LogInformant accepts nothing.", rich_help_panel=HOW_PANEL
        ),
    ] = False
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would be shipped.", rich_help_panel=HOW_PANEL)
    ] = False
    state: Annotated[
        Path | None,
        optional(
            "--state",
            "FILE",
            "The file that keeps the progress.  [default: a file in ~/.local/state/shipctl]",
            HOW_PANEL,
        ),
    ] = None
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Start again from the beginning. What was shipped before arrives twice.",
            rich_help_panel=HOW_PANEL,
        ),
    ] = False
