"""JSON within a text: where it is, its names and values, and what keeps it JSON when some are replaced."""

import re

import orjson

from loginformant_shipper.redaction.placeholders import PLACEHOLDER

TOKEN = re.compile(
    r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?|(?P<other>-?[0-9][0-9.eE+-]*+|true|false|null)',
    re.DOTALL,
)
"""The strings and other values in text that is known to be JSON."""

_NAME_OR_BRACE = re.compile(r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?|[{}]', re.DOTALL)
_NUMBERED = re.compile(r" [0-9]+\Z")


def json_in(text: str) -> tuple[int, int]:
    """Return where JSON is: an object or an array, or an object behind a prefix; (0, 0) if nowhere."""
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
    """Return what a string token stands for."""
    string: str = token["string"]
    return orjson.loads(f'"{string}"') if "\\" in string else string


def with_distinct_names(body: str) -> str:
    """Return JSON text in which no two names of an object are alike because they were redacted.

    Those are numbered, in the order in which they come: `[redacted:email]`, `[redacted:email] 2`. Otherwise
    all but one of their values would be lost to whoever reads the JSON.
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
