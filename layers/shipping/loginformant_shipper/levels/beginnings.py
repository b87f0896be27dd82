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
from loginformant_shipper.parsing.headers.header import (
    WHOLE_LINE,
    DoubtfulLevel,
    PlainLevel,
    find_plain_header,
)
from loginformant_shipper.parsing.headers.items import MAX_HEADER
from loginformant_shipper.parsing.headers.level_marks import level_of_first_sign
from loginformant_shipper.parsing.headers.level_words import words_of

MAX_BEGINNING = 48
"""The length of a beginning: enough for a time, a short name and a level. Different texts seldom begin alike
for longer."""

MAX_LONGER_BEGINNING = 96
"""The length of a longer beginning, for headers with long names or with terminal colours, and sentences."""

MAX_SENTENCE = 64
"""The length from which on a text is not examined for a sentence here."""

MAX_REMEMBERED = 2048
"""The maximum number of remembered beginnings, of at most half a kilobyte each."""


class Unknown(Enum):
    """The results without a decision."""

    NEW = "new"
    """Nothing is remembered of the beginning."""
    LONGER = "longer"
    """The longer beginning may tell the result."""
    NOT_PLAIN = "not plain"
    """The text has none of the headers that are known here, and is no plain sentence."""


NEW: Final = Unknown.NEW
LONGER: Final = Unknown.LONGER
NOT_PLAIN: Final = Unknown.NOT_PLAIN

_WITHOUT_DIGITS = bytes(48 if 48 <= code <= 57 else code for code in range(256))
_remembered: dict[bytes, Decision | Unknown | None] = {}


def beginning_of(text: str, length: int) -> bytes:
    """Return the first characters of a text, with a zero for each digit."""
    return text[:length].encode("utf-8", "surrogatepass").translate(_WITHOUT_DIGITS)


def forget_beginnings() -> None:
    """Forget what is remembered, as in a new environment."""
    _remembered.clear()


_Result = Decision | Literal[Unknown.NOT_PLAIN] | None


def decide_by_beginning(text: str) -> _Result:
    """Return the level that the first characters of a text tell.

    Args:
        text: A text without white space after it.

    Returns:
        A decision if the text has one of the most common headers; None if it is a short sentence without a
        level; `NOT_PLAIN` if all rules must be asked.
    """
    # `beginning_of` is written out, since this is most of the time for most texts
    beginning = text[:MAX_BEGINNING].encode("utf-8", "surrogatepass").translate(_WITHOUT_DIGITS)
    known = _remembered.get(beginning, NEW)
    if known is not NEW and known is not LONGER:
        return known
    if known is LONGER:
        longer = _remembered.get(beginning_of(text, MAX_LONGER_BEGINNING), NEW)
        if longer is not NEW and longer is not LONGER:
            return longer
    decision: _Result
    if text.startswith("\x1b"):
        decision, needed = _decide_coloured(text)
    else:
        plain, needed = find_plain_header(text)
        if plain is None:
            decision, needed = _decide_other(text, needed)
        elif type(plain) is DoubtfulLevel or _may_wrap(plain.level, text):
            decision, needed = _decide_doubtful(text, plain, needed)
        else:
            decision = DECISIONS[plain]
            if text.startswith("["):
                needed = max(needed, _needed_in_brackets(text))
    if needed <= MAX_BEGINNING or (len(text) < MAX_BEGINNING and needed <= MAX_LONGER_BEGINNING):
        _remember(beginning, decision)
    elif needed <= MAX_LONGER_BEGINNING and len(text) > MAX_BEGINNING:
        # a text of exactly that length has the same longer beginning, which does not tell that it ends
        _remember(beginning, LONGER)
        _remember(beginning_of(text, MAX_LONGER_BEGINNING), decision)
    return decision


def _remember(beginning: bytes, known: Decision | Unknown | None) -> None:
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[beginning] = known


def _decide_doubtful(text: str, plain: PlainLevel, needed: int) -> tuple[_Result, int]:
    """Return the result for a text whose plain level may not count, and how many characters were needed.

    Texts that begin with the same characters, that many and apart from digits, have the same result.

    Args:
        text: A text.
        plain: Its plain level.
        needed: How many characters this level needed.
    """
    if type(plain) is DoubtfulLevel:
        if _may_wrap(plain.level, text):
            return NOT_PLAIN, WHOLE_LINE
        return _unless_common_log(DECISIONS[plain], text, needed)
    if not may_be_wrapped(plain.level, text):
        return DECISIONS[plain], WHOLE_LINE
    return _decide_other(text, WHOLE_LINE)


