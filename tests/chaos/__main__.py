"""Runs schedules in virtual time: many, or one of them with its story."""

import sys
import time
from collections import Counter
from typing import Annotated

import typer

from tests.chaos.ledger import Why
from tests.chaos.schedule import run_schedule


def main(
    seed: Annotated[int | None, typer.Option(help="Run this schedule alone, and tell what happened.")] = None,
    schedules: Annotated[int, typer.Option(help="How many schedules to run.", min=1, max=1_000_000)] = 1000,
    first: Annotated[int, typer.Option(help="Seed of the first one.")] = 0,
) -> None:
    """Lets the shipper and replay go through hours of trouble, and looks where every log event is then."""
    if seed is not None:
        outcome = run_schedule(seed)
        typer.echo("\n".join(outcome.story))
        if outcome.violation:
            typer.echo(outcome.line(), err=True)
        raise typer.Exit(outcome.violation is not None)
    started, extras, totals = time.monotonic(), Counter[Why](), Counter[str]()
    failed = 0
    for number in range(first, first + schedules):
        outcome = run_schedule(number)
        extras += outcome.extras
        totals.update(
            events=outcome.events,
            invocations=outcome.invocations,
            troubled=outcome.troubles,
            parked=outcome.parked,
        )
        if outcome.violation:
            failed += 1
            typer.echo(outcome.line(), err=True)
    typer.echo(
        f"{schedules} schedules in {time.monotonic() - started:.0f} s: {totals['events']} events, "
        f"{totals['invocations']} invocations, {totals['troubled']} of which failed; "
        f"{totals['parked']} events parked; {failed} schedules violate a rule."
    )
    typer.echo(
        "Copies too many: " + (", ".join(f"{n} by {why}" for why, n in extras.most_common()) or "none")
    )
    sys.exit(failed > 0)


if __name__ == "__main__":
    typer.run(main)
