"""Mask the API key in responses and errors, also where its characters are escaped."""

import re
from functools import lru_cache

from loginformant_shipper.redaction.escapes import read
from loginformant_shipper.redaction.spans import replaced

MASK = "***"


def without_key(text: str, key: str) -> str:
    """Return a text in which the API key is masked, in upper or lower case.

    A response that quotes the key may escape it for JSON or for a URL (`redaction.escapes`), also several
    times, or for HTML.
    """
    text = text.replace(key, MASK)
    if len(text) < len(key):
        return text
    reading, read_key = read(text), read(key).text
    found = [match.span() for match in _pattern(read_key, "&" in reading.text).finditer(reading.text)]
    return replaced(text, reading.places(found), [MASK] * len(found)) if found else text


@lru_cache(maxsize=4)
def _pattern(key: str, with_references: bool) -> re.Pattern[str]:
    """Return a pattern for the key, with HTML's character references or without them."""
    characters = map(_character, key) if with_references else map(re.escape, key)
    return re.compile("".join(characters), re.IGNORECASE)


def _character(character: str) -> str:
    """Return a pattern for one character of the key, or for its character reference.

    The groups are atomic and their repetitions bounded, so that a search takes linear time. `&amp;` before
    a reference means that it was escaped again.
    """
    if character.isalnum():
        return character
    # Imported only for a key that HTML escapes, in a response with references.
    from html.entities import html5

    names = [name for name, meaning in html5.items() if meaning == character and name.endswith(";")]
    code = ord(character)
    references = "|".join([f"#0{{0,6}}{code};", f"#x0{{0,6}}{code:x};", *names])
    return rf"(?>&(?:amp;){{0,8}}(?:{references})|{re.escape(character)})"
