"""Check the stack: its status, its resources and its version."""

from collections.abc import Iterator

from loginformant_shipper import __version__

from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.installation import Installation
from shipctl.versions import UPGRADE, is_newer

GOOD_STATES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
"""Statuses after a successful deployment ("Stack status codes", AWS CloudFormation User Guide)."""


def check_stack(installation: Installation) -> Iterator[Finding]:
    """Report a deployment that failed or is in progress, and resources whose deployment failed."""
    stack = installation.stack
    resources = installation.resources
    if stack.status.endswith("_IN_PROGRESS"):
        yield notice(f"a deployment is in progress: {stack.status}")
    elif stack.status not in GOOD_STATES:
        now = ", and the previous one is active" if stack.status.endswith("_ROLLBACK_COMPLETE") else ""
        events = stack.aws_command("cloudformation", "describe-stack-events", "--stack-name", stack.name)
        yield fault(
            f"the last deployment failed{now}: {stack.status}",
            f"see why: {events}; then deploy again",
        )
    for resource in resources:
        if "FAILED" in resource.status:
            yield fault(f"{resource.name} ({resource.identifier}): {resource.status}", "deploy again")
    if stack.status in GOOD_STATES:
        yield ok(f"{stack.status}, {len(resources)} resources")


def check_version(installation: Installation) -> Iterator[Finding]:
    """Report a stack whose version differs from that of this program."""
    deployed = installation.stack.outputs.get("Version", "")
    if not deployed:
        yield notice(f"the stack has no version; this is shipctl {__version__}", "deploy again")
    elif deployed != __version__:
        yield notice(
            f"the stack has version {deployed}, this is shipctl {__version__}",
            UPGRADE if is_newer(deployed, __version__) else "deploy again, or use that shipctl",
        )
    else:
        yield ok(deployed)
