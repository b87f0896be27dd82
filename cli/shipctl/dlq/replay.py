"""`shipctl dlq replay`: deliver the messages of a queue through the stack's replay function."""

import signal
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from shipctl.dlq.function import ReplayFunction, payload_bytes, replay_function
from shipctl.dlq.letters import Letter, record_of
from shipctl.dlq.looking import letters, look, say_what_is_hidden, what_was_not_read
from shipctl.dlq.options import WhichMessages, WhichQueue
from shipctl.dlq.overview import Overview, write_overview
from shipctl.dlq.queue import (
    CLOCK_STEP_SECONDS,
    MAX_BATCH,
    RENEW_SECONDS,
    Counts,
    Held,
    Queue,
    holding,
    queue_of,
    receive_all,
)
from shipctl.dlq.replay_ledger import ReplayLedger, document, write_ledger
from shipctl.dlq.selection import Selection
from shipctl.dlq.signals import Stop, stopped_by_signals
from shipctl.errors import CommandError
from shipctl.installation.automatic_replay import automatic_replay
from shipctl.installation.installation import Installation
from shipctl.installation.record_function import MAX_PAYLOAD_BYTES, Answer, FunctionFailed
from shipctl.json_lines import print_json
from shipctl.option_blocks import optional
from shipctl.options import AsJson
from shipctl.stack import Stack
from shipctl.terminal import counted

HOW_PANEL = "How"
MIN_WIDTH_FOR_BAR = 80
PROBING = "one message first (≤ 2 min)"

MAX_WAIT_SECONDS = 900
"""How long --wait waits. Messages with which the function crashed are visible again after 12 minutes."""

LOOK_AGAIN_SECONDS = 5.0


