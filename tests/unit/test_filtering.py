from collections import Counter
from collections.abc import Iterable

import pytest
from loginformant_shipper.filtering import (
    LevelledLog,
    LogFilter,
    has_filters,
    is_blank,
    is_own,
    keep,
    share_of,
)
from loginformant_shipper.names import FilterCause, Level
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.stack_traces import MAX_JOINED_EVENTS, Log, join

from tests.unit.sample_data import ORDERS, log_event, settings

REQUESTS = [f"{number:08x}-1111-4222-8333-444444444444" for number in range(2000)]


def test_events_of_the_stack_s_own_log_groups_are_not_shipped() -> None:
    assert is_own(ORDERS, {ORDERS.log_group, "/other"})
    assert not is_own(ORDERS, {ORDERS.log_group + "-2", "/aws/lambda"})


def test_events_without_a_log_group_are_shipped() -> None:
    assert not is_own(None, {ORDERS.log_group})


@pytest.mark.parametrize(("message", "blank"), [("", True), (" \r\n\t", True), (" .", False), ("0", False)])
def test_a_log_that_is_nothing_but_white_space_is_blank(message: str, blank: bool) -> None:
    assert is_blank(Log((log_event(message=message),), parse(message), None, None)) is blank


def levelled(message: str, level: Level = Level.INFORMATION, identifier: str = "e0") -> LevelledLog:
    return Log((log_event(identifier, message),), parse(message)), level


def kept(logs: Iterable[LevelledLog], **variables: str) -> tuple[list[str], dict[FilterCause, int]]:
    """Return the shipped messages, and how many events are dropped by cause."""
    dropped: Counter[FilterCause] = Counter()
    messages = [log.parsed.text for log, _ in keep(logs, LogFilter(settings(**variables)), dropped)]
    return messages, dict(dropped)


def test_without_filters_everything_is_shipped() -> None:
    assert not has_filters(settings(DEFAULT_LEVEL="Error", REDACT="email", PROPERTIES="a=b"))
    assert kept([levelled("a", Level.DEBUG), levelled("b")]) == (["a", "b"], {})


@pytest.mark.parametrize(
    "variable",
    ["MINIMUM_LEVEL=Information", "INCLUDE_PATTERN=a", "EXCLUDE_PATTERN=a", "SAMPLE_PERCENT=99.9"],
)
def test_each_filter_setting_turns_filtering_on(variable: str) -> None:
    assert has_filters(settings(**dict([variable.split("=")])))


# --- level ---


@pytest.mark.parametrize("minimum", Level)
def test_logs_below_the_minimum_level_are_dropped(minimum: Level) -> None:
    levels = list(Level)
    messages, dropped = kept([levelled(level, level) for level in levels], MINIMUM_LEVEL=minimum)
    assert messages == levels[levels.index(minimum) :]
    assert sum(dropped.values()) == dropped.get(FilterCause.LEVEL, 0) == levels.index(minimum)


# --- patterns ---


def test_only_logs_in_which_the_include_pattern_is_found_are_shipped() -> None:
    logs = [levelled("order 7"), levelled("GET /health"), levelled('{"order": 8}')]
    assert kept(logs, INCLUDE_PATTERN=r"order\W+\d") == (
        ["order 7", '{"order": 8}'],
        {FilterCause.INCLUDE_PATTERN: 1},
    )


def test_logs_in_which_the_exclude_pattern_is_found_are_dropped() -> None:
    logs = [levelled("order 7"), levelled("GET /health"), levelled("get /HEALTH")]
    assert kept(logs, EXCLUDE_PATTERN="(?i)get /health") == (["order 7"], {FilterCause.EXCLUDE_PATTERN: 2})


def test_a_pattern_is_matched_against_the_whole_message_with_its_prefix() -> None:
    message = f"2026-11-03T10:00:00.000Z\t{REQUESTS[0]}\tINFO\tOrder placed"
    assert kept([levelled(message)], INCLUDE_PATTERN=r"^2026.*\tOrder placed$") == ([message], {})


def test_only_the_first_cause_is_counted() -> None:
    everything = {
        "MINIMUM_LEVEL": "Warning",
        "INCLUDE_PATTERN": "x",
        "EXCLUDE_PATTERN": "a",
        "SAMPLE_PERCENT": "0",
    }
    logs = [
        levelled("a"),
        levelled("a", Level.ERROR),
        levelled("xa", Level.ERROR),
        levelled("x", Level.ERROR),
    ]
    assert kept(logs, **everything) == (
        ["x"],
        {FilterCause.LEVEL: 1, FilterCause.INCLUDE_PATTERN: 1, FilterCause.EXCLUDE_PATTERN: 1},
    )


# --- stack traces ---

TRACE = [
    "Traceback (most recent call last):",
    *[f'  File "/app/a{number}.py", line {number}, in f' for number in range(MAX_JOINED_EVENTS + 10)],
    "ValueError: no such order",
]


def logs_of_trace(lines: list[str] = TRACE) -> list[LevelledLog]:
    events = [log_event(f"e{number}", line) for number, line in enumerate(lines)]
    return [(log, Level.INFORMATION) for log in join(events)]


def test_all_events_of_a_joined_log_are_counted() -> None:
    first = logs_of_trace()[:1]
    assert kept(first, EXCLUDE_PATTERN="Traceback") == ([], {FilterCause.EXCLUDE_PATTERN: MAX_JOINED_EVENTS})


