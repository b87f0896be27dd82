"""The options that the commands share, and the headings of their help."""

from typing import Annotated

import typer

STACK_PANEL = "Which stack"
SHOWN_PANEL = "What is shown"

StackName = Annotated[
    str,
    typer.Option("--stack", metavar="NAME", help="The CloudFormation stack.", rich_help_panel=STACK_PANEL),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        envvar="AWS_REGION",
        metavar="REGION",
        help="Its AWS region, as in the AWS CLI.",
        rich_help_panel=STACK_PANEL,
        show_default=False,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="PROFILE",
        help="The profile with the credentials, as in the AWS CLI.",
        rich_help_panel=STACK_PANEL,
        show_default=False,
    ),
]
