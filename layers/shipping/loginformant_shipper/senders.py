"""Threads that send and fetch, so that the one thread which decides never waits longer than it wants to."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from loginformant_shipper.credentials import CredentialError, fetch_api_key
from loginformant_shipper.ingest import Lane, Outcome, tls_context
from loginformant_shipper.settings import Settings


@dataclass(frozen=True, slots=True)
class SendEnded:
    ticket: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class KeyFetched:
    ticket: int
    key: str | None
    detail: str
    """Why there is no key; empty where there is one."""


Completion = SendEnded | KeyFetched


class Senders(Protocol):
    """What delivery needs of the world: a clock, and work done elsewhere that completes in any order."""

    def now(self) -> float:
        """Monotonic seconds."""

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        """Begin a request of at most `seconds`; it completes as `SendEnded`, unless it is abandoned."""

    def fetch_key(self, ticket: int) -> None:
        """Begin to read the API key afresh; it completes as `KeyFetched`."""

    def wait(self, seconds: float) -> Completion | None:
        """The next completion, or None after `seconds`."""

    def abandon(self, ticket: int) -> Outcome | None:
        """Give up a request that has taken too long. The outcome where its status had come, else None.

        One that never began, or has ended, is left alone.
        """


class ThreadedSenders:
    """`Senders` over HTTPS. The idle lanes are what a warm environment keeps; the rest is of one invocation.

    A thread for each request: a thread that hangs (a name look-up has no time-out) then blocks no other, and
    starting one costs nothing beside a request.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = tls_context(settings)
        self._idle: list[Lane] = []
        self._busy: dict[int, Lane] = {}
        self._completions: queue.SimpleQueue[Completion] = queue.SimpleQueue()

    def now(self) -> float:
        return time.monotonic()

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        lane = self._idle.pop() if self._idle else Lane(self._settings, self._tls)
        lane.answered = None
        self._busy[ticket] = lane
        self._start(lambda: SendEnded(ticket, lane.post(body, key, seconds)))

    def fetch_key(self, ticket: int) -> None:
        self._start(lambda: self._fetch(ticket))

    def _fetch(self, ticket: int) -> KeyFetched:
        try:
            return KeyFetched(ticket, fetch_api_key(self._settings), "")
        except CredentialError as error:
            return KeyFetched(ticket, None, str(error))

    def wait(self, seconds: float) -> Completion | None:
        try:
            completion = self._completions.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None
        if isinstance(completion, SendEnded) and (lane := self._busy.pop(completion.ticket, None)):
            self._idle.append(lane)
        return completion

    def abandon(self, ticket: int) -> Outcome | None:
        lane = self._busy.pop(ticket, None)
        if lane is None:
            return None
        lane.abandon()
        return lane.answered

    def _start(self, work: Callable[[], Completion]) -> None:
        threading.Thread(target=lambda: self._completions.put(work()), daemon=True).start()
