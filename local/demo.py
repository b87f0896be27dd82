"""The main job, on this machine: the stack is deployed, log events go through it; see see what arrived."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from rich.console import Console

from local.demo_tables import account_text, arrived_table, dead_letter_table, verdict
from local.faults import Fault
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from local.processes import ProgramFailed, Terminated
from local.reckoning import DeadLetter, Reckoning, receive_dead_letters, reckon, shipper_account, shipper_log
from local.samples import POISON, Event, Sample, put, samples, subscribe
from local.stack import PROJECT, Stack, deployed_stack

LOG = PROJECT / ".build" / "local" / "run.log"
POISONED = "/aws/lambda/orders"
REFUSAL = '{"error": "one of the logs is poisonous"}'
_LIMIT_SECONDS = 60.0
_Found = TypeVar("_Found")


class Story(NamedTuple):
    """What came of it all."""

    reckoning: Reckoning
    dead_letters: list[DeadLetter]
    account: Counter[str]


class Incomplete(Exception):
    """One line: what did not happen in time."""


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
            api.fault(Fault(status=400, marker=POISON, times=None, body=REFUSAL))
            parameters = {"ApiKey": LOCAL_KEY, "IngestUrl": api.url}
            with deployed_stack(parameters, log=LOG, on_step=steps.begin) as stack:
                try:
                    story = _ship_samples(stack, api, steps)
                finally:
                    _keep(shipper_log(stack))
    finally:
        steps.stop()
    console.print(arrived_table(api.logs))
    console.print(dead_letter_table(story.dead_letters))
    console.print(account_text(story.account))
    console.print(verdict(story.reckoning))
    return 0 if story.reckoning.closes else 1


def _ship_samples(stack: Stack, api: IngestApi, steps: Steps) -> Story:
    stock = samples(int(time.time() * 1000), POISONED)
    events = [event for sample in stock for event in sample.events]
    steps.begin(f"Subscribing {len(stock)} log groups")
    for sample in stock:
        subscribe(stack, sample.log_group)
    steps.begin(f"Shipping {len(events)} log events")
    for number, sample in enumerate(stock, 1):
        steps.detail(f"log group {number} of {len(stock)}, {sample.log_group}")
        put(stack, sample)
        _wait_until_arrived(api, sample)
    dead_letters = _wait("no log got into the dead-letter queue", lambda: receive_dead_letters(stack))
    account = _wait("the shipper did not write its account", lambda: _whole_account(stack, len(events)))
    steps.end()
    return Story(reckon(events, api.logs, dead_letters), dead_letters, account)


def _keep(lines: list[str]) -> None:
    with LOG.open("a") as log:
        log.writelines(["The shipper's own log:\n", *(f"{line.rstrip()}\n" for line in lines)])


def _whole_account(stack: Stack, events: int) -> Counter[str] | None:
    account = shipper_account(stack)
    return account if account["EventsReceived"] >= events else None


def _wait_until_arrived(api: IngestApi, sample: Sample) -> None:
    """One log group after the other, so that one warm function ships them all."""
    deliverable = [event for event in sample.events if event.message != POISON]

    def missing() -> list[Event]:
        return reckon(deliverable, api.logs, []).missing

    if not api.wait_for(lambda: not missing(), _LIMIT_SECONDS):
        raise Incomplete(
            f"{len(missing())} of {len(deliverable)} log events of {sample.log_group} did not arrive"
            f" within {_LIMIT_SECONDS:.0f} s (see {LOG})"
        )


def _wait(trouble: str, look: Callable[[], _Found | None]) -> _Found:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Incomplete(f"{trouble} within {_LIMIT_SECONDS:.0f} s (see {LOG})")
        time.sleep(0.1)
    return found


@contextmanager
def _one_line(console: Console) -> Iterator[None]:
    try:
        yield
    except (ProgramFailed, Incomplete) as error:
        console.print(f"[red]✗[/] {error}", highlight=False, soft_wrap=True)
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
