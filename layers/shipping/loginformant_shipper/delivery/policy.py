"""What follows from an outcome, and all the numbers of delivery: values and pure functions, no I/O."""

from dataclasses import dataclass
from enum import Enum, auto

KIB = 1024


class Verdict(Enum):
    DELIVERED = auto()
    REFUSED = auto()
    """Something in the request is bad: find out what, by halves."""
    KEY_REFUSED = auto()
    MISCONFIGURED = auto()
    """No retry and no other batch will do better."""
    RETRY = auto()


def judge(status: int | None) -> Verdict:
    """What a status means; None is for connection and TLS trouble, time-outs and answers that are not HTTP.

    LogInformant, "Build your own integration", names 200, 400, 401, 429 and 5xx; the others follow RFC 9110.
    Redirects are never followed, since the key would travel to another host.
    """
    match status:
        case None | 408 | 425 | 429:
            return Verdict.RETRY
        case 400 | 413 | 422:
            return Verdict.REFUSED
        case 401 | 403:
            return Verdict.KEY_REFUSED
    if 200 <= status <= 299:
        return Verdict.DELIVERED
    if 300 <= status <= 499:
        return Verdict.MISCONFIGURED
    return Verdict.RETRY


def is_outage(status: int | None) -> bool:
    """Whether trouble with this status (None: no answer) means that the ingest API is down.

    No 4xx does: who answers so is there, and only this request came at a bad time.
    """
    return status is None or not 400 <= status <= 499


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patiently, how often and how broadly is sent. All times in seconds."""

    max_in_flight: int = 4
    """Batches under way at once, those that wait for their next attempt included: an ingest API in trouble is
    not flooded with first attempts while retries wait."""

    request_timeout: float = 10.0
    """Wall-clock limit of one attempt, name look-up, TLS and a dripping answer included."""

    min_attempt_seconds: float = 0.5
    """No attempt begins with less time than this: it would only make duplicates."""

    backoff_base: float = 0.5
    backoff_cap: float = 20.0
    """Before its n-th retry a batch waits a random time up to `backoff_base` · 2^(n-1), at most the cap. Full
    jitter keeps the many environments of one function from retrying in step ("Exponential Backoff And
    Jitter", AWS Architecture Blog)."""

    extra_requests_per_batch: int = 64
    extra_requests_per_invocation: int = 128
    """How many requests the search for bad logs may cost. One bad log among 500 costs 18."""

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
    """For so long after an invocation that ended `unavailable`, the next one asks with one batch first."""

    max_retry_after_seconds: float = 900.0
    """A Retry-After of more than this is asked about again after this: nobody trusts a year."""

    def backoff(self, retry: int, random_number: float) -> float:
        """Seconds before retry number `retry` (1, 2, …); `random_number` is from 0 to 1."""
        return random_number * min(self.backoff_cap, self.backoff_base * 2.0 ** min(retry - 1, 32))
