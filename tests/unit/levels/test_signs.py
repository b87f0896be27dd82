import pytest
from loginformant_shipper.levels import explain_level
from loginformant_shipper.levels.signs import (
    decide_by_code,
    decide_by_coloured_word,
    decide_by_first_symbol,
    decide_by_last_word,
    decide_by_marked_word,
    decide_by_risk,
    decide_by_symbol,
    is_prose,
    with_real_colours,
    without_colours,
)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("✖ no stock", "Error"),
        ("⚠ late", "Warning"),
        ("💀 gone", "Fatal"),
        ("🐞 order 7", "Debug"),
        ("✔ 0 errors", "Information"),
        ("2026-03-01 10:20:30 ❌ no stock", "Error"),
        ("[api] ℹ ready", "Information"),
        ("✖ 3 problems (0 errors, 3 warnings)", "Warning"),
        ("✖ 3 problems (1 error, 2 warnings)", "Error"),
        ("✖ 7 failed, 0 errors", "Error"),
        ("❌ 0 failed, 7 passed", "Information"),
        ("✖ order 10 is missing", "Error"),
    ],
)
def test_a_symbol_stands_for_a_level(line: str, level: str) -> None:
    assert decide_by_symbol(line) == (level, "symbol")


@pytest.mark.parametrize("line", ["é error", "plain", "order ✖ item", ""])
def test_other_characters_are_no_symbols(line: str) -> None:
    assert decide_by_symbol(line) is None


def test_the_first_symbol_has_no_header_before_it() -> None:
    assert decide_by_first_symbol("✖ no stock") == ("Error", "symbol")
    assert decide_by_first_symbol("[api] ✖ no stock") is None
    assert decide_by_first_symbol("é") is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("\x1b[90mshop \x1b[39m\x1b[34mdebug\x1b[39m order 7", "Debug"),
        ("\x1b[2m10:20:30\x1b[0m [\x1b[1;31mERROR\x1b[0m] no stock", "Error"),
        ("\x1b[33m WARN:\x1b[0m late", "Warning"),
        ("\x1b[32m    LOG\x1b[39m error page built", "Information"),
    ],
)
def test_a_level_word_with_a_colour_of_its_own_is_a_level(text: str, level: str) -> None:
    assert decide_by_coloured_word(text) == (level, "coloured-word")


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mno error in order 7\x1b[0m",
        "\x1b[1morders\x1b[0m error",
        "\x1b[1mcontext\x1b[0m error",
        "\x1b[31m3\x1b[0m errors",
        "error",
        "\x1b[0m" + "x" * 700 + "\x1b[31mERROR\x1b[0m",
    ],
)
def test_other_coloured_text_is_no_level(text: str) -> None:
    assert decide_by_coloured_word(text) is None


@pytest.mark.parametrize("escape", ["\\x1b", "\\u001b", "\\033", "\\e", "#033"])
def test_an_escaped_colour_is_read_as_a_colour(escape: str) -> None:
    text = f"{escape}[2m10:20:30{escape}[0m {escape}[32m INFO{escape}[0m shop: ready"
    assert without_colours(with_real_colours(text)) == "10:20:30  INFO shop: ready"


def test_other_backslashes_are_kept() -> None:
    assert with_real_colours("C:\\eb[1] a\\nb") == "C:\\eb[1] a\\nb"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-03-01 10:20:30 orders stock is low [ERROR]", "Error"),
        ("2026-03-01 10:20:30 orders - stock is low - FATAL", "Fatal"),
        ("stock is low (WARN)", "Warning"),
    ],
)
def test_the_last_word_may_be_a_level(line: str, level: str) -> None:
    assert decide_by_last_word(line) == (level, "level-last")


@pytest.mark.parametrize("line", ["", "stock is low", "sold (7)", "this is an ERROR", "sold in [Error"])
def test_other_last_words_are_no_level(line: str) -> None:
    assert decide_by_last_word(line) is None


