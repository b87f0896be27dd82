"""The ledger of one invocation, counted in log events."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure
from loginformant_shipper.names import FilterCause

MAX_FAILURES_TOLD = 10


class LedgerError(Exception):
    """The ledger does not close: a bug of ours. Lambda is to try the whole event again."""


@dataclass(slots=True)
class Ledger:
    """What became of every log event that was received."""

    received: int = 0
    dropped: Counter[FilterCause] = field(default_factory=Counter)
    """Filtered, by the cause."""
    delivered: int = 0
    dead_lettered: Counter[Failure] = field(default_factory=Counter)
    """Stored in the dead-letter queue or in the parked queue."""
    parked: Counter[Failure] = field(default_factory=Counter)
    """Of these, what is in the parked queue."""
    returned: Counter[Failure] = field(default_factory=Counter)
    """Left with the source; they will come again."""
    returned_records: dict[SourceRecord, None] = field(default_factory=dict)
    """The records that go back to the source, in order."""
    requests: int = 0
    retries: int = 0
    latencies: list[float] = field(default_factory=list)
    """Seconds from each request to its answer."""

    @property
    def filtered(self) -> int:
        return self.dropped.total()

    def close(self) -> None:
        """Raises `LedgerError` unless every event received is in exactly one other column."""
        counted = self.filtered + self.delivered + self.dead_lettered.total() + self.returned.total()
        if self.received != counted:
            raise LedgerError(f"{self.received} log events were received, {counted} are counted for: {self}")

    def answer(self) -> dict[str, Any]:
        """What a function returns: counts of log events, and of requests."""
        return {
            "received": self.received,
            "filtered": self.filtered,
            "delivered": self.delivered,
            "deadLettered": self.dead_lettered.total(),
            "returned": self.returned.total(),
            "requests": self.requests,
        }

    def failures(self) -> list[dict[str, Any]]:
        """What went wrong, for a person who waits for a replay: the failures of most log events."""
        return [
            {**failure._asdict(), "events": events}
            for failure, events in (self.dead_lettered + self.returned).most_common(MAX_FAILURES_TOLD)
        ]

    def batch_item_failures(self) -> list[dict[str, str]]:
        """The records to return, as Lambda wants them (AWS Lambda Developer Guide, "Handling errors for an
        SQS event source in Lambda").

        A record that came without an identifier has an empty one: then Lambda returns all records of the
        invocation. Duplicates rather than loss.
        """
        return [{"itemIdentifier": record.identifier} for record in self.returned_records]
