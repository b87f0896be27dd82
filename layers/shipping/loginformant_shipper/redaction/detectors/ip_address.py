"""Detect IP addresses, also in host names of EC2 instances."""

import ipaddress
import re

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, merged

# All digits in a row, so that the search never tries a shorter number.
_OCTET = r"(?:1[0-9]{0,2}+|2(?:[0-4][0-9]?+|5[0-5]?+|[6-9])?+|[3-9][0-9]?+|0)"
# The pattern begins with a digit instead of the condition before it, so that only digits are searched.
_FIRST_OCTET = (
    r"[0-9](?<![\w.].)(?:(?<=1)[0-9]{0,2}+|(?<=2)(?:[0-4][0-9]?+|5[0-5]?+|[6-9])?+|(?<=[3-9])[0-9]?+|(?<=0))"
)
# Browsers state only the first number of their version: `Chrome/139.0.0.0`. No host has such an address.
_NO_VERSION = r"(?<![A-Za-z]/...\.0\.0\.0)(?<![A-Za-z]/..\.0\.0\.0)"
_ANY_IPV4 = rf"{_FIRST_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(?!\w|\.[0-9])"
_IPV4, _IPV4_OR_VERSION = re.compile(f"({_ANY_IPV4}{_NO_VERSION})"), re.compile(f"({_ANY_IPV4})")
_END_OF_VERSION = ".0.0.0"
_SOME_IPV4 = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
# "EC2 instance hostnames", Amazon EC2 user guide: ip-10-0-0-1.ec2.internal and
# ec2-203-0-113-7.compute-1.amazonaws.com.
_HOST_NAME = re.compile(rf"((?:ip-(?<![\w.]...)|ec2-(?<![\w.]....)){_OCTET}(?:-{_OCTET}){{3}}(?!\w|\.[0-9]))")

_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:.]*::|(?:[0-9A-Fa-f]{1,4}:){6})[0-9A-Fa-f:.]++(?!\w)")
_SOME_IPV6 = re.compile(r":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:")
_MAX_IPV6 = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")


def find_ip_address(text: str, may_hold_ipv6: bool) -> Cut:
    """Split a text at IPv4 and IPv6 addresses."""
    cuts: list[Cut] = []
    if _SOME_IPV4.search(text):
        cuts.append((_IPV4 if _END_OF_VERSION in text else _IPV4_OR_VERSION).split(text))
    if "ip-" in text or "ec2-" in text:
        cuts.append(_HOST_NAME.split(text))
    if may_hold_ipv6:
        addresses = [span for match in _IPV6.finditer(text) if (span := _ipv6_in(match))]
        cuts.append(cut_at(text, addresses))
    return merged(text, *cuts) if cuts else [text]


def _may_hold_ipv6(text: str) -> bool:
    return "::" in text or _SOME_IPV6.search(text) is not None


def _ipv6_in(found: re.Match[str]) -> Span | None:
    """Return the span of an address, or None for a name without digits in a program, such as `ace::fed`."""
    said: str = found[0]
    for address in (said, said.rstrip("."), said.rstrip(".:")):
        if len(address) <= _MAX_IPV6 and any(character.isdigit() for character in address):
            try:
                ipaddress.IPv6Address(address)
            except ValueError:
                continue
            return found.start(), found.start() + len(address)
    return None


IP_ADDRESS = Detection(
    Detector.IP_ADDRESS,
    "IPv4 and IPv6, also in the names of EC2 instances",
    find_ip_address,
    looks_far_where=_may_hold_ipv6,
)
