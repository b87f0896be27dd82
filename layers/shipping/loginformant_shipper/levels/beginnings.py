"""Decide by the beginning of a text, and remember the decision, since lines of a program begin alike.

The beginning is the first characters of a text, with a zero for each digit: `10:20:30 INFO order 7` and
`10:20:31 INFO order 8` have the same. What is remembered of a beginning holds for every text that begins with
it, since the rules that are used here do not distinguish digits. So a decision depends on its text only, and
not on the texts before it.
"""

import re
from enum import Enum
from typing import Final, Literal

from loginformant_shipper.levels.header import DECISIONS, LEVELS_OF_WRAPPERS, may_be_wrapped
from loginformant_shipper.levels.sentences import is_plain, is_silent
from loginformant_shipper.levels.signs import with_real_colours, without_colours
from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.header import DoubtfulLevel, PlainLevel, find_plain_header
from loginformant_shipper.parsing.headers.items import MAX_HEADER
from loginformant_shipper.parsing.headers.level_marks import level_of_first_sign
from loginformant_shipper.parsing.headers.level_words import words_of

MAX_BEGINNING = 64
"""The length of a beginning: enough for a time, a logger and a level, or a short sentence."""

MAX_REMEMBERED = 2048
"""The maximum number of remembered beginnings, of at most half a kilobyte each."""


class Unknown(Enum):
    """The results without a decision."""

    NEW = "new"
    """Nothing is remembered of the beginning."""
    UNKNOWN = "unknown"
    """Texts with this beginning have different results."""
    NOT_PLAIN = "not plain"
    """The text has none of the headers that are known here, and is no plain sentence."""


NEW: Final = Unknown.NEW
UNKNOWN: Final = Unknown.UNKNOWN
NOT_PLAIN: Final = Unknown.NOT_PLAIN

_WITHOUT_DIGITS = bytes(48 if 48 <= code <= 57 else code for code in range(256))
_remembered: dict[bytes, Decision | Unknown | None] = {}


def beginning_of(text: str) -> bytes:
    """Return the beginning of a text, with a zero for each digit."""
    return text[:MAX_BEGINNING].encode("utf-8", "surrogatepass").translate(_WITHOUT_DIGITS)


def forget_beginnings() -> None:
    """Forget what is remembered, as in a new environment."""
    _remembered.clear()


def decide_by_beginning(text: str) -> Decision | Literal[Unknown.NOT_PLAIN] | None:
    """Return the level that the first characters of a text tell.

    Args:
        text: A text without white space after it.

    Returns:
        A decision if the text has one of the most common headers; None if it is a short sentence without a
        level; `NOT_PLAIN` if all rules must be asked.
    """
    beginning = beginning_of(text)
    known = _remembered.get(beginning, NEW)
    if known is not NEW and known is not UNKNOWN:
        return known
    plain, read = (None, 1) if text[:1] == "\x1b" else find_plain_header(text)
    is_for_all = read <= MAX_BEGINNING or len(text) < MAX_BEGINNING
    if plain is None or type(plain) is DoubtfulLevel or _may_wrap(plain.level, text):
        decision, is_for_all = _decide(text, plain, is_for_all)
    else:
        decision = DECISIONS[plain]
    if known is NEW:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        _remembered[beginning] = decision if is_for_all else UNKNOWN
    return decision


def _decide(
    text: str, plain: PlainLevel | None, is_for_all: bool
) -> tuple[Decision | Literal[Unknown.NOT_PLAIN] | None, bool]:
    """Return the result for a text, and whether it is that of all texts with the same beginning.

    Args:
        text: A text.
        plain: Its plain level.
        is_for_all: Whether this is the plain level of all texts with the same beginning.
    """
    first = text[:1]
    if plain:
        if type(plain) is DoubtfulLevel:
            if _may_wrap(plain.level, text):
                return NOT_PLAIN, False
            decision, is_no_common_log = _unless_common_log(DECISIONS[plain], text)
            return decision, is_for_all and is_no_common_log
        if not may_be_wrapped(plain.level, text):
            return DECISIONS[plain], False
        is_for_all = False
    is_whole = len(text) < MAX_BEGINNING
    if text[1:5].isdigit():
        if sign := level_of_first_sign(text[:MAX_HEADER]):
            is_seen = first in _SIGNS_AT_ONCE and 0 < text.find("]") < _LAST_BRACKET
            return decided(sign.level, sign.rule), is_whole or is_seen
        is_for_all = is_whole
    elif first in _SIGNS_AT_ONCE and text[1:2] in _AFTER_SIGNS:
        sign = level_of_first_sign(text[:MAX_BEGINNING].partition("\n")[0].rstrip())
        if sign and not _may_wrap(sign.level, text):
            return _unless_common_log(decided(sign.level, sign.rule), text)
    if not is_whole:
        return NOT_PLAIN, is_for_all
    sentence = text.strip()
    words = words_of(sentence)
    return None if is_plain(sentence, words) and is_silent(sentence, words) else NOT_PLAIN, True


def _may_wrap(level: Level, text: str) -> bool:
    """Return whether a text with this level in its header may wrap the line of another program."""
    return (
        level in LEVELS_OF_WRAPPERS
        and (text[0] in "[NW" or text.find(" [DEBUG]", 0, MAX_BEGINNING) > 0)
        and _MAY_WRAP.match(text) is not None
    )


def _unless_common_log(decision: Decision, text: str) -> tuple[Decision | Literal[Unknown.NOT_PLAIN], bool]:
    """Return a decision for a text that begins with a capital, unless it may be in the Common Log Format."""
    if '] "' in text:
        return NOT_PLAIN, False
    return decision, len(text) < MAX_BEGINNING or _NO_COMMON_LOG.match(text, 0, MAX_BEGINNING) is not None


def decide_by_coloured_beginning(text: str) -> Decision | None:
    """Return the level of a text that begins with a terminal colour and one of the most common headers."""
    head = without_colours(with_real_colours(text[:_MAX_COLOURED]))
    plain, read = find_plain_header(head)
    is_seen = len(text) <= _MAX_COLOURED or read + _MAX_CUT <= len(head)
    return DECISIONS[plain] if plain and is_seen and not _may_wrap(plain.level, head) else None


_MAX_COLOURED = 120
"""The number of characters, with colours, within which the header is read."""
_MAX_CUT = 30
"""The maximum length of a colour that is cut at the end of the characters that are read."""

_SIGNS_AT_ONCE = frozenset("DIWEFCVTN")
_LAST_BRACKET = MAX_BEGINNING - len("] CRITICAL - ")
"""Letters of glog. absl writes CRITICAL after the name of the file."""
_AFTER_SIGNS = frozenset(" ,/|")
_NO_COMMON_LOG = re.compile(r"\S{1,60} (?:[ \t]|\S{1,60} (?:[ \t]|\S{1,100} [^\[]))")
"""A beginning with other words than are before the time of the Common Log Format."""

_MAY_WRAP = re.compile(
    r"\[INFO\] \[|\[[^\]]{10,45}(?:: WARNING/|\] \{)"
    r"|(?:\[[^\]]{1,40}\] )?(?:WARNING: \[pool |NOTICE: PHP )|\S{10,40} \[DEBUG\]"
)
"""The beginnings of lines that may contain the line of another program."""
