"""Find missing log events by comparing counts of incoming and outgoing log events by minute. No I/O.

Log events come out seconds or minutes after they went in, so the two counts of a minute differ even if
nothing is missing. Outgoing log events are matched with the latest incoming ones before them. Log events that
are missing are thus found in the minutes in which the backlog grew permanently, and not at the end of the
span.
"""

from collections.abc import Mapping
from typing import NamedTuple

Series = Mapping[int, int]
"""Counts of log events by minute since 1970. The count of a longer period belongs to its first minute."""

UNDER_WAY_MINUTES = 3
"""The last minutes of a span, whose log events may still be on the way at its end."""

EDGE_MINUTES = 1
"""The minutes by which a gap is widened on both sides, since the two counts use different clocks."""


class Gap(NamedTuple):
    """Minutes in which log events are missing."""

    since: int
    until: int
    """The first minute after the gap."""
    missing: int
    logged: int
    """All log events that went in during these minutes. Those that are not missing have arrived."""


def left_over(incoming: Series, outgoing: Series) -> dict[int, int]:
    """Return the log events that went in and did not come out, by the minute in which they went in."""
    waiting: list[list[int]] = []
    for minute in sorted(incoming.keys() | outgoing.keys()):
        if came := incoming.get(minute, 0):
            waiting.append([minute, came])
        went = outgoing.get(minute, 0)
        while went > 0 and waiting:
            taken = min(went, waiting[-1][1])
            went -= taken
            waiting[-1][1] -= taken
            if not waiting[-1][1]:
                waiting.pop()
    return {minute: number for minute, number in waiting}  # noqa: C416  # lists of two are no pairs to dict's type


def missing(incoming: Series, outgoing: Series, since: int, until: int, end: int) -> dict[int, int]:
    """Return how many of the log events that went in between `since` and `until` are missing, by minute.

    The result is empty if it would not exceed the number that may still be on the way at `end`, the end of
    both series.
    """
    left = {
        minute: number for minute, number in left_over(incoming, outgoing).items() if since <= minute < until
    }
    under_way = sum(number for minute, number in incoming.items() if end - UNDER_WAY_MINUTES <= minute < end)
    return left if sum(left.values()) > under_way else {}


def gaps(left: Series, incoming: Series) -> list[Gap]:
    """Return the gaps, widened on both sides. Gaps that touch are merged."""
    found: list[tuple[int, int]] = []
    logged = sorted(minute for minute, number in incoming.items() if number)
    before: dict[int, int] = dict(zip(logged[1:], logged, strict=False))
    for minute in sorted(left):
        is_next = found and (
            before.get(minute) == found[-1][1] - 1 or minute <= found[-1][1] + 2 * EDGE_MINUTES
        )
        if is_next:
            found[-1] = (found[-1][0], minute + 1)
        else:
            found.append((minute, minute + 1))
    return [_gap(first - EDGE_MINUTES, last + EDGE_MINUTES, left, incoming) for first, last in found]


def _gap(since: int, until: int, left: Series, incoming: Series) -> Gap:
    return Gap(since, until, _within(left, since, until), _within(incoming, since, until))


def _within(series: Series, since: int, until: int) -> int:
    return sum(number for minute, number in series.items() if since <= minute < until)
