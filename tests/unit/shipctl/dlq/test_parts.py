"""A malformed payload that was stored in parts is shown as one."""

import json
from datetime import UTC, datetime

import pytest
from loginformant_shipper.dead_letters.messages import DeadLetterMessage, dead_letter_messages
from loginformant_shipper.events import Undecodable
from loginformant_shipper.failures import Reason

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack

BODY = "".join(f"not JSON {number:06d};" for number in range(200_000))
"""3 MB."""


@pytest.fixture(scope="module")
def messages() -> list[DeadLetterMessage]:
    unreadable = Undecodable(Reason.MALFORMED, "not JSON", BODY)
    return list(dead_letter_messages([], [unreadable], datetime(2026, 11, 3, 10, tzinfo=UTC)))


def put(stack: Stack, messages: list[DeadLetterMessage]) -> None:
    for message in messages:
        stack.put_raw(message.body, dict(message.attributes), parked=True)


def test_parts_are_joined_in_order(
    shipctl: Run, stack_in_aws: Stack, messages: list[DeadLetterMessage]
) -> None:
    put(stack_in_aws, messages[::-1])
    [line] = shipctl("dlq", "show", "--parked", "--json").stdout.splitlines()
    document = json.loads(line)
    assert document["body"] == BODY
    assert (document["parts"], document["missingParts"]) == (len(messages), [])
    assert len(document["messageIds"]) == len(messages) > 2
    assert (document["reason"], document["undecodable"]) == ("malformed", "not JSON")


def test_missing_parts_are_named(
    shipctl: Run, stack_in_aws: Stack, messages: list[DeadLetterMessage]
) -> None:
    put(stack_in_aws, [messages[0], *messages[2:]])
    shown = shipctl("dlq", "show", "--parked").stdout
    count = len(messages)
    assert (
        f"cannot be decoded, {count - 1} of {count} parts; missing among these messages: 2: not JSON" in shown
    )
    assert "not JSON 000000;" in shown
    assert json.loads(shipctl("dlq", "show", "--parked", "--json").stdout)["missingParts"] == [2]


def test_a_duplicate_part_counts_once(
    shipctl: Run, stack_in_aws: Stack, messages: list[DeadLetterMessage]
) -> None:
    put(stack_in_aws, [*messages, messages[0]])
    assert json.loads(shipctl("dlq", "show", "--parked", "--json").stdout)["body"] == BODY


def test_joined_parts_are_redacted(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.parameters["Redact"] = "email"
    body = "not JSON alice@example.com " * 60_000
    unreadable = Undecodable(Reason.MALFORMED, "not JSON", body)
    put(stack_in_aws, list(dead_letter_messages([], [unreadable], datetime(2026, 11, 3, 10, tzinfo=UTC))))
    shown = json.loads(shipctl("dlq", "show", "--parked", "--json").stdout)["body"]
    assert "alice@example.com" not in shown
    assert shown.count("not JSON") == 60_000
    raw = json.loads(shipctl("dlq", "show", "--parked", "--json", "--raw").stdout)["body"]
    assert raw == body
