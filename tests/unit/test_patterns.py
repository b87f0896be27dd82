"""Patterns that users write are searched in bounded, linear time."""

import pytest
from loginformant_shipper.patterns import MAX_SCANNED_BYTES, MIN_MATCHES, compile_pattern

MIB = 1024 * 1024


def test_spans_of_matches_count_characters_and_not_bytes() -> None:
    text = "é1 \U0001f600 22"
    spans = list(compile_pattern(r"\d+").spans(text))
    assert [text[slice(*span)] for span in spans] == ["1", "22"]


def test_texts_with_lone_surrogates_are_searched() -> None:
    pattern = compile_pattern("b+")
    assert list(pattern.spans("\ud800abb")) == [(2, 4)]
    assert pattern.is_in("\ud800ab")


def test_empty_matches_are_skipped() -> None:
    assert list(compile_pattern(r"\bx*").spans("ab xx")) == [(3, 5)]


def test_patterns_are_equal_if_their_texts_are() -> None:
    assert compile_pattern("a+") == compile_pattern("a+") != compile_pattern("a")


def test_the_search_for_a_pattern_that_scans_the_rest_for_each_match_is_bounded() -> None:
    """After each match of one letter, RE2 reads to the end of the text in search of a b."""
    text = "a" * MIB
    spans = list(compile_pattern("a(?:.*b)?").spans(text))
    assert len(spans) == MIN_MATCHES + 1
    assert spans[-1] == (MIN_MATCHES, MIB)


def test_all_matches_of_short_texts_are_found() -> None:
    text = "a " * 4000
    assert MAX_SCANNED_BYTES // len(text) > 4000
    assert len(list(compile_pattern("a").spans(text))) == 4000


@pytest.mark.parametrize("hostile", ["(x+x+)+y", "(?:a|aa)+$", r"^(\w+\s?)*$", "(.*)*,", "(?:a?){100}a{100}"])
def test_patterns_that_are_exponential_in_other_engines_are_searched(hostile: str) -> None:
    if compile_error(hostile):
        return
    compile_pattern(hostile).is_in("x" * MIB)


@pytest.mark.parametrize("text", [r"pin=\d{,6}", "a{,1}", r"[{,6}]a{,6}", r"\[a{,6}]"])
def test_a_repetition_without_a_minimum_is_refused(text: str) -> None:
    """RE2 would search for the braces, and match nothing of what was meant."""
    assert "{0," in compile_error(text)


@pytest.mark.parametrize("text", [r"a\{,6}", "[{,6}]", "a{0,6}b", "a{6,}", "{,}", r"[^]{,6}]\[", "a,6}"])
def test_braces_that_are_meant_are_accepted(text: str) -> None:
    assert compile_error(text) == ""


def compile_error(text: str) -> str:
    try:
        compile_pattern(text)
    except ValueError as error:
        return str(error)
    return ""
