"""Deliver every batch, or return it with a reason, before the deadline.

One thread decides; `Senders` do what takes time. So no lock is needed, and with other senders and another
clock the same code runs a thousand outages in a second. `policy` decides what a status means, and `search`
how the bad logs of a batch are found. The cases, by the verdict on an outcome:

1.  Delivered. The batch is settled. The success is *evidence* for every failure that ended before this
    request began, with the same API key: the ingest API works, so the logs may have caused the failure.
2.  Refused, too large (the response is about the logs). Several logs: they are searched by halves at once.
    One log: it is refused. If several logs were refused one by one and none was accepted, the ingest API
    refuses everything: the search stops, and what was not tried is `undetermined`.
3.  Key refused, misconfigured (the response is about the key or the address, or about a log that a proxy in
    front of the ingest API blocks). A refused key is fetched again, unless this was done shortly before, and
    a new key is tried, also for held batches. Otherwise the batch is *held* until there is evidence, and
    delivery is *in doubt*.
4.  Unavailable (no response, 5xx). The batch is retried after a backoff. After its second failure it is held
    until there is evidence. If there is none at the end of the backoff, delivery is in doubt.
5.  Patience (the response says to wait). The batch is retried after a backoff, no request starts before the
    end of a Retry-After, fewer requests are sent at a time for a while, and no search continues: what was not
    tried is `undetermined`.

In doubt, single logs are sent one after the other (`_probe`), from another batch, or else from a held one.

6.  A probe is delivered: this is evidence, and delivery is no longer in doubt.
7.  Probes fail. After two failed probes, the key or the address counts as wrong: nothing more is sent. While
    the ingest API is unavailable, the next probe waits for a backoff, until the time is up.
8.  There is no log to probe with: held batches are returned with their failures.

What happens to a held batch after evidence (`_prove`):

9.  Several logs: they are searched by halves; those that were unavailable only after a second failure that
    was followed by evidence. Two or three logs of each such search are kept back until the end, as evidence
    for the log that fails alone. If all others were accepted, the bad log is one of these: they are then sent
    together, and have the failures of the whole batch.
10. One log: it is retried, and refused once it has failed alone and three failures were each followed by
    evidence.
11. If all halves are accepted, the size was refused: the byte limit of batches is halved, unless a batch of
    this size has been delivered in this environment. If a search has to stop before, and small parts were
    accepted and only larger ones failed, the byte limit becomes half of the smallest that failed.

At the beginning, and at the end:

12. After an invocation that ended `unavailable`, the next one begins in doubt. It also does after one in
    which nothing was delivered since the ingest API asked to wait, or refused the key or the address:
    otherwise each invocation would wait until its time is up, or send full batches that are refused. In this
    doubt nothing waits for the end of a Retry-After, and nothing is sent after a response to a probe that
    says to wait. A failure of logs that are suspected (proven bad in part, or refused before) does not have
    this effect.
13. Logs whose search has not ended when the time is up, or the maximum number of requests is reached, are
    `undetermined`. Those that are known to contain a bad log are marked as narrowed down, so that the next
    replay continues from there.
"""

import math
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from loginformant_shipper.delivery.batching import Batch, merged
from loginformant_shipper.delivery.http_client import Outcome
from loginformant_shipper.delivery.policy import (
    REFUSES_EVERYTHING,
    SPEAKS_OF_THE_LOGS,
    Policy,
    Verdict,
    is_outage,
    judge,
    reason_of,
)
from loginformant_shipper.delivery.search import Part, Search
from loginformant_shipper.delivery.senders import KeyFetched, SendEnded, Senders
from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure, Reason


@dataclass(slots=True)
class EnvironmentState:
    """The state of delivery that a warm environment keeps between invocations."""

    byte_limit: int
    key: str | None = field(default=None, repr=False)
    key_refreshed_at: float = -math.inf
    no_key_until: float = -math.inf
    """The time before which the key is not fetched again, since it could not be read."""
    no_key_detail: str = ""
    """Why the key could not be read; empty after it has been read."""
    in_doubt_until: float = -math.inf
    """The time until which a single log is sent first, to find out whether the ingest API accepts any."""
    resume_at: float = -math.inf
    """The time before which no request starts, because of a Retry-After."""
    resume_reason: Reason = Reason.THROTTLED
    in_flight: float = math.inf
    """The maximum number of concurrent batches (`Policy.more_in_flight` and `fewer_in_flight`)."""
    fewer_since: int = 0
    """The last ticket when `in_flight` was lowered. Responses to earlier requests do not lower it again."""
    largest_delivered: int = 0
    """The size in bytes of the largest body that was delivered."""
    tickets: int = 0
    suspects_at_once: int = 1
    """How many records that may end the function are replayed at once (`dead_letters/replay`). If one does,
    the environment ends, too."""


