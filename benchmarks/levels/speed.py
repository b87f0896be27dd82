"""The time that a level takes, against a plain search for a level word in the same run."""

import re
import time
from collections.abc import Callable
from typing import NamedTuple

from loginformant_shipper.levels import infer_level

LEVEL_WORD = re.compile(
    r"\b(?:trace|debug|info|information|notice|warn|warning|error|severe|critical|fatal|panic)\b", re.I
)
ROUNDS = 15


class Speed(NamedTuple):
    events_per_second: float
    """On one core, one message at a time, parsing included."""
    search_per_second: float

    @property
    def ratio(self) -> float:
        """How many times the search the level takes."""
        return self.search_per_second / self.events_per_second


def speed(messages: list[str]) -> Speed:
    """The best of some rounds of each, in turns, in processor time: other programs count little."""
    level, search = zip(
        *((_seconds(infer_level, messages), _seconds(LEVEL_WORD.search, messages)) for _ in range(ROUNDS)),
        strict=True,
    )
    return Speed(len(messages) / min(level), len(messages) / min(search))


def _seconds(look: Callable[[str], object], messages: list[str]) -> float:
    start = time.thread_time()
    for message in messages:
        look(message)
    return time.thread_time() - start
