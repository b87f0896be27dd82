"""`shipctl dashboard`: the address, and a browser where somebody is there to look."""

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
    """The addresses that a browser was asked to open; somebody sits at a terminal."""
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


def test_it_is_opened_and_its_address_printed(shipctl: Run, opened: list[str]) -> None:
    assert shipctl("dashboard").stdout == f"{ADDRESS}\n"
    assert opened == [ADDRESS]


@pytest.mark.parametrize("option", ["--print", "--json"])
def test_nothing_is_opened_where_only_the_address_is_wanted(
    option: str, shipctl: Run, opened: list[str]
) -> None:
    printed = shipctl("dashboard", option).stdout
    assert opened == []
    if option == "--json":
        assert json.loads(printed) == {"dashboard": "logs-eu-west-1", "address": ADDRESS}
    else:
        assert printed == f"{ADDRESS}\n"


def test_nothing_is_opened_for_a_program(
    shipctl: Run, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipctl.dashboard._is_looked_at", lambda: False)
    assert shipctl("dashboard").stdout == f"{ADDRESS}\n"
    assert opened == []


def test_without_a_browser_the_address_is_there(
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
def test_a_stack_without_a_dashboard(
    monitoring: dict[str, str], said: str, shipctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    has(monkeypatch, {}, **monitoring)
    result = shipctl("dashboard")
    assert result.exit_code == 1
    assert said in result.stderr
