"""The options that select which logs are shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from loginformant_shipper.names import Level

from shipctl.option_blocks import optional
from shipctl.options import SHOWN_PANEL
from shipctl.preview.arrivals import Arrival, PreviewedLog
from shipctl.preview.summary import PreviewCounts


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The options that select which logs are shown."""

    levels: Annotated[
        list[Level] | None,
        optional(
            "--level",
            "LEVEL",
            f"Show only logs of this level ({', '.join(Level)}). May be given several times.",
            SHOWN_PANEL,
            case_sensitive=False,
        ),
    ] = None
    dropped: Annotated[
        bool,
        typer.Option(
            "--dropped",
            help="Also show logs that would not be sent, with what drops them in place of the rule.",
            rich_help_panel=SHOWN_PANEL,
        ),
    ] = False
    exceptions: Annotated[
        bool,
        typer.Option("--exceptions", help="Show whole stack traces.", rich_help_panel=SHOWN_PANEL),
    ] = False

    def of(self, outcomes: Iterable[PreviewedLog], seen: PreviewCounts) -> Iterator[Arrival]:
        """Yield the selected logs, and count all of them."""
        levels = frozenset(self.levels or Level)
        for outcome in outcomes:
            seen.count(outcome)
            if not isinstance(outcome, Arrival) or outcome.level not in levels:
                continue
            if self.dropped or not outcome.cause:
                seen.shown += not outcome.cause
                yield outcome
