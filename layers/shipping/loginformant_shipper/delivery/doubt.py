"""Whether the ingest API accepts any log: the state in doubt, and the log to find out with. No I/O."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from loginformant_shipper.delivery.policy import SPEAKS_OF_THE_LOGS, Policy, Verdict
from loginformant_shipper.delivery.progress import Job, Progress
from loginformant_shipper.delivery.search import Draw
from loginformant_shipper.failures import Failure


@dataclass(slots=True)
class Doubt:
    """The state in which only one probe at a time is sent."""

    failure: Failure | None
    """The failure that caused it; None if it was that of an earlier invocation."""
    verdict: Verdict
    since: int
    """The last ticket at its beginning."""
    retries: int = 0
    failed_probes: int = 0
    not_before: float = -math.inf
    """The time of the next probe."""
    is_probing: bool = False

    @property
    def is_remembered(self) -> bool:
        """Return whether an earlier invocation is the cause."""
        return self.failure is None

    def probe_failed(
        self,
        verdict: Verdict,
        failure: Failure,
        policy: Policy,
        now: float,
        rng: Callable[[], float],
        *,
        timed_out: bool,
    ) -> Failure | None:
        """Record that a probe failed. Return why nothing more is sent, or None if the next probe is."""
        if self.failure and verdict is not self.verdict and verdict not in SPEAKS_OF_THE_LOGS:
            self.failure, self.verdict, self.failed_probes = failure, verdict, 0
        self.failed_probes += 1
        is_enough = self.failed_probes >= policy.max_probes
        if self.failure is None:
            # A broken connection may have been idle for too long; a timeout means that the ingest API is
            # down.
            return failure if is_enough or timed_out else None
        if self.verdict is not Verdict.UNAVAILABLE:
            return self.failure if is_enough else None
        self.retries += 1
        self.not_before = now + policy.backoff(self.retries, rng())
        return None


def take_probe(progress: Progress, doubt: Doubt, draw: Draw) -> Job | None:
    """Take the log that is most likely good, or return None if there is none.

    It is from another batch, else from the reserve, else from one of the largest parts, else a job that waits
    to be settled itself.
    """
    waiting, held = progress.waiting, progress.held
    fresh = [job for job in waiting if job.is_fresh]
    untried = [job for job in held if not (job.search or job.failed_alone)]
    if untried and doubt.failed_probes % 2 == 1:
        # The other batches may be the bad ones.
        return _one_of(untried[draw(len(untried))], held, draw)
    if fresh:
        return _one_of(fresh[draw(len(fresh))], waiting, draw)
    if progress.reserve:
        return progress.reserve.pop()
    others = [job for job in chain(held, waiting) if len(job.batch.logs) > 1]
    if others:
        # A larger part has proportionally fewer bad logs. A random one, since the same one may always be
        # bad.
        most = max(len(job.batch.logs) for job in others)
        large = [job for job in others if len(job.batch.logs) * 2 >= most]
        return _one_of(large[draw(len(large))], waiting, draw)
    if waiting:
        # A random one, since the first ones may be bad in every replay.
        return waiting.pop(draw(len(waiting)))
    for job in held:
        may_ask_again = doubt.verdict is Verdict.UNAVAILABLE and not job.is_suspect
        if may_ask_again or not job.failed_alone:
            held.remove(job)
            return job
    return None


def _one_of(job: Job, jobs: list[Job], draw: Draw) -> Job:
    """Take one log from a job. If it is the only one, remove the job from `jobs`."""
    if len(job.batch.logs) == 1:
        jobs.remove(job)
        return job
    alone, job.batch = job.batch.take_out(draw(len(job.batch.logs)))
    if job.search is None or job.part is None:
        return Job(alone, failures=job.failures)
    job.part.batch = job.batch
    return Job(alone, job.search, job.search.keep_back(alone), failures=job.failures)
