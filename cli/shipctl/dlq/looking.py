"""Read a queue without changing it: every message is visible again at the end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from shipctl.dlq.letters import Letter, record_of
from shipctl.dlq.queue import Counts, Held, Queue, holding, receive_all
from shipctl.dlq.selection import Selection
from shipctl.dlq.signals import ended_by_signals
from shipctl.stack import Stack
from shipctl.terminal import counted


@contextmanager
def look(queue: Queue) -> Iterator[Held]:
    """Hold messages within the block. They are visible again after it, also after Ctrl-C or a signal."""
    with ended_by_signals(), holding(queue) as held:
        yield held


def say_what_is_hidden(counts: Counts, stack: Stack, parked: bool) -> None:
    """Report on standard error how many messages cannot be received now, and which command explains why."""
    if counts.hidden:
        stats = stack.command("dlq", "stats", *(("--parked",) if parked else ()))
        print(f"shipctl: {counts.hidden}, not included. To see why, run: {stats}", file=sys.stderr)


def what_was_not_read(held: Held) -> str:
    """Return a clause that says how many messages were not read; empty if all were."""
    if not held.not_read:
        return ""
    was = "was" if held.not_read == 1 else "were"
    return f"about {counted(held.not_read, 'message')} {was} not read"


def letters(held: Held, counts: Counts, selection: Selection, *, with_bar: bool = True) -> Iterator[Letter]:
    """Yield the selected messages.

    Args:
        held: Holds the messages while they are read.
        counts: The counts of the queue. Messages that were sent later are not read.
        selection: Which messages are yielded.
        with_bar: Whether to show a progress bar on standard error.
    """
    columns = TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("messages")
    console = Console(stderr=True)
    hidden = not (with_bar and console.is_terminal)
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=counts.waiting)
        for read, message in enumerate(receive_all(held, counts), 1):
            progress.update(task, completed=read, total=max(counts.waiting, read))
            letter = Letter(record_of(message))
            if selection.takes(letter):
                yield letter
