"""Every kind of message in the dead-letter queue is understood."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.decoding import source_of
from shipctl.dlq.letters import CRASHED, REASONS, Letter, record_of
from shipctl.dlq.meanings import MEANINGS, UNKNOWN, meaning_of
from shipctl.dlq.selection import Selection

from tests.unit.shipctl.dlq.conftest import subscription_event

SENT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def letter(body: str, **attributes: str) -> Letter:
    return Letter(
        record_of(
            {
                "MessageId": "m-1",
                "ReceiptHandle": "handle",
                "Body": body,
                "Attributes": {"SentTimestamp": str(int(SENT.timestamp() * 1000))},
                "MessageAttributes": {
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            }
        )
    )


ENVELOPE = {
    "version": "1.0",
    "timestamp": "2026-11-03T09:00:00.000Z",
    "requestContext": {"requestId": "99aa", "condition": "RetriesExhausted", "approximateInvokeCount": 3},
    "requestPayload": json.loads(subscription_event("from an envelope", "and another")),
    "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
}


def test_a_message_of_the_shipper_has_all_attributes() -> None:
    ours = letter(
        subscription_event("one", "two"),
        Reason="rejected",
        Status="400",
        Detail="no such level",
        LogGroup="/g",
        LogStream="s",
        EventCount="2",
        FailedAt="2026-11-03T08:00:00.000Z",
        FirstFailedAt="2026-11-02T08:00:00.000Z",
        Replays="1",
    )
    assert ours.cause == ("rejected", "400", "no such level")
    assert (ours.log_group, ours.log_stream, ours.events, ours.replays) == ("/g", "s", 2, "1")
    assert ours.failed == SENT - timedelta(hours=1)
    assert ours.first_failed == SENT - timedelta(hours=25)


def test_a_raw_event_with_attributes_of_lambda_is_of_a_crash() -> None:
    raw = letter(
        subscription_event("one", "two", log_group="/aws/lambda/raw"),
        RequestID="0a1b",
        ErrorCode="200",
        ErrorMessage="Task timed out after 120.00 seconds",
    )
    assert raw.cause == (CRASHED, "", "Task timed out after 120.00 seconds; request 0a1b")
    assert (raw.log_group, raw.events) == ("/aws/lambda/raw", 2)
    assert raw.failed == raw.first_failed == SENT


def test_a_raw_event_without_attributes_is_of_a_crash() -> None:
    assert letter(subscription_event("one")).cause == (CRASHED, "", "")


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"responsePayload": {"errorMessage": "out of memory"}}, "out of memory; request 99aa"),
        ({"responsePayload": None}, "RetriesExhausted; request 99aa"),
    ],
)
def test_an_envelope_of_lambda_is_of_a_crash(more: dict[str, Any], detail: str) -> None:
    enveloped = letter(json.dumps(ENVELOPE | more))
    assert enveloped.cause == (CRASHED, "", detail)
    assert (enveloped.log_group, enveloped.events) == ("/aws/lambda/orders", 2)


@pytest.mark.parametrize(
    "body",
    ["is this the printer queue?", "{}", "[]", "null", '{"awslogs":{"data":"!!!"}}', '{"requestPayload":1}'],
)
def test_an_unreadable_body_is_malformed_and_counts_as_one_event(body: str) -> None:
    rubbish = letter(body)
    reason, status, detail = rubbish.cause
    assert (reason, status) == ("malformed", "")
    assert detail
    assert (rubbish.log_group, rubbish.events) == ("", 1)


def test_an_unknown_reason_is_kept() -> None:
    newer = letter(subscription_event("one"), Reason="eaten_by_a_grue")
    assert newer.cause.reason == "eaten_by_a_grue"
    assert meaning_of("eaten_by_a_grue") is UNKNOWN


@pytest.mark.parametrize("count", ["", "-1", "many", "9" * 30])
def test_an_invalid_count_is_replaced_by_the_number_of_events(count: str) -> None:
    assert letter(subscription_event("one", "two"), EventCount=count).events == 2


@pytest.mark.parametrize("time", ["", "yesterday", "2026-13-45T00:00:00Z"])
def test_an_invalid_time_is_replaced_by_the_time_of_sending(time: str) -> None:
    assert letter(subscription_event("one"), FailedAt=time).failed == SENT


def test_a_record_equals_that_of_lambda_without_the_receipt() -> None:
    record = record_of(
        {
            "MessageId": "m-1",
            "ReceiptHandle": "handle",
            "Body": "text",
            "Attributes": {"SentTimestamp": "1"},
            "MessageAttributes": {
                "Reason": {"DataType": "String", "StringValue": "rejected"},
                "ErrorCode": {"DataType": "Number", "StringValue": "200"},
                "Odd": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
            },
        }
    )
    assert record == {
        "messageId": "m-1",
        "body": "text",
        "attributes": {"SentTimestamp": "1"},
        "messageAttributes": {
            "Reason": {"dataType": "String", "stringValue": "rejected"},
            "ErrorCode": {"dataType": "Number", "stringValue": "200"},
            "Odd": {"dataType": "Binary", "binaryValue": "AP8="},
        },
        "eventSource": "aws:sqs",
    }
    assert source_of({"Records": [record]}) == "replay"


def test_every_reason_has_a_meaning_that_fits_80_columns() -> None:
    assert set(MEANINGS) == set(REASONS) == {*Reason, CRASHED}
    assert all(len(what) <= 33 and len(f"→ {to_do}") <= 33 for what, to_do in MEANINGS.values())


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), True),
        (Selection(reasons=["rejected", "crashed"]), True),
        (Selection(reasons=["crashed"]), False),
        (Selection(log_groups=["/other", "/aws/lambda/*"]), True),
        (Selection(log_groups=["/aws/lambda"]), False),
        (Selection(since=SENT), True),
        (Selection(since=SENT + timedelta(seconds=1)), False),
        (Selection(reasons=["rejected"], log_groups=["/other"]), False),
    ],
)
def test_a_selection_takes_messages_that_meet_all_its_conditions(selection: Selection, taken: bool) -> None:
    assert selection.takes(letter(subscription_event("one"), Reason="rejected")) is taken
    assert selection.is_everything is (selection == Selection())
