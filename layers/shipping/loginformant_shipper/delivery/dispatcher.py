"""Every batch is delivered, or it fails with a reason, before the deadline.

One thread decides; `Senders` do what takes time. So there is nothing to lock, and with other senders and
another clock the same code runs a thousand outages in a second.
"""

import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from loginformant_shipper.delivery.batching import Batch
from loginformant_shipper.delivery.http_client import Outcome
from loginformant_shipper.delivery.policy import Policy, Verdict, is_outage, judge
from loginformant_shipper.delivery.senders import KeyFetched, SendEnded, Senders
from loginformant_shipper.failures import Failure, Reason


@dataclass(slots=True)
class EnvironmentState:
    """What delivery knows from one invocation to the next in the same environment."""

    byte_limit: int
    key: str | None = field(default=None, repr=False)
    key_refreshed_at: float = -math.inf
    no_key_until: float = -math.inf
    """Until then no key is fetched: there was none."""
    no_key_detail: str = ""
    """Why there was none; empty once there is one."""
    told_of_a_page: bool = False
    """Whether it was said that what answers is a page for people."""
    unavailable_until: float = -math.inf
    """Until then one batch asks first whether the ingest API is back."""
    resume_at: float = -math.inf
    """No request starts before: a Retry-After in force."""
    resume_reason: Reason = Reason.THROTTLED
    tickets: int = 0


class Settled(NamedTuple):
    batch: Batch
    failure: Failure | None
    """None: delivered."""


class Failed(NamedTuple):
    """A batch, or a part of one, that was not delivered."""

    batch: Batch
    failure: Failure


@dataclass(slots=True)
class _Search:
    """The search for the bad logs of one batch, shared by all its parts."""

    extra_requests: int = 0
    refusal: Failure | None = None


@dataclass(slots=True)
class _Job:
    """A batch, or a part of one, that is on its way."""

    batch: Batch
    search: _Search
    untried_part: bool = False
    retries: int = 0
    not_before: float = -math.inf
    overdue_at: float = math.inf
    key: str = field(default="", repr=False)
    trouble: Failure | None = None
    """Why its last attempt has to be repeated."""


