"""Threads that send requests and read the API key, so that the deciding thread never blocks for too long."""

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
    """The end of a request."""

    ticket: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class KeyFetched:
    """The end of reading the API key."""

    ticket: int
    key: str | None
    detail: str
    """Why the key could not be read; empty if it was."""


Completion = SendEnded | KeyFetched


class Senders(Protocol):
    """The interface between delivery and I/O: a clock, and requests that complete in any order."""

    def now(self) -> float:
        """Return the monotonic time in seconds."""

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        """Start a request of at most `seconds`. Its end is a `SendEnded`, unless it is abandoned."""

    def fetch_key(self, ticket: int) -> None:
        """Start to read the API key again. Its end is a `KeyFetched`."""

    def wait(self, seconds: float) -> Completion | None:
        """Wait for the next completion, and return it, or None after `seconds`."""

    def abandon(self, ticket: int) -> Outcome | None:
        """Abandon a request, and return its outcome if the status was received, else None.

        A request that never started, or has ended, is not affected.
        """


THREAD = "sender"
"""The name of the threads."""


class _Request(NamedTuple):
    ticket: int
    body: bytes
    key: str
    seconds: float


class _Sender:
    """A connection and its thread, which ends when the sender is no longer referenced."""

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
        del request  # free the body, up to 2 MB, before the deciding thread continues
        completions.put(ended)


class ThreadedSenders:
    """`Senders` over HTTPS. Idle connections are kept by a warm environment.

    Each connection has its own thread, so that one that hangs (name resolution has no timeout) does not block
    others. The threads are kept with their connections, since starting one takes as much CPU time as a
    request.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tls = tls_context(settings)
        self.tls_of_aws = None if settings.ca_bundle else self._tls
        """The TLS context for connections to AWS. None with a custom CA bundle, since AWS_CA_BUNDLE applies
        to AWS."""
        self._idle: list[_Sender] = []
        self._busy: dict[int, _Sender] = {}
        self._completions: queue.SimpleQueue[Completion] = queue.SimpleQueue()

    def now(self) -> float:
        """Return the time on the clock of all deadlines, in seconds."""
        return time.monotonic()

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        """Start a request with the body of a batch. `wait` returns its end."""
        sender = self._idle.pop() if self._idle else self._new_sender()
        self._busy[ticket] = sender
        sender.send(_Request(ticket, body, key, seconds))

    def _new_sender(self) -> _Sender:
        return _Sender(Connection(self._settings, self._tls), self._completions)

    def fetch_key(self, ticket: int) -> None:
        """Start to read the API key. `wait` returns the end."""
        threading.Thread(target=lambda: self._completions.put(self._fetch(ticket)), daemon=True).start()

    def _fetch(self, ticket: int) -> KeyFetched:
        try:
            return KeyFetched(ticket, fetch_api_key(self._settings, self.tls_of_aws), "")
        except CredentialError as error:
            return KeyFetched(ticket, None, str(error))

    def wait(self, seconds: float) -> Completion | None:
        """Return the next completion, or None if there is none within `seconds`."""
        try:
            completion = self._completions.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None
        if isinstance(completion, SendEnded) and (sender := self._busy.pop(completion.ticket, None)):
            self._idle.append(sender)
        return completion

    def abandon(self, ticket: int) -> Outcome | None:
        """Abandon a request, and return its outcome if the response has begun, else None."""
        sender = self._busy.pop(ticket, None)
        if sender is None:
            return None
        sender.connection.abandon()
        return sender.connection.answered
