"""The processor time that a level takes: an earlier revision against today's, in turns in one run.

Each round begins with nothing remembered, as a new environment does.
"""

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.levels.revisions import Inference

ROUNDS = 15


class Speed(NamedTuple):
    """The best of some rounds of each, in turns, in processor time: other programs count little."""

    before_per_second: float
    """Messages on one core, one at a time, parsing included."""
    today_per_second: float
    level_ratio: float
    """How many times as fast today's is on messages that are parsed already."""

    @property
    def ratio(self) -> float:
        """How many times as fast today's is, parsing included."""
        return self.today_per_second / self.before_per_second


def speed(messages: Sequence[str], before: Inference, today: Inference) -> Speed:
    """Return the speed of two revisions on some messages."""
    parsed = [[revision.parse(message) for message in messages] for revision in (before, today)]
    rounds = [
        (
            _seconds(before, before.infer_level, messages),
            _seconds(today, today.infer_level, messages),
            _seconds(before, before.decide, parsed[0]),
            _seconds(today, today.decide, parsed[1]),
        )
        for _ in range(ROUNDS)
    ]
    earlier, now, level_earlier, level_now = (min(column) for column in zip(*rounds, strict=True))
    return Speed(len(messages) / earlier, len(messages) / now, level_earlier / level_now)


def _seconds(revision: Inference, look: Callable[[Any], object], messages: Sequence[Any]) -> float:
    gc.collect()
    revision.forget()
    start = time.thread_time()
    for message in messages:
        look(message)
    return time.thread_time() - start
