"""Write the sample events to log groups with current timestamps."""

import json
import shlex
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from local.stack import PROJECT, Stack

EVENTS = PROJECT / "events"
POISON = "a bad log, which the ingest API refuses"


class Event(NamedTuple):
    """A log event without an id, which CloudWatch Logs does not return when it is written."""

    log_group: str
    log_stream: str
    timestamp: int
    message: str

    @property
    def is_blank(self) -> bool:
        return not self.message.strip()


class Sample(NamedTuple):
    """The log events of one log stream, in order, no two with the same timestamp."""

    log_group: str
    log_stream: str
    events: tuple[Event, ...]


def now() -> int:
    """Return the current time in milliseconds since 1970."""
    return int(time.time() * 1000)


def samples(newest: int, poisoned: str | None = None, folder: Path = EVENTS) -> list[Sample]:
    """Return the data messages in a folder with new timestamps.

    PutLogEvents requires events in order, not older than 14 days, and within 24 hours (Amazon CloudWatch Logs
    API Reference).

    Args:
        newest: The minimum timestamp of the newest event of each message, in milliseconds since 1970.
        poisoned: A log group to which one more event is added in the middle, with the message `POISON`.
        folder: The folder with the sample events.
    """
    payloads = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    return [
        _sample(payload, newest, poisoned) for payload in payloads if payload["messageType"] == "DATA_MESSAGE"
    ]


def _sample(payload: dict[str, Any], newest: int, poisoned: str | None) -> Sample:
    group, stream = payload["logGroup"], payload["logStream"]
    lines = [(event["timestamp"], event["message"]) for event in payload["logEvents"]]
    if group == poisoned:
        middle = len(lines) // 2
        lines.insert(middle, (lines[middle][0], POISON))
    shift = newest - lines[-1][0]
    events: list[Event] = []
    for timestamp, message in lines:
        earliest = events[-1].timestamp + 1 if events else 0
        events.append(Event(group, stream, max(timestamp + shift, earliest), message))
    return Sample(group, stream, tuple(events))


def in_stream(sample: Sample, log_stream: str) -> Sample:
    """Return the same events in another log stream."""
    events = tuple(event._replace(log_stream=log_stream) for event in sample.events)
    return Sample(sample.log_group, log_stream, events)


def subscribe(stack: Stack, log_group: str) -> None:
    """Create a log group if it does not exist, and subscribe it with the command in the stack's output."""
    logs = stack.account.client("logs")
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=log_group)
    aws, service, operation, *options = shlex.split(stack.outputs["SubscribeCommand"])
    if (aws, service, operation) != ("aws", "logs", "put-subscription-filter"):
        raise ValueError(f"not the command that was expected: {stack.outputs['SubscribeCommand']}")
    given = dict(zip(options[::2], options[1::2], strict=True))
    logs.put_subscription_filter(
        logGroupName=given["--log-group-name"].replace("LOG_GROUP_NAME", log_group),
        filterName=given["--filter-name"],
        filterPattern=given["--filter-pattern"],
        destinationArn=given["--destination-arn"],
    )


def put(stack: Stack, sample: Sample) -> None:
    """Create the log stream of a sample, and write its events."""
    logs = stack.account.client("logs")
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=sample.log_group, logStreamName=sample.log_stream)
    logs.put_log_events(
        logGroupName=sample.log_group,
        logStreamName=sample.log_stream,
        logEvents=[{"timestamp": event.timestamp, "message": event.message} for event in sample.events],
    )
