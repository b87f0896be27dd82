"""Write the result of a backfill as text or JSON."""

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
    """The result of one run, and what to do next."""

    progress: Progress
    before: Totals
    """The totals before this run."""
    seconds: float
    trouble: str
    state: Path
    resume: str
    """The command that continues the backfill."""
    look: Sequence[str]
    """Commands that show the log events in the dead-letter queue."""


def write_result(console: Console, outcome: BackfillResult) -> None:
    """Write the result as text."""
    totals = outcome.progress.totals
    heading = Text(f"{counted(totals.delivered, 'log event')} delivered", style=BOLD)
    parts = [f"{totals.filtered:,} filtered"] if totals.filtered else []
    if totals.dead_lettered:
        parts.append(f"{totals.dead_lettered:,} stored in the dead-letter queue")
    if outcome.before.done:
        parts.append(f"including {outcome.before.done:,} by earlier runs")
    parts.append(span(outcome.seconds))
    heading.append(f"; {', '.join(parts)}", style=Style(bold=False))
    console.print(heading, soft_wrap=True)
    for line in _remarks(outcome):
        console.print(line, soft_wrap=True)


def _remarks(outcome: BackfillResult) -> Iterator[Text]:
    for command in outcome.look if outcome.progress.totals.dead_lettered else ():
        yield Text(f"→ {command}")
    if not outcome.progress.complete:
        yield Text(f"to continue, run\n→ {outcome.resume}")
        yield Text(f"the progress is stored in {outcome.state}", style=DIM)


def document(outcome: BackfillResult) -> dict[str, Any]:
    """Return the result as a JSON document. All counts are log events, including those of earlier runs."""
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
