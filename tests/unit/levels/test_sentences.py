"""A plain sentence takes a short cut through the rules, and comes out where it would have come out anyway."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper import levels
from loginformant_shipper.levels import sentences
from loginformant_shipper.levels.sentences import LONGEST, is_plain


@pytest.mark.parametrize(
    "text",
    [
        "tick 17",
        "Order 10427 received from customer 7781",
        "Cache miss for user:42 (cold), region=eu-1",
    ],
)
def test_most_lines_are_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42 orders",
        "[main] started",
        "The disk is full: error 28",
        "Jan 12 e text",
        "GET orders 500",
        'said "hello"',
        "orders | 500 |",
        "started\nERROR",
        "größer",
        "a" * (LONGEST + 1),
    ],
)
def test_what_a_rule_may_decide_is_not(text: str) -> None:
    assert not is_plain(text)


WORDS = st.sampled_from(
    [
        *sorted(sentences._TELLING),
        *("crashs", "Task", "out", "after", "3 seconds", "RequestId:", "npm", "kernel", "Process", "before"),
        *("SIGSEGV", "OOMKilled", "core dumped", "Caused by:", "DeprecationWarning:", "java.io.IOException:"),
        *(
            "level",
            "severity",
            "lvl",
            "at",
            "high",
            "Jan",
            "T10",
            "I0305",
            "12:30:01",
            "2026-01-02",
            "500",
            "0",
        ),
        *(
            "START RequestId: 1",
            "REPORT RequestId: 1",
            "ORA-01555:",
            "thread 'main' panicked at",
            "order",
            "ms",
        ),
    ]
)
SPELLINGS = st.sampled_from([str, str.upper, str.title, lambda word: f"x{word}", lambda word: f"{word}s"])
SEPARATORS = st.sampled_from([" ", "  ", " - ", ": ", "=", ":", ", ", " [", "] ", " (", ")", "-", "_", ""])


@given(st.lists(st.tuples(WORDS, SPELLINGS, SEPARATORS), min_size=1, max_size=6))
def test_no_rule_would_have_decided_otherwise(parts: list[tuple[str, object, str]]) -> None:
    text = "".join(spell(word) + separator for word, spell, separator in parts).strip()  # type: ignore[operator]
    short_cut = levels._of_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(levels, "is_plain", lambda text: False)
        assert levels._of_text(text) == short_cut
