"""Threads that send and fetch, so that the one thread which decides never waits longer than it wants to."""

import queue
import threading
import time
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from loginformant_shipper.delivery.api_key import CredentialError, fetch_api_key
from loginformant_shipper.delivery.http_client import Connection, Outcome, tls_context
from loginformant_shipper.settings import Settings


@dataclass(frozen=True, slots=True)
class SendEnded:
    """A request is over, one way or another."""

    ticket: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class KeyFetched:
    """A look-up of the API key is over."""

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
        """Wait for the next completion; None after `seconds`."""

    def abandon(self, ticket: int) -> Outcome | None:
        """Give up a request that has taken too long. The outcome where its status had come, else None.

        One that never began, or has ended, is left alone.
        """


THREAD = "sender"
"""Name of the threads."""


class _Request(NamedTuple):
    ticket: int
    body: bytes
    key: str
    seconds: float


class _Sender:
    """A connection, and the thread that sends over it as long as somebody holds the sender."""

    def __init__(self, connection: Connection, completions: queue.SimpleQueue[Completion]) -> None:
        self.connection = connection
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        work = connection, self._requests, completions
        threading.Thread(target=_send_all, args=work, name=THREAD, daemon=True).start()

    def send(self, request: _Request) -> None:
        self.connection.answered = None
        self._requests.put(request)

    def __del__(self) -> None:
        self._requests.put(None)


def _send_all(
    connection: Connection,
    requests: queue.SimpleQueue[_Request | None],
    completions: queue.SimpleQueue[Completion],
) -> None:
    while request := requests.get():
        ended = SendEnded(request.ticket, connection.post(request.body, request.key, request.seconds))
        del request  # a body is up to a megabyte or two: gone before anybody hears of the end and makes more
        completions.put(ended)


class ThreadedSenders:
    """`Senders` over HTTPS. The idle ones are what a warm environment keeps; the rest is of one invocation.

    Each connection has a thread of its own: one that hangs (a name look-up has no time-out) blocks no other.
    The threads stay with their connections, since starting one takes as much processor time as a request.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = tls_context(settings)
        self.tls_of_aws = None if settings.ca_bundle else self._tls
        """What connections to AWS share with those to the ingest API. None with authorities of a company: for
        AWS the variable AWS_CA_BUNDLE says which are trusted."""
        self._idle: list[_Sender] = []
        self._busy: dict[int, _Sender] = {}
        self._completions: queue.SimpleQueue[Completion] = queue.SimpleQueue()

    def now(self) -> float:
        """Return the time on the clock of all deadlines, in seconds."""
        return time.monotonic()

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        """Begin a request with a batch's body; its end comes out of `wait`."""
        sender = self._idle.pop() if self._idle else self._new_sender()
        self._busy[ticket] = sender
        sender.send(_Request(ticket, body, key, seconds))

    def _new_sender(self) -> _Sender:
        return _Sender(Connection(self._settings, self._tls), self._completions)

    def fetch_key(self, ticket: int) -> None:
        """Begin to look up the API key; the end comes out of `wait`."""
        threading.Thread(target=lambda: self._completions.put(self._fetch(ticket)), daemon=True).start()

    def _fetch(self, ticket: int) -> KeyFetched:
        try:
            return KeyFetched(ticket, fetch_api_key(self._settings, self.tls_of_aws), "")
        except CredentialError as error:
            return KeyFetched(ticket, None, str(error))

    def wait(self, seconds: float) -> Completion | None:
        """Return the next completion; None where there is none within `seconds`."""
        try:
            completion = self._completions.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None
        if isinstance(completion, SendEnded) and (sender := self._busy.pop(completion.ticket, None)):
            self._idle.append(sender)
        return completion

    def abandon(self, ticket: int) -> Outcome | None:
        """Give a request up. Returns its outcome where the answer has begun, else None."""
        sender = self._busy.pop(ticket, None)
        if sender is None:
            return None
        sender.connection.abandon()
        return sender.connection.answered
