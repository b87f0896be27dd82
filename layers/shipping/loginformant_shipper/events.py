"""The types of log events and their sources, which all stages use."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from msgspec import Meta, Struct

from loginformant_shipper.failures import Reason

JsonObject = dict[str, Any]


if TYPE_CHECKING:
    Timestamp = object
    """Milliseconds since 1970 as CloudWatch Logs sends it, or any other value of an unusual payload."""
else:
    Timestamp = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    """The timestamps that msgspec decodes. `wire.payload_json` decodes other values."""


class Source(StrEnum):
    """Where log events come from; also the values of the metrics' dimension `Source`."""

    SUBSCRIPTION = "subscription"
    KINESIS = "kinesis"
    REPLAY = "replay"
    BACKFILL = "backfill"
    """`shipctl backfill`, which sends past log events in Kinesis records."""


class SourceRecord(NamedTuple):
    """A Kinesis or SQS record with log events, which can be returned to its source."""

    identifier: str
    """The sequence number (Kinesis) or message id (SQS), as in `batchItemFailures`."""
    receipt_handle: str = ""
    """The receipt handle with which the visibility timeout is changed; empty if it must not be changed."""
    replays: int = 0
    """How often the ingest API rejected these events in replay."""
    first_failed_at: str | None = None
    told_events: int = 1
    """The number of log events according to its attributes, used for a record that was not decoded."""
    refused_at: str | None = None
    """When these events were first rejected individually; None if they never were."""
    is_narrowed: bool = False
    """Whether at least one of these events is known to be bad, since they failed together."""
    sent_at: float | None = None
    """When the message was sent to its queue, in seconds since 1970."""
    told: Reason | None = None
    """The reason in the message for which the events are in the queue."""
    status: str = ""
    """The HTTP status of their last failure; empty if there was none."""
    receives: int = 1
    """How often the message was received, this time included."""


class Origin(NamedTuple):
    """Where a log event comes from: one log stream of one account."""

    owner: str
    log_group: str
    log_stream: str
    filters: tuple[str, ...] = ()
    record: SourceRecord | None = None
    """The record; None for a direct subscription, which has no records."""


class LogEvent(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One log event.

    A type with one instance for each log event is a `Struct` that the garbage collector does not track: there
    are tens of thousands of instances, without reference cycles. msgspec decodes events directly into this
    type.
    """

    id: str
    timestamp: Timestamp
    message: str
    unusual: ClassVar[JsonObject | None] = None
    """The original event, if it has other members than the three fields above."""

    @property
    def raw(self) -> JsonObject:
        """Return the original event with all its members, which is stored in the dead-letter queue."""
        if self.unusual is not None:
            return self.unusual
        return {"id": self.id, "timestamp": self.timestamp, "message": self.message}

    def with_message(self, message: str) -> "LogEvent":
        """Return the event with another message."""
        return LogEvent(self.id, self.timestamp, message)


class UnusualEvent(LogEvent, frozen=True, gc=False):
    """A log event with additional or unusual members."""

    unusual: JsonObject  # type: ignore[misc]  # an instance member instead of a class variable

    def with_message(self, message: str) -> "LogEvent":
        """Return the event with another message, also in the original event."""
        return UnusualEvent(self.id, self.timestamp, message, {**self.unusual, "message": message})


class SubscriptionMessage(NamedTuple):
    """The log events of a log stream, as CloudWatch Logs sends them."""

    origin: Origin
    events: tuple[LogEvent, ...]


class ControlMessage(NamedTuple):
    """A control message with which CloudWatch Logs checks the destination. It contains no logs."""

    record: SourceRecord | None


class Undecodable(NamedTuple):
    """A payload, or some events of one, that cannot be decoded and is stored unchanged."""

    reason: Reason
    detail: str
    body: str
    """The JSON text to store in the dead-letter queue."""
    record: SourceRecord | None = None
    origin: Origin | None = None
    """The origin; None unless only some events of the payload cannot be decoded."""
    events: int = 1
    """The number of log events that it counts as. An undecodable payload counts as one."""


Decoded = SubscriptionMessage | ControlMessage | Undecodable