class Delivery:
    """The delivery of one invocation: iterate over it, and every batch comes out, settled."""

    def __init__(
        self,
        batches: Iterator[Batch],
        senders: Senders,
        state: EnvironmentState,
        policy: Policy,
        deadline: float,
        rng: Callable[[], float] = random.random,
    ) -> None:
        """`deadline` is on the clock of `senders`; `rng` gives random numbers from 0 to 1: the jitter."""
        self.requests = 0
        self.retries = 0
        self.latencies: list[float] = []
        """Seconds from each request to its answer."""
        self.answered_by_a_page = False
        """Whether a request was answered 2xx, with a page for people."""
        self._batches = batches
        self._senders = senders
        self._state = state
        self._policy = policy
        self._deadline = deadline
        self._rng = rng
        self._waiting: list[_Job] = []
        self._under_way: dict[int, _Job] = {}
        self._settled: deque[Settled] = deque()
        self._extra_requests = 0
        self._probing = senders.now() < state.unavailable_until
        self._trouble: Failure | None = None
        """The API's last sign of life was none, or a plea for patience."""
        self._given_up: Failure | None = None
        self._key_ticket: int | None = None
        self._key_failures = 0
        self._key_trouble = "the API key did not come in time"
        self._key_not_before = -math.inf
        self._refusal: tuple[str, Failure] | None = None
        """The key that was refused, and how; a fresh one is being fetched."""

    def __iter__(self) -> Iterator[Settled]:
        self._heed_memory()
        try:
            while True:
                self._begin_what_can_begin()
                while self._settled:
                    yield self._settled.popleft()
                if self._given_up:
                    yield from self._fail_the_rest(self._given_up)
                if not (self._waiting or self._under_way):
                    break
                completion = self._senders.wait(self._next_moment() - self._senders.now())
                if isinstance(completion, SendEnded):
                    self._send_ended(completion)
                elif isinstance(completion, KeyFetched):
                    self._key_fetched(completion)
                self._abandon_what_is_overdue()
        finally:
            for ticket in self._under_way:
                self._senders.abandon(ticket)
            if self._given_up and not self._key_is_usable() and (self._key_failures or self._key_ticket):
                self._state.no_key_until = self._senders.now() + self._policy.key_memory
                self._state.no_key_detail = self._key_trouble
            if self._trouble and is_outage(self._trouble.status):
                self._state.unavailable_until = self._senders.now() + self._policy.outage_memory

    @property
    def gave_up(self) -> Failure | None:
        """Why no request starts any more; None as long as they do."""
        return self._given_up

    # What begins

    def _heed_memory(self) -> None:
        if self._state.resume_at > self._last_start():
            detail = "an earlier Retry-After does not end before this invocation must"
            self._give_up(Failure(self._state.resume_reason, None, detail))

        now = self._senders.now()
        if self._state.key is None and now < self._state.no_key_until:
            left = self._state.no_key_until - now
            detail = f"{self._state.no_key_detail}; asked for again in {left:.0f} s"
            self._give_up(Failure(Reason.NO_KEY, None, detail))

    def _last_start(self) -> float:
        return self._deadline - self._policy.min_attempt_seconds

    def _slots(self) -> int:
        return 1 if self._probing else self._policy.max_in_flight

    def _begin_what_can_begin(self) -> None:
        self._take_new_batches()
        if self._waiting and self._senders.now() > self._last_start():
            self._give_up(self._no_time_left())
        if self._waiting and not self._given_up and not self._key_is_usable():
            self._fetch_key()
        while not self._given_up and (job := self._next_job()):
            if self._is_worth_a_request(job):
                self._send(job)
            else:
                self._settle(job, job.search.refusal)
            self._take_new_batches()

    def _take_new_batches(self) -> None:
        while not self._given_up and len(self._under_way) + len(self._waiting) < self._slots():
            batch = next(self._batches, None)
            if batch is None:
                return
            self._waiting.append(_Job(batch, _Search()))

    def _next_job(self) -> _Job | None:
        now = self._senders.now()
        if len(self._under_way) >= self._slots() or not self._key_is_usable() or now < self._state.resume_at:
            return None
        for position, job in enumerate(self._waiting):
            if job.not_before <= now:
                return self._waiting.pop(position)
        return None

    def _is_worth_a_request(self, job: _Job) -> bool:
        """Whether the search that this part belongs to may go on. A retry of a part does not count."""
        if job.untried_part:
            if (
                job.search.extra_requests >= self._policy.extra_requests_per_batch
                or self._extra_requests >= self._policy.extra_requests_per_invocation
            ):
                return False
            job.search.extra_requests += 1
            self._extra_requests += 1
            job.untried_part = False
        return True

    def _send(self, job: _Job) -> None:
        now = self._senders.now()
        job.overdue_at = min(now + self._policy.request_timeout, self._deadline)
        job.key = self._state.key or ""
        ticket = self._ticket()
        self._under_way[ticket] = job
        self.requests += 1
        self.retries += job.retries > 0
        self._senders.send(ticket, job.batch.body, job.key, job.overdue_at - now)

    def _ticket(self) -> int:
        # Counted over the environment's life: what an earlier invocation abandoned may still complete.
        self._state.tickets += 1
        return self._state.tickets

    # What an outcome means

    def _send_ended(self, ended: SendEnded) -> None:
        job = self._under_way.pop(ended.ticket, None)
        if job is not None:
            self._apply(job, ended.outcome)

    def _apply(self, job: _Job, outcome: Outcome) -> None:
        self.latencies.append(outcome.seconds)
        verdict = judge(outcome.status)
        if verdict is Verdict.RETRY:
            self._try_again(job, outcome)
            return
        self._trouble, self._probing, self._state.unavailable_until = None, False, -math.inf
        self.answered_by_a_page |= verdict is Verdict.DELIVERED and outcome.is_html
        match verdict:
            case Verdict.DELIVERED:
                self._settle(job, None)
            case Verdict.REFUSED:
                self._search_for_the_bad_log(job, outcome)
            case Verdict.KEY_REFUSED:
                self._key_refused(job, outcome)
            case Verdict.MISCONFIGURED:
                failure = Failure(Reason.MISCONFIGURED, outcome.status, outcome.detail)
                self._settle(job, failure)
                self._give_up(failure)

    def _search_for_the_bad_log(self, job: _Job, outcome: Outcome) -> None:
        too_large = outcome.status == 413
        if len(job.batch.logs) == 1:
            reason = Reason.TOO_LARGE if too_large else Reason.REJECTED
            self._settle(job, Failure(reason, outcome.status, outcome.detail))
            return
        if too_large:
            half = max(len(job.batch.body) // 2, self._policy.smallest_byte_limit)
            self._state.byte_limit = min(self._state.byte_limit, half)
        job.search.refusal = Failure(Reason.UNDETERMINED, outcome.status, outcome.detail)
        self._waiting[:0] = [_Job(half, job.search, untried_part=True) for half in job.batch.halves()]

    def _try_again(self, job: _Job, outcome: Outcome) -> None:
        now = self._senders.now()
        reason = Reason.THROTTLED if outcome.status == 429 else Reason.UNAVAILABLE
        failure = Failure(reason, outcome.status, outcome.detail)
        self._trouble = job.trouble = failure
        if outcome.retry_after is not None:
            pause = min(outcome.retry_after, self._policy.max_retry_after_seconds)
            if now + pause > self._state.resume_at:
                self._state.resume_at, self._state.resume_reason = now + pause, reason
        job.retries += 1
        job.not_before = now + self._policy.backoff(job.retries, self._rng())
        if self._probing or self._state.resume_at > self._last_start():
            self._settle(job, failure)
            self._give_up(failure)
        elif self._given_up or job.not_before > self._last_start():
            self._settle(job, failure)
        else:
            self._waiting.append(job)

    def _abandon_what_is_overdue(self) -> None:
        now = self._senders.now()
        for ticket, job in list(self._under_way.items()):
            if job.overdue_at > now:
                continue
            del self._under_way[ticket]
            answered = self._senders.abandon(ticket)
            if answered is not None:
                self._apply(job, answered)
            elif now >= self._deadline:
                detail = (
                    "no answer when the time was up; the logs may have arrived, and a replay may double them"
                )
                self._settle(job, Failure(Reason.OUT_OF_TIME, None, detail))
            else:
                waited = self._policy.request_timeout
                self._apply(job, Outcome(None, f"no answer within {waited:g} s", seconds=waited))

    # The API key

    def _key_is_usable(self) -> bool:
        return self._state.key is not None and self._refusal is None

    def _fetch_key(self) -> None:
        if self._key_ticket is None and self._senders.now() >= self._key_not_before:
            self._key_ticket = self._ticket()
            self._senders.fetch_key(self._key_ticket)

    def _key_refused(self, job: _Job, outcome: Outcome) -> None:
        failure = Failure(Reason.UNAUTHORIZED, outcome.status, outcome.detail)
        if self._given_up:
            self._settle(job, failure)
            return
        self._waiting.insert(0, job)
        if job.key != self._state.key or self._refusal:
            return
        now = self._senders.now()
        if (
            now - self._state.key_refreshed_at < self._policy.key_refresh_interval
            or now < self._state.no_key_until
        ):
            self._give_up(failure)
        else:
            self._refusal = job.key, failure

    def _key_fetched(self, fetched: KeyFetched) -> None:
        if fetched.ticket != self._key_ticket:
            return
        now = self._senders.now()
        self._key_ticket = None
        if fetched.key is None:
            self._key_failures += 1
            self._key_not_before = now + self._policy.backoff(self._key_failures, self._rng())
            self._key_trouble = fetched.detail
            # After an invocation that had none one attempt is enough to know whether there is one now.
            attempts = 1 if self._state.no_key_detail else self._policy.key_attempts
            if self._key_failures >= attempts or self._key_not_before > self._last_start():
                self._give_up(self._no_time_left())
            return
        self._state.no_key_until, self._state.no_key_detail = -math.inf, ""
        if self._refusal:
            self._state.key_refreshed_at = now
            refused_key, failure = self._refusal
            if fetched.key == refused_key:
                self._give_up(failure)
            self._refusal = None
        self._state.key = fetched.key

    # The end

    def _settle(self, job: _Job, failure: Failure | None) -> None:
        self._settled.append(Settled(job.batch.without_body(), failure))

    def _give_up(self, failure: Failure) -> None:
        """No request starts any more; what is under way is waited for."""
        self._given_up = self._given_up or failure

    def _no_time_left(self) -> Failure:
        if self._refusal:
            refused = self._refusal[1]
            if not self._key_failures:
                return refused
            return refused._replace(detail=f"{refused.detail}; no fresh key to be had: {self._key_trouble}")
        if self._state.key is None and (self._key_failures or self._key_ticket is not None):
            return Failure(Reason.NO_KEY, None, self._key_trouble)
        return self._trouble or Failure(Reason.OUT_OF_TIME, None, "not tried")

    def _fail_the_rest(self, failure: Failure) -> Iterator[Settled]:
        for job in self._waiting:
            out_of_time = failure.reason is Reason.OUT_OF_TIME
            yield Settled(job.batch.without_body(), job.trouble or failure if out_of_time else failure)
        self._waiting.clear()
        for batch in self._batches:
            yield Settled(batch.without_body(), failure)

    def _next_moment(self) -> float:
        """When something is to be done even if nothing completes."""
        moments = [self._deadline, *(job.overdue_at for job in self._under_way.values())]
        if self._waiting and not self._key_is_usable() and self._key_ticket is None:
            moments.append(self._key_not_before)
        elif self._key_is_usable() and len(self._under_way) < self._slots():
            moments += [max(job.not_before, self._state.resume_at) for job in self._waiting]
        return min(moments)
