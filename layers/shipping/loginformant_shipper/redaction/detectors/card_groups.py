"""Detect payment card numbers in groups of digits.

Groups of digits are common in logs. They are searched in a copy of the text in which all digits are replaced
by 0, so that the search is for a fixed string. There are three methods for different numbers of groups:

1. Isolated numbers of four groups of four, the most common format, are checked together.
2. A few groups are checked one after the other.
3. If many groups could begin a number, all of them are checked together.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice, product

from loginformant_shipper.redaction.detectors.card_numbers import (
    BEFORE_DIGIT,
    BEHIND,
    IS_MULTIPLE_OF_TEN,
    are_luhn_valid,
    is_luhn_valid,
    is_of_a_network,
    values,
)
from loginformant_shipper.redaction.lanes import lanes
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
_FIRST_GROUP = 4
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
_NO_GAPS = str.maketrans("", "", " \xa0\u202f+-")

# Of a network whose numbers have 16 digits, and no part of more groups: no group can begin another number.
_GAP_OF_ANY_KIND = r"[ \xa0?+\-\u0100-\U0010ffff]"
_ALONE = re.compile(
    rf"([2-6]{BEFORE_DIGIT}(?<![0-9]{_GAP_OF_ANY_KIND}.)(?<![0-9]{_GAP_OF_ANY_KIND}{{2}}.)"
    r"(?:(?<=[456])[0-9]{3}|(?<=3)[05689][0-9]{2}|(?<=2)(?:2[0-9]|[3-6][0-9]|7[0-2])[0-9])"
    rf"{f'{_GAP}[0-9]{{4}}' * 3}(?!{_GAP_OF_ANY_KIND}{{0,2}}[0-9]){BEHIND})"
)

_CHUNK = 16 * 1024
_MIN_MANY, _MIN_CHARACTERS_EACH = 12, 512
"""The number of beginnings, and of characters for each further one, from which a joint check is faster."""

_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
_IS_DIGIT = bytes(byte in b"0123456789" for byte in range(256))
_IS_FIRST = bytes(byte in b"23456" for byte in range(256))


def kinds_of(text: str) -> bytes:
    """Return for each character of a text its kind: digits are `0`."""
    return text.encode("latin-1", "replace").translate(_KIND_OF)


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
        if not _BEGINNING.search(kinds_of("x".join(cut[0::2]))):
            digits = "\n".join(cut[1::2]).translate(_NO_GAPS)
            return only(cut, are_luhn_valid(digits.split("\n")))
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
            else _cards_among_many(text, kinds, start, end)
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
        if is_of_a_network(digits) and is_luhn_valid(digits):
            return number.span()
    return None


def _cards_among_many(text: str, kinds: bytes, start: int, end: int) -> Iterator[Span]:
    before, behind = max(start - 1, 0), end + _MAX_LENGTH
    latin = text[before:behind].encode("latin-1", "replace")
    for first, length in sorted(_with_valid_check_digit(latin, kinds[before:behind])):
        first += before
        number = _CARD.match(text, first)
        if number and number.end() != first + length:
            number = _LONG_CARD.match(text, first)
        if number and number.end() == first + length and is_of_a_network(_digits_of(number[0])):
            yield number.span()


def _digits_of(number: str) -> bytes:
    return number.encode("latin-1", "replace").translate(None, _NO_DIGITS)


def _with_valid_check_digit(latin: bytes, kinds: bytes) -> Iterator[tuple[int, int]]:
    """Return start and length of groups of digits, with gaps of one length, that have a valid check digit."""
    digit = lanes(kinds, _IS_DIGIT)
    begins = digit ^ (digit & digit << 8)

    @cache
    def runs(size: int) -> int:
        """Return 1 in the lanes where at least the given number of digits begin."""
        half = size // 2
        return runs(size - half) & runs(half) >> 8 * (size - half) if half else digit

    @cache
    def group(size: int) -> int:
        """Return 1 in the lanes where exactly the given number of digits begin."""
        at_least = begins & runs(size)
        return at_least ^ (at_least & digit >> 8 * size)

    @cache
    def sums(size: int, is_doubled: bool) -> int:
        """Return the sum of the given number of digits in each lane, with every other digit doubled."""
        if size == 1:
            return values(latin, is_doubled)
        half = 1 << (size - 1).bit_length() - 1
        return sums(half, is_doubled) + (sums(size - half, is_doubled ^ (half == 1)) >> 8 * half)

    firsts = group(_FIRST_GROUP) & lanes(latin, _IS_FIRST)
    for sizes, gap in product(_GROUPS, (1, 2) if b"0gg0" in kinds else (1,)):
        rows, offset = firsts, _FIRST_GROUP + gap
        for size in sizes[1:]:
            rows &= group(size) >> 8 * offset
            offset += size + gap
            if not rows:
                break
        if not rows:
            continue
        sum_of_all, offset, left = 0, 0, sum(sizes)
        for size in sizes:
            sum_of_all += sums(size, left % 2 == 0) >> 8 * offset
            offset, left = offset + size + gap, left - size
        valid = lanes(sum_of_all.to_bytes(len(latin), "little"), IS_MULTIPLE_OF_TEN) & rows
        flags = valid.to_bytes(len(latin), "little")
        start = flags.find(1)
        while start >= 0:
            yield start, offset - gap
            start = flags.find(1, start + 1)
