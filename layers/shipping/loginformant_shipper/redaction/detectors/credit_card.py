"""Payment card numbers, and what is on a card's magnetic stripe.

Numbers are everywhere in logs. So their lengths are looked for first, in a text in which all digits are
alike: there the search is one for a fixed string. The check digits of very many may then have to be checked.
That is done for all numbers of a text at once: each of their digits is a byte of one large integer, and
adding such integers adds the digits of all numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, compress, product

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Span, without_overlaps

# Of each character its kind: a digit is 0, what may be between groups of them g, a letter w. What is beyond
# Latin-1 becomes a question mark, and may be between groups: one of these blanks is.
_GAPS = " \xa0?+-"
_KIND_OF = bytes(
    ord("0" if chr(code) in "0123456789" else "g" if chr(code) in _GAPS else "." if code == ord(".") else "x")
    if code > 127 or not (chr(code).isalpha() or chr(code) == "_")
    else ord("w")
    for code in range(256)
)
_MANY_DIGITS = b"0" * 13

# A number that is part of a word or has decimals is none of a card. One that is together is looked for from
# the character before it on: most digits are no first digit of a number.
_BEFORE = r"(?<![A-Za-z0-9_])(?<![0-9]\.)"
_BEHIND = re.compile(r"(?![A-Za-z0-9_]|\.[0-9]*[1-9])")
_NUMBER = re.compile(rb"([^A-Za-z0-9_](?<![0-9]\.)[2-6][0-9]{12,18}+%s)" % _BEHIND.pattern.encode())

# ISO/IEC 7812, and the lengths of the networks' numbers (Wikipedia, "Payment card number"): American Express,
# Diners Club, JCB; Visa; Mastercard and Mir; Maestro, Discover, UnionPay and RuPay. Neither a count of time
# since 1970, before the year 2039, nor the number of a telephone (IMEI, 15 digits from 35 on) is like that.
_OF_A_NETWORK = re.compile(
    rb"(?:3(?:[47][0-9]{13}|[0689][0-9]{12}(?:[0-9]{2,5})?|5[0-9]{14,17})"
    rb"|4[0-9]{12}(?:[0-9]{3}(?:[0-9]{3})?)?"
    rb"|2(?:2[0-9]|[3-6][0-9]|7[0-2])[0-9]{13}|220[0-9]{14,16}"
    rb"|5(?:[1-5][0-9]{14}|[06-9][0-9]{11,17})"
    rb"|6[0-9]{12,18})\Z"
)

# In groups. Between them: blanks, also those that do not break a line, a hyphen, or the plus sign of a form
# in a URL.
_GROUPS = (
    (4, 4, 4, 4),
    (4, 4, 4, 4, 3),
    (4, 6, 5),  # American Express, Maestro
    (4, 6, 4),  # Diners Club
    (4, 4, 5),  # Maestro
    (4, 3, 3, 3),  # Visa of 13 digits
    (4, 12),
)
_SOME_GROUPS = re.compile(
    rb"0000g(?<!0.{5})g?(?:0000gg?0000(?:gg?0000|0)|000000gg?0000|000gg?000gg?000|0{12})"
)
"""Begins with a fixed string, which is found fast, and lets some more than these groups pass."""
_GROUPED = re.compile(_BEFORE + r"[0-9]+(?:(?:[ \xa0\u202f]{1,2}|[+-])[0-9]+)+\Z")

# ISO/IEC 7813: number, name and more; number and more. In chip data, `D` stands for `=` (EMV, tag 57).
_TRACK = re.compile(
    r"%?[Bb](?P<first>[0-9]{13,19})\^[^\^\n]{2,26}\^[0-9]{4}[^?\n\"\\]{0,80}\??"
    r"|;?(?<![0-9])(?P<second>[0-9]{13,19})[=D][0-9]{7}[0-9=]{0,30}F?\??"
)
_SOME_TRACK = re.compile(r"[\^=D](?<=[0-9]{13}.)[A-Za-z0-9]")


def find_credit_card(text: str) -> list[Span]:
    """Return where numbers of cards are, and the whole of what is on a magnetic stripe."""
    latin = text.encode("latin-1", "replace")
    kinds = latin.translate(_KIND_OF)
    found: list[Span] = []
    grouped = list(_in_groups(text, latin, kinds))
    if _MANY_DIGITS in kinds:
        found = _together(latin)
        if any(sign in text for sign in "^=D") and _SOME_TRACK.search(text):
            tracks = _TRACK.finditer(text)
            grouped += [it.span() for it in tracks if is_luhn_valid((it["first"] or it["second"]).encode())]
    return without_overlaps(found + grouped) if grouped else found


def _together(text: bytes) -> list[Span]:
    parts = _NUMBER.split(b" " + text)
    numbers = parts[1::2]
    valid = [
        index
        for index, number in compress(enumerate(numbers), are_luhn_valid(numbers))
        if _OF_A_NETWORK.match(number, 1)
    ]
    ends = list(accumulate(map(len, parts))) if valid else []
    return [(ends[2 * index], ends[2 * index + 1] - 1) for index in valid]


# --- check digits (ISO/IEC 7812-1, annex B: the algorithm of Luhn) ---

_VALUE = bytes(byte - 48 if byte in b"0123456789" else 0 for byte in range(256))
_VALUE_OF_DOUBLE = bytes(sum(divmod(2 * value, 10)) for value in _VALUE)
"""The sum of the digits of twice the digit."""
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
_IS_DIGIT = bytes(byte in b"0123456789" for byte in range(256))
_IS_FIRST = bytes(byte in b"23456" for byte in range(256))
_IS_MULTIPLE_OF_TEN = bytes(byte % 10 == 0 for byte in range(256))
_MIN_AT_ONCE = 16
_WIDTH = 20


def is_luhn_valid(number: bytes) -> bool:
    """Return whether the last digit is the check digit of the others; what is no digit counts as 0."""
    return (sum(number[-1::-2].translate(_VALUE)) + sum(number[-2::-2].translate(_VALUE_OF_DOUBLE))) % 10 == 0


def are_luhn_valid(numbers: Sequence[bytes]) -> Iterable[int]:
    """Return for each number of up to 20 characters whether its last digit is its check digit."""
    if len(numbers) < _MIN_AT_ONCE:
        return [is_luhn_valid(number) for number in numbers]
    digits = b"".join([number.rjust(_WIDTH, b"0") for number in numbers])
    sums = sum(
        _lanes(digits[place::_WIDTH], _VALUE if place % 2 else _VALUE_OF_DOUBLE) for place in range(_WIDTH)
    )
    return sums.to_bytes(len(numbers), "little").translate(_IS_MULTIPLE_OF_TEN)


def _lanes(text: bytes, table: bytes) -> int:
    """Return an integer with, in eight bits for each byte of a text, what a table says; the first lowest."""
    return int.from_bytes(text.translate(table), "little")


# --- numbers in groups, of which each group can begin a number where there are many ---

_CHUNK = 16 * 1024
_FIRST_GROUP = 4
_MAX_LENGTH = len("4111  1111  1111  1111  111")


def _in_groups(text: str, latin: bytes, kinds: bytes) -> Iterator[Span]:
    done = 0
    while some := _SOME_GROUPS.search(kinds, done):
        first = max(some.start() - 1, 0)
        chunk = slice(first, first + _CHUNK + _MAX_LENGTH)
        for start, length in sorted(_valid_groups(latin[chunk], kinds[chunk])):
            start, end = first + start, first + start + length
            if start >= done and _is_card_in_groups(text, latin, start, end):
                yield start, end
                done = end
        done = max(done, first + _CHUNK)


def _is_card_in_groups(text: str, latin: bytes, start: int, end: int) -> bool:
    return (
        _OF_A_NETWORK.match(latin[start:end].translate(None, _NO_DIGITS)) is not None
        and _GROUPED.match(text, start, end) is not None
        and _BEHIND.match(text, end) is not None
    )


def _valid_groups(latin: bytes, kinds: bytes) -> Iterator[tuple[int, int]]:
    """Return start and length of groups of digits, with gaps of one length, whose check digit is right."""
    digit = _lanes(kinds, _IS_DIGIT)
    begins = digit ^ (digit & digit << 8)

    @cache
    def runs(size: int) -> int:
        """Return a lane of 1 where at least so many digits begin."""
        half = size // 2
        return runs(size - half) & runs(half) >> 8 * (size - half) if half else digit

    @cache
    def group(size: int) -> int:
        """Return a lane of 1 where just so many digits begin."""
        at_least = begins & runs(size)
        return at_least ^ (at_least & digit >> 8 * size)

    @cache
    def sums(size: int, is_doubled: bool) -> int:
        """Return the sum of so many digits that begin there, every other one doubled, the first or not."""
        if size == 1:
            return _lanes(latin, _VALUE_OF_DOUBLE if is_doubled else _VALUE)
        half = 1 << (size - 1).bit_length() - 1
        return sums(half, is_doubled) + (sums(size - half, is_doubled ^ (half == 1)) >> 8 * half)

    firsts = group(_FIRST_GROUP) & _lanes(latin, _IS_FIRST)
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
        valid = _lanes(sum_of_all.to_bytes(len(latin), "little"), _IS_MULTIPLE_OF_TEN) & rows
        flags = valid.to_bytes(len(latin), "little")
        start = flags.find(1)
        while start >= 0:
            yield start, offset - gap
            start = flags.find(1, start + 1)


CREDIT_CARD = Detection(
    Detector.CREDIT_CARD,
    "numbers of payment cards with a valid check digit, together or in groups; magnetic track data",
    find_credit_card,
)