def replay(
    which: WhichQueue,
    selected: WhichMessages,
    rate: Annotated[
        int | None,
        optional(
            "--rate",
            "NUMBER",
            "Send at most this number of log events a second, on average. A message is sent as a whole.",
            HOW_PANEL,
            min=1,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Continue even if LogInformant takes nothing.",
            rich_help_panel=HOW_PANEL,
        ),
    ] = False,
    wait: Annotated[
        bool,
        typer.Option(
            "--wait",
            help="Wait until messages in flight or delayed are visible, 15 minutes at most, and "
            "replay them, too.",
            rich_help_panel=HOW_PANEL,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only show what would be replayed.", rich_help_panel=HOW_PANEL),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver the logs that wait, with the stack's replay function.

    It sends one message first. If LogInformant does not take it, nothing else is sent. Then it sends up to
    ten messages at a time. Messages that are delivered are deleted at once. Those that are refused are put
    back into the queue, with one more refusal on their count, or parked. Messages that arrive in the queue
    after the start are left for the next time.

    Messages in flight cannot be selected: the automatic replay has them, or they wait for their next attempt.
    Neither can delayed messages, which LogInformant refused and which wait up to 15 minutes. Their number is
    shown, and --wait waits for them.

    Ctrl-C stops after the current batch. If this command is killed between delivery and deletion, the
    current batch (at most ten messages) is delivered twice. The same may happen if the replay function fails.

    At most 100,000 messages are read and not deleted; those that are not selected count. The command says
    about how many were not read.

    Exit status: 0 if all selected log events were delivered (or are never shipped, such as blank ones) and
    nothing is unread, in flight or delayed, else 1.
    """
    wanted = selected.selection
    stack = which.find()
    queue, function = queue_of(stack, which.parked), replay_function(which.find_replaying())
    console = Console(highlight=False)
    counts = queue.counts()
    if dry_run:
        _show_what_would_be(console, queue, counts, wanted, stack, which.parked, as_json)
        return
    if not which.parked and not stack.is_gone:
        _say_what_else_replays(stack)
    ledger = ReplayLedger()
    began = time.monotonic()
    with stopped_by_signals() as stop:
        trouble = _rounds(queue, counts, wanted, function, ledger, stop, rate, force, wait)
    if not stop:
        left = queue.counts()
        ledger.in_flight, ledger.delayed = left.in_flight, left.delayed
    seconds = time.monotonic() - began
    if as_json:
        print_json(document(ledger, seconds, trouble))
    else:
        write_ledger(console, ledger, seconds, stack, which.parked)
    if stop:
        raise typer.Exit(128 + (stop.signal or signal.SIGINT))
    if trouble:
        raise CommandError(trouble)
    if not ledger.is_complete:
        raise typer.Exit(1)


def _say_what_else_replays(stack: Stack) -> None:
    try:
        automatic = automatic_replay(Installation(stack))
    except CommandError:
        return  # this is only a hint
    if automatic.runs:
        print(
            "shipctl: AutoReplay is on, so some messages may be in flight to automatic replay, and are not "
            "included",
            file=sys.stderr,
        )


def _rounds(
    queue: Queue,
    counts: Counts,
    wanted: Selection,
    function: ReplayFunction,
    ledger: ReplayLedger,
    stop: Stop,
    rate: int | None,
    force: bool,
    wait: bool,
) -> str:
    """Replay the visible messages and, with `wait`, those that become visible later.

    Only messages that were in the queue at the start are replayed.

    Returns:
        Why the replay ended early, or an empty text if it did not.
    """
    end = time.monotonic() + MAX_WAIT_SECONDS
    is_said = False
    while True:
        selected_before, ledger.others = ledger.selected, 0
        with holding(queue) as held:
            trouble = _replay(held, counts, wanted, function, ledger, stop, rate, force)
        ledger.not_read = held.not_read
        if trouble or stop or not wait:
            return trouble
        now = queue.counts()
        is_hidden = now.in_flight or now.delayed
        is_over = not is_hidden and (not now.waiting or ledger.selected == selected_before)
        if is_over or time.monotonic() > end:
            return ""
        if is_hidden and not is_said:
            is_said = True
            minutes = MAX_WAIT_SECONDS // 60
            print(f"shipctl: waiting up to {minutes} min for {now.hidden}; Ctrl-C stops", file=sys.stderr)
        stop.wait(LOOK_AGAIN_SECONDS)
        counts = now._replace(asked_at=counts.asked_at, includes_newer=True)


def _show_what_would_be(
    console: Console,
    queue: Queue,
    counts: Counts,
    wanted: Selection,
    stack: Stack,
    parked: bool,
    as_json: bool,
) -> None:
    overview = Overview()
    with look(queue) as held:
        for letter in letters(held, counts, wanted):
            overview.count(letter)
    counts = counts.with_received(overview.messages)
    if as_json:
        print_json(
            {
                "messages": overview.messages,
                "logEvents": overview.events,
                "inFlight": counts.in_flight,
                "delayed": counts.delayed,
                "isComplete": not held.not_read,
                "notRead": held.not_read,
            }
        )
        return
    events, messages = counted(overview.events, "log event"), counted(overview.messages, "message")
    console.print(f"{events} in {messages} would be replayed; nothing was")
    write_overview(console, overview, stack, parked)
    if missing := what_was_not_read(held):
        print(f"shipctl: {missing}, and not included", file=sys.stderr)
    say_what_is_hidden(counts, stack, parked)


def _replay(
    held: Held,
    counts: Counts,
    wanted: Selection,
    function: ReplayFunction,
    ledger: ReplayLedger,
    stop: Stop,
    rate: int | None,
    force: bool,
) -> str:
    """Replay until the end, and return an empty text, or until a reason to stop, and return that."""
    # The queue's clock must be able to distinguish messages that are sent from now on from earlier ones.
    stop.wait(counts.asked_at_here + CLOCK_STEP_SECONDS - time.monotonic())
    console = Console(stderr=True)
    with Progress(
        *progress_columns(console.width), console=console, disable=not console.is_terminal, transient=True
    ) as progress:
        task = progress.add_task(PROBING, total=counts.waiting, delivered=0)
        selected = _selected(held, counts, wanted, ledger, stop)
        for batch in batches(selected, rate):
            if stop:
                return ""
            held.renew()
            started = time.monotonic()
            trouble = _replay_batch(held, batch, function, ledger)
            if trouble and not force:
                return trouble
            progress.update(
                task,
                description="replaying",
                completed=ledger.looked_at,
                total=max(counts.waiting, ledger.looked_at),
                delivered=ledger.delivered,
            )
            if rate:
                events = sum(letter.events for letter in batch)
                _pause(held, stop, until=started + events / rate)
    return ""


def progress_columns(width: int) -> list[ProgressColumn]:
    """Return the columns of the progress bar; only the numbers if the terminal is narrow."""
    numbers = MofNCompleteColumn()
    words = TextColumn("messages, {task.fields[delivered]:,} log events")
    if width < MIN_WIDTH_FOR_BAR:
        return [numbers, words, TimeElapsedColumn()]
    return [TextColumn("{task.description}"), BarColumn(), numbers, words, TimeElapsedColumn()]


def _pause(held: Held, stop: Stop, until: float) -> None:
    """Wait, and renew the held messages in the meantime."""
    while (left := until - time.monotonic()) > 0 and not stop:
        held.renew()
        stop.wait(min(left, RENEW_SECONDS / 2))


def _selected(
    held: Held, counts: Counts, wanted: Selection, ledger: ReplayLedger, stop: Stop
) -> Iterator[Letter]:
    for message in receive_all(held, counts, is_enough=lambda: bool(stop)):
        letter = Letter(record_of(message))
        if wanted.takes(letter):
            ledger.selected += 1
            yield letter
        else:
            ledger.others += 1


def batches(selected: Iterable[Letter], rate: int | None) -> Iterator[list[Letter]]:
    """Yield the messages of each invocation: one message first, then as many as fit.

    A batch has at most ten messages, `MAX_PAYLOAD_BYTES` and, with a `rate`, the log events of one second,
    but always at least one message.
    """
    batch: list[Letter] = []
    size = events = 0
    most = 1
    for letter in selected:
        length = payload_bytes(letter)
        full = len(batch) == most or size + length > MAX_PAYLOAD_BYTES
        if batch and (full or (rate is not None and events + letter.events > rate)):
            yield batch
            batch, size, events, most = [], 0, 0, MAX_BATCH
        batch.append(letter)
        size += length
        events += letter.events
    if batch:
        yield batch


def _replay_batch(held: Held, batch: list[Letter], function: ReplayFunction, ledger: ReplayLedger) -> str:
    """Replay one batch and delete the messages that are done; return why to stop, or an empty text.

    The other messages stay held until the end, so that they are not received again in this replay.
    """
    identifiers = [letter.identifier for letter in batch]
    try:
        answer = function(batch)
    except FunctionFailed as failure:
        ledger.failed += batch
        return (
            f"{failure}; the {counted(len(batch), 'message')} of the current batch will be visible again, "
            "and logs that were already delivered will be delivered twice. See the function's own log"
        )
    except KeyboardInterrupt:
        # The function may still process them, so they are not made visible immediately.
        for identifier in identifiers:
            held.forget(identifier)
        raise
    except CommandError as error:
        return str(error)
    ledger.add(batch, answer)
    done = [identifier for identifier in identifiers if identifier not in answer.left]
    try:
        ledger.undeleted += held.delete(done)
    except CommandError as error:
        ledger.undeleted += done
        return str(error)
    return "" if done else _nothing_got_through(answer)


def _nothing_got_through(answer: Answer) -> str:
    why = max(answer.failures, key=lambda why: answer.failures[why], default=None)
    said = "" if why is None else f": {why}"
    return f"nothing was delivered{said}; stopped. The messages stay in the queue (to continue, give --force)"
