"""Find out what happened to log events: those that were written to log groups, and where they are now."""

import base64
import gzip
import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from local.ingest_contract import Log
from local.samples import Event
from local.stack import Stack

_Stream = tuple[str, str]


class DeadLetter(NamedTuple):
    """A decoded message of the dead-letter queue."""

    message_id: str
    attributes: dict[str, str]
    events: tuple[Event, ...]
    event_ids: tuple[str, ...] = ()
    body: str = ""


class Reckoning(NamedTuple):
    """The locations of log events. Each written event is in exactly one of the first four lists."""

    delivered: list[Event]
    dead_lettered: list[Event]
    filtered: list[Event]
    """Blank events, which are not shipped."""
    missing: list[Event]
    doubled: list[Event]
    """Events that arrived or were dead-lettered more than once; they are also in the first two lists."""
    unknown: int
    """The number of events that arrived or were dead-lettered without having been written."""

    @property
    def closes(self) -> bool:
        return not (self.missing or self.doubled or self.unknown)


def reckon(put: Iterable[Event], arrived: Iterable[Log], dead_letters: Iterable[DeadLetter]) -> Reckoning:
    """Find each event by log group, log stream and timestamp.

    A joined log has the timestamp of its first event and the ids of all. It counts as that many events of its
    stream from the first one on.
    """
    streams: defaultdict[_Stream, list[Event]] = defaultdict(list)
    for event in sorted(put):
        streams[event.log_group, event.log_stream].append(event)
    delivered: Counter[Event | None] = Counter(event for log in arrived for event in _events_of(log, streams))
    dead: Counter[Event | None] = Counter(
        _find(streams, (event.log_group, event.log_stream), event.timestamp)
        for letter in dead_letters
        for event in letter.events
    )
    found = delivered + dead
    events = [event for stream in streams.values() for event in stream]
    lost = [event for event in events if event not in found]
    return Reckoning(
        delivered=[event for event in events if event in delivered],
        dead_lettered=[event for event in events if event in dead and event not in delivered],
        filtered=[event for event in lost if event.is_blank],
        missing=[event for event in lost if not event.is_blank],
        doubled=[event for event in events if found[event] > 1],
        unknown=found[None],
    )


def _events_of(log: Log, streams: dict[_Stream, list[Event]]) -> list[Event | None]:
    properties = log["properties"]
    stream = (properties["logGroup"], properties["logStream"])
    count = len(set(event_ids(log)))
    first = _find(streams, stream, round(datetime.fromisoformat(log["timestamp"]).timestamp() * 1000))
    if first is None:
        return [None] * count
    start = streams[stream].index(first)
    events: list[Event | None] = list(streams[stream][start : start + count])
    return events + [None] * (count - len(events))


def event_ids(log: Log) -> list[str]:
    """Return the ids of all log events in a log."""
    properties = log["properties"]
    ids: list[str] = properties.get("eventIds") or [properties["eventId"]]
    return ids


def _find(streams: dict[_Stream, list[Event]], stream: _Stream, timestamp: int) -> Event | None:
    events = streams.get(stream, [])
    index = bisect_left(events, timestamp, key=lambda event: event.timestamp)
    return events[index] if index < len(events) and events[index].timestamp == timestamp else None


def dead_letters(stack: Stack, queue: str = "DeadLetterQueueUrl") -> list[DeadLetter]:
    """Return the messages of the queue in this output, including delayed ones. They stay in the queue."""
    return [_dead_letter(message) for message in stack.account.queued(stack.outputs[queue])]


def waiting(stack: Stack, queue: str = "DeadLetterQueueUrl") -> int:
    """Return the number of messages in a queue, including those in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = stack.account.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[queue], AttributeNames=names
    )
    return sum(int(answer["Attributes"][name]) for name in names)


def _dead_letter(message: dict[str, Any]) -> DeadLetter:
    payload = json.loads(gzip.decompress(base64.b64decode(json.loads(message["Body"])["awslogs"]["data"])))
    return DeadLetter(
        message["MessageId"],
        {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
        tuple(
            Event(payload["logGroup"], payload["logStream"], event["timestamp"], event["message"])
            for event in payload["logEvents"]
        ),
        tuple(event["id"] for event in payload["logEvents"]),
        message["Body"],
    )


def own_account(stack: Stack, function: str) -> Counter[str]:
    """Return the sums of a function's metrics by name, read from its log.

    `function` is `Shipper` or `Replay`. Metrics are log lines in embedded metric format ("Embedding metrics
    within logs", Amazon CloudWatch User Guide).
    """
    return sum(map(_counts, own_log(stack, function)), Counter[str]())


def own_log(stack: Stack, function: str) -> list[str]:
    """Return the log lines of a function, including those that Lambda wrote."""
    pages = (
        stack.account.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=stack.outputs[f"{function}LogGroupName"])
    )
    return [event["message"] for page in pages for event in page["events"]]


def _counts(line: str) -> Counter[str]:
    try:
        record = json.loads(line)
        directives = record["_aws"]["CloudWatchMetrics"]
    except (ValueError, TypeError, KeyError):
        return Counter()  # not a metric line
    return Counter(
        {
            metric["Name"]: int(sum(value if isinstance(value := record[metric["Name"]], list) else [value]))
            for directive in directives
            if ["Source", "Stack"] in [sorted(names) for names in directive["Dimensions"]]
            for metric in directive["Metrics"]
            if metric["Unit"] == "Count"
        }
    )
