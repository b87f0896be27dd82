"""Detect payment card numbers in groups of digits.

Groups of digits are common in logs. They are searched in a copy of the text in which all digits are replaced
by 0, so that the search is for a fixed string. There are three methods for different numbers of groups:

1. Isolated numbers of four groups of four, the most common format, are checked together.
2. A few groups are checked one after the other.
3. If many groups could begin a number, all of them are checked together.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import compress, islice, product
from string import ascii_letters, digits

from loginformant_shipper.redaction.detectors.card_numbers import (
    BEFORE_DIGIT,
    BEHIND,
    BOTH_SUMMANDS,
    IS_MULTIPLE_OF_TEN,
    are_columns_luhn_valid,
    are_prefixes_of_networks,
    is_luhn_valid,
    is_of_a_network,
)
from loginformant_shipper.redaction.lanes import lanes, ones
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

# No part of more groups: no group can begin another number.
_GAP_OF_ANY_KIND = r"[ \xa0?+\-\u0100-\U0010ffff]"
_ALONE = re.compile(
    rf"([0-9]{BEFORE_DIGIT}(?<![0-9]{_GAP_OF_ANY_KIND}.)(?<![0-9]{_GAP_OF_ANY_KIND}{{2}}.)"
    rf"[0-9]{{3}}{f'{_GAP}[0-9]{{4}}' * 3}(?!{_GAP_OF_ANY_KIND}{{0,2}}[0-9]){BEHIND})"
)
_WRITTEN_ALONE = "4111 1111 1111 1111"

_CHUNK = 16 * 1024
_MIN_MANY, _MIN_CHARACTERS_EACH = 12, 512
"""The number of beginnings, and of characters for each further one, from which a joint check is faster."""

_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
# What is true of a character, a bit each.
_DIGIT, _FIRST, _GAP_SIGN, _BLANK_SIGN, _LETTER, _DOT = range(6)
_CHARACTERS = {
    _DIGIT: digits,
    _FIRST: "23456",
    _GAP_SIGN: " \xa0+-",
    _BLANK_SIGN: " \xa0",
    _LETTER: f"{ascii_letters}_",
    _DOT: ".",
}
_FACTS = bytes(
    sum(1 << bit for bit, characters in _CHARACTERS.items() if chr(code) in characters) for code in range(256)
)
_IS_BEHIND = re.compile(BEHIND)
_IS_QUESTION_MARK = bytes(byte == ord("?") for byte in range(256))
_NO_CANDIDATE = 255
"""More than the sum of the digits of a number, and no multiple of ten."""


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
            written = "".join(cut[1::2]).encode("latin-1", "replace")
            return only(cut, _are_cards(written, _WRITTEN_ALONE))
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
        if is_of_a_network(digits) and is_luhn_valid(digits):
            return number.span()
    return None


def _cards_among_many(text: str, start: int, end: int) -> Iterator[Span]:
    before, behind = max(start - 2, 0), end + _MAX_LENGTH
    latin = text[before : behind + 1].encode("latin-1", "replace")
    found: list[Span] = []
    for firsts, length, example in _with_valid_check_digit(latin):
        places = [first for first in firsts if start - before <= first <= behind - before - length]
        if not places:
            continue
        if b"?" in latin:  # It may stand for a blank beyond Latin-1.
            are_cards = bytes([_is_card(text, first + before, length) for first in places])
        else:
            written = b"".join([latin[first : first + length] for first in places])
            are_cards = _are_of_networks(written, example)
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


def _are_cards(written: bytes, example: str) -> bytes:
    """Return for each number in groups 1 if it is a card number, else 0.

    Args:
        written: The numbers one behind the other, all with groups and gaps like the example.
        example: A number.
    """
    valid = are_columns_luhn_valid(_digit_columns(written, example))
    of_networks = _are_of_networks(written, example)
    return (int.from_bytes(valid, "little") & int.from_bytes(of_networks, "little")).to_bytes(
        len(valid), "little"
    )


def _are_of_networks(written: bytes, example: str) -> bytes:
    columns = _digit_columns(written, example)
    return are_prefixes_of_networks(columns[:3], bytes([len(columns)]) * len(columns[0]))


def _digit_columns(written: bytes, example: str) -> list[bytes]:
    size = len(example)
    return [written[place::size] for place in range(size) if example[place].isdigit()]


def _digits_of(number: str) -> bytes:
    return number.encode("latin-1", "replace").translate(None, _NO_DIGITS)


def _with_valid_check_digit(latin: bytes) -> Iterator[tuple[list[int], int, str]]:
    """Yield where groups of digits, with gaps of one length, begin that have a valid check digit.

    Yields:
        The places in a text, the length of the groups there with their gaps, and an example of such groups.
    """
    facts, both, one = lanes(latin, _FACTS), lanes(latin, BOTH_SUMMANDS), ones(len(latin))

    def has(bit: int, offset: int = 0) -> int:
        """Return 1 in the lanes where a fact is true of the character, or of one behind it."""
        return facts >> 8 * offset + bit & one

    digit, letter, gap_sign, blank = has(_DIGIT), has(_LETTER), has(_GAP_SIGN), has(_BLANK_SIGN)
    if b"?" in latin:
        beyond_latin = lanes(latin, _IS_QUESTION_MARK)
        gap_sign, blank = gap_sign | beyond_latin, blank | beyond_latin
    gaps = {1: gap_sign, 2: blank & blank >> 8}
    begins = digit ^ digit & digit << 8

    @cache
    def runs(size: int) -> int:
        """Return 1 in the lanes where at least the given number of digits begin."""
        if size == 1:
            return digit
        half = size // 2
        longer = runs(size - half)
        return longer and longer & runs(half) >> 8 * (size - half)

    @cache
    def group(size: int) -> int:
        """Return 1 in the lanes where exactly the given number of digits begin."""
        at_least = begins & runs(size)
        return at_least and at_least ^ (at_least & digit >> 8 * size)

    @cache
    def sums(size: int, is_doubled: bool) -> int:
        """Return the sum of the given number of digits in each lane, with every other digit doubled."""
        if size == 1:
            return (both >> 4 if is_doubled else both) & one * 15
        half = 1 << (size - 1).bit_length() - 1
        return sums(half, is_doubled) + (sums(size - half, is_doubled ^ (half == 1)) >> 8 * half)

    @cache
    def sums_of(sizes: tuple[int, ...], gap: int) -> int:
        """Return the sum of the digits of groups in each lane, every other one from the end doubled."""
        if len(sizes) == 1:
            return sums(sizes[0], sizes[0] % 2 == 0)
        half = len(sizes) // 2
        offset, behind = sum(sizes[:half]) + gap * half, sizes[half:]
        if sum(behind) % 2 == 0:
            return sums_of(sizes[:half], gap) + (sums_of(behind, gap) >> 8 * offset)
        sum_of_all, place, left = sums_of(behind, gap) >> 8 * offset, 0, sum(sizes)
        for size in sizes[:half]:
            sum_of_all += sums(size, left % 2 == 0) >> 8 * place
            place, left = place + size + gap, left - size
        return sum_of_all

    @cache
    def with_gap(sizes: tuple[int, ...], gap: int) -> int:
        """Return 1 in the lanes where groups of the given sizes begin, with equal gaps behind them."""
        rows = numbers(sizes, gap)
        return rows and rows & gaps[gap] >> 8 * (sum(sizes) + gap * (len(sizes) - 1))

    def numbers(sizes: tuple[int, ...], gap: int) -> int:
        """Return 1 in the lanes where groups of the given sizes begin, with equal gaps in between."""
        *before, last = sizes
        if not before:
            return firsts
        rows = with_gap(tuple(before), gap)
        return rows and rows & group(last) >> 8 * (sum(before) + gap * len(before))

    part_of_more = letter << 8
    if b"." in latin:
        part_of_more |= has(_DOT) << 8 & digit << 16
    firsts = group(_FIRST_GROUP) & has(_FIRST)
    firsts ^= firsts & part_of_more
    for gap, sizes in product(gaps, _GROUPS):
        rows = numbers(sizes, gap)
        if not rows:
            continue
        length = sum(sizes) + gap * (len(sizes) - 1)
        rows ^= rows & letter >> 8 * length
        summed = (sums_of(sizes, gap) | (one ^ rows) * _NO_CANDIDATE).to_bytes(len(latin), "little")
        yield _places_of_ones(summed.translate(IS_MULTIPLE_OF_TEN)), length, _written(sizes, gap)


def _written(sizes: Sequence[int], gap: int) -> str:
    """Return an example of groups of digits with gaps of one length."""
    return (" " * gap).join("0" * size for size in sizes)


def _places_of_ones(flags: bytes) -> list[int]:
    places: list[int] = []
    place = flags.find(1)
    while place >= 0:
        places.append(place)
        place = flags.find(1, place + 1)
    return places