def _decide_other(text: str, needed: int) -> tuple[_Result, int]:
    """Return the result for a text without a plain level, and how many characters were needed."""
    first = text[:1]
    length = len(text)
    is_short = length < MAX_SENTENCE
    if text[1:5].isdigit():  # glog: E0301 10:20:30.123456 7 orders.go:12] text
        if sign := level_of_first_sign(text[:MAX_HEADER]):
            if is_short:
                needed = length + 1
            elif first == "E":
                bracket = text.find("]")
                needed = bracket + len(_ABSL_CRITICAL) if bracket > 0 else WHOLE_LINE
            else:
                needed = MAX_BEGINNING if first in _FIRST_LETTERS else WHOLE_LINE
            return decided(sign.level, sign.rule), needed
        if not is_short:
            needed = WHOLE_LINE
    elif first in _FIRST_LETTERS and text[1:2] in _AFTER_LETTERS:
        sign = level_of_first_sign(text[:MAX_SENTENCE].partition("\n")[0].rstrip())
        if sign and not _may_wrap(sign.level, text):
            return _unless_common_log(decided(sign.level, sign.rule), text, MAX_SENTENCE)
    if not is_short:
        return NOT_PLAIN, needed
    sentence = text.strip()
    words = words_of(sentence)
    return None if is_plain(sentence, words) and is_silent(sentence, words) else NOT_PLAIN, length + 1


def _may_wrap(level: Level, text: str) -> bool:
    """Return whether a text with this level in its header may wrap the line of another program.

    The first characters distinguish the wrappers, as in `levels.header`.
    """
    if level not in LEVELS_OF_WRAPPERS:
        return False
    first = text[0]
    if first == "[":
        if text[1:2].isalpha():
            return text.startswith("[INFO] [")
        return _MAY_WRAP.match(text) is not None
    if first in "NW":
        return text.startswith(("WARNING: [pool ", "NOTICE: PHP "))
    return text.find(" [DEBUG]", 0, MAX_BEGINNING) > 0 and _MAY_RELAY.match(text) is not None


def _needed_in_brackets(text: str) -> int:
    """Return how many characters of a text that begins with a bracket tell whether it may wrap another's."""
    bracket = text.find("]", 1, _MAX_WRAPPING)
    if bracket < 0:
        return _MAX_WRAPPING
    is_php = text.startswith(("W", "N"), bracket + len("] "))
    return bracket + len("] WARNING: [pool " if is_php else "] {")


def _unless_common_log(decision: Decision, text: str, needed: int) -> tuple[_Result, int]:
    """Return a decision for a text, unless it may have the Common Log Format, and the needed characters.

    The text begins with a letter, a date or a bracket: no host or address precedes the words of the format.
    """
    if '] "' in text:
        return NOT_PLAIN, WHOLE_LINE
    if len(text) < MAX_SENTENCE:
        return decision, len(text) + 1
    other = _NO_COMMON_LOG.match(text, 0, MAX_LONGER_BEGINNING)
    return decision, max(needed, other.end()) if other else WHOLE_LINE


def _decide_coloured(text: str) -> tuple[_Result, int]:
    """Return the result for a text that begins with a colour, and how many characters were needed."""
    coloured = text[:MAX_LONGER_BEGINNING]
    is_for_all = "\\" not in coloured and "#0" not in coloured  # digits of an escape character count
    is_cut = len(text) >= MAX_LONGER_BEGINNING  # a longer text may have the same beginning
    if is_cut and (cut := _CUT.search(coloured, len(coloured) - _MAX_CUT)):
        coloured = coloured[: cut.start()]
    head = without_colours(with_real_colours(coloured))
    plain, needed = find_plain_header(head)
    decision: _Result = NOT_PLAIN
    if plain and not (is_cut and needed > len(head)) and not _may_wrap(plain.level, head):
        decision, needed = _unless_common_log(DECISIONS[plain], text, MAX_LONGER_BEGINNING)
        is_for_all = is_for_all and needed <= MAX_LONGER_BEGINNING
    return decision, MAX_LONGER_BEGINNING if is_for_all else WHOLE_LINE


_MAX_CUT = 30
"""The maximum length of a colour, real or escaped, that may be cut at the end of a beginning."""
_CUT = re.compile(r"[\x1b\\#][^m]*\Z")
"""A colour without its end."""

_FIRST_LETTERS = frozenset("DIWEFCVTN")
"""The letters for a level with which lines begin."""
_AFTER_LETTERS = frozenset(" ,/|")
"""What follows the letter, in lines that do not have a date at once."""
_ABSL_CRITICAL = "] CRITICAL - "
"""What absl writes at the end of the header of glog, whose letter is then not the level."""
_NO_COMMON_LOG = re.compile(r"\S{1,60} (?:[ \t]|\S{1,60} (?:[ \t]|\S{1,100} (?:[^\[]|\[\D)))")
"""A beginning with other words than are before the time of the Common Log Format."""

_MAY_WRAP = re.compile(
    r"\[[^\]]{10,45}(?:: WARNING/|\] \{)|\[[^\]]{1,40}\] (?:WARNING: \[pool |NOTICE: PHP )"
)
"""The beginnings of lines of Celery, Airflow and PHP-FPM that may contain the line of another program."""
_MAY_RELAY = re.compile(r"\S{10,40} \[DEBUG\]")
"""The same for lines of go-plugin. It ends within a beginning."""
_MAX_WRAPPING = 60
"""More characters than `_MAY_WRAP` matches."""
