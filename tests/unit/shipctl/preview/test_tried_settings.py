"""`shipctl preview` with the settings of a stack, and with options that override them."""

import json
from typing import Any

import pytest
from loginformant_shipper import pipeline
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.names import FilterCause
from loginformant_shipper.pipeline import Environment, ship
from loginformant_shipper.settings_check.environments import variable_of
from shipctl.preview.tried_settings import SHOWN
from shipctl.stack import Stack

from tests.unit import sample_data
from tests.unit.sample_data import awslogs_event
from tests.unit.shipctl import fake_installation
from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.preview.test_command import SAMPLES, logs, payload
from tests.unit.simulated_senders import SimulatedSenders, answers

PARAMETERS = {
    "MinimumLevel": "Information",
    "IncludePattern": "[a-z]",
    "ExcludePattern": "health|GET",
    "SamplePercent": "50",
    "Redact": "email,ip-address",
    "RedactPattern": "order-[0-9]+",
    "Properties": "team=payments,stage=live",
    "DefaultLevel": "Warning",
    "LeaveOutProperties": "eventId,logStream",
}
TEXTS = [
    "[DEBUG] cache hit",
    "GET /health 200",
    "123",
    " ",
    "INFO order-17 of alice@example.com from 203.0.113.9",
    "ERROR refused",
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in f',
    "ValueError: alice@example.com",
    *(f"INFO number {number} is in the sample or not" for number in range(40)),
]


@pytest.fixture
def parameters(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the parameters of the stack given by `--stack`, for a test to change."""
    chosen: dict[str, str] = {}

    def find(name: str, region: str | None, profile: str | None) -> Stack:
        assert name == "shipping"
        return fake_installation.stack(parameters=chosen)

    monkeypatch.setattr("shipctl.preview.command.find_stack", find)
    return chosen


def sent(monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], content: str) -> list[dict[str, Any]]:
    """Return the logs that the shipper sends for a payload."""
    variables = {variable_of(name): value for name, value in parameters.items()}
    senders = SimulatedSenders(answers())
    environment = Environment(
        sample_data.settings(AWS_REGION="eu-west-1", **variables),
        senders,
        EnvironmentState(byte_limit=1 << 20, key="the-key"),
        Policy(),
    )
    monkeypatch.setattr(pipeline, "put_metrics", lambda *arguments: None)
    ship(awslogs_event(json.loads(content)), environment, 120.0)
    return [log for each in senders.sent for log in each.logs]


@pytest.mark.parametrize("chosen", [{}, PARAMETERS, *({name: PARAMETERS[name]} for name in SHOWN)])
def test_preview_shows_what_the_shipper_of_the_stack_sends(
    chosen: dict[str, str], parameters: dict[str, str], shipctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters |= chosen
    content = payload(*TEXTS)
    result = shipctl("preview", "--stack", "shipping", "--json", input=content)
    assert result.exit_code == 0, result.stderr
    shown = [{name: value for name, value in log.items() if name != "rule"} for log in logs(result.stdout)]
    assert shown == sent(monkeypatch, chosen, content)
    assert 0 < len(shown) <= len(TEXTS)
    assert "not applied" not in result.stderr


def test_each_dropped_log_has_a_cause(parameters: dict[str, str], shipctl: Run) -> None:
    parameters |= PARAMETERS
    content = payload("[DEBUG] a", "GET /health", "123", "INFO ok x", "ERROR b")
    parameters["SamplePercent"] = "0"
    result = shipctl("preview", "--stack", "shipping", "--dropped", "--json", input=content)
    assert [(log["message"], log.get("filteredBy")) for log in logs(result.stdout)] == [
        ("[DEBUG] a", "level"),
        ("GET /health", "excludePattern"),
        ("123", "includePattern"),
        ("INFO ok x", "sampling"),
        ("ERROR b", None),
    ]
    assert "1 log would be sent, from 1 log event" in result.stderr
    assert "1 log event would not be sent: below MinimumLevel (level)" in result.stderr
    assert "1 log event would not be sent: not in the sample of SamplePercent (sampling)" in result.stderr
    table = shipctl("preview", "--stack", "shipping", "--dropped", input=content).stdout
    assert {cause for cause in FilterCause if f" {cause} " in table} == {
        "level",
        "excludePattern",
        "includePattern",
        "sampling",
    }
    assert "GET /health" not in shipctl("preview", "--stack", "shipping", input=content).stdout


def test_the_stack_s_own_logs_are_never_sent(parameters: dict[str, str], shipctl: Run) -> None:
    content = payload("hello", log_group="/loginformant/shipper")
    result = shipctl("preview", "--stack", "shipping", input=content)
    assert "0 logs would be sent" in result.stdout
    assert "1 log event would not be sent: of the stack's own log groups" in result.stdout


def test_an_option_overrides_the_setting_of_the_stack(parameters: dict[str, str], shipctl: Run) -> None:
    parameters |= {"ExcludePattern": "health", "Redact": "email"}
    content = payload("GET /health", "POST /orders of alice@example.com")

    def messages(*options: str) -> list[str]:
        result = shipctl("preview", "--stack", "shipping", "--json", *options, input=content)
        return [log["message"] for log in logs(result.stdout)]

    assert messages() == ["POST /orders of [redacted:email]"]
    assert messages("--exclude-pattern", "orders") == ["GET /health"]
    assert messages("--exclude-pattern", "", "--redact", "") == [
        "GET /health",
        "POST /orders of alice@example.com",
    ]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--exclude-pattern", "("), ("--sample-percent", "101"), ("--redact", "names"), ("--properties", "x")],
)
def test_an_invalid_value_is_refused_with_the_name_of_its_option(
    option: str, value: str, shipctl: Run
) -> None:
    result = shipctl("preview", option, value, input=payload("a"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"shipctl: {option} ")


def test_an_invalid_parameter_of_the_stack_is_named(parameters: dict[str, str], shipctl: Run) -> None:
    parameters["Redact"] = "of-a-later-version"
    result = shipctl("preview", "--stack", "shipping", input=payload("a"))
    assert result.exit_code == 1
    assert result.stderr.startswith("shipctl: Redact ")


def test_preview_without_a_stack_says_that_filters_are_not_applied(shipctl: Run) -> None:
    def remark(*options: str) -> str:
        return " ".join(shipctl("preview", *options, input=payload("a")).stdout.split())

    assert "redaction and properties of a stack are not applied: to apply them, give --stack NAME" in remark()
    assert "only the given options are applied" in remark("--minimum-level", "Debug")


def test_preview_says_that_tags_are_not_applied(parameters: dict[str, str], shipctl: Run) -> None:
    parameters["TagProperties"] = "team"
    result = shipctl("preview", "--stack", "shipping", input=payload("a"))
    assert "TagProperties is not applied" in result.stdout


def test_samples_of_every_source_pass_all_steps(parameters: dict[str, str], shipctl: Run) -> None:
    parameters |= PARAMETERS
    result = shipctl("preview", "--stack", "shipping", "--dropped", "--json", *SAMPLES)
    found = logs(result.stdout)
    assert len(found) > 100
    assert {log.get("filteredBy") for log in found} >= {None, "level", "excludePattern", "sampling"}
    assert all(log["properties"]["team"] == "payments" for log in found)