class Settled(NamedTuple):
    """The result of a batch: delivered, or failed with a reason."""

    batch: Batch
    failure: Failure | None
    """Why it failed; None if it was delivered."""
    is_narrowed: bool = False
    """Whether at least one of these logs is bad, but it is not known which one."""
    was_sent: bool = True
    """Whether a request was sent with it. If not, it shares the failure of others."""


class Failed(NamedTuple):
    """A batch, or a part of one, that was not delivered."""

    batch: Batch
    failure: Failure
    is_narrowed: bool = False
    was_sent: bool = True


@dataclass(slots=True, eq=False)
class _Job:
    """A batch, or a part of one, that is being delivered."""

    batch: Batch
    search: Search | None = None
    part: Part | None = None
    """The part of the search; None outside of a search."""
    failures: int = 0
    """How many requests with these logs failed, each followed by the success of another log."""
    is_bad: bool = False
    """Whether it is a single log that failed alone, before another log was delivered."""
    retries: int = 0
    not_before: float = -math.inf
    overdue_at: float = math.inf
    key: str = field(default="", repr=False)
    trouble: Failure | None = None
    """The failure of its last attempt."""
    verdict: Verdict = Verdict.DELIVERED
    """The verdict on its last attempt."""
    failed_after: int = 0
    """The last ticket at the time of its failure. The success of a later request is evidence."""
    is_probe: bool = False
    failed_alone: bool = False

    @property
    def is_suspect(self) -> bool:
        """Return whether its failure does not indicate a problem of the ingest API."""
        return self.failures > 0


class _Root(NamedTuple):
    """The batch with which a search began."""

    failure: Failure
    size: int
    """The size of its body in bytes."""
    failed_after: int
    """The last ticket at the time of its failure."""
    failures: int
    """How many requests with it failed, each followed by the success of another log."""


@dataclass(slots=True)
class _Doubt:
    """The state in which only one probe at a time is sent."""

    failure: Failure | None
    """The failure that caused it; None if it was that of an earlier invocation."""
    verdict: Verdict
    since: int
    """The last ticket at its beginning."""
    retries: int = 0
    failed_probes: int = 0
    probe_not_before: float = -math.inf
    is_probing: bool = False


