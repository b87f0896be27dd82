"""A wrapper does not change level, message, exception or fields of the log in it."""

import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import LogEvent, Origin
from loginformant_shipper.levels import decide_log
from loginformant_shipper.names import Detector
from loginformant_shipper.parsing.containers import unwrap
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.redaction.redact import redact_text

from benchmarks.levels.examples import OPEN_EXAMPLES, Example, read
from tests.unit import sample_data
from tests.unit.parsing.test_stack_traces import TRACES
from tests.unit.parsing.wrappers import WRAPPERS

NOW = 1_793_700_000_000
LOG_GROUP = "/ecs/orders"

Wrap = Callable[[str], str]


def arrivals(messages: Sequence[str], log_group: str = LOG_GROUP) -> list[dict[str, Any]]:
    """Return the log objects of messages that were written at the same time."""
    events = [LogEvent(str(number), NOW, message) for number, message in enumerate(messages)]
    where = frame(Origin("123456789012", log_group, "stream"), "eu-west-1")
    return [
        json.loads(log_object(log, decide_log(log, log_group).level, where))
        for log in join(events)
        if log.parsed.text
    ]


def told(document: dict[str, Any]) -> tuple[Any, ...]:
    return document["level"], document["message"], document.get("exception")


def assert_only_the_wrapper_is_added(messages: Sequence[str], wrap: Wrap, log_group: str = LOG_GROUP) -> None:
    bare, wrapped = arrivals(messages, log_group), arrivals([wrap(it) for it in messages], log_group)
    assert [told(document) for document in wrapped] == [told(document) for document in bare]
    for before, after in zip(bare, wrapped, strict=True):
        for name, value in before["properties"].items():
            assert after["properties"][name] == value


@cache
def examples() -> list[Example]:
    return read(OPEN_EXAMPLES)


@pytest.mark.skipif(not OPEN_EXAMPLES.exists(), reason="the open examples of levels are not here")
@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_changes_no_open_example(name: str) -> None:
    for example in examples():
        assert_only_the_wrapper_is_added([example.message], WRAPPERS[name], example.log_group or LOG_GROUP)


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("trace", TRACES)
def test_a_wrapper_changes_no_trace(name: str, trace: str) -> None:
    assert_only_the_wrapper_is_added(TRACES[trace], WRAPPERS[name])
    assert_only_the_wrapper_is_added(["\n".join(TRACES[trace])], WRAPPERS[name])


FIELDS = st.dictionaries(
    st.sampled_from(["level", "message", "msg", "log", "time", "stream", "source", "error", "userId"]),
    st.text(max_size=10) | st.integers() | st.booleans() | st.none(),
    max_size=5,
)


@given(st.sampled_from(sorted(WRAPPERS)), FIELDS.map(json.dumps) | st.text(max_size=60))
def test_a_wrapper_changes_no_log(name: str, message: str) -> None:
    if len(message.encode("utf-8", "replace")) == len(message) and unwrap(message) is None:
        assert_only_the_wrapper_is_added([message], WRAPPERS[name])


def test_shipper_properties_win_over_log_fields_and_log_fields_over_wrapper_fields() -> None:
    message = json.dumps({"msg": "hi", "logGroup": "mine", "stream": "prices", "time": 7})
    [document] = arrivals([json.dumps({"log": message, "stream": "stdout", "time": "2026", "region": "x"})])
    properties = document["properties"]
    assert (properties["logGroup"], properties["log.logGroup"]) == (LOG_GROUP, "mine")
    assert (properties["stream"], properties["wrapper.stream"]) == ("prices", "stdout")
    assert (properties["time"], properties["wrapper.time"]) == (7, "2026")
    assert (properties["region"], properties["wrapper.region"]) == ("eu-west-1", "x")


def test_both_of_two_fields_with_one_name_are_kept() -> None:
    [document] = arrivals(['{"message":"a","level":"error","n":1,"n":2,"message":"b","log.n":3}'])
    assert (document["message"], document["level"]) == ("b", "Error")
    assert document["properties"].items() >= {"n": 2, "log.n": 3, "log.log.n": 1, "log.message": "a"}.items()


@pytest.mark.parametrize(
    ("message", "priority", "level"),
    [
        ("order 17", "3", "Error"),
        ("retry after failed attempt", "6", "Information"),
        ("Traceback (most recent call last):", "6", "Error"),
        ("panic: runtime error: index out of range", "6", "Fatal"),
        ("ERROR: order 17 refused", "6", "Error"),
        ('{"level":"debug","msg":"x"}', "3", "Debug"),
    ],
)
def test_the_severity_of_the_wrapper_counts_if_the_text_names_no_level(
    message: str, priority: str, level: str
) -> None:
    journal = json.dumps({"MESSAGE": message, "PRIORITY": priority, "_HOSTNAME": "shop-1"})
    syslog = f"<{8 + int(priority)}>Nov  3 10:00:00 shop-1 orders[7]: {message}"
    assert [document["level"] for document in arrivals([journal, syslog])] == [level, level]


def test_the_container_is_the_source_unless_the_log_names_one() -> None:
    def source(log: str) -> str:
        record = {"log": log, "stream": "stdout", "kubernetes": {"container_name": "checkout"}}
        [document] = arrivals([json.dumps(record)])
        return str(document["source"])

    assert source("order 17 placed") == "checkout"
    assert source('{"msg":"hi","logger":"shop.Orders"}') == "shop.Orders"


# --- redaction comes first, on the raw text ---

ALL_DETECTORS = sample_data.settings(REDACT=",".join(Detector))
SECRETS = [
    "order of ada@example.com placed",
    "card 4111 1111 1111 1111 refused",
    "from 203.0.113.7 to 10.0.0.1",
    "Authorization: Bearer abcdef1234567890abcdef",
    '{"user":"ada@example.com","n":1,"card":"4111111111111111"}',
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "order 17 placed",
]


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("text", SECRETS)
def test_redaction_does_not_depend_on_the_wrapper(name: str, text: str) -> None:
    redact = partial(redact_text, settings=ALL_DETECTORS)
    assert parse(redact(WRAPPERS[name](text))).text == redact(text)


@given(
    st.sampled_from(sorted(WRAPPERS)),
    st.lists(st.sampled_from([*SECRETS, "a", " ", '"', "é", "\t", "7", "."]), max_size=4).map(" ".join),
)
@settings(max_examples=200)
def test_redaction_and_unwrapping_give_the_same_in_either_order(name: str, text: str) -> None:
    redact = partial(redact_text, settings=ALL_DETECTORS)
    assert parse(redact(WRAPPERS[name](text))).text == redact(parse(WRAPPERS[name](text)).text)


@pytest.mark.parametrize("text", SECRETS[:6])
def test_a_secret_that_was_split_between_events_is_redacted(text: str) -> None:
    redact = partial(redact_text, settings=ALL_DETECTORS)
    whole = redact(text)
    for cut in range(1, len(text)):
        parts = [
            f"2026-11-03T10:00:00.1Z stdout {flag} {part}"
            for flag, part in (("P", text[:cut]), ("F", text[cut:]))
        ]
        events = [LogEvent(str(number), NOW, redact(part)) for number, part in enumerate(parts)]
        [log] = join(events, redact)
        assert log.parsed.text == redact(log.parsed.text)
        if log.events != tuple(events):
            assert [event.message for event in log.events[1:]] == [""]
        if log.parsed.text == whole:
            assert not [event for event in log.events if text in event.message]
