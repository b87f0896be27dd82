"""The beginning of a text tells the level that all rules give, whatever is remembered of other texts."""

import random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loginformant_shipper import levels
from loginformant_shipper.levels import beginnings, explain_level
from loginformant_shipper.levels.beginnings import (
    MAX_BEGINNING,
    MAX_LONGER_BEGINNING,
    MAX_REMEMBERED,
    MAX_SENTENCE,
    NOT_PLAIN,
    beginning_of,
)
from loginformant_shipper.levels.vocabulary import Decision

from benchmarks.levels.streams import streams
from tests.unit.levels.test_cross import LAYOUTS, WORDS, texts
from tests.unit.levels.test_sentences import PIECES

WRAPPING = (
    "[INFO] [ERROR] late",
    "[2026-03-01 10:20:30,123: WARNING/ForkPoolWorker-7] ERROR: late",
    "[2026-03-01 10:20:30,123] {subprocess.py:7} INFO - ERROR: late",
    "NOTICE: PHP message: ERROR: late",
    '[01-Mar-2026 10:20:30] WARNING: [pool www] child 7 said into stderr: "ERROR: late"',
    "2026-03-01T10:20:30.123Z [DEBUG] terraform.plugin.aws: ERROR: late",
    "E0301 10:20:30.123456 7 orders.go:12] CRITICAL - late",
    "E0301 10:20:30.123456 7 /srv/checkout/orders/payment_provider.py:12] CRITICAL - late",
    "2026-03-01 10:20:30,123 - com.acme.orders.OrderService.take.INFO - ERROR - late",
    "[12345] 01 Mar 10:20:30 * late",
    "INFO:orders [DEBUG] orders.plugin.stock: ERROR: late",
    "D/checkout-7: [DEBUG] orders.plugin.stock: ERROR: late",
    'INFO 10.0.0.7 orders [01/Mar/2026:10:20:30 +0000] "GET /late HTTP/1.1" 500 7',
    'error: orders late [01/Mar/2026:10:20:30 +0000] "GET /late HTTP/1.1" 500 7',
    '2026-03-01T10:20:30Z 7 [Note] [01/Mar/2026:10:20:30 +0000] "GET /late HTTP/1.1" 500 7',
    "information: [DEBUG] orders.plugin.stock: ERROR: late",
    'E/OrderActivity: orders late [01/Mar/2026:10:20:30 +0000] "GET /late HTTP/1.1" 500 7',
    "\x1b[32mINFO\x1b[0m [ERROR] late",
    "\x1b[32m2026-03-01 10:20:30.123\x1b[0m | \x1b[1mDEBUG   \x1b[0m | \x1b[36mshop.orders\x1b[0m - late",
    "\x1b[2m2026-03-01T10:20:30Z\x1b[0m \\x1b[32mINFO\\x1b[0m late",
    "2026-03-01 10:20:30 UTC:10.0.2.15(52144):app@orders:[7713]:ERROR:  late",
    "2026-03-01 10:20:30,123 - com.acme.orders.OrderService.Checkout - INFO - ERROR - late",
)
LINES = st.one_of(
    st.builds(
        lambda layout, word, text: layout.line(word, text),
        st.sampled_from(LAYOUTS),
        st.sampled_from([word for words in WORDS.values() for word in words]),
        st.sampled_from(texts()),
    ),
    st.lists(st.sampled_from((*PIECES, *texts())), min_size=1, max_size=3).map(" ".join),
    st.sampled_from(WRAPPING),
)


def without_beginnings(text: str) -> Decision:
    with patch.object(levels, "decide_by_beginning", return_value=NOT_PLAIN):
        levels.forget()
        return explain_level(text)


def with_other_digits(text: str, seed: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice("0123456789") if "0" <= each <= "9" else each for each in text)


