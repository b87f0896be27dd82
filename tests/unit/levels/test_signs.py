import pytest
from loginformant_shipper.levels.signs import (
    decide_by_code,
    decide_by_coloured_word,
    decide_by_last_word,
    decide_by_marked_word,
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
    ],
)
def test_a_symbol_stands_for_a_level(line: str, level: str) -> None:
    assert decide_by_symbol(line) == (level, "symbol")


@pytest.mark.parametrize("line", ["é error", "plain", "order ✖ item", ""])
def test_other_characters_are_no_symbols(line: str) -> None:
    assert decide_by_symbol(line) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("\x1b[90mshop \x1b[39m\x1b[34mdebug\x1b[39m order 7", "Debug"),
        ("\x1b[2m10:20:30\x1b[0m [\x1b[1;31mERROR\x1b[0m] no stock", "Error"),
        ("\x1b[33m WARN:\x1b[0m late", "Warning"),
        ("\x1b[32m    LOG\x1b[39m error page built", "Information"),
    ],
)
def test_a_word_with_a_colour_of_its_own_is_a_level(text: str, level: str) -> None:
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
def test_other_coloured_text_is_none(text: str) -> None:
    assert decide_by_coloured_word(text) is None


@pytest.mark.parametrize("escape", ["\\x1b", "\\u001b", "\\033", "\\e", "#033"])
def test_a_colour_that_was_escaped_is_a_colour(escape: str) -> None:
    text = f"{escape}[2m10:20:30{escape}[0m {escape}[32m INFO{escape}[0m shop: ready"
    assert without_colours(with_real_colours(text)) == "10:20:30  INFO shop: ready"


def test_other_backslashes_stay() -> None:
    assert with_real_colours("C:\\eb[1] a\\nb") == "C:\\eb[1] a\\nb"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-03-01 10:20:30 orders stock is low [ERROR]", "Error"),
        ("2026-03-01 10:20:30 orders - stock is low - FATAL", "Fatal"),
        ("stock is low (WARN)", "Warning"),
    ],
)
def test_a_level_may_stand_last(line: str, level: str) -> None:
    assert decide_by_last_word(line) == (level, "level-last")


@pytest.mark.parametrize("line", ["", "stock is low", "sold (7)", "this is an ERROR", "sold in [Error"])
def test_another_last_word_is_none(line: str) -> None:
    assert decide_by_last_word(line) is None


def test_a_word_in_brackets_counts_behind_what_is_not_quite_a_header() -> None:
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
        ("CEF:0|Acme|Desk|1.0|100|Login failed|3|src=10.0.0.7", "Information"),
        ("Mar  1 10:20:30 fw1 CEF:0|Acme|Desk|1.0|100|Login failed|5|src=10.0.0.7", "Warning"),
        ("CEF:0|Acme|Desk|1.0|100|no error|8|src=10.0.0.7", "Error"),
        ("CEF:0|Acme|Desk|1.0|100|no error|Very-High|src=10.0.0.7", "Fatal"),
        ("LEEF:2.0|Acme|Desk|1.0|100|sev=9\tsrc=10.0.0.7", "Fatal"),
        ("03/01/26 10:20:30 - Process(7.1) AMQ8004S: gone", "Error"),
    ],
)
def test_a_code_says_how_bad_it_is(line: str, level: str) -> None:
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
        "",
    ],
)
def test_other_names_and_numbers_are_no_codes(line: str) -> None:
    assert decide_by_code(line) is None


@pytest.mark.parametrize(
    "left", ["", "web1 orders ", "2026-03-01 10:20:30 [worker of the third pool] shop ", "(a b c d) <e f g> "]
)
def test_names_are_no_sentence(left: str) -> None:
    assert not is_prose(left)


@pytest.mark.parametrize("left", ["the level is ", "we set it to "])
def test_more_than_two_plain_words_are_a_sentence(left: str) -> None:
    assert is_prose(left)
