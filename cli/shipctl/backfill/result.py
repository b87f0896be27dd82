"""What came of a backfill, for people and programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.text import Text

from shipctl.backfill.progress import Progress, Totals
from shipctl.dlq.spans import span
from shipctl.table import BOLD, DIM
from shipctl.terminal import counted


@dataclass(frozen=True)
class BackfillResult:
    """What one run came to, and where to go from there."""

    progress: Progress
    before: Totals
    """What earlier runs had done."""
    seconds: float
    trouble: str
    state: Path
    resume: str
    """The command that goes on."""
    look: Sequence[str]
    """Commands that say more of what waits."""


def write_result(console: Console, outcome: BackfillResult) -> None:
    """Write a line for everything that happened."""
    totals = outcome.progress.totals
    heading = Text(f"{counted(totals.delivered, 'log event')} delivered", style=BOLD)
    parts = [f"{totals.filtered:,} filtered"] if totals.filtered else []
    if totals.dead_lettered:
        parts.append(f"{totals.dead_lettered:,} wait in the dead-letter queue")
    if outcome.before.done:
        parts.append(f"{outcome.before.done:,} of all these by earlier runs")
    parts.append(span(outcome.seconds))
    heading.append(f"; {', '.join(parts)}", style=Style(bold=False))
    console.print(heading, soft_wrap=True)
    for line in _remarks(outcome):
        console.print(line, soft_wrap=True)


def _remarks(outcome: BackfillResult) -> Iterator[Text]:
    for command in outcome.look if outcome.progress.totals.dead_lettered else ():
        yield Text(f"→ {command}")
    if not outcome.progress.complete:
        yield Text(f"goes on with\n→ {outcome.resume}")
        yield Text(f"what is done is kept in {outcome.state}", style=DIM)


def document(outcome: BackfillResult) -> dict[str, Any]:
    """Return it for programs; all counts are log events, those of earlier runs included."""
    totals, before = outcome.progress.totals, outcome.before
    return {
        "delivered": totals.delivered,
        "filtered": totals.filtered,
        "deadLettered": totals.dead_lettered,
        "requests": totals.requests,
        "byEarlierRuns": before.done,
        "uncertain": outcome.progress.in_hand,
        "seconds": round(outcome.seconds, 1),
        "isComplete": outcome.progress.complete,
        "resume": None if outcome.progress.complete else outcome.resume,
        "state": str(outcome.state),
        "trouble": outcome.trouble or None,
    }
