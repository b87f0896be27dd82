"""Find the stack that a command works on, and read its outputs."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shipctl.account import client_config, configuration_errors, session
from shipctl.errors import CommandError

if TYPE_CHECKING:
    import boto3

DEFAULT_STACK = "loginformant-shipper"
STACK_VARIABLE = "SHIPCTL_STACK"
"""The environment variable with the stack's name, used if --stack is not given."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: its outputs, and the session with which to access it."""

    name: str
    session: "boto3.Session"
    outputs: Mapping[str, str]
    options: tuple[str, ...] = ()
    """The options with which another command finds this stack: those that the user gave."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    """The stack's status, such as `UPDATE_COMPLETE`."""
    is_gone: bool = False
    """Whether the stack was deleted. `outputs` then names only the queue that is left."""
    updated: datetime | None = None
    """When the stack was created or last updated; None if that is not known."""
    profile: str | None = None
    """The AWS profile that the user gave."""

    def command(self, *words: str) -> str:
        """Return a shell command that runs a command of shipctl on this stack."""
        return shlex.join(("shipctl", *words, *self.options))

    def aws_command(self, *words: str) -> str:
        """Return a shell command that runs a command of the AWS CLI where this stack is."""
        return aws_command(*words, region=self.region, profile=self.profile)

    @property
    def region(self) -> str:
        """Return the region of the stack."""
        return self.session.region_name

    def output(self, name: str) -> str:
        """Return the value of an output. Raises `CommandError` if there is no such output."""
        value = self.outputs.get(name)
        if value is None and not self.outputs and self.status:
            raise CommandError(f"stack {self.name} has no outputs; it is {self.status}")
        if value is None:
            raise CommandError(
                f"stack {self.name} has no output {name}: it is not a LogInformant shipper, or it is out of "
                "date (update it with shipctl deploy)"
            )
        return value


def find_stack(name: str, region: str | None, profile: str | None) -> Stack:
    """Return the stack of that name. Raises `CommandError` if it does not exist or cannot be read."""
    account = session(region, profile)
    doing = f"Looking for stack {name}"
    with configuration_errors(doing):
        from botocore.exceptions import ClientError

        client = account.client("cloudformation", config=client_config())
        try:
            stacks = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            # DescribeStacks has no error code for this ("DescribeStacks", CloudFormation API Reference).
            if "does not exist" in error.response["Error"].get("Message", ""):
                raise CommandError(
                    f"stack {name} does not exist in {account.region_name}: "
                    "check --stack, --region and --profile"
                ) from error
            raise
    status, outputs = stacks[0].get("StackStatus", ""), stacks[0].get("Outputs", [])
    if status == "DELETE_COMPLETE":  # such a stack is found by its ARN only
        raise CommandError(
            f"stack {name} was deleted: to read a queue that is left, give --queue-url to shipctl dlq"
        )
    return Stack(
        stacks[0]["StackName"],  # `name` may be an ARN
        account,
        {output["OutputKey"]: output["OutputValue"] for output in outputs},
        options_for(name, region, profile),
        {given["ParameterKey"]: given.get("ParameterValue", "") for given in stacks[0].get("Parameters", [])},
        status,
        updated=stacks[0].get("LastUpdatedTime", stacks[0].get("CreationTime")),
        profile=profile,
    )


def options_for(name: str, region: str | None, profile: str | None) -> tuple[str, ...]:
    """Return the options with which a command finds a stack, unless defaults and environment suffice."""
    options: tuple[str, ...] = ()
    if name != os.environ.get(STACK_VARIABLE, DEFAULT_STACK):
        options += ("--stack", name)
    if region and region != os.environ.get("AWS_REGION"):
        options += ("--region", region)
    if profile:
        options += ("--profile", profile)
    return options


def aws_command(*words: str, region: str, profile: str | None) -> str:
    """Return a shell command that runs a command of the AWS CLI in a region and with a profile.

    Without the profile it would act on the account of the default profile, where a stack of the same name may
    be.

    Args:
        words: The command without `aws`, such as `lambda`, `invoke`, and its other options.
        region: The region. It is always named, since the AWS CLI may have another default.
        profile: The profile that the user gave. None: that of the environment, which the AWS CLI uses, too.
    """
    with_profile = ("--profile", profile) if profile else ()
    return shlex.join(("aws", *words, "--region", region, *with_profile))
