"""Rule `key-value`: a level written as `level=warn` in text, or as `"level":"warn"` in JSON that was cut short."""

import re

from .vocabulary import FIELD_WORDS, Decision

_PAIR = re.compile(
    r"(?<![\w.$-])(?:@|log[._]?)?(?:[Ll]evel|LEVEL|[Ll]vl|LVL|LL|[Ss]everity|SEVERITY|Level|[Ss]ev|level_?name)"
    r"(?:\"\s{0,4}:\s{0,4}|=)[\"']?([A-Za-z]{1,16})(?![\w/])"
)


def decide_by_key_value(text: str) -> Decision | None:
    """The level that text gives as a pair of key and value; None where it gives none."""
    for pair in _PAIR.finditer(text):
        level = FIELD_WORDS.get(pair[1].lower())
        if level is not None:
            return Decision(level, "key-value")
    return None
