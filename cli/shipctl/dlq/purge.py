"""`shipctl dlq purge`: messages deleted for good, after a question."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from shipctl.dlq.looking import letters, look
from shipctl.dlq.options import WhichMessages, WhichQueue
from shipctl.dlq.overview import Overview, write_overview
from shipctl.dlq.queue import queue_of
from shipctl.errors import CommandError
from shipctl.terminal import counted

ANSWER_WITHIN_SECONDS = 600
_HIDDEN_SECONDS = 900
"""While the question stands, and while is deleted."""


def purge(
    which: WhichQueue,
    selected: WhichMessages,
    everything: Annotated[
        bool, typer.Option("--all", help="All messages; needed where no selection is given.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete messages for good. Their logs are then only in CloudWatch, as long as that keeps them.

    Only what was counted and shown is deleted, nothing that came in later.
    """
    wanted = selected.selection
    if wanted.is_everything and not everything:
        raise typer.BadParameter("give --reason, --log-group or --since, or --all for everything")
    if everything and not wanted.is_everything:
        raise typer.BadParameter("--all is everything: it goes with no selection")
    if not yes and not is_terminal():
        raise typer.BadParameter("there is no terminal to ask on: --yes deletes without a question")
    queue = queue_of(which.find(), which.parked)
    counts = queue.counts()
    overview, chosen = Overview(), []
    console = Console(highlight=False)
    with look(queue) as held:
        for letter in letters(held, counts, wanted):
            overview.count(letter)
            chosen.append(letter.identifier)
        if not chosen:
            console.print("No such message; nothing was deleted.")
            return
        what = f"{counted(overview.events, 'log event')} in {counted(overview.messages, 'message')}"
        console.print(f"{what} of {queue.name}:", soft_wrap=True)
        write_overview(console, overview)
        held.renew(_HIDDEN_SECONDS, due=_HIDDEN_SECONDS)
        asked_at = time.monotonic()
        if not yes:
            console.print("\nshipctl dlq export keeps a copy; after this there is none.")
            if not typer.confirm(f"Delete {what} for good?"):
                console.print("Nothing was deleted.")
                raise typer.Exit(1)
        if time.monotonic() - asked_at > ANSWER_WITHIN_SECONDS:
            raise CommandError(
                "nothing was deleted: the question stood for more than ten minutes, and messages may have "
                "been replayed meanwhile; run it again"
            )
        left = held.delete(chosen)
    console.print(f"{counted(len(chosen) - len(left), 'message')} deleted")
    if left:
        raise CommandError(f"SQS did not delete {counted(len(left), 'message')}; they are visible again")


def is_terminal() -> bool:
    """Whether someone is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()
