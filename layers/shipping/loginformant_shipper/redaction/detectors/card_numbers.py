"""Validate payment card numbers: network, length and check digit.

A text may have very many numbers. Their check digits are computed together: each digit is a byte of one large
integer, and adding such integers adds the digits of all numbers.
"""

import re
from collections.abc import Sequence

from loginformant_shipper.redaction.lanes import lanes

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
_NUMBERS_OF_NETWORKS = re.compile(rf"(?:{_OF_A_NETWORK}\n)*+")

# ISO/IEC 7812-1, annex B: the algorithm of Luhn.
_VALUE = bytes(byte - 48 if byte in b"0123456789" else 0 for byte in range(256))
_VALUE_OF_DOUBLE = bytes(sum(divmod(2 * value, 10)) for value in _VALUE)
"""The sum of the digits of twice the digit."""
IS_MULTIPLE_OF_TEN = bytes(byte % 10 == 0 for byte in range(256))
_MIN_AT_ONCE = 16
_WIDTH = 20


def is_of_a_network(number: bytes) -> bool:
    """Return whether digits have the beginning and the length of a card network's numbers."""
    return _NUMBER_OF_A_NETWORK.fullmatch(number) is not None


def are_of_networks(numbers: Sequence[str]) -> Sequence[bool]:
    """Return for each number whether it is a number of a card network."""
    if not numbers or _NUMBERS_OF_NETWORKS.fullmatch("\n".join([*numbers, ""])):
        return [True] * len(numbers)
    return [is_of_a_network(number.encode()) for number in numbers]


def is_luhn_valid(number: bytes) -> bool:
    """Return whether the last digit is the check digit of the others."""
    return (sum(number[-1::-2].translate(_VALUE)) + sum(number[-2::-2].translate(_VALUE_OF_DOUBLE))) % 10 == 0


def are_luhn_valid(numbers: Sequence[str]) -> bytes:
    """Return for each number of up to 20 digits 1 if its last digit is its check digit, else 0."""
    count = len(numbers)
    if not count:
        return b""
    if count < _MIN_AT_ONCE:
        return bytes(map(is_luhn_valid, map(str.encode, numbers)))
    width = len(numbers[0])
    digits = "\n".join(numbers).encode()
    if len(digits) == count * (width + 1) - 1 and digits[width :: width + 1] == b"\n" * (count - 1):
        step = width + 1  # All are as long as the first one.
    else:
        width = step = _WIDTH
        digits = "".join([number.rjust(_WIDTH, "0") for number in numbers]).encode()
    sums = sum(values(digits[place::step], (width - place) % 2 == 0) for place in range(width))
    return sums.to_bytes(count, "little").translate(IS_MULTIPLE_OF_TEN)


def values(digits: bytes, is_doubled: bool) -> int:
    """Return an integer with eight bits for each digit, its summand. The first digit has the lowest bits."""
    return lanes(digits, _VALUE_OF_DOUBLE if is_doubled else _VALUE)
