"""A change set at work in the account: followed to its end, and what went wrong told."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from shipctl.account import aws_errors
from shipctl.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

_POLL_SECONDS = 2.0
_MAX_SECONDS = 3 * 60 * 60.0
"""A custom resource that does not answer holds a stack up for an hour, and its rollback for another."""
_MAX_PAGES = 50
_CANCELLED = "cancelled"
"""Of a resource that failed only because another one did."""


@dataclass(frozen=True)
class Ending:
    """How a deployment or a deletion ended."""

    status: str
    failures: tuple[str, ...]
    """`RESOURCE: REASON`, the first failure first."""

    @property
    def is_good(self) -> bool:
        """Return whether the stack is as it was asked to be."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def newest_event(client: "CloudFormationClient", stack_id: str) -> str:
    """Return the id of the newest event of a stack, so that it is known what comes after."""
    with aws_errors("Reading the events of the stack"):
        events = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    return events[0]["EventId"] if events else ""


def follow(client: "CloudFormationClient", stack_id: str, since: str, console: Console) -> Ending:
    """Wait until a stack is at rest, showing what it does. `since` is of `newest_event`.

    Raises:
        CommandError: It could not be asked, or did not come to rest in three hours. The account goes on.
    """
    began = time.monotonic()
    with (
        aws_errors("Following the stack"),
        console.status("CloudFormation is at work") as line,
    ):
        while True:
            (stack,) = client.describe_stacks(StackName=stack_id)["Stacks"]
            status = stack["StackStatus"]
            seconds = time.monotonic() - began
            if not status.endswith("_IN_PROGRESS") or status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
                break
            if seconds > _MAX_SECONDS:
                raise CommandError(f"the stack has been {status} for three hours")
            line.update(f"CloudFormation: {status}, {seconds:.0f} s")
            time.sleep(_POLL_SECONDS)
        failures = tuple(_failures(client, stack_id, since))
    return Ending("UPDATE_COMPLETE" if status.startswith("UPDATE_COMPLETE") else status, failures)


def _failures(client: "CloudFormationClient", stack_id: str, since: str) -> Iterator[str]:
    for event in reversed(list(_events_after(client, stack_id, since))):
        name, reason = event["LogicalResourceId"], event.get("ResourceStatusReason", "")
        failed = event.get("ResourceStatus", "").endswith("_FAILED")
        if failed and reason and _CANCELLED not in reason and name != event["StackName"]:
            yield f"{name}: {reason}"


def _events_after(client: "CloudFormationClient", stack_id: str, since: str) -> Iterator["StackEventTypeDef"]:
    """Give the newest first."""
    token: dict[str, str] = {}
    for _ in range(_MAX_PAGES):
        page = client.describe_stack_events(StackName=stack_id, **token)
        for event in page["StackEvents"]:
            if event["EventId"] == since:
                return
            yield event
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
