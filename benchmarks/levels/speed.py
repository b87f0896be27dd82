"""Measure the processor time of level inference alternately with an earlier revision.

Each round starts without anything cached, as in a new environment.
"""

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.levels.revisions import Inference

ROUNDS = 15


class Speed(NamedTuple):
    """The best of several alternate rounds in processor time, which other programs hardly affect."""

    before_per_second: float
    """The messages per second on one core, including parsing."""
    today_per_second: float
    level_ratio: float
    """The speed relative to the earlier revision for parsed messages."""

    @property
    def ratio(self) -> float:
        """Return the speed relative to the earlier revision, including parsing."""
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
