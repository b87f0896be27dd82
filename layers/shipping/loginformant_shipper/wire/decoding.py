"""Decode the events of Lambda into log events.

The formats are in "Using Lambda with CloudWatch Logs" and "Using Lambda with Kinesis", AWS Lambda Developer
Guide, and "Log group-level subscription filters", Amazon CloudWatch Logs User Guide.
"""

import base64
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from loginformant_shipper.events import (
    ControlMessage,
    Decoded,
    JsonObject,
    LogEvent,
    Origin,
    Source,
    SourceRecord,
    SubscriptionMessage,
    Undecodable,
    UnusualEvent,
)
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.encoding import (
    MAX_COUNT_DIGITS,
    PART_OF_UNREADABLE,
    encode,
    encode_data,
    json_text,
    read_replay_state,
)
from loginformant_shipper.wire.gunzip import inflated_size
from loginformant_shipper.wire.kpl import MAGIC, BrokenAggregate, user_records
from loginformant_shipper.wire.payload_json import DIGITS_OF_64_BITS, Unreadable, load, read_payload

_REASONS = frozenset(Reason)

_AGGREGATED = base64.b64encode(MAGIC)[:5].decode()
"""The beginning of the base64 of an aggregated record: the characters that its first four bytes determine."""

BACKFILL_EVENT_SOURCE = "shipctl:backfill"
"""The event source in records of a backfill, instead of `aws:kinesis`."""


def source_of(event: object) -> Source:
    """Return the source of a Lambda event."""
    records = event.get("Records") if isinstance(event, dict) else None
    if isinstance(records, list) and records and all(isinstance(record, dict) for record in records):
        if all(isinstance(record.get("kinesis"), dict) for record in records):
            is_backfill = all(record.get("eventSource") == BACKFILL_EVENT_SOURCE for record in records)
            return Source.BACKFILL if is_backfill else Source.KINESIS
        if all(record.get("eventSource") == "aws:sqs" for record in records):
            return Source.REPLAY
    return Source.SUBSCRIPTION


class Load(NamedTuple):
    """The size of a Lambda event before it is decoded."""

    payloads: int
    data_bytes: int
    inflated_bytes: int
    """The decompressed size according to the payloads, each up to the limit."""


def load_of(event: object, max_decompressed_bytes: int) -> Load:
    """Return the size of a Lambda event, which must be stored if nothing is delivered."""
    match source_of(event), event:
        case ((Source.KINESIS | Source.BACKFILL), {"Records": records}):
            data = [record["kinesis"].get("data") for record in records]
        case Source.REPLAY, {"Records": records}:
            data = [record.get("body") for record in records]
        case _, {"awslogs": {"data": text}}:
            data = [text]
        case _:
            data = [None]
    texts = [text for text in data if isinstance(text, str)]
    inflated = sum(min(_told_size(text), max_decompressed_bytes) for text in texts)
    return Load(len(data), sum(map(len, texts)), inflated)


