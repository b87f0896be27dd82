import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loginformant_shipper.levels.key_values import (
    begins_with_pair,
    decide_by_key_value,
    start_behind_time,
    start_of_pairs,
)
from loginformant_shipper.parsing.headers.header import read_header


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('ts=2026-03-01T10:00:00Z level=warn msg="error budget at 3 %"', "Warning"),
        ('time="2026-03-01T10:00:00Z" level=fatal msg=gone', "Fatal"),
        ("event='order taken' level='debug' errors=0", "Debug"),
        ("lvl=eror msg=x", "Error"),
        ("10:20:30 lev=WARN mod=orders late", "Warning"),
        ("time:2026-03-01\tlevel:WARN\tmsg:late", "Warning"),
        ('2026-03-01 10:00:00 LL="INFO" ready', "Information"),
        ("at=error code=H12 desc=timeout", "Error"),
        ("l=WARN h=web1 c=c.acme.Orders t=main | no error", "Warning"),
        ("severity=NOTICE unit=shop", "Information"),
        ("level=unheard-of severity=error", "Error"),
        ('{"ts":"2026-03-01","level":"error","msg":"cut sho', "Error"),
        ("{'level': 'WARNING', 'message': 'printed by Python'}", "Warning"),
        ("{\n  level: 'error',\n  message: 'printed by Node.js'\n}", "Error"),
        ("<record>\n  <level>SEVERE</level>\n  <message>x</message>\n</record>", "Error"),
        ("<Event><System><Level>3</Level></System></Event>", "Warning"),
        ('{:level=>"fatal", :msg=>"printed by Ruby"}', "Fatal"),
    ],
)
def test_a_pair_gives_the_level(text: str, level: str) -> None:
    assert decide_by_key_value(text) == (level, "key-value")


@pytest.mark.parametrize(
    "text",
    [
        "the water level=high_tide",
        "sea_level=low",
        "compression-level=error",
        "level=/var/log/error",
        'answer was {"level":"fatal"}',
        "level = error",
        "level: error",
        "l=ERROR",
        "l=7 h=8",
        "level=3",
        "<Level>9</Level>",
        "<level>high_tide</level>",
        "<sublevel>error</sublevel>",
        "",
    ],
)
def test_text_that_only_resembles_a_pair_gives_no_level(text: str) -> None:
    assert decide_by_key_value(text) is None


def test_text_of_pairs_begins_with_one() -> None:
    assert begins_with_pair("ts=1 level=info")
    assert begins_with_pair("{broken")
    assert not begins_with_pair("2026-03-01 level=info")
    assert not begins_with_pair("=ERROR REPORT====")


@pytest.mark.parametrize(
    "text", ["GET /x?severity=critical", "GET /x?a=1&level=error", "http://shop/x;level=error"]
)
def test_a_parameter_of_a_request_is_no_level(text: str) -> None:
    assert decide_by_key_value(text) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('date=2026-03-01 time=10:20:30 type=event pri=notice msg="disk check failed"', "Information"),
        ("log_type=ips priority=Critical message=tried", "Fatal"),
        ('msg="no answer" error="timeout" subsystem="house" level="0" prio="Warning"', "Warning"),
        ('msg="set level=debug" level=error', "Error"),
        ('msg="say \\"level=debug\\"" level=error', "Error"),
        ("priority=critical level=info msg=ordered", "Information"),
        ('id=firewall time="2026-03-01 10:20:30" fw=fw1 pri=1 msg="logged on"', "Fatal"),
        ('id=firewall time="2026-03-01 10:20:30" fw=fw1 pri=6 msg="2 failed"', "Information"),
        ('sn=0017 fw=fw1 pri=3 c=4 msg="site denied"', "Error"),
        ("unit=shop severity=4 msg=late", "Warning"),
        ("severity=3 level=warn msg=late", "Warning"),
        ("__CURSOR=s\nPRIORITY=3\n_HOSTNAME=web1\nMESSAGE=gone", "Error"),
        ("10:20:30 Sev=Warning/2 CVPND/0x83400011", "Warning"),
        ("10:20:30 Sev=Fault/1 CVPND/0x83400011", "Fatal"),
        ("10:20:30 Sev=Info/4 CVPND/0x83400011", "Information"),
    ],
)
def test_the_pairs_of_a_record_give_its_level(text: str, level: str) -> None:
    assert decide_by_key_value(text) == (level, "key-value")


