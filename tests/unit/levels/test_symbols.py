import pytest
from loginformant_shipper.levels.symbols import decide_by_coloured_word, decide_by_symbol


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
