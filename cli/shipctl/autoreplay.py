"""`shipctl autoreplay on|off`: switch automatic replay on or off without a deployment."""

from enum import StrEnum
from typing import Annotated

import typer

from shipctl.installation.trigger import switch
from shipctl.json_lines import print_json
from shipctl.options import AsJson, Place


class Switch(StrEnum):
    """The states of automatic replay that the command sets."""

    ON = "on"
    OFF = "off"


def autoreplay(
    to: Annotated[
        Switch,
        typer.Argument(
            metavar="on|off",
            help="Whether the dead-letter queue is replayed automatically.",
            show_default=False,
        ),
    ],
    place: Place,
    as_json: AsJson = False,
) -> None:
    """Switch the automatic replay of the dead-letter queue on or off.

    This enables or disables the trigger of the replay function. No message is changed, and a replay that is
    running continues. The stack's parameter AutoReplay is not changed: a later deployment that changes it, or
    the trigger, takes precedence.
    """
    stack = place.find()
    is_on = to is Switch.ON
    before = switch(stack, is_on)
    if as_json:
        print_json(
            {"autoReplay": is_on, "before": before.state, "parameter": stack.parameters.get("AutoReplay")}
        )
        return
    if before.is_on is is_on:
        print(f"AutoReplay was already {to} ({before.state})")
    else:
        print(f"AutoReplay is now {to}; it was {before.state}")
    if stack.parameters.get("AutoReplay", str(is_on).lower()) != str(is_on).lower():
        keep = stack.command("deploy", "--set", f"AutoReplay={str(is_on).lower()}")
        print(f"The stack's parameter AutoReplay has another value. To change it, too, run: {keep}")
