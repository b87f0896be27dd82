"""Find groups of digits, and the sums of their digits, at all places of a text together."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from string import ascii_letters, digits

from loginformant_shipper.redaction.detectors.card_numbers import BOTH_SUMMANDS, IS_MULTIPLE_OF_TEN
from loginformant_shipper.redaction.lanes import facts, lanes, ones

# What is true of a character, a bit each.
_DIGIT, _FIRST, _GAP, _SPACE, _LETTER, _DOT = range(6)
_FACTS = facts(digits, "23456", " \xa0+-", " \xa0", f"{ascii_letters}_", ".")
BEYOND_LATIN = b"?"
"""What stands for a character beyond Latin-1, which may be a space."""
_IS_BEYOND_LATIN = bytes(byte in BEYOND_LATIN for byte in range(256))
_NO_CANDIDATE = 255
"""More than the sum of the digits of a number, and no multiple of ten."""

Sizes = tuple[int, ...]


class DigitGroups:
    """The groups of digits in a text.

    All integers have a lane for each character, see `redaction.lanes`.
    """

    def __init__(self, latin: bytes) -> None:
        """Find the digits, and what is between them, in a text in Latin-1."""
        self._length, self._one = len(latin), ones(len(latin))
        self._facts, self._summands = lanes(latin, _FACTS), lanes(latin, BOTH_SUMMANDS)
        self._digit, self._letter, gap, space = map(self._where, (_DIGIT, _LETTER, _GAP, _SPACE))
        if BEYOND_LATIN in latin:
            beyond = lanes(latin, _IS_BEYOND_LATIN)
            gap, space = gap | beyond, space | beyond
        self._gaps = {1: gap, 2: space & space >> 8}
        self._begins = self._digit ^ self._digit & self._digit << 8
        part_of_more = self._letter << 8
        if b"." in latin:
            part_of_more |= self._where(_DOT) << 8 & self._digit << 16
        first = self._where(_FIRST)
        self._may_be_first = first ^ first & part_of_more if part_of_more else first
        self._summand = self._one * 15
        self._runs = {1: self._digit}
        self._groups: dict[int, int] = {}
        self._sums: dict[tuple[int, bool], int] = {}
        self._with_gaps: dict[tuple[Sizes, int], int] = {}

    def gaps(self) -> list[int]:
        """Return the lengths of gaps that there are."""
        return [gap for gap, where in self._gaps.items() if where]

    def with_valid_check_digit(self, sizes: Sizes, gap: int) -> list[int]:
        """Return where groups of the given sizes, with equal gaps, begin that may be a card number."""
        rows = all(map(self._group, sizes)) and self._numbers(sizes, gap)
        if not rows:
            return []
        starts = list(accumulate((size + gap for size in sizes), initial=0))
        if self._letter:
            rows ^= rows & self._letter >> 8 * (starts[-1] - gap)
        left = sum(sizes)
        summed = (self._one ^ rows) * _NO_CANDIDATE
        total = self._sum(sizes[0], left % 2 == 0)
        for size, before, start in zip(sizes[1:], sizes, starts[1:], strict=False):
            left -= before
            total += self._sum(size, left % 2 == 0) >> 8 * start
        summed |= total
        return list(_places_of_ones(summed.to_bytes(self._length, "little").translate(IS_MULTIPLE_OF_TEN)))

    def _where(self, bit: int) -> int:
        """Return 1 in the lanes where a fact is true of the character."""
        return self._facts >> bit & self._one

    def _run(self, size: int) -> int:
        """Return 1 in the lanes where at least the given number of digits begin."""
        if size not in self._runs:
            half = size // 2
            longer = self._run(size - half)
            self._runs[size] = longer and longer & self._run(half) >> 8 * (size - half)
        return self._runs[size]

    def _group(self, size: int) -> int:
        """Return 1 in the lanes where exactly the given number of digits begin."""
        if size not in self._groups:
            at_least = self._begins & self._run(size)
            self._groups[size] = at_least and at_least ^ (at_least & self._digit >> 8 * size)
        return self._groups[size]

    def _numbers(self, sizes: Sizes, gap: int) -> int:
        """Return 1 in the lanes where groups of the given sizes begin, with equal gaps in between."""
        if len(sizes) == 1:
            return self._group(sizes[0]) & self._may_be_first
        before = sizes[:-1]
        length = sum(before) + gap * (len(before) - 1)
        key = before, gap
        if key not in self._with_gaps:
            rows = self._numbers(before, gap)
            self._with_gaps[key] = rows and rows & self._gaps[gap] >> 8 * length
        rows = self._with_gaps[key]
        return rows and rows & self._group(sizes[-1]) >> 8 * (length + gap)

    def _sum(self, size: int, is_doubled: bool) -> int:
        """Return the sum of the given number of digits in each lane, with every other digit doubled."""
        key = size, is_doubled
        if key not in self._sums:
            if size == 1:
                summed = (self._summands >> 4 if is_doubled else self._summands) & self._summand
            else:
                half = 1 << (size - 1).bit_length() - 1
                behind = self._sum(size - half, is_doubled ^ (half == 1))
                summed = self._sum(half, is_doubled) + (behind >> 8 * half)
            self._sums[key] = summed
        return self._sums[key]


def written(sizes: Sequence[int], gap: int) -> str:
    """Return an example of groups of digits with equal gaps."""
    return (" " * gap).join("0" * size for size in sizes)


def _places_of_ones(flags: bytes) -> Iterator[int]:
    place = flags.find(1)
    while place >= 0:
        yield place
        place = flags.find(1, place + 1)
