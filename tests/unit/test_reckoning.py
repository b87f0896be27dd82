"""The reckoning decides whether the end-to-end test and the demonstration passed."""

from typing import Any

from local.reckoning import DeadLetter, reckon
from local.samples import Event

GROUP, STREAM = "/aws/lambda/orders", "stream"
START = 1_793_699_410_000
EVENTS = [Event(GROUP, STREAM, START + number, f"event {number}") for number in range(4)]


def arrived(number: int, ids: list[str] | None = None, group: str = GROUP) -> dict[str, Any]:
    properties: dict[str, Any] = {"logGroup": group, "logStream": STREAM, "eventId": f"id {number}"}
    if ids is not None:
        properties["eventIds"] = ids
    return {"timestamp": f"2026-11-03T09:50:10.{number:03}Z", "properties": properties}


def letter(*events: Event) -> DeadLetter:
    return DeadLetter("message", {}, events)


def test_the_reckoning_closes_when_each_event_arrived_or_is_dead_lettered() -> None:
    found = reckon(EVENTS, [arrived(0), arrived(2), arrived(3)], [letter(EVENTS[1])])

    assert found.closes
    assert found.delivered == [EVENTS[0], EVENTS[2], EVENTS[3]]
    assert found.dead_lettered == [EVENTS[1]]


def test_an_event_that_neither_arrived_nor_is_dead_lettered_is_missing() -> None:
    found = reckon(EVENTS, [arrived(0), arrived(1)], [letter(EVENTS[3])])

    assert not found.closes
    assert found.missing == [EVENTS[2]]


def test_an_event_that_arrived_twice_is_doubled() -> None:
    found = reckon(EVENTS[:1], [arrived(0), arrived(0)], [])

    assert not found.closes
    assert found.doubled == [EVENTS[0]]


def test_an_event_that_arrived_and_is_dead_lettered_is_doubled() -> None:
    found = reckon(EVENTS[:1], [arrived(0)], [letter(EVENTS[0])])

    assert not found.closes
    assert (found.delivered, found.doubled) == ([EVENTS[0]], [EVENTS[0]])


def test_an_event_that_was_not_put_is_unknown() -> None:
    stranger = Event(GROUP, "another stream", START, "event 0")

    found = reckon(EVENTS[:1], [arrived(0), arrived(9), arrived(0, group="/another")], [letter(stranger)])

    assert not found.closes
    assert found.unknown == 3


def test_a_joined_log_counts_as_the_events_whose_ids_it_has() -> None:
    found = reckon(EVENTS, [arrived(0), arrived(1, ids=["a", "b", "c"])], [])

    assert found.closes
    assert found.delivered == EVENTS


def test_a_joined_log_with_an_id_too_few_leaves_an_event_missing() -> None:
    assert reckon(EVENTS, [arrived(0), arrived(1, ids=["a", "b"])], []).missing == [EVENTS[3]]


def test_a_joined_log_with_an_id_too_many_counts_as_an_unknown_event() -> None:
    assert reckon(EVENTS, [arrived(0), arrived(1, ids=["a", "b", "c", "d"])], []).unknown == 1


def test_only_blank_events_count_as_filtered() -> None:
    blank = Event(GROUP, STREAM, START + 7, " \n")

    found = reckon([*EVENTS[:1], blank], [], [])

    assert (found.filtered, found.missing) == ([blank], [EVENTS[0]])
