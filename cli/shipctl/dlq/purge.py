"""`shipctl dlq purge`: delete messages permanently after confirmation."""

import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from shipctl.dlq.backup import exported_ids
from shipctl.dlq.looking import letters, look, say_what_is_hidden, what_was_not_read
from shipctl.dlq.options import SELECTION_PANEL, WhichMessages, WhichQueue
from shipctl.dlq.overview import Overview, write_overview
from shipctl.dlq.queue import MAX_BATCH, PARALLEL_REQUESTS, Held, batches, queue_of
from shipctl.dlq.selection import Selection
from shipctl.errors import CommandError
from shipctl.json_lines import print_json
from shipctl.option_blocks import optional
from shipctl.options import AsJson
from shipctl.stack import Stack
from shipctl.terminal import counted

ANSWER_WITHIN_SECONDS = 600
_HIDDEN_SECONDS = 900
"""How long messages stay hidden while the command waits for confirmation and deletes them."""
_AT_ONCE = MAX_BATCH * PARALLEL_REQUESTS
"""The number of messages after which it is known which of them were deleted."""


def purge(
    which: WhichQueue,
    selected: WhichMessages,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all messages. Required if no other option selects messages.")
    ] = False,
    exported: Annotated[
        str | None,
        optional(
            "--exported",
            "FILE",
            "Delete only the messages in this file, which shipctl dlq export wrote.",
            SELECTION_PANEL,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete messages. Their logs are then only in CloudWatch Logs, until its retention ends.

    Only messages that were counted and shown are deleted, none that arrive later. With --exported FILE, only
    messages of which the file has a copy are deleted. At most 100,000 messages are read; if some were not
    read, the exit status is 1.
    """
    wanted = _selection(selected, everything, exported)
    if not yes and not is_terminal():
        raise typer.BadParameter("confirmation requires a terminal: give --yes to delete without it")
    stack = which.find()
    queue = queue_of(stack, which.parked)
    counts = queue.counts()
    overview, chosen = Overview(), []
    console = Console(highlight=False, stderr=as_json)
    left: list[str] = []
    with look(queue) as held:
        for letter in letters(held, counts, wanted):
            overview.count(letter)
            chosen.append(letter.identifier)
        if not chosen:
            console.print("No message matches; nothing was deleted.")
        else:
            what = f"{counted(overview.events, 'log event')} in {counted(overview.messages, 'message')}"
            console.print(f"{what} in {queue.name}:", soft_wrap=True)
            write_overview(console, overview, stack, which.parked)
            held.renew(_HIDDEN_SECONDS, due=_HIDDEN_SECONDS)
            if not yes:
                _ask(console, what, stack, which.parked, exported, as_json)
            left = _delete(held, chosen)
            console.print(f"{counted(len(chosen) - len(left), 'message')} deleted")
    not_found = len(wanted.identifiers or ()) - len(chosen) if exported else 0
    is_complete = not (not_found if exported else held.not_read)
    if as_json:
        print_json(
            {
                "messagesDeleted": len(chosen) - len(left),
                "messagesLeft": len(left),
                "logEvents": overview.events,
                "isComplete": is_complete,
                "notRead": held.not_read,
            }
        )
    say_what_is_hidden(counts, stack, which.parked)
    if left:
        raise CommandError(f"SQS did not delete {counted(len(left), 'message')}, which are visible again")
    if not is_complete and held.not_read:
        raise CommandError(f"{what_was_not_read(held)}, and not deleted: run the command again")
    if not_found:
        gone = f"{counted(not_found, 'message')} of {exported} not found in the queue"
        print(f"shipctl: {gone}: in flight, delayed or already deleted", file=sys.stderr)


def _selection(selected: WhichMessages, everything: bool, exported: str | None) -> Selection:
    wanted = selected.selection
    given = (not wanted.is_everything) + everything + (exported is not None)
    if given == 0:
        raise typer.BadParameter(
            "give --exported, or --reason, --log-group or --since, or --all for all messages"
        )
    if given > 1:
        raise typer.BadParameter(
            "--exported and --all cannot be combined with each other, or with options that select messages"
        )
    return wanted if exported is None else Selection(identifiers=exported_ids(exported))


def _ask(
    console: Console, what: str, stack: Stack, is_parked: bool, exported: str | None, as_json: bool
) -> None:
    """Ask for confirmation. Raises `typer.Exit` without it, and `CommandError` if it took too long."""
    asked_at = time.monotonic()
    parked = ("--parked",) if is_parked else ()
    copy = f" To keep a copy, first run: {stack.command('dlq', 'export', 'FILE', *parked)}"
    console.print(f"\nThis cannot be undone.{copy if exported is None else ''}", soft_wrap=True)
    if not typer.confirm(f"Delete {what} permanently?", err=as_json):
        console.print("Nothing was deleted.")
        raise typer.Exit(1)
    if time.monotonic() - asked_at > ANSWER_WITHIN_SECONDS:
        raise CommandError(
            "nothing was deleted: confirmation took more than ten minutes, and messages may have been "
            "replayed in the meantime; run the command again"
        )


def _delete(held: Held, chosen: Sequence[str]) -> list[str]:
    """Delete messages, and return the ids of those that SQS did not delete.

    If that is interrupted or fails, it is said on standard error how far it got.
    """
    left: list[str] = []
    for some in batches(chosen, _AT_ONCE):
        try:
            left += held.delete(some)
        except (CommandError, KeyboardInterrupt, SystemExit):
            deleted = f"{counted(len(held.deleted), 'message')} deleted, and perhaps {len(some):,} more"
            print(f"shipctl: {deleted}; the others were not deleted", file=sys.stderr)
            raise
    return left


def is_terminal() -> bool:
    """Return whether a person can answer questions."""
    return sys.stdin is not None and sys.stdin.isatty()
