"""Missing log events are found by comparing counts of different clocks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipctl.audit.gaps import EDGE_MINUTES, Gap, gaps, left_over, missing

HOURS_3 = 180


def steady(rate: int, until: int = HOURS_3) -> dict[int, int]:
    return dict.fromkeys(range(until), rate)


def late(series: dict[int, int], minutes: int, share: float = 1.0) -> dict[int, int]:
    """Return the series with `share` of each minute's events delayed by `minutes`."""
    found: dict[int, int] = {}
    for minute, number in series.items():
        slow = round(number * share)
        for when, some in ((minute, number - slow), (minute + minutes, slow)):
            if some and when < HOURS_3:
                found[when] = found.get(when, 0) + some
    return found


def without(series: dict[int, int], since: int, until: int) -> dict[int, int]:
    return {minute: number for minute, number in series.items() if not since <= minute < until}


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("minutes", [1, 2])
def test_late_events_are_not_missing(minutes: int, share: float) -> None:
    logged = steady(100)
    assert missing(logged, late(logged, minutes, share), 0, 165, HOURS_3) == {}


def test_events_accepted_an_hour_late_after_throttling_are_not_missing() -> None:
    logged = steady(100)
    arrived = without(logged, 30, 60) | {90: 3100}
    assert missing(logged, arrived, 0, 165, HOURS_3) == {}


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_gap_of_ten_minutes_is_found_despite_late_events(lag: int, share: float) -> None:
    logged = steady(100)
    arrived = late(without(logged, 60, 70), lag, share)
    left = missing(logged, arrived, 30, 165, HOURS_3)
    found = gaps(left, logged)
    named = {minute for gap in found for minute in range(gap.since, gap.until)}
    assert set(range(60, 70)) <= named
    assert len(named) <= 10 + 2 * EDGE_MINUTES + lag
    assert 900 <= sum(left.values()) <= 1000


def test_gaps_of_a_quiet_log_group_are_exact() -> None:
    logged = {10: 3, 50: 2, 90: 5}
    assert missing(logged, {11: 3, 91: 5}, 0, 165, HOURS_3) == {50: 2}
    assert missing(logged, {12: 3, 50: 2, 92: 5}, 0, 165, HOURS_3) == {}


def test_the_last_minutes_are_not_compared() -> None:
    logged = steady(100)
    assert missing(logged, without(logged, 165, 180), 0, 165, HOURS_3) == {}


def test_a_loss_in_every_minute_is_found() -> None:
    logged = steady(100)
    arrived = dict.fromkeys(logged, 90)
    left = missing(logged, arrived, 0, 165, HOURS_3)
    assert sum(left.values()) == 1650
    assert gaps(left, logged) == [Gap(-1, 166, 1650, 16600)]


def test_gaps_are_merged_if_nothing_arrived_between_them() -> None:
    logged = {10: 1, 11: 1, 30: 1, 31: 1, 40: 1}
    assert gaps({10: 1, 11: 1, 30: 1}, logged) == [Gap(9, 32, 3, 4)]
    assert gaps({10: 1, 40: 1}, logged) == [Gap(9, 12, 1, 2), Gap(39, 42, 1, 1)]
    assert gaps({}, logged) == []


series = st.dictionaries(st.integers(0, 30), st.integers(0, 50), max_size=30)


@given(series, series)
def test_missing_events_equal_the_final_backlog(incoming: dict[int, int], outgoing: dict[int, int]) -> None:
    left = left_over(incoming, outgoing)
    assert all(0 < number <= incoming[minute] for minute, number in left.items())
    assert sum(left.values()) >= sum(incoming.values()) - sum(outgoing.values())
    # Compute the backlog at the end of each minute. Only later outgoing events reduce it.
    backlog = 0
    for minute in range(31):
        backlog = max(0, backlog + incoming.get(minute, 0) - outgoing.get(minute, 0))
    assert sum(left.values()) == backlog
    found = gaps(left, incoming)
    assert sum(gap.missing for gap in found) >= sum(left.values())
    assert all(one.until <= other.since + 2 * EDGE_MINUTES for one, other in pairwise(found))
