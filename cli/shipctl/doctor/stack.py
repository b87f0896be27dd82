"""The stack itself: whole, and of the version of this program."""

from collections.abc import Iterator

from loginformant_shipper import __version__

from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.installation import Installation

GOOD_STATES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
"""In which the last deployment is what runs ("Stack status codes", AWS CloudFormation User Guide)."""


def check_stack(installation: Installation) -> Iterator[Finding]:
    """Find a deployment that failed or is not over, and resources that are not as they should be."""
    stack = installation.stack
    resources = installation.resources
    if stack.status.endswith("_IN_PROGRESS"):
        yield notice(f"a deployment is under way: {stack.status}")
    elif stack.status not in GOOD_STATES:
        yield fault(
            f"the last deployment failed, the one before it runs: {stack.status}",
            f"see why: aws cloudformation describe-stack-events --stack-name {stack.name} "
            f"--region {stack.region}; then deploy again",
        )
    for resource in resources:
        if "FAILED" in resource.status:
            yield fault(f"{resource.name} ({resource.identifier}): {resource.status}", "deploy again")
    if stack.status in GOOD_STATES:
        yield ok(f"{stack.status}, {len(resources)} resources")


def check_version(installation: Installation) -> Iterator[Finding]:
    """Find a stack that was deployed from another version than that of this program."""
    deployed = installation.stack.outputs.get("Version", "")
    if not deployed:
        yield notice(f"the stack does not say its version; this is shipctl {__version__}", "deploy again")
    elif deployed != __version__:
        yield notice(
            f"the stack is {deployed}, this is shipctl {__version__}", "deploy again, or use its shipctl"
        )
    else:
        yield ok(deployed)
