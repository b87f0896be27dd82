"""`shipctl tail` shows each log once, with the settings of the stack, until Ctrl-C."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from shipctl import options
from shipctl.preview import tail
from shipctl.preview.tail import MAX_LOG_GROUPS, POLL_SECONDS
from shipctl.stack import Stack

from tests.unit.shipctl import fake_installation
from tests.unit.shipctl.conftest import Run


class NotFound(Exception):
    """Stand in for botocore's ResourceNotFoundException."""


@dataclass
class Logs:
    """Stand in for CloudWatch Logs: `rounds` has for each log group the events of each request."""

    rounds: dict[str, list[list[dict[str, Any]]]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ResourceNotFoundException=NotFound))
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1"))

    def get_paginator(self, operation: str) -> "Logs":
        assert operation == "filter_log_events"
        return self

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(given)
        if given["logGroupName"] not in self.rounds:
            raise NotFound
        rounds = self.rounds[given["logGroupName"]]
        yield {"events": []}
        yield {"events": rounds.pop(0) if rounds else []}


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Logs:
    found = Logs()
    session = SimpleNamespace(region_name="eu-west-1", client=lambda service, **_: found)

    def find(*_: object) -> Stack:
        made = fake_installation.stack(
            parameters={"Redact": "email", "ExcludePattern": "health", "SubscriptionFilterPattern": "-noise"}
        )
        return Stack(made.name, session, made.outputs, parameters=made.parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(options, "find_stack", find)
    return found


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses in seconds; the third one is interrupted by Ctrl-C."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(tail, "time", SimpleNamespace(sleep=sleep))
    return waited


def event(identifier: str, message: str) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp() * 1000)
    return {"eventId": identifier, "timestamp": now, "message": message, "logStreamName": "a"}


def test_each_log_is_shown_once_as_it_arrives(logs: Logs, pauses: list[float], shipctl: Run) -> None:
    first, second = event("1", "ERROR for alice@example.com"), event("2", "GET /health")
    logs.rounds["orders"] = [[first, second], [first, second, event("3", "INFO later")], []]
    result = shipctl("tail", "--log-group", "orders", "--json")
    assert result.exit_code == 130
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(log["level"], log["message"]) for log in shown] == [
        ("Error", "ERROR for [redacted:email]"),
        ("Information", "INFO later"),
    ]
    assert shown[0]["properties"]["accountId"] == "123456789012"
    assert {given["filterPattern"] for given in logs.asked} == {"-noise"}
    assert logs.asked[0]["startTime"] < logs.asked[1]["startTime"]
    assert pauses == [POLL_SECONDS] * 3


def test_dropped_logs_are_shown_with_the_dropped_option(
    logs: Logs, pauses: list[float], shipctl: Run
) -> None:
    logs.rounds["orders"] = [[event("1", "GET /health"), event("2", "GET /orders")]]
    result = shipctl("tail", "--log-group", "orders", "--dropped", "--level", "Information")
    rows = [line for line in result.stdout.splitlines() if "GET" in line]
    assert ["excludePattern" in row for row in rows] == [True, False]


def test_the_pause_grows_with_the_number_of_log_groups(logs: Logs, pauses: list[float], shipctl: Run) -> None:
    names = [f"group-{number}" for number in range(MAX_LOG_GROUPS)]
    logs.rounds = {name: [[event(name, f"of {name}")]] for name in names}
    result = shipctl("tail", *(word for name in names for word in ("--log-group", name)))
    assert all(f"of {name}" in result.stdout for name in names)
    assert pauses == [MAX_LOG_GROUPS / 4] * 3


def test_a_missing_log_group_is_named(logs: Logs, pauses: list[float], shipctl: Run) -> None:
    result = shipctl("tail", "--log-group", "gone")
    assert (result.exit_code, pauses) == (1, [])
    assert "there is no log group gone in eu-west-1" in result.stderr


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ([], "the stack ships no log groups (its LogGroups is empty): name some with --log-group"),
        ([f"group-{number}" for number in range(21)], "the stack ships 21 log groups: name at most 20"),
        (["orders"], ""),
    ],
)
def test_tail_without_names_shows_all_log_groups_of_the_stack(
    wanted: list[str],
    words: str,
    logs: Logs,
    pauses: list[float],
    shipctl: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tail, "settings_of", lambda stack: None)
    monkeypatch.setattr(tail, "logs_api", lambda stack, settings: None)
    monkeypatch.setattr(tail, "wanted_log_groups", lambda api, settings: frozenset(wanted))
    logs.rounds["orders"] = [[event("1", "INFO placed")]]
    result = shipctl("tail")
    assert words in result.stderr
    assert ("INFO placed" in result.stdout) == (wanted == ["orders"])
