"""The tables of logs and counts that `make run` prints."""

from collections import Counter
from io import StringIO

from rich.console import Console, RenderableType

from local.demo_tables import accounts_table, arrived_table, is_sound, verdict
from local.ingest_contract import Log
from local.reckoning import Reckoning
from local.samples import POISON, Event

EVENT = Event("/aws/lambda/orders", "stream", 1, "no stock [red]left[/]\x1b[2J\nmore")


POISONOUS = EVENT._replace(message=POISON)


def printed(renderable: RenderableType, width: int = 100) -> str:
    output = StringIO()
    Console(width=width, file=output).print(renderable)
    return output.getvalue()


def log(source: str, level: str, message: str) -> Log:
    return {
        "timestamp": "2026-11-03T09:50:10.733Z",
        "level": level,
        "source": source,
        "message": message,
        "properties": {"eventId": message},
    }


def rows(table: RenderableType) -> list[list[str]]:
    return [line.split() for line in printed(table).splitlines() if line.startswith("09:50:10")]


def test_a_log_is_one_line_with_time_level_source_and_message() -> None:
    table = arrived_table([log("orders", "Error", EVENT.message)])

    assert rows(table) == [["09:50:10", "Error", "orders", "no", "stock", "[red]left[/]", "[2J", "more"]]
    assert "\x1b" not in printed(table)


def test_logs_made_of_several_events_are_explained() -> None:
    trace = log("orders", "Error", "Traceback")
    trace["properties"] = {"eventIds": ["1", "2", "3"]}

    assert "2 logs, made of 4 log events (the lines of a trace are one log)" in printed(
        arrived_table([trace, log("orders", "Error", "one")])
    )
    assert "1 logs\n" in printed(arrived_table([log("orders", "Error", "one")])).replace("  ", "")


def test_the_most_severe_levels_of_each_source_are_shown_in_order_of_arrival_with_their_number() -> None:
    logs = [
        log("orders", "Fatal", "first"),
        log("payment", "Information", "only"),
        log("orders", "Debug", "least"),
        log("orders", "Warning", "second"),
        log("orders", "Information", "no"),
        log("orders", "Warning", "third"),
    ]

    assert rows(arrived_table(logs, 2)) == [
        ["09:50:10", "Fatal", "1", "orders", "first"],
        ["09:50:10", "Warning", "2", "orders", "second"],
        ["09:50:10", "Information", "1", "payment", "only"],
    ]
    assert len(rows(arrived_table(logs))) == len(logs)


def test_the_counts_of_each_function_are_an_equation_that_fits_80_columns() -> None:
    counts = Counter(EventsReceived=10, EventsFiltered=1, EventsDelivered=8, EventsDeadLettered=1, Requests=5)

    text = printed(accounts_table({"shipper": counts, "replay": Counter()}), width=80)

    assert ["shipper", "10", "1", "8", "1", "0", "5"] in [line.split() for line in text.splitlines()]
    assert "received = filtered + delivered + dead-lettered + returned requests" in text


def test_the_verdict_says_what_is_wrong() -> None:
    sound = Reckoning([EVENT], [POISONOUS], [], [], [], 0)
    unsound = sound._replace(missing=[EVENT], dead_lettered=[POISONOUS, EVENT], unknown=2)

    assert "✓ 2 log events sent: 1 arrived, 1 refused and kept; none lost, none twice" in printed(
        verdict(sound)
    )
    assert "✗ of 4 log events 1 are missing, 0 arrived twice, 2 are unknown, 1 still wait" in printed(
        verdict(unsound)
    )


def test_only_permanently_refused_events_may_be_left() -> None:
    sound = Reckoning([EVENT], [POISONOUS], [], [], [], 0)

    assert is_sound(sound)
    assert not is_sound(sound._replace(dead_lettered=[EVENT]))
    assert not is_sound(sound._replace(missing=[EVENT]))
    assert not is_sound(sound._replace(doubled=[EVENT]))
    assert not is_sound(sound._replace(unknown=1))
