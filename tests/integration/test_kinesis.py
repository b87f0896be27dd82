"""Kinesis events are counted like others, and only records that could not be stored are returned."""

import pytest

from local.faults import Fault
from tests.integration.accounting import Stack
from tests.integration.conftest import Aws, MakeStack
from tests.integration.payloads import data_of, kinesis_event, log_event, log_events, payload

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")
LARGE = str(2**4000)


def test_batches_are_filled_across_records(stack: Stack) -> None:
    data = [data_of(payload(log_events(4, first=4 * number))) for number in range(10)]
    shipment = stack.ship_and_account(kinesis_event(*data))
    assert shipment.counts() == (40, 0, 4)
    assert shipment.answer["batchItemFailures"] == []


def test_stored_records_are_not_returned(stack: Stack) -> None:
    stack.api.fault(Fault(status=400, marker="poison", times=EVER))
    records = [
        payload(log_events(3)),
        payload([log_event(3, "a poison log")]),
        payload(log_events(3, first=4)),
    ]
    shipment = stack.ship_and_account(kinesis_event(*map(data_of, records)))
    assert shipment.counts()[:2] == (6, 1)
    assert shipment.answer["batchItemFailures"] == []


def test_only_records_that_could_not_be_stored_are_returned(stack: Stack, aws: Aws, queue_url: str) -> None:
    stack.api.fault(Fault(status=400, marker="poison", times=EVER))
    aws.sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"MaximumMessageSize": "1024"})
    small, large = log_event(3, "a small poison log"), log_event(4, "a large poison log " + LARGE)
    records = [payload(log_events(3)), payload([small]), payload([large]), payload(log_events(3, first=5))]
    shipment = stack.ship_and_account(kinesis_event(*map(data_of, records)), returned=[large["id"]])
    assert shipment.counts()[:2] == (6, 1)
    assert shipment.answer["batchItemFailures"] == [{"itemIdentifier": "3"}]


def test_only_records_with_failures_are_returned_without_a_queue(
    make_stack: MakeStack, aws: Aws, queue_url: str
) -> None:
    other = aws.sqs.create_queue(QueueName="gone")["QueueUrl"]
    aws.sqs.delete_queue(QueueUrl=other)
    stack = make_stack(dead_letter_queue_url=other)
    stack.read_output()
    stack.api.fault(Fault(status=400, marker="poison", times=EVER))
    poison = [log_event(n, "a poison log") for n in (3, 7)]
    records = [
        payload(log_events(3)),
        payload([poison[0]]),
        payload(log_events(3, first=4)),
        payload([poison[1]]),
    ]
    answer = stack.ship(kinesis_event(*map(data_of, records)))
    assert answer["batchItemFailures"] == [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]
    assert {name: answer[name] for name in ("received", "delivered", "deadLettered", "returned")} == {
        "received": 8,
        "delivered": 6,
        "deadLettered": 0,
        "returned": 2,
    }
    assert sorted(log["properties"]["eventId"] for log in stack.api.logs) == sorted(
        event["id"] for event in [*log_events(3), *log_events(3, first=4)]
    )


@pytest.mark.parametrize("record", [{}, {"data": None}, {"sequenceNumber": 7, "data": "x"}])
def test_a_record_of_any_shape_is_stored(stack: Stack, record: dict[str, object]) -> None:
    answer = stack.ship({"Records": [{"kinesis": record}]})
    shipment = stack.look(answer, 0.0)
    assert shipment.counts() == (0, 1, 0)
    assert shipment.by_reason() == {"malformed": 1}
