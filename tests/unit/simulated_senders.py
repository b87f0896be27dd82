"""Simulated senders without threads, whose time passes only while delivery waits."""

import heapq
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, repeat
from typing import Any, NamedTuple

from loginformant_shipper.delivery.sending.http_client import Outcome
from loginformant_shipper.delivery.sending.senders import Completion, KeyFetched, SendEnded

NEVER = math.inf
MAX_WAITS = 20_000


class Sent(NamedTuple):
    """A request as the simulated ingest API receives it."""

    at: float
    logs: tuple[Any, ...]
    """The logs of the body: in most tests only the ids of the log events."""
    key: str
    seconds: float


class Answer(NamedTuple):
    status: int | None = 200
    after: float = 0.1
    """Seconds from the request to the end of the answer."""
    retry_after: float | None = None
    detail: str = ""
    status_after: float = NEVER
    """Seconds from the request to its status, if the rest of the answer takes longer."""
    is_foreign: bool = False


class Key(NamedTuple):
    key: str | None = "key"
    after: float = 0.05
    detail: str = "the secret is out of reach"


Api = Callable[[Sent], Answer]


def answers(*script: Answer | int | None, then: Answer | int | None = 200) -> Api:
    """Return an API that gives these answers or statuses in order, then always `then`."""
    rest = chain(script, repeat(then))

    def answer(sent: Sent) -> Answer:
        it = next(rest)
        return it if isinstance(it, Answer) else Answer(it)

    return answer


def keys(*script: Key | str | None) -> Iterator[Key]:
    """Yield these keys in order, then always the last one."""
    return (key if isinstance(key, Key) else Key(key) for key in chain(script, repeat(script[-1])))


@dataclass
class SimulatedSenders:
    """`Senders` whose clock begins at 1000 seconds."""

    api: Api
    keys: Iterator[Key] = field(default_factory=lambda: keys("key"))
    sent: list[Sent] = field(default_factory=list)
    fetches: list[float] = field(default_factory=list)
    """The times at which a key was fetched."""
    waits: int = 0
    most_under_way: int = 0
    under_way: dict[int, tuple[float, Answer]] = field(default_factory=dict)
    _time: float = 1000.0
    _frozen: float = 0.0
    _completions: list[tuple[float, int, Completion]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def freeze(self, seconds: float) -> None:
        """Let time pass between two invocations, while the monotonic clock stands still."""
        self._frozen += seconds

    def begin_invocation(self) -> None:
        self._time += self._frozen
        self._frozen = 0.0

    def now(self) -> float:
        return self._time

    def work(self, seconds: float) -> None:
        """Let processor time pass."""
        self._time += seconds

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        assert seconds > 0
        sent = Sent(self._time, tuple(json.loads(body)["logs"]), key, seconds)
        self.sent.append(sent)
        answer = self.api(sent)
        assert ticket not in self.under_way
        self.under_way[ticket] = self._time, answer
        self.most_under_way = max(self.most_under_way, len(self.under_way))
        outcome = Outcome(answer.status, answer.detail, answer.retry_after, answer.after, answer.is_foreign)
        self._complete(answer.after, SendEnded(ticket, outcome))

    def fetch_key(self, ticket: int) -> None:
        self.fetches.append(self._time)
        key = next(self.keys)
        self._complete(key.after, KeyFetched(ticket, key.key, "" if key.key else key.detail))

    def wait(self, seconds: float) -> Completion | None:
        self.waits += 1
        assert self.waits < MAX_WAITS, "a busy loop"
        end = self._time + max(seconds, 0.0)
        if self._completions and self._completions[0][0] <= end:
            at, _, completion = heapq.heappop(self._completions)
            self._time = max(self._time, at)
            self.under_way.pop(completion.ticket, None)
            return completion
        self._time = end
        return None

    def abandon(self, ticket: int) -> Outcome | None:
        began, answer = self.under_way.pop(ticket)
        # The thread of an abandoned request completes once: with an answer that arrives later,
        # or without an answer.
        if answer.after == NEVER:
            self._complete(0.001, SendEnded(ticket, Outcome(None, "given up")))
        if began + min(answer.status_after, answer.after) <= self._time:
            return Outcome(answer.status, "", answer.retry_after, self._time - began)
        return None

    def _complete(self, after: float, completion: Completion) -> None:
        if after < NEVER:
            heapq.heappush(self._completions, (self._time + after, next(self._order), completion))
