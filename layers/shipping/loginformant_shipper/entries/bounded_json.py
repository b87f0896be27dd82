"""Write a log object as JSON within bounds of depth and length."""

import math
from collections.abc import Collection
from typing import Any

import orjson

from loginformant_shipper.parsing.messages import ParsedMessage
from loginformant_shipper.wire.payload_json import LONE_SURROGATE

Fields = dict[str, Any]


MAX_BODY_BYTES = 2 * 1024 * 1024
"""The maximum size of a log object. A log event has at most 1 MB ("PutLogEvents", CloudWatch Logs API
Reference), so its text fits as a whole, unless JSON has to escape much of it."""


MAX_DEPTH = 32
"""The maximum nesting of a structured log. orjson writes up to 254 levels, but many JSON parsers allow only
64."""


_LENGTHS = (
    (MAX_BODY_BYTES, MAX_BODY_BYTES),
    (MAX_BODY_BYTES, 256 * 1024),
    # One text of these lengths fits if JSON writes each of its characters with two, four or six bytes.
    (1000 * 1024, 4 * 1024),
    (500 * 1024, 4 * 1024),
    (336 * 1024, 4 * 1024),
    (64 * 1024, 4 * 1024),
    (4 * 1024, 4 * 1024),
)
"""The lengths in characters to which strings are cut, tried in order until the log object fits. The second is
for strings that the log object contains a second time: nothing is lost if only these are cut."""


def finite(number: object) -> object:
    """Return a number as text if it is NaN or infinite, which JSON does not support."""
    return str(number) if isinstance(number, float) and not math.isfinite(number) else number


def serialised(document: Fields) -> bytes | None:
    """Return the JSON of a document, or None if orjson cannot write it or it is too long."""
    try:
        body = orjson.dumps(document)
    except TypeError:
        return None
    # A copy, since orjson allocates at least 4 KiB for each text, which adds up when nothing is delivered.
    return bytes(memoryview(body)) if len(body) <= MAX_BODY_BYTES else None


def bounded_body(document: Fields, parsed: "ParsedMessage", ours: Fields, repeated: Collection[str]) -> bytes:
    """Return the log object with its strings cut until it is small enough to be sent.

    Args:
        document: The log object.
        parsed: The message of the log.
        ours: The properties that the shipper adds.
        repeated: Those of `message` and `exception` that the log object contains a second time.
    """

    def within(length: int, repeated_length: int) -> bytes | None:
        shorter = {name: cut(document[name], repeated_length) for name in repeated}
        return serialised(_bounded({**document, **shorter}, MAX_DEPTH + 1, length))

    if body := within(*_LENGTHS[0]):
        return body
    if within(*_LENGTHS[-1]) is None:
        # There are too many values rather than too long ones, so the text replaces the fields.
        document = {**document, "properties": {**ours, "log": parsed.body}}
    for lengths in _LENGTHS[1:]:
        if body := within(*lengths):
            return body
    return orjson.dumps(_bounded(document, MAX_DEPTH + 1, _LENGTHS[-1][0]))


def _bounded(value: Any, levels: int, length: int) -> Any:
    """Return `value` with at most `levels` levels of nesting and `length` characters per string."""
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
    """Return at most `length` characters of a text, and a note on how many were cut."""
    return text if len(text) <= length else f"{text[:length]}… [truncated: {len(text) - length} characters]"


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # Python writes integers of up to 4,300 digits
        return hex(number)


def json_or_none(value: object) -> str | None:
    """Return a value as JSON text, or None if it is nested too deeply."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # more than 254 levels of nesting
        return None


def is_deep(parsed: "ParsedMessage") -> bool:
    """Return whether objects and arrays are nested more than `MAX_DEPTH` levels."""
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
