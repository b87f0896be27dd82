"""The JSON of a payload that nobody vouches for: exact, bounded in memory, some log events at a time."""

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
"""A payload up to this size is read whatever it is made of; one that CloudWatch makes is rarely larger."""

BYTES_FOR_A_VALUE = 6
"""A larger one that has less than this for each object, array, string and comma is made to fill the memory:
`{},{},…` takes thirty times its size. Log events of one character each have nine."""

VALUE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{[,]', re.DOTALL)
"""What stands for a value in JSON. The last string of text that is not JSON may have no end: else the search
for it would begin again at each quote."""

PIECE_OF_TEXT = 64 * 1024
"""A larger payload is read in pieces of about so many bytes: as JSON values it takes several times that."""
MAX_PIECE = 2 * 1024 * 1024
"""A log event is at most 1 MB, so a longer piece without an end of one is of something else."""

MAX_SPACES = 32
"""White space that may stand between two tokens: CloudWatch writes none, other writers indent."""
_SPACE = rb"[ \t\r\n]{0,%d}" % MAX_SPACES
BEFORE_THE_EVENTS = re.compile(rb'"logEvents"%b:%b\[' % (_SPACE, _SPACE))
BETWEEN_EVENTS = re.compile(rb'(?<=\})%b,%b(?=\{%b")' % (_SPACE, _SPACE, _SPACE))
MAX_BETWEEN_EVENTS = len(b'},{"') + 3 * MAX_SPACES
AFTER_THE_EVENTS = b"]}"
MAX_AFTER_THE_EVENTS = len(AFTER_THE_EVENTS) + 3 * MAX_SPACES

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
DIGITS_OF_64_BITS = 18
"""Every integer of at most so many digits fits into 64 bits."""
MAX_CHARACTERS_OF_64_BITS = len(str(-(2**63)))
LONG_INTEGER = re.compile(rb"[\s:,\[]-?[0-9]{%d}" % (DIGITS_OF_64_BITS + 1))


class Unreadable(Exception):
    """There is no JSON value; the text says why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def read_payload(compressed: bytes, limit: int, log_event: MakeLogEvent) -> object:
    """Return the JSON value in gzipped data, of at most `limit` bytes before it was compressed.

    What an object holds in a list under `logEvents` is replaced by what `log_event` makes of each. Raises
    `Unreadable`: `OVERSIZED` where the value is larger or made to fill the memory, otherwise `MALFORMED`.
    """
    if (payload := _read_in_pieces(compressed, limit, log_event)) is not None:
        return payload
    try:
        text = b"".join(gunzip(compressed, limit, PIECE_OF_TEXT))
    except TooLarge:
        raise Unreadable(Reason.OVERSIZED, f"the payload inflates to more than {limit} bytes") from None
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
        raise Unreadable(Reason.MALFORMED, "JSON: nested too deep") from None


def _read_in_pieces(compressed: bytes, limit: int, log_event: MakeLogEvent) -> JsonObject | None:
    """Read a payload some log events at a time; None where it is not as CloudWatch writes it.

    So of a large one neither its text nor all of its JSON values are in memory at once. It is cut where an
    event seems to end. Were that inside a string or of another object, a piece would be no JSON; and if all
    pieces are, so is the whole, with the same value. What orjson refuses (a lone surrogate, NaN) costs its
    piece the slow way, not the whole payload: as text of four bytes a character that took fourteen times its
    size.
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
        payload: JsonObject = orjson.loads(text[: head.end()] + AFTER_THE_EVENTS)
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
    """Yield what seems to be whole events with commas between; raises `_OfAnotherShape` without any."""
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
    """Read events straight into their type; those that are not just what most are, one by one.

    msgspec takes no member, type or number but those of `LogEvent`, and nothing that orjson refuses; where it
    takes an event, orjson reads the same (compared in a test).
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
    """Objects, arrays, strings and commas in JSON, and what looks so within its strings. Costs little."""
    return text.count(b"{") + text.count(b"[") + text.count(b",") + text.count(b'"') // 2


def _read_at_once(text: bytes, log_event: MakeLogEvent) -> object:
    payload = load(text)
    if isinstance(payload, dict) and isinstance(raw_events := payload.get("logEvents"), list):
        if not _numbers_are_exact(raw_events, text):
            payload = _load_exactly(text)
        payload["logEvents"] = list(map(log_event, payload["logEvents"]))
    return payload


def _numbers_are_exact(raw_events: list[object], text: bytes) -> bool:
    """Whether orjson made no float of an integer beyond 64 bits.

    Only an event with fields beside id, timestamp and message can hold one, or with an odd timestamp.
    """
    for event in raw_events:
        if not isinstance(event, dict) or len(event) != 3 or type(event.get("timestamp")) is float:
            return LONG_INTEGER.search(text) is None
    return True


def load(data: bytes) -> object:
    """Read JSON with orjson; what orjson refuses (lone surrogates, NaN), with the standard library.

    Numbers that could not be written again as they are become text. Raises ValueError and RecursionError.
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
    """Return the integer; or its digits where it is beyond the 64 bits that orjson reads and writes."""
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
