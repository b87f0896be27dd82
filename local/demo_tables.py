"""The tables of the demonstration."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from local.ingest_contract import LEVELS, Log
from local.reckoning import Reckoning, event_ids
from local.samples import POISON, Event

_STYLES = {
    "Debug": "dim",
    "Information": "cyan",
    "Warning": "yellow",
    "Error": "red",
    "Fatal": "bold white on red",
}
_METRICS = (
    "EventsReceived",
    "EventsFiltered",
    "EventsDelivered",
    "EventsDeadLettered",
    "EventsReturned",
    "Requests",
)


class Kind(NamedTuple):
    """The common properties of logs that are shown as one."""

    source: str
    level: str


def arrived_table(logs: Sequence[Log], most: int | None = None) -> Table:
    """Return a table of the logs of the ingest API: time, level, source and message.

    With `most`, the table shows only the first log of each of the `most` most severe levels of a source, and
    the number of logs with that source and level.
    """
    kinds = [Kind(log.get("source", ""), log["level"]) for log in logs]
    which = "" if most is None else "; the most severe of each source"
    events = sum(len(set(event_ids(log))) for log in logs)
    joined = (
        "" if events == len(logs) else f", made of {events} log events (the lines of a trace are one log)"
    )
    table = _table(f"What arrived at the ingest API: {len(logs)} logs{joined}{which}")
    table.add_column("time", width=8)
    table.add_column("level", width=11)
    if most is not None:
        table.add_column("logs", width=4, justify="right")
    table.add_column("source", width=20, no_wrap=True)
    table.add_column("message", ratio=1, no_wrap=True)
    counts = Counter(kinds)
    shown = range(len(logs)) if most is None else _telling(kinds, most)
    for position in shown:
        log, kind = logs[position], kinds[position]
        table.add_row(
            log["timestamp"][11:19],
            Text(kind.level, _STYLES[kind.level]),
            *([] if most is None else [str(counts[kind])]),
            _one_line(kind.source),
            _one_line(log["message"]),
        )
    return table


def _telling(kinds: Sequence[Kind], most: int) -> Iterator[int]:
    """Yield the index of the first log of each kind, for the `most` most severe levels of each source."""
    first: dict[str, dict[str, int]] = {}
    for position, (source, level) in enumerate(kinds):
        first.setdefault(source, {}).setdefault(level, position)
    for positions in first.values():
        worst = sorted(positions, key=LEVELS.index)[-most:]
        yield from sorted(positions[level] for level in worst)


def accounts_table(accounts: Mapping[str, Counter[str]]) -> Table:
    """Return a table of each function's counts, which must balance."""
    table = _table("What the functions counted", gap=1, expand=False)
    table.add_column("")
    for name in ("received", "= filtered", "+ delivered", "+ dead-lettered", "+ returned", "requests"):
        table.add_column(name, justify="right")
    for name, account in accounts.items():
        table.add_row(name, *(str(account[metric]) for metric in _METRICS))
    return table


def verdict(reckoning: Reckoning) -> Text:
    """Return one line that says whether every log event is accounted for."""
    put = sum(map(len, reckoning[:4]))
    if is_sound(reckoning):
        return Text.assemble(
            ("\n✓ ", "green"),
            f"{put} log events sent: {len(reckoning.delivered)} arrived,"
            f" {len(reckoning.dead_lettered)} refused and kept"
            f"{f', {blank} blank' if (blank := len(reckoning.filtered)) else ''}; none lost, none twice",
        )
    return Text.assemble(
        ("\n✗ ", "red"),
        f"of {put} log events {len(reckoning.missing)} are missing, {len(reckoning.doubled)} arrived twice,"
        f" {reckoning.unknown} are unknown, {len(_waiting(reckoning))} still wait",
    )


def is_sound(reckoning: Reckoning) -> bool:
    """Return whether all log events arrived once, except those that are rejected."""
    return reckoning.closes and not _waiting(reckoning)


def _waiting(reckoning: Reckoning) -> list[Event]:
    return [event for event in reckoning.dead_lettered if event.message != POISON]


def _table(title: str, gap: int = 2, expand: bool = True) -> Table:
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=None,
        expand=expand,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        header_style="dim",
    )


def _one_line(text: str) -> Text:
    """Return a text on one line without control characters and markup."""
    return Text("".join(character if character.isprintable() else " " for character in text).strip())
