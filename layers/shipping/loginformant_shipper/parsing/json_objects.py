"""Parse text that is a JSON object, with exact numbers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

BEFORE_JSON = frozenset("{ \t\r\n\x1b\ufeff")
"""Its brace, white space, the escape that begins a terminal colour, and a byte order mark."""

_WRAPPING = re.compile(r"(?:[ \t\r\n\ufeff]|\x1b\[[0-9;]{0,20}m)*")

# orjson makes a float of an integer beyond 64 bits, which has 20 digits, or 19 after a minus, and of a
# decimal: a double holds 15 digits of any, and 17 of some.
_LONG_NUMBER = re.compile(r"[\s:,\[](?:-[0-9]{19}|[0-9]{20})")
_LONG_DECIMAL = re.compile(r"[\s:,\[](-?(?=[0-9.]{17})[0-9]+(?:\.[0-9]+|(?=[eE]))(?:[eE][+-]?[0-9]+)?)")
_ZEROS_AND_BLANKS = {**dict.fromkeys("0123456789.", ord("0")), **dict.fromkeys(" \t\r\n:,[-", ord(" "))}
_AS_RUNS = bytes(_ZEROS_AND_BLANKS.get(chr(code), ord("x")) for code in range(256))
_LONG_RUN = b" " + b"0" * 17
"""Contained in all matches of both patterns, after digits and points are replaced by zeros, and characters
that may precede a number by spaces. Nearly all JSON does not contain it, and needs no further checks."""


def json_members(body: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the members of a JSON object, and the earlier values of names that occur more than once.

    Either is None if there is nothing to return, as in `json_object` and `repeated_values`.
    """
    if body[0] != "{":
        fields = json_object(body)
    else:
        try:
            fields = orjson.loads(body)
        except ValueError:
            fields = _with_constants(body)
        else:
            if _is_complete(fields, body):
                return fields, None
            fields = _with_exact_numbers(fields, body)
    return fields, repeated_values(body, fields) if fields else None


def _is_complete(fields: dict[str, Any], body: str) -> bool:
    """Return whether `fields` written as JSON are `body` again, apart from white space.

    If so, no digit and no member was lost. Nearly all JSON is, and to write it takes less time than to search
    it for long numbers and repeated names.
    """
    if "\\" in body and "\\u" in body:  # nearly always a character that would be written as itself
        return False
    try:
        written = orjson.dumps(fields)
    except TypeError:  # nested too deep
        return False
    read = body.encode()
    # The text of JSON has the same tokens without its spaces, and a string its other characters.
    if "\n" in body:
        return written.replace(b" ", b"") == read.translate(None, b" \t\r\n")
    return written == read or written.replace(b" ", b"") == read.replace(b" ", b"")


def json_object(body: str) -> dict[str, Any] | None:
    """Return the members of a JSON object, or None if `body` is not one."""
    if body[0] != "{" and not (body := _without_wrapping(body)):
        return None
    try:
        fields = orjson.loads(body)
    except ValueError:
        return _with_constants(body)
    return _with_exact_numbers(fields, body)


def _with_constants(body: str) -> dict[str, Any] | None:
    """Return the members of an object with `NaN` or `Infinity`, which become text, or None if it is none.

    JSON has no such numbers, but Python's `json.dumps` writes them (`allow_nan` in its documentation).
    """
    if "NaN" not in body and "Infinity" not in body:
        return None
    try:
        fields = json.loads(body, parse_int=_exact, parse_float=_exact_decimal, parse_constant=str)
        orjson.dumps(fields)
    except (ValueError, TypeError, RecursionError):  # TypeError: a lone surrogate, or nested too deep
        return None
    return fields  # type: ignore[no-any-return]


def _without_wrapping(body: str) -> str:
    """Return `body` without white space, a byte order mark and terminal colours around the braces.

    The result is empty if there is anything else around them, or no braces.
    """
    if "{" not in body:
        return ""
    start = _WRAPPING.match(body).end()  # type: ignore[union-attr]  # the pattern matches nothing, too
    if not body.startswith("{", start):
        return ""
    end = body.rfind("}") + 1
    return body[start:end] if _WRAPPING.fullmatch(body, end) else ""


