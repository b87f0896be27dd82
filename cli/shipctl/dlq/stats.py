"""`shipctl dlq stats`: how many log events wait, how old they are, and why."""

from datetime import timedelta

from rich.console import Console
from rich.style import Style
from rich.text import Text

from shipctl.dlq.function import is_replayed_automatically
from shipctl.dlq.looking import letters, look
from shipctl.dlq.options import WhichQueue
from shipctl.dlq.overview import Overview, write_overview
from shipctl.dlq.queue import Counts, Queue, queue_of
from shipctl.dlq.selection import Selection
from shipctl.dlq.spans import ago, span, utc
from shipctl.stack import Stack
from shipctl.table import BOLD, DIM, TROUBLE
from shipctl.terminal import counted

SOON = timedelta(days=3)
"""What SQS drops sooner than this is said in colour."""


def stats(
    which: WhichQueue,
) -> None:
    """Show how many logs wait, how old they are, and why.

    Every message is received once, and is visible again at the end (in five minutes, should this command be
    killed). Meanwhile nobody else sees it.
    """
    found = which.find()
    queue = queue_of(found, which.parked)
    counts = queue.counts()
    other = queue_of(found, not which.parked).counts()
    overview = Overview()
    with look(queue) as held:
        for letter in letters(held, counts, Selection()):
            overview.count(letter)
    console = Console(highlight=False)
    _write_heading(console, found, queue, which.parked)
    _write_numbers(console, counts, overview)
    write_overview(console, overview)
    _write_other_queue(console, other, which.parked)
    _write_auto_replay(console, found)


def _write_heading(console: Console, stack: Stack, queue: Queue, parked: bool) -> None:
    heading = Text("Parked queue" if parked else "Dead-letter queue", style=BOLD)
    heading.append(f"  {queue.name}  {stack.region}", style=Style(bold=False, dim=True))
    console.print(heading, soft_wrap=True)


def _write_numbers(console: Console, counts: Counts, overview: Overview) -> None:
    if overview.messages:
        verb = "waits" if overview.events == 1 else "wait"
        waiting = f"{counted(overview.events, 'log event')} {verb} in {counted(overview.messages, 'message')}"
        console.print(Text(waiting, style=BOLD))
    else:
        console.print(Text("Nothing waits.", style=Style(color="green")))
    if counts.in_flight:
        in_flight = f"{counted(counts.in_flight, 'message')} in flight, not looked at here: replay has it in "
        in_flight += "hand or waits before its next try, or another command holds it"
        console.print(Text(in_flight, style=TROUBLE))
    if overview.oldest_sent and overview.first_failed:
        console.print(f"first failed {ago(overview.first_failed)}, {utc(overview.first_failed)}")
        dropped = overview.oldest_sent + timedelta(seconds=counts.retention_seconds)
        left = dropped.timestamp() - counts.asked_at
        urgent = left < SOON.total_seconds()
        line = Text(f"SQS drops the oldest message in {span(left)}, {utc(dropped)}")
        if urgent:
            line.stylize(Style(color="red", bold=True))
            line.append("; shipctl dlq export keeps a copy", style=Style(bold=False))
        console.print(line)


def _write_other_queue(console: Console, counts: Counts, shown_is_parked: bool) -> None:
    name = "Dead-letter queue" if shown_is_parked else "Parked queue"
    option = "" if shown_is_parked else " --parked"
    if counts.waiting or counts.in_flight:
        number = counted(counts.waiting + counts.in_flight, "message")
        console.print(Text(f"\n{name}: {number}: shipctl dlq stats{option}", style=TROUBLE))
    else:
        console.print(Text(f"\n{name}: nothing", style=DIM))


def _write_auto_replay(console: Console, stack: Stack) -> None:
    on = "AutoReplay is on: the dead-letter queue empties itself as soon as LogInformant takes the logs."
    off = "AutoReplay is off: nothing is replayed but by shipctl dlq replay."
    console.print(Text(on if is_replayed_automatically(stack) else off, style=DIM), soft_wrap=True)
