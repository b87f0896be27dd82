"""Write the state of an installation as text or JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from loginformant_shipper import __version__
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from shipctl.dlq.queue import Counts
from shipctl.dlq.spans import ago
from shipctl.doctor.command import documents, write_finding
from shipctl.doctor.flow import RULES
from shipctl.status.state import Period, State
from shipctl.table import BOLD, DIM, TITLE, TROUBLE
from shipctl.terminal import one_line


def write_state(console: Console, state: State) -> None:
    """Write the screen."""
    heading = Text(state.stack, style=BOLD)
    words = (state.region, state.version, state.deployment)
    heading.append(f"  {'  '.join(word for word in words if word)}", style=Style(bold=False, dim=True))
    console.print(heading, soft_wrap=True)
    for name, value in (("to", state.address), ("key", state.key)):
        if value is not None:
            console.print(Text.assemble((f"{name:<5}", DIM), one_line(value)), soft_wrap=True)
    if state.version != __version__:
        differs = f"the stack has version {state.version or 'unknown'}, this is shipctl {__version__}"
        console.print(Text(differs, style=TROUBLE), soft_wrap=True)
    console.print()
    if state.hour and state.day:
        console.print(_numbers(state.hour, state.day))
        for line in _deliveries(state):
            console.print(line)
        console.print()
    for line in _queues(state):
        console.print(line)
    for what in state.untold:
        console.print(Text(f"? {one_line(what)}", style=TROUBLE))
    if state.faults:
        console.print()
    for found in state.faults:
        write_finding(console, found)


def _numbers(hour: Period, day: Period) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    for _ in range(2):
        grid.add_column(justify="right", no_wrap=True)
    grid.add_column()
    titles = ("Log events", "last hour", "last day", "")
    grid.add_row(*(Text(title, style=TITLE if title else DIM) for title in titles))
    for name, of_hour, of_day, reasons in _rows(hour, day):
        grid.add_row(name, f"{of_hour:,}", f"{of_day:,}", Text(reasons, style=DIM))
    return grid


def _rows(hour: Period, day: Period) -> Iterator[tuple[str, int, int, str]]:
    yield "received", hour.received, day.received, ""
    yield "filtered out", hour.filtered, day.filtered, ""
    yield "delivered", hour.delivered, day.delivered, ""
    for name, member in (
        ("not delivered", "dead_lettered"),
        ("replay: returned", "returned"),
        ("replay: stored again", "stored_again"),
    ):
        of_hour, of_day = getattr(hour, member), getattr(day, member)
        if of_day:
            yield name, sum(of_hour.values()), sum(of_day.values()), ", ".join(of_hour or of_day)
    if day.replayed:
        yield "replay: delivered", hour.replayed, day.replayed, ""


def _deliveries(state: State) -> Iterator[Text]:
    if state.filtered_by:
        causes = (f"{RULES.get(cause, cause)} {events:,}" for cause, events in state.filtered_by.items())  # type: ignore[call-overload]
        yield Text(f"filtered out in the last hour by: {', '.join(causes)}", style=DIM)
    if state.last_delivery is None:
        yield Text("nothing was delivered in the last day", style=TROUBLE)
        return
    line = Text(f"last delivery {ago(state.last_delivery)}")
    if state.median_seconds is not None and state.slowest_seconds is not None:
        line.append(
            f"; answers in {state.median_seconds:.2f} s (median), {state.slowest_seconds:.2f} s (p99)"
        )
    yield line


def _queues(state: State) -> Iterator[Text]:
    for name, counts, style in (
        ("Dead-letter queue", state.dead_letter_queue, Style(color="yellow")),
        ("Parked queue", state.parked_queue, Style(color="red")),
    ):
        if counts is not None:
            words = counts.words if counts.total else "empty"
            yield Text(f"{name:<18} {words}", style=style if counts.total else DIM)
    if state.trigger is not None:
        says, trigger = "on" if state.says_auto_replay else "off", state.trigger.state
        differs = state.says_auto_replay is not state.trigger.is_on
        yield Text(
            f"{'AutoReplay':<18} {says}, event source mapping {trigger}", style=TROUBLE if differs else DIM
        )


def document(state: State) -> dict[str, Any]:
    """Return the state as a JSON document. Times are in ISO 8601. What could not be read is null."""
    return {
        "stack": state.stack,
        "region": state.region,
        "version": state.version,
        "shipctlVersion": __version__,
        "deployment": state.deployment,
        "address": state.address,
        "key": state.key,
        "lastHour": _period(state.hour),
        "lastDay": _period(state.day),
        "filteredBy": state.filtered_by,
        "lastDelivery": state.last_delivery,
        "medianSeconds": state.median_seconds,
        "slowestSeconds": state.slowest_seconds,
        "deadLetterQueue": _counts(state.dead_letter_queue),
        "parkedQueue": _counts(state.parked_queue),
        "autoReplay": state.says_auto_replay,
        "trigger": None if state.trigger is None else state.trigger.state,
        "faults": documents(state.faults),
        "notAsked": list(state.untold),
    }


def _period(period: Period | None) -> dict[str, Any] | None:
    if period is None:
        return None
    names = {"dead_lettered": "deadLettered", "stored_again": "storedAgain"}
    return {names.get(name, name): value for name, value in asdict(period).items()}


def _counts(counts: Counts | None) -> dict[str, int] | None:
    if counts is None:
        return None
    return {"visible": counts.waiting, "inFlight": counts.in_flight, "delayed": counts.delayed}
