"""Detect IP addresses, also in host names of EC2 instances.

A long text may have very many numbers with dots that are no addresses. Therefore, all IPv4 addresses in it
are checked together. A pattern finds those in a short text faster.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from string import digits

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.lanes import facts, lanes, ones
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, merged, only

# --- IPv4 ---

# All digits in a row, so that the search never tries a shorter number.
_OCTET = r"(?:1[0-9]{0,2}+|2(?:[0-4][0-9]?+|5[0-5]?+|[6-9])?+|[3-9][0-9]?+|0)"
# The pattern begins with a digit instead of the condition before it, so that only digits are searched.
_FIRST_OCTET = (
    r"[0-9](?<![\w.].)(?:(?<=1)[0-9]{0,2}+|(?<=2)(?:[0-4][0-9]?+|5[0-5]?+|[6-9])?+|(?<=[3-9])[0-9]?+|(?<=0))"
)
_IPV4 = re.compile(rf"({_FIRST_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?!\w|\.[0-9]))")
_FOUR_NUMBERS = re.compile(r"([0-9](?<![\w.].)[0-9]*+\.[0-9]++\.[0-9]++\.[0-9]++(?!\w|\.[0-9]))")
_SOME_IPV4 = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_BESIDE_ADDRESS = re.compile(r"[^\w.]")
_MIN_LONG, _CHUNK = 1024, 32 * 1024
_MAX_DOTS = 2
"""The number of dots for each piece of text, an address or what is between two, from which few are valid."""
_MAX_FEW = 128
"""The number of characters for each address from which addresses are checked one by one."""

# Browsers state only the first number of their version: `Chrome/139.0.0.0`. No host has such an address.
_END_OF_VERSION = ".0.0.0"
_VERSION = re.compile(r"[A-Za-z]/.{2,3}\.0\.0\.0\Z")
_MAX_BEFORE_VERSION = len("A/..")

# What is true of a character, a bit each.
_DIGIT, _NOT_0, _IS_1, _IS_2, _TO_4, _TO_5, _DOT, _WORD = range(8)
_WORD_CHARACTERS = "".join(re.findall(r"\w", "".join(map(chr, range(256)))))
_FACTS = facts(digits, digits[1:], "1", "2", digits[:5], digits[:6], ".", _WORD_CHARACTERS)
_LETTER_BEYOND_LATIN = re.compile(r"[^\W\x00-\xff](?:(?=[0-9])|(?<=[0-9].))")

# --- IPv6, and names of hosts ---

# "EC2 instance hostnames", Amazon EC2 user guide: ip-10-0-0-1.ec2.internal and
# ec2-203-0-113-7.compute-1.amazonaws.com.
_HOST_NAME = re.compile(rf"((?:ip-(?<![\w.]...)|ec2-(?<![\w.]....)){_OCTET}(?:-{_OCTET}){{3}}(?!\w|\.[0-9]))")

# A colon before an address is part of it, unless it ends a name: PostgreSQL's `UTC:2001:db8::1(53211):`, and
# `host:2001:db8::1` of LTSV. A name has a letter that no group has among its last four characters.
_END_OF_NAME = [rf"[G-Zg-z_]\w{{{count}}}:" for count in range(4)]
_BEHIND_NAME = "|".join(f"(?<={end}.)" for end in _END_OF_NAME)
_SOME_BEHIND_NAME = re.compile(
    r":(?:(?<=[A-Za-z_]:)|(?<=[A-Za-z_]\w:))(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:])"
    rf"(?:{'|'.join(f'(?<={end})' for end in _END_OF_NAME)})"
)
_SOME_IPV6 = re.compile(r":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:")


@cache
def _ipv6(behind_name: bool) -> re.Pattern[str]:
    """Return a pattern for an IPv6 address (RFC 4291, section 2.2), of which an IPv4 address may be the end.

    An address has a digit, unlike a name in a program, such as `ace::fed`. Dots and colons behind an address
    do not belong to it.

    Args:
        behind_name: Whether to find addresses behind a name and a colon, too, which takes longer.
    """
    group = "[0-9A-Fa-f]{1,4}+"
    ipv4 = r"[0-9]{1,3}+\.[0-9]{1,3}+\.[0-9]{1,3}+\.[0-9]{1,3}+"
    end = r"(?:(?![\w:.])|(?=\.++(?![\w:.]))|(?<![:.])(?=[.:]++(?![\w:.])))"

    def after_gap(most: int) -> str:
        """Return a pattern for up to a number of groups behind the `::`."""
        last = f"{group}(?::{group}){{0,{most - 1}}}+{end}"
        if most > 1:
            last += rf"|(?=[0-9A-Fa-f:]*+\.)(?:{group}:){{0,{most - 2}}}+{ipv4}{end}"
        return f"(?:{last}|(?![0-9A-Fa-f]){end})"

    def after_groups(count: int) -> str:
        """Return a pattern for what is behind a number of groups and the colon of the last one."""
        if count == 7:
            return f"(?::(?![0-9A-Fa-f]){end}|{group}{end})"
        rest = f":{after_gap(7 - count)}|{group}:{after_groups(count + 1)}"
        return f"(?:{rest}|{ipv4}{end})" if count == 6 else f"(?:{rest})"

    before = rf"(?<![\w.].)(?:(?<!:.)|{_BEHIND_NAME})" if behind_name else r"(?<![\w:.].)"
    # The pattern begins with one character instead of the condition before it, which makes the search fast.
    return re.compile(
        rf"([0-9A-Fa-f:]{before}(?:(?<=[0-9])|(?=[A-Fa-f:]*+[0-9]))"
        rf"(?:(?<!:)[0-9A-Fa-f]{{0,3}}+:{after_groups(1)}|(?<=:):{after_gap(7)}))"
    )


# A World Wide Name of storage networks or another EUI-64: an address would be written without leading zeros.
_EIGHT_PAIRS = re.compile(r"(?:[0-9A-Fa-f]{2}:){7}[0-9A-Fa-f]{2}")
_LENGTH_OF_EIGHT_PAIRS = len("00:11:22:33:44:55:66:77")
_IPV4_AT_END = re.compile(rf"(?<=:){_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}\Z")


def find_ip_address(text: str, may_hold_ipv6: bool) -> Cut:
    """Split a text at IPv4 and IPv6 addresses."""
    cuts: list[Cut] = []
    if _SOME_IPV4.search(text):
        cut = _ipv4_in(text)
        cuts.append(_without_versions(cut) if _END_OF_VERSION in text else cut)
    if "-" in text and ("ip-" in text or "ec2-" in text):
        cuts.append(_HOST_NAME.split(text))
    if may_hold_ipv6:
        cut = _ipv6(behind_name=_SOME_BEHIND_NAME.search(text) is not None).split(text)
        cuts.append(only(cut, list(map(_is_ipv6, cut[1::2]))))
    return merged(text, *cuts) if cuts else [text]


def _is_ipv6(found: str) -> bool:
    if "." in found:
        return _IPV4_AT_END.search(found) is not None
    return len(found) != _LENGTH_OF_EIGHT_PAIRS or not _EIGHT_PAIRS.fullmatch(found)


def _ipv4_in(text: str) -> Cut:
    """Split a text at IPv4 addresses."""
    if len(text) < _MIN_LONG:
        return _IPV4.split(text)
    pieces: Cut = []
    unfound: list[str] = []
    are_mostly_valid = False
    for start, end in _chunks(text):
        if are_mostly_valid:  # The pattern is faster if nearly all that it tries are addresses.
            first, *others = _IPV4.split(text[start:end])
        else:
            first, *others = _ipv4_in_chunk(text, start, end)
        are_mostly_valid = end - start < len(others) * _MAX_FEW // 2 and (
            text.count(".", start, end) < len(others) * _MAX_DOTS
        )
        unfound.append(first)
        if others:
            pieces += "".join(unfound), *others[:-1]
            unfound = [others[-1]]
    return [*pieces, "".join(unfound)]


def _chunks(text: str) -> Iterator[Span]:
    """Yield the spans of parts of a text between which no address is cut, so that each part fits a cache."""
    start = 0
    while start < len(text):
        beside = _BESIDE_ADDRESS.search(text, start + _CHUNK)
        end = beside.end() if beside else len(text)
        yield start, end
        start = end


def _ipv4_in_chunk(text: str, start: int, end: int) -> Cut:
    most = (end - start) // _MAX_FEW + 1
    few = list(islice(_SOME_IPV4.finditer(text, start, end), most))
    if len(few) == most:
        return _many_ipv4_in(text[start:end])
    spans: list[Span] = []
    for number in few:
        dot = number.start()
        before = text[max(dot - 3, start) : dot]
        found = _IPV4.match(text, dot - len(before) + len(before.rstrip(digits)), end)
        if found:
            spans.append((found.start() - start, found.end() - start))
    return cut_at(text[start:end], spans)


def _many_ipv4_in(text: str) -> Cut:
    """Split a text at IPv4 addresses, which are checked together."""
    searched = text if text.isascii() else _LETTER_BEYOND_LATIN.sub("w", text)
    latin = searched.encode("latin-1", "replace") + b" "  # so that something is behind the last number
    known, one = lanes(latin, _FACTS), ones(len(latin))

    def has(bit: int, offset: int = 0) -> int:
        """Return 1 in the lanes where a fact is true of the character, or of one behind it."""
        return known >> 8 * offset + bit & one

    digit, digit_behind, dot, word = has(_DIGIT), has(_DIGIT, 1), has(_DOT), has(_WORD)
    is_to_255 = has(_IS_1) | has(_IS_2) & has(_TO_5, 1) & (has(_TO_4, 1) | has(_TO_5, 2))
    is_octet = digit & (
        (one ^ digit_behind) | has(_NOT_0) & ((one ^ has(_DIGIT, 2)) | (one ^ has(_DIGIT, 3)) & is_to_255)
    )
    # Adding 1 to the first digit of a number, in which each lane is 255, carries it to the lane behind it.
    numbers = digit * 255
    first = digit ^ digit & (word | dot) << 8
    is_end = one ^ (word | dot & digit_behind)

    def ends(is_valid: int) -> int:
        """Return 1 in the lanes behind four numbers that are valid where they begin."""
        at = first & is_valid
        for _ in range(3):
            at = (at + numbers & dot) << 8 & is_valid
        return at + numbers & is_end

    valid = ends(is_octet)
    if not valid:
        return [text]
    cut = _FOUR_NUMBERS.split(text)
    if valid.bit_count() == len(cut) // 2:
        return cut
    are_valid = (ends(digit) + valid).to_bytes(len(latin), "little").translate(None, b"\0")  # 1 or 2 for each
    return only(cut, are_valid.replace(b"\1", b"\0"))


def _without_versions(cut: Cut) -> Cut:
    """Return the cut without versions of browsers."""
    return only(
        cut,
        [
            not found.endswith(_END_OF_VERSION) or not _VERSION.search(before[-_MAX_BEFORE_VERSION:] + found)
            for before, found in zip(cut[0::2], cut[1::2], strict=False)
        ],
    )


def _may_hold_ipv6(text: str) -> bool:
    return ":" in text and ("::" in text or _SOME_IPV6.search(text) is not None)


IP_ADDRESS = Detection(
    Detector.IP_ADDRESS,
    "IPv4 and IPv6, also in the names of EC2 instances",
    find_ip_address,
    looks_far_where=_may_hold_ipv6,
)
