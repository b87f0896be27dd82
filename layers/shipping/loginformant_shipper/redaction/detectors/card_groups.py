"""Detect payment card numbers in groups of digits.

Groups of digits are common in logs. They are searched in a copy of the text in which all digits are replaced
by 0, so that the search is for a fixed string. There are three methods for different numbers of groups:

1. Isolated numbers of four groups of four, the most common format, are checked together.
2. A few groups are checked one after the other.
3. If many groups could begin a number, all of them are checked together.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import compress, islice, product

from loginformant_shipper.redaction.detectors.card_numbers import (
    BEFORE_DIGIT,
    BEHIND,
    are_columns_luhn_valid,
    are_prefixes_of_networks,
    is_luhn_valid,
    is_of_a_network,
)
from loginformant_shipper.redaction.detectors.digit_groups import BEYOND_LATIN, DigitGroups, written
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, only

# The kind of each character: 0 for a digit, g for a character that may be between groups of digits, w for a
# letter. A character beyond Latin-1 becomes a question mark, which may be between groups: it may be a space.
_GAPS = " \xa0?+-"
_KIND_OF = bytes(
    ord("0" if chr(code) in "0123456789" else "g" if chr(code) in _GAPS else "." if code == ord(".") else "x")
    if code > 127 or not (chr(code).isalpha() or chr(code) == "_")
    else ord("w")
    for code in range(256)
)

# Gaps are spaces, also no-break spaces, a hyphen, or the plus sign of a form in a URL.
_GROUPS: tuple[tuple[int, ...], ...] = (
    (4, 4, 4, 4),
    (4, 4, 4, 4, 3),
    (4, 6, 5),  # American Express, Maestro
    (4, 6, 4),  # Diners Club
    (4, 4, 5),  # Maestro
    (4, 3, 3, 3),  # Visa of 13 digits
    (4, 12),
)
_MAX_LENGTH = len("4111  1111  1111  1111  111")


def _groups(digit: str, gap: str, sizes: tuple[int, ...]) -> str:
    return gap.join(f"{digit}{{{size}}}" for size in sizes)


def _any_groups(digit: str, gap: str) -> str:
    """Return a pattern for the groups after the first one and its gap."""
    return "(?:" + "|".join(_groups(digit, gap, sizes[1:]) for sizes in _GROUPS) + ")"


_BEGINNING = re.compile(
    rf"0000g(?<!0.{{5}})(?={_any_groups('0', 'g')}(?!0)|g{_any_groups('0', 'gg')}(?!0))".encode()
)
"""The pattern begins with a fixed string, since that makes the search fast."""

_BLANK = r"[ \xa0\u202f]"
_GAP = r"[ \xa0\u202f+-]"
_CARD = re.compile(
    rf"[2-6]{BEFORE_DIGIT}[0-9]{{3}}"
    rf"(?:{_GAP}{_any_groups('[0-9]', _GAP)}|{_BLANK}{{2}}{_any_groups('[0-9]', _BLANK + '{2}')}){BEHIND}"
)
_LONG_CARD = re.compile(
    rf"[2-6]{BEFORE_DIGIT}[0-9]{{3}}(?:{_GAP}{_groups('[0-9]', _GAP, _GROUPS[1][1:])}"
    rf"|{_BLANK}{{2}}{_groups('[0-9]', _BLANK + '{2}', _GROUPS[1][1:])}){BEHIND}"
)
"""A number whose first four groups could also be the number of a card."""

# No part of more groups: no group can begin another number.
_GAP_OF_ANY_KIND = r"[ \xa0?+\-\u0100-\U0010ffff]"
_ALONE = re.compile(
    r"([0-9](?:(?<=[^A-Za-z0-9_ \xa0?+.\-\u0100-\U0010ffff].)"  # nearly always, so that it is faster
    rf"|{BEFORE_DIGIT}(?<![0-9]{_GAP_OF_ANY_KIND}.)(?<![0-9]{_GAP_OF_ANY_KIND}{{2}}.))"
    rf"[0-9]{{3}}{f'{_GAP}[0-9]{{4}}' * 3}(?!{_GAP_OF_ANY_KIND}{{0,2}}[0-9]){BEHIND})"
)

_CHUNK = 16 * 1024
_MIN_MANY, _MIN_CHARACTERS_EACH = 12, 512
"""The number of beginnings, and of characters for each further one, from which a joint check is faster."""

_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
_IS_BEHIND = re.compile(BEHIND)


def kinds_of(text: str) -> bytes:
    """Return for each character of a text its kind: digits are `0`."""
    return text.encode("latin-1", "replace").translate(_KIND_OF)


def may_have_groups(kinds: bytes) -> bool:
    """Return whether there are groups of digits in a text like those of a card number."""
    return _BEGINNING.search(kinds) is not None


def find_in_groups(text: str, kinds: bytes) -> Cut:
    """Split a text at card numbers in groups.

    Args:
        text: A text with decoded escapes.
        kinds: The kinds of its characters.
    """
    first = _BEGINNING.search(kinds)
    if not first:
        return [text]
    if _ALONE.match(text, first.start()):
        cut = _ALONE.split(text)
        if not may_have_groups(kinds_of("x".join(cut[0::2]))):
            return only(cut, _are_cards(cut[1::2], written(_GROUPS[0], 1)))
    return cut_at(text, list(_spans(text, kinds)))


def _spans(text: str, kinds: bytes) -> Iterator[Span]:
    done = 0
    while first := _BEGINNING.search(kinds, done):
        start = first.start()
        end = min(start + _CHUNK, len(text))
        most = _MIN_MANY + (end - start) // _MIN_CHARACTERS_EACH
        few = list(islice(_BEGINNING.finditer(kinds, start, end + _MAX_LENGTH), most))
        for number in (
            filter(None, (_card_at(text, beginning.start()) for beginning in few))
            if len(few) < most
            else _cards_among_many(text, start, end)
        ):
            if number[0] >= done:
                yield number
                done = number[1]
        done = max(done, end)


def _card_at(text: str, start: int) -> Span | None:
    for pattern in (_CARD, _LONG_CARD):
        number = pattern.match(text, start)
        if not number:
            return None
        digits = _digits_of(number[0])
        if is_luhn_valid(digits) and is_of_a_network(digits):
            return number.span()
    return None


def _cards_among_many(text: str, start: int, end: int) -> Iterator[Span]:
    before, behind = max(start - 2, 0), end + _MAX_LENGTH
    latin = text[before : behind + 1].encode("latin-1", "replace")
    found: list[Span] = []
    groups = DigitGroups(latin)
    for gap, sizes in product(groups.gaps(), _GROUPS):
        firsts = groups.with_valid_check_digit(sizes, gap)
        if not firsts:
            continue
        example = written(sizes, gap)
        length = len(example)
        places = [first for first in firsts if start - before <= first <= behind - before - length]
        if not places:
            continue
        if BEYOND_LATIN in latin:
            are_cards = bytes([_is_card(text, first + before, length) for first in places])
        elif len(places) < _MIN_MANY:
            numbers_of_few = [latin[first : first + length].translate(None, _NO_DIGITS) for first in places]
            are_cards = bytes(map(is_of_a_network, numbers_of_few))
        else:
            numbers = b"".join([latin[first : first + length] for first in places])
            are_cards = _are_of_networks(numbers, example)
        found += [(first + before, first + before + length) for first in compress(places, are_cards)]
    for number in sorted(found):
        if text[number[1] : number[1] + 1] != "." or _IS_BEHIND.match(text, number[1]):
            yield number


def _is_card(text: str, start: int, length: int) -> bool:
    """Return whether a card number with a valid check digit begins at a place and has a length, with gaps."""
    for pattern in (_CARD, _LONG_CARD):
        number = pattern.match(text, start)
        if number and number.end() == start + length:
            return is_of_a_network(_digits_of(number[0]))
    return False


def _are_cards(found: Sequence[str], example: str) -> bytes:
    """Return for each number in groups 1 if it is a card number, else 0.

    Args:
        found: The numbers, all with groups and gaps like the example.
        example: A number.
    """
    if len(found) < _MIN_MANY:
        return bytes([is_luhn_valid(digits) and is_of_a_network(digits) for digits in map(_digits_of, found)])
    numbers = "".join(found).encode("latin-1", "replace")
    valid = are_columns_luhn_valid(_digit_columns(numbers, example))
    both = int.from_bytes(valid, "little") & int.from_bytes(_are_of_networks(numbers, example), "little")
    return both.to_bytes(len(valid), "little")


def _are_of_networks(numbers: bytes, example: str) -> bytes:
    columns = _digit_columns(numbers, example)
    return are_prefixes_of_networks(columns[:3], bytes([len(columns)]) * len(columns[0]))


def _digit_columns(numbers: bytes, example: str) -> list[bytes]:
    size = len(example)
    return [numbers[place::size] for place in range(size) if example[place].isdigit()]


def _digits_of(number: str) -> bytes:
    return number.encode("latin-1", "replace").translate(None, _NO_DIGITS)
