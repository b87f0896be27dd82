"""The ingest API and Secrets Manager in virtual time, as an environment of the function sees them."""

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from itertools import count

from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.sending.http_client import BATCH_PATH, Outcome
from loginformant_shipper.delivery.sending.senders import Completion, KeyFetched, SendEnded

from local.ingest_contract import Call, Log, Refusal, accepted_logs
from tests.chaos.clock import Clock, Violation
from tests.chaos.copy_ledger import CopyLedger
from tests.chaos.weather import ASK_TO_WAIT, NEVER, Fate, Forecast, KeyStore, Sky, draw_fate

POISON = "poison"
MAX_FETCH = 15.0
"""Seconds after which every attempt to read the key has timed out."""


@dataclass
class Request:
    """One request of the function, and what client and server know of it."""

    ids: tuple[str, ...]
    accepted: bool = False
    acknowledged: bool = False
    """The function was told that it was accepted."""


@dataclass
class IngestApi:
    """Keeps what it accepts; refuses poison, and bodies beyond `most_bytes`, at any time."""

    clock: Clock
    ledger: CopyLedger
    forecast: Forecast[Sky]
    rng: random.Random
    most_bytes: float = math.inf
    keys: set[str] = field(default_factory=lambda: {"key-0"})
    success: int = 200
    poison_fate: Fate = field(default_factory=lambda: Fate(400))
    """What happens to a request with a poison log without other faults. If it `keeps`, all are accepted."""
    trouble_until: float = math.inf

    def post(self, body: bytes, key: str) -> tuple[Request, Fate]:
        logs = _logs(body, key)
        request = Request(tuple(identifier for log in logs for identifier in ids_of(log)))
        fate = draw_fate(self.forecast.at(self.clock.now), self.rng)
        if fate.status == 200:
            fate = self._judge(logs, len(body), key, fate)
            request.accepted = fate.status == self.success or fate.keeps
        elif fate.keeps and self._judge(logs, len(body), key, fate).status == self.success:
            request.accepted = True
        if request.accepted:
            self.ledger.accepted.update(request.ids)
            if self.clock.now > self.trouble_until:
                self.ledger.accepted_in_peace.update(request.ids)
        if len(logs) == 1 and not request.accepted:
            for identifier in request.ids:
                self.ledger.refused_alone[identifier].append(self.clock.now)
        return request, fate

    def _judge(self, logs: Sequence[Log], size: int, key: str, fate: Fate) -> Fate:
        if key not in self.keys:
            return fate._replace(status=401)
        if size > self.most_bytes:
            return fate._replace(status=413)
        if any(POISON in log["message"] for log in logs):
            return self.poison_fate
        return fate._replace(status=self.success)


def _logs(body: bytes, key: str) -> list[Log]:
    headers = Message()
    headers["Content-Type"], headers["X-API-Key"] = "application/json", key
    try:
        return accepted_logs(Call("POST", BATCH_PATH, headers, body), frozenset({key}))
    except Refusal as refusal:
        raise Violation(f"a request that is not as the API documents it: {refusal}") from None


def ids_of(log: Log) -> list[str]:
    """Return the ids of the log events that a log was made of."""
    properties = log["properties"]
    ids: list[str] = properties.get("eventIds") or [properties["eventId"]]
    return ids


@dataclass
class Secret:
    clock: Clock
    forecast: Forecast[KeyStore]
    rng: random.Random
    value: str = "key-0"

    def read(self) -> tuple[str | None, float]:
        """Return the key, or None if it is not available, and after how many seconds that is known."""
        match self.forecast.at(self.clock.now):
            case KeyStore.OPEN:
                return self.value, 0.05
            case KeyStore.CLOSED:
                return None, self.rng.choice((0.05, MAX_FETCH))
            case KeyStore.UNCERTAIN:
                value = self.value if self.rng.random() < 0.5 else None
                return value, self.rng.uniform(0.05, MAX_FETCH)


@dataclass
class SimulatedSenders:
    """`Senders` of one environment. Answers that are on their way still arrive while it is frozen."""

    clock: Clock
    api: IngestApi
    secret: Secret
    policy: Policy
    requests: list[Request] = field(default_factory=list)
    """The requests of the current invocation."""
    _under_way: dict[int, tuple[float, Request, Fate]] = field(default_factory=dict)
    _completions: list[tuple[float, int, Completion]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    not_before: float = -math.inf
    """When a Retry-After of the ingest API is over."""

    def begin_invocation(self) -> None:
        pass  # this clock goes on between invocations

    def now(self) -> float:
        self.clock.step()
        return self.clock.now

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        self.clock.step()
        if self.clock.now < self.not_before:
            early = self.not_before - self.clock.now
            raise Violation(f"a request {early:.1f} s before the end of a Retry-After")
        request, fate = self.api.post(body, key)
        self.requests.append(request)
        self._under_way[ticket] = self.clock.now, request, fate
        self.api.ledger.say(
            f"    request {ticket} with {len(request.ids)} events: {fate.status}"
            + f" after {fate.after:.2f} s{', accepted' * request.accepted}"
        )
        self._complete(fate.after, SendEnded(ticket, Outcome(fate.status, "", fate.retry_after, fate.after)))
        self.clock.step()

    def fetch_key(self, ticket: int) -> None:
        self.clock.step()
        key, after = self.secret.read()
        self._complete(after, KeyFetched(ticket, key, "" if key else "the secret is out of reach"))
        self.api.ledger.say(f"    key: {key or 'not readable'} after {after:.2f} s")

    def wait(self, seconds: float) -> Completion | None:
        self.clock.step()
        end = self.clock.now + max(seconds, 0.0)
        if not self._completions or self._completions[0][0] > end:
            self.clock.leap(end)
            return None
        self.clock.leap(self._completions[0][0])
        completion = heapq.heappop(self._completions)[2]
        if completion.ticket in self._under_way:
            _, request, fate = self._under_way.pop(completion.ticket)
            self._learn(request, fate)
        return completion

    def abandon(self, ticket: int) -> Outcome | None:
        self.clock.step()
        if ticket not in self._under_way:
            return None
        began, request, fate = self._under_way.pop(ticket)
        self._complete(0.001, SendEnded(ticket, Outcome(None, "given up")))
        if fate.status_after is None or began + fate.status_after > self.clock.now:
            return None
        self._learn(request, fate)
        return Outcome(fate.status, "", fate.retry_after, self.clock.now - began)

    def _learn(self, request: Request, fate: Fate) -> None:
        request.acknowledged = request.accepted and fate.status == self.api.success
        if fate.retry_after is not None and fate.status in ASK_TO_WAIT:
            pause = min(fate.retry_after, self.policy.max_retry_after_seconds)
            self.not_before = max(self.not_before, self.clock.now + pause)

    def _complete(self, after: float, completion: Completion) -> None:
        if after < NEVER:
            heapq.heappush(self._completions, (self.clock.now + after, next(self._order), completion))
