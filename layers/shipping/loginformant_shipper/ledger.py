"""The ledger of an invocation: counts of log events that must balance."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure
from loginformant_shipper.names import FilterCause

MAX_FAILURES_TOLD = 10


MAX_LOG_GROUPS_TOLD = 100
"""The maximum number of log groups listed, sufficient for the default batch size of a Kinesis stream."""
MAX_LOG_GROUP_CHARACTERS = 512
"""The maximum length of a log group name ("CreateLogGroup", Amazon CloudWatch Logs API Reference)."""


class LedgerError(Exception):
    """The ledger does not balance, which is a bug. Lambda retries the whole event."""


@dataclass(slots=True)
class LogGroupCounts:
    """Counts of one log group. Log events in none of the other counts were stored in a queue."""

    received: int = 0
    filtered: int = 0
    delivered: int = 0
    returned: int = 0
    """Returned to the source, which sends them again."""

    def told(self) -> dict[str, int]:
        """Return the counts by their names, without those of 0."""
        return {name: number for name in self.__slots__ if (number := getattr(self, name))}


@dataclass(slots=True)
class Ledger:
    """The counts of all log events that an invocation received."""

    received: int = 0
    dropped: Counter[FilterCause] = field(default_factory=Counter)
    """Filtered log events by cause."""
    delivered: int = 0
    dead_lettered: Counter[Failure] = field(default_factory=Counter)
    """Log events stored in the dead-letter queue or the parked queue, by failure."""
    parked: Counter[Failure] = field(default_factory=Counter)
    """Log events of `dead_lettered` that were stored in the parked queue."""
    returned: Counter[Failure] = field(default_factory=Counter)
    """Log events returned to the source, which sends them again, by failure."""
    returned_records: dict[SourceRecord, None] = field(default_factory=dict)
    """The records that are returned to the source, in order."""
    requests: int = 0
    retries: int = 0
    latencies: list[float] = field(default_factory=list)
    """The seconds from each request to its response."""
    log_groups: defaultdict[str, LogGroupCounts] = field(default_factory=lambda: defaultdict(LogGroupCounts))
    """Counts by log group, without undecodable payloads and the stack's own logs."""

    def add_delivered(self, log_group_of_each: Iterable[tuple[str, int]]) -> None:
        """Count delivered log events by log group."""
        for log_group, events in log_group_of_each:
            self.delivered += events
            self.log_groups[log_group].delivered += events

    @property
    def filtered(self) -> int:
        """Return the number of filtered log events."""
        return self.dropped.total()

    def close(self) -> None:
        """Raise `LedgerError` unless every received log event is in exactly one other count."""
        counted = self.filtered + self.delivered + self.dead_lettered.total() + self.returned.total()
        if self.received != counted:
            raise LedgerError(
                f"{self.received} log events were received, but {counted} are accounted for: {self}"
            )

    def answer(self) -> dict[str, Any]:
        """Return the counts of log events and requests that the function returns."""
        return {
            "received": self.received,
            "filtered": self.filtered,
            "delivered": self.delivered,
            "deadLettered": self.dead_lettered.total(),
            "returned": self.returned.total(),
            "requests": self.requests,
        }

    def by_log_group(self) -> list[dict[str, Any]]:
        """Return the counts of each log group, as a list that Logs Insights can unnest.

        Log groups beyond `MAX_LOG_GROUPS_TOLD` are summed in an element without a name. Counts of 0 are
        omitted.
        """
        some = [(name, counts) for name, counts in self.log_groups.items() if counts.received]
        most = sorted(some, key=lambda item: -item[1].received)
        told = [(name[:MAX_LOG_GROUP_CHARACTERS], counts) for name, counts in most[:MAX_LOG_GROUPS_TOLD]]
        if others := [counts for _, counts in most[MAX_LOG_GROUPS_TOLD:]]:
            told.append(("", _sum(others)))
        return [{"name": name} | counts.told() for name, counts in told]

    def failures(self) -> list[dict[str, Any]]:
        """Return the most frequent failures, which commands such as `shipctl dlq replay` show."""
        return [
            {**failure._asdict(), "events": events}
            for failure, events in (self.dead_lettered + self.returned).most_common(MAX_FAILURES_TOLD)
        ]

    def batch_item_failures(self) -> list[dict[str, str]]:
        """Return the records to retry, in the format of Lambda.

        The format is in "Handling errors for an SQS event source in Lambda", AWS Lambda Developer Guide. For
        a record without an identifier it is empty: then Lambda retries all records of the invocation, which
        causes duplicates rather than loss.
        """
        return [{"itemIdentifier": record.identifier} for record in self.returned_records]


def _sum(all_counts: Iterable[LogGroupCounts]) -> LogGroupCounts:
    total = LogGroupCounts()
    for counts in all_counts:
        for column in fields(counts):
            setattr(total, column.name, getattr(total, column.name) + getattr(counts, column.name))
    return total
