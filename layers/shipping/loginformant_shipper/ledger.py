"""The ledger of one invocation, counted in log events."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure
from loginformant_shipper.names import FilterCause

MAX_FAILURES_TOLD = 10


MAX_LOG_GROUPS_TOLD = 100
"""As many as a batch of Kinesis records can have (`BatchSize` in the template); a payload has one."""
MAX_LOG_GROUP_CHARACTERS = 512
"""Of the name of a log group ("CreateLogGroup", Amazon CloudWatch Logs API Reference)."""


class LedgerError(Exception):
    """The ledger does not close: a bug of ours. Lambda is to try the whole event again."""


@dataclass(slots=True)
class LogGroupCounts:
    """Log events of one log group; those that are in none of the other counts are in a queue."""

    received: int = 0
    filtered: int = 0
    delivered: int = 0
    returned: int = 0
    """Left with the source: they will be received again."""

    def told(self) -> dict[str, int]:
        """Return the counts by their names, without those of 0."""
        return {name: number for name in self.__slots__ if (number := getattr(self, name))}


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
    log_groups: defaultdict[str, LogGroupCounts] = field(default_factory=lambda: defaultdict(LogGroupCounts))
    """By log group, where that is known: not of what nobody could read, and not of the stack's own logs."""

    def add_delivered(self, log_group_of_each: Iterable[tuple[str, int]]) -> None:
        """Count log events as delivered, by their log groups."""
        for log_group, events in log_group_of_each:
            self.delivered += events
            self.log_groups[log_group].delivered += events

    @property
    def filtered(self) -> int:
        """Return how many log events were not shipped, because a setting says so."""
        return self.dropped.total()

    def close(self) -> None:
        """Raise `LedgerError` unless every event received is in exactly one other column."""
        counted = self.filtered + self.delivered + self.dead_lettered.total() + self.returned.total()
        if self.received != counted:
            raise LedgerError(f"{self.received} log events were received, {counted} are counted for: {self}")

    def answer(self) -> dict[str, Any]:
        """Return what a function returns: counts of log events, and of requests."""
        return {
            "received": self.received,
            "filtered": self.filtered,
            "delivered": self.delivered,
            "deadLettered": self.dead_lettered.total(),
            "returned": self.returned.total(),
            "requests": self.requests,
        }

    def by_log_group(self) -> list[dict[str, Any]]:
        """Return what became of the log events of each log group, as a list that Logs Insights can unnest.

        Log groups beyond `MAX_LOG_GROUPS_TOLD` are one, without a name. Counts of 0 are left out.
        """
        some = [(name, counts) for name, counts in self.log_groups.items() if counts.received]
        most = sorted(some, key=lambda item: -item[1].received)
        told = [(name[:MAX_LOG_GROUP_CHARACTERS], counts) for name, counts in most[:MAX_LOG_GROUPS_TOLD]]
        if others := [counts for _, counts in most[MAX_LOG_GROUPS_TOLD:]]:
            told.append(("", _sum(others)))
        return [{"name": name} | counts.told() for name, counts in told]

    def failures(self) -> list[dict[str, Any]]:
        """Return what went wrong, for a person who waits for a replay: the failures of most log events."""
        return [
            {**failure._asdict(), "events": events}
            for failure, events in (self.dead_lettered + self.returned).most_common(MAX_FAILURES_TOLD)
        ]

    def batch_item_failures(self) -> list[dict[str, str]]:
        """Return the records that stay with the source, as Lambda wants them.

        The shape: "Handling errors for an SQS event source in Lambda", AWS Lambda Developer Guide. A record
        that came without an identifier has an empty one: then Lambda returns all records of the invocation.
        Duplicates rather than loss.
        """
        return [{"itemIdentifier": record.identifier} for record in self.returned_records]


def _sum(all_counts: Iterable[LogGroupCounts]) -> LogGroupCounts:
    total = LogGroupCounts()
    for counts in all_counts:
        for column in fields(counts):
            setattr(total, column.name, getattr(total, column.name) + getattr(counts, column.name))
    return total
