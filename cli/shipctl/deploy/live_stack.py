"""The deployed stack: its status, the values of its parameters, its tags and its version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipctl.account import aws_errors
from shipctl.deploy.account import Account
from shipctl.deploy.parameters import JsonObject
from shipctl.deploy.refused import Refused
from shipctl.errors import CommandError
from shipctl.versions import UPGRADE, is_newer

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import TagTypeDef

HIDDEN = "****"
"""What CloudFormation shows as the value of a secret parameter, whether it is empty or not."""

IN_REVIEW = "REVIEW_IN_PROGRESS"
"""The status of a stack whose first change set was not executed. It is empty."""
FAILED_FIRST = "ROLLBACK_COMPLETE"
"""The status of a stack whose first deployment failed. It can only be deleted ("Stack status codes", AWS
CloudFormation User Guide)."""

_OURS = {"IngestUrl", "ApiKeySecretArn"}
"""Parameters that identify a stack as a LogInformant shipper."""


@dataclass(frozen=True)
class LiveStack:
    """A stack as it is deployed."""

    id: str
    status: str
    parameters: Mapping[str, str]
    """Values by name. A secret is `HIDDEN`, or empty if another parameter shows that it has no value."""
    defaults: Mapping[str, str]
    """The defaults of the template with which the stack was deployed."""
    tags: "list[TagTypeDef]"
    version: str = ""
    """The version of the shipper in the stack's outputs; empty if it has none."""


def find_live_stack(account: Account, client: "CloudFormationClient", name: str) -> LiveStack | None:
    """Return the stack of that name, or None if it does not exist yet.

    Raises:
        CommandError: The stack cannot be changed now, or it is not a LogInformant shipper.
    """
    from botocore.exceptions import ClientError

    with aws_errors(f"Looking for stack {name}"):
        try:
            (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            # DescribeStacks has no error code for this ("DescribeStacks", CloudFormation API Reference).
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
        status, stack_id = stack["StackStatus"], stack["StackId"]
        if status == IN_REVIEW:
            return None
        if status == FAILED_FIRST:
            return LiveStack(stack_id, status, {}, {}, [])
        _refuse_status(account, name, status)
        summary = client.get_template_summary(StackName=name)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    if not set(parameters) >= _OURS:
        raise CommandError(f"stack {name} is not a LogInformant shipper: name another stack with --stack")
    if parameters["ApiKeySecretArn"] or parameters.get("ApiKeyParameterName"):
        parameters["ApiKey"] = ""  # shown as **** even if empty; exactly one of the three is set
    # AWS sets its own tags itself, and rejects requests that contain them.
    tags = [tag for tag in stack.get("Tags", []) if not tag["Key"].startswith("aws:")]
    defaults = {each["ParameterKey"]: each.get("DefaultValue", "") for each in summary["Parameters"]}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    return LiveStack(stack_id, status, parameters, defaults, tags, outputs.get("Version", ""))


def refuse_downgrade(name: str, live: LiveStack, template: JsonObject) -> None:
    """Raise `Refused` if the stack is newer than what would be deployed.

    CloudFormation removes the parameters that an older template does not have, and their values with them. A
    later upgrade then begins with the defaults, so that a setting for redaction would be off and nothing
    would say so. The AWS CDK does not downgrade its bootstrap stack either ("Not downgrading existing
    bootstrap stack from version", aws/aws-cdk#8678 and #10016).

    Args:
        name: The name of the stack.
        live: The stack.
        template: The template that would be deployed. If it names no version, it is not refused.
    """
    numbers = template.get("Mappings", {}).get("Shipper", {}).get("Version", {})
    version = str(numbers.get("Number", ""))
    if is_newer(live.version, version):
        raise Refused(
            f"stack {name} has version {live.version}, and this would deploy {version}. Settings that "
            f"{version} does not have would be lost: {UPGRADE}, or build a newer version. To deploy the "
            "older one nevertheless, give --downgrade"
        )


def _refuse_status(account: Account, name: str, status: str) -> None:
    """Raise `CommandError` if a stack with this status cannot be changed. The error names the remedy.

    See "Stack status codes" and "Choose how to handle failures when provisioning resources", AWS
    CloudFormation User Guide. A stack that was not rolled back can only be updated without a rollback again.
    """

    def command(operation: str) -> str:
        return account.aws_command("cloudformation", operation, "--stack-name", name)

    match status:
        case "CREATE_FAILED":
            remedy = (
                "its first deployment failed and was not rolled back. Remove what it created with "
                f"{command('rollback-stack')}, then deploy again"
            )
        case "UPDATE_FAILED":
            remedy = (
                "its last update failed and was not rolled back. Return to what was deployed before with "
                f"{command('rollback-stack')}, then deploy again"
            )
        case "UPDATE_ROLLBACK_FAILED":
            remedy = (
                "fix the problem that its events describe, then continue the rollback in the console or with "
                f"{command('continue-update-rollback')}"
            )
        case "ROLLBACK_FAILED" | "DELETE_FAILED":
            remedy = (
                "fix the problem that its events describe, delete the stack in the console or with "
                f"{command('delete-stack')}, then deploy again"
            )
        case "IMPORT_ROLLBACK_FAILED":  # AWS documents no remedy
            remedy = "see its events for the cause. It may still ship logs: ask AWS before you delete it"
        case _ if status.endswith("_IN_PROGRESS"):
            remedy = "wait until it has finished, then run the command again"
        case _:
            return
    raise CommandError(f"stack {name} is {status}: {remedy}")
