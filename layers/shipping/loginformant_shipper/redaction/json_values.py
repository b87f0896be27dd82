"""Find JSON in a text with its names and values, and keep it valid when some are replaced."""

import re

import orjson

from loginformant_shipper.redaction.placeholders import PLACEHOLDER

TOKEN = re.compile(
    r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?|(?P<other>-?[0-9][0-9.eE+-]*+|true|false|null)',
    re.DOTALL,
)
"""Matches strings and other values in JSON text."""

MAX_NESTED_STRINGS = 6
"""The maximum number of levels of JSON in strings that are redacted separately.

Each level doubles the backslashes in a string when it is written. It can then be longer than it was, since
JSON may also have `\\u005c` for a backslash: after 30 levels, one backslash would be a thousand million.
"""

_NAME_OR_BRACE = re.compile(r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?|[{}]', re.DOTALL)
_NUMBERED = re.compile(r" [0-9]+\Z")


def json_in(text: str) -> tuple[int, int]:
    """Return the span of an object or an array, or of an object after a prefix; (0, 0) without JSON."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] in ("{", "[") and _is_json(text[start:]):
        return start, len(text)
    start, end = text.find("{"), text.rfind("}") + 1
    return (start, end) if 0 <= start < end and _is_json(text[start:end]) else (0, 0)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def string_of(token: re.Match[str]) -> str:
    """Return the value of a string token."""
    string: str = token["string"]
    return orjson.loads(f'"{string}"') if "\\" in string else string


def with_distinct_names(body: str) -> str:
    """Return JSON text in which redacted names of an object are distinct.

    Equal names are numbered: `[redacted:email]`, `[redacted:email] 2`. Otherwise JSON parsers would drop all
    but one of their values.
    """
    if not PLACEHOLDER.search(body):
        return body
    objects: list[dict[str, int]] = [{}]

    def distinct(token: re.Match[str]) -> str:
        written: str = token[0]
        if written == "{":
            objects.append({})
        elif written == "}":
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
                return orjson.dumps(name).decode() + token["colon"]
        return written

    return _NAME_OR_BRACE.sub(distinct, body)
