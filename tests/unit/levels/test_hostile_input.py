"""Every pattern is linear on hostile text: its time is compared with that of one plain search, in one run."""

import importlib
import inspect
import pkgutil
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from loginformant_shipper import levels
from loginformant_shipper.levels import END, START, infer_level

MEBIBYTE = 1024 * 1024
SEARCHED = 64 * 1024
RATIO = 4
"""A rule, or all rules together, may take at most this many times the search for a level word."""

LEVEL_WORD = re.compile(r"trace|debug|info|notice|warn|error|severe|crit|alert|emerg|fatal|panic", re.I)

PIECES = (
    *"aA0é \t[](){}<>|:;,./-_=\"'\\\n\x1b#!",
    *(
        "aA",
        "a ",
        "A ",
        "0 ",
        "a=",
        "a:",
        "A:",
        "[a",
        "[a]",
        "(a) ",
        "<a>",
        "A_",
        "a-",
        "a.b.",
        "a\n",
        "\n ",
        "a=",
    ),
    *(
        "GET ",
        "GET /",
        "GET / ",
        '] "',
        "/0/0 ",
        "TCP_A/",
        "| 200 ",
        "HTTP/1.1 ",
        "\tGET\t",
        "\x1b[",
        "\x1b[31mx",
    ),
    *("at a", "  at ", "a:1:in `", "thread '", "X::Y", "(a)\n", "Warning", "Exceptio", "Erro", "RequestId: "),
    *(
        "<1>",
        "[E]",
        "level=",
        "level:",
        "{'level': ",
        "key=value ",
        "2026-03-01 ",
        "10:20:30 ",
        "Jan ",
        "UTC ",
        "abc0123 ",
        "ORA-0",
        "%A-",
        "%AA-AA-",
        "ABCD1234",
        "user.e",
        "LOG_A ",
        "a.b.C",
        "<level>",
        '{"',
        ": no such file",
        "exit ",
    ),
    *("pri=", 'x="\\"', "severity=3 ", "Level: ", ", Level: 3"),
    *("(2026-03-01 10:20:30): [a", "[2026/03/01 10:20:30, 1", "<3>", "note: ", "a,a"),
    *("CEF:0|a|", "\\|", "LEEF:1.0|", "sev=", ",2026/03/01 10:20:30,a,THREAT,", ",low,", "[Priority: "),
    *("[1:1:1] ", "#<A", "A::", "(level 1", "fw=a ", "pri=1 ", 'a="a\\', "\nLevel: ", "A: a, "),
    *("::a ", "##teamcity[message ", "system-", "kernel: [ ", "not ok 1 ", "%Mar  1 10:20:30 2026 a "),
)
PREFIXES = ("", "2026-03-01 10:20:30 GET /", "{", "x: ")


def the_patterns() -> Iterator[tuple[str, Callable[[str], object]]]:
    """Return the name of each pattern, and whether the rules search with it or match at the start only."""
    for found in pkgutil.iter_modules(levels.__path__, f"{levels.__name__}."):
        module = importlib.import_module(found.name)
        source = inspect.getsource(module)
        for name, pattern in vars(module).items():
            if isinstance(pattern, re.Pattern):
                anywhere = re.search(
                    rf"\b{name}\.(?:search|finditer|findall|sub)\(|pattern\.finditer", source
                )
                yield f"{found.name}.{name}", partial(look_anywhere, pattern) if anywhere else pattern.match


def look_anywhere(pattern: re.Pattern[str], text: str) -> None:
    deque(pattern.finditer(text), maxlen=0)


PATTERNS = [
    pytest.param(look, id=name.removeprefix("loginformant_shipper.")) for name, look in the_patterns()
]


def shapes(length: int) -> list[str]:
    return [(prefix + piece * (length // len(piece) + 1))[:length] for prefix in PREFIXES for piece in PIECES]


def seconds(look: Callable[[str], object], text: str, runs: int = 3) -> float:
    """Return the shortest processor time of some runs, which excludes that of other programs."""
    return min(_once(look, text) for _ in range(runs))


def _once(look: Callable[[str], object], text: str) -> float:
    start = time.thread_time()
    look(text)
    return time.thread_time() - start


@pytest.fixture(scope="module")
def one_search() -> float:
    """Search for a level word in text that has none, so that the whole text is read."""
    return seconds(LEVEL_WORD.search, "a" * SEARCHED)


def is_fast(look: Callable[[str], object], text: str, one_search: float) -> bool:
    return any(seconds(look, text, runs) <= RATIO * one_search for runs in (1, 3, 9))


def test_patterns_are_found() -> None:
    assert len(PATTERNS) > 20


@pytest.mark.parametrize("look", PATTERNS)
def test_no_pattern_is_slow_on_text_that_the_rules_give_it(
    look: Callable[[str], object], one_search: float
) -> None:
    assert [shape[:40] for shape in shapes(START + END) if not is_fast(look, shape, one_search)] == []


def test_a_level_in_a_mebibyte_is_found_fast(one_search: float) -> None:
    assert [shape[:40] for shape in shapes(MEBIBYTE) if not is_fast(infer_level, shape, one_search)] == []


def test_a_slow_pattern_is_noticed(one_search: float) -> None:
    slow = re.compile(r"(?:a{1,200}){1,200}b")
    assert not is_fast(slow.match, "a" * 24, one_search)
