"""IP addresses are found in short and in long texts alike, IPv6 ones as Python's `ipaddress` reads them."""

import ipaddress
import re

from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors import DETECTORS
from loginformant_shipper.redaction.detectors.ip_address import find_ip_address
from loginformant_shipper.redaction.findings import redact_findings

NUMBERS = st.sampled_from(
    ["0", "1", "9", "19", "99", "100", "199", "200", "249", "250", "255", "256", "1000"]
)
OTHERS = st.sampled_from(
    ["00", "010", "260", "300", "a", "é", "中", "٣", "_", "/", "A/", "-", " ", "€", "\n", ":"]
)
PIECES = st.one_of(NUMBERS, NUMBERS, OTHERS, st.sampled_from([".", ".", ".", "..", ".0.0.0"]))
ADDRESSES = st.lists(NUMBERS, min_size=3, max_size=5).map(".".join)
SHORT_TEXTS = st.lists(st.one_of(PIECES, ADDRESSES), max_size=12).map("".join)
MANY = 400


@given(SHORT_TEXTS, st.integers(1, MANY))
def test_addresses_in_long_texts_are_found_like_those_in_short_ones(text: str, times: int) -> None:
    """The number of places decides whether they are checked one by one or all at once."""
    once = find_ip_address(f" {text},", False)
    found = find_ip_address(f" {text}," * times, False)
    assert "".join(found) == f" {text}," * times
    assert found[1::2] == once[1::2] * times


@given(st.lists(SHORT_TEXTS, max_size=6))
def test_addresses_in_different_texts_are_found_as_in_each(texts: list[str]) -> None:
    together = find_ip_address("\n".join([*texts, "10.0.0.1 " * MANY]), False)
    each = [found for text in texts for found in find_ip_address(text, False)[1::2]]
    assert together[1::2] == each + ["10.0.0.1"] * MANY


GROUPS = st.sampled_from(["0", "1", "a", "ff", "f0", "abc", "abcd", "12345"])
IPV6 = st.builds(
    lambda groups, others, end: ":".join(groups) + others + end,
    st.lists(GROUPS, max_size=9),
    st.sampled_from(["", "::", ":", "::1", "::a:1", "::1:2:3", ":::"]),
    st.sampled_from(["", "", ":1.2.3.4", ":1.2.3.256", ":1.2.3", "1.2.3.4", ":01.2.3.4", ":1.2.3.4.5"]),
)
RUN = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]++(?!\w)")


def is_ipv6(text: str) -> bool:
    """Return whether the text is an address with a digit, and not eight pairs, which name a device."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    if re.fullmatch("(?:[0-9a-f]{2}:){7}[0-9a-f]{2}", text):
        return False
    return any(character.isdigit() for character in text)


def ipv6_in(text: str) -> list[str]:
    """Return the IPv6 addresses in a text, without dots and colons behind them, as `ipaddress` reads them."""
    runs = [run[0] for run in RUN.finditer(text)]
    readings = [[run, run.rstrip("."), run.rstrip(".:")] for run in runs]
    return [valid[0] for reading in readings if (valid := list(filter(is_ipv6, reading)))]


@example([("1:2:3:4:5:6:7::", "")])
@example([("1:2:3:4:5:6:7:8::", "")])
@example([("::1", ":.")])
@given(
    st.lists(
        st.tuples(IPV6, st.sampled_from(["", ".", ":", "::", ".:", "x", "é", "_", "%eth0", "-"])), max_size=6
    )
)
def test_ipv6_addresses_are_those_of_python(pieces: list[tuple[str, str]]) -> None:
    text = " ".join(address + behind for address, behind in pieces)
    found = [it for it in find_ip_address(text, True)[1::2] if ":" in it]
    alone = [it for it in ipv6_in(text) if ":" in it]
    assert found == alone


def test_an_address_at_the_edge_of_a_part_is_found() -> None:
    for before in range(32 * 1024 - 20, 32 * 1024 + 4):
        text = "." * before + " 10.0.0.1 " + "1.1.1.256 " * 5000 + "10.0.0.1"
        assert find_ip_address(text, False)[1::2] == ["10.0.0.1"] * 2


def test_a_version_is_no_address_in_a_long_text() -> None:
    text = "Chrome/139.0.0.0 from 10.0.0.0, " * MANY
    redacted = redact_findings(text, [DETECTORS[Detector.IP_ADDRESS]])
    assert redacted == "Chrome/139.0.0.0 from [redacted:ip-address], " * MANY
