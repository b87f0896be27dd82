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
    """The template, built and deployed as it is, and the local ingest API that it ships to."""
    with (
        ingest_api() as api,
        deployed_stack({"ApiKey": LOCAL_KEY, "IngestUrl": api.url, "AutoReplay": "false"}, log=LOG) as stack,
    ):
        yield Deployment(stack, api)


@contextmanager
def told(deployment: Deployment) -> Iterator[Story]:
    """A story that begins with empty queues and forgetful functions, and leaves them so."""
    _begin_anew(deployment.stack)
    try:
        yield Story(deployment.stack, deployment.api)
    finally:
        deployment.api.heal()
        _begin_anew(deployment.stack)


def _begin_anew(stack: Stack) -> None:
    for queue in ("DeadLetterQueueUrl", "ParkedQueueUrl"):
        stack.account.client("sqs").purge_queue(QueueUrl=stack.outputs[queue])
    # Whoever sets a function's configuration, even to what it is, gets new environments.
    client = stack.account.client("lambda")
    for function in ("ShipperFunctionName", "ReplayFunctionName"):
        name = stack.outputs[function]
        timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
        client.update_function_configuration(FunctionName=name, Timeout=timeout)


LONG_AGO = "2026-11-01T10:00:00.000Z"


def refused_twice(story: Story) -> None:
    """Puts the log that was refused into the queue as after its second replay, not delayed."""
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
