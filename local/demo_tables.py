"""How the demonstration shows what came of it."""

from collections import Counter
from collections.abc import Iterable

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
    table.add_column("time", width=8)
    table.add_column("level", width=11)
    table.add_column("source", width=20, no_wrap=True)
    table.add_column("message", ratio=1, no_wrap=True)
    for log in logs:
        table.add_row(
            log["timestamp"][11:19],
            Text(log["level"], _STYLES[log["level"]]),
            _one_line(log.get("source", "")),
            _one_line(log["message"]),
        )
    return table


def dead_letter_table(letters: Iterable[DeadLetter]) -> Table:
    """The messages of the dead-letter queue: why, from where, and the logs in them."""
    table = _table("What waits in the dead-letter queue")
    table.add_column("reason", width=12, style="red")
    table.add_column("status", width=6)
    table.add_column("the API said", width=25)
    table.add_column("log group", width=20, no_wrap=True)
    table.add_column("message", ratio=1)
    for letter in letters:
        for event in letter.events:
            attributes = letter.attributes
            table.add_row(
                attributes.get("Reason", "crashed"),
                attributes.get("Status", ""),
                _one_line(attributes.get("Detail", "")),
                _one_line(event.log_group),
                _one_line(event.message),
            )
    return table


def account_text(account: Counter[str]) -> Text:
    """The shipper's own account: what it received, and what became of it."""
    parts = {
        "filtered": account["EventsFiltered"],
        "delivered": account["EventsDelivered"],
        "dead-lettered": account["EventsDeadLettered"],
        "returned": account["EventsReturned"],
    }
    return Text.assemble(
        ("\nWhat the shipper counted\n", "bold"),
        f"{account['EventsReceived']} received = ",
        " + ".join(f"{count} {name}" for name, count in parts.items()),
        (f", in {account['Requests']} requests", "dim"),
    )


def verdict(reckoning: Reckoning) -> Text:
    """Whether every event that was put is in its place, in one line."""
    put = sum(map(len, reckoning[:4]))
    if reckoning.closes:
        return Text.assemble(
            ("\n✓ ", "green"),
            f"{put} log events: {len(reckoning.delivered)} arrived, {len(reckoning.dead_lettered)} in the"
            f" dead-letter queue, {len(reckoning.filtered)} blank; none lost, none twice",
        )
    return Text.assemble(
        ("\n✗ ", "red"),
        f"of {put} log events {len(reckoning.missing)} are nowhere, {len(reckoning.doubled)} came twice,"
        f" {reckoning.unknown} came from nowhere",
    )


def _table(title: str) -> Table:
    return Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        box=None,
        expand=True,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        header_style="dim",
    )


def _one_line(text: str) -> Text:
    """Nothing in a log reaches the terminal as a command, nor rich as markup."""
    return Text("".join(character if character.isprintable() else " " for character in text).strip())
