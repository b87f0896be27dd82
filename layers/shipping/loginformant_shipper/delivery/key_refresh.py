"""When the API key is read again, and what its value means for what was refused. No I/O."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.failures import Failure, Reason


class _Refusal(NamedTuple):
    key: str
    failure: Failure


@dataclass(slots=True)
class KeyRefresh:
    """The attempts of one invocation to read the key, at first and after it was refused."""

    state: EnvironmentState
    policy: Policy
    ticket: int | None = None
    """The ticket of the attempt that has not ended."""
    not_before: float = -math.inf
    """The time of the next attempt."""
    trouble: str = "the API key was not read in time"
    _failures: int = 0
    _refusal: _Refusal | None = None
    """The rejected key and its failure, while the key is being fetched again."""

    @property
    def is_usable(self) -> bool:
        """Return whether requests can be sent with the key."""
        return self.state.key is not None and self._refusal is None

    def is_due(self, now: float) -> bool:
        """Return whether the next attempt can begin."""
        return self.ticket is None and now >= self.not_before

    def reads_again(self, key: str, failure: Failure, now: float) -> bool:
        """Return whether a refused request waits for the key to be read, or has an old key.

        It does not if the key was read shortly before.
        """
        if key == self.state.key and not self._refusal:
            if now - self.state.key_refreshed_at < self.policy.key_refresh_interval:
                return False
            if now < self.state.no_key_until:
                return False
            self._refusal = _Refusal(key, failure)
        return True

    def failed(self, detail: str, now: float, random_number: float) -> bool:
        """Record that the key could not be read. Return whether another attempt is allowed."""
        self.ticket = None
        self._failures += 1
        self.not_before = now + self.policy.backoff(self._failures, random_number)
        self.trouble = detail
        # After an invocation without a key, one attempt is enough to find out whether there is one now.
        attempts = 1 if self.state.no_key_detail else self.policy.key_attempts
        return self._failures < attempts

    def succeeded(self, key: str, now: float) -> tuple[bool, bool]:
        """Record the key that was read.

        Returns:
            Whether it is the one that was refused, and whether it is another than before.
        """
        self.ticket = None
        self.state.no_key_until, self.state.no_key_detail = -math.inf, ""
        is_refused = self._refusal is not None and key == self._refusal.key
        if self._refusal:
            self.state.key_refreshed_at = now
            self._refusal = None
        is_another = key != self.state.key
        self.state.key = key
        return is_refused, is_another

    def what_is_missing(self) -> Failure | None:
        """Return the failure of logs that could not be sent for want of a key, or None if there is one."""
        if self._refusal:
            refused = self._refusal.failure
            if not self._failures:
                return refused
            return refused._replace(
                detail=f"{refused.detail}; the key could not be read again: {self.trouble}"
            )
        if self.state.key is None and (self._failures or self.ticket is not None):
            return Failure(Reason.NO_KEY, None, self.trouble)
        return None

    def remember(self, now: float) -> None:
        """Keep the next invocations from reading the key for a while, if it could not be read in this one."""
        if not self.is_usable and (self._failures or self.ticket):
            self.state.no_key_until = now + self.policy.key_memory
            self.state.no_key_detail = self.trouble
