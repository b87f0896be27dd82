"""How the demonstration shows what came of it."""

from collections import Counter
from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from local.ingest_contract import Log
from local.reckoning import DeadLetter, Reckoning

_STYLES = {
    "Debug": "dim",
    "Information": "cyan",
    "Warning": "yellow",
    "Error": "red",
    "Fatal": "bold white on red",
}


def arrived_table(logs: Iterable[Log]) -> Table:
    """The logs as the ingest API has them: time, level, source, message."""
    table = _table("What arrived at the ingest API")
    table.add_column("time", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("source", no_wrap=True, max_width=24)
    table.add_column("message", no_wrap=True)
    for log in logs:
        table.add_row(
            log["timestamp"][11:23],
            Text(log["level"], _STYLES[log["level"]]),
            _one_line(log.get("source", "")),
            _one_line(log["message"]),
        )
    return table


def dead_letter_table(letters: Iterable[DeadLetter]) -> Table:
    """The messages of the dead-letter queue: why, from where, and the logs in them."""
    table = _table("What waits in the dead-letter queue")
    table.add_column("reason", no_wrap=True, style="red")
    table.add_column("status", no_wrap=True)
    table.add_column("the API said", max_width=32)
    table.add_column("log group", no_wrap=True, max_width=24)
    table.add_column("message")
    for letter in letters:
        for event in letter.events:
            attributes = letter.attributes
            table.add_row(
                attributes.get("Reason", "crashed"),
                attributes.get("Status", ""),
                _one_line(attributes.get("Detail", "")),
                event.log_group,
                _one_line(event.message),
            )
    return table


def account_table(account: Counter[str]) -> Table:
    """The shipper's own account: what it received, and what became of it."""
    table = _table("What the shipper counted, in log events")
    for name in ("received", "= filtered", "+ delivered", "+ dead-lettered", "+ returned", "requests made"):
        table.add_column(name, justify="right")
    table.add_row(
        *(
            str(account[name])
            for name in (
                "EventsReceived",
                "EventsFiltered",
                "EventsDelivered",
                "EventsDeadLettered",
                "EventsReturned",
                "Requests",
            )
        )
    )
    return table


def verdict(reckoning: Reckoning) -> Text:
    """Whether every event that was put is in its place, in one line."""
    put = sum(map(len, reckoning[:4]))
    sound = (
        f"{put} log events put = {len(reckoning.delivered)} arrived + {len(reckoning.dead_lettered)} in the"
        f" dead-letter queue + {len(reckoning.filtered)} blank, each exactly once"
    )
    if reckoning.closes:
        return Text.assemble(("✓ ", "green"), sound)
    return Text.assemble(
        ("✗ ", "red"),
        f"of {put} log events {len(reckoning.missing)} are nowhere, {len(reckoning.doubled)} came twice,"
        f" {reckoning.unknown} came from nowhere",
    )


def _table(title: str) -> Table:
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        header_style="dim",
    )


def _one_line(text: str) -> str:
    """Nothing in a log reaches the terminal as a command to it."""
    return "".join(character if character.isprintable() else " " for character in text).strip()
