"""The stack that a command works on, and its outputs."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shipctl.account import aws_errors, client_config, session
from shipctl.errors import CommandError

if TYPE_CHECKING:
    import boto3

DEFAULT_STACK = "loginformant-shipper"
STACK_VARIABLE = "SHIPCTL_STACK"
"""Environment variable with the name of the stack, where --stack is not given."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, and the session to ask it with."""

    name: str
    session: "boto3.Session"
    outputs: Mapping[str, str]
    options: tuple[str, ...] = ()
    """The options without which another command would not find this stack: those that were given."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    """CloudFormation's, such as `UPDATE_COMPLETE`."""
    is_gone: bool = False
    """Only a queue is left of it, which is all that `outputs` names."""
    updated: datetime | None = None
    """When it was made, or changed last; None where that is not known."""

    def command(self, *words: str) -> str:
        """Return the line that runs a command of shipctl on this stack, ready to copy."""
        return shlex.join(("shipctl", *words, *self.options))

    @property
    def region(self) -> str:
        """Return the region that the stack is in."""
        return self.session.region_name

    def output(self, name: str) -> str:
        """Return an output of the stack. Raises `CommandError` where it has none of that name."""
        value = self.outputs.get(name)
        if value is None:
            raise CommandError(
                f"stack {self.name} has no output {name}: is it a LogInformant shipper, and up to date "
                "(make deploy)?"
            )
        return value


def find_stack(name: str, region: str | None, profile: str | None) -> Stack:
    """Return the stack of that name; region and profile as in the AWS CLI. Raises `CommandError`."""
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
    return Stack(
        name,
        account,
        {output["OutputKey"]: output["OutputValue"] for output in outputs},
        options_for(name, region, profile),
        {given["ParameterKey"]: given.get("ParameterValue", "") for given in stacks[0].get("Parameters", [])},
        stacks[0].get("StackStatus", ""),
        updated=stacks[0].get("LastUpdatedTime", stacks[0].get("CreationTime")),
    )


def options_for(name: str, region: str | None, profile: str | None) -> tuple[str, ...]:
    """Return the options that lead a command to a stack; none where defaults and environment do so."""
    options: tuple[str, ...] = ()
    if name != os.environ.get(STACK_VARIABLE, DEFAULT_STACK):
        options += ("--stack", name)
    if region and region != os.environ.get("AWS_REGION"):
        options += ("--region", region)
    if profile:
        options += ("--profile", profile)
    return options
