"""Validate payment card numbers: network, length and check digit.

A text may have very many numbers. Their check digits are computed together: each digit is a byte of one large
integer, and adding such integers adds the digits of all numbers.
"""

import re
from collections.abc import Sequence

from loginformant_shipper.redaction.lanes import facts, lanes

# A number that is part of a word or has decimals is not the number of a card.
BEFORE_DIGIT = r"(?<![A-Za-z0-9_].)(?<![0-9]\..)"
"""The condition before a number is checked after its first digit, since digits are found faster."""
BEHIND = r"(?![A-Za-z0-9_]|\.[0-9]*[1-9])"

# ISO/IEC 7812, and the lengths of the networks' numbers (Wikipedia, "Payment card number"): American Express,
# Diners Club, JCB; Visa; Mastercard and Mir; Maestro, Discover, UnionPay and RuPay. Neither a time since 1970
# before the year 2039 nor the IMEI of a telephone (15 digits, the first two from 35 on) matches.
_OF_A_NETWORK = (
    r"(?:4[0-9]{12}(?:[0-9]{3}(?:[0-9]{3})?)?"
    r"|5(?:[1-5][0-9]{14}|[06-9][0-9]{11,17})"
    r"|6[0-9]{12,18}"
    r"|3(?:[47][0-9]{13}|[0689][0-9]{12}(?:[0-9]{2,5})?|5[0-9]{14,17})"
    r"|2(?:(?:2[0-9]|[3-6][0-9]|7[0-2])[0-9]{13}|20[0-9]{14,16}))"
)
_NUMBER_OF_A_NETWORK = re.compile(_OF_A_NETWORK.encode())

# The same as sets of the first, the second and the third digit, and of lengths.
_Rule = tuple[str, str, str, Sequence[int]]
_ANY = "0123456789"
_RULES: tuple[_Rule, ...] = (
    ("4", _ANY, _ANY, (13, 16, 19)),
    ("5", "12345", _ANY, (16,)),
    ("5", "06789", _ANY, range(13, 20)),
    ("6", _ANY, _ANY, range(13, 20)),
    ("3", "47", _ANY, (15,)),
    ("3", "0689", _ANY, (14, *range(16, 20))),
    ("3", "5", _ANY, range(16, 20)),
    ("2", "23456", _ANY, (16,)),
    ("2", "7", "012", (16,)),
    ("2", "2", "0", range(17, 20)),
)


def _network_tables(rules: Sequence[_Rule]) -> list[bytes]:
    """Return a table for each of three digits and for lengths: a bit for each of up to eight rules."""
    firsts, seconds, thirds, lengths = zip(*rules, strict=True)
    return [
        facts(*firsts),
        facts(*seconds),
        facts(*thirds),
        facts(*("".join(map(chr, it)) for it in lengths)),
    ]


_NETWORK_TABLES = _network_tables(_RULES[:8]), _network_tables(_RULES[8:])
_IS_NOT_0 = bytes(byte != 0 for byte in range(256))

# ISO/IEC 7812-1, annex B: the algorithm of Luhn.
_VALUE = bytes(byte - 48 if byte in b"0123456789" else 0 for byte in range(256))
_VALUE_OF_DOUBLE = bytes(sum(divmod(2 * value, 10)) for value in _VALUE)
"""The sum of the digits of twice the digit."""
BOTH_SUMMANDS = bytes(map(int.__or__, _VALUE, [value << 4 for value in _VALUE_OF_DOUBLE]))
"""The digit in the lower four bits, and the sum of the digits of its double in the others."""
IS_MULTIPLE_OF_TEN = bytes(byte % 10 == 0 for byte in range(256))
_MIN_AT_ONCE = 16
_WIDTH = 20


def is_of_a_network(number: bytes) -> bool:
    """Return whether digits have the beginning and the length of a card network's numbers."""
    return _NUMBER_OF_A_NETWORK.fullmatch(number) is not None


def are_card_numbers(numbers: Sequence[str]) -> bytes:
    """Return for each number of 13 to 19 digits 1 if it is valid and of a card network, else 0."""
    count = len(numbers)
    if count < _MIN_AT_ONCE:
        return bytes([is_of_a_network(it) and is_luhn_valid(it) for it in map(str.encode, numbers)])
    columns = _columns(numbers)
    lengths = bytes([len(columns)]) * count if len(columns) < _WIDTH else bytes(map(len, numbers))
    if len(columns) < _WIDTH:
        prefixes = columns[:3]
    else:
        beginnings = "".join([number[:3] for number in numbers]).encode()
        prefixes = [beginnings[place::3] for place in range(3)]
    are_cards = int.from_bytes(are_columns_luhn_valid(columns), "little")
    are_cards &= int.from_bytes(are_prefixes_of_networks(prefixes, lengths), "little")
    return are_cards.to_bytes(count, "little")


def are_prefixes_of_networks(first_digits: Sequence[bytes], lengths: bytes) -> bytes:
    """Return for each number 1 if it is a number of a card network, else 0.

    Args:
        first_digits: The first, the second and the third digit of each number.
        lengths: The number of digits of each number.
    """
    some = 0
    for *tables, of_length in _NETWORK_TABLES:
        of_rule = lanes(lengths, of_length)
        for digits, table in zip(first_digits, tables, strict=True):
            of_rule &= lanes(digits, table)
        some |= of_rule
    return some.to_bytes(len(lengths), "little").translate(_IS_NOT_0)


def is_luhn_valid(number: bytes) -> bool:
    """Return whether the last digit is the check digit of the others."""
    return (sum(number[-1::-2].translate(_VALUE)) + sum(number[-2::-2].translate(_VALUE_OF_DOUBLE))) % 10 == 0


def are_luhn_valid(numbers: Sequence[str]) -> bytes:
    """Return for each number of up to 19 digits 1 if its last digit is its check digit, else 0."""
    if len(numbers) < _MIN_AT_ONCE:
        return bytes([is_luhn_valid(number.encode()) for number in numbers])
    return are_columns_luhn_valid(_columns(numbers))


def _columns(numbers: Sequence[str]) -> list[bytes]:
    """Return for each place of numbers of up to 19 digits the digits that the numbers have there.

    If the numbers differ in length, they have zeros before them.
    """
    count, width = len(numbers), len(numbers[0])
    digits = "\n".join(numbers).encode()
    if len(digits) == count * (width + 1) - 1 and digits[width :: width + 1] == b"\n" * (count - 1):
        return [digits[place :: width + 1] for place in range(width)]
    digits = "".join([number.rjust(_WIDTH, "0") for number in numbers]).encode()
    return [digits[place::_WIDTH] for place in range(_WIDTH)]


def are_columns_luhn_valid(columns: Sequence[bytes]) -> bytes:
    """Return for each number 1 if its last digit is its check digit, else 0.

    Args:
        columns: For each place of the numbers, which have the same length, the digits that they have there.
    """
    sums = sum(
        lanes(column, _VALUE_OF_DOUBLE if (len(columns) - place) % 2 == 0 else _VALUE)
        for place, column in enumerate(columns)
    )
    return sums.to_bytes(len(columns[0]), "little").translate(IS_MULTIPLE_OF_TEN)