@pytest.mark.parametrize(
    "text",
    [
        "job=7 pri=1 state=queued",
        "job=7 priority=1 state=queued",
        "job=7 priority=high state=queued",
        "queued with priority=critical for later",
        "rack=7 severity=12",
        "rack=7 severity=3.5",
        "unit=shop level=3",
        "incident=7 sev=3",
        "PRIORITY=3 ROOM=7",
        "at=10:20:30 room=7",
    ],
)
def test_other_numbers_and_priorities_are_no_levels(text: str) -> None:
    assert decide_by_key_value(text) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Log Name:   Application\nEvent ID:   1000\nLevel:      Error\nDescription:\ngone", "Error"),
        ("Log Name:   System\r\nLevel:      Information\r\nDescription:\r\nit failed", "Information"),
        ("SUNW-MSG-ID: ZFS-8000-D3, TYPE: Fault, VER: 1, SEVERITY: Major", "Error"),
        ("Category: disk, Severity: Critical, Message: gone", "Fatal"),
        ("Host: web1\nSeverity: 3\nText: gone", "Error"),
    ],
)
def test_a_line_of_names_and_values_gives_the_level(text: str, level: str) -> None:
    assert decide_by_key_value(text) == (level, "key-value")


@pytest.mark.parametrize(
    "text",
    [
        "logging:\n  level: error\n  file: x",
        "Error: 9002, Severity: 1, State: 2.",
        "Severity: 30",
        "Severity: unheard",
        "the Level: Error",
        "no settings could be applied:\nLevel: Debug\nFile: x",
    ],
)
def test_other_lines_of_names_and_values_give_no_level(text: str) -> None:
    assert decide_by_key_value(text) is None


def test_pairs_may_follow_a_header_that_is_not_separated_from_them() -> None:
    line = "Mar  1 10:20:30 10.0.0.7 id=firewall pri=1"
    start = line.index("id=")
    assert start_of_pairs(line, start) == start
    assert start_of_pairs(line, len(line)) == start
    assert start_of_pairs(line, 0) is None
    assert start_of_pairs("order 7 taken", 0) is None
    line = "10:20:30 web1 shop severity=3 x=7"
    assert start_of_pairs(line, len("10:20:30 ")) == line.index("severity")
    assert start_of_pairs("10:20:30 order 7 late severity=3", len("10:20:30 ")) is None
    assert start_of_pairs("order late severity=3", 0) is None


TIMES = ("2026-03-01 10:20:30", "2026/03/01 10:20:30.123456", "2026-03-01T10:20:30,123Z", "10:20:30")
PIECES = st.sampled_from(
    (
        "user=ann",
        "level=warn",
        'LL="INFO"',
        "at=x",
        "ERROR",
        "[WARN]",
        "order",
        "Error:",
        "- I -",
        "x.y=7",
        "=",
    )
)


@given(st.sampled_from(TIMES), st.lists(PIECES, min_size=1, max_size=5).map(" ".join))
@settings(max_examples=500)
def test_pairs_behind_a_time_begin_where_the_header_says(time: str, rest: str) -> None:
    line = f"{time} {rest}"
    start = start_behind_time(line)
    assert start in (None, start_of_pairs(line, read_header(line).text_start))
    assert (start is not None) == begins_with_pair(rest)


def test_other_lines_need_their_header_for_the_start_of_their_pairs() -> None:
    for line in ("user=ann level=warn", "[10:20:30] level=warn", "10:20:30 web1 level=warn", "10:20:30  a=b"):
        assert start_behind_time(line) is None
