"""Cache decisions by the beginning of a line, since lines of a program have similar beginnings.

The beginning is the first characters of a text, with a zero for each digit: `10:20:30 INFO order 7` and
`10:20:31 INFO order 8` have the same. The rules that are used here do not distinguish digits, so the result
is a pure function of the beginning, and does not depend on other lines.
"""

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from loginformant_shipper.levels.header import DECISIONS, LEVELS_OF_WRAPPERS
from loginformant_shipper.levels.sentences import is_plain, is_silent
from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.parsing.headers.header import find_plain_level
from loginformant_shipper.parsing.headers.level_marks import level_of_first_sign
from loginformant_shipper.parsing.headers.level_words import words_of

MAX_BEGINNING = 64
"""The length of a beginning: enough for a time, a logger and a level, or a short sentence."""

MAX_REMEMBERED = 2048
"""The maximum number of cached beginnings, of at most half a kilobyte each."""


class Unknown(Enum):
    """The result if the beginning is not sufficient."""

    UNKNOWN = "unknown"
    NOT_PLAIN = "not plain"
    """Neither `find_plain_level` nor `level_of_first_sign` finds a level in the text."""


UNKNOWN: Final = Unknown.UNKNOWN
NOT_PLAIN: Final = Unknown.NOT_PLAIN

_WITHOUT_DIGITS = bytes(48 if 48 <= code <= 57 else code for code in range(256))


def beginning_of(text: str) -> bytes:
    """Return the beginning of a text, with a zero for each digit."""
    return text[:MAX_BEGINNING].encode("utf-8", "surrogatepass").translate(_WITHOUT_DIGITS)


@lru_cache(MAX_REMEMBERED)
def decide_by_beginning(beginning: bytes) -> Decision | Unknown | None:
    """Return the level of all texts with a beginning.

    Args:
        beginning: `beginning_of` a text without white space after it.

    Returns:
        A decision if the header names a level and ends within the beginning; None if the beginning is a
        complete sentence without a level; `NOT_PLAIN` if it is another complete text; `UNKNOWN` otherwise.
    """
    text = beginning.decode("utf-8", "surrogatepass")
    is_whole = len(text) < MAX_BEGINNING
    if plain := find_plain_level(text, 0 if is_whole else _SEEN_BEHIND_LEVEL):
        may_wrap = plain.level in LEVELS_OF_WRAPPERS and (text[0] in "[NW" or " [DEBUG]" in text)
        if may_wrap and _MAY_WRAP.match(text):
            return UNKNOWN
        return DECISIONS[plain]
    if text[1:5].isdigit() and (sign := level_of_first_sign(text)):
        is_seen = is_whole or (text[0] in _SIGNS_AT_ONCE and 0 < text.find("]") < _LAST_BRACKET)
        return decided(sign.level, sign.rule) if is_seen else UNKNOWN
    if not is_whole:
        return UNKNOWN
    sentence = text.strip()
    words = words_of(sentence)
    return None if is_plain(sentence, words) and is_silent(sentence, words) else NOT_PLAIN


_SEEN_BEHIND_LEVEL = 3
"""The number of characters after a level that show whether it is a logger's name: `- ERROR - INFO`."""

_SIGNS_AT_ONCE = frozenset("DIWEFCVTN")
_LAST_BRACKET = MAX_BEGINNING - len("] CRITICAL - ")
"""Letters of glog. absl writes CRITICAL after the name of the file."""

_MAY_WRAP = re.compile(
    r"\[INFO\] \[|\[[^\]]{10,45}(?:: WARNING/|\] \{)"
    r"|(?:\[[^\]]{1,40}\] )?(?:WARNING: \[pool |NOTICE: PHP )|\S{10,40} \[DEBUG\]"
)
"""The beginnings of lines that may contain the line of another program."""
