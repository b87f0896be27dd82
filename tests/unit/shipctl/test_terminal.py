"""Control characters in logs are shown, and never interpreted by the terminal."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipctl.terminal import one_line, visible, visible_json

OBEYED = {"Cc", "Zl", "Zp", "Cs"}


@given(st.text())
def test_no_control_characters_are_left(text: str) -> None:
    assert not {unicodedata.category(character) for character in one_line(text)} & OBEYED
    assert "\n" not in one_line(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("bell\x07 and back\x08", "bell␇ and back␈"),
        ("\x9b2J", "\ufffd2J"),
        ("user\u202egnp.exe", "user\ufffdgnp.exe"),
        ("a\tb", "a b"),
        ("naïve 日本 👩\u200d🚀", "naïve 日本 👩\u200d🚀"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
    ],
)
def test_each_control_character_is_replaced_by_a_symbol(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_breaks_become_a_symbol_and_blank_lines_are_removed() -> None:
    assert one_line("first\r\n\n    second\n") == "first ↵ second"


@given(st.dictionaries(st.text(), st.text()))
def test_json_keeps_its_value_and_has_no_control_characters(value: dict[str, str]) -> None:
    document = visible_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(document) == value
    assert not any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in document)
