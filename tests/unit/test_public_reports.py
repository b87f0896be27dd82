"""Inputs from public bug reports give the expected logs; they are kept outside the project."""

import json
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import LogEvent, Origin
from loginformant_shipper.levels import decide_log
from loginformant_shipper.parsing.stack_traces import join

NOW = 1_793_700_000_000
REPORTS = Path(__file__).parents[3] / "shared" / "reports"


def cases(name: str) -> list[Any]:
    path = REPORTS / name
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [case for case in map(json.loads, lines) if "redact" not in case["input"]]


def logs_of(given_input: dict[str, Any]) -> list[dict[str, Any]]:
    apart = given_input.get("milliseconds_apart", 1)
    log_group = given_input["log_group"]
    events = [
        LogEvent(str(number), NOW + number * apart, message)
        for number, message in enumerate(given_input["messages"])
    ]
    where = frame(Origin("123456789012", log_group, "stream"), "eu-west-1")
    return [json.loads(log_object(log, decide_log(log, log_group).level, where)) for log in join(events)]


def assert_as_expected(logs: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    if "logs" in expected:
        assert len(logs) == expected["logs"]
        return
    log = logs[expected.get("n", 0)]
    for name in ("level", "message", "source"):
        assert log[name] == expected.get(name, log[name])
    assert log["level"] in expected.get("level_in", [log["level"]])
    assert log.get("exception", "").startswith(expected.get("exception_starts", ""))
    assert expected.get("exception_has", "") in log.get("exception", "")
    assert log["properties"].items() >= expected.get("has", {}).items()
    assert expected.keys() <= {
        *("n", "level", "message", "source", "level_in", "exception_starts", "exception_has", "has")
    }


@pytest.mark.skipif(not REPORTS.exists(), reason="the inputs of public bug reports are not here")
@pytest.mark.parametrize("case", [*cases("data.jsonl"), *cases("passed.jsonl")], ids=lambda case: case["id"])
def test_inputs_of_public_bug_reports_give_the_expected_logs(case: dict[str, Any]) -> None:
    logs = logs_of(case["input"])
    for expected in case["expected"]:
        assert_as_expected(logs, expected)
