"""`shipctl status`: show deliveries, queues and problems."""

from typing import Annotated

import typer
from rich.console import Console

from shipctl.installation.installation import Installation
from shipctl.json_lines import print_json
from shipctl.options import AsJson, Place
from shipctl.status.screen import document, write_state
from shipctl.status.state import state_of


def status(
    place: Place,
    quick: Annotated[
        bool, typer.Option("--quick", help="Show numbers only, without the findings of doctor.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the state of the stack on one screen: deliveries, queues and problems.

    Log events are counted at each attempt, by the functions' metrics, which CloudWatch shows a minute or two
    later. What is wrong is found by the checks of `shipctl doctor`.

    Exit status: 0, whatever is found. `shipctl doctor` ends with 1 if something is wrong.
    """
    installation = Installation(place.find())
    state = state_of(installation, checks=not quick)
    if as_json:
        print_json(document(state))
    else:
        write_state(Console(highlight=False), state)
