"""Plain sentences skip most rules or all of them, and their level stays the same."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loginformant_shipper import levels
from loginformant_shipper.levels import explain_level
from loginformant_shipper.levels.sentences import is_plain, is_silent
from loginformant_shipper.parsing.headers.level_words import words_of

PIECES = (
    *(
        "order 7 taken",
        "2026-03-01 10:20:30 ",
        "retry",
        "the report ",
        "desk",
        " ",
        ": ",
        "=",
        "a>b ",
        "(x) ",
        "GRAVE: ",
        "UTC [7] FEHLER:  ",
    ),
    *("error", "KeyError: ", "no such order", "Permission denied", "command not found", "already in use."),
    *("exit code 1", "exited with code 2", "code=killed", "level", "severity", "at", "=warn", ":warn", "lvl"),
    *("Address already in use", "Segmentation fault", "default", "SIGSEGV", "core dumped", "OOMKilled"),
    *(
        "START RequestId: 7",
        "INIT_START Runtime Version: 7",
        "Caused by: x",
        "goroutine 7 [",
        "terminate called ",
    ),
    *("Uncaught ", "Unhandled promise", "Traceback (most recent call last)", "x.rb:7:in `f' (KeyError)"),
    *("Connection timed out", "Device or resource busy", "Resource temporarily unavailable"),
    *("Disk quota exceeded", "Stale file handle", "Name or service not known"),
    *("context deadline exceeded", "was sent SIGKILL", "killed by signal 9", "rake aborted!"),
    *("** (EXIT) ", "Node.js v7.", "UserWarning: ", "kernel BUG at ", "Oops: 0002", "Out of memory: Kill"),
    *(
        "general protection fault",
        "java.lang.IllegalStateException: x",
        "E ",
        "s",
        "ORD1234S: ",
        "INFO",
        "[w] ",
    ),
)
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map(lambda pieces: "".join(pieces).strip())


@given(TEXTS)
@settings(max_examples=2000)
def test_a_sentence_that_skips_rules_has_the_level_of_all_rules(text: str) -> None:
    spared = explain_level(text)
    with patch.object(levels, "is_plain", return_value=False):
        levels.forget()
        assert explain_level(text) == spared


@pytest.mark.parametrize(
    "text",
    [
        "order 7 taken",
        "2026-03-01 10:20:30 order 7 taken",
        "Cache miss for user:7 (cold), region=eu-1",
        "no stock for sku-7 is left",
    ],
)
def test_most_sentences_need_no_rule(text: str) -> None:
    words = words_of(text)
    assert is_plain(text, words)
    assert is_silent(text, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Order 7: nothing_left", [b"order", b"nothing", b"left"]),
        ("naïve \u212aelvin \udc80x", [b"na", b"ve", b"elvin", b"x"]),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_from_a_to_z(text: str, words: list[bytes]) -> None:
    assert words_of(text) == words
