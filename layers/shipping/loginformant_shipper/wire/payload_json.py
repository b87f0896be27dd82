"""Parse untrusted payloads exactly and within a memory bound."""

import json
import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
import orjson

from loginformant_shipper.events import JsonObject, LogEvent
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.gunzip import TooLarge, gunzip, inflated_size

MakeLogEvent = Callable[[object], object]

UNCHECKED_BYTES = 8 * 1024 * 1024
"""The size up to which a payload is parsed without checks. Payloads of CloudWatch Logs are rarely larger."""

BYTES_FOR_A_VALUE = 6
"""The minimum average size of an object, array, string or comma in a larger payload. With less, a payload
such as `{},{},…` would take thirty times its size in memory. Log events of one character each have nine."""

VALUE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{[,]', re.DOTALL)
"""Matches a token for each value in JSON. A string without an end matches, too; otherwise the search would
start again at each quote of text that is not JSON."""

PIECE_OF_TEXT = 64 * 1024
"""The approximate size of the pieces in which a larger payload is parsed. As values, they take several times
that."""
MAX_PIECE = 2 * 1024 * 1024
"""The maximum size of a piece. A log event has at most 1 MB, so a longer piece is not one."""

MAX_SPACES = 32
"""The maximum white space between two tokens. CloudWatch Logs writes none; other programs may indent."""
_SPACE = rb"[ \t\r\n]{0,%d}" % MAX_SPACES
BEFORE_THE_EVENTS = re.compile(rb'"logEvents"%b:%b\[' % (_SPACE, _SPACE))
BETWEEN_EVENTS = re.compile(rb'(?<=\})%b,%b(?=\{%b")' % (_SPACE, _SPACE, _SPACE))
MAX_BETWEEN_EVENTS = len(b'},{"') + 3 * MAX_SPACES
AFTER_THE_EVENTS = b"]}"
MAX_AFTER_THE_EVENTS = len(AFTER_THE_EVENTS) + 3 * MAX_SPACES

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
DIGITS_OF_64_BITS = 18
"""The number of digits up to which every integer fits into 64 bits."""
MAX_CHARACTERS_OF_64_BITS = len(str(-(2**63)))
LONG_INTEGER = re.compile(rb"[\s:,\[]-?[0-9]{%d}" % (DIGITS_OF_64_BITS + 1))


class Unreadable(Exception):
    """The payload has no JSON value. The text says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_payload(compressed: bytes, limit: int, log_event: MakeLogEvent) -> object:
    """Return the JSON value in gzip data.

    Args:
        compressed: The gzip data.
        limit: The maximum decompressed size in bytes.
        log_event: Converts each element of the list `logEvents` of an object.

    Raises:
        Unreadable: `OVERSIZED` if the value is too large or would fill the memory, otherwise `MALFORMED`.
    """
    if (payload := _read_in_pieces(compressed, limit, log_event)) is not None:
        return payload
    try:
        text = b"".join(gunzip(compressed, limit, PIECE_OF_TEXT))
    except TooLarge:
        raise Unreadable(Reason.OVERSIZED, f"the decompressed payload has more than {limit} bytes") from None
    except (zlib.error, EOFError) as error:
        raise Unreadable(Reason.MALFORMED, f"gzip: {error}") from None
    if _is_made_to_fill_memory(text):
        detail = f"the payload has more than one value for every {BYTES_FOR_A_VALUE} of its {len(text)} bytes"
        raise Unreadable(Reason.OVERSIZED, detail)
    try:
        return _read_at_once(text, log_event)
    except ValueError as error:
        raise Unreadable(Reason.MALFORMED, f"JSON: {error}") from None
    except RecursionError:
        raise Unreadable(Reason.MALFORMED, "JSON: nested too deeply") from None


def _read_in_pieces(compressed: bytes, limit: int, log_event: MakeLogEvent) -> JsonObject | None:
    """Parse a payload in pieces of some log events, or return None if it does not have the usual format.

    Neither the whole text of a large payload nor all of its values are in memory at once. The text is split
    where an event seems to end. If that were inside a string or another object, a piece would not be JSON; if
    all pieces are JSON, so is the whole, with the same value. Only a piece that orjson rejects (a lone
    surrogate, NaN) is parsed slowly: for the whole payload, that would take fourteen times its size.
    """
    size = inflated_size(compressed)
    if size > limit:
        return None
    values_left = size // BYTES_FOR_A_VALUE if size > UNCHECKED_BYTES else math.inf
    try:
        pieces = gunzip(compressed, size, PIECE_OF_TEXT)
        text = next(pieces, b"")
        head = BEFORE_THE_EVENTS.search(text)
        if head is None:
            return None
        before_events = text[: head.end()] + AFTER_THE_EVENTS
        payload: JsonObject = orjson.loads(before_events)
        if LONG_INTEGER.search(before_events):
            payload = _load_exactly(before_events)
        for events in _pieces_of_events(text[head.end() :], pieces):
            values_left -= _most_values(events) if size > UNCHECKED_BYTES else 0
            if values_left < 0:
                return None
            payload["logEvents"] += _read_array(b"[%b]" % events, log_event)
    except (TooLarge, zlib.error, EOFError, _OfAnotherShape, ValueError, RecursionError):
        return None
    return payload


class _OfAnotherShape(Exception):
    pass


def _pieces_of_events(text: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces that seem to be whole events separated by commas.

    Raises `_OfAnotherShape` if there are none.
    """
    for piece in more:
        searched = max(len(text) - MAX_BETWEEN_EVENTS, 0)
        text += piece
        if cut := BETWEEN_EVENTS.search(text, searched):
            yield text[: cut.start()]
            text = text[cut.end() :]
        elif len(text) > MAX_PIECE:
            raise _OfAnotherShape
    end = text[-MAX_AFTER_THE_EVENTS:]
    if b"".join(end.split())[-2:] != AFTER_THE_EVENTS:
        raise _OfAnotherShape
    yield text[: text.rindex(b"]")]


_EVENTS_AS_USUAL = msgspec.json.Decoder(list[LogEvent])


def _read_array(data: bytes, log_event: MakeLogEvent) -> Iterable[object]:
    """Decode events directly into their type, and unusual ones separately.

    msgspec accepts only the members, types and numbers of `LogEvent`, and nothing that orjson rejects. If it
    accepts an event, orjson returns the same values, which a test compares.
    """
    try:
        return _EVENTS_AS_USUAL.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return map(log_event, _load_array(data))


def _load_array(data: bytes) -> list[object]:
    value = load(data)
    if not isinstance(value, list):
        raise _OfAnotherShape
    return value if _numbers_are_exact(value, data) else _load_exactly(data)


def _is_made_to_fill_memory(text: bytes) -> bool:
    if len(text) <= UNCHECKED_BYTES:
        return False
    most = len(text) // BYTES_FOR_A_VALUE
    if _most_values(text) <= most:
        return False
    return next(islice(VALUE.finditer(text), most, None), None) is not None


def _most_values(text: bytes) -> int:
    """Return an upper bound of the number of objects, arrays, strings and commas in JSON. It is fast."""
    return text.count(b"{") + text.count(b"[") + text.count(b",") + text.count(b'"') // 2


def _read_at_once(text: bytes, log_event: MakeLogEvent) -> object:
    payload = load(text)
    if isinstance(payload, dict) and isinstance(raw_events := payload.get("logEvents"), list):
        head = BEFORE_THE_EVENTS.search(text)
        is_exact = head is None or LONG_INTEGER.search(text, 0, head.end()) is None
        if not (is_exact and _numbers_are_exact(raw_events, text)):
            payload = _load_exactly(text)
        payload["logEvents"] = list(map(log_event, payload["logEvents"]))
    return payload


def _numbers_are_exact(raw_events: list[object], text: bytes) -> bool:
    """Return whether orjson has not converted an integer beyond 64 bits to a float.

    Only events that are not just a text, an integer and a text can hold one.
    """
    for event in raw_events:
        if not (isinstance(event, dict) and _has_usual_types(event)):
            return LONG_INTEGER.search(text) is None
    return True


def _has_usual_types(event: JsonObject) -> bool:
    return (
        len(event) == 3
        and type(event.get("id")) is str
        and type(event.get("timestamp")) is int
        and type(event.get("message")) is str
    )


def load(data: bytes) -> object:
    """Parse JSON with orjson, or with the standard library if orjson rejects it (lone surrogates, NaN).

    Numbers that could not be written in the same way become text. Raises ValueError or RecursionError.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _load_exactly(data)


def _load_exactly(data: bytes) -> Any:
    value = json.loads(
        data.decode("utf-8", "replace"),
        parse_int=_exact_integer,
        parse_float=_finite_number,
        parse_constant=str,
    )
    return _without_lone_surrogates(value)


def _exact_integer(digits: str) -> int | str:
    """Return the integer, or its digits if it exceeds the 64 bits that orjson supports."""
    if len(digits) <= DIGITS_OF_64_BITS:
        return int(digits)
    number = int(digits) if len(digits) <= MAX_CHARACTERS_OF_64_BITS else 2**64
    return number if -(2**63) <= number < 2**64 else digits


def _finite_number(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _without_lone_surrogates(value: object) -> object:
    match value:
        case str():
            return LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
        case list():
            return [_without_lone_surrogates(item) for item in value]
        case dict():
            return {
                _without_lone_surrogates(name): _without_lone_surrogates(item) for name, item in value.items()
            }
        case _:
            return value