@pytest.mark.parametrize(
    "variable",
    ["INCLUDE_PATTERN=Traceback", "EXCLUDE_PATTERN=Traceback", "SAMPLE_PERCENT=50", "SAMPLE_PERCENT=0"],
)
def test_the_rest_of_a_trace_is_kept_or_dropped_with_its_beginning(variable: str) -> None:
    logs = logs_of_trace()
    assert len(logs) == 2
    messages, dropped = kept(logs, **dict([variable.split("=")]))
    assert (len(messages), sum(dropped.values())) in ((2, 0), (0, len(TRACE)))


def test_a_trace_without_its_beginning_is_filtered_by_its_own_text() -> None:
    logs = logs_of_trace(TRACE[-20:])
    assert [log.continues is log.parsed for log, _ in logs] == [True]
    assert kept(logs, EXCLUDE_PATTERN="ValueError") == ([], {FilterCause.EXCLUDE_PATTERN: 20})


# --- sampling ---


def in_request(
    request: str, text: str, level: Level = Level.INFORMATION, identifier: str = "e0"
) -> LevelledLog:
    return levelled(f"2026-11-03T10:00:00.000Z\t{request}\tINFO\t{text}", level, identifier)


def test_shares_are_spread_evenly() -> None:
    shares = sorted(map(share_of, REQUESTS))
    assert all(abs(share - place / len(shares)) < 0.04 for place, share in enumerate(shares))
    assert 0 <= shares[0] < shares[-1] < 1


@pytest.mark.parametrize(("percent", "least", "most"), [("0", 0, 0), ("10", 150, 250), ("99.9", 1985, 2000)])
def test_the_sample_percentage_of_logs_is_shipped(percent: str, least: int, most: int) -> None:
    logs = [levelled("x", identifier=str(number)) for number in range(2000)]
    messages, dropped = kept(logs, SAMPLE_PERCENT=percent)
    assert least <= len(messages) <= most
    assert dropped == {FilterCause.SAMPLING: 2000 - len(messages)}


@pytest.mark.parametrize("level", Level)
def test_only_debug_and_information_are_sampled(level: Level) -> None:
    messages, _ = kept([levelled("x", level)], SAMPLE_PERCENT="0")
    assert bool(messages) is (level in (Level.WARNING, Level.ERROR, Level.FATAL))


def test_a_lambda_request_is_kept_or_dropped_as_a_whole() -> None:
    for request in REQUESTS[:50]:
        logs = [
            levelled(f"START RequestId: {request} Version: $LATEST", identifier="1"),
            in_request(request, "one", identifier="2"),
            in_request(request, "two", Level.DEBUG, identifier="3"),
            levelled(f'{{"function_request_id":"{request}","message":"three"}}', identifier="4"),
            levelled(f'{{"type":"platform.report","record":{{"requestId":"{request}"}}}}', identifier="5"),
            levelled(f"REPORT RequestId: {request}\tDuration: 1 ms", identifier="6"),
            levelled(f'{{"level":"INFO","requestId":"{request}","message":"seven"}}', identifier="7"),
            levelled(f'{{"level":"INFO","span":{{"requestId":"{request}"}}}}', identifier="8"),
        ]
        messages, _ = kept(logs, SAMPLE_PERCENT="50")
        assert len(messages) in (0, len(logs))


NO_ID = [
    *("-", "?", "none", "null", "undefined", "unknown", "N/A", "not available", "7", "req-12"),
    *("00000000", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    *("$context.requestId", "[redacted:pattern]", "req-2026-[redacted:pattern]", "[redacted:email] 2"),
]


@pytest.mark.parametrize("identifier", NO_ID)
@pytest.mark.parametrize("percent", ["10", "50", "90"])
def test_logs_with_the_same_text_in_place_of_an_id_are_sampled_one_by_one(
    identifier: str, percent: str
) -> None:
    message = f'{{"requestId":"{identifier}","message":"x"}}'
    messages, _ = kept(
        [levelled(message, identifier=request) for request in REQUESTS], SAMPLE_PERCENT=percent
    )
    assert abs(len(messages) - len(REQUESTS) * int(percent) / 100) < 100


def test_logs_of_lambda_without_a_request_are_sampled_one_by_one() -> None:
    nil = "00000000-0000-0000-0000-000000000000"
    for request in ("undefined", nil, "[redacted:pattern]"):
        logs = [in_request(request, "x", identifier=identifier) for identifier in REQUESTS]
        assert 900 < len(kept(logs, SAMPLE_PERCENT="50")[0]) < 1100


IDS = [
    "9f1c2b7a",
    "JKJaXmPLvHcESHA=",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "1-5759e988-bd862e3fe1be46a994272793",
    "11111111222243338444555555555555",
    "c1d2e3f4-1111-4222-8333-444444444444_REPLACED_INVALID_REQUEST_ID",
]


@pytest.mark.parametrize("identifier", IDS)
def test_every_usual_format_of_an_id_keeps_a_request_whole(identifier: str) -> None:
    logs = [levelled(f'{{"requestId":"{identifier}"}}', identifier=request) for request in REQUESTS]
    assert len(kept(logs, SAMPLE_PERCENT="50")[0]) in (0, len(logs))


def test_a_higher_percentage_ships_the_same_logs_and_more() -> None:
    logs = [in_request(request, "x") for request in REQUESTS[:300]]
    fewer, more = kept(logs, SAMPLE_PERCENT="20")[0], kept(logs, SAMPLE_PERCENT="40")[0]
    assert set(fewer) < set(more)


def test_a_sample_stays_the_same_from_one_version_to_the_next() -> None:
    """Otherwise a replay after an update would ship dropped logs."""
    assert round(share_of("11111111-2222-4333-8444-555555555555"), 6) == 0.680158
