"""The header decides: every layout of docs/levels.md, with every level, before misleading texts.

The texts are made from the rules themselves: from the words of the vocabulary in every shape that is a level
somewhere, and from every pattern of the rules on text, so that a new rule is tried without being named here.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loginformant_shipper import levels
from loginformant_shipper.levels import explain_level
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import BRACKETED_WORDS

DOCUMENT = Path(__file__).parents[3] / "docs" / "levels.md"
PLACE = re.compile(r"\bERROR\b|\berror\b|\bE\b(?=0301| 2026|, \[| Orders| STORAGE)|^E(?=0301)")
WORDS = {
    Level.DEBUG: ("DEBUG", "TRACE"),
    Level.INFORMATION: ("INFO", "NOTICE"),
    Level.WARNING: ("WARN", "WARNING"),
    Level.ERROR: ("ERROR", "SEVERE"),
    Level.FATAL: ("FATAL", "CRITICAL"),
}


class Layout(NamedTuple):
    """A header with a place for the level, as the document shows it."""

    shown: str

    @property
    def has_letter(self) -> bool:
        """Return whether the level, or one of its places, is a letter."""
        return any(len(place[0]) == 1 for place in PLACE.finditer(self.shown))

    def line(self, word: str, text: str) -> str:
        """Return a line of this layout with the level in the spelling of each place."""
        filled = PLACE.sub(lambda place: spelled(word, place[0]), self.shown)
        return filled.replace("<tab>", "\t").replace("<newline>", "\n").removesuffix("text") + text


def spelled(word: str, as_in: str) -> str:
    if len(as_in) == 1:
        return word[0] if word[0] in "DIWEFT" else "E"
    return word if as_in.isupper() else word.lower()


def layouts() -> list[Layout]:
    table = DOCUMENT.read_text(encoding="utf-8").partition("| layout |")[2].partition("\n\n")[0]
    shown = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    return [Layout(row.replace(r"\|", "|")) for row in shown]


LAYOUTS = layouts()

SHAPES = (
    "see <b>{}</b> above",
    "level set to [{}]",
    "received signal ({})",
    "done - {}",
    "{} page built",
    "{}: late",
    "[{}] late",
    "the bank said {}: late",
    "query was level={}",
    "GET /x?severity={}",
    'answer {{"level":"{}"}}',
    "see \x1b[32m{}\x1b[0m above",
    "2026-03-01 10:20:30 {} late",
    "com.acme.{}: late",
    "7 {}s",
)
"""Places where some rule finds a level word."""
SIGNS = (
    *(
        "drive [D] is not ready",
        "temperature 25 [C]",
        "cannot cast List[T] to Seq[E]",
        "E0301 10:20:30 x.go:7] y",
    ),
    *(
        "%LINK-0-UPDOWN: port 7",
        "daemon.emerg gone",
        "LOG_ERR gone",
        "CWWKF0011E: gone",
        "<11>gone",
        "| 500 |",
    ),
    *('"GET /x HTTP/1.1" 500 77', '10.0.0.7 - - [01/Mar/2026:10:20:30 +0000] "GET /x HTTP/1.1" 503 7'),
    *("Task timed out after 3.00 seconds", "ORA-00600: gone", "Process exited before completing request"),
    *("Traceback (most recent call last):", "java.lang.IllegalStateException: no stock", "panic: gone"),
    *("x: Permission denied", "exited with code 1", "Segmentation fault", "no such order: KeyError: 7"),
    *("order 7 failed", "a fatal problem", "0 errors", "null", "0", "none", "✖ gone", "⚠ late", "null: null"),
    *(
        "npm ERR! code E404",
        "7:M 01 Mar 2026 10:20:30.123 # late",
        "PHP Fatal error:  gone",
        "=CRASH REPORT====",
    ),
    *(
        "system,error,critical gone",
        "main E> gone",
        "Gtk-CRITICAL **: gone",
        "LOG0[7]: gone",
        "WARN[0042] late",
    ),
    *("id=firewall fw=fw1 pri=1", "severity=0 unit=shop", "prio=alert unit=shop", "Severity: 2, Unit: shop"),
    *("(2026-03-01 10:20:30): [nss] [orders_add] (0x0010): gone", "[2026/03/01 10:20:30,  0] x.c:7(take)"),
    *("2026-03-01T10:20:30.123+0000 7f1abc123700 -1 orders: none", "03/01/2026 10:20:30;0001;x;Svr;x;gone"),
    *(
        "CEF:0|A|B|1|7|x|10|y",
        "LEEF:1.0|A|B|1|7|sev=10",
        "[1:7:7] x [Priority: 1]",
        "Rule: 7 (level 15) -> 'x'",
    ),
    *("[Root]system-critical-00026: x", "%Mar  1 10:20:30:123 2026 sw1 IFNET/0/DOWN: x", "kernel: <0>x"),
    *("##[error]x", "::error::x", "##teamcity[message text='x' status='ERROR']", "not ok 1 - x"),
    *(
        "!ENTRY org.acme.shop 4 0 2026-03-01 10:20:30.123",
        "#<RuntimeError: x>",
        "03/01/2026 10:20:30|worker|web1|E|x",
        "UTC | TRACE | ERROR | (x",
    ),
    *('{"status":200}', '{"status":503}', '{"error":"x"}', '{"message":"a fatal problem"}', '{"desk":7}'),
    '1,2026/03/01 10:20:30,0016,SYSTEM,ha,0,x,,y,,0,0,ha,critical,"x",7',
    *("2,1234,5678901,-;gone", "<2>gone", "FAT: gone", "03-01 10:20:30.123  root  7  8 F [10:20:29] gone"),
)
"""Texts that the rules without level words look for."""


@cache
def texts() -> list[str]:
    """Return texts in which some rule finds a level: ten words in each shape, and every word in some."""
    ten = [word for words in WORDS.values() for word in words]
    every = sorted(BRACKETED_WORDS)
    step = len(SHAPES) // 2
    found = [
        shape.format(spelling)
        for number, shape in enumerate(SHAPES)
        for spelling in (
            *ten,
            *(word.lower() for word in ten[::2]),
            *(word.capitalize() for word in every[number % step :: step]),
        )
    ]
    return [*found, *SIGNS]


class Wrong(NamedTuple):
    """A line whose level is not that of its header."""

    layout: str
    word: str
    text: str
    got: Level


def crossed(layout: Layout) -> Iterator[Wrong]:
    """Return the lines whose level is not that of their header, except those that `explained` explains."""
    for level, words in WORDS.items():
        for word in words[:1] if layout.has_letter else words:
            for text in texts():
                got = explain_level(layout.line(word, text)).level
                if got != level and not explained(layout, word, text):
                    yield Wrong(layout.shown, word, text, got)


def explained(layout: Layout, word: str, text: str) -> bool:
    """Return whether a line has another layout than stated: two layouts also fit a wrapper or a count.

    After a syslog header, the text of the program is read separately.
    """
    shown = layout.shown.removeprefix("Mar  1 10:20:30 web1 orders[7]: ")
    maven = shown == "[ERROR] text" and word == "INFO" and text.startswith("[")
    first_line = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).strip().partition("\n")[0].strip()
    count = shown == "error: text" and first_line == "0"
    return maven or count


def test_the_document_lists_layouts() -> None:
    assert len(LAYOUTS) > 30
    assert all(PLACE.search(layout.shown) for layout in LAYOUTS)
    assert all(layout.shown.endswith("text") for layout in LAYOUTS)


def test_every_word_of_the_vocabulary_is_in_some_text() -> None:
    assert all(any(word in text.lower() for text in texts()) for word in BRACKETED_WORDS)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.shown)
def test_no_text_changes_the_level_of_the_header(layout: Layout) -> None:
    assert list(crossed(layout)) == []


# --- texts from the patterns of the rules ---


def patterns() -> list[re.Pattern[str]]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(levels.__path__, f"{levels.__name__}.")
    ]
    return [value for module in modules for value in vars(module).values() if isinstance(value, re.Pattern)]


PATTERNS = patterns()
ANY = st.characters(codec="utf-8")


@st.composite
def misleading(draw: st.DrawFn) -> str:
    """Draw a text that one of the patterns matches."""
    pattern = draw(st.sampled_from(PATTERNS))
    return draw(st.from_regex(pattern, alphabet=ANY)).strip()


@given(st.sampled_from(LAYOUTS), st.sampled_from(list(WORDS)), misleading())
@settings(max_examples=1000, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_that_matches_a_rule_changes_the_level_of_the_header(
    layout: Layout, level: Level, text: str
) -> None:
    word = WORDS[level][0]
    got = explain_level(layout.line(word, text)).level
    assert got == level or explained(layout, word, text)