def test_a_level_in_brackets_counts_after_text_that_is_almost_a_header() -> None:
    line = "10:20:30 Thread of the third pool [WARN] late"
    assert decide_by_marked_word(line) == ("Warning", "marked-word")
    assert decide_by_marked_word('10:20:30 said "[WARN] late"') is None
    assert decide_by_marked_word("the [system] of the [http] server") is None
    assert decide_by_marked_word("x" * 300 + " [WARN] late") is None


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Mar  1 10:20:30 router daemon.err dnsmasq[7]: no address", "Error"),
        ("2026-03-01T10:20:30Z web1 local7.notice shop: 0 errors", "Information"),
        ("daemon.info shopd[7]: order 7 failed", "Information"),
        ("user.err : no stock", "Error"),
        ("Mar  1 10:20:30 shop: [ID 702911 auth.crit] gone", "Fatal"),
        ("10:20:30 [7] shop.cc:12  LOG_DEBUG  root  order 7", "Debug"),
        ("Mar  1 10:20:30.123: %LINK-3-UPDOWN: port 7, down", "Error"),
        ("Mar 01 2026 10:20:30 fw1 : %ASA-4-733100: drop rate exceeded", "Warning"),
        ("Mar  1 10:20:30 r1 rpd[7]: %DAEMON-6: ready", "Information"),
        ("ORD1234E: no stock", "Error"),
        ("CWSHP0011W: late", "Warning"),
        ("03/01/26 10:20:30 - Process(7.1) User(shop) Program(orders)\nAMQ8004E: no fatal problem", "Error"),
        ("ifmgr[7]: %PKT_INFRA-LINK-3-UPDOWN : undefined", "Error"),
        ("Mar  1 2026 10:20:30 sw1 %%01IFNET/4/LINK_STATE(l)[7]:undefined", "Warning"),
        ("03/01/26 10:20:30 - Process(7.1) User(a) Program(b) Host(c) AMQ9999W: late", "Warning"),
        ("10:20:30 [7] shop.cc:12  LOG_TRACE_L1  root  order 7", "Debug"),
        ("03/01/26 10:20:30 - Process(7.1) AMQ8004S: gone", "Error"),
        ("%Mar  1 10:20:30:123 2026 sw1 IFNET/3/LINK_UPDOWN: port 7, down", "Error"),
        ("%@7%Mar  1 10:20:30:123 2026 sw1 SHELL/6/SHELL_CMD: display error", "Information"),
        ("fw1: NetScreen device_id=fw1 [Root]system-critical-00026: too many sessions", "Fatal"),
        ("fw1: NetScreen device_id=fw1 system-notification-00257(traffic): failed over", "Information"),
        ("fw1: NetScreen device_id=fw1 [Root]system-debugging-00767: error lookup", "Debug"),
        ("kernel: <3>[   12.345678] EXT4: no block", "Error"),
        ("web1 kernel: [   12.345678] <4>late", "Warning"),
        ("[   12.345678] <6>error lookup", "Information"),
        (" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install", "Error"),
        ("10:20:30 ERR_ORDER_7: none", "Error"),
    ],
)
def test_an_error_code_gives_the_level(line: str, level: str) -> None:
    assert decide_by_code(line) == (level, "code")


@pytest.mark.parametrize(
    "line",
    [
        "the cron.error file is empty",
        "open user.info.json",
        "my-user.error",
        "LOG_LEVEL is set",
        "LOG_ERROR=1",
        "ORDER12345E shipped",
        "order ABC123E: late",
        "100%-3-fold",
        "we wrote of it in ORD1234E: stock",
        "operating-system-critical-00026",
        "system-unheard-00026: x",
        "%Mar 1 IFNET/3/UP",
        "the answer was <3>",
        "kernel: <37>",
        "ERR_ORDER_7 is the code of a sold item",
        "we look for the code ERR_ORDER_7: none",
        "MY_ERR_ORDER: 7",
        "",
    ],
)
def test_other_names_and_numbers_are_no_codes(line: str) -> None:
    assert decide_by_code(line) is None


@pytest.mark.parametrize(
    "left", ["", "web1 orders ", "2026-03-01 10:20:30 [worker of the third pool] shop ", "(a b c d) <e f g> "]
)
def test_names_do_not_form_a_sentence(left: str) -> None:
    assert not is_prose(left)


@pytest.mark.parametrize("left", ["the level is ", "we set it to "])
def test_more_than_two_plain_words_form_a_sentence(left: str) -> None:
    assert is_prose(left)


