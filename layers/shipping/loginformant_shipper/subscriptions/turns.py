"""Divide the log groups among scheduled runs, so that each is checked once in eight hours.

There is no state: a hash of its name and the clock determine when it is a log group's turn. So it does not
matter which invocation was the last one, or whether it completed.
"""

import zlib
from collections.abc import Iterable

from loginformant_shipper.subscriptions.plan import LogGroup

TURN_SECONDS = 900
"""The interval of the schedule (template.yaml)."""

TURNS = 32
"""The number of turns in which all log groups are checked once: eight hours. A power of two, so that larger
shares include smaller ones. A hundred thousand log groups at four requests per second need 28."""


def turn_at(seconds: float) -> int:
    """Return the turn at a time, in seconds since 1970."""
    return int(seconds // TURN_SECONDS)


def is_due(name: str, turn: int, turns: int = TURNS) -> bool:
    """Return whether it is a log group's turn, if all log groups are divided among `turns` turns."""
    return _waits(name, turn, turns) == 0


def turns_for(count: int, fitting: int) -> int:
    """Return in how many turns `count` log groups are checked if `fitting` fit into one.

    The result is a power of two, at most `TURNS`, so that runs with different results still share one order.
    """
    turns = 1
    while turns < TURNS and count > fitting * turns:
        turns *= 2
    return turns


def in_order(groups: Iterable[LogGroup], turn: int, turns: int) -> list[LogGroup]:
    """Return log groups in the order in which they are checked.

    Those whose turn it is come first, then those whose turn is farthest away. The order within a turn changes
    each time, so that a run that ends early does not always skip the same log groups.
    """
    return sorted(groups, key=lambda group: (_waits(group.name, turn, turns), _hash(f"{turn} {group.name}")))


def _waits(name: str, turn: int, turns: int) -> int:
    """Return how many turns ago it was the log group's turn."""
    return (turn - _hash(name)) % turns


def _hash(text: str) -> int:
    return zlib.crc32(text.encode())
