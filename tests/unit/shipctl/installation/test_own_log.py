"""The functions' own logs are read completely, and searched for trouble, errors and filtering."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from loginformant_shipper.names import Metric
from moto import mock_aws
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.installation.own_log import (
    Line,
    count_of,
    filtered_by,
    is_error,
    read_lines,
    troubles_of,
    words_of,
)
from shipctl.stack import Stack

from tests.unit.shipctl import fake_installation as fake

GROUP = "/loginformant/shipper"
NOW = datetime.now(UTC).replace(microsecond=0)
TROUBLE = {
    "level": "WARNING",
    "message": "log events were not delivered and are returned to their source",
    "reason": "unauthorized",
    "events": 7,
    "status": 401,
    "detail": "unknown key",
}


def line(text: str | dict[str, Any], function: Function = Function.SHIPPER) -> Line:
    fields = text if isinstance(text, dict) else {}
    return Line("1", NOW, function, text if isinstance(text, str) else json.dumps(text), fields)


@pytest.fixture
def account(credentials: None) -> Iterator[Stack]:
    with mock_aws():
        session = boto3.Session(region_name="eu-west-1")
        yield Stack("loginformant-shipper", session, fake.stack().outputs)


def put(account: Stack, *events: tuple[datetime, str]) -> None:
    logs = account.session.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="a")
    logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="a",
        logEvents=[{"timestamp": int(when.timestamp() * 1000), "message": text} for when, text in events],
    )


def test_lines_after_the_given_time_are_read_with_their_fields(account: Stack) -> None:
    old = NOW - timedelta(hours=1)
    put(account, (old, "before"), (NOW, json.dumps(TROUBLE)), (NOW, "Task timed out"))
    read = list(read_lines(account, Function.SHIPPER, NOW - timedelta(minutes=1)))
    assert [(each.time, each.level, dict(each.fields)) for each in read] == [
        (NOW, "WARNING", TROUBLE),
        (NOW, "", {}),
    ]
    assert read[0].identifier != read[1].identifier


def test_a_missing_log_group_is_an_error(account: Stack) -> None:
    with pytest.raises(
        CommandError, match="log group /loginformant/replay, which belongs to the stack, does not exist"
    ):
        list(read_lines(account, Function.REPLAY, NOW))


def test_every_page_is_read(monkeypatch: pytest.MonkeyPatch, account: Stack) -> None:
    put(account, *((NOW + timedelta(milliseconds=number), str(number)) for number in range(25)))
    client = account.session.client("logs")
    pages = client.get_paginator("filter_log_events")
    monkeypatch.setattr(client, "get_paginator", lambda name: _Pages(pages))
    monkeypatch.setattr(account.session, "client", lambda *_, **__: client)
    read = list(read_lines(account, Function.SHIPPER, NOW))
    assert [each.text for each in read] == [str(number) for number in range(25)]


class _Pages:
    """Paginate with ten log events a page."""

    def __init__(self, pages: Any) -> None:
        self._pages = pages

    def paginate(self, **given: Any) -> Any:
        return self._pages.paginate(**given, PaginationConfig={"PageSize": 10})


def test_a_line_with_a_reason_and_a_count_is_trouble() -> None:
    parked = TROUBLE | {"message": "log events were not delivered and were moved to the parked queue"}
    other = {"level": "WARNING", "message": "the queue could not be asked"}
    found = troubles_of([line(TROUBLE), line(other), line("text"), line(parked)])
    assert [(each.reason, each.status, each.detail, each.events, each.parked) for each in found] == [
        ("unauthorized", 401, "unknown key", 7, False),
        ("unauthorized", 401, "unknown key", 7, True),
    ]


def test_trouble_without_an_answer_has_no_status() -> None:
    without = {name: value for name, value in TROUBLE.items() if name not in ("status", "detail")}
    [found] = troubles_of([line(without)])
    assert (found.status, found.detail) == (None, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ({"level": "ERROR", "errorMessage": "boom", "errorType": "LedgerError"}, "LedgerError: boom"),
        ({"log_level": "ERROR", "errorMessage": "boom"}, "boom"),
        (
            {"type": "platform.report", "record": {"status": "timeout", "requestId": "1"}},
            "platform.report timeout",
        ),
        (
            {"type": "platform.initReport", "record": {"status": "error", "errorType": "Runtime.ExitError"}},
            "platform.initReport error Runtime.ExitError",
        ),
    ],
)
def test_errors_are_recognized_and_described(text: dict[str, Any], words: str) -> None:
    assert is_error(line(text))
    assert words_of(line(text)) == words


def test_trouble_is_not_an_error_and_is_described_with_its_fields() -> None:
    assert not is_error(line(TROUBLE))
    assert words_of(line(TROUBLE)) == (
        "log events were not delivered and are returned to their source  reason=unauthorized  status=401  "
        "events=7  detail=unknown key"
    )
    assert words_of(line("plain\n")) == "plain"


def test_filtered_events_are_summed_by_rule() -> None:
    lines = [
        line({"_aws": {}, "filteredBy": {"level": 3, "blank": 1}}),
        line({"_aws": {}, "filteredBy": {"level": 2}}),
        line({"_aws": {}}),
    ]
    assert filtered_by(lines) == {"blank": 1, "level": 5}
    assert lines[0].is_metrics


def test_counts_are_sums_of_metrics_lines() -> None:
    metrics = line({"_aws": {}, "EventsDelivered": [3.0], "EventsReturned": [2.0], "EventsReceived": [5.0]})
    assert count_of(metrics, Metric.EVENTS_DELIVERED, Metric.EVENTS_RETURNED) == 5
    assert count_of(metrics, Metric.EVENTS_DEAD_LETTERED) == 0
    assert count_of(line({"message": "no metrics", "EventsDelivered": 3}), Metric.EVENTS_DELIVERED) == 0


def test_times_with_unfiltered_events_are_found(account: Stack) -> None:
    """Events that were let through include those that could not be delivered."""
    counts = ("EventsFiltered", 2), ("EventsDeadLettered", 1), ("EventsReturned", 1), ("EventsDelivered", 4)
    put(
        account,
        *(
            (NOW + timedelta(seconds=number), json.dumps({"_aws": {"Timestamp": 1}, name: [float(events)]}))
            for number, (name, events) in enumerate(counts)
        ),
    )
    found = list(Installation(account, NOW).let_through(NOW))
    assert found == [NOW + timedelta(seconds=number) for number in (1, 2, 3)]
