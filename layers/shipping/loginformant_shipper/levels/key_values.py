"""Rule `key-value`: a level written as `level=warn` in text, or as `"level":"warn"` in JSON that was cut short."""

import re

from .vocabulary import FIELD_WORDS, Decision

_NAME = r"(?:@|log[._]?)?(?:[Ll]evel(?:_?[Nn]ame)?|LEVEL|[Ll]vl|LVL|LL|[Ss]everity|SEVERITY|[Ss]ev|at)"
_PAIR = re.compile(rf"(?<![\w.$\"'-]){_NAME}=[\"']?([A-Za-z]{{1,16}})(?![\w/])")
_MEMBER = re.compile(rf"[\"'{{,\s:]{_NAME}[\"']?\s{{0,4}}(?::|=>)\s{{0,4}}[\"':]{{0,2}}([A-Za-z]{{1,16}})(?![\w/])")


def decide_by_key_value(text: str) -> Decision | None:
    """The level that text gives as a pair of key and value; None where it gives none.

    Text that begins with a brace is JSON that could not be read, or what a language prints for a map: Python's
    `{'level': 'INFO'}`, JavaScript's `{ level: 'info' }`, Ruby's `{:level=>"info"}`.
    """
    pattern = _MEMBER if text[:1] == "{" else _PAIR
    for pair in pattern.finditer(text):
        level = FIELD_WORDS.get(pair[1].lower())
        if level is not None:
            return Decision(level, "key-value")
    return None
