"""`make run`: deploy the stack on this machine, and show what arrives, an outage, and replay."""

import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from local.demo_tables import accounts_table, arrived_table, is_sound, verdict
from local.ingest_api import LOCAL_KEY, ingest_api
from local.metrics import EmbeddedMetrics
from local.processes import ProgramFailed, Terminated, show
from local.reckoning import own_log, reckon, waiting
from local.samples import in_stream, now, samples
from local.stack import PROJECT, Stack, deployed_stack
from local.story import OUTAGE, Incomplete, Story, command, subscribe_all, wait

LOG = PROJECT / ".build" / "local" / "run.log"
POISONED = "/aws/lambda/orders"
IN_THE_OUTAGE = (POISONED, "/aws/lambda/payment", "/ecs/checkout", "/ecs/shop-frontend")
LOGS_OF_A_SOURCE = 2
COMMAND_SECONDS = 120.0
SOMETHING_IS_LEFT = 1
"""The exit status of `shipctl dlq replay` if not everything was delivered."""


class Steps:
    """Shows the current step, and completed steps with their duration."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = console.status("")
        self._name = ""
        self._since = time.monotonic()

    def begin(self, name: str) -> None:
        self.end()
        self._name, self._since = name, time.monotonic()
        self._status.update(name)
        self._status.start()

    def detail(self, text: str) -> None:
        self._status.update(f"{self._name}: {text}")

    def end(self) -> None:
        if self._name:
            self._status.stop()
            seconds = time.monotonic() - self._since
            self._console.print(f"[green]✓[/] {self._name:<60}[dim]{seconds:6.1f} s[/]", highlight=False)
            self._name = ""

    def stop(self) -> None:
        self._status.stop()


def play(console: Console, all_logs: bool = False) -> int:
    """Run the demonstration, and return 0 if every log event is accounted for, otherwise 1.

    With `all_logs`, each log that arrived is shown.
    """
    console.print("[bold]CloudWatch Logs → shipper → LogInformant[/], all on this machine\n")
    steps = Steps(console)
    try:
        with ingest_api() as api:
            parameters = {"ApiKey": LOCAL_KEY, "IngestUrl": api.url, "AutoReplay": "false"}
            with deployed_stack(parameters, log=LOG, on_step=steps.begin) as stack, _keeping_log(stack):
                story = Story(stack, api)
                _in_good_times(story, steps, console, all_logs)
                stored = _in_an_outage(story, steps, console)
                _afterwards(story, steps, console, stored)
                kept = story.dead_letters()
                stored += _by_itself(story, steps, console)
                # Rejected logs are delayed, and cannot be received now.
                reckoning = reckon(story.events, story.logs, kept)
                accounts = story.accounts(replayed=stored)
                steps.begin("Removing everything")
        steps.end()
    finally:
        steps.stop()
    console.print(accounts_table(accounts._asdict()))
    console.print(verdict(reckoning))
    console.print("  The same in your AWS account: make deploy", style="dim")
    return 0 if is_sound(reckoning) else 1


def _in_good_times(story: Story, steps: Steps, console: Console, all_logs: bool) -> None:
    stock = samples(now(), POISONED)
    steps.begin(f"Subscribing {len(stock)} log groups")
    subscribe_all(story.stack, stock)
    steps.begin(f"Shipping {sum(len(sample.events) for sample in stock)} log events")
    story.put(stock, lambda sample: steps.detail(sample.log_group))
    steps.end()
    console.print(arrived_table(story.logs, None if all_logs else LOGS_OF_A_SOURCE))
    if not all_logs:
        console.print("[dim]all of them: make run ARGS=--all-logs[/]")
    console.print(
        "\n[bold]One log is bad[/]: the ingest API refuses it. It waits in the dead-letter queue for a retry."
    )
    _run_in_sight(console, story.stack, command(story.stack, "DeadLetterStatsCommand"), 0)


def _in_an_outage(story: Story, steps: Steps, console: Console) -> int:
    """Return the number of log events that wait for replay, without rejected ones, which are delayed."""
    seconds = OUTAGE.headers["Retry-After"]
    console.print(
        f"\n[bold]The ingest API goes down[/]: {OUTAGE.status}, Retry-After {seconds} s."
        "\nNo invocation lasts that long: the shipper stores new logs at once, most without a request.\n"
    )
    _log_in_an_outage(story, steps, "during-the-outage")
    _run_in_sight(console, story.stack, command(story.stack, "DeadLetterStatsCommand"), 0)
    letters = story.dead_letters()
    return sum(len(letter.events) for letter in letters if letter.attributes["Reason"] != "rejected")


def _log_in_an_outage(story: Story, steps: Steps, log_stream: str) -> int:
    """Return the number of log events."""
    story.bring_down()
    stock = [in_stream(sample, log_stream) for sample in samples(now()) if sample.log_group in IN_THE_OUTAGE]
    events = sum(len(sample.events) for sample in stock)
    steps.begin(f"Logging {events} more events in {len(stock)} log groups")
    story.put(stock)
    steps.end()
    return events


def _by_itself(story: Story, steps: Steps, console: Console) -> int:
    """Show automatic replay after another outage.

    Returns the number of log events for which replay has to account.
    """
    console.print(
        "\n[bold]Until now AutoReplay was off.[/] It is on by default; here it is switched on, in an outage:"
    )
    stored = _log_in_an_outage(story, steps, "during-the-next-outage")
    story.bring_up()
    _run_in_sight(console, story.stack, _shipctl(story.stack, "autoreplay", "on"), 0)
    steps.begin("The outage is over; the dead-letter queue empties itself")
    wait("the dead-letter queue did not empty itself", lambda: waiting(story.stack) == 0)
    steps.end()
    EmbeddedMetrics(story.stack).collect()
    _run_in_sight(console, story.stack, _shipctl(story.stack, "status", "--quick"), 0)
    console.print(
        "[dim]The bad log is delayed until its next attempt. If it is rejected repeatedly, it is parked. "
        "Log events that replay received are counted again.[/]"
    )
    return stored


def _shipctl(stack: Stack, *words: str) -> list[str]:
    """Return a command of shipctl for the stack."""
    shipctl, _, _, *which_stack = command(stack, "DeadLetterStatsCommand")
    return [shipctl, *words, *which_stack]


def _afterwards(story: Story, steps: Steps, console: Console, stored: int) -> None:
    console.print("\n[bold]It is back.[/] The logs that wait are sent; the bad one is still delayed.")
    story.bring_up()
    _run_in_sight(console, story.stack, command(story.stack, "ReplayCommand"), SOMETHING_IS_LEFT)


def _run_in_sight(console: Console, stack: Stack, command: list[str], expected: int) -> None:
    console.print(Text(f"\n$ {shlex.join(command)}", style="bold cyan"), soft_wrap=True)
    console.file.flush()
    status = show(command, environment=stack.account.environment, folder=PROJECT, seconds=COMMAND_SECONDS)
    if status != expected:
        raise Incomplete(f"{' '.join(command[:3])} ended with status {status}, not {expected}")


@contextmanager
def _keeping_log(stack: Stack) -> Iterator[None]:
    """Append the functions' logs to the log of the other programs."""
    try:
        yield
    finally:
        with suppress(BotoCoreError, ClientError), LOG.open("a") as log:
            for function in ("Shipper", "Replay"):
                lines = [f"{function}'s own log:", *own_log(stack, function)]
                log.writelines(f"{line.rstrip()}\n" for line in lines)


@contextmanager
def _one_line(console: Console) -> Iterator[None]:
    try:
        yield
    except ProgramFailed as error:
        console.print(Text.assemble(("✗ ", "red"), str(error)), soft_wrap=True)
        sys.exit(1)
    except (Incomplete, BotoCoreError, ClientError) as error:
        console.print(Text.assemble(("✗ ", "red"), f"{error} (see {LOG})"), soft_wrap=True)
        sys.exit(1)
    except Terminated:
        console.print("Terminated; everything that was started has been stopped.")
        sys.exit(143)
    except KeyboardInterrupt:
        console.print("Interrupted; everything that was started has been stopped.")
        sys.exit(130)


def main(
    all_logs: Annotated[bool, typer.Option("--all-logs", help="Show every log that arrived.")] = False,
) -> None:
    """Deploy the stack on this machine, ship log events, and show the results."""
    console = Console()
    with _one_line(console):
        status = play(console, all_logs)
    sys.exit(status)


if __name__ == "__main__":
    typer.run(main)
