"""What `make run` shows and the end-to-end test checks: sample events go through a deployed stack."""

import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from local.faults import Fault
from local.ingest_api import IngestApi
from local.reckoning import DeadLetter, Reckoning, receive_dead_letters, reckon, shipper_account
from local.samples import POISON, Event, Sample, put, subscribe
from local.stack import Stack

REFUSAL = '{"error": "one of the logs is poisonous"}'
_LIMIT_SECONDS = 60.0
_Found = TypeVar("_Found")


class Story(NamedTuple):
    """What came of it all."""

    reckoning: Reckoning
    dead_letters: list[DeadLetter]
    account: Counter[str]
    """The shipper's metrics, summed."""


class Incomplete(Exception):
    """One line: what did not happen in time."""


def ship(
    stack: Stack,
    api: IngestApi,
    stock: list[Sample],
    on_sample: Callable[[Sample], None] = lambda sample: None,
) -> Story:
    """Puts the samples into their log groups, which are subscribed, and waits until each event is somewhere.

    `api`, which is the stack's ingest API, refuses every batch with a poisonous log. Raises `Incomplete`.
    """
    api.fault(Fault(status=400, marker=POISON, times=None, body=REFUSAL))
    events = [event for sample in stock for event in sample.events]
    poisonous = sum(event.message == POISON for event in events)
    for sample in stock:
        on_sample(sample)
        put(stack, sample)
        _wait_until_arrived(api, sample)
    dead_letters: list[DeadLetter] = []
    while sum(len(letter.events) for letter in dead_letters) < poisonous:
        dead_letters += _wait(
            "a poisonous log did not get into the dead-letter queue", lambda: receive_dead_letters(stack)
        )
    account = _wait("the shipper did not write its account", lambda: _whole_account(stack, len(events)))
    return Story(reckon(events, api.logs, dead_letters), dead_letters, account)


def subscribe_all(stack: Stack, stock: list[Sample]) -> None:
    """Subscribes the log groups of the samples."""
    for sample in stock:
        subscribe(stack, sample.log_group)


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
            f" within {_LIMIT_SECONDS:.0f} s"
        )


def _wait(trouble: str, look: Callable[[], _Found | None]) -> _Found:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not (found := look()):
        if time.monotonic() > deadline:
            raise Incomplete(f"{trouble} within {_LIMIT_SECONDS:.0f} s")
        time.sleep(0.1)
    return found
