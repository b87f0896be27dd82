"""`shipctl dashboard`: the stack's dashboard in the console of CloudWatch."""

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
    # Where the output goes to a program, nobody waits for a browser.
    if print_only or not _is_looked_at():
        return
    if not webbrowser.open(address):
        print("shipctl: there is no browser to open it with", file=sys.stderr)


def _is_looked_at() -> bool:
    return sys.stdout.isatty()


def _address(stack: Stack) -> str:
    """Return the address of a stack's dashboard. Raises `CommandError`."""
    if address := stack.outputs.get("DashboardAddress"):
        return address
    if stack.parameters.get("Monitoring", "") == "basic":
        raise CommandError(
            f"stack {stack.name} has no dashboard, since its Monitoring is basic: "
            f"{stack.command('deploy', '--set', 'Monitoring=full')} makes one"
        )
    # Says that the stack is not up to date, as for every output.
    return stack.output("DashboardAddress")
