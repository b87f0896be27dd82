"""Decode messages of the dead-letter queue and the parked queue."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from loginformant_shipper.events import Decoded, SubscriptionMessage, Undecodable
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.decoding import decode

from shipctl.reading import MAX_BYTES

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

CRASHED = "crashed"
"""The reason of messages that Lambda stored after all its attempts to run the shipper had failed."""

REASONS = (*(reason.value for reason in Reason), CRASHED)

Record = dict[str, Any]


class DeadLetterCause(NamedTuple):
    """Why the log events of a message were not delivered."""

    reason: str
    """One of `REASONS`, or another one that a newer shipper wrote."""
    status: str
    """The HTTP status of the ingest API's response; empty if there was none."""
    detail: str
    """The beginning of that response, or the error."""


class Letter:
    """A received message. Its body is decoded when it is first needed."""

    def __init__(self, record: Record) -> None:
        """Create a letter from an SQS record, as `record_of` returns it."""
        self.record = record
        self.identifier: str = record["messageId"]

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """Return the message attributes that are strings."""
        given = self.record.get("messageAttributes") or {}
        return {
            name: value["stringValue"]
            for name, value in given.items()
            if isinstance(value.get("stringValue"), str)
        }

    @cached_property
    def decoded(self) -> tuple[Decoded, ...]:
        """Return what the shipper decodes from the message."""
        return tuple(decode({"Records": [self.record]}, MAX_BYTES))

    @cached_property
    def cause(self) -> DeadLetterCause:
        """Return the cause that the shipper or Lambda recorded, or an error of decoding."""
        attributes = self.attributes
        if reason := attributes.get("Reason"):
            return DeadLetterCause(reason, attributes.get("Status", ""), attributes.get("Detail", ""))
        if told := _told_by_lambda(attributes) or _told_by_envelope(self.record["body"]):
            return DeadLetterCause(CRASHED, "", told)
        for decoded in self.decoded:
            if isinstance(decoded, Undecodable):
                return DeadLetterCause(decoded.reason.value, "", decoded.detail)
        return DeadLetterCause(CRASHED, "", "")

    @cached_property
    def log_group(self) -> str:
        """Return the name of the log group; empty if it is not known."""
        return self.attributes.get("LogGroup") or self._origin()[0]

    @cached_property
    def log_stream(self) -> str:
        """Return the name of the log stream; empty if it is not known."""
        return self.attributes.get("LogStream") or self._origin()[1]

    def _origin(self) -> tuple[str, str]:
        for decoded in self.decoded:
            match decoded:
                case SubscriptionMessage(origin) | Undecodable(origin=origin) if origin is not None:
                    return origin.log_group, origin.log_stream
        return "", ""

    @cached_property
    def events(self) -> int:
        """Return the number of log events. A body that cannot be decoded counts as one."""
        if (count := self.attributes.get("EventCount", "")).isdecimal() and len(count) < 10:
            return int(count)
        return sum(
            len(decoded.events) if isinstance(decoded, SubscriptionMessage) else decoded.events
            for decoded in self.decoded
            if isinstance(decoded, (SubscriptionMessage, Undecodable))
        )

    @cached_property
    def sent(self) -> datetime:
        """Return when the message was sent to its queue, which keeps it for 14 days from then on."""
        milliseconds = str(self.record.get("attributes", {}).get("SentTimestamp", ""))
        return datetime.fromtimestamp(int(milliseconds) / 1000 if milliseconds.isdecimal() else 0, UTC)

    @cached_property
    def failed(self) -> datetime:
        """Return when its log events last failed."""
        return _time(self.attributes.get("FailedAt", "")) or self.sent

    @cached_property
    def first_failed(self) -> datetime:
        """Return when its log events first failed."""
        return _time(self.attributes.get("FirstFailedAt", "")) or self.failed

    @property
    def replays(self) -> str:
        """Return how often the ingest API rejected its log events during replay."""
        return self.attributes.get("Replays", "0")


def record_of(message: "MessageTypeDef") -> Record:
    """Convert a message of ReceiveMessage into an SQS record without a receipt handle.

    The format is in "Using Lambda with Amazon SQS", AWS Lambda Developer Guide. Without the receipt handle
    the function cannot delete the message or change its visibility, which the command does itself.
    """
    return {
        "messageId": message["MessageId"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _record_attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "eventSource": "aws:sqs",
    }


def _record_attribute(value: Mapping[str, Any]) -> dict[str, str]:
    if "BinaryValue" in value:
        binary = base64.b64encode(value["BinaryValue"]).decode()
        return {"binaryValue": binary, "dataType": value["DataType"]}
    return {"stringValue": value.get("StringValue", ""), "dataType": value["DataType"]}


def _told_by_lambda(attributes: Mapping[str, str]) -> str:
    """Return the error in Lambda's attributes ("Adding a dead-letter queue", AWS Lambda Developer Guide)."""
    if "RequestID" not in attributes and "ErrorMessage" not in attributes:
        return ""
    return _crash(attributes.get("ErrorMessage", ""), attributes.get("RequestID", ""))


def _told_by_envelope(body: str) -> str:
    """Return the error in the envelope of a Lambda failure destination, to which a queue may also belong."""
    if '"requestPayload"' not in body:
        return ""
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    match envelope:
        case {"requestContext": {"requestId": str(request), "condition": condition}, **others}:
            match others.get("responsePayload"):
                case {"errorMessage": str(message)}:
                    return _crash(message, request)
            return _crash(str(condition), request)
    return ""


def _crash(message: str, request: str) -> str:
    parts = [message or "no error message", f"request {request}" if request else ""]
    return "; ".join(part for part in parts if part)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
