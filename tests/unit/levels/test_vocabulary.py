import pytest
from loginformant_shipper.levels.vocabulary import (
    FIELD_WORDS,
    GOOGLE,
    JAVA_UTIL,
    LOGBACK,
    MONOLOG,
    OPENTELEMETRY,
    PYTHON,
    SYSLOG,
    TENS,
    WINDOWS,
    Scale,
)
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import BRACKETED_WORDS, LETTERS, LEVEL_WORDS


def test_the_levels_are_those_of_the_ingest_api() -> None:
    assert list(Level) == ["Debug", "Information", "Warning", "Error", "Fatal"]


@pytest.mark.parametrize(
    ("scale", "levels"),
    [
        (
            SYSLOG,
            {0: "Fatal", 1: "Fatal", 2: "Fatal", 3: "Error", 4: "Warning", 5: "Information", 7: "Debug"},
        ),
        (WINDOWS, {1: "Fatal", 2: "Error", 3: "Warning", 4: "Information", 5: "Debug"}),
        (PYTHON, {10: "Debug", 20: "Information", 30: "Warning", 40: "Error", 50: "Fatal"}),
        (TENS, {10: "Debug", 20: "Debug", 30: "Information", 40: "Warning", 50: "Error", 60: "Fatal"}),
        (MONOLOG, {100: "Debug", 200: "Information", 250: "Information", 300: "Warning", 400: "Error"}),
        (MONOLOG, {500: "Fatal", 550: "Fatal", 600: "Fatal"}),
        (GOOGLE, {100: "Debug", 200: "Information", 300: "Information", 400: "Warning", 500: "Error"}),
        (GOOGLE, {600: "Fatal", 800: "Fatal"}),
        (JAVA_UTIL, {300: "Debug", 700: "Debug", 800: "Information", 900: "Warning", 1000: "Error"}),
        (LOGBACK, {5000: "Debug", 10000: "Debug", 20000: "Information", 30000: "Warning", 40000: "Error"}),
        (OPENTELEMETRY, {1: "Debug", 8: "Debug", 9: "Information", 13: "Warning", 17: "Error", 24: "Fatal"}),
    ],
)
def test_a_scale_gives_the_level_of_each_of_its_numbers(scale: Scale, levels: dict[int, str]) -> None:
    assert {number: scale.level(number) for number in levels} == levels


@pytest.mark.parametrize(
    ("scale", "number"), [(SYSLOG, 8), (SYSLOG, -1), (WINDOWS, 0), (OPENTELEMETRY, 25), (MONOLOG, 601)]
)
def test_a_number_beyond_a_scale_is_no_level(scale: Scale, number: int) -> None:
    assert scale.level(number) is None


def test_words_are_found_by_their_lower_case() -> None:
    for words in (LEVEL_WORDS, BRACKETED_WORDS, FIELD_WORDS, LETTERS):
        assert all(word == word.lower() for word in words)


@pytest.mark.parametrize("word", ["note", "log", "system", "detail", "context", "ok", "config"])
def test_everyday_words_count_only_in_brackets(word: str) -> None:
    assert word in BRACKETED_WORDS
    assert word not in LEVEL_WORDS