@given(LINES, st.integers(0, 20), st.integers(20, 200), st.integers(0, 9))
@settings(max_examples=1000, deadline=None)
def test_the_level_by_the_beginning_is_that_of_all_rules(line: str, start: int, end: int, seed: int) -> None:
    for text in (line, line[start:end], with_other_digits(line[start:end], seed)):
        assert explain_level(text).level == without_beginnings(text).level


@given(LINES, LINES, st.integers(30, MAX_LONGER_BEGINNING), st.integers(0, 9))
@settings(max_examples=1000, deadline=None)
def test_what_is_remembered_of_a_beginning_changes_no_level(
    line: str, other: str, end: int, seed: int
) -> None:
    texts = (line, line[:end] + other, with_other_digits(line, seed))
    known = []
    for text in texts:
        levels.forget()
        known.append(explain_level(text))
    for order in (texts, texts[::-1]):
        levels.forget()
        levels_of = {text: explain_level(text) for text in order}
        assert [levels_of[text] for text in texts] == known


def test_what_is_remembered_of_a_sentence_holds_for_no_longer_one() -> None:
    for length in range(1, 2 * MAX_LONGER_BEGINNING):
        text = ("Desks are " + "moved and " * 20)[:length].strip()
        levels.forget()
        assert explain_level(text).rule == "default"
        assert explain_level(f"{text} failed").level == "Error"
        assert explain_level(text).rule == "default"


@pytest.mark.parametrize("word", ["ERROR ", "INFO ", ""])
@pytest.mark.parametrize(
    "first", ["2026-03-01 10:20:30 ", "[desk] ", "\x1b[32m", "E0301 10:20:30.1 7 a.go:7] ", "E, "]
)
def test_what_is_remembered_of_a_line_holds_for_no_longer_one(first: str, word: str) -> None:
    for length in range(20, 2 * MAX_LONGER_BEGINNING):
        text = f"{first}{'desk-' * 40}"[: length - len(word)] + word
        levels.forget()
        explain_level(text)
        longer = explain_level(f"{text}ERROR: late")
        assert longer == without_beginnings(f"{text}ERROR: late")
        levels.forget()
        assert explain_level(f"{text}ERROR: late") == longer


@pytest.mark.parametrize("line", WRAPPING)
def test_a_line_that_may_wrap_another_is_read_in_full(line: str) -> None:
    assert explain_level(line) == without_beginnings(line)


def test_the_lines_of_one_program_have_few_beginnings() -> None:
    begins = {
        name: {beginning_of(line, MAX_BEGINNING) for line in lines} for name, lines in streams().items()
    }
    assert max(map(len, begins.values())) < 200


def test_a_bounded_number_of_beginnings_is_remembered() -> None:
    levels.forget()
    for number in range(2 * MAX_REMEMBERED):
        name = "".join(chr(ord("a") + int(digit)) for digit in str(number))
        explain_level(f"order of {name} was sent")
    assert 0 < len(beginnings._remembered) <= MAX_REMEMBERED
    assert len(beginning_of("\N{MONEY BAG}" * 1000, MAX_BEGINNING)) == 4 * MAX_BEGINNING
    assert beginning_of("\ud800 12", MAX_BEGINNING) == b"\xed\xa0\x80 00"


@given(LINES)
@settings(max_examples=500, deadline=None)
def test_a_cached_short_text_has_the_level_of_all_rules(line: str) -> None:
    text = line[: MAX_SENTENCE - 1].strip()
    assert levels._of_short_text(text) == levels._of_short_text(text) == levels._of_any_text(text)


def test_short_texts_are_cached_and_long_ones_are_not() -> None:
    levels.forget()
    for _ in range(3):
        explain_level("0 errors, 0 warnings")
        explain_level("0 errors, 0 warnings" + " in the orders of today" * 3)
    cached = levels._of_short_text.cache_info()
    assert (cached.hits, cached.misses, cached.maxsize) == (2, 1, levels.MAX_SHORT_TEXTS)
