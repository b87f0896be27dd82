"""A monotonic clock that also counts the time for which Lambda has frozen the environment.

Lambda freezes an environment between invocations, and its monotonic clock may stand still meanwhile. AWS does
not document this; mbeher2200/DarkHours#204 (a cache of 30 seconds that was stale for many minutes) and
hashicorp/vault-lambda-extension#150 found it. On such a clock, "for 15 minutes" would mean: until this
environment has worked for 15 minutes, which takes days. The calendar goes on, but it may be set at any time,
so it does not measure deadlines: it is compared with the monotonic clock once in each invocation.
"""

import time
from collections.abc import Callable


class Clock:
    """The clock of one environment."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, calendar: Callable[[], float] = time.time
    ) -> None:
        """Create a clock from two others, in seconds."""
        self._monotonic = monotonic
        self._calendar = calendar
        self._frozen_seconds = 0.0
        self._compared_at = monotonic(), calendar()

    def now(self) -> float:
        """Return the time in seconds. During an invocation it passes as monotonic time does."""
        return self._monotonic() + self._frozen_seconds

    def begin_invocation(self) -> None:
        """Count the time since the last call for which the monotonic clock stood still.

        A calendar that was set back changes nothing. One that was set forward ends early what an environment
        remembers, which costs a few requests.
        """
        monotonic_before, calendar_before = self._compared_at
        monotonic, calendar = self._compared_at = self._monotonic(), self._calendar()
        stood_still = (calendar - calendar_before) - (monotonic - monotonic_before)
        self._frozen_seconds += max(stood_still, 0.0)