class Delivery:
    """The delivery of one invocation. Iterating over it yields every batch with its result."""

    def __init__(
        self,
        batches: Iterator[Batch],
        senders: Senders,
        state: EnvironmentState,
        policy: Policy,
        deadline: float,
        rng: Callable[[], float] = random.random,
    ) -> None:
        """Prepare a delivery.

        `deadline` is on the clock of `senders`; `rng` returns numbers from 0 to below 1.
        """
        self.requests = 0
        self.retries = 0
        self.latencies: list[float] = []
        """The seconds from each request to its response."""
        self._batches = batches
        self._senders = senders
        self._state = state
        self._policy = policy
        self._deadline = deadline
        self._rng = rng
        self._all_taken = False
        self._waiting: list[_Job] = []
        self._held: list[_Job] = []
        """Failed jobs that wait for evidence that the ingest API works."""
        self._reserve: list[_Job] = []
        """Single logs that are kept back and sent last."""
        self._under_way: dict[int, _Job] = {}
        self._settled: deque[Settled] = deque()
        self._searches: dict[Search, _Root] = {}
        """The searches that are in progress, with their batches."""
        self._search_requests = 0
        self._may_search = True
        self._refused_without_success = 0
        self._success: tuple[int, str] = (0, "")
        """The ticket and the key of the last started request that succeeded."""
        remembered = senders.now() < state.in_doubt_until
        self._doubt = _Doubt(None, Verdict.UNAVAILABLE, state.tickets) if remembered else None
        self._trouble: Failure | None = None
        """The last retryable failure of logs that are not suspected; None after any definite answer."""
        self._given_up: Failure | None = None
        self._key_ticket: int | None = None
        self._key_failures = 0
        self._key_trouble = "the API key was not read in time"
        self._key_not_before = -math.inf
        self._refusal: tuple[str, Failure] | None = None
        """The rejected key and its failure, while the key is being fetched again."""

    def __iter__(self) -> Iterator[Settled]:
        self._heed_memory()
        try:
            while True:
                self._begin_what_can_begin()
                while self._settled:
                    yield self._settled.popleft()
                if self._given_up:
                    yield from self._fail_the_rest(self._given_up)
                if not (self._waiting or self._held or self._reserve or self._under_way):
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
            if self._ends_in_doubt():
                until = max(self._senders.now(), self._state.resume_at)
                self._state.in_doubt_until = until + self._policy.doubt_memory

    def _ends_in_doubt(self) -> bool:
        """Return whether the next invocation sends a single log first (case 12)."""
        if self._trouble and is_outage(self._trouble.status):
            return True
        refused = self._given_up is not None and self._given_up.reason in REFUSES_EVERYTHING
        has_delivered = self._success[0] > 0
        return not has_delivered and (refused or self._trouble is not None)

    @property
    def gave_up(self) -> Failure | None:
        """Return why no more requests are started, or None while they are."""
        return self._given_up

    # --- starting requests ---

    def _heed_memory(self) -> None:
        now = self._senders.now()
        if self._state.resume_at > self._last_start():
            detail = "nothing was sent: an earlier Retry-After lasts longer than this invocation"
            self._give_up(Failure(self._state.resume_reason, None, detail))
        elif self._doubt and self._state.resume_at > now:
            # If each invocation waited, they would use up the account's concurrency.
            detail = "nothing was sent: nothing was delivered before, and a Retry-After is not over"
            self._give_up(Failure(self._state.resume_reason, None, detail))
        if self._state.key is None and now < self._state.no_key_until:
            left = self._state.no_key_until - now
            detail = f"{self._state.no_key_detail}; read again in {left:.0f} s"
            self._give_up(Failure(Reason.NO_KEY, None, detail))

    def _last_start(self) -> float:
        return self._deadline - self._policy.min_attempt_seconds

    def _slots(self) -> int:
        return 1 if self._doubt else self._policy.slots(self._state.in_flight)

    def _begin_what_can_begin(self) -> None:
        while True:
            self._fill()
            if (self._waiting or self._held or self._reserve) and self._senders.now() > self._last_start():
                self._give_up(self._no_time_left())
            if (self._waiting or self._held) and not self._given_up and not self._key_is_usable():
                self._fetch_key()
            if self._given_up or not (job := self._next_job()):
                return
            self._send(job)

    def _fill(self) -> None:
        """Add the next job to `_waiting`.

        Only one batch at a time is filled, since filling takes processor time during which the previous one
        can be sent.
        """
        if self._given_up:
            return
        self._take_parts()
        if self._load() < self._slots() and (job := self._take_batch()):
            self._waiting.append(job)
        self._take_parts()
        self._doubt_what_is_held()
        if not (self._waiting or self._under_way or self._doubt) and self._all_taken:
            self._come_to_an_end()

    def _load(self) -> int:
        """Return the number of batches in delivery, without suspects, which must not delay others."""
        held = sum(not job.is_suspect for job in self._held)
        return len(self._under_way) + len(self._waiting) + held

    def _take_batch(self) -> _Job | None:
        """Return the next batch.

        A batch whose search continues from an earlier replay starts its search instead.
        """
        while (batch := next(self._batches, None)) is not None:
            record = batch.origins[0].record
            if record is None or not (record.refused_at or record.is_narrowed):
                return _Job(batch)
            if len(batch.logs) == 1:
                proven = self._policy.failures_before_refused - 1 if record.refused_at else 1
                return _Job(batch, failures=proven, is_bad=True)
            failed_before = _how_it_failed(record)
            # A 2xx was a failure only if something other than the ingest API answered.
            verdict = judge(failed_before.status, is_foreign=failed_before.status is not None)
            self._begin_search(batch, 1, failed_before, verdict, failed_after=0)
        self._all_taken = True
        return None

    def _next_job(self) -> _Job | None:
        now = self._senders.now()
        if not self._key_is_usable() or now < self._state.resume_at:
            return None
        if self._doubt:
            return self._next_probe(self._doubt)
        if len(self._under_way) >= self._slots():
            return None
        for place, job in enumerate(self._waiting):
            if job.not_before <= now:
                return self._waiting.pop(place)
        return None

    def _send(self, job: _Job) -> None:
        now = self._senders.now()
        if self._has_evidence(job):
            self._count_failure(job)
        job.overdue_at = min(now + self._policy.request_timeout, self._deadline)
        job.key = self._state.key or ""
        ticket = self._ticket()
        self._under_way[ticket] = job
        self.requests += 1
        self.retries += job.retries > 0
        self._senders.send(ticket, job.batch.body, job.key, job.overdue_at - now)

    def _ticket(self) -> int:
        # Unique within the environment, since requests abandoned by an earlier invocation may still complete.
        self._state.tickets += 1
        return self._state.tickets

    # --- what an outcome means ---

    def _send_ended(self, ended: SendEnded) -> None:
        job = self._under_way.pop(ended.ticket, None)
        if job is not None:
            self._apply(ended.ticket, job, ended.outcome)

    def _apply(self, ticket: int, job: _Job, outcome: Outcome, *, timed_out: bool = False) -> None:
        self.latencies.append(outcome.seconds)
        verdict = judge(outcome.status, outcome.retry_after, is_foreign=outcome.is_foreign)
        was_probe, job.is_probe = job.is_probe, False
        if was_probe and self._doubt:
            self._doubt.is_probing = False
        if verdict is Verdict.DELIVERED:
            self._delivered(ticket, job)
            return
        failure = Failure(reason_of(verdict, outcome.status), outcome.status, outcome.detail)
        job.trouble, job.verdict, job.failed_after = failure, verdict, self._state.tickets
        job.failed_alone = len(job.batch.logs) == 1
        if verdict is Verdict.UNAVAILABLE or verdict is Verdict.PATIENCE:
            self._trouble = self._trouble if job.is_suspect else failure
        else:
            self._answered()
        match verdict:
            case Verdict.REFUSED | Verdict.TOO_LARGE:
                self._refused(job, failure)
            case Verdict.KEY_REFUSED if self._asks_for_a_key(job, failure):
                return
            case Verdict.PATIENCE:
                self._be_patient(ticket, job, failure, outcome.retry_after)
                return
            case _:
                self._hold(job, failure)
        if was_probe and self._doubt:
            self._probe_failed(self._doubt, job.verdict, failure, timed_out=timed_out)

    def _answered(self) -> None:
        """Record that the ingest API has answered, so that there is no outage."""
        self._trouble, self._state.in_doubt_until = None, -math.inf
        if self._doubt and self._doubt.failure is None:
            self._doubt = None

    def _delivered(self, ticket: int, job: _Job) -> None:
        self._answered()
        self._success = max(self._success, (ticket, job.key))
        self._refused_without_success = 0
        self._state.in_flight = self._policy.more_in_flight(self._state.in_flight)
        self._state.largest_delivered = max(self._state.largest_delivered, len(job.batch.body))
        if self._doubt and ticket > self._doubt.since:
            self._doubt = None
        if job.search and job.part:
            job.search.passed(job.part)
        self._settle(job, None)
        for held in self._held[:]:
            if self._has_evidence(held):
                self._held.remove(held)
                self._count_failure(held)
                self._prove(held)

    def _refused(self, job: _Job, failure: Failure) -> None:
        if len(job.batch.logs) == 1:
            failed_after = self._searches[job.search].failed_after if job.search else 0
            # A log that was rejected before does not indicate that the ingest API rejects everything.
            record = job.batch.origins[0].record
            is_known = record is not None and record.refused_at is not None
            if self._success[0] <= failed_after and not is_known:
                self._refused_without_success += 1
            self._refuse(job, failure)
            return
        if job.verdict is Verdict.TOO_LARGE:
            self._halve_byte_limit(len(job.batch.body))
        self._narrow_down(job)

    def _refuse(self, job: _Job, failure: Failure) -> None:
        """Settle a single bad log."""
        reason = failure.reason if job.verdict in SPEAKS_OF_THE_LOGS else Reason.REJECTED
        if job.search:
            job.search.refused()
        self._settle(job, failure._replace(reason=reason))

    def _hold(self, job: _Job, failure: Failure) -> None:
        """Hold a job until there is evidence, or retry it after its first failure of this kind."""
        if job.failed_alone and job.failures >= self._policy.failures_before_refused:
            self._refuse(job, failure)
            return
        now = self._senders.now()
        job.not_before = now
        if job.verdict is Verdict.UNAVAILABLE and not (job.is_suspect or self._doubt):
            job.retries += 1
            job.not_before = now + self._policy.backoff(job.retries, self._rng())
            if self._given_up or job.not_before > self._last_start():
                self._settle(job, failure)
                return
            if job.retries < self._policy.failures_before_search:
                self._waiting.append(job)
                return
        self._held.append(job)

    def _be_patient(self, ticket: int, job: _Job, failure: Failure, retry_after: float | None) -> None:
        now = self._senders.now()
        if retry_after is not None:
            pause = min(retry_after, self._policy.max_retry_after_seconds)
            if now + pause > self._state.resume_at:
                self._state.resume_at, self._state.resume_reason = now + pause, failure.reason
        remembered = self._doubt is not None and self._doubt.failure is None
        self._doubt = None
        if ticket > self._state.fewer_since:
            self._state.in_flight = self._policy.fewer_in_flight(self._state.in_flight)
            self._state.fewer_since = self._state.tickets
        if job.search and job.part:
            self._give_back(job)
        self._stop_searching()
        job.retries += 1
        job.not_before = now + self._policy.backoff(job.retries, self._rng())
        if remembered or self._state.resume_at > self._last_start():
            self._give_up(failure)
        if job.search and job.part:
            return
        if self._given_up or job.not_before > self._last_start():
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
                self._apply(ticket, job, answered)
            elif now >= self._deadline:
                detail = (
                    "no answer when the time was up; the logs may have arrived, and a replay may deliver "
                    "them twice"
                )
                self._settle(job, Failure(Reason.OUT_OF_TIME, None, detail))
            else:
                waited = self._policy.request_timeout
                outcome = Outcome(None, f"no answer within {waited:g} s", seconds=waited)
                self._apply(ticket, job, outcome, timed_out=True)

    # --- evidence, and the search ---

    def _has_evidence(self, job: _Job) -> bool:
        """Return whether another log was delivered that was sent after this job failed, with the same key."""
        ticket, key = self._success
        return job.trouble is not None and ticket > job.failed_after and key == job.key

    def _count_failure(self, job: _Job) -> None:
        """Count the last failure of a job as proven, since there is evidence."""
        job.failures += 1
        job.is_bad |= job.failed_alone

    def _prove(self, job: _Job) -> None:
        """Decide what to do with a held job after evidence that its logs may cause the failure."""
        failure = job.trouble
        if failure is None:
            return
        if len(job.batch.logs) > 1:
            if job.failures >= self._policy.search_after(job.verdict):
                self._narrow_down(job)
            else:
                if any(other.failed_alone for other in chain(self._held, self._waiting)):
                    # The log may be the bad one, and the rest may be the only logs to prove it with.
                    job.batch = self._keep_back(job.batch, job.verdict, job.search)
                    if job.part:
                        job.part.batch = job.batch
                self._waiting.insert(0, job)
        elif job.failed_alone and job.failures >= self._policy.failures_before_refused:
            self._refuse(job, failure)
        elif self._may_go_on():
            self._search_requests += 1
            job.not_before = -math.inf
            self._waiting.insert(0, job)
        else:
            self._give_back(job)

    def _may_go_on(self) -> bool:
        return (
            self._may_search
            and not self._given_up
            and self._search_requests < self._policy.max_search_requests
            and self._refused_without_success < self._policy.max_refused_without_success
        )

    def _narrow_down(self, job: _Job) -> None:
        """Search a job of several logs, at least one of which is bad."""
        if job.search and job.part:
            job.search.failed(job.part, job.failures)
        else:
            failure = job.trouble or Failure(Reason.UNDETERMINED)
            self._begin_search(job.batch, job.failures, failure, job.verdict, job.failed_after)

    def _begin_search(
        self, batch: Batch, failures: int, failure: Failure, verdict: Verdict, failed_after: int
    ) -> None:
        search = Search(infers=verdict is not Verdict.TOO_LARGE)
        undetermined = failure._replace(reason=Reason.UNDETERMINED)
        self._searches[search] = _Root(undetermined, len(batch.body), failed_after, failures)
        if verdict not in SPEAKS_OF_THE_LOGS and self._may_go_on():
            batch = self._keep_back(batch, verdict, search)
        search.add(Part(batch, failures, is_bad=True))

    def _keep_back(self, batch: Batch, verdict: Verdict, search: Search | None = None) -> Batch:
        """Move some logs of a batch to the reserve, and return the others."""
        for _ in range(self._policy.reserve_logs(verdict)):
            if len(batch.logs) > 2:
                alone, batch = self._take_out(batch)
                part = search.keep_back(alone) if search else None
                self._reserve.append(_Job(alone, search, part, failures=1 if search else 0))
        return batch

    def _take_out(self, batch: Batch) -> tuple[Batch, Batch]:
        return batch.take_out(self._place(len(batch.logs)))

    def _place(self, logs: int) -> int:
        """Return a random index below `logs`."""
        return int(self._rng() * logs) % logs

    def _take_parts(self) -> None:
        """Add the next part of each search to `_waiting`, or settle the rest of a search that must stop."""
        if not self._searches:
            return
        busy = {job.search for job in chain(self._waiting, self._under_way.values())}
        if not self._may_go_on():
            for search in self._searches:
                if (size := search.refused_size) and size > self._state.largest_delivered:
                    self._halve_byte_limit(size)
            self._give_back_parts(search for search in self._searches if search not in busy)
        for search, root in list(self._searches.items()):
            if search.is_over:
                del self._searches[search]
                if search.was_size and root.size > self._state.largest_delivered:
                    self._halve_byte_limit(root.size)
            elif search not in busy and self._may_go_on() and (part := search.next_part(self._place)):
                self._search_requests += 1
                # Parts are sent before new batches, so that a search that was started ends first.
                self._waiting.insert(0, _Job(part.batch, search, part, failures=part.failures))

    def _stop_searching(self) -> None:
        """Stop all searches and start no new ones, since the ingest API asks to wait."""
        self._may_search = False
        for jobs in (self._waiting, self._held):
            for job in jobs[:]:
                if job.search:
                    jobs.remove(job)
                    self._give_back(job)
        self._give_back_parts(self._searches)

    def _give_back_parts(self, searches: Iterable[Search]) -> None:
        for search in searches:
            root = self._searches[search]
            for part in search.give_back():
                is_bad = part.is_bad and self._success[0] > root.failed_after
                self._settled.append(Settled(part.batch.without_body(), root.failure, is_bad))

    def _give_back(self, job: _Job) -> None:
        """Settle a job whose search or proof could not be completed."""
        failure = job.trouble or Failure(Reason.UNDETERMINED)
        is_bad = job.is_bad
        if job.search and job.part:
            job.search.unfinished()
            root = self._searches[job.search]
            failure = job.trouble or root.failure
            is_bad = is_bad or (job.part.is_bad and self._success[0] > root.failed_after)
        batch = job.batch.without_body()
        self._settled.append(Settled(batch, failure._replace(reason=Reason.UNDETERMINED), is_bad))

    def _halve_byte_limit(self, refused_bytes: int) -> None:
        half = max(refused_bytes // 2, self._policy.smallest_byte_limit)
        self._state.byte_limit = min(self._state.byte_limit, half)
        self._state.largest_delivered = min(self._state.largest_delivered, half)

    # --- whether the ingest API works ---

    def _doubt_what_is_held(self) -> None:
        """Start to probe with single logs if held jobs may indicate a problem of the ingest API."""
        if not self._held or self._doubt or not self._key_is_usable():
            return
        due = [job for job in self._held if job.not_before <= self._senders.now()]
        # One failing suspect is expected; two may indicate a problem of the ingest API.
        if len(due) > 1 or any(not job.is_suspect for job in due):
            self._begin_doubt(due[0])

    def _begin_doubt(self, job: _Job) -> None:
        self._doubt = _Doubt(job.trouble, job.verdict, self._state.tickets, retries=job.retries)

    def _next_probe(self, doubt: _Doubt) -> _Job | None:
        now = self._senders.now()
        is_full = len(self._under_way) >= self._policy.max_in_flight
        if is_full or doubt.is_probing or now < doubt.probe_not_before:
            return None
        job = self._single_log(doubt)
        if job is not None:
            job.is_probe = doubt.is_probing = True
        elif not self._under_way:
            self._end_doubt_without_probe(doubt)
        return job

    def _single_log(self, doubt: _Doubt) -> _Job | None:
        """Return the log that is most likely good.

        It is from another batch, else from the reserve, else from one of the largest parts, else a job that
        waits to be settled itself.
        """
        self._look_ahead()
        fresh = [job for job in self._waiting if _is_fresh(job)]
        untried = [job for job in self._held if not (job.search or job.failed_alone)]
        if untried and doubt.failed_probes % 2 == 1:
            # The other batches may be the bad ones.
            return self._one_of(untried[self._place(len(untried))], self._held)
        if fresh:
            return self._one_of(fresh[self._place(len(fresh))], self._waiting)
        if self._reserve:
            return self._reserve.pop()
        others = [job for job in chain(self._held, self._waiting) if len(job.batch.logs) > 1]
        if others:
            # A larger part has proportionally fewer bad logs. A random one, since the same one may always be
            # bad.
            most = max(len(job.batch.logs) for job in others)
            large = [job for job in others if len(job.batch.logs) * 2 >= most]
            return self._one_of(large[self._place(len(large))], self._waiting)
        if self._waiting:
            # A random one, since the first ones may be bad in every replay.
            return self._waiting.pop(self._place(len(self._waiting)))
        for job in self._held:
            may_ask_again = doubt.verdict is Verdict.UNAVAILABLE and not job.is_suspect
            if may_ask_again or not job.failed_alone:
                self._held.remove(job)
                return job
        return None

    def _look_ahead(self) -> None:
        """Fill some batches in advance, so that probes are not always from the same one."""
        limit = self._policy.max_look_ahead_bytes
        while len(self._waiting) < self._policy.max_look_ahead and limit > 0 and (job := self._take_batch()):
            limit -= len(job.batch.body)
            self._waiting.append(job)

    def _one_of(self, job: _Job, jobs: list[_Job]) -> _Job:
        """Take one log from a job. If it is the only one, remove the job from `jobs`."""
        if len(job.batch.logs) == 1:
            jobs.remove(job)
            return job
        alone, job.batch = self._take_out(job.batch)
        if job.search is None or job.part is None:
            return _Job(alone, failures=job.failures)
        job.part.batch = job.batch
        return _Job(alone, job.search, job.search.keep_back(alone), failures=job.failures)

    def _probe_failed(self, doubt: _Doubt, verdict: Verdict, failure: Failure, *, timed_out: bool) -> None:
        if doubt.failure and verdict is not doubt.verdict and verdict not in SPEAKS_OF_THE_LOGS:
            doubt.failure, doubt.verdict, doubt.failed_probes = failure, verdict, 0
        doubt.failed_probes += 1
        enough = doubt.failed_probes >= self._policy.max_probes
        if doubt.failure is None:
            # A broken connection may have been idle for too long; a timeout means that the ingest API is
            # down.
            if enough or timed_out:
                self._give_up(failure)
        elif doubt.verdict is not Verdict.UNAVAILABLE:
            if enough:
                self._give_up(doubt.failure)
        else:
            doubt.retries += 1
            pause = self._policy.backoff(doubt.retries, self._rng())
            doubt.probe_not_before = self._senders.now() + pause
            if doubt.probe_not_before > self._last_start():
                self._give_up(failure)

    def _end_doubt_without_probe(self, doubt: _Doubt) -> None:
        self._doubt = None
        if doubt.failure and doubt.verdict is not Verdict.UNAVAILABLE:
            self._give_up(doubt.failure)
        for job in self._held:
            self._settle_held(job)
        self._held.clear()

    def _settle_held(self, job: _Job) -> None:
        marked = job.batch.origins[0].record is not None and bool(job.batch.origins[0].record.refused_at)
        if job.trouble and (not job.is_suspect or marked):
            self._settle(job, job.trouble)
        else:
            self._give_back(job)

    def _come_to_an_end(self) -> None:
        """Finish when only held jobs and the reserve are left."""
        if self._reserve and self._held:
            self._waiting.append(self._reserve.pop())
        elif self._reserve:
            self._send_reserve_together()
        elif self._held and all(job.is_suspect for job in self._held):
            self._begin_doubt(self._held[0])

    def _send_reserve_together(self) -> None:
        kept_back: dict[Search | None, list[Batch]] = {}
        for job in self._reserve:
            kept_back.setdefault(job.search, []).append(job.batch)
        self._reserve.clear()
        for search, logs in kept_back.items():
            job = _Job(merged(logs), search)
            if search:
                job.part = search.put_together(job.batch, len(logs))
                job.failures = 1 if search.found else self._searches[search].failures
            self._waiting.append(job)

    # --- the API key ---

    def _key_is_usable(self) -> bool:
        return self._state.key is not None and self._refusal is None

    def _fetch_key(self) -> None:
        if self._key_ticket is None and self._senders.now() >= self._key_not_before:
            self._key_ticket = self._ticket()
            self._senders.fetch_key(self._key_ticket)

    def _asks_for_a_key(self, job: _Job, failure: Failure) -> bool:
        """Return whether the job waits for the key to be fetched again, or is retried with a new key."""
        if self._given_up:
            self._settle(job, failure)
            return True
        if job.key == self._state.key and not self._refusal:
            if self._key_is_fresh():
                return False
            self._refusal = job.key, failure
        self._waiting.insert(0, job)
        return True

    def _key_is_fresh(self) -> bool:
        """Return whether the key was fetched too recently to fetch it again."""
        now = self._senders.now()
        was_fetched = now - self._state.key_refreshed_at < self._policy.key_refresh_interval
        return was_fetched or now < self._state.no_key_until

    def _key_fetched(self, fetched: KeyFetched) -> None:
        if fetched.ticket != self._key_ticket:
            return
        now = self._senders.now()
        self._key_ticket = None
        if fetched.key is None:
            self._key_failures += 1
            self._key_not_before = now + self._policy.backoff(self._key_failures, self._rng())
            self._key_trouble = fetched.detail
            # After an invocation without a key, one attempt is enough to find out whether there is one now.
            attempts = 1 if self._state.no_key_detail else self._policy.key_attempts
            if self._key_failures >= attempts or self._key_not_before > self._last_start():
                self._give_up(self._no_time_left())
            return
        self._state.no_key_until, self._state.no_key_detail = -math.inf, ""
        if self._refusal:
            self._state.key_refreshed_at = now
            refused_key, _ = self._refusal
            self._refusal = None
            if fetched.key == refused_key:
                refused = [job for job in self._waiting if job.verdict is Verdict.KEY_REFUSED]
                self._waiting = [job for job in self._waiting if job not in refused]
                self._held += refused
        if fetched.key != self._state.key:
            # Successes with this key are not evidence for failures with another one, so those jobs are
            # retried.
            self._waiting += self._held
            self._held.clear()
        self._state.key = fetched.key

    # --- ending delivery ---

    def _settle(self, job: _Job, failure: Failure | None) -> None:
        self._settled.append(Settled(job.batch.without_body(), failure))
        if failure and job.search and job.part and failure.reason is Reason.OUT_OF_TIME:
            job.search.unfinished()

    def _give_up(self, failure: Failure) -> None:
        """Start no more requests, and wait for those that are in progress."""
        self._given_up = self._given_up or failure

    def _no_time_left(self) -> Failure:
        if self._refusal:
            refused = self._refusal[1]
            if not self._key_failures:
                return refused
            return refused._replace(
                detail=f"{refused.detail}; the key could not be read again: {self._key_trouble}"
            )
        if self._state.key is None and (self._key_failures or self._key_ticket is not None):
            return Failure(Reason.NO_KEY, None, self._key_trouble)
        return self._trouble or Failure(Reason.OUT_OF_TIME, None, "not tried")

    def _fail_the_rest(self, failure: Failure) -> Iterator[Settled]:
        out_of_time = failure.reason is Reason.OUT_OF_TIME
        for job in self._held:
            self._settle_held(job)
        for job in chain(self._waiting, self._reserve):
            if job.search:
                self._give_back(job)
            else:
                shared = job.trouble or failure if out_of_time else failure
                was_sent = job.trouble is not None
                self._settled.append(Settled(job.batch.without_body(), shared, was_sent=was_sent))
        for jobs in (self._held, self._waiting, self._reserve):
            jobs.clear()
        self._give_back_parts(self._searches)
        while self._settled:
            yield self._settled.popleft()
        for batch in self._batches:
            yield Settled(batch.without_body(), failure, was_sent=False)

    def _next_moment(self) -> float:
        """Return the time at which something must be done even if no request completes."""
        moments = [self._deadline, *(job.overdue_at for job in self._under_way.values())]
        if not self._key_is_usable():
            if (self._waiting or self._held) and self._key_ticket is None:
                moments.append(self._key_not_before)
        elif self._doubt:
            # A probe that is due but was not sent waits for requests that are in progress.
            moments += self._in_future(max(self._doubt.probe_not_before, self._state.resume_at))
        else:
            if len(self._under_way) < self._slots():
                moments += [max(job.not_before, self._state.resume_at) for job in self._waiting]
            for job in self._held:
                moments += self._in_future(job.not_before)
        return min(moments)

    def _in_future(self, moment: float) -> tuple[float, ...]:
        return (moment,) if moment > self._senders.now() else ()


def _is_fresh(job: _Job) -> bool:
    """Return whether these logs have not failed before."""
    was_kept_back = len(job.batch.logs) == 1
    return not (job.trouble or job.is_suspect) and (job.search is None or was_kept_back)


def _how_it_failed(record: SourceRecord) -> Failure:
    """Return how the logs of a replayed record failed before."""
    status = int(record.status) if record.status.isascii() and record.status.isdigit() else None
    return Failure(Reason.UNDETERMINED, status, "failed together before, and were not sent again")
