"""Detectors find what must not leave the account; each gives a text back with that replaced.

All are linear in the length of the text. What each finds, and what it does not: docs/filtering.md.

Nearly all texts hold nothing. So each detector first looks for something that is cheap to find, without which
it finds nothing: a word, or a pattern that begins with a rare character.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.placeholders import placeholder
from loginformant_shipper.redaction.private_keys import redact_private_key

EMAIL: Final = placeholder(Detector.EMAIL)
CREDIT_CARD: Final = placeholder(Detector.CREDIT_CARD)
AWS_KEY: Final = placeholder(Detector.AWS_KEY)
TOKEN: Final = placeholder(Detector.TOKEN)
IP_ADDRESS: Final = placeholder(Detector.IP_ADDRESS)
NATIONAL_ID: Final = placeholder(Detector.NATIONAL_ID)

# --- e-mail addresses ---

# The local part is taken whole, from its first character on, so that no position is tried twice.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)(?:[\w-]{1,63}\.){1,16}[^\W\d_]{2,24}")


def redact_email(text: str) -> str:
    if "@" not in text and "%40" not in text:
        return text
    return _EMAIL.sub(EMAIL, text)


# --- credit cards ---

_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){12,}+")
_GROUP = re.compile(r"[0-9]+")
_CARD_LENGTHS = range(13, 20)  # ISO/IEC 7812, and what issuers use
_CARD_GROUP_LENGTHS = range(3, 8)
_MAX_CARD_GROUPS = 6
_CARD_BEGINS = re.compile(r"(?<![A-Za-z_])(?<![0-9]\.)(?:[3-6]|2[2-7])")
"""The first digits of issuers: travel, banks, merchants; of those with 2, Mastercard and Mir. No count of
time since 1970 begins so before the year 2039."""

_NUMBER_CONTINUES = re.compile(r"[A-Za-z_]|\.[0-9]*[1-9]")


def redact_credit_card(text: str) -> str:
    return _DIGITS.sub(_without_cards, text)


def _without_cards(found: re.Match[str]) -> str:
    text, end = found.string, found.end()
    groups = [group.span() for group in _GROUP.finditer(text, found.start(), end)]
    parts = []
    done, first = found.start(), 0
    while first < len(groups):
        last = _end_of_card(text, groups, first)
        if last:
            parts += [text[done : groups[first][0]], CREDIT_CARD]
            done = groups[last - 1][1]
        first = last or first + 1
    return "".join(parts) + text[done:end]


def _end_of_card(text: str, groups: Sequence[tuple[int, int]], first: int) -> int:
    """The index behind the last group of a card number that begins with group `first`; 0 if none does."""
    if not _CARD_BEGINS.match(text, groups[first][0]):
        return 0
    found, digits = 0, ""
    for index in range(first, min(first + _MAX_CARD_GROUPS, len(groups))):
        group = text[slice(*groups[index])]
        digits += group
        if len(digits) > _CARD_LENGTHS[-1]:
            break
        if (
            len(digits) in _CARD_LENGTHS
            and not _NUMBER_CONTINUES.match(text, groups[index][1])
            and is_luhn_valid(digits)
        ):
            found = index + 1
        if len(group) not in _CARD_GROUP_LENGTHS:
            break
    return found


def is_luhn_valid(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    return sum(map(int, digits[-1::-2] + digits[-2::-2].translate(_DIGITS_OF_DOUBLE))) % 10 == 0


_DIGITS_OF_DOUBLE = str.maketrans("0123456789", "0246813579")
"""The sum of the digits of twice the digit."""


# --- AWS access keys ---

# "IAM identifiers", AWS IAM user guide: AKIA is a user's key, ASIA a temporary one, ABIA a bearer token of
# STS, ACCA a credential of one service. Those of users (AIDA) and roles (AROA) are names, not credentials.
_AWS_KEY_ID = r"(?<![A-Za-z0-9])A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"
_AWS_SECRET = r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
_BETWEEN = r"[\"'\\\s:=,;|>-]{1,12}+"
_AWS_KEY_ID_AND_SECRET = re.compile(rf"{_AWS_KEY_ID}(?:({_BETWEEN}){_AWS_SECRET})?")
_AWS_SECRET_NAME = r"(?:secret[_-]?access[_-]?key|secret[_-]?key|aws[_-]?secret)"
_AWS_NAMED_SECRET = re.compile(rf"({_AWS_SECRET_NAME}{_BETWEEN}){_AWS_SECRET}", re.IGNORECASE)
_AWS_NAME = re.compile(rf"{_AWS_SECRET_NAME}\Z", re.IGNORECASE)
_AWS_SECRET_ALONE = re.compile(_AWS_SECRET + r"\Z")
# Session tokens of STS begin alike; in a URL they are percent-encoded.
_AWS_SESSION_TOKEN = re.compile(r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=%_-]{40,}+")


def redact_aws_key(text: str) -> str:
    if "A" in text:
        text = _AWS_KEY_ID_AND_SECRET.sub(
            lambda found: f"{AWS_KEY}{found[1]}{AWS_KEY}" if found[1] else AWS_KEY, text
        )
    if "ecret" in text or "ECRET" in text:
        text = _AWS_NAMED_SECRET.sub(rf"\1{AWS_KEY}", text)
    if "oJb3JpZ2lu" in text or "oGZXIvYXdz" in text:
        text = _AWS_SESSION_TOKEN.sub(AWS_KEY, text)
    return text


def is_named_aws_secret(name: str, value: str) -> bool:
    """Whether the value of a field of this name is a secret access key."""
    return _AWS_SECRET_ALONE.match(value) is not None and _AWS_NAME.search(name) is not None


# --- bearer tokens and JSON web tokens ---

# RFC 6750, section 2.1. A word is no token: there is a digit in it, or it is longer than words are.
_BEARER = re.compile(
    r"\b(bearer(?:[ _-]?token)?[\"'\\]{0,4}[\s:=]{1,4}[\"'\\]{0,4})"
    r"(?=[A-Za-z._~+/=-]*+[0-9]|[A-Za-z._~+/=-]{32})[A-Za-z0-9._~+/=-]{8,}+",
    re.IGNORECASE,
)
# RFC 7515 and 7516: base64url of a header that begins with `{"`, then one to four more parts, of which the
# second may be empty.
_JSON_WEB_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+\.(?:[A-Za-z0-9_-]{8,}+|(?=\.[A-Za-z0-9_-]{8}))(?:\.[A-Za-z0-9_-]*+){0,3}+"
)


def redact_token(text: str) -> str:
    if "eyJ" in text:
        text = _JSON_WEB_TOKEN.sub(TOKEN, text)
    if "earer" in text or "EARER" in text:
        text = _BEARER.sub(rf"\1{TOKEN}", text)
    return text


# --- IP addresses ---

# Also in the names of instances in EC2: ip-10-0-0-1.
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?<![\w.])(?:{_OCTET}(?:\.{_OCTET}){{3}}|ip-{_OCTET}(?:-{_OCTET}){{3}})(?!\w|\.[0-9])")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:.]*::|(?:[0-9A-Fa-f]{1,4}:){6})[0-9A-Fa-f:.]++(?!\w)")


_SOME_IPV4 = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_SOME_IPV6 = re.compile(r":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:")


def redact_ip_address(text: str) -> str:
    if "::" in text or _SOME_IPV6.search(text):
        text = _IPV6.sub(_without_ipv6, text)
    if "ip-" in text or _SOME_IPV4.search(text):
        text = _IPV4.sub(IP_ADDRESS, text)
    return text


def _without_ipv6(found: re.Match[str]) -> str:
    """A text such as `ace::fed` is a name in a program: what has no digit is left."""
    said: str = found[0]
    for address in (said, said.rstrip("."), said.rstrip(".:")):
        if len(address) <= _MAX_IPV6 and any(character.isdigit() for character in address):
            try:
                ipaddress.IPv6Address(address)
            except ValueError:
                continue
            return IP_ADDRESS + said[len(address) :]
    return said


_MAX_IPV6 = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

# --- national ids ---

# United States: Social Security Administration, "Social Security number randomization": never 000, 666 or 900
# and above, 00, 0000.
_US_SSN = re.compile(r"(?<![\w-])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![\w-])")
_SOME_US_SSN = re.compile(r"-[0-9]{2}-[0-9]{4}")
# ISO 13616: country, two check digits, up to 30 letters and digits, often in groups of four.
_IBAN = re.compile(
    r"[A-Z]{2}(?<![A-Za-z0-9]..)[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
)
# Brazil, Receita Federal: two check digits.
_CPF = re.compile(r"(?<![\w.-])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![\w-])")
_SOME_CPF = re.compile(r"\.[0-9]{3}-[0-9]{2}")
# Switzerland, Central Compensation Office: the country's 756, and the check digit of EAN-13.
_AHV = re.compile(r"(?<![\w.])756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}(?![\w]|\.[0-9])")


def redact_national_id(text: str) -> str:
    if _SOME_US_SSN.search(text):
        text = _US_SSN.sub(NATIONAL_ID, text)
    if _SOME_CPF.search(text):
        text = _CPF.sub(_where(_is_cpf), text)
    if "756." in text:
        text = _AHV.sub(_where(_is_ahv), text)
    return _IBAN.sub(_without_iban, text)


def _where(is_valid: Callable[[Sequence[int]], bool]) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        digits = [int(character) for character in found[0] if character.isdigit()]
        return NATIONAL_ID if is_valid(digits) else found[0]

    return replace


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


def _without_iban(found: re.Match[str]) -> str:
    """Words in capitals may follow: the longest part with a valid checksum is the number."""
    said: str = found[0]
    ends = [len(said), *(position for position in range(len(said) - 1, 0, -1) if said[position] == " ")]
    for end in ends:
        if is_iban(said[:end].replace(" ", "")):
            return NATIONAL_ID + said[end:]
    return said


def is_iban(text: str) -> bool:
    """Whether the check digits are those of the rest (ISO 7064, MOD 97-10); takes it without blanks."""
    return len(text) >= _IBAN_LENGTH and int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


_IBAN_LENGTH = 15
"""Of the shortest, Norway's."""


DETECTORS: Final[Mapping[Detector, Callable[[str], str]]] = {
    Detector.PRIVATE_KEY: redact_private_key,
    Detector.TOKEN: redact_token,
    Detector.AWS_KEY: redact_aws_key,
    Detector.EMAIL: redact_email,
    Detector.CREDIT_CARD: redact_credit_card,
    Detector.NATIONAL_ID: redact_national_id,
    Detector.IP_ADDRESS: redact_ip_address,
}
"""In the order in which they look: what is longest first."""
