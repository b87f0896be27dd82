"""Send real requests on a clock that skips waits, so that no test is slow and none depends on timing."""

from collections.abc import Callable

from loginformant_shipper.delivery.sending.http_client import Outcome
from loginformant_shipper.delivery.sending.senders import Completion, ThreadedSenders

from local.ingest_api import IngestApi, Request


class LeapingSenders:
    """`ThreadedSenders` whose clock leaps to the end of every wait in which nothing can complete.

    That is a wait with no request under way, or only with requests that never get an answer as `hangs` says.
    While anything else is under way the clock is the real one, and its limits are seconds away.
    """

    def __init__(self, threaded: ThreadedSenders, api: IngestApi) -> None:
        self.hangs: Callable[[Request], bool] = lambda request: False
        self.starts: list[float] = []
        """When each request began, on this clock."""
        self.slept = 0.0
        """Seconds waited with nothing under way."""
        self.key_fetches = 0
        self._threaded = threaded
        self._api = api
        self._leapt = 0.0
        self._under_way: set[int] = set()
        self._abandoned = 0

    def begin_invocation(self) -> None:
        self._threaded.begin_invocation()

    def now(self) -> float:
        return self._threaded.now() + self._leapt

    def leap(self, seconds: float) -> None:
        self._leapt += max(seconds, 0.0)

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        self.starts.append(self.now())
        self._under_way.add(ticket)
        self._threaded.send(ticket, body, key, seconds)

    def fetch_key(self, ticket: int) -> None:
        self.key_fetches += 1
        self._under_way.add(ticket)
        self._threaded.fetch_key(ticket)

    def wait(self, seconds: float) -> Completion | None:
        end = self.now() + seconds
        while self.now() < end:
            if not self._under_way:
                self.slept += seconds
            if len(self._under_way) <= self._hanging():
                self.leap(end - self.now())
                return None
            completion = self._threaded.wait(min(0.02, end - self.now()))
            if completion is not None:
                self._under_way.discard(completion.ticket)
                return completion
        return None

    def abandon(self, ticket: int) -> Outcome | None:
        self._abandoned += 1
        self._under_way.remove(ticket)
        return self._threaded.abandon(ticket)

    def _hanging(self) -> int:
        arrived = [r for r in self._api.requests if r.status is None and self.hangs(r)]
        return len(arrived) - self._abandoned
