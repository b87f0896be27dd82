"""Small values from which the tests of many modules build their cases."""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, NamedTuple

from loginformant_shipper.delivery.batching import CLOSING, COMMA, OPENING, Batch
from loginformant_shipper.entries.log_object import Entries
from loginformant_shipper.events import LogEvent, Origin, UnusualEvent
from loginformant_shipper.settings import Settings, load_settings

QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters"
ENVIRON = {
    "API_KEY_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key",
    "DEAD_LETTER_QUEUE_URL": QUEUE_URL,
    "AWS_REGION": "eu-west-1",
}
ORDERS = Origin("123456789012", "/aws/lambda/orders", "2026/11/23/[$LATEST]1", ("to-loginformant",))
PAYMENTS = Origin("123456789012", "/aws/lambda/payments", "stream")


def settings(**variables: str) -> Settings:
    return load_settings(ENVIRON | variables)


def raw_event(identifier: str = "e0", message: str = "Order placed", **others: object) -> dict[str, Any]:
    return {"id": identifier, "timestamp": 1_700_000_000_123, "message": message} | others


def log_event(identifier: str = "e0", message: str = "Order placed", **others: object) -> LogEvent:
    raw = raw_event(identifier, message, **others)
    if others:
        return UnusualEvent(identifier, raw["timestamp"], message, raw)
    return LogEvent(identifier, raw["timestamp"], message)


class Entry(NamedTuple):
    """One log as a batch takes it."""

    body: bytes
    events: tuple[LogEvent, ...]
    origin: Origin


def an_entry(*identifiers: str, body: bytes = b'{"message":"x"}', origin: Origin = ORDERS) -> Entry:
    """Return an entry with one log event for each identifier."""
    return Entry(body, tuple(log_event(identifier) for identifier in identifiers or ("e0",)), origin)


def in_chunks(entries: Iterable[Entry], at_once: int = 100) -> Iterator[Entries]:
    """Yield entries as the pipeline does: at most `at_once` of one log stream together."""
    for origin, run in groupby(entries, key=attrgetter("origin")):
        while some := list(islice(run, at_once)):
            yield Entries(origin, [entry.body for entry in some], [entry.events for entry in some])


def batch_of(entries: Sequence[Entry], position: int = 0) -> Batch:
    """Return the batch of these entries; `position` is the number of entries before the first."""
    bodies, logs, origins = zip(*entries, strict=True)
    positions = range(position, position + len(entries))
    body = OPENING + COMMA.join(bodies) + CLOSING
    return Batch(body, tuple(map(len, bodies)), logs, origins, positions)


def a_batch(*identifiers: str) -> Batch:
    """Return a batch with one entry of one log event for each identifier."""
    return batch_of([an_entry(identifier, body=b'"%s"' % identifier.encode()) for identifier in identifiers])


def payload(raw_events: Sequence[object], **members: object) -> dict[str, Any]:
    """Return a payload of CloudWatch Logs before it is compressed."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": ORDERS.owner,
        "logGroup": ORDERS.log_group,
        "logStream": ORDERS.log_stream,
        "subscriptionFilters": list(ORDERS.filters),
        "logEvents": list(raw_events),
    } | members


def encoded(content: object) -> str:
    """Return the content as JSON, compressed with gzip, in base64. Text and bytes are not changed to JSON."""
    match content:
        case bytes():
            data = content
        case str():
            data = content.encode()
        case _:
            data = json.dumps(content).encode()
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def awslogs_event(content: object) -> dict[str, Any]:
    return {"awslogs": {"data": encoded(content)}}


def kinesis_record(sequence_number: str, content: object) -> dict[str, Any]:
    return {
        "eventSource": "aws:kinesis",
        "kinesis": {"sequenceNumber": sequence_number, "data": encoded(content)},
    }


def sqs_record(identifier: str, body: str, attributes: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "messageId": identifier,
        "receiptHandle": f"handle of {identifier}",
        "body": body,
        "eventSource": "aws:sqs",
        "messageAttributes": {
            name: {"dataType": "String", "stringValue": value} for name, value in (attributes or {}).items()
        },
    }
