"""Rule `key-value`: a level that text gives as a pair, `level=warn`."""

import re
from collections.abc import Set as AbstractSet

from loginformant_shipper.levels.vocabulary import FIELD_WORDS, WINDOWS, Decision, decided
from loginformant_shipper.parsing.headers.level_words import encoded

_NAME = r"(?:@|log[._]?)?(?:[Ll]evel(?:_?[Nn]ame)?|[Ll]ev|LEVEL|[Ll]vl|LVL|LL|[Ss]everity|SEVERITY|[Ss]ev|at)"
_VALUE = r"([A-Za-z]{1,16})(?![\w/])"
_PAIR = re.compile(rf"(?<![\w.$\"'?&/;-]){_NAME}(?:=|:(?=\S))[\"']?{_VALUE}")
_MEMBER = re.compile(rf"[\"'{{,\s:]{_NAME}[\"']?\s{{0,4}}(?::|=>)\s{{0,4}}[\"':]{{0,2}}{_VALUE}")
_ELEMENT = re.compile(r"<(?:\w{1,20}:)?[Ll]evel>\s{0,4}(\w{1,16})\s{0,4}</")
_NAMES = ("level", "levelname", "lev", "lvl", "ll", "severity", "sev")
WORDS_OF_PAIRS = encoded((*_NAMES, *(f"log{name}" for name in _NAMES), "at", "logat"))
"""In lower case. Each pair has one of these words, since no letter may stand before its name or behind it."""
_AT = encoded(("at", "logat"))
_FIRST = re.compile(r"[\w.@-]{1,40}=")


def begins_with_pair(text: str) -> bool:
    """Whether text is logfmt, or a map, from its first word on."""
    return text[:1] == "{" or ("=" in text and _FIRST.match(text) is not None)


def may_have_pair(text: str, words: AbstractSet[bytes]) -> bool:
    """Return whether a pair that names a level may be in a text; most texts are done with here.

    Args:
        text: A text.
        words: Those of `WORDS_OF_PAIRS`, at least, that are words of the text.
    """
    names = WORDS_OF_PAIRS & words
    return bool(names) and (not names <= _AT or text[:1] == "{" or "at=" in text or "at:" in text)


def decide_by_key_value(text: str) -> Decision | None:
    """Return the level that text gives as a pair of key and value; None where it gives none.

    Text that begins with a brace is JSON that could not be read, or what a language prints for a map:
    Python's `{'level': 'INFO'}`, JavaScript's `{ level: 'info' }`, Ruby's `{:level=>"info"}`.
    """
    if "el>" in text and (decision := decide_by_element(text)):
        return decision
    for pair in _MEMBER.finditer(text) if text[:1] == "{" else _PAIR.finditer(text):
        level = FIELD_WORDS.get(pair[1].lower())
        if level is not None:
            return decided(level, "key-value")
    return None


def decide_by_element(text: str) -> Decision | None:
    """Return the level in `<level>…</level>`: java.util.logging writes words there, Windows its numbers."""
    element = _ELEMENT.search(text)
    if element is None:
        return None
    value = element[1]
    level = WINDOWS.level(int(value)) if value.isdecimal() else FIELD_WORDS.get(value.lower())
    return decided(level, "key-value") if level else None
