"""The built replay function under Lambda's own runtime; the test does what the event source mapping does."""

import base64
import gzip
import json
import os
import signal
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest

from local.faults import Fault
from local.ingest_api import LOCAL_KEY, IngestApi, Request, ingest_api
from tests.e2e.conftest import Deployment
from tests.e2e.lambda_runtime import Runtime, lambda_runtime

pytestmark = pytest.mark.e2e

IN_THE_MIDDLE = 30
"""A timeout in seconds that leaves two for sending: 25 are reserved for writing to the queues."""

JsonObject = dict[str, Any]
Start = Callable[..., AbstractContextManager[Runtime]]


class Queue:
    """The deployed dead-letter queue, with Lambda's event source mapping disabled."""

    def __init__(self, deployment: Deployment) -> None:
        self._sqs = deployment.stack.account.client("sqs")
        self._url = deployment.stack.outputs["DeadLetterQueueUrl"]

    def put(self, events: list[JsonObject]) -> None:
        payload = {
            "messageType": "DATA_MESSAGE",
            "owner": "123456789012",
            "logGroup": "/aws/lambda/replayed",
            "logStream": "stream",
            "subscriptionFilters": ["filter"],
            "logEvents": events,
        }
        data = base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps({"awslogs": {"data": data}}))

    def receive(self, hidden_seconds: int = 720) -> list[JsonObject]:
        """Return records of the function's argument, without attributes as in messages of Lambda itself."""
        messages = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, VisibilityTimeout=hidden_seconds
        ).get("Messages", [])
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "messageAttributes": {},
                "eventSource": "aws:sqs",
            }
            for message in messages
        ]

    def acknowledge(self, records: list[JsonObject], answer: JsonObject) -> None:
        returned = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        for record in records:
            if record["messageId"] not in returned:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=record["receiptHandle"])

    def show_again(self, records: list[JsonObject]) -> None:
        """Make hidden messages visible, as the end of the visibility timeout does."""
        for record in records:
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
            )

    def counts(self) -> tuple[int, int]:
        """Return the numbers of visible and hidden messages."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=list(names))[
            "Attributes"
        ]
        return int(attributes[names[0]]), int(attributes[names[1]])


@pytest.fixture
def queue(deployment: Deployment) -> Iterator[Queue]:
    """Return the dead-letter queue, emptied before and after the test."""
    purge = deployment.stack.account.client("sqs").purge_queue
    url = deployment.stack.outputs["DeadLetterQueueUrl"]
    purge(QueueUrl=url)
    yield Queue(deployment)
    purge(QueueUrl=url)


@pytest.fixture
def on_request() -> list[Callable[[Request], None]]:
    """Return a list of functions that are called in the thread of each request before it is answered."""
    return []


@pytest.fixture
def api(on_request: list[Callable[[Request], None]]) -> Iterator[IngestApi]:
    def call(request: Request) -> None:
        for each in on_request:
            each(request)

    with ingest_api(keys={LOCAL_KEY}, on_request=call) as api:
        yield api


@pytest.fixture
def start(deployment: Deployment, api: IngestApi, tmp_path: Path) -> Start:
    """Start the function with the variables of the deployed one and another ingest API."""
    account, outputs = deployment.stack.account, deployment.stack.outputs
    function = account.client("lambda").get_function_configuration(FunctionName=outputs["ReplayFunctionName"])
    lambdas_own = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    variables = {
        **function["Environment"]["Variables"],
        **{name: account.environment[name] for name in (*lambdas_own, "AWS_ENDPOINT_URL")},
        "INGEST_URL": api.url,
    }

    def start(timeout_seconds: int = 120, **more: str) -> AbstractContextManager[Runtime]:
        return lambda_runtime(
            deployment.stack.build,
            variables | more,
            timeout_seconds=timeout_seconds,
            folder=tmp_path,
            function="ReplayFunction",
        )

    return start


def log_events(count: int, first: int = 0) -> list[JsonObject]:
    return [
        {"id": str(number), "timestamp": 1_793_699_410_000 + number, "message": f"event {number}"}
        for number in range(first, first + count)
    ]


def delivered(api: IngestApi) -> Counter[int]:
    return Counter(int(log["properties"]["eventId"]) for log in api.logs)


def test_records_are_delivered_in_one_batch(queue: Queue, api: IngestApi, start: Start) -> None:
    for number in range(3):
        queue.put(log_events(4, first=4 * number))
    with start() as runtime:
        answer = runtime.invoke({"Records": (records := queue.receive())})
    queue.acknowledge(records, answer)

    assert (answer["delivered"], answer["batchItemFailures"]) == (12, [])
    assert len(api.requests) == 1
    assert delivered(api) == Counter(range(12))
    assert queue.counts() == (0, 0)


def test_records_stay_hidden_in_the_queue_during_an_outage(
    queue: Queue, api: IngestApi, start: Start
) -> None:
    api.fault(Fault(status=404, times=None))
    queue.put(log_events(4))
    with start() as runtime:
        answer = runtime.invoke({"Records": (records := queue.receive(hidden_seconds=5))})
    queue.acknowledge(records, answer)

    assert answer["returned"] == 4
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == [records[0]["messageId"]]
    assert queue.counts() == (0, 1)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for the process in /proc")
def test_a_timeout_during_delivery_loses_nothing(
    queue: Queue, api: IngestApi, start: Start, on_request: list[Callable[[Request], None]]
) -> None:
    """The function is stopped during its second request until Lambda ends it.

    What arrived so far arrives again: the records were not acknowledged, and no process knows what arrived.
    """
    mark = str(uuid.uuid4())

    def stand_still(request: Request) -> None:
        if request.number == 2:
            for process in python_processes_with(mark):
                os.kill(process, signal.SIGSTOP)

    on_request.append(stand_still)
    with start(IN_THE_MIDDLE, BATCH_MAX_LOGS="5", MAX_IN_FLIGHT="1", MARK=mark) as runtime:
        # The function is warm and has the API key, so that the few seconds are for sending.
        queue.put(log_events(1, first=100))
        queue.acknowledge(records := queue.receive(), runtime.invoke({"Records": records}))
        for number in range(3):
            queue.put(log_events(4, first=4 * number))
        answer = runtime.invoke({"Records": (records := queue.receive())})

    assert f"Task timed out after {IN_THE_MIDDLE}.00 seconds" in answer
    assert delivered(api) == Counter([100, *range(10)]), (
        "one batch of five, and the one whose answer nobody read"
    )
    assert queue.counts() == (0, 3)

    queue.show_again(records)
    with start() as runtime:
        answer = runtime.invoke({"Records": (records := queue.receive())})
    queue.acknowledge(records, answer)

    assert answer["delivered"] == 12
    assert delivered(api) == Counter([100, *range(10)]) + Counter(range(12))
    assert queue.counts() == (0, 0)


def python_processes_with(mark: str) -> list[int]:
    """Return the running interpreters that inherited the mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            command = (process / "cmdline").read_bytes().split(b"\0")
            if (
                command[0] == os.fsencode(sys.executable)
                and mark.encode() in (process / "environ").read_bytes()
            ):
                found.append(int(process.name))
    return found
