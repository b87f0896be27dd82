"""Detect national ids and bank account numbers with distinctive formats."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import compress, repeat
from string import ascii_uppercase, digits

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.card_numbers import IS_MULTIPLE_OF_TEN
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.lanes import lanes
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, merged, only, without_overlaps

# United States: Social Security Administration, "Social Security number randomization": never 000, 666 or 900
# and above, 00, 0000.
_US_SSN = re.compile(
    r"([0-8](?<![\w-].)(?!(?<=0)00|(?<=6)66)[0-9]{2}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-]))"
)
_SOME_US_SSN = re.compile(r"-[0-9]{2}-[0-9]{4}")
# Brazil, Receita Federal: two check digits.
_CPF = re.compile(r"([0-9](?<![\w.-].)[0-9]{2}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\w-]))")
_SOME_CPF = re.compile(r"-[0-9]{2}(?<=\.[0-9]{3}-[0-9]{2})")
_CPF_EXAMPLE = "529.982.247-25"
# Switzerland, Central Compensation Office: the country's 756, and the check digit of EAN-13.
_AHV = re.compile(r"(756(?<![\w.]...)\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}(?![\w]|\.[0-9]))")
_AHV_EXAMPLE = "756.9217.0769.85"

# ISO 13616: country, two check digits, letters and digits, often in groups of four. Each country has its own
# length (SWIFT, "IBAN registry"). The pattern is matched against a text in which each character is replaced
# by its kind, so that the pattern begins with a fixed string.
_BEGINNING_OF_IBAN = b"AA00"
_IBAN_START = re.compile(_BEGINNING_OF_IBAN + rb"(?<![Aa0].{4})(?= ?[A0]{4})")
_KIND_OF = bytes(
    ord("-" if code > 127 or not chr(code).isalnum() else "0" if code < 58 else "A" if code < 91 else "a")
    if chr(code) not in " \xa0+"
    else ord(" ")
    for code in range(256)
)
_IBAN_CHARACTERS = re.compile(r"(?:[ \xa0+]?[A-Z0-9]{1,4}){1,9}+")
_IS_IBAN = re.compile(rb"[A-Z0-9]+")
_SPACES = b" \xa0+"
"""In a form, a plus sign stands for a space."""
_GROUP = 4
_MIN_AT_ONCE = 16
"""The number of candidates from which it is faster to check them together."""
_IBAN_LENGTHS = {
    country.encode(): length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}
_MAX_SIZE = max(_IBAN_LENGTHS.values()) + max(_IBAN_LENGTHS.values()) // _GROUP


def find_national_id(text: str, _: bool = False) -> Cut:
    """Split a text at social security numbers, tax numbers and account numbers."""
    cuts: list[Cut] = []
    if "-" in text:
        if _SOME_US_SSN.search(text):
            cuts.append(_US_SSN.split(text))
        if _SOME_CPF.search(text):
            cut = _CPF.split(text)
            cuts.append(only(cut, are_cpf(cut[1::2])))
    if "." in text and "756." in text:
        cut = _AHV.split(text)
        cuts.append(only(cut, are_ahv(cut[1::2])))
    latin = text.encode("latin-1", "replace")
    kinds = latin.translate(_KIND_OF)
    if _BEGINNING_OF_IBAN in kinds:
        cuts.append(cut_at(text, without_overlaps(list(_account_numbers(text, latin, kinds)))))
    return merged(text, *cuts) if cuts else [text]


def are_cpf(numbers: Sequence[str]) -> bytes:
    """Return for each number 1 if its check digits are valid and not all digits are the same, else 0.

    Args:
        numbers: Numbers as they are written, all with the same punctuation.
    """
    if len(numbers) < _MIN_AT_ONCE:
        return bytes(map(_is_cpf, numbers))
    columns = _digit_columns(numbers, _CPF_EXAMPLE)
    differing = 0
    for column in columns[1:]:
        differing |= lanes(columns[0], _AS_IT_IS) ^ lanes(column, _AS_IT_IS)
    wrong = 0
    for count in (9, 10):
        weighted = sum(lanes(columns[place], _WEIGHTED_11[count + 1 - place]) for place in range(count))
        check_digit = _bytes(weighted, numbers).translate(_CHECK_DIGIT_11)
        wrong |= int.from_bytes(check_digit, "little") ^ lanes(columns[count], _VALUE_OF_SIGN)
    valid = lanes(_bytes(differing, numbers), _IS_NOT_0) & lanes(_bytes(wrong, numbers), _IS_0)
    return _bytes(valid, numbers)


def are_ahv(numbers: Sequence[str]) -> bytes:
    """Return for each number 1 if its check digit is valid, else 0."""
    if len(numbers) < _MIN_AT_ONCE:
        return bytes(map(_is_ahv, numbers))
    columns = _digit_columns(numbers, _AHV_EXAMPLE)
    total = sum(
        lanes(column, _TRIPLE if place % 2 else _VALUE_OF_SIGN) for place, column in enumerate(columns)
    )
    return _bytes(total, numbers).translate(IS_MULTIPLE_OF_TEN)


def _is_cpf(number: str) -> bool:
    digits = [int(sign) for sign in number if sign.isdigit()]
    sums = [
        sum(weight * digit for weight, digit in zip(range(count + 1, 1, -1), digits, strict=False))
        for count in (9, 10)
    ]
    return [summed * 10 % 11 % 10 for summed in sums] == digits[9:] and len(set(digits)) > 1


def _is_ahv(number: str) -> bool:
    digits = [int(sign) for sign in number if sign.isdigit()]
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def _digit_columns(numbers: Sequence[str], example: str) -> list[bytes]:
    """Return for each digit of an example the digits that numbers with the same punctuation have there."""
    columns = _columns("".join(numbers).encode(), len(example))
    return list(compress(columns, map(str.isdigit, example)))


def _bytes(sums: int, numbers: Sequence[str]) -> bytes:
    return sums.to_bytes(len(numbers), "little")


def _account_numbers(text: str, latin: bytes, kinds: bytes) -> Iterator[Span]:
    starts = [match.start() for match in _IBAN_START.finditer(kinds)]
    if len(starts) < _MIN_AT_ONCE:
        for start in starts:
            length = _IBAN_LENGTHS.get(latin[start : start + 2], 0)
            number = latin[start : start + 2 * length].translate(None, _SPACES)[:length]
            if number and len(number) == length and _is_iban(number):
                end = _end_of_iban(text, start, length)
                if end:
                    yield start, end
        return
    latin += b"\n" * 2 * _MAX_SIZE  # so that all parts of the text have the same length
    parts = [latin[start : start + _MAX_SIZE] for start in starts]
    for country, chosen in _by_country(parts).items():
        are_all = len(chosen) == len(starts)
        places = starts if are_all else [starts[index] for index in chosen]
        numbers = b"".join(parts if are_all else [parts[index] for index in chosen])
        length = _IBAN_LENGTHS[country]
        are_in_groups = 2 * numbers[_GROUP::_MAX_SIZE].translate(_IS_SPACE).count(1) > len(places)
        for group in (_GROUP, length) if are_in_groups else (length, _GROUP):
            regular, irregular = _regular_ibans(numbers, length, group)
            size = length + (length - 1) // group
            for start in compress(places, regular):
                if not text[start + size : start + size + 1].isalnum():
                    yield start, start + size
            if 1 not in irregular:
                break
            left = list(compress(range(len(places)), irregular))
            places = [places[index] for index in left]
            numbers = b"".join([numbers[index * _MAX_SIZE : (index + 1) * _MAX_SIZE] for index in left])
        else:
            yield from _irregular_ibans(text, latin, places, length)


def _by_country(parts: Sequence[bytes]) -> dict[bytes, Sequence[int]]:
    """Return the indexes of parts of a text that begin with each country of the registry."""
    country = parts[0][:2]
    if all(map(bytes.startswith, parts, repeat(country))):
        return {country: range(len(parts))} if country in _IBAN_LENGTHS else {}
    countries = [part[:2] for part in parts]
    of_country: dict[bytes, list[int]] = {country: [] for country in _IBAN_LENGTHS.keys() & set(countries)}
    for index, country in enumerate(countries):
        if country in of_country:
            of_country[country].append(index)
    return {**of_country}


def _regular_ibans(numbers: bytes, length: int, group: int) -> tuple[bytes, bytes]:
    """Return for each number 1 if it is valid and in groups of a size, and 1 if it is not in such groups.

    Args:
        numbers: Parts of the text that begin with the numbers, one behind the other.
        length: The length of the numbers without spaces.
        group: The size of the groups.
    """
    size = length + (length - 1) // group
    columns = [numbers[place::_MAX_SIZE] for place in range(size)]
    irregular = 0
    for spaces in columns[group :: group + 1]:
        irregular |= lanes(spaces, _IS_NO_SPACE)
    del columns[group :: group + 1]
    valid, others = _iban_flags(columns)
    irregular |= others
    count = len(columns[0])
    return (valid ^ valid & irregular).to_bytes(count, "little"), irregular.to_bytes(count, "little")


def _irregular_ibans(text: str, latin: bytes, places: Sequence[int], length: int) -> Iterator[Span]:
    parts = [latin[start : start + 2 * length].translate(None, _SPACES)[:length] for start in places]
    for start in compress(places, are_ibans(b"".join([part.ljust(length) for part in parts]), length)):
        if end := _end_of_iban(text, start, length):
            yield start, end


def _end_of_iban(text: str, start: int, length: int) -> int | None:
    """Return the end of an account number of the given length, or None if it is part of a longer one."""
    number = _of_length(length).match(text, start)
    rest = _IBAN_CHARACTERS.match(text, start + 4)
    return number.end() if number and rest and number.end() <= rest.end() else None


@cache
def _of_length(length: int) -> re.Pattern[str]:
    return re.compile(rf"(?:[ \xa0+]?[A-Z0-9]){{{length}}}(?![^\W_])")


def _is_iban(number: bytes) -> bool:
    moved = number[4:] + _DIGITS_OF_COUNTRY[number[:2]] + number[2:4]
    if not moved.isdigit():
        if not _IS_IBAN.fullmatch(number):
            return False
        moved = moved.decode().translate(_VALUES_OF_LETTERS).encode()
    return int(moved) % 97 == 1


def are_ibans(numbers: bytes, length: int) -> bytes:
    """Return for each number without spaces 1 if it has valid check digits, else 0.

    Args:
        numbers: Numbers of one length, one behind the other.
        length: Their length.
    """
    valid, others = _iban_flags(_columns(numbers, length))
    return (valid ^ valid & others).to_bytes(len(numbers) // length, "little")


def _columns(numbers: bytes, length: int) -> list[bytes]:
    """Return for each place of numbers of one length the characters that the numbers have there."""
    return [numbers[place::length] for place in range(length)]


def _iban_flags(columns: Sequence[bytes]) -> tuple[int, int]:
    """Return 1 in the lanes of numbers with valid check digits, and in those with unexpected characters.

    The check digits are valid if the remainder is 1 (ISO 7064, MOD 97-10), where a letter counts as two
    digits, and the first four characters are behind the others.
    """
    remainders = bytes(len(columns[0]))
    others = 0
    rest = [*columns[4:], *columns[:4]]
    while rest:
        three = rest[:3]
        if len(three) == 3 and all(map(bytes.isdigit, three)):  # The sum is 222 at most.
            summed = lanes(remainders, _TIMES_1000)
            for column, table in zip(three, (_DIGIT_TIMES_100, _DIGIT_TIMES_10, _VALUE_OF_SIGN), strict=True):
                summed += lanes(column, table)
            del rest[:3]
        else:
            column = rest.pop(0)
            summed = lanes(remainders, _TIMES_10)
            if not column.isdigit():
                summed ^= (summed ^ lanes(remainders, _TIMES_100)) & lanes(column, _IS_LETTER)
                others |= lanes(column, _IS_OTHER)
            summed += lanes(column, _VALUE_OF_SIGN)
        remainders = summed.to_bytes(len(remainders), "little").translate(_MOD_97)
    return lanes(remainders, _IS_1), others


_AS_IT_IS = bytes(range(256))
_IS_0, _IS_NOT_0 = bytes(byte == 0 for byte in range(256)), bytes(byte != 0 for byte in range(256))
_IS_1 = bytes(byte == 1 for byte in range(256))
_IS_SPACE, _IS_NO_SPACE = (
    bytes((byte in _SPACES) is is_space for byte in range(256)) for is_space in (True, False)
)
_VALUES_OF_LETTERS = {ord(letter): str(int(letter, 36)) for letter in ascii_uppercase}
_DIGITS_OF_COUNTRY = {
    country: country.decode().translate(_VALUES_OF_LETTERS).encode() for country in _IBAN_LENGTHS
}
_SIGNS = f"{digits}{ascii_uppercase}".encode()
_VALUE_OF_SIGN = bytes(max(_SIGNS.find(byte), 0) for byte in range(256))
"""The value of a digit or a letter: `A` is 10."""
_IS_LETTER = bytes(255 if byte in ascii_uppercase.encode() else 0 for byte in range(256))
_IS_OTHER = bytes(byte not in _SIGNS for byte in range(256))
_MOD_97 = bytes(byte % 97 for byte in range(256))
_TIMES_10, _TIMES_100, _TIMES_1000 = (
    bytes(byte * factor % 97 for byte in range(256)) for factor in (10, 100, 1000)
)
_DIGIT_TIMES_10, _DIGIT_TIMES_100 = (
    bytes(value * factor % 97 for value in _VALUE_OF_SIGN) for factor in (10, 100)
)
_TRIPLE = bytes(3 * value for value in _VALUE_OF_SIGN[:58]).ljust(256, b"\0")
_WEIGHTED_11 = [bytes(value * weight % 11 for value in _VALUE_OF_SIGN) for weight in range(12)]
_CHECK_DIGIT_11 = bytes(byte * 10 % 11 % 10 for byte in range(256))

NATIONAL_ID = Detection(
    Detector.NATIONAL_ID,
    "social security numbers of the United States, IBAN, Brazil's CPF, Switzerland's AHV number",
    find_national_id,
)
