"""Steps in which LogInformant is in trouble, or Lambda is."""

import json
import uuid

from smoke.world import Failed, World

QUEUE = "DeadLetterQueueUrl"
STORED_SECONDS = 300.0
"""The shipper tries for a minute and a half, and SQS may count a message a minute late ("GetQueueAttributes",
Amazon SQS API Reference)."""
EMPTY_SECONDS = 600.0
"""A refused log is delayed by five minutes, and `PurgeQueue` names available and in-flight messages only."""
ALARM_SECONDS = 1200.0
"""How late SQS's metrics may be is not said where they are documented."""
REPLAY_SECONDS = 300.0
"""Half a minute to two minutes for a message that came back, and SQS's and Lambda's own time."""


def outage(world: World) -> tuple[int, str]:
    """Answer 500, see the log in the queue, answer 200, see it arrive and the queue empty."""
    mark = f"smoke {uuid.uuid4()}"
    until_empty(world)
    world.ingest.answer(500)
    try:
        world.write([mark])
        stored = world.wait_for(
            "a message in the dead-letter queue", STORED_SECONDS, lambda: world.waiting(QUEUE) > 0
        )
        if any(message.startswith(mark) for message in world.ingest.arrived()):
            raise Failed("the log arrived although every request was answered with 500")
    finally:
        world.ingest.answer(200)
    world.wait_for(
        "the log", REPLAY_SECONDS, lambda: any(each.startswith(mark) for each in world.ingest.arrived())
    )
    emptied = until_empty(world)
    return 1, f"stored after {stored:.0f} s, delivered and the queue empty {emptied:.0f} s after the end"


def alarm(world: World) -> tuple[int, str]:
    """Answer 500 while replay is switched off, until the alarm on the dead-letter queue goes off.

    The alarm's metric counts visible messages. One that replay tries again and again is in flight nearly all
    of the time, so that CloudWatch's one look a minute may miss it.
    """
    name = world.outputs()["DeadLetterQueueAlarmName"]
    world.ingest.answer(500)
    try:
        _switch_replay(world, on=False)
        world.write([f"smoke {uuid.uuid4()}"])

        def is_on() -> bool:
            (found,) = world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
            return bool(found["StateValue"] == "ALARM")

        seconds = world.wait_for(f"the alarm {name}", ALARM_SECONDS, is_on)
    finally:
        world.ingest.answer(200)
        _switch_replay(world, on=True)
    until_empty(world)
    return 1, f"{name} after {seconds:.0f} s"


def _switch_replay(world: World, *, on: bool) -> None:
    """Switch replay's event source mapping, and wait until Lambda has done so."""
    client, function = world.client("lambda"), world.outputs()["ReplayFunctionName"]
    (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    name, wanted = mapping["UUID"], "Enabled" if on else "Disabled"

    def state() -> str:
        return str(client.get_event_source_mapping(UUID=name)["State"])

    # A mapping that is changing takes no other change (ResourceInUseException).
    world.wait_for("replay's mapping at rest", STORED_SECONDS, lambda: state() in ("Enabled", "Disabled"))
    client.update_event_source_mapping(UUID=name, Enabled=on)
    world.wait_for(f"replay's mapping {wanted}", STORED_SECONDS, lambda: state() == wanted)


def until_empty(world: World) -> float:
    """Wait for an empty dead-letter queue: what is in it would be taken for what a step looks for."""
    return world.wait_for("an empty dead-letter queue", EMPTY_SECONDS, lambda: world.waiting(QUEUE) == 0)


def refused(world: World) -> tuple[int, str]:
    """Answer 400, and see why the log waits. Parking it takes half an hour, which is not waited for."""
    mark = f"smoke {uuid.uuid4()}"
    until_empty(world)
    world.ingest.answer(400)
    try:
        begin = world.write([mark])
        world.wait_for("a message in the dead-letter queue", STORED_SECONDS, lambda: world.waiting(QUEUE) > 0)
        # The message is delayed, and nobody can look into one that is: the shipper's own log says why.
        world.wait_for(
            "the reason in the shipper's log", STORED_SECONDS, lambda: _says(world, "rejected", begin)
        )
    finally:
        world.ingest.answer(200)
    # What waits would be in the way of the steps that follow.
    world.client("sqs").purge_queue(QueueUrl=world.outputs()[QUEUE])
    until_empty(world)
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

    With a reserved concurrency of 0 events are dropped, and sent to the dead-letter queue before
    (`AsyncEventsDropped`, "Types of metrics for Lambda functions", AWS Lambda Developer Guide).
    """
    client, function = world.client("lambda"), world.outputs()["ShipperFunctionName"]
    mark = f"smoke {uuid.uuid4()}"
    until_empty(world)  # of the step before
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        world.write([mark])
        seconds = world.wait_for("Lambda's own message", STORED_SECONDS, lambda: world.waiting(QUEUE) > 0)
    finally:
        client.delete_function_concurrency(FunctionName=function)
    world.wait_for(
        "the log", REPLAY_SECONDS, lambda: any(each.startswith(mark) for each in world.ingest.arrived())
    )
    return 1, f"in the queue after {seconds:.0f} s, and delivered by replay"
