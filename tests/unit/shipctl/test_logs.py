"""`shipctl logs` prints the functions' own lines in order of time, as text or JSON."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from shipctl import logs, options
from shipctl.installation.functions import Function
from shipctl.installation.own_log import NO_METRICS, Line

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run


def line(function: Function, seconds: int, fields: dict[str, Any]) -> Line:
    when = fake.NOW + timedelta(seconds=seconds)
    return Line(f"{function} {seconds}", when, function, json.dumps(fields), fields)


LINES = {
    Function.SHIPPER: [
        line(Function.SHIPPER, 0, {"level": "WARNING", "message": "not\x1b[2Jdelivered"}),
        line(Function.SHIPPER, 5, {"_aws": {}, "EventsReceived": [1]}),
        line(Function.SHIPPER, 9, {"level": "ERROR", "errorMessage": "boom"}),
    ],
    Function.REPLAY: [line(Function.REPLAY, 7, {"level": "INFO", "message": "hello"})],
    Function.SUBSCRIBER: [],
}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Function, str]]:
    asked: list[tuple[Function, str]] = []

    def read(stack: object, function: Function, since: datetime, pattern: str = "") -> Iterator[Line]:
        asked.append((function, pattern))
        return iter(LINES[function])

    monkeypatch.setattr(logs, "read_lines", read)
    monkeypatch.setattr(options, "find_stack", lambda *_: fake.stack())
    return asked


def test_lines_of_all_functions_are_in_order_of_time(shipctl: Run, asked: list[tuple[Function, str]]) -> None:
    assert shipctl("logs").stdout.splitlines() == [
        "11-29 12:00:00  shipper     not␛[2Jdelivered",
        "11-29 12:00:07  replay      hello",
        "11-29 12:00:09  shipper     boom",
    ]
    assert asked == [(function, NO_METRICS) for function in Function]


def test_all_lines_option_includes_metrics_of_one_function(
    shipctl: Run, asked: list[tuple[Function, str]]
) -> None:
    assert len(shipctl("logs", "shipper", "--all-lines").stdout.splitlines()) == 3
    assert asked == [(Function.SHIPPER, "")]


def test_json_prints_time_function_and_line(shipctl: Run) -> None:
    [only] = map(json.loads, shipctl("logs", "replay", "--json").stdout.splitlines())
    assert only == {
        "time": "2026-11-29T12:00:07+00:00",
        "function": "replay",
        "line": {"level": "INFO", "message": "hello"},
    }


def test_follow_shows_each_line_once(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter(range(2))

    def sleep(seconds: float) -> None:
        if next(rounds, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr("shipctl.logs.time.sleep", sleep)
    monkeypatch.setattr("shipctl.logs.LATE", timedelta(days=9999))
    result = shipctl("logs", "replay", "--follow", "--since", "2026-11-29T11:00")
    assert (result.exit_code, len(result.stdout.splitlines())) == (130, 1)


def test_a_function_that_logged_nothing_is_reported(shipctl: Run) -> None:
    result = shipctl("logs", "subscriber", "--since", "2026-11-03T09:00")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "shipctl: nothing was logged by subscriber since 2026-11-03 09:00:00 UTC\n"
