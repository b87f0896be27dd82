"""What is missing, found in counts of which no two are of one clock."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipctl.audit.gaps import EDGE_MINUTES, Gap, gaps, left_over, missing

HOURS_3 = 180


def steady(rate: int, until: int = HOURS_3) -> dict[int, int]:
    return dict.fromkeys(range(until), rate)


def late(series: dict[int, int], minutes: int, share: float = 1.0) -> dict[int, int]:
    """Return what comes out if so much of each minute comes so many minutes later."""
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
def test_what_is_only_late_is_not_missing(minutes: int, share: float) -> None:
    logged = steady(100)
    assert missing(logged, late(logged, minutes, share), 0, 165, HOURS_3) == {}


def test_nor_is_what_a_throttled_destination_takes_an_hour_later() -> None:
    logged = steady(100)
    arrived = without(logged, 30, 60) | {90: 3100}
    assert missing(logged, arrived, 0, 165, HOURS_3) == {}


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_gap_of_ten_minutes_is_found_whatever_is_under_way(lag: int, share: float) -> None:
    logged = steady(100)
    arrived = late(without(logged, 60, 70), lag, share)
    left = missing(logged, arrived, 30, 165, HOURS_3)
    found = gaps(left, logged)
    named = {minute for gap in found for minute in range(gap.since, gap.until)}
    assert set(range(60, 70)) <= named
    assert len(named) <= 10 + 2 * EDGE_MINUTES + lag
    assert 900 <= sum(left.values()) <= 1000


def test_a_quiet_log_group_is_exact() -> None:
    logged = {10: 3, 50: 2, 90: 5}
    assert missing(logged, {11: 3, 91: 5}, 0, 165, HOURS_3) == {50: 2}
    assert missing(logged, {12: 3, 50: 2, 92: 5}, 0, 165, HOURS_3) == {}


def test_of_the_last_minutes_nothing_is_said() -> None:
    logged = steady(100)
    assert missing(logged, without(logged, 165, 180), 0, 165, HOURS_3) == {}


def test_a_loss_in_every_minute_is_found() -> None:
    logged = steady(100)
    arrived = dict.fromkeys(logged, 90)
    left = missing(logged, arrived, 0, 165, HOURS_3)
    assert sum(left.values()) == 1650
    assert gaps(left, logged) == [Gap(-1, 166, 1650, 16600)]


def test_gaps_that_touch_or_that_nothing_was_logged_between_are_one() -> None:
    logged = {10: 1, 11: 1, 30: 1, 31: 1, 40: 1}
    assert gaps({10: 1, 11: 1, 30: 1}, logged) == [Gap(9, 32, 3, 4)]
    assert gaps({10: 1, 40: 1}, logged) == [Gap(9, 12, 1, 2), Gap(39, 42, 1, 1)]
    assert gaps({}, logged) == []


series = st.dictionaries(st.integers(0, 30), st.integers(0, 50), max_size=30)


@given(series, series)
def test_nothing_is_invented_and_nothing_hidden(incoming: dict[int, int], outgoing: dict[int, int]) -> None:
    left = left_over(incoming, outgoing)
    assert all(0 < number <= incoming[minute] for minute, number in left.items())
    assert sum(left.values()) >= sum(incoming.values()) - sum(outgoing.values())
    # The backlog at the end of each minute, of which only what came out later can be made up for.
    backlog = 0
    for minute in range(31):
        backlog = max(0, backlog + incoming.get(minute, 0) - outgoing.get(minute, 0))
    assert sum(left.values()) == backlog
    found = gaps(left, incoming)
    assert sum(gap.missing for gap in found) >= sum(left.values())
    assert all(one.until <= other.since + 2 * EDGE_MINUTES for one, other in pairwise(found))
