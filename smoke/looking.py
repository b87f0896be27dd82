"""Steps that look at the account, at what CloudWatch and CloudTrail say, and at the ingest API itself."""

import json
from datetime import UTC, datetime, timedelta

from smoke.world import Failed, World

METRICS_SECONDS = 600.0
ROLES = ("Shipper", "Replay", "Subscriber", "SettingsCheck")


def surroundings(world: World) -> tuple[int, str]:
    """Print what the other steps depend on."""
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
        f"trails: {names or 'none, so that new log groups take a quarter of an hour'}",
        f"account policies: {found or 'none'}",
    ]
    return len(facts), "; ".join(facts)


def ingest_api(world: World) -> tuple[int, str]:
    """Ask the function of smoke/ingest_api.yaml itself, by its name: the address is Lambda's own business."""
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
    """Wait for the metric of delivered log events."""
    client = world.client("cloudwatch")

    def total() -> float:
        now = datetime.now(UTC)
        found = client.list_metrics(Namespace="LogInformantShipper", MetricName="EventsDelivered")["Metrics"]
        own = [each for each in found if world.name in json.dumps(each["Dimensions"])]
        return sum(
            float(point["Sum"])
            for each in own
            for point in client.get_metric_statistics(
                Namespace="LogInformantShipper",
                MetricName="EventsDelivered",
                Dimensions=each["Dimensions"],
                StartTime=now - timedelta(hours=1),
                EndTime=now,
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
        )

    seconds = world.wait_for("the metric EventsDelivered", METRICS_SECONDS, lambda: total() > 0)
    return int(total()), f"{total():,.0f} log events delivered, by CloudWatch, {seconds:.0f} s after"


def permissions(world: World) -> tuple[int, str]:
    """Look through CloudTrail's event history for refusals; it is some minutes late."""
    begin = datetime.now(UTC) - timedelta(hours=1)
    pages = (
        world.client("cloudtrail")
        .get_paginator("lookup_events")
        .paginate(StartTime=begin, PaginationConfig={"MaxItems": 5000})
    )
    looked, denied = 0, []
    for page in pages:
        for event in page["Events"]:
            detail = json.loads(event["CloudTrailEvent"])
            if world.name in json.dumps(detail.get("userIdentity", {})):
                looked += 1
                if "AccessDenied" in detail.get("errorCode", "") or "Unauthorized" in detail.get(
                    "errorCode", ""
                ):
                    denied.append(f"{event['EventName']}: {detail.get('errorMessage', '')[:200]}")
    if denied:
        raise Failed("; ".join(denied))
    return looked, f"{looked} calls of the stack's roles, none denied"
