"""Threads that send requests and read the API key, so that the deciding thread never blocks for too long."""

import queue
import threading
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from loginformant_shipper.delivery.sending.api_key import CredentialError, fetch_api_key
from loginformant_shipper.delivery.sending.clock import Clock
from loginformant_shipper.delivery.sending.http_client import (
    MAX_BODY_BESIDE_HEADERS,
    Connection,
    NotConnected,
    Outcome,
    tls_context,
)
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

    def begin_invocation(self) -> None:
        """Count the time for which the environment was frozen since the last invocation."""

    def now(self) -> float:
        """Return the time in seconds, on a clock that never goes back."""

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


TOLERANCE_SECONDS = 0.001
"""How much later than asked `wait` may return."""


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
    others. The threads are kept with their connections, since starting one takes as much processor time as a
    request.

    A short request on an open connection, while no other request is under way, is *held*: `wait` sends it in
    the calling thread, which would otherwise only wait. To hand it over takes 6 to 19 % of the processor time
    of an invocation with one log event. `post_if_connected` ends in time, and nothing else happens until
    then. The request is handed over to its thread after all if another one is sent, if `wait` must return
    before the end of its time, or if the connection is closed.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or Clock()
        self._tls = tls_context(settings)
        self.tls_of_aws = None if settings.ca_bundle else self._tls
        """The TLS context for connections to AWS. None with a custom CA bundle, since AWS_CA_BUNDLE applies
        to AWS."""
        self._idle: list[_Sender] = []
        self._busy: dict[int, _Sender] = {}
        self._held: _Request | None = None
        self._held_until = 0.0
        """The end of the time of the request that is held."""
        self._completions: queue.SimpleQueue[Completion] = queue.SimpleQueue()

    def begin_invocation(self) -> None:
        """Count the time for which the environment was frozen since the last invocation."""
        self._clock.begin_invocation()

    def now(self) -> float:
        """Return the time on the clock of all deadlines, in seconds."""
        return self._clock.now()

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        """Start a request with the body of a batch. `wait` returns its end."""
        sender = self._idle.pop() if self._idle else self._new_sender()
        if self._held is not None:
            self._busy[self._held.ticket].send(self._held)
            self._held = None
        self._busy[ticket] = sender
        request = _Request(ticket, body, key, seconds)
        is_short = len(body) <= MAX_BODY_BESIDE_HEADERS
        if is_short and len(self._busy) == 1 and sender.connection.is_connected:
            sender.connection.answered = None
            self._held, self._held_until = request, self.now() + seconds
        else:
            sender.send(request)

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
        except Exception as error:
            return KeyFetched(ticket, None, f"unexpected {type(error).__name__}")

    def wait(self, seconds: float) -> Completion | None:
        """Return the next completion, or None if there is none within `seconds`."""
        end = self.now() + seconds
        if self._held is not None and (ended := self._send_held(self._held, end)):
            return ended
        try:
            completion = self._completions.get(timeout=max(end - self.now(), 0.0))
        except queue.Empty:
            return None
        if isinstance(completion, SendEnded) and (sender := self._busy.pop(completion.ticket, None)):
            self._idle.append(sender)
        return completion

    def _send_held(self, held: _Request, end: float) -> SendEnded | None:
        """Send the request that is held. Return its end, or None if it is still under way."""
        self._held = None
        sender = self._busy[held.ticket]
        seconds = self._held_until - self.now()
        if seconds <= 0:
            return None
        if seconds > end - self.now() + TOLERANCE_SECONDS:
            sender.send(held)
            return None
        try:
            outcome = sender.connection.post_if_connected(held.body, held.key, seconds)
        except NotConnected:
            sender.send(held)
            return None
        if outcome.status is None and self.now() >= self._held_until:
            return None  # it stays under way until it is abandoned, as if its thread waited for the answer
        del self._busy[held.ticket]
        self._idle.append(sender)
        return SendEnded(held.ticket, outcome)

    def abandon(self, ticket: int) -> Outcome | None:
        """Abandon a request, and return its outcome if the response has begun, else None."""
        if self._held is not None and self._held.ticket == ticket:
            self._held = None
        sender = self._busy.pop(ticket, None)
        if sender is None:
            return None
        sender.connection.abandon()
        if sender.connection.answered is None:
            # The other connections may be dead, too, if a firewall or a NAT gateway has forgotten all of them
            # while the environment was idle, and drops their packets (`FlowTimeouts` in the AWS Network
            # Firewall API Reference). One after the other would take its whole time.
            self._idle.clear()
        return sender.connection.answered
