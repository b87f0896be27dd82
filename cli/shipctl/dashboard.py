"""`shipctl dashboard`: open the stack's dashboard in the CloudWatch console."""

import sys
import webbrowser
from typing import Annotated

import typer

from shipctl.errors import CommandError
from shipctl.json_lines import print_json
from shipctl.options import SHOWN_PANEL, AsJson, Place
from shipctl.stack import Stack


def dashboard(
    place: Place,
    print_only: Annotated[
        bool,
        typer.Option(
            "--print", help="Print the address, and do not open a browser.", rich_help_panel=SHOWN_PANEL
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open the stack's dashboard in a browser.

    It shows whether the stack works, what is lost or waits and why, and what it costs. The address is
    printed, too. The browser must be signed in to the stack's account.
    """
    stack = place.find()
    address = _address(stack)
    if as_json:
        print_json({"dashboard": stack.output("DashboardName"), "address": address})
        return
    print(address)
    # A browser is opened only if a person sees the output.
    if print_only or not _is_looked_at():
        return
    if not webbrowser.open(address):
        print("shipctl: no browser was found to open the dashboard", file=sys.stderr)


def _is_looked_at() -> bool:
    return sys.stdout.isatty()


def _address(stack: Stack) -> str:
    """Return the URL of a stack's dashboard. Raises `CommandError` if it has none."""
    if address := stack.outputs.get("DashboardAddress"):
        return address
    if stack.parameters.get("Monitoring", "") == "basic":
        raise CommandError(
            f"stack {stack.name} has no dashboard because its parameter Monitoring is basic: to create one, "
            f"run {stack.command('deploy', '--set', 'Monitoring=full')}"
        )
    # If the output is missing, the error says that the stack is not up to date.
    return stack.output("DashboardAddress")
