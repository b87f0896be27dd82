"""Remove the resources of a run, which are found by their names, and report what is left."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from smoke.world import World

STACK_SECONDS = 1200
SETTLING_SECONDS = 120.0
"""SQS takes up to a minute to delete a queue ("DeleteQueue", Amazon SQS API Reference)."""
GONE = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "ResourceNotFoundException",
    "ParameterNotFound",
}
"""Error codes for resources that do not exist."""


def remove_everything(world: World) -> Iterator[str]:
    """Remove all resources that this run may have created, in a safe order, and yield their names."""
    for name in (world.name, f"{world.name}-ingest"):
        yield from _remove_stack(world, name)
    logs = world.client("logs")
    for group in _log_groups(world):
        if _unless_gone(logs.delete_log_group, logGroupName=group):
            yield f"log group {group}"
    sqs = world.client("sqs")
    for url in _queues(world):
        if _unless_gone(sqs.delete_queue, QueueUrl=url):
            yield f"queue {url.rsplit('/', 1)[-1]}"
    for name in _parameters(world):
        if _unless_gone(world.client("ssm").delete_parameter, Name=name):
            yield f"parameter {name}"
    for key in _keys(world):
        world.client("kms").delete_alias(AliasName=f"alias/{world.name}")
        world.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        yield f"KMS key {key} (deleted in seven days, the minimum that AWS allows)"
    yield from _remove_bucket(world)
    yield from _remove_network_interfaces(world)


def what_stays(world: World) -> list[str]:
    """Return the resources that are left after AWS has had time to remove deleted ones from its lists."""
    begin = time.monotonic()
    while (left := what_is_left(world)) and time.monotonic() - begin < SETTLING_SECONDS:
        time.sleep(0.5 if world.is_emulated else 5)
    return left


def what_is_left(world: World) -> list[str]:
    """Return the remaining resources of this run."""
    functions = [
        each["FunctionName"]
        for page in world.client("lambda").get_paginator("list_functions").paginate()
        for each in page["Functions"]
        if each["FunctionName"].startswith(world.name)
    ]
    roles = [
        each["RoleName"]
        for page in world.client("iam").get_paginator("list_roles").paginate()
        for each in page["Roles"]
        if each["RoleName"].startswith(world.name)
    ]
    return [
        *(f"stack {name}" for name in (world.name, f"{world.name}-ingest") if _status(world, name)),
        *(f"log group {name}" for name in _log_groups(world)),
        *(f"queue {url}" for url in _queues(world)),
        *(f"parameter {name}" for name in _parameters(world)),
        *(f"KMS key {key}" for key in _keys(world)),
        *(f"function {name}" for name in functions),
        *(f"role {name}" for name in roles),
        *([f"bucket {world.bucket}"] if _has_bucket(world) else []),
    ]


def _remove_stack(world: World, name: str) -> Iterator[str]:
    """Delete a stack after waiting for its current operation, during which it cannot be deleted."""
    client = world.client("cloudformation")
    begin = time.monotonic()
    while _is_under_way(_status(world, name)) and time.monotonic() - begin < STACK_SECONDS:
        time.sleep(0.5 if world.is_emulated else 5)
    if not _status(world, name):
        return
    client.delete_stack(StackName=name)
    delay = 1 if world.is_emulated else 10
    try:
        client.get_waiter("stack_delete_complete").wait(
            StackName=name, WaiterConfig={"Delay": delay, "MaxAttempts": STACK_SECONDS // delay}
        )
    except WaiterError:
        yield f"stack {name} (not removed: {_status(world, name)})"
    else:
        yield f"stack {name}, in {time.monotonic() - begin:.0f} s"


def _is_under_way(status: str | None) -> bool:
    """Return whether a status is temporary. REVIEW_IN_PROGRESS is not, until a change set is executed."""
    return status is not None and status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"


def _unless_gone(delete: Callable[..., Any], **what: str) -> bool:
    """Delete a listed resource. Return whether it still existed, since lists are eventually consistent."""
    try:
        delete(**what)
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        return False
    return True


def _status(world: World, name: str) -> str | None:
    """Return the status of a stack, or None if it does not exist."""
    try:
        (stack,) = world.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else str(stack["StackStatus"])


def _log_groups(world: World) -> list[str]:
    prefixes = (f"/smoke/{world.name}/", f"/loginformant/{world.name}", f"/aws/lambda/{world.name}")
    return [
        each["logGroupName"]
        for prefix in prefixes
        for page in world.client("logs")
        .get_paginator("describe_log_groups")
        .paginate(logGroupNamePrefix=prefix)
        for each in page["logGroups"]
    ]


def _queues(world: World) -> list[str]:
    return list(world.client("sqs").list_queues(QueueNamePrefix=world.name).get("QueueUrls", []))


def _parameters(world: World) -> list[str]:
    found = world.client("ssm").get_parameters_by_path(Path=f"/smoke/{world.name}", Recursive=True)
    return [each["Name"] for each in found["Parameters"]]


def _keys(world: World) -> list[str]:
    pages = world.client("kms").get_paginator("list_aliases").paginate()
    return [
        each["TargetKeyId"]
        for page in pages
        for each in page["Aliases"]
        if each["AliasName"] == f"alias/{world.name}" and "TargetKeyId" in each
    ]


def _has_bucket(world: World) -> bool:
    return any(each["Name"] == world.bucket for each in world.client("s3").list_buckets()["Buckets"])


def _remove_bucket(world: World) -> Iterator[str]:
    if not _has_bucket(world):
        return
    s3 = world.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=world.bucket):
        for each in page.get("Contents", []):
            s3.delete_object(Bucket=world.bucket, Key=each["Key"])
    s3.delete_bucket(Bucket=world.bucket)
    yield f"bucket {world.bucket}"


def _remove_network_interfaces(world: World) -> Iterator[str]:
    """Remove the network interfaces that Lambda created in the default VPC, and report those it still uses.

    Lambda deletes them some time after a function has left the VPC, but needs the function's role, which may
    have been deleted by then.
    """
    if world.is_emulated:
        return
    ec2 = world.client("ec2")
    made_here = [{"Name": "description", "Values": [f"AWS Lambda VPC ENI-{world.name}-*"]}]
    for each in ec2.describe_network_interfaces(Filters=made_here)["NetworkInterfaces"]:
        name = each["NetworkInterfaceId"]
        if each["Status"] == "available":
            ec2.delete_network_interface(NetworkInterfaceId=name)
            yield f"network interface {name}"
        else:
            yield f"network interface {name} (not removed: Lambda still uses it; check again in an hour)"
