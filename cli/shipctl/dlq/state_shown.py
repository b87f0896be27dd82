"""Write the state of a queue as text or JSON."""

from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.text import Text

from shipctl.dlq.overview import Overview, write_overview
from shipctl.dlq.queue import Counts
from shipctl.dlq.spans import ago, span, utc
from shipctl.dlq.state import QueueState
from shipctl.stack import Stack
from shipctl.table import BOLD, DIM, TROUBLE
from shipctl.terminal import counted

SOON = timedelta(days=3)
"""The remaining time of the oldest message below which it is highlighted."""
GOOD = Style(color="green")


def write_state(console: Console, stack: Stack, state: QueueState) -> None:
    """Write the state, the most important facts first."""
    what = "Queue" if stack.is_gone else "Parked queue" if state.parked else "Dead-letter queue"
    heading = Text(what, style=BOLD)
    heading.append(f"  {state.name}  {stack.region}", style=Style(bold=False, dim=True))
    console.print(heading, soft_wrap=True)
    _write_numbers(console, state)
    _write_why(console, state)
    _write_times(console, stack, state)
    write_overview(console, state.overview, stack, state.parked)
    console.print()
    _write_other_queue(console, stack, state)
    _write_replay(console, state)
    for what in state.untold:
        console.print(Text(f"? {what}", style=TROUBLE))


def _write_numbers(console: Console, state: QueueState) -> None:
    overview, counts = state.overview, state.counts
    if overview.messages:
        verb = "waits" if overview.events == 1 else "wait"
        waiting = f"{counted(overview.events, 'log event')} {verb} in {counted(overview.messages, 'message')}"
        console.print(Text(waiting, style=BOLD))
        if state.not_read:
            more = f"about {counted(state.not_read, 'message')} more: not read, and not in these numbers"
            console.print(Text(more, style=TROUBLE))
    elif counts.waiting:
        console.print(Text(f"{counted(counts.waiting, 'message')} visible", style=BOLD))
    elif not counts.total:
        console.print(Text("The queue is empty.", style=GOOD))
    if counts.in_flight:
        whose = "held by another command"
        if not state.parked:
            whose = f"being replayed, waiting for their next attempt, or {whose}"
        console.print(Text(f"{counted(counts.in_flight, 'message')} in flight: {whose}", style=TROUBLE))
    if counts.delayed:
        when = "rejected by LogInformant, retried within 15 minutes"
        console.print(Text(f"{counted(counts.delayed, 'message')} delayed: {when}", style=TROUBLE))


def _write_why(console: Console, state: QueueState) -> None:
    for current in state.why:
        line = Text(current.meaning.what, style=Style(color="red"))
        line.append(f"; {current.when}", style=DIM)
        console.print(line)
        console.print(Text(f"→ {current.meaning.to_do}"), soft_wrap=True)
    if state.counts.in_flight and state.replay and not state.parked and not state.why and not state.untold:
        console.print(Text("No failure was logged in the last 15 minutes.", style=DIM))


def _write_times(console: Console, stack: Stack, state: QueueState) -> None:
    dropped = state.oldest_is_dropped
    if dropped is None or state.overview.first_failed is None:
        return
    console.print(f"first failed {ago(state.overview.first_failed)}, {utc(state.overview.first_failed)}")
    left = dropped - state.asked_at
    line = Text(f"SQS deletes the oldest message in {span(left.total_seconds())}, {utc(dropped)}")
    if left < SOON:
        line.stylize(Style(color="red", bold=True))
        parked = ("--parked",) if state.parked else ()
        keep = stack.command("dlq", "export", "FILE", *parked)
        line.append(f". To keep a copy, run: {keep}", style=Style(bold=False))
    console.print(line)


def _write_other_queue(console: Console, stack: Stack, state: QueueState) -> None:
    name = "Dead-letter queue" if state.parked else "Parked queue"
    option = () if state.parked else ("--parked",)
    if state.other is None:
        return
    if state.other.total:
        number = counted(state.other.total, "message")
        line = Text(f"{name}: {number}: {stack.command('dlq', 'stats', *option)}", style=TROUBLE)
        console.print(line, soft_wrap=True)
    else:
        console.print(Text(f"{name}: empty", style=DIM))


def _write_replay(console: Console, state: QueueState) -> None:
    if state.replay is None:
        return
    console.print(Text(f"{state.replay.words}.", style=DIM if state.replay.is_as_wanted else TROUBLE))
    if state.replay.remedy:
        console.print(Text(f"→ {state.replay.remedy}"), soft_wrap=True)


def document(stack: Stack, state: QueueState) -> dict[str, Any]:
    """Return the state as a JSON document. Times are in ISO 8601; unknown values are null."""
    overview = state.overview
    return {
        "stack": stack.name,
        "region": stack.region,
        "queue": state.name,
        "parked": state.parked,
        "askedAt": state.asked_at,
        **_counts(state.counts),
        "messages": overview.messages,
        "logEvents": overview.events,
        "isComplete": not state.not_read,
        "notRead": state.not_read,
        "firstFailed": overview.first_failed,
        "oldestIsDropped": state.oldest_is_dropped,
        "byReason": _by(overview, "reason", overview.by_reason),
        "byStatus": _by(overview, "status", overview.by_status),
        "byLogGroup": _by(overview, "log group", overview.by_log_group),
        "why": [
            {
                "reason": current.reason,
                "status": current.status,
                "what": current.meaning.what,
                "remedy": current.meaning.to_do,
                "since": current.since,
                "last": current.last,
            }
            for current in state.why
        ],
        "replay": _replay(state),
        "otherQueue": None if state.other is None else _counts(state.other),
        "notAsked": list(state.untold),
    }


def _replay(state: QueueState) -> dict[str, Any] | None:
    if state.replay is None:
        return None
    runs, is_as_wanted, words, remedy = state.replay
    return {"runs": runs, "isAsWanted": is_as_wanted, "words": words, "remedy": remedy}


def _counts(counts: Counts) -> dict[str, int]:
    return {"visible": counts.waiting, "inFlight": counts.in_flight, "delayed": counts.delayed}


def _by(overview: Overview, kind: str, events: dict[str, int]) -> dict[str, dict[str, int]]:
    return {
        name: {"messages": overview.messages_by[kind, name], "logEvents": number}
        for name, number in events.items()
    }
