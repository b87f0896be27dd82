"""The options that the commands of `shipctl dlq` share, beside those of all commands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from shipctl.dlq.letters import REASONS
from shipctl.dlq.selection import Selection
from shipctl.options import Place
from shipctl.times import moment

SELECTION_PANEL = "Which messages (all of these that are given must hold)"

Parked = Annotated[
    bool,
    typer.Option(
        "--parked", help="The parked queue, not the dead-letter queue.", rich_help_panel=SELECTION_PANEL
    ),
]


def _reason(text: str) -> str:
    if text in REASONS:
        return text
    raise typer.BadParameter(f"{text!r} is no reason: allowed are {', '.join(REASONS)}")


Reasons = Annotated[
    list[str] | None,
    typer.Option(
        "--reason",
        parser=_reason,
        metavar="REASON",
        help="With this reason; may be given several times.",
        rich_help_panel=SELECTION_PANEL,
        show_default=False,
    ),
]
LogGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--log-group",
        metavar="PATTERN",
        help="From log groups of this name; * is any text ('/aws/lambda/*'). May be given several times.",
        rich_help_panel=SELECTION_PANEL,
        show_default=False,
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=moment,
        metavar="TIME",
        help="That failed since then: so long ago (90s, 15m, 1h, 2d, 1w), or a time (2026-11-03T09:00, UTC).",
        rich_help_panel=SELECTION_PANEL,
        show_default=False,
    ),
]


@dataclass(frozen=True, kw_only=True)
class WhichQueue(Place):
    """The options that say which queue of which stack."""

    parked: Parked = False


@dataclass(frozen=True, kw_only=True)
class WhichMessages:
    """The options that say which messages of it."""

    reasons: Reasons = None
    log_groups: LogGroups = None
    since: Since = None

    @property
    def selection(self) -> Selection:
        return Selection(tuple(self.reasons or ()), tuple(self.log_groups or ()), self.since)
