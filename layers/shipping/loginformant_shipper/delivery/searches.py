"""The searches of an invocation: when one begins and goes on, and what is kept back as evidence. No I/O.

`search` finds the bad logs of one batch; this is about all of them together.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from loginformant_shipper.delivery.batching import Batch, merged
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import SPEAKS_OF_THE_LOGS, Policy, Verdict
from loginformant_shipper.delivery.progress import Job, Progress, Settled
from loginformant_shipper.delivery.search import Draw, Part, Search
from loginformant_shipper.failures import Failure, Reason


class _Root(NamedTuple):
    """The batch with which a search began."""

    failure: Failure
    size: int
    """The size of its body in bytes."""
    failed_after: int
    """The last ticket at the time of its failure."""
    failures: int
    """How many requests with it failed, each followed by the success of another log."""


@dataclass(slots=True, eq=False)
class Searches:
    """The searches that are in progress."""

    progress: Progress
    state: EnvironmentState
    policy: Policy
    draw: Draw
    _roots: dict[Search, _Root] = field(default_factory=dict)
    _requests: int = 0
    _is_stopped: bool = False
    _refused_without_success: int = 0
    """How many single logs were refused since the last success."""

    def may_go_on(self) -> bool:
        """Return whether more requests may be sent to search."""
        return (
            not self._is_stopped
            and not self.progress.given_up
            and self._requests < self.policy.max_search_requests
            and self._refused_without_success < self.policy.max_refused_without_success
        )

    def count_request(self) -> None:
        """Count a request that is sent to search, or to prove that a single log is bad."""
        self._requests += 1

    def begin(
        self, batch: Batch, failures: int, failure: Failure, verdict: Verdict, failed_after: int
    ) -> None:
        """Begin the search of a batch that contains a bad log.

        Args:
            batch: The batch.
            failures: How many requests with it failed, each followed by the success of another log.
            failure: Its last failure.
            verdict: The verdict on its last attempt.
            failed_after: The last ticket at the time of its failure.
        """
        search = Search(infers=verdict is not Verdict.TOO_LARGE)
        undetermined = failure._replace(reason=Reason.UNDETERMINED)
        self._roots[search] = _Root(undetermined, len(batch.body), failed_after, failures)
        if verdict not in SPEAKS_OF_THE_LOGS and self.may_go_on():
            batch = self.keep_back(batch, verdict, search)
        search.add(Part(batch, failures, is_bad=True))

    def narrow_down(self, job: Job) -> None:
        """Search a job of several logs, at least one of which is bad."""
        if job.search and job.part:
            job.search.failed(job.part, job.failures)
        else:
            failure = job.trouble or Failure(Reason.UNDETERMINED)
            self.begin(job.batch, job.failures, failure, job.verdict, job.failed_after)

    def keep_back(self, batch: Batch, verdict: Verdict, search: Search | None = None) -> Batch:
        """Move some logs of a batch to the reserve, and return the others."""
        for _ in range(self.policy.reserve_logs(verdict)):
            if len(batch.logs) > 2:
                alone, batch = batch.take_out(self.draw(len(batch.logs)))
                part = search.keep_back(alone) if search else None
                self.progress.reserve.append(Job(alone, search, part, failures=1 if search else 0))
        return batch

    def send_reserve_together(self) -> None:
        """Send the logs of the reserve, those of a search in one request."""
        kept_back: dict[Search | None, list[Batch]] = {}
        for job in self.progress.reserve:
            kept_back.setdefault(job.search, []).append(job.batch)
        self.progress.reserve.clear()
        for search, logs in kept_back.items():
            job = Job(merged(logs), search)
            if search:
                job.part = search.put_together(job.batch, len(logs))
                job.failures = 1 if search.found else self._roots[search].failures
            self.progress.waiting.append(job)

    def take_parts(self) -> None:
        """Let the next part of each search wait for its request, or settle the rest of one that must stop."""
        if not self._roots:
            return
        waiting = self.progress.waiting
        busy = {job.search for job in chain(waiting, self.progress.under_way.values())}
        if not self.may_go_on():
            for search in self._roots:
                if size := search.refused_size:
                    self._size_was_refused(size)
            self._give_back_parts(search for search in self._roots if search not in busy)
        for search, root in list(self._roots.items()):
            if search.is_over:
                del self._roots[search]
                if search.was_size:
                    self._size_was_refused(root.size)
            elif search not in busy and self.may_go_on() and (part := search.next_part(self.draw)):
                self.count_request()
                # Parts are sent before new batches, so that a search that was started ends first.
                waiting.insert(0, Job(part.batch, search, part, failures=part.failures))

    def _size_was_refused(self, size: int) -> None:
        if size > self.state.largest_delivered:
            self.state.halve_byte_limit(size, self.policy.smallest_byte_limit)

    # --- what a result means for the searches ---

    def delivered(self, job: Job) -> None:
        """Record that a job was delivered."""
        self._refused_without_success = 0
        if job.search and job.part:
            job.search.passed(job.part)

    def count_refused(self, job: Job) -> None:
        """Count a single log that was refused, if nothing shows that the ingest API accepts others."""
        failed_after = self._roots[job.search].failed_after if job.search else 0
        # A log that was rejected before does not indicate that the ingest API rejects everything.
        record = job.batch.origins[0].record
        is_known = record is not None and record.refused_at is not None
        if self.progress.success.ticket <= failed_after and not is_known:
            self._refused_without_success += 1

    # --- ending ---

    def stop(self) -> None:
        """Stop all searches and start no new ones, since the ingest API asks to wait."""
        self._is_stopped = True
        for jobs in (self.progress.waiting, self.progress.held):
            for job in jobs[:]:
                if job.search:
                    jobs.remove(job)
                    self.give_back(job)
        self.give_back_all()

    def give_back_all(self) -> None:
        """Settle all parts that were not sent."""
        self._give_back_parts(self._roots)

    def _give_back_parts(self, searches: Iterable[Search]) -> None:
        for search in searches:
            root = self._roots[search]
            for part in search.give_back():
                is_bad = part.is_bad and self.progress.success.ticket > root.failed_after
                self.progress.settled.append(Settled(part.batch.without_body(), root.failure, is_bad))

    def give_back(self, job: Job) -> None:
        """Settle a job whose search or proof could not be completed."""
        failure = job.trouble or Failure(Reason.UNDETERMINED)
        is_bad = job.is_bad
        if job.search and job.part:
            job.search.unfinished()
            root = self._roots[job.search]
            failure = job.trouble or root.failure
            is_bad = is_bad or (job.part.is_bad and self.progress.success.ticket > root.failed_after)
        settled = Settled(job.batch.without_body(), failure._replace(reason=Reason.UNDETERMINED), is_bad)
        self.progress.settled.append(settled)
