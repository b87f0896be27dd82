"""The options that all commands share, and the headings of their help."""

from dataclasses import dataclass
from typing import Annotated

import typer

from shipctl.option_blocks import optional
from shipctl.stack import DEFAULT_STACK, STACK_VARIABLE, Stack, find_stack

STACK_PANEL = "Which stack"
SHOWN_PANEL = "What is shown"

StackName = Annotated[
    str,
    typer.Option(
        "--stack",
        envvar=STACK_VARIABLE,
        metavar="NAME",
        help="The name of the CloudFormation stack.",
        rich_help_panel=STACK_PANEL,
    ),
]
Region = Annotated[
    str | None,
    optional("--region", "REGION", "The AWS region of the stack.", STACK_PANEL, envvar="AWS_REGION"),
]
Profile = Annotated[
    str | None,
    optional("--profile", "PROFILE", "The AWS profile to use.", STACK_PANEL),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.", rich_help_panel=SHOWN_PANEL)]


@dataclass(frozen=True, kw_only=True)
class Place:
    """The options that select the stack, its region and the credentials."""

    stack: StackName = DEFAULT_STACK
    region: Region = None
    profile: Profile = None

    def find(self) -> Stack:
        """Return the stack. Raises `CommandError` if it does not exist."""
        return find_stack(self.stack, self.region, self.profile)
