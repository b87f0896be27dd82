"""Write and read what CloudWatch Logs sends with the standard library, without the code under test."""

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

JsonObject = dict[str, Any]

LOG_GROUP = "/aws/lambda/orders"
LOG_STREAM = "2026/11/03/[$LATEST]0123456789abcdef"


def log_event(number: int, message: str | None = None, **fields: Any) -> JsonObject:
    """Return one log event with an id of 56 digits, as CloudWatch gives it."""
    text = f"order {number} was placed" if message is None else message
    return {"id": f"{number:056d}", "timestamp": 1_793_700_000_000 + number, "message": text, **fields}


def log_events(count: int, *, first: int = 0, message: str | None = None) -> list[JsonObject]:
    return [log_event(number, message) for number in range(first, first + count)]


def payload(events: Iterable[object], **fields: Any) -> JsonObject:
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": LOG_GROUP,
        "logStream": LOG_STREAM,
        "subscriptionFilters": ["to-loginformant"],
        "logEvents": list(events),
        **fields,
    }


def data_of(content: object) -> str:
    """Return base64 of gzip of JSON; bytes are taken as the JSON itself."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.b64encode(gzip.compress(text, compresslevel=1, mtime=0)).decode()


def subscription_event(events: Iterable[object], **fields: Any) -> JsonObject:
    return {"awslogs": {"data": data_of(payload(events, **fields))}}


def kinesis_event(*data: str) -> JsonObject:
    """Return Kinesis records with the sequence numbers 1, 2, …"""
    records = [
        {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": str(number), "data": text}}
        for number, text in enumerate(data, start=1)
    ]
    return {"Records": records}


def exactly(digits: str) -> int | str:
    """Parse JSON with integers of any length; Python reads up to 4,300 digits by default."""
    return int(digits) if len(digits) < 4300 else digits


def events_in(event: object, most_bytes: int) -> Sequence[object] | None:
    """Return the log events of one subscription event; None if none can be read.

    A payload that inflates beyond `most_bytes` counts as one that cannot be read.
    """
    try:
        data = event["awslogs"]["data"]  # type: ignore[index]
        text = gzip.decompress(base64.b64decode(data, validate=True))
        content = json.loads(text, parse_int=exactly) if len(text) <= most_bytes else None
    except (TypeError, KeyError, ValueError, EOFError, OSError, zlib.error, RecursionError):
        return None
    if isinstance(content, dict) and content.get("messageType") == "CONTROL_MESSAGE":
        return []
    events = content.get("logEvents") if isinstance(content, dict) else None
    return events if isinstance(events, list) else None


def ids_in(event: object, most_bytes: int) -> list[str]:
    """Return the ids of all log events of the function's argument; unreadable data is its own id."""
    parts: list[object] = [event]
    if isinstance(event, dict) and isinstance(event.get("Records"), list):
        all_data = [record["kinesis"]["data"] for record in event["Records"]]
        parts = [{"awslogs": {"data": data}} for data in all_data]
    return [identifier for part in parts for identifier in ids_of_one(part, most_bytes)]


def ids_of_one(event: object, most_bytes: int) -> list[str]:
    """Return the ids of the log events of one subscription event; unreadable data is its own id."""
    events = events_in(event, most_bytes)
    return [json.dumps(event, sort_keys=True)] if events is None else [id_of(raw) for raw in events]


def id_of(raw: object) -> str:
    """Return the id of a log event; without an id, its content is its id."""
    known = isinstance(raw, dict) and raw.get("id")
    return str(known) if known else json.dumps(raw, sort_keys=True)
