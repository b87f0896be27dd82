"""Log events as the stages hand them on, and where they come from."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from msgspec import Meta, Struct

from loginformant_shipper.failures import Reason

JsonObject = dict[str, Any]


if TYPE_CHECKING:
    Timestamp = object
    """Milliseconds since 1970 as CloudWatch sends it; anything else where the payload is odd."""
else:
    Timestamp = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    """What msgspec reads as a timestamp; any other value is read otherwise (`wire.payload_json`)."""


class Source(StrEnum):
    """The ways in which log events come in; also the values of the metrics' dimension `Source`."""

    SUBSCRIPTION = "subscription"
    KINESIS = "kinesis"
    REPLAY = "replay"
    BACKFILL = "backfill"
    """History, read from a log group by `shipctl backfill`: records as of Kinesis."""


class SourceRecord(NamedTuple):
    """The Kinesis or SQS record that log events came in, and that can be returned to its source."""

    identifier: str
    """Sequence number (Kinesis) or message id (SQS): what `batchItemFailures` wants."""
    receipt_handle: str = ""
    """What SQS wants for a change of the visibility timeout; empty where it is not ours to change."""
    replays: int = 0
    """How often the ingest API refused these events in replay."""
    first_failed_at: str | None = None
    told_events: int = 1
    """How many log events its attributes say it holds: what it counts for while nobody has read it."""
    refused_at: str | None = None
    """When each of these events was first refused alone; None where that has not happened."""
    is_narrowed: bool = False
    """These events failed together, and at least one of them is bad."""
    sent_at: float | None = None
    """When the message was put into its queue, in seconds since 1970."""
    told: Reason | None = None
    """Why the events are in the queue, as the message says."""
    status: str = ""
    """The HTTP status with which they failed last."""


class Origin(NamedTuple):
    """Where a log event comes from: one log stream of one account."""

    owner: str
    log_group: str
    log_stream: str
    filters: tuple[str, ...] = ()
    record: SourceRecord | None = None
    """None where the source is a direct subscription, which has no records."""


class LogEvent(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One log event.

    Of what there is one for each log event, each is a `Struct` that the garbage collector does not look at:
    there are tens of thousands, and none refers to itself. msgspec reads events straight into this type.
    """

    id: str
    timestamp: Timestamp
    message: str
    unusual: ClassVar[JsonObject | None] = None
    """The event as it came, if that is not just the three fields above."""

    @property
    def raw(self) -> JsonObject:
        """The event as it came, every field of it: what the dead-letter queue keeps."""
        if self.unusual is not None:
            return self.unusual
        return {"id": self.id, "timestamp": self.timestamp, "message": self.message}

    def with_message(self, message: str) -> "LogEvent":
        """Return the event with another message."""
        return LogEvent(self.id, self.timestamp, message)


class UnusualEvent(LogEvent, frozen=True, gc=False):
    """One log event that has other members than those of most, or odd ones."""

    unusual: JsonObject  # type: ignore[misc]  # a member of each, where others have none

    def with_message(self, message: str) -> "LogEvent":
        """Return the event with another message, in the event as it came, too."""
        return UnusualEvent(self.id, self.timestamp, message, {**self.unusual, "message": message})


class SubscriptionMessage(NamedTuple):
    """The log events of a log stream, as CloudWatch Logs sends them."""

    origin: Origin
    events: tuple[LogEvent, ...]


class ControlMessage(NamedTuple):
    """CloudWatch's check whether the destination answers; holds no logs that anyone wrote."""

    record: SourceRecord | None


class Undecodable(NamedTuple):
    """A payload, or some events of one, that cannot be read: to be stored as it came."""

    reason: Reason
    detail: str
    body: str
    """What the dead-letter queue is to hold: JSON text."""
    record: SourceRecord | None = None
    origin: Origin | None = None
    """Known where the payload could be read and only some of its events could not."""
    events: int = 1
    """How many it counts for; a whole payload, whose events nobody can count, counts for one."""


Decoded = SubscriptionMessage | ControlMessage | Undecodable
