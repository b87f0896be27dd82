"""No piece of a log stream ends within a stack trace; each event is in one piece, in order."""

from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.events import LogEvent
from loginformant_shipper.parsing.pieces import (
    MAX_LINE_CHARACTERS,
    MAX_SEARCHED_EVENTS,
    MIN_PIECE_CHARACTERS,
    NEIGHBOURS,
    pieces,
)
from loginformant_shipper.parsing.stack_traces import join

LINE = "order 4711 was placed by a customer of ours " * 10
TRACE = ["Traceback (most recent call last):", '  File "/app.py", line 7, in f', "ValueError: no such order"]
FULL = MIN_PIECE_CHARACTERS // len(LINE) + 1
"""The number of lines that fill a piece."""


def events(messages: Sequence[str]) -> list[LogEvent]:
    return [LogEvent(str(number), 1_793_700_000_000, message) for number, message in enumerate(messages)]


def cut(messages: Sequence[str]) -> list[tuple[LogEvent, ...]]:
    return list(pieces(events(messages)))


def test_few_events_form_one_piece() -> None:
    assert cut([LINE] * 5) == [tuple(events([LINE] * 5))]
    assert cut([]) == []


def test_many_events_form_several_pieces_of_about_the_same_size() -> None:
    sizes = [len(piece) for piece in cut([LINE] * 10 * FULL)]
    assert sum(sizes) == 10 * FULL
    assert len(sizes) >= 9
    assert all(FULL - NEIGHBOURS <= size <= FULL + NEIGHBOURS for size in sizes[:-1])


@given(st.lists(st.sampled_from([LINE, "", "x\ny", "z" * (MAX_LINE_CHARACTERS + 1), *TRACE]), max_size=200))
def test_every_event_is_in_one_piece_in_order(messages: list[str]) -> None:
    assert list(chain.from_iterable(cut(messages))) == events(messages)


@pytest.mark.parametrize("before", range(FULL - NEIGHBOURS, FULL + NEIGHBOURS + 3))
def test_no_trace_is_cut(before: int) -> None:
    messages = [LINE] * before + TRACE + [LINE] * 3 * FULL
    at_once = [log.events for log in join(events(messages))]
    assert [log.events for piece in cut(messages) for log in join(piece)] == at_once
    assert len(at_once) == len(messages) - 2


def test_events_that_are_whole_logs_are_cut_at_the_target_size() -> None:
    large = "4111111111111111 " * 4096
    assert {len(piece) for piece in cut([large] * 64)} == {-(-MIN_PIECE_CHARACTERS // len(large))}


def cri(text: str, flag: str = "F") -> str:
    return f"2026-11-03T10:00:00.123456789Z stderr {flag} {text}"


@pytest.mark.parametrize("before", range(FULL - 3, FULL + 3))
def test_the_parts_of_a_line_that_a_container_driver_cut_stay_together(before: int) -> None:
    """A secret might begin in one part and end in the next."""
    parts = [cri("x" * 16_384, "P"), cri("y" * 16_384, "P"), cri("z" * 100)]
    messages = [cri(LINE)] * before + parts + [cri(LINE)] * 3 * FULL
    at_once = [log.events for log in join(events(messages))]
    assert [log.events for piece in cut(messages) for log in join(piece)] == at_once
    assert len(at_once) == len(messages) - 2


@pytest.mark.parametrize("before", range(FULL - 3, FULL + 3))
def test_no_wrapped_trace_is_cut(before: int) -> None:
    messages = [cri(text) for text in [LINE] * before + TRACE + [LINE] * 3 * FULL]
    at_once = [log.events for log in join(events(messages))]
    assert [log.events for piece in cut(messages) for log in join(piece)] == at_once
    assert len(at_once) == len(messages) - 2


def test_a_trace_longer_than_a_piece_is_cut() -> None:
    frames = ["\tat com.example.Orders.place(Orders.java:17)"] * (MIN_PIECE_CHARACTERS // 40 + 3000)
    first, *_ = cut(frames)
    assert len(first) <= MIN_PIECE_CHARACTERS // len(frames[0]) + 1 + MAX_SEARCHED_EVENTS


def test_a_piece_reads_no_more_events_than_it_needs() -> None:
    asked = iter(events([LINE] * 10 * FULL))
    first = next(pieces(asked))
    assert len(list(asked)) >= 10 * FULL - len(first) - 2 * NEIGHBOURS


@pytest.mark.parametrize("before", range(FULL - NEIGHBOURS, FULL + NEIGHBOURS + 3, 3))
def test_no_wrapped_trace_and_no_line_of_several_parts_is_cut(before: int) -> None:
    wrapped = [f"2026-11-03T10:00:00.1Z stderr F {line}" for line in TRACE]
    part = "2026-11-03T10:00:00.1Z stderr P " + "x" * (MAX_LINE_CHARACTERS + 1)
    for together in (wrapped, [part, part, part.replace(" P ", " F ")]):
        messages = [LINE] * before + together + [LINE] * 3 * FULL
        at_once = [log.events for log in join(events(messages))]
        assert [log.events for piece in cut(messages) for log in join(piece)] == at_once
        assert len(at_once) == len(messages) - 2
