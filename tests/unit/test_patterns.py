"""Patterns that users write: found in linear time, and not for ever."""

import pytest
from loginformant_shipper.patterns import MAX_SCANNED_BYTES, MIN_MATCHES, compile_pattern

MIB = 1024 * 1024


def test_matches_are_found_as_characters_not_bytes() -> None:
    text = "é1 \U0001f600 22"
    spans = list(compile_pattern(r"\d+").spans(text))
    assert [text[slice(*span)] for span in spans] == ["1", "22"]


def test_lone_surrogates_are_no_trouble() -> None:
    pattern = compile_pattern("b+")
    assert list(pattern.spans("\ud800abb")) == [(2, 4)]
    assert pattern.is_in("\ud800ab")


def test_empty_matches_are_none() -> None:
    assert list(compile_pattern(r"\bx*").spans("ab xx")) == [(3, 5)]


def test_patterns_are_equal_if_their_texts_are() -> None:
    assert compile_pattern("a+") == compile_pattern("a+") != compile_pattern("a")


def test_a_search_that_looks_at_all_the_rest_for_each_match_comes_to_an_end() -> None:
    """Each match of one letter makes RE2 read on to the end of the text, for a b that never comes."""
    text = "a" * MIB
    spans = list(compile_pattern("a(?:.*b)?").spans(text))
    assert len(spans) == MIN_MATCHES + 1
    assert spans[-1] == (MIN_MATCHES, MIB)


def test_short_texts_have_as_many_matches_as_they_have() -> None:
    text = "a " * 4000
    assert MAX_SCANNED_BYTES // len(text) > 4000
    assert len(list(compile_pattern("a").spans(text))) == 4000


@pytest.mark.parametrize("hostile", ["(x+x+)+y", "(?:a|aa)+$", r"^(\w+\s?)*$", "(.*)*,", "(?:a?){100}a{100}"])
def test_what_stalls_other_engines_is_taken(hostile: str) -> None:
    if compile_error(hostile):
        return
    compile_pattern(hostile).is_in("x" * MIB)


def compile_error(text: str) -> str:
    try:
        compile_pattern(text)
    except ValueError as error:
        return str(error)
    return ""
