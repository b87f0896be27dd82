"""Shown and exported messages are redacted with the stack's settings, except with --raw."""

import json
from pathlib import Path

import pytest
from loginformant_shipper.events import Origin, SubscriptionMessage
from loginformant_shipper.wire.encoding import encode
from shipctl.dlq.letters import Letter

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack, subscription_event

SECRET = "alice@example.com"
WIDE = {"COLUMNS": "120"}


@pytest.fixture
def stack(stack_in_aws: Stack) -> Stack:
    """Put a message of the shipper and one of Lambda, both with secrets, into the queue."""
    stack_in_aws.parameters |= {"Redact": "email", "RedactPattern": "order-[0-9]+"}
    stack_in_aws.put(f"{SECRET} placed order-17", reason="not_begun", Detail="the time was up")
    stack_in_aws.put_raw(subscription_event(f"crashed for {SECRET}"), {"RequestID": "1", "ErrorMessage": "x"})
    return stack_in_aws


ENVELOPE = '{{"requestContext": {{"requestId": "0a", "condition": "Exhausted"}}, "requestPayload": {}}}'


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_show_redacts(shipctl: Run, stack: Stack, form: list[str]) -> None:
    shown = shipctl("dlq", "show", *form, env=WIDE).stdout
    assert SECRET not in shown
    assert "order-17" not in shown
    assert shown.count("[redacted:email]") == 2


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_show_raw_does_not_redact(shipctl: Run, stack: Stack, form: list[str]) -> None:
    shown = shipctl("dlq", "show", "--raw", *form, env=WIDE).stdout
    assert shown.count(SECRET) == 2
    assert "order-17" in shown


def exported(file: Path) -> list[Letter]:
    return [Letter(json.loads(line)) for line in file.read_text().splitlines()]


def test_a_redacted_export_can_be_imported(shipctl: Run, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "backup.jsonl"
    assert shipctl("dlq", "export", str(file)).exit_code == 0
    decoded = [found for letter in exported(file) for found in letter.decoded]
    assert all(isinstance(found, SubscriptionMessage) for found in decoded)
    texts = [
        event.message for found in decoded if isinstance(found, SubscriptionMessage) for event in found.events
    ]
    assert sorted(texts) == ["[redacted:email] placed [redacted:pattern]", "crashed for [redacted:email]"]
    assert shipctl("dlq", "import", str(file)).exit_code == 0


def test_export_raw_does_not_redact(shipctl: Run, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "backup.jsonl"
    shipctl("dlq", "export", "--raw", str(file))
    assert {letter.record["body"] for letter in exported(file)} == {
        letter.record["body"] for letter in stack.visible()
    }


def test_redaction_keeps_the_envelope_of_lambda(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.parameters["Redact"] = "email"
    stack_in_aws.put_raw(ENVELOPE.format(subscription_event(SECRET)))
    shown = shipctl("dlq", "show", env=WIDE).stdout
    assert SECRET not in shown
    assert "Exhausted" in shown


def test_events_without_a_message_are_redacted(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.parameters["Redact"] = "email"
    origin = Origin("123456789012", "/aws/lambda/orders", "stream")
    stack_in_aws.put_raw(encode(origin, [{"id": "e8", "message": "fine"}, {"id": "e9", "text": SECRET}]))
    shown = shipctl("dlq", "show", "--json", env=WIDE).stdout
    assert "fine" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_secret_in_two_parts_of_a_line_is_redacted(
    shipctl: Run, stack_in_aws: Stack, form: list[str]
) -> None:
    stack_in_aws.parameters["Redact"] = "credit-card,email"
    written = [
        "2026-12-01T10:00:00.1Z stdout P pay 4111 1111 ",
        "2026-12-01T10:00:00.1Z stderr F another line",
        f"2026-12-01T10:00:00.1Z stdout F 1111 1111 by {SECRET}",
    ]
    events = [{"id": "e8", "timestamp": 1, "message": message} for message in written]
    origin = Origin("123456789012", "/aws/containerinsights/shop/application", "stream")
    stack_in_aws.put_raw(encode(origin, events))
    shown = shipctl("dlq", "show", *form, env=WIDE).stdout
    assert "pay [redacted:credit-card] by [redacted:email]" in shown
    assert "another line" in shown
    assert "1111" not in shown


def test_an_unreadable_body_is_exported_unchanged(shipctl: Run, stack: Stack, tmp_path: Path) -> None:
    stack.put_raw("is this the printer queue?")
    file = tmp_path / "backup.jsonl"
    assert shipctl("dlq", "export", str(file)).exit_code == 0
    assert "is this the printer queue?" in [letter.record["body"] for letter in exported(file)]


def test_unknown_redaction_settings_show_nothing(shipctl: Run, stack: Stack) -> None:
    stack.parameters["Redact"] = "a-detector-to-come"
    result = shipctl("dlq", "show")
    assert result.exit_code != 0
    assert SECRET not in result.output
    assert "--raw" in result.output
    assert shipctl("dlq", "show", "--raw").exit_code == 0
