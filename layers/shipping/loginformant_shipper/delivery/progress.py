"""What has become of the batches of an invocation so far: those in delivery, and those that are settled."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from loginformant_shipper.delivery.batching import Batch
from loginformant_shipper.delivery.policy import Verdict
from loginformant_shipper.delivery.search import Part, Search
from loginformant_shipper.failures import Failure, Reason


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
class Job:
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

    @property
    def is_fresh(self) -> bool:
        """Return whether these logs have not failed before."""
        was_kept_back = len(self.batch.logs) == 1
        return not (self.trouble or self.is_suspect) and (self.search is None or was_kept_back)

    def count_failure(self) -> None:
        """Count the last failure as proven, since there is evidence."""
        self.failures += 1
        self.is_bad |= self.failed_alone


class Success(NamedTuple):
    """The last started request that succeeded."""

    ticket: int = 0
    """0: none has succeeded."""
    key: str = ""


@dataclass(slots=True, eq=False)
class Progress:
    """The jobs of an invocation by what they wait for, and the results that were not passed on yet."""

    waiting: list[Job] = field(default_factory=list)
    """Jobs that wait for their next attempt, the next one first."""
    held: list[Job] = field(default_factory=list)
    """Failed jobs that wait for evidence that the ingest API works."""
    reserve: list[Job] = field(default_factory=list)
    """Single logs that are kept back and sent last."""
    under_way: dict[int, Job] = field(default_factory=dict)
    """Jobs whose request has not ended, by its ticket."""
    settled: deque[Settled] = field(default_factory=deque)
    success: Success = field(default_factory=Success)
    given_up: Failure | None = None
    """Why no more requests are started; None while they are."""

    @property
    def is_over(self) -> bool:
        """Return whether no job is left."""
        return not (self.waiting or self.held or self.reserve or self.under_way)

    def has_evidence(self, job: Job) -> bool:
        """Return whether another log was delivered that was sent after this job failed, with the same key."""
        ticket, key = self.success
        return job.trouble is not None and ticket > job.failed_after and key == job.key

    def settle(self, job: Job, failure: Failure | None) -> None:
        """End a job with its result."""
        self.settled.append(Settled(job.batch.without_body(), failure))
        if failure and job.search and job.part and failure.reason is Reason.OUT_OF_TIME:
            job.search.unfinished()

    def give_up(self, failure: Failure) -> None:
        """Start no more requests, and wait for those that are in progress."""
        self.given_up = self.given_up or failure
