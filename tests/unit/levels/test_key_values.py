import pytest
from loginformant_shipper.levels.key_values import begins_with_pair, decide_by_key_value


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
        "level=3",
        "<Level>9</Level>",
        "<level>high_tide</level>",
        "<sublevel>error</sublevel>",
        "",
    ],
)
def test_what_only_resembles_a_pair_does_not(text: str) -> None:
    assert decide_by_key_value(text) is None


def test_text_of_pairs_begins_with_one() -> None:
    assert begins_with_pair("ts=1 level=info")
    assert begins_with_pair("{broken")
    assert not begins_with_pair("2026-03-01 level=info")
    assert not begins_with_pair("=ERROR REPORT====")


@pytest.mark.parametrize(
    "text", ["GET /x?severity=critical", "GET /x?a=1&level=error", "http://shop/x;level=error"]
)
def test_what_a_request_asks_for_is_no_level(text: str) -> None:
    assert decide_by_key_value(text) is None
