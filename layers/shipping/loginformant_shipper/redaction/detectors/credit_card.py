"""Payment card numbers, and what is on a card's magnetic stripe.

Numbers are everywhere in logs, so that the check digits of very many may have to be checked. That is done for
all numbers of a text at once: each of their digits is a byte of one large integer, and adding such integers
adds the digits of all numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, compress, count

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Span, without_overlaps

# A number that is part of a word or has decimals is none of a card.
_BEFORE = re.compile(r"(?<![A-Za-z0-9_])(?<![0-9]\.)")
_BEHIND = re.compile(r"(?![A-Za-z0-9_]|\.[0-9]*[1-9])")
_NUMBER = re.compile(rf"([2-6](?<![A-Za-z0-9_].)(?<![0-9]\..)[0-9]{{12,18}}+{_BEHIND.pattern})")

# ISO/IEC 7812, and the lengths of the networks' numbers (Wikipedia, "Payment card number"): American Express,
# Diners Club, JCB; Visa; Mastercard and Mir; Maestro, Discover, UnionPay and RuPay. Neither a count of time
# since 1970, before the year 2039, nor the number of a telephone (IMEI, 15 digits from 35 on) is like that.
_OF_A_NETWORK = re.compile(
    r"(?:3(?:[47][0-9]{13}|[0689][0-9]{12}(?:[0-9]{2,5})?|5[0-9]{14,17})"
    r"|4[0-9]{12}(?:[0-9]{3}(?:[0-9]{3})?)?"
    r"|2(?:2[0-9]|[3-6][0-9]|7[0-2])[0-9]{13}|220[0-9]{14,16}"
    r"|5(?:[1-5][0-9]{14}|[06-9][0-9]{11,17})"
    r"|6[0-9]{12,18})\Z"
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
_GAP = r"[ \xa0\u202f+-]"
_SOME_GROUPS = re.compile(
    rf"{_GAP}(?<=[0-9]{{4}}.)[ \xa0\u202f]?[0-9]{{3,12}}+(?![0-9])"
    rf"(?:{_GAP}{{1,2}}[0-9]{{3}}|(?<=[0-9]{{12}}))"
)
_FIRST_GROUP = 4
_IN_GROUPS = re.compile(r"[0-9]+(?:(?:[ \xa0\u202f]{1,2}|[+-])[0-9]+)+\Z")

# ISO/IEC 7813: number, name and more; number and more. In chip data, `D` stands for `=` (EMV, tag 57).
_TRACK = re.compile(
    r"%?[Bb](?P<first>[0-9]{13,19})\^[^\^\n]{2,26}\^[0-9]{4}[^?\n\"\\]{0,80}\??"
    r"|;?(?<![0-9])(?P<second>[0-9]{13,19})[=D][0-9]{7}[0-9=]{0,30}F?\??"
)
_SOME_TRACK = re.compile(r"[\^=D](?<=[0-9]{13}.)[A-Za-z0-9]")


def find_credit_card(text: str) -> list[Span]:
    """Return where numbers of cards are, and the whole of what is on a magnetic stripe."""
    if len(_digits(text)) < _MIN_DIGITS:
        return []
    found = _together(text)
    grouped = list(_in_groups(text))
    if _SOME_TRACK.search(text):
        grouped += [it.span() for it in _TRACK.finditer(text) if is_luhn_valid(it["first"] or it["second"])]
    return without_overlaps(found + grouped) if grouped else found


def _together(text: str) -> list[Span]:
    parts = _NUMBER.split(text)
    numbers = parts[1::2]
    if not numbers:
        return []
    valid = [
        index for index in compress(count(), are_luhn_valid(numbers)) if _OF_A_NETWORK.match(numbers[index])
    ]
    ends = list(accumulate(map(len, parts))) if valid else []
    return [(ends[2 * index], ends[2 * index + 1]) for index in valid]


def _is_of_a_network(text: str, start: int, end: int) -> bool:
    return (
        _BEFORE.match(text, start) is not None
        and _BEHIND.match(text, end) is not None
        and _OF_A_NETWORK.match(_digits(text[start:end]).decode()) is not None
    )


# --- check digits (ISO/IEC 7812-1, annex B: the algorithm of Luhn) ---

_VALUE = bytes(byte - 48 if byte in b"0123456789" else 0 for byte in range(256))
_VALUE_OF_DOUBLE = bytes(sum(divmod(2 * value, 10)) for value in _VALUE)
"""The sum of the digits of twice the digit."""
_NO_DIGITS = bytes(byte for byte in range(256) if byte not in b"0123456789")
_IS_DIGIT = bytes(byte in b"0123456789" for byte in range(256))
_IS_FIRST = bytes(byte in b"23456" for byte in range(256))
_IS_MULTIPLE_OF_TEN = bytes(byte % 10 == 0 for byte in range(256))
_MIN_DIGITS, _MAX_DIGITS = 13, 19
_MIN_AT_ONCE = 16


def _digits(text: str) -> bytes:
    return text.encode("latin-1", "replace").translate(None, _NO_DIGITS)


def is_luhn_valid(number: str) -> bool:
    """Return whether the last digit is the check digit of the others; what is no digit does not count."""
    digits = _digits(number)
    return (sum(digits[-1::-2].translate(_VALUE)) + sum(digits[-2::-2].translate(_VALUE_OF_DOUBLE))) % 10 == 0


def are_luhn_valid(numbers: Sequence[str]) -> Iterable[int]:
    """Return for each number of up to 19 digits whether its last digit is the check digit of the others."""
    if len(numbers) < _MIN_AT_ONCE:
        return [is_luhn_valid(number) for number in numbers]
    digits = "".join([number.rjust(_MAX_DIGITS, "0") for number in numbers]).encode()
    sums = sum(
        _lanes(digits[place::_MAX_DIGITS], _VALUE_OF_DOUBLE if place % 2 else _VALUE)
        for place in range(_MAX_DIGITS)
    )
    return sums.to_bytes(len(numbers), "little").translate(_IS_MULTIPLE_OF_TEN)


def _lanes(text: bytes, table: bytes) -> int:
    """Return an integer with, in eight bits for each byte of a text, what a table says; the first lowest."""
    return int.from_bytes(text.translate(table), "little")


# --- numbers in groups, of which each group can begin a number where there are many ---

_CHUNK = 16 * 1024
_BLANKS = bytes.maketrans(b"\xa0?", b"  ")
_MAX_LENGTH = len("4111  1111  1111  1111  111")


def _in_groups(text: str) -> Iterator[Span]:
    done = 0
    while some := _SOME_GROUPS.search(text, done + _FIRST_GROUP):
        first = max(some.start() - _FIRST_GROUP - 1, 0)
        chunk = text[first : first + _CHUNK + _MAX_LENGTH].encode("latin-1", "replace")
        gaps = (1, 2) if b"  " in chunk.translate(_BLANKS) else (1,)
        for start, length in sorted(valid for gap in gaps for valid in _valid_groups(chunk, gap)):
            span = first + start, first + start + length
            if span[0] >= done and _IN_GROUPS.match(text[slice(*span)]) and _is_of_a_network(text, *span):
                yield span
                done = span[1]
        done = max(done, first + _CHUNK)


def _valid_groups(text: bytes, gap: int) -> Iterator[tuple[int, int]]:
    """Return start and length of groups of digits, with gaps of that length, whose check digit is right."""
    digit = _lanes(text, _IS_DIGIT)
    begins = digit & ~(digit << 8)
    groups = {size: begins & _runs(digit, size) & ~(digit >> 8 * size) for size in (3, 4, 5, 6, 12)}
    first = groups[4] & _lanes(text, _IS_FIRST)
    value, of_double = 0, 0
    for sizes in _GROUPS:
        rows, offset = first, 0
        for size in sizes:
            rows &= groups[size] >> 8 * offset
            offset += size + gap
        if not rows:
            continue
        value, of_double = value or _lanes(text, _VALUE), of_double or _lanes(text, _VALUE_OF_DOUBLE)
        sums, offset, place = 0, 0, sum(sizes)
        for size in sizes:
            for _ in range(size):
                sums += (value if place % 2 else of_double) >> 8 * offset
                offset, place = offset + 1, place - 1
            offset += gap
        valid = _lanes(sums.to_bytes(len(text), "little"), _IS_MULTIPLE_OF_TEN) & rows
        flags = valid.to_bytes(len(text), "little")
        start = flags.find(1)
        while start >= 0:
            yield start, offset - gap
            start = flags.find(1, start + 1)


def _runs(digit: int, size: int) -> int:
    """Return a lane of 1 where at least so many digits begin."""
    runs, known = digit, 1
    while known < size:
        step = min(known, size - known)
        runs, known = runs & runs >> 8 * step, known + step
    return runs


CREDIT_CARD = Detection(
    Detector.CREDIT_CARD,
    "numbers of payment cards with a valid check digit, together or in groups; magnetic track data",
    find_credit_card,
)
