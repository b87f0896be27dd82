import pytest
from loginformant_shipper.levels.signs import (
    decide_by_coloured_word,
    decide_by_last_word,
    decide_by_marked_word,
    decide_by_symbol,
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
