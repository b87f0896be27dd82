"""Steps in which LogInformant is in trouble, or Lambda is."""

import json
import uuid

from smoke.arriving import SECONDS
from smoke.world import Failed, World

QUEUE = "DeadLetterQueueUrl"
REPLAY_SECONDS = 300.0
"""Half a minute to two minutes for a message that came back, and SQS's and Lambda's own time."""


def outage(world: World) -> tuple[int, str]:
    """Answer 500, see the log in the queue, answer 200, see it arrive and the queue empty."""
    mark = f"smoke {uuid.uuid4()}"
    world.ingest.answer(500)
    try:
        world.write([mark])
        stored = world.wait_for(
            "a message in the dead-letter queue", SECONDS, lambda: world.waiting(QUEUE) > 0
        )
        if any(message.startswith(mark) for message in world.ingest.arrived()):
            raise Failed("the log arrived although every request was answered with 500")
    finally:
        world.ingest.answer(200)
    world.wait_for(
        "the log", REPLAY_SECONDS, lambda: any(each.startswith(mark) for each in world.ingest.arrived())
    )
    emptied = world.wait_for("an empty dead-letter queue", REPLAY_SECONDS, lambda: world.waiting(QUEUE) == 0)
    return 1, f"stored after {stored:.0f} s, delivered and the queue empty {emptied:.0f} s after the end"


def alarm(world: World) -> tuple[int, str]:
    """Answer 500 until the alarm on the dead-letter queue goes off."""
    name = world.outputs()["DeadLetterQueueAlarmName"]
    world.ingest.answer(500)
    try:
        world.write([f"smoke {uuid.uuid4()}"])

        def is_on() -> bool:
            (found,) = world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
            return bool(found["StateValue"] == "ALARM")

        seconds = world.wait_for(f"the alarm {name}", 600, is_on)
    finally:
        world.ingest.answer(200)
    world.wait_for("an empty dead-letter queue", REPLAY_SECONDS, lambda: world.waiting(QUEUE) == 0)
    return 1, f"{name} after {seconds:.0f} s"


def refused(world: World) -> tuple[int, str]:
    """Answer 400, and see why the log waits. Parking it takes half an hour, which is not waited for."""
    mark = f"smoke {uuid.uuid4()}"
    world.ingest.answer(400)
    try:
        begin = world.write([mark])
        world.wait_for("a message in the dead-letter queue", SECONDS, lambda: world.waiting(QUEUE) > 0)
        # The message is delayed, and nobody can look into one that is: the shipper's own log says why.
        world.wait_for("the reason in the shipper's log", SECONDS, lambda: _says(world, "rejected", begin))
    finally:
        world.ingest.answer(200)
    # What waits would be in the way of the steps that follow.
    world.client("sqs").purge_queue(QueueUrl=world.outputs()[QUEUE])
    world.wait_for("an empty dead-letter queue", SECONDS, lambda: world.waiting(QUEUE) == 0)
    return 1, "one log, rejected; parking it takes half an hour and was not waited for"


def _says(world: World, reason: str, since: float) -> bool:
    """Return whether the shipper's own log names a reason."""
    pages = (
        world.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=world.outputs()["ShipperLogGroupName"], startTime=int(since * 1000))
    )
    return any(f'"{reason}"' in event["message"] for page in pages for event in page["events"])


def parked(world: World) -> tuple[int, str]:
    """Put a message that cannot be read into the dead-letter queue."""
    body = json.dumps({"smoke": world.name})
    world.client("sqs").send_message(QueueUrl=world.outputs()[QUEUE], MessageBody=body)
    seconds = world.wait_for("a parked message", REPLAY_SECONDS, lambda: world.waiting("ParkedQueueUrl") > 0)
    return world.waiting("ParkedQueueUrl"), f"parked after {seconds:.0f} s"


def no_concurrency(world: World) -> tuple[int, str]:
    """Reserve nothing for the shipper, see Lambda's own message in the queue, and see it delivered after.

    "If the function's reserved concurrency is 0", events go to the dead-letter queue at once ("How Lambda
    handles errors and retries with asynchronous invocation", AWS Lambda Developer Guide).
    """
    client, function = world.client("lambda"), world.outputs()["ShipperFunctionName"]
    mark = f"smoke {uuid.uuid4()}"
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        world.write([mark])
        seconds = world.wait_for("Lambda's own message", SECONDS, lambda: world.waiting(QUEUE) > 0)
    finally:
        client.delete_function_concurrency(FunctionName=function)
    world.wait_for(
        "the log", REPLAY_SECONDS, lambda: any(each.startswith(mark) for each in world.ingest.arrived())
    )
    return 1, f"in the queue after {seconds:.0f} s, and delivered by replay"
