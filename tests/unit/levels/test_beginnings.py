"""The cached decision on a beginning is the one that each text with that beginning gets without the cache."""

import random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loginformant_shipper import levels
from loginformant_shipper.levels import explain_level
from loginformant_shipper.levels.beginnings import (
    MAX_BEGINNING,
    MAX_REMEMBERED,
    UNKNOWN,
    beginning_of,
    decide_by_beginning,
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
    with patch.object(levels, "decide_by_beginning", return_value=UNKNOWN):
        return explain_level(text)


def with_other_digits(text: str, seed: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice("0123456789") if "0" <= each <= "9" else each for each in text)


@given(LINES, st.integers(0, 20), st.integers(20, 200), st.integers(0, 9))
@settings(max_examples=1000, deadline=None)
def test_the_cache_of_beginnings_changes_no_level(line: str, start: int, end: int, seed: int) -> None:
    for text in (line, line[start:end], with_other_digits(line[start:end], seed)):
        assert explain_level(text) == without_beginnings(text)


@pytest.mark.parametrize("line", WRAPPING)
def test_a_line_that_may_wrap_another_is_read_in_full(line: str) -> None:
    assert explain_level(line) == without_beginnings(line)


@given(LINES)
def test_a_beginning_that_is_not_cached_gives_the_same_decision(line: str) -> None:
    beginning = beginning_of(line)
    assert decide_by_beginning.__wrapped__(beginning) is decide_by_beginning(beginning)


def test_the_lines_of_one_program_have_few_beginnings() -> None:
    begins = {name: {beginning_of(line) for line in lines} for name, lines in streams().items()}
    assert max(map(len, begins.values())) < 200


def test_the_cache_of_beginnings_is_bounded() -> None:
    assert decide_by_beginning.cache_info().maxsize == MAX_REMEMBERED
    assert len(beginning_of("\N{MONEY BAG}" * 1000)) == 4 * MAX_BEGINNING
    assert beginning_of("\ud800 12") == b"\xed\xa0\x80 00"
