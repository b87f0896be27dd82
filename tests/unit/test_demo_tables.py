"""What `make run` prints of logs and counts."""

from collections import Counter
from io import StringIO

from rich.console import Console, RenderableType

from local.demo_tables import account_text, arrived_table, dead_letter_table, verdict
from local.reckoning import DeadLetter, Reckoning
from local.samples import Event

EVENT = Event("/aws/lambda/orders", "stream", 1, "no stock [red]left[/]\x1b[2J\nmore")


def printed(renderable: RenderableType) -> str:
    output = StringIO()
    Console(width=100, file=output).print(renderable)
    return output.getvalue()


def test_a_log_is_one_line_with_time_level_source_and_message() -> None:
    log = {
        "timestamp": "2026-11-03T09:50:10.733Z",
        "level": "Error",
        "source": "orders",
        "message": EVENT.message,
        "properties": {},
    }

    (line,) = [line for line in printed(arrived_table([log])).splitlines() if "orders" in line]

    assert line.split() == ["09:50:10", "Error", "orders", "no", "stock", "[red]left[/]", "[2J", "more"]
    assert "\x1b" not in line


def test_a_dead_letter_says_why_and_what_the_api_answered() -> None:
    attributes = {"Reason": "rejected", "Status": "400", "Detail": "no [such] level"}

    text = printed(dead_letter_table([DeadLetter("id", attributes, (EVENT,))]))

    for part in ("rejected", "400", "no [such] level", "/aws/lambda/orders", "[red]left[/]"):
        assert part in text


def test_a_message_without_a_reason_is_one_that_lambda_wrote() -> None:
    assert "crashed" in printed(dead_letter_table([DeadLetter("id", {}, (EVENT,))]))


def test_the_account_is_an_equation() -> None:
    counts = Counter(EventsReceived=10, EventsFiltered=1, EventsDelivered=8, EventsDeadLettered=1, Requests=5)

    text = printed(account_text(counts))

    assert "10 received = 1 filtered + 8 delivered + 1 dead-lettered + 0 returned, in 5 requests" in text


def test_the_verdict_says_what_is_wrong() -> None:
    sound = Reckoning([EVENT], [EVENT], [], [], [], 0)

    assert "✓ 2 log events: 1 arrived, 1 in the dead-letter queue" in printed(verdict(sound))
    assert "✗ of 3 log events 1 are nowhere, 0 came twice, 2 came from nowhere" in printed(
        verdict(sound._replace(missing=[EVENT], unknown=2))
    )
