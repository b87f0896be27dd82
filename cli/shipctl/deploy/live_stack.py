"""The stack as it is: its status, the values of its parameters, its tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipctl.account import aws_errors
from shipctl.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import TagTypeDef

HIDDEN = "****"
"""What CloudFormation shows of a secret parameter, be it empty or not."""

_NOT_MADE = "REVIEW_IN_PROGRESS"
"""A change set was made for it and not executed: there is nothing in it."""
FAILED_FIRST = "ROLLBACK_COMPLETE"
"""Its first deployment failed. Such a stack can only be deleted ("Stack status codes", AWS CloudFormation
User Guide)."""

_OURS = {"IngestUrl", "ApiKeySecretArn"}
"""Parameters by which a stack is known to be a LogInformant shipper."""


@dataclass(frozen=True)
class LiveStack:
    """A stack as it is deployed."""

    id: str
    status: str
    parameters: Mapping[str, str]
    """Values by name. A secret is `HIDDEN`, or empty where it must be."""
    defaults: Mapping[str, str]
    """The defaults of the template that the stack was made with."""
    tags: "list[TagTypeDef]"


def find_live_stack(client: "CloudFormationClient", name: str) -> LiveStack | None:
    """Return the stack of a name, or None if there is none yet.

    Raises:
        CommandError: There is one that cannot be changed now, or that is not ours.
    """
    from botocore.exceptions import ClientError

    with aws_errors(f"Looking for stack {name}"):
        try:
            (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            # DescribeStacks has no error of its own for it ("DescribeStacks", CloudFormation API Reference).
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
        status, stack_id = stack["StackStatus"], stack["StackId"]
        if status == _NOT_MADE:
            return None
        if status == FAILED_FIRST:
            return LiveStack(stack_id, status, {}, {}, [])
        _refuse_status(name, status)
        summary = client.get_template_summary(StackName=name)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    if not set(parameters) >= _OURS:
        raise CommandError(f"stack {name} is not a LogInformant shipper: give another name with --stack")
    if parameters["ApiKeySecretArn"] or parameters.get("ApiKeyParameterName"):
        parameters["ApiKey"] = ""  # one of the three is set, never two, and this one is always shown as ****
    # Tags of AWS's own come back by themselves, and nobody else may give them.
    tags = [tag for tag in stack.get("Tags", []) if not tag["Key"].startswith("aws:")]
    defaults = {each["ParameterKey"]: each.get("DefaultValue", "") for each in summary["Parameters"]}
    return LiveStack(stack_id, status, parameters, defaults, tags)


def _refuse_status(name: str, status: str) -> None:
    """Statuses: "Stack status codes", AWS CloudFormation User Guide."""
    if status.endswith("_IN_PROGRESS"):
        raise CommandError(f"stack {name} is {status}: wait until that is over, then run this again")
    if status == "UPDATE_ROLLBACK_FAILED":
        raise CommandError(
            f"stack {name} is {status}: remove what its events name, then continue the rollback, in the "
            f"console or with aws cloudformation continue-update-rollback --stack-name {name}"
        )
    if status.endswith("_FAILED"):
        raise CommandError(f"stack {name} is {status}: its events say why; delete it, then deploy")