THREAT = "1,2026/03/01 10:20:30,0016,THREAT,url,1,2026/03/01 10:20:30,10.0.0.7,high,medium,x,alert,"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("CEF:0|Acme|Desk|1.0|100|Login failed|3|src=10.0.0.7", "Information"),
        ("Mar  1 10:20:30 fw1 CEF:0|Acme|Desk|1.0|100|Login failed|4|src=10.0.0.7", "Warning"),
        ("CEF:0|Acme|Desk|1.0|100|no error|6|src=10.0.0.7", "Warning"),
        ("CEF:0|Acme|Desk|1.0|100|no error|7|src=10.0.0.7", "Error"),
        ("CEF:0|Acme|Desk|1.0|100|no error|8|src=10.0.0.7", "Error"),
        ("CEF:0|Acme|Desk|1.0|100|no error|9|src=10.0.0.7", "Fatal"),
        ("CEF:0|Acme|Desk|1.0|100|it failed|Low|src=10.0.0.7", "Information"),
        ("CEF:0|Acme|Desk|1.0|100|no error|Medium|src=10.0.0.7", "Warning"),
        ("CEF:0|Acme|Desk|1.0|100|no error|High|src=10.0.0.7", "Error"),
        ("CEF:0|Acme|Desk|1.0|100|no error|Very-High|src=10.0.0.7", "Fatal"),
        ("CEF:1|Acme|Desk|1.0|100|a \\| in a name|10|src=10.0.0.7", "Fatal"),
        ("CEF:0|Acme|Desk|1.0|100|it failed|Unknown|src=10.0.0.7", "Information"),
        ("CEF:0|Acme|Desk|1.0|100|no error|7.5|src=10.0.0.7", "Error"),
        ("CEF:0|Acme|Desk|1.0|100|no error|Critical|src=10.0.0.7", "Fatal"),
        ("CEF:0|Acme|Desk|1.0|100|" + "x" * 400 + "|8|src=10.0.0.7", "Error"),
        ("LEEF:2.0|Acme|Desk|1.0|100|sev=9\tsrc=10.0.0.7", "Fatal"),
        ("LEEF:2.0|Acme|Desk|1.0|41|^|src=10.0.0.7^" + "x=7^" * 200 + "sev=8^y=7", "Error"),
        ("LEEF:1.0|Acme|Desk|1.0|41|src=10.0.0.7\tsev=2\tmsg=it failed", "Information"),
        ('1,2026/03/01 10:20:30,0016,SYSTEM,ha,0,x,,y,,0,0,ha,high,"gone, low, and so",7', "Error"),
        ('1,2026/03/01 10:20:30,0016,SYSTEM,a,0,x,,y,,0,0,a,informational,"failed over",7', "Information"),
        (f"{THREAT}critical,client-to-server,0,0x0", "Fatal"),
        (f"Mar  1 10:20:30 fw1 {THREAT}low,server-to-client,0,0x0", "Information"),
        ("03/01-10:20:30.1  [**] [1:7:7] ET [**] [Classification: x] [Priority: 1] {TCP} a -> b", "Error"),
        ("[1:7:7] ET failed logins [Classification: x] [Priority: 3] {TCP} a -> b", "Information"),
        ("[**] [1:7:7] ET failed logins [**]\n[Classification: x] [Priority: 2]", "Warning"),
        ("Rule: 5712 (level 10) -> 'many attempts'", "Warning"),
        ('** Alert 1.7: - sshd\n2026 Mar 01 10:20:30 web1\nRule: 7 fired (level 13) -> "x"', "Error"),
        ("ossec: Alert Level: 3; Rule: 5715 - login after it failed.", "Information"),
        ("Msg 208, Level 16, State 1, Server db1, Line 1\nInvalid object name 'info'.", "Error"),
        ("Msg 5701, Level 0, State 1, Server db1", "Information"),
        ("Msg 823, Level 24, State 2", "Fatal"),
    ],
)
def test_the_severity_of_a_security_product_is_the_level(text: str, level: str) -> None:
    assert decide_by_risk(text) == (level, "code")
    assert explain_level(text).level == level


@pytest.mark.parametrize(
    "text",
    [
        "Msg 7 of order 7, Level 16",
        "CEF:0|Acme|Desk",
        "CEF:0|Acme|Desk|1.0|100|x|unheard|y",
        "CEF:0|Acme|Desk|1.0|100|x|77|y",
        "we were told of a CEF:0|Acme|Desk|1.0|100|no error|8|src=10.0.0.7",
        "xCEF:0|Acme|Desk|1.0|100|no error|8|src=10.0.0.7",
        "LEEF:2.0|Acme|Desk|1.0|100|severe=9",
        "1,2026/03/01 10:20:30,0016,TRAFFIC,end,1,high,medium,",
        f"{THREAT}none,0",
        "orders,SYSTEM,high,x",
        "ticket 7 [Priority: high]",
        "ticket 7 [Priority: 1]",
        "[1:7:7] ET [Priority: 0] {TCP}",
        "Rule: the house (level 7)",
        "the water (level 3) rises",
        "Alert Level: 3",
        "",
    ],
)
def test_text_that_only_resembles_a_severity_gives_no_level(text: str) -> None:
    assert decide_by_risk(text) is None
