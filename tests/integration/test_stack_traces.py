"""Stack traces of one log event for each line, shipped over real HTTP."""

from itertools import chain

import pytest

from local.ingest_contract import Log
from tests.integration.accounting import Stack, ids_of
from tests.integration.payloads import log_event, subscription_event

HEADS = (
    'Exception in thread "t1" java.lang.IllegalStateException: no stock',
    'Exception in thread "t2" java.lang.IllegalArgumentException: no hat',
)
LOG_LINES = tuple(
    f"2026-01-01 10:00:00.001 ERROR [{thread}] shop.Orders - refused" for thread in ("t1", "t2")
)
FRAMES = (
    ["\tat shop.Stock.take(Stock.java:12)", "\tat shop.Orders.place(Orders.java:40)"],
    ["\tat shop.Hats.find(Hats.java:7)", "\tat shop.Basket.add(Basket.java:21)"],
)


def shipped(stack: Stack, lines: list[str]) -> list[Log]:
    """Ship these lines and return the logs; check that every line arrives once and in order."""
    events = [log_event(number, line) for number, line in enumerate(lines)]
    logs = stack.ship_and_account(subscription_event(events)).logs
    assert sorted(chain.from_iterable(map(ids_of, logs))) == [event["id"] for event in events]
    for log in logs:
        assert log["message"] == "\n".join(lines[int(identifier)] for identifier in ids_of(log))
    return logs


def test_the_trace_of_one_thread_is_one_log(stack: Stack) -> None:
    [log] = shipped(stack, [HEADS[0], *FRAMES[0]])
    assert log["level"] == "Error"
    assert str(log["exception"]).startswith("java.lang.IllegalStateException: no stock")


def test_no_log_mixes_exceptions_of_two_threads_whose_lines_alternate(stack: Stack) -> None:
    """A frame does not name its thread, so it stays with the nearest exception above it."""
    traces = [[head, *frames] for head, frames in zip(HEADS, FRAMES, strict=True)]
    first, second = shipped(stack, list(chain.from_iterable(zip(*traces, strict=True))))
    assert first["message"] == HEADS[0]
    assert second["message"].startswith(HEADS[1])
    assert str(second["exception"]).startswith("java.lang.IllegalArgumentException: no hat")
    assert (first["level"], second["level"]) == ("Error", "Error")


def test_no_log_mixes_exceptions_of_two_threads_with_a_log_line_each(stack: Stack) -> None:
    traces = [list(lines) for lines in zip(LOG_LINES, HEADS, *zip(*FRAMES, strict=True), strict=True)]
    logs = shipped(stack, list(chain.from_iterable(zip(*traces, strict=True))))
    assert [log["message"] for log in logs[:3]] == [*LOG_LINES, HEADS[0]]
    assert logs[3]["message"].startswith(HEADS[1])
    assert [log["level"] for log in logs] == ["Error"] * 4


@pytest.mark.parametrize("frames_of_the_first", [1, 2])
def test_frames_before_the_second_trace_stay_with_the_first(stack: Stack, frames_of_the_first: int) -> None:
    before, behind = FRAMES[0][:frames_of_the_first], FRAMES[0][frames_of_the_first:]
    logs = shipped(stack, [HEADS[0], *before, HEADS[1], *behind, *FRAMES[1]])
    assert [log["message"] for log in logs] == [
        "\n".join([HEADS[0], *before]),
        "\n".join([HEADS[1], *behind, *FRAMES[1]]),
    ]
