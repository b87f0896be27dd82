"""Steps in which LogInformant or Lambda fails."""

import json
import uuid

from smoke.world import Failed, World

QUEUE = "DeadLetterQueueUrl"
STORED_SECONDS = 300.0
"""How long to wait for a stored message: the shipper retries for a minute and a half, and SQS may count a
message a minute late ("GetQueueAttributes", Amazon SQS API Reference)."""
EMPTY_SECONDS = 600.0
"""How long to wait for an empty queue: a rejected log is delayed by five minutes, and may survive
`PurgeQueue`."""
ALARM_SECONDS = 1200.0
"""How long to wait for an alarm. AWS does not document how late the metrics of SQS may be."""
REPLAY_SECONDS = 300.0
"""How long to wait for a replay: returned messages are delayed by half a minute to two minutes."""


def outage(world: World) -> tuple[int, str]:
    """Answer 500 until the log is in the queue, then 200 until it arrives and the queue is empty."""
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
    """Answer 500 while automatic replay is off, until the alarm on the dead-letter queue goes off.

    The metric of the alarm counts visible messages. With automatic replay, a message is in flight nearly all
    the time, so the metric, which is sampled once a minute, may miss it.
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
    """Enable or disable the event source mapping of replay, and wait until it has changed."""
    client, function = world.client("lambda"), world.outputs()["ReplayFunctionName"]
    (mapping,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    name, wanted = mapping["UUID"], "Enabled" if on else "Disabled"

    def state() -> str:
        return str(client.get_event_source_mapping(UUID=name)["State"])

    # A mapping that is being changed cannot be changed again (ResourceInUseException).
    world.wait_for("replay's mapping at rest", STORED_SECONDS, lambda: state() in ("Enabled", "Disabled"))
    client.update_event_source_mapping(UUID=name, Enabled=on)
    world.wait_for(f"replay's mapping {wanted}", STORED_SECONDS, lambda: state() == wanted)


def until_empty(world: World) -> float:
    """Wait until the dead-letter queue is empty, since a step would mistake earlier messages for its own."""
    return world.wait_for("an empty dead-letter queue", EMPTY_SECONDS, lambda: world.waiting(QUEUE) == 0)


def refused(world: World) -> tuple[int, str]:
    """Answer 400, and check the reason of the stored log. It would be parked after half an hour."""
    mark = f"smoke {uuid.uuid4()}"
    until_empty(world)
    world.ingest.answer(400)
    try:
        begin = world.write([mark])
        world.wait_for("a message in the dead-letter queue", STORED_SECONDS, lambda: world.waiting(QUEUE) > 0)
        # Delayed messages cannot be received, so the reason is read from the shipper's log.
        world.wait_for(
            "the reason in the shipper's log", STORED_SECONDS, lambda: _says(world, "rejected", begin)
        )
    finally:
        world.ingest.answer(200)
    # The stored message would disturb the following steps.
    world.client("sqs").purge_queue(QueueUrl=world.outputs()[QUEUE])
    until_empty(world)
    return 1, "one log, rejected; its parking after half an hour was not tested"


def _says(world: World, reason: str, since: float) -> bool:
    """Return whether the shipper's log contains a reason."""
    pages = (
        world.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=world.outputs()["ShipperLogGroupName"], startTime=int(since * 1000))
    )
    return any(f'"{reason}"' in event["message"] for page in pages for event in page["events"])


def parked(world: World) -> tuple[int, str]:
    """Send an undecodable message to the dead-letter queue."""
    body = json.dumps({"smoke": world.name})
    world.client("sqs").send_message(QueueUrl=world.outputs()[QUEUE], MessageBody=body)
    seconds = world.wait_for("a parked message", REPLAY_SECONDS, lambda: world.waiting("ParkedQueueUrl") > 0)
    return world.waiting("ParkedQueueUrl"), f"parked after {seconds:.0f} s"


def no_concurrency(world: World) -> tuple[int, str]:
    """Set the shipper's reserved concurrency to 0 until Lambda has stored a message, and replay it.

    With a reserved concurrency of 0, Lambda drops events after it has sent them to the dead-letter queue
    (`AsyncEventsDropped`, "Types of metrics for Lambda functions", AWS Lambda Developer Guide).
    """
    client, function = world.client("lambda"), world.outputs()["ShipperFunctionName"]
    mark = f"smoke {uuid.uuid4()}"
    until_empty(world)  # from messages of the previous step
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
