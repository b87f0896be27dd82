"""`shipctl dlq purge`: messages deleted for good, after a question."""

import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from shipctl.dlq.looking import letters, look, say_what_is_hidden
from shipctl.dlq.options import WhichMessages, WhichQueue
from shipctl.dlq.overview import Overview, write_overview
from shipctl.dlq.queue import queue_of
from shipctl.errors import CommandError
from shipctl.json_lines import print_json
from shipctl.options import AsJson
from shipctl.terminal import counted

ANSWER_WITHIN_SECONDS = 600
_HIDDEN_SECONDS = 900
"""While the question stands, and while is deleted."""


def purge(
    which: WhichQueue,
    selected: WhichMessages,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all messages. Required if no other option selects messages.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete messages. Their logs are then only in CloudWatch Logs, until its retention ends.

    Only messages that were counted and shown are deleted, none that arrive later.
    """
    wanted = selected.selection
    if wanted.is_everything and not everything:
        raise typer.BadParameter("give --reason, --log-group or --since, or --all for everything")
    if everything and not wanted.is_everything:
        raise typer.BadParameter("--all is everything: it goes with no selection")
    if not yes and not is_terminal():
        raise typer.BadParameter("there is no terminal to ask on: --yes deletes without a question")
    stack = which.find()
    queue = queue_of(stack, which.parked)
    counts = queue.counts()
    overview, chosen = Overview(), []
    console = Console(highlight=False, stderr=as_json)
    with look(queue) as held:
        for letter in letters(held, counts, wanted):
            overview.count(letter)
            chosen.append(letter.identifier)
        if not chosen:
            console.print("No such message; nothing was deleted.")
            if as_json:
                print_json({"messagesDeleted": 0, "messagesLeft": 0, "logEvents": 0})
            say_what_is_hidden(counts, stack, which.parked)
            return
        what = f"{counted(overview.events, 'log event')} in {counted(overview.messages, 'message')}"
        console.print(f"{what} of {queue.name}:", soft_wrap=True)
        write_overview(console, overview, stack, which.parked)
        held.renew(_HIDDEN_SECONDS, due=_HIDDEN_SECONDS)
        asked_at = time.monotonic()
        if not yes:
            parked = ("--parked",) if which.parked else ()
            keep = stack.command("dlq", "export", "FILE", *parked)
            console.print(f"\n{keep} keeps a copy; after this there is none.", soft_wrap=True)
            if not typer.confirm(f"Delete {what} for good?", err=as_json):
                console.print("Nothing was deleted.")
                raise typer.Exit(1)
        if time.monotonic() - asked_at > ANSWER_WITHIN_SECONDS:
            raise CommandError(
                "nothing was deleted: the question stood for more than ten minutes, and messages may have "
                "been replayed meanwhile; run it again"
            )
        left = held.delete(chosen)
    deleted = len(chosen) - len(left)
    console.print(f"{counted(deleted, 'message')} deleted")
    if as_json:
        print_json({"messagesDeleted": deleted, "messagesLeft": len(left), "logEvents": overview.events})
    say_what_is_hidden(counts, stack, which.parked)
    if left:
        raise CommandError(f"SQS did not delete {counted(len(left), 'message')}; they are visible again")


def is_terminal() -> bool:
    """Whether someone is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()
