"""`shipctl dashboard` prints the address, and opens a browser if run at a terminal."""

import json
import webbrowser

import pytest
from shipctl import options

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run

ADDRESS = "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards:name=logs-eu-west-1"
OUTPUTS = {"DashboardAddress": ADDRESS, "DashboardName": "logs-eu-west-1"}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that were opened in a browser, as if run at a terminal."""
    opened: list[str] = []

    def browse(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    monkeypatch.setattr("shipctl.dashboard._is_looked_at", lambda: True)
    has(monkeypatch, OUTPUTS)
    return opened


def has(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str], **parameters: str) -> None:
    stack = fake.stack(outputs=outputs, parameters=parameters)
    monkeypatch.setattr(options, "find_stack", lambda *_: stack)


def test_the_dashboard_is_opened_and_its_address_printed(shipctl: Run, opened: list[str]) -> None:
    assert shipctl("dashboard").stdout == f"{ADDRESS}\n"
    assert opened == [ADDRESS]


@pytest.mark.parametrize("option", ["--print", "--json"])
def test_print_and_json_open_no_browser(option: str, shipctl: Run, opened: list[str]) -> None:
    printed = shipctl("dashboard", option).stdout
    assert opened == []
    if option == "--json":
        assert json.loads(printed) == {"dashboard": "logs-eu-west-1", "address": ADDRESS}
    else:
        assert printed == f"{ADDRESS}\n"


def test_no_browser_is_opened_without_a_terminal(
    shipctl: Run, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipctl.dashboard._is_looked_at", lambda: False)
    assert shipctl("dashboard").stdout == f"{ADDRESS}\n"
    assert opened == []


def test_the_address_is_printed_without_a_browser(
    shipctl: Run, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    result = shipctl("dashboard")
    assert (result.exit_code, result.stdout) == (0, f"{ADDRESS}\n")
    assert "no browser" in result.stderr


@pytest.mark.parametrize(
    ("monitoring", "said"),
    [
        ({"Monitoring": "basic"}, "to create one, run shipctl deploy --set Monitoring=full"),
        ({}, "out of date (update it with shipctl deploy)"),
    ],
)
def test_a_stack_without_a_dashboard_is_an_error_with_advice(
    monitoring: dict[str, str], said: str, shipctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, {}, **monitoring)
    result = shipctl("dashboard")
    assert result.exit_code == 1
    assert said in result.stderr
