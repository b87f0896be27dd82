"""`shipctl dlq stats`: show how many log events are in a queue, how old they are, and why."""

import time
from contextlib import nullcontext
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from shipctl.dlq.options import WhichQueue
from shipctl.dlq.queue import queue_of
from shipctl.dlq.spans import utc
from shipctl.dlq.state import QueueState, state_of
from shipctl.dlq.state_shown import document, write_state
from shipctl.installation.installation import Installation
from shipctl.json_lines import print_json
from shipctl.options import SHOWN_PANEL, AsJson
from shipctl.polling import TemporaryErrors
from shipctl.stack import Stack
from shipctl.table import DIM

WATCH_SECONDS = 5.0


def stats(
    which: WhichQueue,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Repeat every five seconds, until Ctrl-C. Shows numbers and reasons, and receives "
            "no messages.",
            rich_help_panel=SHOWN_PANEL,
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how many logs wait, how old they are, and why, messages in flight included.

    Every visible message is received once, and is visible again at the end (or within five minutes, if this
    command is killed). Meanwhile nobody else can receive it. For messages in flight, which are being
    replayed, the reasons are read from the functions' own logs of the last 15 minutes.
    """
    stack = which.find()
    queue = queue_of(stack, which.parked)
    console = Console(highlight=False)
    errors = TemporaryErrors()
    while True:
        with errors.reported() if watch else nullcontext():
            state = state_of(Installation(stack), queue, which.parked, receive=not watch)
            _print(console, stack, state, watch, as_json)
        if not watch:
            return
        time.sleep(WATCH_SECONDS)


def _print(console: Console, stack: Stack, state: QueueState, watch: bool, as_json: bool) -> None:
    if as_json:
        print_json(document(stack, state))
        return
    if watch and console.is_terminal:
        console.clear()
    if watch:
        console.print(Text(utc(state.asked_at), style=DIM))
    write_state(console, stack, state)
    if watch:
        console.print()
