"""What a warm environment remembers of delivery between invocations."""

import math
from dataclasses import dataclass, field

from loginformant_shipper.failures import Reason


@dataclass(slots=True)
class EnvironmentState:
    """The state of delivery that a warm environment keeps between invocations."""

    byte_limit: int
    key: str | None = field(default=None, repr=False)
    key_refreshed_at: float = -math.inf
    no_key_until: float = -math.inf
    """The time before which the key is not fetched again, since it could not be read."""
    no_key_detail: str = ""
    """Why the key could not be read; empty after it has been read."""
    in_doubt_until: float = -math.inf
    """The time until which a single log is sent first, to find out whether the ingest API accepts any."""
    resume_at: float = -math.inf
    """The time before which no request starts, because of a Retry-After."""
    resume_reason: Reason = Reason.THROTTLED
    in_flight: float = math.inf
    """The maximum number of concurrent batches (`Policy.more_in_flight` and `fewer_in_flight`)."""
    fewer_since: int = 0
    """The last ticket when `in_flight` was lowered. Responses to earlier requests do not lower it again."""
    largest_delivered: int = 0
    """The size in bytes of the largest body that was delivered."""
    tickets: int = 0
    suspects_at_once: int = 1
    """How many records that may end the function are replayed at once (`dead_letters/replay`). If one does,
    the environment ends, too."""

    def next_ticket(self) -> int:
        """Return a number for a request.

        It is unique within the environment, since requests abandoned by an earlier invocation may still
        complete.
        """
        self.tickets += 1
        return self.tickets

    def halve_byte_limit(self, refused_bytes: int, smallest: int) -> None:
        """Lower the byte limit of batches to half of a size that was refused, but not below `smallest`."""
        half = max(refused_bytes // 2, smallest)
        self.byte_limit = min(self.byte_limit, half)
        self.largest_delivered = min(self.largest_delivered, half)
