"""Detect national ids and bank account numbers with distinctive formats."""

import re
from collections.abc import Callable, Iterator, Sequence
from string import ascii_uppercase

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, merged, only, without_overlaps

# United States: Social Security Administration, "Social Security number randomization": never 000, 666 or 900
# and above, 00, 0000.
_US_SSN = re.compile(r"((?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-]))")
# Brazil, Receita Federal: two check digits.
_CPF = re.compile(r"((?<![\w.-])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\w-]))")
_SOME_US_SSN_OR_CPF = re.compile(r"-[0-9]{2}(?:-[0-9]{4}|(?<=\.[0-9]{3}-[0-9]{2}))")
# Switzerland, Central Compensation Office: the country's 756, and the check digit of EAN-13.
_AHV = re.compile(r"(756(?<![\w.]...)\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}(?![\w]|\.[0-9]))")

# ISO 13616: country, two check digits, letters and digits, often in groups of four. Each country has its own
# length (SWIFT, "IBAN registry"). The pattern is matched against a text in which each character is replaced
# by its kind, so that the pattern begins with a fixed string.
_BEGINNING_OF_IBAN = b"AA00"
_IBAN_START = re.compile(_BEGINNING_OF_IBAN + rb"(?<![Aa0].{4})(?= ?[A0]{4})")
_KIND_OF = bytes(
    ord("-" if code > 127 or not chr(code).isalnum() else "0" if code < 58 else "A" if code < 91 else "a")
    if chr(code) not in " \xa0"
    else ord(" ")
    for code in range(256)
)
_IBAN_CHARACTERS = re.compile(r"(?:[ \xa0]?[A-Z0-9]{1,4}){1,9}+")
_IS_IBAN = re.compile(rb"[A-Z0-9]+\Z")
_BLANKS = b" \xa0"
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


def find_national_id(text: str, _: bool = False) -> Cut:
    """Split a text at social security numbers, tax numbers and account numbers."""
    cuts: list[Cut] = []
    if "-" in text and _SOME_US_SSN_OR_CPF.search(text):
        cuts.append(_US_SSN.split(text))
        cuts.append(_valid(_CPF, text, _is_cpf))
    if "." in text and "756." in text:
        cuts.append(_valid(_AHV, text, _is_ahv))
    latin = text.encode("latin-1", "replace")
    kinds = latin.translate(_KIND_OF)
    if _BEGINNING_OF_IBAN in kinds:
        cuts.append(cut_at(text, without_overlaps(list(_account_numbers(text, latin, kinds)))))
    return merged(text, *cuts) if cuts else [text]


def _valid(pattern: re.Pattern[str], text: str, is_valid: Callable[[Sequence[int]], bool]) -> Cut:
    cut = pattern.split(text)
    return only(cut, [is_valid([int(sign) for sign in found if sign.isdigit()]) for found in cut[1::2]])


def _is_cpf(digits: Sequence[int]) -> bool:
    def check_digit(of: Sequence[int]) -> int:
        weighted = sum(weight * digit for weight, digit in zip(range(len(of) + 1, 1, -1), of, strict=True))
        return weighted * 10 % 11 % 10

    return (
        len(set(digits)) > 1
        and check_digit(digits[:9]) == digits[9]
        and check_digit(digits[:10]) == digits[10]
    )


def _is_ahv(digits: Sequence[int]) -> bool:
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def _account_numbers(text: str, latin: bytes, kinds: bytes) -> Iterator[Span]:
    starts = [match.start() for match in _IBAN_START.finditer(kinds)]
    lengths = [_IBAN_LENGTHS.get(latin[start : start + 2], 0) for start in starts]
    numbers = [
        latin[start : start + 2 * length].translate(None, _BLANKS)[:length] if length else b""
        for start, length in zip(starts, lengths, strict=True)
    ]
    for start, length, number in zip(starts, lengths, numbers, strict=True):
        if number and is_iban(number) and len(number) == length:
            end = _end_of_iban(text, start, length)
            if end:
                yield start, end


def _end_of_iban(text: str, start: int, length: int) -> int | None:
    """Return the end of an account number of the given length, or None if it is part of a longer one."""
    rest = _IBAN_CHARACTERS.match(text, start + 4)
    if not rest:
        return None
    end = start + length
    while missing := length - len(text[start:end].replace(" ", "").replace("\xa0", "")):
        end += missing
    is_alone = not text[end : end + 1].isalnum()
    return end if is_alone and end <= rest.end() else None


def is_iban(number: bytes) -> bool:
    """Return whether an IBAN without blanks has valid check digits (ISO 7064, MOD 97-10)."""
    digits = number[4:] + _DIGITS_OF_COUNTRY[number[:2]] + number[2:4]
    if digits.isdigit():
        return int(digits) % 97 == 1
    return _IS_IBAN.match(number) is not None and int(_digits_of(digits)) % 97 == 1


def _digits_of(characters: bytes) -> bytes:
    return characters.decode().translate(_VALUES).encode()


_VALUES = {ord(character): str(int(character, 36)) for character in ascii_uppercase}
_DIGITS_OF_COUNTRY = {country: _digits_of(country) for country in _IBAN_LENGTHS}

NATIONAL_ID = Detection(
    Detector.NATIONAL_ID,
    "social security numbers of the United States, IBAN, Brazil's CPF, Switzerland's AHV number",
    find_national_id,
)
