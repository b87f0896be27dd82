"""The main job on this machine: deploys the stack, sends log events through it, shows what arrived."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.text import Text

from local.demo_tables import account_text, arrived_table, dead_letter_table, verdict
from local.ingest_api import LOCAL_KEY, ingest_api
from local.processes import ProgramFailed, Terminated
from local.reckoning import shipper_log
from local.samples import samples
from local.stack import PROJECT, Stack, deployed_stack
from local.story import Incomplete, ship, subscribe_all

LOG = PROJECT / ".build" / "local" / "run.log"
POISONED = "/aws/lambda/orders"


class Steps:
    """Shows what is going on, and what has been done and how long it took."""

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


def play(console: Console) -> int:
    """Shows the whole story; 0 if every log event is accounted for, otherwise 1."""
    console.print("[bold]CloudWatch Logs → shipper → LogInformant[/], all on this machine\n")
    steps = Steps(console)
    try:
        with ingest_api() as api:
            parameters = {"ApiKey": LOCAL_KEY, "IngestUrl": api.url, "AutoReplay": "false"}
            with deployed_stack(parameters, log=LOG, on_step=steps.begin) as stack, _keeping_log(stack):
                stock = samples(int(time.time() * 1000), POISONED)
                steps.begin(f"Subscribing {len(stock)} log groups")
                subscribe_all(stack, stock)
                steps.begin(f"Shipping {sum(len(sample.events) for sample in stock)} log events")
                story = ship(stack, api, stock, lambda sample: steps.detail(sample.log_group))
                steps.begin("Taking everything down")
        steps.end()
    finally:
        steps.stop()
    console.print(arrived_table(api.logs))
    console.print(dead_letter_table(story.dead_letters))
    console.print(account_text(story.account))
    console.print(verdict(story.reckoning))
    console.print("  The same in your AWS account: make deploy", style="dim")
    return 0 if story.reckoning.closes else 1


@contextmanager
def _keeping_log(stack: Stack) -> Iterator[None]:
    """Keeps what the shipper logged beside what the other programs said."""
    try:
        yield
    finally:
        with suppress(BotoCoreError, ClientError), LOG.open("a") as log:
            log.writelines(f"{line.rstrip()}\n" for line in ["The shipper's own log:", *shipper_log(stack)])


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


def main() -> None:
    """`make run`."""
    console = Console()
    with _one_line(console):
        status = play(console)
    sys.exit(status)


if __name__ == "__main__":
    main()
