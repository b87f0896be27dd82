"""The stack is found by its name in the account at hand, and what AWS has against that is one line."""

import pytest

from tests.unit.shipctl.conftest import Run

COMMANDS = [["dlq", "stats"], ["subscriptions", "list"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_region(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command)
    assert result.exit_code == 1
    assert result.stderr.startswith("shipctl: no AWS region: give --region")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_credentials(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command, "--region", "eu-west-1")
    assert result.exit_code == 1
    assert "shipctl: Looking for stack loginformant-shipper: no AWS credentials" in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_no_such_profile(shipctl: Run, command: list[str]) -> None:
    result = shipctl(*command, "--profile", "nobody")
    assert result.exit_code == 1
    assert "nobody" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
