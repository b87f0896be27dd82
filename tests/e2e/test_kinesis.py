"""The stack is updated with a Kinesis stream, and ships what CloudWatch Logs writes there.

The emulator's mapping is simpler than AWS's: it knows neither `batchItemFailures` nor halving nor the
batching window, and its CloudWatch Logs do not write to streams. So records are put by hand here, and what
comes back after a failure is tested in `tests/integration/test_kinesis.py`.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from events.wrap import encode
from local.reckoning import event_ids
from local.samples import EVENTS, POISON
from local.stack import Stack, updated_stack
from local.story import Story, wait
from tests.e2e.conftest import LOG, Deployment, told

pytestmark = [pytest.mark.e2e, pytest.mark.trial]
STREAM = "logs"
POISON_ID = "the id of the poisonous log event"

Payload = dict[str, Any]


def payloads() -> list[Payload]:
    """Return all samples with a control message, and a poisonous log in the middle of the orders'."""
    found: list[Payload] = [
        json.loads(file.read_text(encoding="utf-8")) for file in sorted(EVENTS.glob("*.json"))
    ]
    (orders,) = (payload for payload in found if payload["logGroup"] == "/aws/lambda/orders")
    events = orders["logEvents"]
    middle = len(events) // 2
    events.insert(middle, {"id": POISON_ID, "timestamp": events[middle]["timestamp"], "message": POISON})
    return found


def ids_of(found: list[Payload]) -> set[str]:
    data = [payload for payload in found if payload["messageType"] == "DATA_MESSAGE"]
    return {event["id"] for payload in data for event in payload["logEvents"]}


class Shipped(NamedTuple):
    story: Story
    updated: Stack
    put: set[str]
    """Ids of log events."""


@pytest.fixture(scope="module")
def shipped(deployment: Deployment) -> Iterator[Shipped]:
    """Ship records, half of which are in the stream before the stack is connected to it."""
    kinesis = deployment.stack.account.client("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
    arn = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamARN"]

    def put(some: list[Payload]) -> None:
        records = [
            {"Data": base64.b64decode(encode(payload)), "PartitionKey": payload["logStream"] or "control"}
            for payload in some
        ]
        assert kinesis.put_records(StreamName=STREAM, Records=records)["FailedRecordCount"] == 0

    found = payloads()
    with told(deployment) as story:
        put(found[::2])
        updated = updated_stack(deployment.stack, {"KinesisStreamArn": arn}, log=LOG)
        put(found[1::2])
        expected = ids_of(found)
        wait("not every log event came out of the stream", lambda: settled(story) >= len(expected))
        yield Shipped(story, updated, expected)


def settled(story: Story) -> int:
    """Return how many log events have arrived or wait in the dead-letter queue, with delayed ones."""
    return len(arrived(story)) + sum(len(letter.event_ids) for letter in story.dead_letters())


def arrived(story: Story) -> Counter[str]:
    return Counter(identifier for log in story.logs for identifier in event_ids(log))


def test_the_update_keeps_functions_and_queues(shipped: Shipped, deployment: Deployment) -> None:
    before, after = deployment.stack.outputs, shipped.updated.outputs
    assert {name: after[name] for name in before} == before
    alarms = {"KinesisAgeAlarmName", "KinesisDroppedAlarmName", "KinesisSilentAlarmName"}
    assert set(after) - set(before) == alarms


def test_every_event_except_the_poisonous_one_arrives_exactly_once(shipped: Shipped) -> None:
    assert len(shipped.put) > 100
    assert arrived(shipped.story) == Counter(shipped.put - {POISON_ID})


def test_the_poisonous_log_is_dead_lettered_alone_and_says_why(shipped: Shipped) -> None:
    (letter,) = shipped.story.dead_letters()

    assert letter.event_ids == (POISON_ID,)
    assert [event.message for event in letter.events] == [POISON]
    assert letter.attributes["Reason"] == "rejected"
    assert letter.attributes["LogGroup"] == "/aws/lambda/orders"


def test_the_shippers_counts_match_what_arrived_and_what_is_queued(shipped: Shipped) -> None:
    def account() -> Counter[str]:
        return shipped.story.accounts().shipper

    wait("the shipper has not accounted for all", lambda: account()["EventsReceived"] >= len(shipped.put))

    assert account()["EventsReceived"] == len(shipped.put)
    assert account()["EventsDelivered"] == len(shipped.put) - 1
    assert account()["EventsDeadLettered"] == 1
    assert account()["EventsReturned"] == 0
