"""The stack is found by its name in the current account, or one line says why not."""

from typing import Any

import pytest
from shipctl.stack import Stack, options_for

from tests.unit.shipctl.conftest import Run

COMMANDS = [["dlq", "stats"], ["subscriptions", "list"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_region_is_an_error_with_advice(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("shipctl: no AWS region: give --region")


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_credentials_are_one_error_line(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command, "--region", "eu-west-1")
    assert result.exit_code == 1
    assert "shipctl: Looking for stack loginformant-shipper: no AWS credentials" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_profile_is_one_error_line(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command, "--profile", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "environment", "options"),
    [
        (("loginformant-shipper", None, None), {}, ()),
        (
            ("orders", "eu-west-1", "night"),
            {},
            ("--stack", "orders", "--region", "eu-west-1", "--profile", "night"),
        ),
        (("orders", "eu-west-1", None), {"SHIPCTL_STACK": "orders", "AWS_REGION": "eu-west-1"}, ()),
        (
            ("loginformant-shipper", None, None),
            {"SHIPCTL_STACK": "orders"},
            ("--stack", "loginformant-shipper"),
        ),
    ],
)
def test_a_hint_has_the_options_that_the_environment_does_not_set(
    monkeypatch: pytest.MonkeyPatch,
    given: tuple[str, str | None, str | None],
    environment: dict[str, str],
    options: tuple[str, ...],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert options_for(*given) == options


def test_a_hint_is_a_quoted_command() -> None:
    session: Any = None
    stack = Stack("orders", session, {}, ("--stack", "orders"))
    assert stack.command("dlq", "show", "--log-group", "/aws/*") == (
        "shipctl dlq show --log-group '/aws/*' --stack orders"
    )


def test_help_names_the_variable_for_the_stack(shipctl: Run, credentials: None) -> None:
    result = shipctl("dlq", "stats", "--help", env={"COLUMNS": "120"})
    assert "SHIPCTL_STACK" in result.stdout
