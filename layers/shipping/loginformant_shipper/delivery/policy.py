"""What follows from an outcome, and all the numbers of delivery: values and pure functions, no I/O."""

from dataclasses import dataclass
from enum import Enum, auto

from loginformant_shipper.failures import Reason

KIB = 1024


class Verdict(Enum):
    """What an outcome means for the batch."""

    DELIVERED = auto()
    REFUSED = auto()
    """Something in the request is bad: find out what, by halves."""
    TOO_LARGE = auto()
    """The request, or a log in it, is too large: find out which, by halves."""
    KEY_REFUSED = auto()
    """The API key, or a log that something in front of the ingest API does not let pass."""
    MISCONFIGURED = auto()
    """The address, or a log that something in front of the ingest API does not let pass."""
    UNAVAILABLE = auto()
    """The ingest API is down, or a log is one on which it fails."""
    PATIENCE = auto()
    """The ingest API asks for patience, whatever the logs are."""


SPEAKS_OF_THE_LOGS = frozenset({Verdict.REFUSED, Verdict.TOO_LARGE})
"""Verdicts that the logs alone bring about. All others may have another cause, and need evidence."""


def judge(status: int | None, retry_after: float | None = None) -> Verdict:
    """Return what a status means; None: connection or TLS trouble, time-out, an answer that is not HTTP.

    LogInformant, "Build your own integration", names 200, 400, 401, 429 and 5xx; the others follow RFC 9110.
    Redirects are never followed, since the key would travel to another host. With `retry_after`, seconds,
    the answer asks for patience, whatever its status (RFC 9110, section 10.2.3).
    """
    if status is not None and 200 <= status <= 299:
        return Verdict.DELIVERED
    if retry_after is not None:
        return Verdict.PATIENCE
    match status:
        case None:
            return Verdict.UNAVAILABLE
        case 408 | 425 | 429:
            return Verdict.PATIENCE
        case 400 | 422:
            return Verdict.REFUSED
        case 413:
            return Verdict.TOO_LARGE
        case 401 | 403:
            return Verdict.KEY_REFUSED
    return Verdict.MISCONFIGURED if 300 <= status <= 499 else Verdict.UNAVAILABLE


def reason_of(verdict: Verdict, status: int | None) -> Reason:
    """Return why logs were not delivered that failed with this verdict, and of which no more is known."""
    match verdict:
        case Verdict.REFUSED:
            return Reason.REJECTED
        case Verdict.TOO_LARGE:
            return Reason.TOO_LARGE
        case Verdict.KEY_REFUSED:
            return Reason.UNAUTHORIZED
        case Verdict.MISCONFIGURED:
            return Reason.MISCONFIGURED
    return Reason.THROTTLED if status == 429 else Reason.UNAVAILABLE


def is_outage(status: int | None) -> bool:
    """Return whether trouble with this status (None: no answer) means that the ingest API is down.

    No 4xx does: who answers so is there, and only this request came at a bad time.
    """
    return status is None or not 400 <= status <= 499


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patiently, how often and how broadly is sent. All times in seconds."""

    max_in_flight: int = 8
    """Batches under way at once, those that wait for their next attempt included: an ingest API in trouble is
    not flooded with first attempts while retries wait. After a plea for patience fewer, for a while."""

    request_timeout: float = 10.0
    """Wall-clock limit of one attempt, name look-up, TLS and a dripping answer included."""

    min_attempt_seconds: float = 0.5
    """No attempt begins with less time than this: it would only make duplicates."""

    backoff_base: float = 0.5
    backoff_cap: float = 20.0
    """Before its n-th retry a batch waits a random time up to `backoff_base` · 2^(n-1), at most the cap. Full
    jitter keeps the many environments of one function from retrying in step ("Exponential Backoff And
    Jitter", AWS Architecture Blog)."""

    max_search_requests: int = 128
    """How many requests of one invocation the search for bad logs may cost. One bad log among 500 costs 18 at
    most."""

    failures_before_search: int = 2
    """A batch that met no answer or 5xx is searched after so many failures, each followed by the success of
    another log: most trouble of this kind is over when the batch is tried again."""

    failures_before_refused: int = 3
    """A log counts as refused by a status other than 400, 413 and 422 after so many failures, each followed
    by the success of another log."""

    max_probes: int = 2
    """So many single logs, one after the other, ask whether anything gets through."""

    max_look_ahead: int = 64
    max_look_ahead_bytes: int = 1024 * KIB
    """One of so many batches is asked with. If they were fewer where the byte limit is low, a good log behind
    bad ones would never be the one that asks."""

    max_refused_without_success: int = 4
    """After so many logs refused one by one, and none taken, the ingest API refuses everything: the search
    stops."""

    smallest_byte_limit: int = 16 * KIB
    """A 413 halves the byte limit of batches, but not below this: one larger log goes alone anyway."""

    key_refresh_interval: float = 30.0
    """A refused key is fetched afresh at most so often in one environment."""

    key_attempts: int = 4
    """How often the key is fetched in one invocation, if it is not to be had. Longer trouble is for replay:
    while invocations wait for a key, each payload that comes needs an execution of its own."""

    key_memory: float = 60.0
    """For so long after an invocation without a key the next ones ask for none; then one asks once."""

    outage_memory: float = 60.0
    """For so long after an invocation that ended `unavailable`, the next one asks with one log first."""

    max_retry_after_seconds: float = 900.0
    """A Retry-After of more than this is asked about again after this: nobody trusts a year."""

    def slots(self, in_flight: float) -> int:
        """Return how many batches may be under way, of the number that a warm environment keeps."""
        return int(min(in_flight, self.max_in_flight))

    def more_in_flight(self, in_flight: float) -> float:
        """Return the number after a success: one more after as many successes as there are batches under way.

        Together with `fewer_in_flight` it is TCP's congestion avoidance (RFC 5681, section 3.1): all
        environments of a function find the rate that the ingest API grants them, and share it.
        """
        return min(in_flight + 1 / in_flight, self.max_in_flight)

    def fewer_in_flight(self, in_flight: float) -> float:
        """Return the number after a plea for patience: half as many, at least one.

        Of the requests that were under way together only one makes it less: they were too many at once.
        """
        return max(1.0, min(in_flight, self.max_in_flight) / 2)

    def backoff(self, retry: int, random_number: float) -> float:
        """Return the seconds before retry number `retry` (1, 2, …); `random_number` is from 0 to 1."""
        return random_number * min(self.backoff_cap, self.backoff_base * 2.0 ** min(retry - 1, 32))

    def reserve_logs(self, verdict: Verdict) -> int:
        """Return how many logs of a batch that is searched are sent last.

        The success of each proves that the ingest API is well after the bad log has failed alone. They are
        enough to prove it if the bad log is one of them.
        """
        return self.failures_before_refused - self.search_after(verdict) + 1

    def search_after(self, verdict: Verdict) -> int:
        """Return after how many proven failures of this kind a batch is searched."""
        return self.failures_before_search if verdict is Verdict.UNAVAILABLE else 1
