"""AWS's wire formats: from what Lambda hands over to log events, and back again for the dead-letter queue."""

from typing import Any, NamedTuple

JsonObject = dict[str, Any]


class SourceRecord(NamedTuple):
    """The Kinesis or SQS record that log events came in, and that can be returned to its source."""

    identifier: str
    """Sequence number (Kinesis) or message id (SQS): what `batchItemFailures` wants."""
    replays: int = 0
    first_failed_at: str | None = None


class Origin(NamedTuple):
    """Where a log event comes from: one log stream of one account."""

    owner: str
    log_group: str
    log_stream: str
    filters: tuple[str, ...] = ()
    record: SourceRecord | None = None
    """None where the source is a direct subscription, which has no records."""


class LogEvent(NamedTuple):
    """One log event. A NamedTuple since there is one for every event: the cheapest immutable value there is."""

    id: str
    timestamp: object
    """Milliseconds since 1970 as CloudWatch sends it; anything else where the payload is odd."""
    message: str
    raw: JsonObject
    """The event as it came, every field of it: what the dead-letter queue keeps."""


class SubscriptionMessage(NamedTuple):
    origin: Origin
    events: tuple[LogEvent, ...]
