"""Steps that check the account, CloudWatch, CloudTrail and the ingest API."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from loginformant_shipper.events import Source
from loginformant_shipper.names import METRICS_NAMESPACE, Metric

from smoke.world import Failed, World

METRICS_SECONDS = 600.0
CLOUDTRAIL_SECONDS = 1200.0
"""How long to wait for CloudTrail, which delivers events about five minutes after the call without a
guarantee ("Getting and viewing your CloudTrail log files", AWS CloudTrail User Guide)."""
LOOKUP_SECONDS = 0.6
MAX_EVENTS = 20_000


def surroundings(world: World) -> tuple[int, str]:
    """Print the properties of the account on which the other steps depend."""
    identity = world.client("sts").get_caller_identity()
    limits = world.client("lambda").get_account_settings()["AccountLimit"]
    trails = world.client("cloudtrail").describe_trails()["trailList"]
    policies = world.client("logs").describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")
    names = ", ".join(each["Name"] for each in trails)
    found = ", ".join(each["policyName"] for each in policies["accountPolicies"])
    facts = [
        f"account {identity['Account']}",
        f"region {world.region}",
        f"{limits['ConcurrentExecutions']} concurrent executions",
        f"{limits['UnreservedConcurrentExecutions']} of them unreserved",
        f"trails: {names or 'none, so that new log groups take 15 minutes'}",
        f"account policies: {found or 'none'}",
    ]
    return len(facts), "; ".join(facts)


def ingest_api(world: World) -> tuple[int, str]:
    """Invoke the function of smoke/ingest_api.yaml directly, without its function URL."""
    client = world.client("lambda")
    (stack,) = world.client("cloudformation").describe_stacks(StackName=f"{world.name}-ingest")["Stacks"]
    function = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}["FunctionName"]
    seen = []
    for answer, key, wanted in (
        (200, world.key, 200),
        (400, world.key, 400),
        (500, world.key, 500),
        (200, "?", 401),
    ):
        client.update_function_configuration(
            FunctionName=function, Environment={"Variables": {"ANSWER": str(answer), "KEY": world.key}}
        )
        client.get_waiter("function_updated_v2").wait(FunctionName=function)
        event = {"headers": {"x-api-key": key}, "body": json.dumps({"logs": [{"message": "smoke"}]})}
        found = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())["Payload"].read()
        status = json.loads(found).get("statusCode")
        if status != wanted:
            raise Failed(f"told to answer {answer}, it answered {found.decode()[:200]}")
        seen.append(str(status))
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {"ANSWER": "200", "KEY": world.key}}
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=function)
    return len(seen), f"answered {', '.join(seen)}"


def metrics(world: World) -> tuple[int, str]:
    """Wait for the metric of delivered log events.

    The metric is read by its dimensions, since ListMetrics may return a new metric only after 15 minutes
    ("ListMetrics", Amazon CloudWatch API Reference).
    """
    client = world.client("cloudwatch")

    def total() -> float:
        now = datetime.now(UTC)
        found = client.get_metric_statistics(
            Namespace=METRICS_NAMESPACE,
            MetricName=Metric.EVENTS_DELIVERED,
            Dimensions=[
                {"Name": "Stack", "Value": world.name},
                {"Name": "Source", "Value": Source.SUBSCRIPTION},
            ],
            StartTime=now - timedelta(hours=1),
            EndTime=now,
            Period=60,
            Statistics=["Sum"],
        )
        return sum(float(point["Sum"]) for point in found["Datapoints"])

    seconds = world.wait_for("the metric EventsDelivered", METRICS_SECONDS, lambda: total() > 0)
    return int(total()), f"{total():,.0f} log events delivered, by CloudWatch, {seconds:.0f} s after"


def permissions(world: World) -> tuple[int, str]:
    """Search the events of this run in CloudTrail for denied requests.

    The event history has only management events: neither writing log events nor SQS messages ("Logging data
    events", AWS CloudTrail User Guide).
    """
    (stack,) = world.client("cloudformation").describe_stacks(StackName=world.name)["Stacks"]
    seconds = _wait_for_cloudtrail(world)
    read, looked, denied = 0, 0, []
    for event in _events(world, StartTime=stack["CreationTime"]):
        read += 1
        detail = json.loads(event["CloudTrailEvent"])
        if world.name in json.dumps(detail.get("userIdentity", {})):
            looked += 1
            code = detail.get("errorCode", "")
            if "AccessDenied" in code or "Unauthorized" in code:
                denied.append(f"{event['EventName']}: {detail.get('errorMessage', '')[:200]}")
    if denied:
        raise Failed("; ".join(denied))
    if read >= MAX_EVENTS:
        raise Failed(
            f"the account has more than {MAX_EVENTS:,} events since the deployment, the maximum that is read"
        )
    return looked, f"{looked} calls of the stack's roles, none denied; CloudTrail was {seconds:.0f} s late"


def _wait_for_cloudtrail(world: World) -> float:
    """Make a request and wait until CloudTrail has it. Earlier requests are then most likely recorded, too.

    The request changes something, since not all read requests are in the event history.
    """
    begin = datetime.now(UTC) - timedelta(minutes=1)
    call = world.client("logs").put_retention_policy(logGroupName=world.log_group, retentionInDays=1)
    mark = call["ResponseMetadata"]["RequestId"]
    of_its_name = [{"AttributeKey": "EventName", "AttributeValue": "PutRetentionPolicy"}]

    def is_there() -> bool:
        found = _events(world, StartTime=begin, LookupAttributes=of_its_name)
        return any(json.loads(each["CloudTrailEvent"]).get("requestID") == mark for each in found)

    return world.wait_for("CloudTrail's event of a call", CLOUDTRAIL_SECONDS, is_there)


def _events(world: World, **which: Any) -> Iterator[dict[str, Any]]:
    """Yield at most `MAX_EVENTS` events of CloudTrail, the newest first.

    The quota is two requests per second, account and region ("LookupEvents", AWS CloudTrail API Reference).
    """
    pages = world.client("cloudtrail").get_paginator("lookup_events")
    for number, page in enumerate(pages.paginate(**which, PaginationConfig={"MaxItems": MAX_EVENTS})):
        if number:
            time.sleep(LOOKUP_SECONDS)
        yield from page["Events"]
