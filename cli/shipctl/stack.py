"""The stack that a command works on, and its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipctl.account import aws_errors, client_config, session
from shipctl.errors import CommandError

if TYPE_CHECKING:
    import boto3

DEFAULT_STACK = "loginformant-shipper"


@dataclass(frozen=True)
class Stack:
    name: str
    session: "boto3.Session"
    outputs: Mapping[str, str]

    @property
    def region(self) -> str:
        return self.session.region_name

    def output(self, name: str) -> str:
        """Raises `CommandError` where the stack has no such output."""
        value = self.outputs.get(name)
        if value is None:
            raise CommandError(
                f"stack {self.name} has no output {name}: is it a LogInformant shipper, and up to date "
                "(make deploy)?"
            )
        return value


def find_stack(name: str, region: str | None, profile: str | None) -> Stack:
    """The stack of that name; region and profile as in the AWS CLI. Raises `CommandError`."""
    account = session(region, profile)
    doing = f"Looking for stack {name}"
    with aws_errors(doing):
        from botocore.exceptions import ClientError

        client = account.client("cloudformation", config=client_config())
        try:
            stacks = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            # DescribeStacks has no error of its own for it ("DescribeStacks", CloudFormation API reference).
            if "does not exist" in error.response["Error"].get("Message", ""):
                raise CommandError(
                    f"there is no stack {name} in {account.region_name}: "
                    "check --stack, --region and --profile"
                ) from error
            raise
    outputs = stacks[0].get("Outputs", [])
    return Stack(name, account, {output["OutputKey"]: output["OutputValue"] for output in outputs})