def _with_exact_numbers(fields: dict[str, Any], body: str) -> dict[str, Any] | None:
    """Return `fields`, or the members of `body` if orjson did not read all its numbers exactly.

    None is returned if they cannot be parsed.
    """
    # Not `in`, which takes several times as long for bytes: it first tries to read the operand as a number.
    if not body.encode().translate(_AS_RUNS).count(_LONG_RUN) or not _has_inexact_numbers(body):
        return fields
    try:
        return json.loads(body, parse_int=_exact, parse_float=_exact_decimal)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def _has_inexact_numbers(body: str) -> bool:
    if _LONG_NUMBER.search(body):
        return True
    return any(isinstance(_exact_decimal(written), str) for written in _LONG_DECIMAL.findall(body))


def _exact(digits: str) -> int | str:
    """Return the integer, or its digits if it exceeds the 64 bits that orjson supports."""
    if len(digits) > len("-9223372036854775808"):
        return digits
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else digits


def _exact_decimal(written: str) -> float | str:
    """Return the number, or its text if a double would be written with other digits."""
    from decimal import Decimal, InvalidOperation  # imported here, since hardly any log needs it

    number = float(written)
    try:
        return number if Decimal(repr(number)) == Decimal(written) else written
    except InvalidOperation:  # an exponent that is too large
        return written


# --- names that are there more than once ---

_MAX_REPEATED_CHARACTERS = 1024 * 1024
"""The maximum size of a log event; longer text is not searched for repeated names."""

_SPACE_AFTER_NAME = re.compile(r'"\s+:')


def repeated_values(body: str, fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return the earlier values of names that occur more than once in a JSON object, or None.

    A name in an inner object is given as its path, such as `order.items.0.id`.

    Args:
        body: The JSON text.
        fields: Its members, with the last values.
    """
    if len(body) > _MAX_REPEATED_CHARACTERS or _has_each_name_once(body, fields):
        return None
    try:
        members = json.loads(
            body,
            object_pairs_hook=_Members,
            parse_int=_exact,
            parse_float=_exact_decimal,
            parse_constant=str,
        )
        found = list(_earlier_values(members, ""))
    except (ValueError, RecursionError):
        return None
    repeated: dict[str, list[Any]] = {}
    for name, value in found:
        repeated.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in repeated.items()} or None


def _has_each_name_once(body: str, fields: dict[str, Any]) -> bool:
    """Return whether there are as many names in the text as in the fields.

    That is also said of objects that are nested too deep.
    """
    # A name ends with `":`. Those within strings (`\":`) are in both texts that are counted. This is cheap.
    may_have_space = " :" in body or "\n" in body or "\t" in body or "\r" in body
    if "\\u0022" in body or (may_have_space and _SPACE_AFTER_NAME.search(body)):
        return False
    names = body.count('":')
    others = names - len(fields)
    if others:
        for value in fields.values():
            if type(value) is dict:
                others -= len(value)
    try:
        return not others or names == orjson.dumps(fields).count(b'":')
    except TypeError:
        return True


class _Members(list[tuple[str, Any]]):
    """The members of a JSON object, including duplicates."""


def _earlier_values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the values that a later member with the same name replaces, by their paths."""
    if isinstance(value, _Members):
        last = {name: index for index, (name, _) in enumerate(value)}
        for index, (name, member) in enumerate(value):
            if index != last[name]:
                yield path + name, _as_read(member)
            else:
                yield from _earlier_values(member, f"{path}{name}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _earlier_values(item, f"{path}{index}.")


def _as_read(value: Any) -> Any:
    if isinstance(value, _Members):
        return {name: _as_read(member) for name, member in value}
    return [_as_read(item) for item in value] if isinstance(value, list) else value
