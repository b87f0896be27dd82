"""Write subscription events for the dead-letter queue, in the format in which CloudWatch Logs sends them."""

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import orjson

from loginformant_shipper.events import JsonObject, Origin
from loginformant_shipper.wire.gunzip import GZIP_WINDOW

EVENTS_WRITTEN_AT_ONCE = 1000

DATA_MESSAGE = "DATA_MESSAGE"
PART_OF_UNREADABLE = "PART_OF_UNREADABLE"
"""The type of a message with a part of an undecodable payload, which is never sent to the ingest API."""

MAX_COUNT_DIGITS = 9

_NARROWED = "narrowed"
_SINCE = "since"


class ReplayState(NamedTuple):
    """The value of a message's attribute `Replays`: the results of earlier replays.

    As text, it is "2 since 2026-11-03T10:00:00.000Z" or "0 narrowed", for example.
    """

    refusals: int = 0
    """How often the ingest API rejected the log events in replay."""
    refused_at: str | None = None
    """When they were first rejected individually; None if they never were."""
    is_narrowed: bool = False
    """Whether at least one of them is known to be bad, since they failed together."""

    def __str__(self) -> str:
        since = f" {_SINCE} {self.refused_at}" if self.refused_at else ""
        return f"{self.refusals}{since}{f' {_NARROWED}' if self.is_narrowed else ''}"


def read_replay_state(text: str) -> ReplayState:
    """Parse the attribute. An invalid text counts as if nothing was known."""
    count, *rest = text.split() or ("",)
    if not (count.isascii() and count.isdigit() and len(count) <= MAX_COUNT_DIGITS):
        return ReplayState()
    refused_at = rest[1] if rest[:1] == [_SINCE] and len(rest) > 1 else None
    return ReplayState(int(count), refused_at, _NARROWED in rest)


def encode(origin: Origin, raw_events: Iterable[object], message_type: str = DATA_MESSAGE) -> str:
    """Return a subscription event with `raw_events` as JSON text, the body of a dead-letter message.

    Only some events at a time are in memory uncompressed.
    """
    payload = {
        "messageType": message_type,
        "owner": origin.owner,
        "logGroup": origin.log_group,
        "logStream": origin.log_stream,
        "subscriptionFilters": origin.filters,
        "logEvents": [],
    }
    gzip = zlib.compressobj(wbits=GZIP_WINDOW)
    parts = [gzip.compress(_dump(payload).removesuffix(b"]}"))]
    remaining, separator = iter(raw_events), b""
    while some := list(islice(remaining, EVENTS_WRITTEN_AT_ONCE)):
        parts.append(gzip.compress(separator + _members(some)))
        separator = b","
    parts += [gzip.compress(b"]}"), gzip.flush()]
    return encode_data(base64.b64encode(b"".join(parts)).decode())


def _members(raw_events: Sequence[object]) -> bytes:
    """Return the elements of a JSON array.

    Nested fields of an event that is nested too deeply are omitted.
    """
    try:
        return _dump(raw_events)[1:-1]
    except RecursionError:
        if len(raw_events) == 1:
            return _dump(_without_nesting(raw_events[0]))
        return b",".join(_members([raw]) for raw in raw_events)


def _without_nesting(raw: object) -> JsonObject:
    """Return an event without the fields that are nested too deeply to be written as JSON."""
    members = raw.items() if isinstance(raw, dict) else ()
    kept = {name: value for name, value in members if not isinstance(value, (dict, list))}
    return kept | {"omitted": "fields that were nested too deeply to be written"}


def encode_data(data: str) -> str:
    """Return a subscription event with `data` as JSON text.

    `data` is base64, or any other text that was received.
    """
    return json_text({"awslogs": {"data": data}})


def json_text(value: object) -> str:
    """Return JSON in ASCII, since SQS replaces or rejects some characters, such as U+FFFE."""
    return json.dumps(value, default=repr, separators=(",", ":"))


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        # The standard library can write lone surrogates, integers beyond 64 bits and deep nesting.
        return json.dumps(value, default=repr, separators=(",", ":")).encode("ascii")