def _told_size(text: str) -> int:
    """Return the decompressed size of base64 of gzip, also at the end of a message body."""
    data = text.rstrip(' \n"}')
    data = data[data.rfind('"') + 1 :].rstrip("=")
    is_aggregated = data.startswith(_AGGREGATED)
    if not is_aggregated:
        data = data[max(len(data) // 4 * 4 - 8, 0) :]
    try:
        raw = base64.b64decode(data + "=" * (-len(data) % 4))
        parts = user_records(raw) if is_aggregated else None
        return inflated_size(raw) if parts is None else sum(map(inflated_size, parts))
    except ValueError:
        return 0


class Payload(NamedTuple):
    """One payload of a Lambda event, not decoded yet."""

    record: SourceRecord | None
    """The record of the payload; None for a direct subscription."""
    decode: Callable[[], Iterator[Decoded]]
    message: JsonObject | None = None
    """The message of SQS as Lambda passes it on; None for other sources."""


def payloads(event: object, max_decompressed_bytes: int) -> list[Payload]:
    """Return the payloads of a Lambda event in order.

    Supported are awslogs events, Kinesis records, SQS records, and the envelope of Lambda's failure
    destinations. Nothing is raised: payloads that cannot be decoded yield an `Undecodable`.

    Args:
        event: The event of the function.
        max_decompressed_bytes: The maximum decompressed size of each payload.
    """
    limit = max_decompressed_bytes
    match source_of(event), event:
        case ((Source.KINESIS | Source.BACKFILL), {"Records": records}):
            return [_kinesis_payload(record["kinesis"], limit) for record in records]
        case Source.REPLAY, {"Records": records}:
            return [_sqs_payload(message, limit) for message in records]
    return [Payload(None, partial(_decode_event, event, None, None, limit))]


def decode(event: object, max_decompressed_bytes: int) -> Iterator[Decoded]:
    """Decode all `payloads` of a Lambda event, one after the other."""
    for payload in payloads(event, max_decompressed_bytes):
        yield from payload.decode()


def _kinesis_payload(kinesis: JsonObject, limit: int) -> Payload:
    record = SourceRecord(identifier=str(kinesis.get("sequenceNumber", "")))
    event = {"awslogs": {"data": kinesis.get("data")}}
    return Payload(record, partial(_decode_event, event, None, record, limit))


def _sqs_payload(message: JsonObject, limit: int) -> Payload:
    replays = read_replay_state(_attribute(message, "Replays") or "")
    reason = _attribute(message, "Reason")
    record = SourceRecord(
        identifier=str(message.get("messageId", "")),
        receipt_handle=str(message.get("receiptHandle", "")),
        replays=replays.refusals,
        first_failed_at=_attribute(message, "FirstFailedAt"),
        told_events=_attribute_number(message, "EventCount", 1),
        refused_at=replays.refused_at,
        is_narrowed=replays.is_narrowed,
        sent_at=_sent_at(message),
        told=Reason(reason) if reason in _REASONS else None,
        status=_attribute(message, "Status") or "",
        receives=_receives(message),
    )
    return Payload(record, partial(_decode_body, message.get("body"), record, limit), message)


def _decode_body(body: object, record: SourceRecord, limit: int) -> Iterator[Decoded]:
    data = (body if isinstance(body, str) else json_text(body)).encode("utf-8", "replace")
    text = data.decode()
    try:
        event = load(data)
    except (ValueError, RecursionError):
        yield Undecodable(Reason.MALFORMED, "the message body is not JSON", text, record)
    else:
        yield from _decode_event(event, text, record, limit)


def text_attributes(message: JsonObject) -> dict[str, str]:
    """Return the attributes of an SQS message that are texts or numbers."""
    texts = {name: _attribute(message, name) for name in message.get("messageAttributes") or ()}
    return {name: text for name, text in texts.items() if text}


def _attribute(message: JsonObject, name: str) -> str | None:
    match message.get("messageAttributes"):
        case {**attributes} if isinstance(attribute := attributes.get(name), dict):
            value = attribute.get("stringValue")
            return value if isinstance(value, str) else None
    return None


def _sent_at(message: JsonObject) -> float | None:
    """Return when a message was sent, in seconds since 1970 ("Using Lambda with Amazon SQS")."""
    match message.get("attributes"):
        case {"SentTimestamp": str(text)} if text.isascii() and text.isdigit() and len(text) < 16:
            return int(text) / 1000
    return None


def _receives(message: JsonObject) -> int:
    match message.get("attributes"):
        case {"ApproximateReceiveCount": str(text)} if text.isascii() and text.isdigit():
            return int(text[:MAX_COUNT_DIGITS])
    return 1


def _attribute_number(message: JsonObject, name: str, otherwise: int = 0) -> int:
    text = _attribute(message, name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_OF_64_BITS else otherwise


def _decode_event(
    event: object, text: str | None, record: SourceRecord | None, limit: int
) -> Iterator[Decoded]:
    """Decode an event. `text` is its JSON text if it was received as such."""
    match event:
        case {"awslogs": {"data": str(data)}} | {"requestPayload": {"awslogs": {"data": str(data)}}}:
            yield from _decode_data(data, record, limit)
        case _:
            body = json_text(event) if text is None else text
            yield Undecodable(Reason.MALFORMED, "not a CloudWatch Logs event", body, record)


def _decode_data(data: str, record: SourceRecord | None, limit: int) -> Iterator[Decoded]:
    """Decode base64 of one payload or of an aggregate of several, since both may be stored unchanged."""
    try:
        raw = base64.b64decode(data, validate=True)
        parts = user_records(raw)
    except ValueError as error:
        detail = str(error) if isinstance(error, BrokenAggregate) else f"base64: {error}"
        yield Undecodable(Reason.MALFORMED, detail, encode_data(data), record)
        return
    if parts is None:
        yield from _decode_payload(raw, data, record, limit)
        return
    for part in parts:
        yield from _decode_payload(part, base64.b64encode(part).decode(), record, limit)


def _decode_payload(
    compressed: bytes, data: str, record: SourceRecord | None, limit: int
) -> Iterator[Decoded]:
    """Decode a payload. `data` is the base64 of `compressed`, which is stored if it cannot be decoded."""
    try:
        payload = read_payload(compressed, limit, _log_event)
    except Unreadable as error:
        yield Undecodable(error.reason, str(error), encode_data(data), record)
        return
    match payload:
        case {"messageType": "CONTROL_MESSAGE"}:
            yield ControlMessage(record)
        case {"messageType": kind, "logEvents": list(found)} if _is_part(kind, payload, found, record):
            reason = (record and record.told) or Reason.MALFORMED
            counted = record.told_events if record else 1
            detail = "a part of a payload that could not be decoded"
            yield Undecodable(reason, detail, encode_data(data), record, _origin(payload, record), counted)
        case {"logEvents": list(found)}:
            yield from _read_events(found, _origin(payload, record))
        case _:
            yield Undecodable(Reason.MALFORMED, "a payload without logEvents", encode_data(data), record)


def _is_part(kind: object, payload: Any, found: list[object], record: SourceRecord | None) -> bool:
    """Return whether this is a part of an undecodable payload that was split because of its size.

    In older versions such parts had no type of their own, but no log group, and a number before the text.
    """
    told = record.told if record else None
    if kind == PART_OF_UNREADABLE:
        return True
    return (
        told in (Reason.MALFORMED, Reason.OVERSIZED)
        and not payload.get("logGroup")
        and bool(found)
        and isinstance(first := found[0], LogEvent)
        and first.message.startswith("[part ")
    )


_EVENTS = frozenset({LogEvent, UnusualEvent})


def _read_events(found: list[object], origin: Origin) -> Iterator[Decoded]:
    if _EVENTS.issuperset(map(type, found)):
        yield SubscriptionMessage(origin, tuple(found))  # type: ignore[arg-type]
    else:
        yield SubscriptionMessage(origin, tuple(event for event in found if isinstance(event, LogEvent)))
        unreadable = [raw for raw in found if not isinstance(raw, LogEvent)]
        detail = f"{len(unreadable)} of {len(found)} log events have no message text"
        body = encode(origin, unreadable)
        yield Undecodable(Reason.MALFORMED, detail, body, origin.record, origin, len(unreadable))


def _origin(payload: Any, record: SourceRecord | None) -> Origin:
    def text(name: str) -> str:
        value = payload.get(name)
        return value if isinstance(value, str) else ""

    filters = payload.get("subscriptionFilters")
    names = tuple(str(name) for name in filters) if isinstance(filters, list) else ()
    return Origin(text("owner"), text("logGroup"), text("logStream"), names, record)


def _log_event(raw: object) -> object:
    """Return a `LogEvent`, or `raw` itself if it has no message text."""
    if not (isinstance(raw, dict) and isinstance(message := raw.get("message"), str)):
        return raw
    identifier = raw.get("id")
    if len(raw) == 3 and isinstance(identifier, str) and "timestamp" in raw:
        return LogEvent(identifier, raw["timestamp"], message)
    return UnusualEvent(identifier if isinstance(identifier, str) else "", raw.get("timestamp"), message, raw)
