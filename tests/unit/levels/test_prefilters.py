"""A prefilter skips a rule only for texts on which the rule would not have decided."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from types import ModuleType
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loginformant_shipper import levels
from loginformant_shipper.levels import (
    exceptions,
    explain_level,
    fields,
    http_status,
    key_values,
    platform,
    signs,
    words,
)
from loginformant_shipper.levels.platform import decide_by_execution_line, decide_by_platform_record
from loginformant_shipper.levels.vocabulary import Decision
from loginformant_shipper.parsing.headers import header
from loginformant_shipper.parsing.headers.header import find_level
from loginformant_shipper.parsing.headers.level_words import words_of

from tests.unit.levels import test_sentences
from tests.unit.levels.test_cross import LAYOUTS, texts


class Prefilter(NamedTuple):
    rule: Callable[[str], Decision | None]
    may_decide: Callable[[str, AbstractSet[bytes]], bool]
    words: frozenset[bytes]
    module: ModuleType

    def hides(self, text: str) -> bool:
        """Return whether the rule decides on a text for which the prefilter skips it."""
        found = self.words.intersection(words_of(text))
        return not self.may_decide(text, found) and self.rule(text) is not None

    def patterns(self) -> list[re.Pattern[str]]:
        return [value for value in vars(self.module).values() if isinstance(value, re.Pattern)]


def exception(text: str) -> Decision | None:
    return exceptions.decide_by_exception(text, text.partition("\n")[0])


def has_word(text: str, words: AbstractSet[bytes]) -> bool:
    return bool(words)


def has_word_of_lambda(text: str, words: AbstractSet[bytes]) -> bool:
    return not platform.WORDS_OF_LAMBDA_EVENTS.isdisjoint(words)


PREFILTERS = (
    Prefilter(
        key_values.decide_by_key_value, key_values.may_have_pair, key_values.WORDS_OF_PAIRS, key_values
    ),
    Prefilter(words.decide_by_words, words.may_have_bad_news, words.WORDS_OF_BAD_NEWS, words),
    Prefilter(exception, exceptions.may_be_exception, exceptions.WORDS_OF_EXCEPTIONS, exceptions),
    Prefilter(signs.decide_by_code, signs.may_have_code, signs.WORDS_OF_CODES, signs),
    Prefilter(signs.decide_by_last_word, has_word, levels._WORDS_OF_RULES, signs),
    Prefilter(signs.decide_by_marked_word, has_word, levels._WORDS_OF_RULES, signs),
    Prefilter(platform.decide_by_lambda_event, has_word_of_lambda, platform.WORDS_OF_LAMBDA_EVENTS, platform),
    Prefilter(
        platform.decide_by_platform_line,
        platform.may_be_platform_line,
        platform.WORDS_OF_PLATFORM_LINES,
        platform,
    ),
    Prefilter(
        http_status.decide_by_http_status,
        http_status.may_be_request,
        http_status.WORDS_OF_REQUESTS,
        http_status,
    ),
)
EACH = pytest.mark.parametrize("prefilter", PREFILTERS, ids=lambda each: each.rule.__name__)

PIECES = st.sampled_from((*test_sentences.PIECES, *texts()))
BETWEEN = st.sampled_from(("", " ", "\n", ": ", "x", "7", "é", "\u0131", "! ", "\tat ", "{", '"', "\n! "))


CASES: st.SearchStrategy[Callable[[str], str]] = st.sampled_from((str, str.upper, str.lower, str.title))


@st.composite
def glued(draw: st.DrawFn) -> str:
    """Draw texts of pieces that some rule is made for, cut and joined anywhere, in any case."""
    pieces = draw(st.lists(st.tuples(PIECES, BETWEEN), min_size=1, max_size=4))
    text = "".join(piece[draw(st.integers(0, 3)) :] + between for piece, between in pieces)
    return draw(CASES)(text).strip()


@EACH
@given(text=glued())
@settings(max_examples=400, deadline=None)
def test_no_prefilter_hides_a_text_that_its_rule_is_made_for(prefilter: Prefilter, text: str) -> None:
    assert not prefilter.hides(text)


@EACH
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_prefilter_hides_a_text_that_the_patterns_of_its_rule_match(
    prefilter: Prefilter, data: st.DataObject
) -> None:
    pattern = data.draw(st.sampled_from(prefilter.patterns()))
    text = data.draw(st.from_regex(pattern)).strip()
    assert not prefilter.hides(text)


@EACH
def test_prefilters_skip_common_texts(prefilter: Prefilter) -> None:
    for text in ("Order 7 received from customer 12", "order-7: user ann took 12 ms", "stock: 7, 12"):
        assert not prefilter.may_decide(text, prefilter.words.intersection(words_of(text)))


MARKS = (
    *("E", "e", "EE", "W7", "(I)", "d2a6f8b1-3c4e", "[F7]", "n", "x", "7E", "E7E", "é", ""),
    *("NOTE", "[note]", "<Note>", "[ system ]", "[config7]", "note:", "AUDIT:", "OK", "|LOG|", "warnings:"),
    *("Level: event", "Severity : hint", "Gtk-MESSAGE **", "app.NOTE:", "2026.03.01 LOG", "http", "System"),
)
LINES = st.builds(
    lambda layout, mark, text: layout.shown.replace("ERROR", mark).replace("error", mark) + text,
    st.sampled_from(LAYOUTS),
    st.sampled_from(MARKS),
    PIECES | st.sampled_from(MARKS),
)


@given(LINES)
@settings(max_examples=600, deadline=None)
def test_a_header_that_is_not_read_has_no_level(line: str) -> None:
    found = find_level(line)
    with (
        patch.object(header, "holds_a_letter_alone", return_value=True),
        patch.object(header, "_are_marked", return_value=True),
    ):
        assert find_level(line) == found


ADDRESSES = st.ip_addresses(v=4).map(str) | st.just("-")
COUNTS = st.integers(0, 10**10).map(str) | st.just("-")
FLOW_LOGS = st.builds(
    lambda interface, addresses, counts, action, status: (
        f"2 123456789012 eni-{interface:017x} {' '.join(addresses)} {' '.join(counts)} {action} {status}"
    ),
    st.integers(0, 16**17 - 1),
    st.lists(ADDRESSES, min_size=2, max_size=2),
    st.lists(COUNTS, min_size=7, max_size=7),
    st.sampled_from(("ACCEPT", "REJECT", "-")),
    st.sampled_from(("OK", "NODATA", "SKIPDATA")),
)


@given(FLOW_LOGS)
def test_a_flow_log_decided_at_once_has_the_level_of_all_rules(line: str) -> None:
    known = explain_level(line)
    assert known == ("Information", "vpc-flow-log")
    with patch.dict(levels._BY_FIRST_CHARACTER, clear=True):
        levels.forget()
        assert explain_level(line) == known


EXECUTION_LINES = st.builds(
    lambda request, line, part, number: f"({request}) " + line.format(request, part, number),
    st.uuids() | st.text("0123456789abcdef-", min_size=36, max_size=36),
    st.sampled_from(
        (
            "Extended Request Id: {1}Kx{2}=",
            "Verifying Usage Plan for request: {0}. API Key:  API Stage: a1{2}b/{1}",
            "API Key  authorized because method 'POST /{1}/{2}' does not require API Key. Request will not"
            " contribute to throttle or quota limits",
            "Starting execution for request: {0}",
            "Sending request to https://{1}.example.com/{2}/{1}:{2}",
            "Received response. Status: {2}, Integration latency: {2} ms",
            "Successfully completed execution",
            "Method completed with status: {2}",
        )
    ),
    st.sampled_from(
        ("orders", "ERROR", "info", "E", "level", "at", "SIGSEGV", "LOG_ERR", "TCP_MISS", "fatal")
    ),
    st.integers(100, 599),
)


@given(EXECUTION_LINES)
def test_an_execution_line_decided_at_once_has_the_level_of_all_rules(line: str) -> None:
    known = decide_by_execution_line(line)
    if known is not None:
        assert explain_level(line) == known
        with patch.dict(levels._BY_FIRST_CHARACTER, clear=True):
            levels.forget()
            assert explain_level(line) == known


LAMBDA_LINES = st.builds(
    lambda line, rest: line + "".join(rest),
    st.sampled_from(
        (
            "START RequestId: 8f1d3c52-6a0b-4c8e-9d27-0123456789ab Version: $LATEST",
            "END RequestId: 8f1d3c52",
            "REPORT RequestId: 8f1d3c52\tDuration: 7.12 ms\tStatus: timeout",
            "INIT_START Runtime Version: python:3.13.v36",
            "RESTORE_REPORT Restore Duration: 7.12 ms",
            "EXTENSION\tName: orders\tState: LaunchError",
        )
    ),
    st.lists(
        PIECES | st.sampled_from(("\t", "\n", '] "', "\x1b[31m", "\\x1b[0m", "Status: error")), max_size=3
    ),
)


@given(LAMBDA_LINES)
@settings(max_examples=500, deadline=None)
def test_an_event_of_lambda_decided_at_once_has_the_level_of_all_rules(line: str) -> None:
    levels.forget()
    known = explain_level(line)
    with patch.dict(levels._BY_FIRST_CHARACTER, clear=True):
        levels.forget()
        assert explain_level(line) == known


def test_common_events_of_lambda_are_decided_at_once() -> None:
    line = "REPORT RequestId: 8f1d3c52\tDuration: 7.12 ms\tBilled Duration: 8 ms\tStatus: timeout"
    assert platform.decide_by_lambda_line(line) == ("Warning", "lambda-platform")
    assert platform.decide_by_lambda_line("SERVICE ready") is None


PAIRS = st.sampled_from(
    (
        *(
            "level=warn",
            "lvl=E",
            'level="error"',
            "LEVEL=INFO",
            "severity=3",
            "pri=1",
            "at=info",
            "loglevel=debug",
        ),
        *(
            "ts=2026-03-01T10:20:30Z",
            'msg="level=fatal"',
            "event='order taken'",
            "x=<level>INFO</level>",
            "a=b",
        ),
        *(
            "ERROR",
            "[WARN]",
            "order failed",
            '{"level":"error"}',
            "}{",
            "\n",
            "---\n",
            "=",
            "--=",
            "\\x1b[31m",
            "#033[0m",
        ),
    )
)


@given(st.lists(PAIRS | PIECES, min_size=1, max_size=6).map(" ".join))
@settings(max_examples=1000, deadline=None)
def test_a_line_of_pairs_decided_at_once_has_the_level_of_all_rules(line: str) -> None:
    levels.forget()
    known = explain_level(line)
    with patch.object(levels, "decide_by_first_pair", return_value=None):
        levels.forget()
        assert explain_level(line) == known


@pytest.mark.parametrize(
    "line", ["ts=10:20:30 level=warn msg=late", "lvl=warn", 'level="warn" msg="7 errors"']
)
def test_common_lines_of_pairs_are_decided_at_once(line: str) -> None:
    assert key_values.decide_by_first_pair(line) == ("Warning", "key-value")


NAMES = st.sampled_from(
    sorted(
        {
            *fields.TELLING_NAMES,
            *fields._CONTAINERS,
            "MESSAGE",
            "resourceLogs",
            "tags",
            "message",
            "@t",
            "@m",
        }
    )
)
VALUES = st.sampled_from(
    ("INFO", "error", "Metadata", "audit.k8s.io/v1", 30, None, True, "x", {"level": "warn"})
)


@given(
    st.dictionaries(NAMES, VALUES, max_size=3),
    st.sampled_from(("level", "Level", "@level", "LEVEL", "log.level", "severity")) | NAMES,
    VALUES,
)
@settings(max_examples=500)
def test_a_single_level_field_gives_the_level_of_all_field_rules(
    others: dict[str, object], name: str, value: object
) -> None:
    record = {**others, name: value}
    names = fields.TELLING_NAMES.intersection(record)
    alone = fields.decide_by_level_alone(record, *names) if len(names) == 1 else None
    assert alone in (None, decide_by_platform_record(record) or fields.decide_by_field(record))


@pytest.mark.parametrize(
    "level", [{"level": "WARN"}, {"log.level": "warn"}, {"severity": "WARNING"}, {"level": 40}]
)
def test_common_structured_logs_are_decided_at_once(level: dict[str, object]) -> None:
    record = {"timestamp": "2026-03-01T10:20:30Z", **level, "message": "late", "logger": "shop"}
    [name] = fields.TELLING_NAMES.intersection(record)
    assert fields.decide_by_level_alone(record, name) == ("Warning", "field")
