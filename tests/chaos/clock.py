"""Virtual time, and the mishaps of the process that runs in it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_STEPS = 20_000


class Violation(Exception):
    """A rule is broken: what the schedules look for."""


class Killed(BaseException):
    """The process was killed; a BaseException, so that no `except Exception` catches it."""


class Mishap(StrEnum):
    KILL = "killed"
    """SIGKILL, or a failure of the machine."""
    MEMORY = "out of memory"
    """An allocation fails; the handler raises, and the environment is used again."""
    STALL = "stands still"
    """No processor time for a while: only this may make the function exceed its time."""


@dataclass
class Clock:
    """The clock of all parts of a schedule.

    Each effect of the function on its surroundings is a step. Mishaps happen at steps, so that they hit
    every place between two of them.
    """

    now: float = 0.0
    stalled: bool = field(default=False, init=False)
    """Whether this invocation has lost time by a stall."""
    _limit: float = field(default=math.inf, init=False)
    _steps: int = field(default=0, init=False)
    _mishaps: Mapping[int, tuple[Mishap, float]] = field(default_factory=dict, init=False)
    _dead: str = field(default="", init=False)

    def begin_invocation(self, seconds: float, mishaps: Mapping[int, tuple[Mishap, float]]) -> None:
        """Begin an invocation with `mishaps` at these steps; a stall takes the given number of seconds."""
        self._limit, self._steps, self._mishaps = self.now + seconds, 0, mishaps
        self._dead, self.stalled = "", False

    def end_invocation(self) -> None:
        self._limit, self._mishaps, self._dead = math.inf, {}, ""

    def step(self) -> None:
        if self._dead:
            raise Killed(self._dead)
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Violation("the function does not end: a busy loop")
        mishap, seconds = self._mishaps.get(self._steps, (None, 0.0))
        match mishap:
            case Mishap.KILL:
                self._die(mishap)
            case Mishap.MEMORY:
                raise MemoryError
            case Mishap.STALL:
                self.stalled = True
                self.leap(self.now + seconds)

    def leap(self, moment: float) -> None:
        """Let time pass until `moment`, or until Lambda ends the function."""
        if self._dead:
            raise Killed(self._dead)
        self.now = max(self.now, min(moment, self._limit))
        if self.now >= self._limit:
            self._die("timed out")

    def _die(self, how: str) -> None:
        self._dead = str(how)
        raise Killed(self._dead)


Say = Callable[[str], None]
"""Records a line of the story that explains a failed schedule."""
