"""`shipctl dlq purge`: delete messages permanently after confirmation."""

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
"""How long messages stay hidden while the command waits for confirmation and deletes them."""


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
        raise typer.BadParameter("give --reason, --log-group or --since, or --all for all messages")
    if everything and not wanted.is_everything:
        raise typer.BadParameter("--all cannot be combined with --reason, --log-group or --since")
    if not yes and not is_terminal():
        raise typer.BadParameter("confirmation requires a terminal: give --yes to delete without it")
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
            console.print("No message matches; nothing was deleted.")
            if as_json:
                print_json({"messagesDeleted": 0, "messagesLeft": 0, "logEvents": 0})
            say_what_is_hidden(counts, stack, which.parked)
            return
        what = f"{counted(overview.events, 'log event')} in {counted(overview.messages, 'message')}"
        console.print(f"{what} in {queue.name}:", soft_wrap=True)
        write_overview(console, overview, stack, which.parked)
        held.renew(_HIDDEN_SECONDS, due=_HIDDEN_SECONDS)
        asked_at = time.monotonic()
        if not yes:
            parked = ("--parked",) if which.parked else ()
            keep = stack.command("dlq", "export", "FILE", *parked)
            console.print(f"\nThis cannot be undone. To keep a copy, first run: {keep}", soft_wrap=True)
            if not typer.confirm(f"Delete {what} permanently?", err=as_json):
                console.print("Nothing was deleted.")
                raise typer.Exit(1)
        if time.monotonic() - asked_at > ANSWER_WITHIN_SECONDS:
            raise CommandError(
                "nothing was deleted: confirmation took more than ten minutes, and messages may have been "
                "replayed in the meantime; run the command again"
            )
        left = held.delete(chosen)
    deleted = len(chosen) - len(left)
    console.print(f"{counted(deleted, 'message')} deleted")
    if as_json:
        print_json({"messagesDeleted": deleted, "messagesLeft": len(left), "logEvents": overview.events})
    say_what_is_hidden(counts, stack, which.parked)
    if left:
        raise CommandError(f"SQS did not delete {counted(len(left), 'message')}, which are visible again")


def is_terminal() -> bool:
    """Return whether a person can answer questions."""
    return sys.stdin is not None and sys.stdin.isatty()
