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
"""Type of a message whose only log event is a part of what could not be read: it is never sent."""

MAX_COUNT_DIGITS = 9

_NARROWED = "narrowed"
_SINCE = "since"


class ReplayState(NamedTuple):
    """What is known of the log events of a message: the value of its attribute `Replays`.

    As text "2 since 2026-11-03T10:00:00.000Z", or "0 narrowed".
    """

    refusals: int = 0
    """How often the ingest API refused them in replay."""
    refused_at: str | None = None
    """When each of them was first refused alone."""
    is_narrowed: bool = False
    """They failed together, and at least one of them is bad."""

    def __str__(self) -> str:
        since = f" {_SINCE} {self.refused_at}" if self.refused_at else ""
        return f"{self.refusals}{since}{f' {_NARROWED}' if self.is_narrowed else ''}"


def read_replay_state(text: str) -> ReplayState:
    """Return what the attribute says; of a text that is none, that nothing is known."""
    count, *rest = text.split() or ("",)
    if not (count.isascii() and count.isdigit() and len(count) <= MAX_COUNT_DIGITS):
        return ReplayState()
    refused_at = rest[1] if rest[:1] == [_SINCE] and len(rest) > 1 else None
    return ReplayState(int(count), refused_at, _NARROWED in rest)


def encode(origin: Origin, raw_events: Iterable[object], message_type: str = DATA_MESSAGE) -> str:
    """Return a subscription event of `raw_events` as JSON text: the body of a dead-letter message.

    Written some events at a time, so that memory never holds all of them uncompressed.
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
    """Events as they stand in a JSON array. One nested too deep to be written goes without what is nested."""
    try:
        return _dump(raw_events)[1:-1]
    except RecursionError:
        if len(raw_events) == 1:
            return _dump(_without_nesting(raw_events[0]))
        return b",".join(_members([raw]) for raw in raw_events)


def _without_nesting(raw: object) -> JsonObject:
    """Return what can be written of an event with a field nested deeper than any JSON writer goes."""
    members = raw.items() if isinstance(raw, dict) else ()
    kept = {name: value for name, value in members if not isinstance(value, (dict, list))}
    return kept | {"omitted": "what was nested too deep to be written"}


def encode_data(data: str) -> str:
    """Return a subscription event, as JSON text, around `data`: base64, or whatever came in its place."""
    return json_text({"awslogs": {"data": data}})


def json_text(value: object) -> str:
    """JSON in ASCII only: SQS replaces or refuses some characters of a message body, U+FFFE for one."""
    return json.dumps(value, default=repr, separators=(",", ":"))


def _dump(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except (TypeError, orjson.JSONEncodeError):
        # Lone surrogates, integers beyond 64 bits, nesting: the standard library writes them all as ASCII.
        return json.dumps(value, default=repr, separators=(",", ":")).encode("ascii")
