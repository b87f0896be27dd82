"""`shipctl autoreplay on|off` changes the trigger, and names the parameter if it differs."""

from typing import Any

import pytest
from shipctl import options

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run

QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/the-queue"


class Lambda:
    """Stand in for the Lambda API."""

    region_name = "eu-west-1"

    def __init__(self) -> None:
        self.mappings = [
            {"UUID": "other", "State": "Enabled", "EventSourceArn": "arn:aws:sqs:eu-west-1:1:another-queue"},
            {"UUID": "ours", "State": "Enabled", "EventSourceArn": "arn:aws:sqs:eu-west-1:1:the-queue"},
        ]
        self.changes: list[tuple[str, bool]] = []

    def client(self, service: str, **_: Any) -> "Lambda":
        return self

    def list_event_source_mappings(self, FunctionName: str) -> Any:
        assert FunctionName == "the-replay"
        return {"EventSourceMappings": self.mappings}

    def update_event_source_mapping(self, UUID: str, Enabled: bool) -> None:
        self.changes.append((UUID, Enabled))


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Lambda:
    account = Lambda()
    stack = fake.stack(outputs={"DeadLetterQueueUrl": QUEUE})
    object.__setattr__(stack, "session", account)
    monkeypatch.setattr(options, "find_stack", lambda *_: stack)
    return account


def test_off_disables_the_trigger_and_names_the_parameter(shipctl: Run, account: Lambda) -> None:
    result = shipctl("autoreplay", "off")
    assert account.changes == [("ours", False)]
    assert result.stdout.splitlines() == [
        "AutoReplay is now off; it was Enabled",
        "The stack's parameter AutoReplay has another value. To change it, too, run: shipctl deploy --set "
        "AutoReplay=false",
    ]


def test_on_changes_nothing_if_the_trigger_is_enabled(shipctl: Run, account: Lambda) -> None:
    assert shipctl("autoreplay", "on").stdout == "AutoReplay was already on (Enabled)\n"
    assert account.changes == []


def test_a_missing_trigger_is_an_error(shipctl: Run, account: Lambda) -> None:
    account.mappings = []
    result = shipctl("autoreplay", "on")
    assert (result.exit_code, result.stderr) == (
        1,
        "shipctl: the event source mapping of replay, which belongs to the stack, does not exist: deploy "
        "again\n",
    )


def test_another_argument_is_a_usage_error(shipctl: Run) -> None:
    assert shipctl("autoreplay", "maybe").exit_code == 2
