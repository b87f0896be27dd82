"""What `make run` shows and the end-to-end tests check: what becomes of log events, also in an outage."""

import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from local.faults import Fault
from local.ingest_api import IngestApi, Request
from local.ingest_contract import Log
from local.reckoning import DeadLetter, Reckoning, dead_letters, own_account, reckon
from local.samples import POISON, Event, Sample, put, subscribe
from local.stack import Stack

POISON_IS_REFUSED = Fault(status=400, marker=POISON, times=None, body='{"error": "one of the logs is bad"}')
OUTAGE = Fault(
    status=503, headers={"Retry-After": "600"}, times=None, body='{"error": "down for maintenance"}'
)
"""An outage of ten minutes, longer than an invocation, so that the shipper stores everything immediately."""

_FUNCTIONS = ("Shipper", "Replay")
_LIMIT_SECONDS = 60.0


class Incomplete(Exception):
    """Something did not happen in time. The text says what."""


class Accounts(NamedTuple):
    """The sums of the functions' metrics."""

    shipper: Counter[str]
    replay: Counter[str]


class Story:
    """Log events that are written to log groups, and their results."""

    def __init__(self, stack: Stack, api: IngestApi) -> None:
        """Let the ingest API accept logs, and count from now on."""
        self.stack, self.api = stack, api
        self.events: list[Event] = []
        """All log events that were written."""
        self._logs_before, self._requests_before = len(api.logs), len(api.requests)
        self._before = _accounts(stack)
        self.bring_up()

    def bring_up(self) -> None:
        """Let the ingest API accept all logs except the bad one."""
        self.api.heal()
        self.api.fault(POISON_IS_REFUSED)

    def bring_down(self) -> None:
        """Let the ingest API reject all requests."""
        self.api.heal()
        self.api.fault(OUTAGE)

    def put(self, stock: Iterable[Sample], on_sample: Callable[[Sample], None] = lambda sample: None) -> None:
        """Write samples to their subscribed log groups, and wait until the shipper has counted them.

        The log groups are written one after the other, so that one warm function ships them. Raises
        `Incomplete`.
        """
        for sample in stock:
            on_sample(sample)
            put(self.stack, sample)
            self.events += sample.events
            wait(
                f"the shipper has not accounted for {len(sample.events)} log events of {sample.log_group}",
                lambda: self._accounts().shipper["EventsReceived"] >= len(self.events),
            )

    @property
    def logs(self) -> list[Log]:
        """Return the logs that arrived."""
        return self.api.logs[self._logs_before :]

    @property
    def requests(self) -> list[Request]:
        return self.api.requests[self._requests_before :]

    def dead_letters(self) -> list[DeadLetter]:
        """Return the messages of the dead-letter queue."""
        return dead_letters(self.stack)

    def reckoning(self) -> Reckoning:
        """Return where each event is now."""
        return reckon(self.events, self.logs, self.dead_letters())

    def accounts(self, replayed: int = 0) -> Accounts:
        """Wait until all events and `replayed` replayed ones are counted, and return the counts.

        Raises `Incomplete`.
        """
        wait(
            f"replay has not accounted for {replayed} log events",
            lambda: self._accounts().replay["EventsReceived"] >= replayed,
        )
        return self._accounts()

    def _accounts(self) -> Accounts:
        return Accounts(
            *(now - before for now, before in zip(_accounts(self.stack), self._before, strict=True))
        )


def subscribe_all(stack: Stack, stock: Iterable[Sample]) -> None:
    """Subscribe the log groups of the samples."""
    for sample in stock:
        subscribe(stack, sample.log_group)


def command(stack: Stack, output: str) -> list[str]:
    """Return the command in an output of the stack. It requires `Account.environment`."""
    return shlex.split(stack.outputs[output])


def _accounts(stack: Stack) -> Accounts:
    return Accounts(*(own_account(stack, function) for function in _FUNCTIONS))


def wait(trouble: str, is_over: Callable[[], bool]) -> None:
    """Wait until a condition is true. Raises `Incomplete` with the text after a minute."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not is_over():
        if time.monotonic() > deadline:
            raise Incomplete(f"{trouble} within {_LIMIT_SECONDS:.0f} s")
        time.sleep(0.1)
