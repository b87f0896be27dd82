"""Run schedules, in virtual time and under Lambda's own runtime: many, or a single one with its story."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from local.account import emulated_account
from local.build import local_build
from local.processes import ProgramFailed, unwinding_when_terminated
from local.stack import PROJECT
from tests.chaos.copy_ledger import Why
from tests.chaos.runtime_schedule import RuntimeOutcome, run_schedules
from tests.chaos.schedule import Outcome, run_schedule

STORIES = PROJECT / ".build" / "local" / "chaos.txt"
LOG = PROJECT / ".build" / "local" / "chaos.log"


def main(
    runtime: Annotated[
        bool | None,
        typer.Option(
            "--runtime/--virtual",
            help="Only those under Lambda's own runtime, in real time; or only those in virtual time.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Run this schedule alone, and tell what happened.")] = None,
    schedules: Annotated[
        int, typer.Option(help="How many of each kind to run.", min=1, max=1_000_000)
    ] = 1000,
    first: Annotated[int, typer.Option(help="Seed of the first one.")] = 0,
    stages: Annotated[int, typer.Option(help="How many at once under the runtime.", min=1, max=16)] = 4,
    minutes: Annotated[float, typer.Option(help="Begin none of a kind after so long.", min=0.1)] = 120.0,
) -> None:
    """Run the shipper and replay through faults, and check where every log event is afterwards.

    Prints one line for each schedule that breaks a rule, with the command that repeats it.
    """
    seeds = [seed] if seed is not None else range(first, first + schedules)
    well = True
    if runtime is not True:
        typer.echo("In virtual time")
        started = time.monotonic()
        end = started + minutes * 60
        virtual = []
        with typer.progressbar(seeds, file=sys.stderr) as bar:
            for each in bar:
                if time.monotonic() < end:
                    virtual.append(run_schedule(each))
                    _tell_at_once(virtual[-1])
        well = _tell(virtual, len(seeds), started)
    if runtime is not False:
        typer.echo("Under Lambda's own runtime")
        started = time.monotonic()
        try:
            real = _under_the_runtime(seeds, min(stages, len(seeds)), minutes * 60)
        except ProgramFailed as failure:
            typer.echo(str(failure), err=True)
            raise typer.Exit(2) from None
        well = _tell(real, len(seeds), started) and well
    if not well:
        raise typer.Exit(1)


def _tell(outcomes: Sequence[Outcome | RuntimeOutcome], wanted: int, started: float) -> bool:
    """Print the result of the schedules; return whether all were run without a violation."""
    if wanted == 1:
        typer.echo("\n".join(outcomes[0].story))
    broken = [outcome for outcome in outcomes if outcome.violation]
    if broken:
        STORIES.parent.mkdir(parents=True, exist_ok=True)
        STORIES.write_text("".join("\n".join([each.line(), *each.story, "", ""]) for each in broken))
        typer.echo(f"What happened in each: {STORIES}", err=True)
    extras = sum((outcome.extras for outcome in outcomes), Counter[Why]())
    typer.echo(
        f"  {len(outcomes)} schedules in {time.monotonic() - started:.0f} s: "
        f"{sum(outcome.events for outcome in outcomes)} log events, "
        f"{sum(outcome.invocations for outcome in outcomes)} invocations, "
        f"{sum(outcome.failed for outcome in outcomes)} of which failed; "
        f"{len(broken)} schedules break a rule."
    )
    told = ", ".join(f"{copies} by {why}" for why, copies in extras.most_common()) or "none"
    typer.echo(f"  Duplicates, each with a known reason: {told}.")
    if len(outcomes) < wanted:
        typer.echo(f"  Only {len(outcomes)} of {wanted} schedules were run in the time allowed.", err=True)
    return not broken and len(outcomes) == wanted


def _tell_at_once(outcome: Outcome | RuntimeOutcome) -> None:
    """Print an outcome at once, so that a long run shows violations before it ends."""
    if outcome.violation:
        typer.echo(f"\n{outcome.line()}", err=True)


def _under_the_runtime(seeds: Sequence[int], stages: int, seconds: float) -> list[RuntimeOutcome]:
    if not Path("/proc/self/environ").exists():
        typer.echo("Schedules under Lambda's own runtime need /proc, and so Linux: run --virtual.", err=True)
        raise typer.Exit(2)
    build = local_build(PROJECT, LOG)
    with (
        unwinding_when_terminated(),
        tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder,
        emulated_account(LOG) as account,
        typer.progressbar(length=len(seeds), file=sys.stderr) as bar,
    ):

        def tell(outcome: RuntimeOutcome) -> None:
            _tell_at_once(outcome)
            bar.update(1)

        return run_schedules(
            account,
            build,
            Path(folder),
            seeds,
            limits=True,
            stages=stages,
            seconds=seconds,
            on_outcome=tell,
        )


if __name__ == "__main__":
    typer.run(main)
