"""Deliver every batch, or return it with a reason, before the deadline.

One thread decides; `Senders` do what takes time. So no lock is needed, and with other senders and another
clock the same code runs a thousand outages in a second. `policy` decides what a status means, `searches` how
the bad logs of batches are found, `doubt` which log is sent to find out whether the ingest API works, and
`key_refresh` when the key is read. The cases, by the verdict on an outcome:

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

In doubt, single logs are sent one after the other (`take_probe`), from another batch, or else from a held
one.

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
from collections.abc import Callable, Iterator
from itertools import chain

from loginformant_shipper.delivery.batching import Batch
from loginformant_shipper.delivery.doubt import Doubt, take_probe
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.key_refresh import KeyRefresh
from loginformant_shipper.delivery.policy import (
    REFUSES_EVERYTHING,
    SPEAKS_OF_THE_LOGS,
    Policy,
    Verdict,
    is_outage,
    judge,
    reason_of,
)
from loginformant_shipper.delivery.progress import Job, Progress, Settled, Success
from loginformant_shipper.delivery.searches import Searches
from loginformant_shipper.delivery.sending.http_client import Outcome
from loginformant_shipper.delivery.sending.senders import KeyFetched, SendEnded, Senders
from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure, Reason


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
        self._progress = Progress()
        self._searches = Searches(self._progress, state, policy, self._draw)
        self._key = KeyRefresh(state, policy)
        remembered = senders.now() < state.in_doubt_until
        self._doubt = Doubt(None, Verdict.UNAVAILABLE, state.tickets) if remembered else None
        self._trouble: Failure | None = None
        """The last retryable failure of logs that are not suspected; None after any definite answer."""

    def __iter__(self) -> Iterator[Settled]:
        progress = self._progress
        self._heed_memory()
        try:
            while True:
                self._begin_what_can_begin()
                while progress.settled:
                    yield progress.settled.popleft()
                if progress.given_up:
                    yield from self._fail_the_rest(progress.given_up)
                if progress.is_over:
                    break
                completion = self._senders.wait(self._next_moment() - self._senders.now())
                if isinstance(completion, SendEnded):
                    self._send_ended(completion)
                elif isinstance(completion, KeyFetched):
                    self._key_fetched(completion)
                self._abandon_what_is_overdue()
        finally:
            for ticket in progress.under_way:
                self._senders.abandon(ticket)
            if progress.given_up:
                self._key.remember(self._senders.now())
            if self._ends_in_doubt():
                until = max(self._senders.now(), self._state.resume_at)
                self._state.in_doubt_until = until + self._policy.doubt_memory

    def _ends_in_doubt(self) -> bool:
        """Return whether the next invocation sends a single log first (case 12)."""
        if self._trouble and is_outage(self._trouble.status):
            return True
        refused = self.gave_up is not None and self.gave_up.reason in REFUSES_EVERYTHING
        has_delivered = self._progress.success.ticket > 0
        return not has_delivered and (refused or self._trouble is not None)

    @property
    def gave_up(self) -> Failure | None:
        """Return why no more requests are started, or None while they are."""
        return self._progress.given_up

    def _draw(self, number: int) -> int:
        """Return a random index below `number`."""
        return int(self._rng() * number) % number

    # --- starting requests ---

    def _heed_memory(self) -> None:
        now = self._senders.now()
        if self._state.resume_at > self._last_start():
            detail = "nothing was sent: an earlier Retry-After lasts longer than this invocation"
            self._progress.give_up(Failure(self._state.resume_reason, None, detail))
        elif self._doubt and self._state.resume_at > now:
            # If each invocation waited, they would use up the account's concurrency.
            detail = "nothing was sent: nothing was delivered before, and a Retry-After is not over"
            self._progress.give_up(Failure(self._state.resume_reason, None, detail))
        if self._state.key is None and now < self._state.no_key_until:
            left = self._state.no_key_until - now
            detail = f"{self._state.no_key_detail}; read again in {left:.0f} s"
            self._progress.give_up(Failure(Reason.NO_KEY, None, detail))

    def _last_start(self) -> float:
        return self._deadline - self._policy.min_attempt_seconds

    def _slots(self) -> int:
        return 1 if self._doubt else self._policy.slots(self._state.in_flight)

    def _begin_what_can_begin(self) -> None:
        progress = self._progress
        while True:
            self._fill()
            if (progress.waiting or progress.held or progress.reserve) and (
                self._senders.now() > self._last_start()
            ):
                progress.give_up(self._no_time_left())
            if (progress.waiting or progress.held) and not (progress.given_up or self._key.is_usable):
                self._fetch_key()
            if progress.given_up or not (job := self._next_job()):
                return
            self._send(job)

    def _fill(self) -> None:
        """Add the next job to those that wait.

        Only one batch at a time is filled, since filling takes processor time during which the previous one
        can be sent.
        """
        progress = self._progress
        if progress.given_up:
            return
        self._searches.take_parts()
        if self._load() < self._slots() and (job := self._take_batch()):
            progress.waiting.append(job)
        self._searches.take_parts()
        self._doubt_what_is_held()
        if not (progress.waiting or progress.under_way or self._doubt) and self._all_taken:
            self._come_to_an_end()

    def _load(self) -> int:
        """Return the number of batches in delivery, without suspects, which must not delay others."""
        held = sum(not job.is_suspect for job in self._progress.held)
        return len(self._progress.under_way) + len(self._progress.waiting) + held

    def _take_batch(self) -> Job | None:
        """Return the next batch.

        A batch whose search continues from an earlier replay starts its search instead.
        """
        while (batch := next(self._batches, None)) is not None:
            record = batch.origins[0].record
            if record is None or not (record.refused_at or record.is_narrowed):
                return Job(batch)
            if len(batch.logs) == 1:
                proven = self._policy.failures_before_refused - 1 if record.refused_at else 1
                return Job(batch, failures=proven, is_bad=True)
            failed_before = _how_it_failed(record)
            # A 2xx was a failure only if something other than the ingest API answered.
            verdict = judge(failed_before.status, is_foreign=failed_before.status is not None)
            self._searches.begin(batch, 1, failed_before, verdict, failed_after=0)
        self._all_taken = True
        return None

    def _next_job(self) -> Job | None:
        now, progress = self._senders.now(), self._progress
        if not self._key.is_usable or now < self._state.resume_at:
            return None
        if self._doubt:
            return self._next_probe(self._doubt)
        if len(progress.under_way) >= self._slots():
            return None
        for place, job in enumerate(progress.waiting):
            if job.not_before <= now:
                return progress.waiting.pop(place)
        return None

    def _send(self, job: Job) -> None:
        now = self._senders.now()
        if self._progress.has_evidence(job):
            job.count_failure()
        job.overdue_at = min(now + self._policy.request_timeout, self._deadline)
        job.key = self._state.key or ""
        ticket = self._state.next_ticket()
        self._progress.under_way[ticket] = job
        self.requests += 1
        self.retries += job.retries > 0
        self._senders.send(ticket, job.batch.body, job.key, job.overdue_at - now)

    # --- what an outcome means ---

    def _send_ended(self, ended: SendEnded) -> None:
        job = self._progress.under_way.pop(ended.ticket, None)
        if job is not None:
            self._apply(ended.ticket, job, ended.outcome)

    def _apply(self, ticket: int, job: Job, outcome: Outcome, *, timed_out: bool = False) -> None:
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
        if self._doubt and self._doubt.is_remembered:
            self._doubt = None

    def _delivered(self, ticket: int, job: Job) -> None:
        progress = self._progress
        self._answered()
        progress.success = max(progress.success, Success(ticket, job.key))
        self._state.in_flight = self._policy.more_in_flight(self._state.in_flight)
        self._state.largest_delivered = max(self._state.largest_delivered, len(job.batch.body))
        if self._doubt and ticket > self._doubt.since:
            self._doubt = None
        self._searches.delivered(job)
        progress.settle(job, None)
        for held in progress.held[:]:
            if progress.has_evidence(held):
                progress.held.remove(held)
                held.count_failure()
                self._prove(held)

    def _refused(self, job: Job, failure: Failure) -> None:
        if len(job.batch.logs) == 1:
            self._searches.count_refused(job)
            self._refuse(job, failure)
            return
        if job.verdict is Verdict.TOO_LARGE:
            self._state.halve_byte_limit(len(job.batch.body), self._policy.smallest_byte_limit)
        self._searches.narrow_down(job)

    def _refuse(self, job: Job, failure: Failure) -> None:
        """Settle a single bad log."""
        reason = failure.reason if job.verdict in SPEAKS_OF_THE_LOGS else Reason.REJECTED
        if job.search:
            job.search.refused()
        self._progress.settle(job, failure._replace(reason=reason))

    def _hold(self, job: Job, failure: Failure) -> None:
        """Hold a job until there is evidence, or retry it after its first failure of this kind."""
        if job.failed_alone and job.failures >= self._policy.failures_before_refused:
            self._refuse(job, failure)
            return
        now = self._senders.now()
        job.not_before = now
        if job.verdict is Verdict.UNAVAILABLE and not (job.is_suspect or self._doubt):
            job.retries += 1
            job.not_before = now + self._policy.backoff(job.retries, self._rng())
            if self.gave_up or job.not_before > self._last_start():
                self._progress.settle(job, failure)
                return
            if job.retries < self._policy.failures_before_search:
                self._progress.waiting.append(job)
                return
        self._progress.held.append(job)

    def _be_patient(self, ticket: int, job: Job, failure: Failure, retry_after: float | None) -> None:
        now = self._senders.now()
        if retry_after is not None:
            pause = min(retry_after, self._policy.max_retry_after_seconds)
            if now + pause > self._state.resume_at:
                self._state.resume_at, self._state.resume_reason = now + pause, failure.reason
        remembered = self._doubt is not None and self._doubt.is_remembered
        self._doubt = None
        if ticket > self._state.fewer_since:
            self._state.in_flight = self._policy.fewer_in_flight(self._state.in_flight)
            self._state.fewer_since = self._state.tickets
        if job.search and job.part:
            self._searches.give_back(job)
        self._searches.stop()
        job.retries += 1
        job.not_before = now + self._policy.backoff(job.retries, self._rng())
        if remembered or self._state.resume_at > self._last_start():
            self._progress.give_up(failure)
        if job.search and job.part:
            return
        if self.gave_up or job.not_before > self._last_start():
            self._progress.settle(job, failure)
        else:
            self._progress.waiting.append(job)

    def _abandon_what_is_overdue(self) -> None:
        now, under_way = self._senders.now(), self._progress.under_way
        for ticket, job in list(under_way.items()):
            if job.overdue_at > now:
                continue
            del under_way[ticket]
            answered = self._senders.abandon(ticket)
            if answered is not None:
                self._apply(ticket, job, answered)
            elif now >= self._deadline:
                detail = (
                    "no answer when the time was up; the logs may have arrived, and a replay may deliver "
                    "them twice"
                )
                self._progress.settle(job, Failure(Reason.OUT_OF_TIME, None, detail))
            else:
                waited = self._policy.request_timeout
                outcome = Outcome(None, f"no answer within {waited:g} s", seconds=waited)
                self._apply(ticket, job, outcome, timed_out=True)

    def _prove(self, job: Job) -> None:
        """Decide what to do with a held job after evidence that its logs may cause the failure."""
        failure, progress = job.trouble, self._progress
        if failure is None:
            return
        if len(job.batch.logs) > 1:
            if job.failures >= self._policy.search_after(job.verdict):
                self._searches.narrow_down(job)
            else:
                if any(other.failed_alone for other in chain(progress.held, progress.waiting)):
                    # The log may be the bad one, and the rest may be the only logs to prove it with.
                    job.batch = self._searches.keep_back(job.batch, job.verdict, job.search)
                    if job.part:
                        job.part.batch = job.batch
                progress.waiting.insert(0, job)
        elif job.failed_alone and job.failures >= self._policy.failures_before_refused:
            self._refuse(job, failure)
        elif self._searches.may_go_on():
            self._searches.count_request()
            job.not_before = -math.inf
            progress.waiting.insert(0, job)
        else:
            self._searches.give_back(job)

    # --- whether the ingest API works ---

    def _doubt_what_is_held(self) -> None:
        """Start to probe with single logs if held jobs may indicate a problem of the ingest API."""
        held = self._progress.held
        if not held or self._doubt or not self._key.is_usable:
            return
        due = [job for job in held if job.not_before <= self._senders.now()]
        # One failing suspect is expected; two may indicate a problem of the ingest API.
        if len(due) > 1 or any(not job.is_suspect for job in due):
            self._begin_doubt(due[0])

    def _begin_doubt(self, job: Job) -> None:
        self._doubt = Doubt(job.trouble, job.verdict, self._state.tickets, retries=job.retries)

    def _next_probe(self, doubt: Doubt) -> Job | None:
        under_way = self._progress.under_way
        is_full = len(under_way) >= self._policy.max_in_flight
        if is_full or doubt.is_probing or self._senders.now() < doubt.not_before:
            return None
        self._look_ahead()
        job = take_probe(self._progress, doubt, self._draw)
        if job is not None:
            job.is_probe = doubt.is_probing = True
        elif not under_way:
            self._end_doubt_without_probe(doubt)
        return job

    def _look_ahead(self) -> None:
        """Fill some batches in advance, so that probes are not always from the same one."""
        waiting, limit = self._progress.waiting, self._policy.max_look_ahead_bytes
        while len(waiting) < self._policy.max_look_ahead and limit > 0 and (job := self._take_batch()):
            limit -= len(job.batch.body)
            waiting.append(job)

    def _probe_failed(self, doubt: Doubt, verdict: Verdict, failure: Failure, *, timed_out: bool) -> None:
        now = self._senders.now()
        why = doubt.probe_failed(verdict, failure, self._policy, now, self._rng, timed_out=timed_out)
        if why or doubt.not_before > self._last_start():
            self._progress.give_up(why or failure)

    def _end_doubt_without_probe(self, doubt: Doubt) -> None:
        self._doubt = None
        if doubt.failure and doubt.verdict is not Verdict.UNAVAILABLE:
            self._progress.give_up(doubt.failure)
        self._settle_held()

    def _come_to_an_end(self) -> None:
        """Finish when only held jobs and the reserve are left."""
        progress = self._progress
        if progress.reserve and progress.held:
            progress.waiting.append(progress.reserve.pop())
        elif progress.reserve:
            self._searches.send_reserve_together()
        elif progress.held and all(job.is_suspect for job in progress.held):
            self._begin_doubt(progress.held[0])

    # --- the API key ---

    def _fetch_key(self) -> None:
        if self._key.is_due(self._senders.now()):
            self._key.ticket = self._state.next_ticket()
            self._senders.fetch_key(self._key.ticket)

    def _asks_for_a_key(self, job: Job, failure: Failure) -> bool:
        """Return whether the job waits for the key to be fetched again, or is retried with a new key."""
        if self.gave_up:
            self._progress.settle(job, failure)
            return True
        reads_again = self._key.reads_again(job.key, failure, self._senders.now())
        if reads_again:
            self._progress.waiting.insert(0, job)
        return reads_again

    def _key_fetched(self, fetched: KeyFetched) -> None:
        if fetched.ticket != self._key.ticket:
            return
        now, progress = self._senders.now(), self._progress
        if fetched.key is None:
            may_retry = self._key.failed(fetched.detail, now, self._rng())
            if not may_retry or self._key.not_before > self._last_start():
                progress.give_up(self._no_time_left())
            return
        is_refused, is_another = self._key.succeeded(fetched.key, now)
        if is_refused:
            refused = [job for job in progress.waiting if job.verdict is Verdict.KEY_REFUSED]
            for job in refused:
                progress.waiting.remove(job)
            progress.held += refused
        if is_another:
            # Successes with this key are not evidence for failures with another one, so those jobs are
            # retried.
            progress.waiting += progress.held
            progress.held.clear()

    # --- ending delivery ---

    def _no_time_left(self) -> Failure:
        return self._key.what_is_missing() or self._trouble or Failure(Reason.OUT_OF_TIME, None, "not tried")

    def _settle_held(self) -> None:
        """Settle the held jobs, since there will be no evidence."""
        for job in self._progress.held:
            record = job.batch.origins[0].record
            was_refused = record is not None and bool(record.refused_at)
            if job.trouble and (not job.is_suspect or was_refused):
                self._progress.settle(job, job.trouble)
            else:
                self._searches.give_back(job)
        self._progress.held.clear()

    def _fail_the_rest(self, failure: Failure) -> Iterator[Settled]:
        progress = self._progress
        out_of_time = failure.reason is Reason.OUT_OF_TIME
        self._settle_held()
        for job in chain(progress.waiting, progress.reserve):
            if job.search:
                self._searches.give_back(job)
            else:
                shared = job.trouble or failure if out_of_time else failure
                was_sent = job.trouble is not None
                progress.settled.append(Settled(job.batch.without_body(), shared, was_sent=was_sent))
        progress.waiting.clear()
        progress.reserve.clear()
        self._searches.give_back_all()
        while progress.settled:
            yield progress.settled.popleft()
        for batch in self._batches:
            yield Settled(batch.without_body(), failure, was_sent=False)

    def _next_moment(self) -> float:
        """Return the time at which something must be done even if no request completes."""
        progress = self._progress
        moments = [self._deadline, *(job.overdue_at for job in progress.under_way.values())]
        if not self._key.is_usable:
            if (progress.waiting or progress.held) and self._key.ticket is None:
                moments.append(self._key.not_before)
        elif self._doubt:
            # A probe that is due but was not sent waits for requests that are in progress.
            moments += self._in_future(max(self._doubt.not_before, self._state.resume_at))
        else:
            if len(progress.under_way) < self._slots():
                moments += [max(job.not_before, self._state.resume_at) for job in progress.waiting]
            for job in progress.held:
                moments += self._in_future(job.not_before)
        return min(moments)

    def _in_future(self, moment: float) -> tuple[float, ...]:
        return (moment,) if moment > self._senders.now() else ()


def _how_it_failed(record: SourceRecord) -> Failure:
    """Return how the logs of a replayed record failed before."""
    status = int(record.status) if record.status.isascii() and record.status.isdigit() else None
    return Failure(Reason.UNDETERMINED, status, "failed together before, and were not sent again")
