"""What is missing: counts of log events going in, minute by minute, beside those coming out. No I/O.

What goes in comes out some seconds or minutes later, so that two counts of one minute differ though nothing
is missing. What comes out is taken for the latest that went in before; so what is never made up for is
missing where the backlog grew for good, and not where it stands at the end.
"""

from collections.abc import Mapping
from typing import NamedTuple

Series = Mapping[int, int]
"""Log events by the minute, since 1970, at which they were counted. Longer periods count in their first."""

UNDER_WAY_MINUTES = 3
"""What went in during the last minutes of a time may be under way at its end; the last has just begun."""

EDGE_MINUTES = 1
"""A gap is widened by so much: the counts on both sides of it are of different clocks."""


class Gap(NamedTuple):
    """Minutes in which log events are missing."""

    since: int
    until: int
    """The first minute behind it."""
    missing: int
    logged: int
    """All that went in during these minutes; what of them is not missing has arrived."""


def left_over(incoming: Series, outgoing: Series) -> dict[int, int]:
    """Return what went in and never came out, by the minute in which it went in."""
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
    """Return what is missing of what went in from `since` on and before `until`, by minute.

    Nothing where it is no more than what may be under way at `end`, up to which both are known.
    """
    left = {
        minute: number for minute, number in left_over(incoming, outgoing).items() if since <= minute < until
    }
    under_way = sum(number for minute, number in incoming.items() if end - UNDER_WAY_MINUTES <= minute < end)
    return left if sum(left.values()) > under_way else {}


def gaps(left: Series, incoming: Series) -> list[Gap]:
    """Return the times in which something is missing, widened at both edges; touching ones are one."""
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
