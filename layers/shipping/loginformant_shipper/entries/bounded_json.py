"""Write a log object as JSON within bounds of depth and length."""

import math
from typing import Any

import orjson

from loginformant_shipper.parsing.messages import ParsedMessage
from loginformant_shipper.wire.payload_json import LONE_SURROGATE

Fields = dict[str, Any]


MAX_BODY_BYTES = 2 * 1024 * 1024
"""A log event is at most 1 MB, so a message goes whole, and so does a trace that is all of a message. Beyond
it are only characters that JSON writes with six bytes each."""


MAX_DEPTH = 32
"""Levels of nesting in a structured log. orjson writes 254, and many readers of JSON stop at 64."""


_LENGTHS = (MAX_BODY_BYTES, 256 * 1024, 64 * 1024, 16 * 1024, 4 * 1024)
"""Characters to which strings are cut, tried one after the other until the body is within its limit."""


def finite(number: object) -> object:
    """JSON has no words for NaN and the infinities."""
    return str(number) if isinstance(number, float) and not math.isfinite(number) else number


def serialised(document: Fields) -> bytes | None:
    """None where orjson refuses (a lone surrogate, an integer beyond 64 bits), or where it is too long."""
    try:
        body = orjson.dumps(document)
    except TypeError:
        return None
    # A copy: orjson leaves each text in the 4 KiB it was written into. They add up when nothing is delivered.
    return bytes(memoryview(body)) if len(body) <= MAX_BODY_BYTES else None


def bounded_body(document: Fields, parsed: "ParsedMessage", ours: Fields) -> bytes:
    """Return the log object with its strings cut until it is small enough to be sent."""
    for length in _LENGTHS:
        if body := serialised(_bounded(document, MAX_DEPTH + 1, length)):
            return body
    # Not the strings are too long: there are too many of them. The beginning of the text stands for them.
    shortest = _LENGTHS[-1]
    document = {**document, "properties": {**ours, "log": cut(parsed.body, shortest)}}
    return orjson.dumps(_bounded(document, MAX_DEPTH + 1, shortest))


def _bounded(value: Any, levels: int, length: int) -> Any:
    """`value` as JSON can hold it, with at most so many levels of nesting and so many characters a string."""
    match value:
        case str():
            return LONE_SURROGATE.sub("\ufffd", cut(str(value), length))
        case bool() | None:
            return value
        case int():
            return value if -(2**63) <= value < 2**64 else _digits(value)
        case float():
            return finite(value)
        case dict() | list() if levels == 0:
            return (
                f"… [nested deeper than {MAX_DEPTH} levels] {cut(json_or_none(value) or '', length)}".rstrip()
            )
        case dict():
            return {
                _bounded(str(name), levels, length): _bounded(inner, levels - 1, length)
                for name, inner in value.items()
            }
        case list():
            return [_bounded(inner, levels - 1, length) for inner in value]
    return _bounded(str(value), levels, length)


def cut(text: str, length: int) -> str:
    """Return at most `length` characters of a text, with how many were left out."""
    return text if len(text) <= length else f"{text[:length]}… [truncated: {len(text) - length} characters]"


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python writes integers of up to 4,300 digits
        return hex(number)


def json_or_none(value: object) -> str | None:
    """Return a value as JSON text; None where it is nested too deep."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # nested more than 254 deep
        return None


def is_deep(parsed: "ParsedMessage") -> bool:
    """Whether more than `MAX_DEPTH` objects and arrays are inside one another."""
    text = parsed.body if parsed.wrapper is None else parsed.wrapper.message
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    level: list[Any] = [parsed.fields or {}, parsed.wrapper.properties if parsed.wrapper else {}]
    for _ in range(MAX_DEPTH):
        members = (
            member for outer in level for member in (outer.values() if isinstance(outer, dict) else outer)
        )
        level = [member for member in members if isinstance(member, dict | list)]
    return bool(level)
