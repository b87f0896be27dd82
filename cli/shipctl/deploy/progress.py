"""Wait for the end of a deployment, and report what failed."""

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
"""How long to wait. A custom resource without a response delays a stack for an hour, and its rollback for
another."""
_MAX_PAGES = 50
_CANCELLED = "cancelled"
"""Part of the reason of a resource that failed only because another one did."""


@dataclass(frozen=True)
class Ending:
    """How a deployment or a deletion ended."""

    status: str
    failures: tuple[str, ...]
    """`RESOURCE: REASON` of each failure, the first one first."""

    @property
    def is_good(self) -> bool:
        """Return whether the deployment or deletion succeeded."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def newest_event(client: "CloudFormationClient", stack_id: str) -> str:
    """Return the id of the newest event of a stack. Later events belong to the deployment that follows."""
    with aws_errors("Reading the events of the stack"):
        events = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    return events[0]["EventId"] if events else ""


def follow(client: "CloudFormationClient", stack_id: str, since: str, console: Console) -> Ending:
    """Wait until a deployment or deletion has ended, and show its progress.

    Args:
        client: The client of the account.
        stack_id: The stack's id, with which also a deleted stack is found.
        since: The result of `newest_event` before the deployment was started.
        console: Where progress is shown.

    Raises:
        CommandError: The stack's status cannot be read, or the deployment did not end within three hours.
            CloudFormation continues it in both cases.
    """
    began = time.monotonic()
    with (
        aws_errors("Following the stack"),
        console.status("CloudFormation is deploying") as line,
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
    """Yield the events after `since`, the newest first."""
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
