"""Find JSON in a text with its names and values, and keep it valid when some are replaced."""

import json
import re
from collections.abc import Iterator, Sequence

import orjson

from loginformant_shipper.redaction.placeholders import PLACEHOLDER
from loginformant_shipper.redaction.spans import Span

TOKEN = re.compile(
    r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?'
    r"|(?P<other>-?[0-9][0-9.eE+-]*+|true|false|null|NaN|-?Infinity)",
    re.DOTALL,
)
"""Matches strings and other values in JSON text."""

OUTSIDE_STRINGS = re.compile(r'(?:[^"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
"""Matches JSON text up to the quote of a string without an end."""

MAX_NESTED_STRINGS = 6
"""The maximum number of levels of JSON in strings that are redacted separately.

Each level doubles the backslashes in a string when it is written. It can then be longer than it was, since
JSON may also have `\\u005c` for a backslash: after 30 levels, one backslash would be a thousand million.
"""

_NAME_OR_BRACE = re.compile(r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?|[{}]', re.DOTALL)
_NUMBERED = re.compile(r" [0-9]+\Z")


# JSON as `parsing` and `levels` read it: also with the constants and the lone surrogates that orjson refuses,
# and with other text or JSON before and behind it. Numbers need no value.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_BEGINNING = re.compile(r'\{(?=[ \t\r\n]{0,16}["}])|\[(?=[ \t\r\n]{0,16}\{)')
_MAX_TRIES = 8
"""The maximum number of places where JSON is tried and not found. Each of them may take the whole text."""
_MAX_CHARACTERS_OF_SEVERAL = 64 * 1024
"""The maximum size of a text with several objects that stay valid. Longer ones would take several times as
long, and only their beginning is read for the level."""
_MAX_INCOMPLETE = len("-Infinity")
"""The maximum number of characters of an incomplete constant, number or escape at the end of cut JSON."""


def json_in(text: str, with_cut: bool = False) -> Sequence[Span]:
    """Return the spans of the JSON objects in a text and of the arrays of objects.

    An array of other values counts only if it is the whole text.

    Args:
        text: A text.
        with_cut: Whether JSON that is cut off at the end of the text also counts, up to the string in which
            it is cut, and objects in a text of any size.
    """
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] in ("{", "[") and _is_json(text[start:]):
        return [(start, len(text))]
    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0 or (end <= start and not with_cut):
        return ()
    may_be_cut = with_cut and text.find("{", end) >= 0
    if start < end and not may_be_cut and _is_json(text[start:end]):
        return [(start, end)]
    if len(text) > _MAX_CHARACTERS_OF_SEVERAL and not with_cut:
        return ()
    return list(_several_in(text, with_cut))


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        if "NaN" not in text and "Infinity" not in text and "\\u" not in text:
            return False
        try:
            _DECODER.decode(text)
        except (ValueError, RecursionError):
            return False
    return True


def _several_in(text: str, with_cut: bool) -> Iterator[Span]:
    position = tries = 0
    while tries < _MAX_TRIES and (beginning := _BEGINNING.search(text, position)):
        try:
            _, position = _DECODER.raw_decode(text, beginning.start())
        except (ValueError, RecursionError) as error:
            if with_cut and isinstance(error, json.JSONDecodeError) and _is_cut(error):
                yield beginning.start(), OUTSIDE_STRINGS.match(text, beginning.start()).end()  # type: ignore[union-attr]
                return
            tries += 1
            position = beginning.end()
        else:
            yield beginning.start(), position


def _is_cut(error: json.JSONDecodeError) -> bool:
    """Return whether JSON is invalid only because its end is missing."""
    return error.msg.startswith("Unterminated") or len(error.doc.rstrip()) - error.pos <= _MAX_INCOMPLETE


def string_of(token: re.Match[str]) -> str:
    """Return the value of a string token, or its text if it is invalid, as in JSON that is cut off."""
    string: str = token["string"]
    if "\\" not in string:
        return string
    try:
        value: str = json.loads(f'"{string}"') if "\\u" in string else orjson.loads(f'"{string}"')
    except ValueError:
        return string
    return value


def written(string: str) -> str:
    """Return a string as JSON."""
    try:
        return orjson.dumps(string).decode()
    except TypeError:  # a lone surrogate
        return json.dumps(string)


def with_distinct_names(body: str) -> str:
    """Return JSON text in which redacted names of an object are distinct.

    Equal names are numbered: `[redacted:email]`, `[redacted:email] 2`. Otherwise JSON parsers would drop all
    but one of their values.
    """
    if not PLACEHOLDER.search(body):
        return body
    objects: list[dict[str, int]] = [{}]

    def distinct(token: re.Match[str]) -> str:
        text: str = token[0]
        if text == "{":
            objects.append({})
        elif text == "}" and len(objects) > 1:  # in JSON that is cut off there may be more of them
            objects.pop()
        elif token["colon"]:
            name, names = string_of(token), objects[-1]
            if name not in names:
                names[name] = 1
            elif PLACEHOLDER.search(name):
                base = _NUMBERED.sub("", name)
                number = names.get(base, 1)
                while name in names:
                    number += 1
                    name = f"{base} {number}"
                names[base] = number
                names[name] = 1
                return written(name) + token["colon"]
        return text

    return _NAME_OR_BRACE.sub(distinct, body)
