"""Which log groups a run looks at: each run its share, so that all are looked at within eight hours.

There is no state. A log group's place is a hash of its name, and the clock says whose turn it is. So it does
not matter which invocation was the last one, nor whether it came to an end.
"""

import zlib
from collections.abc import Iterable

from loginformant_shipper.subscriptions.plan import LogGroup

TURN_SECONDS = 900
"""The schedule's interval (template.yaml)."""

TURNS = 32
"""Turns in which all log groups are looked at once: eight hours. A power of two, so that a larger share holds
the smaller one. A hundred thousand log groups at four requests a second need 28."""


def turn_at(seconds: float) -> int:
    """Return the turn at a time, in seconds since 1970."""
    return int(seconds // TURN_SECONDS)


def is_due(name: str, turn: int, turns: int = TURNS) -> bool:
    """Return whether it is a log group's turn, where all have theirs within so many turns."""
    return _waits(name, turn, turns) == 0


def turns_for(count: int, fitting: int) -> int:
    """Return in how many turns `count` log groups are looked at where `fitting` fit into one.

    A power of two, at most `TURNS`: then two runs that reckon differently still share one order.
    """
    turns = 1
    while turns < TURNS and count > fitting * turns:
        turns *= 2
    return turns


def in_order(groups: Iterable[LogGroup], turn: int, turns: int) -> list[LogGroup]:
    """Return log groups in the order in which they are to be looked at.

    First those whose turn it is, then those whose turn is farthest away. Within one turn the order is another
    one each time, so that what a run does not come to is not always the same.
    """
    return sorted(groups, key=lambda group: (_waits(group.name, turn, turns), _hash(f"{turn} {group.name}")))


def _waits(name: str, turn: int, turns: int) -> int:
    """How many turns ago it was the log group's turn."""
    return (turn - _hash(name)) % turns


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())
