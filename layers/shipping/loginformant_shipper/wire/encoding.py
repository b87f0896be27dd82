"""Write subscription events for the dead-letter queue, in the format in which CloudWatch Logs sends them."""

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import islice

import orjson

from loginformant_shipper.events import JsonObject, Origin
from loginformant_shipper.wire.gunzip import GZIP_WINDOW

EVENTS_WRITTEN_AT_ONCE = 1000


def encode(origin: Origin, raw_events: Iterable[object]) -> str:
    """A subscription event, as JSON text, that holds `raw_events`: what a dead-letter message's body is.

    Written some events at a time, so that memory never holds all of them uncompressed.
    """
    payload = {
        "messageType": "DATA_MESSAGE",
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
    """What can be written of an event with a field nested deeper than any JSON writer goes."""
    members = raw.items() if isinstance(raw, dict) else ()
    kept = {name: value for name, value in members if not isinstance(value, (dict, list))}
    return kept | {"omitted": "what was nested too deep to be written"}


def encode_data(data: str) -> str:
    """A subscription event, as JSON text, around `data`: base64, or whatever came in its place."""
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
