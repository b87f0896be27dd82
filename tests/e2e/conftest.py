"""One deployment for all end-to-end tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from local.stack import PROJECT, Stack, deployed_stack
from local.story import Story

LOG = PROJECT / ".build" / "local" / "test.log"


class Deployment(NamedTuple):
    stack: Stack
    api: IngestApi


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    """Deploy the unchanged template, which ships to a local ingest API."""
    with (
        ingest_api() as api,
        deployed_stack({"ApiKey": LOCAL_KEY, "IngestUrl": api.url, "AutoReplay": "false"}, log=LOG) as stack,
    ):
        yield Deployment(stack, api)


@contextmanager
def told(deployment: Deployment) -> Iterator[Story]:
    """Begin and end a block with empty queues and new environments of the functions."""
    _begin_anew(deployment.stack)
    try:
        yield Story(deployment.stack, deployment.api)
    finally:
        deployment.api.heal()
        _begin_anew(deployment.stack)


def _begin_anew(stack: Stack) -> None:
    for queue in ("DeadLetterQueueUrl", "ParkedQueueUrl"):
        stack.account.client("sqs").purge_queue(QueueUrl=stack.outputs[queue])
    # Setting a function's configuration, even without a change, gives new environments.
    client = stack.account.client("lambda")
    for function in ("ShipperFunctionName", "ReplayFunctionName"):
        name = stack.outputs[function]
        timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
        client.update_function_configuration(FunctionName=name, Timeout=timeout)


LONG_AGO = "2026-11-01T10:00:00.000Z"


def refused_twice(story: Story) -> None:
    """Put the refused log into the queue as after its second replay, without delay."""
    (letter,) = story.dead_letters()
    sqs, url = story.stack.account.client("sqs"), story.stack.outputs["DeadLetterQueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    attributes = {**letter.attributes, "Replays": f"2 since {LONG_AGO}"}
    sqs.send_message(
        QueueUrl=url,
        MessageBody=letter.body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )
