"""The meaning of outcomes, and all limits and intervals of delivery. No I/O."""

from dataclasses import dataclass
from enum import Enum, auto

from loginformant_shipper.failures import Reason

KIB = 1024


class Verdict(Enum):
    """The meaning of an outcome for a batch."""

    DELIVERED = auto()
    REFUSED = auto()
    """A log in the request is bad. The batch is searched by halves."""
    TOO_LARGE = auto()
    """The request or a log in it is too large. The batch is searched by halves."""
    KEY_REFUSED = auto()
    """The API key is rejected, or a log is blocked by a proxy in front of the ingest API."""
    MISCONFIGURED = auto()
    """Something other than the ingest API answers, or a log is blocked by a proxy in front of it."""
    UNAVAILABLE = auto()
    """The ingest API is down, or fails on a log."""
    PATIENCE = auto()
    """The ingest API asks to wait, regardless of the logs."""


SPEAKS_OF_THE_LOGS = frozenset({Verdict.REFUSED, Verdict.TOO_LARGE})
"""Verdicts that only the logs can cause. All others may have another cause, and require evidence."""


def judge(status: int | None, retry_after: float | None = None, *, is_foreign: bool = False) -> Verdict:
    """Return the meaning of a response.

    LogInformant documents 200, 400, 401, 429 and 5xx ("Build your own integration"); the others follow RFC
    9110. Redirects are never followed, since the API key would be sent to another host.

    A 2xx means that logs were accepted only if the ingest API itself answered. Firewalls and content delivery
    networks may answer 200 with an error page of their own (`ResponseCode` in "CustomErrorResponse", Amazon
    CloudFront API Reference).

    A Retry-After makes only a 503 a request to wait (RFC 9110, section 15.6.4). Content delivery networks add
    it to other errors, which a single log may cause ("Retry-After HTTP header for retryable 1xxx errors",
    Cloudflare changelog), and to wait would end the search for that log.

    Args:
        status: The HTTP status. None: an error of the connection or of TLS, a timeout, or a response that is
            not HTTP.
        retry_after: The seconds of a Retry-After header. None: there is no such header.
        is_foreign: Whether something other than the ingest API answered.
    """
    if status is not None and 200 <= status <= 299:
        return Verdict.MISCONFIGURED if is_foreign else Verdict.DELIVERED
    match status:
        case None:
            return Verdict.MISCONFIGURED if is_foreign else Verdict.UNAVAILABLE
        case 408 | 425 | 429:
            return Verdict.PATIENCE
        case 503 if retry_after is not None:
            return Verdict.PATIENCE
        case 400 | 422:
            return Verdict.REFUSED
        case 413:
            return Verdict.TOO_LARGE
        case 401 | 403:
            return Verdict.KEY_REFUSED
    return Verdict.MISCONFIGURED if 300 <= status <= 499 else Verdict.UNAVAILABLE


def is_refused_by_proxy(status: int) -> bool:
    """Return whether a proxy that answers CONNECT with this status refuses it until something is changed."""
    return 300 <= status <= 499 and judge(status) is not Verdict.PATIENCE


def reason_of(verdict: Verdict, status: int | None) -> Reason:
    """Return the reason of logs that failed with this verdict, if no more is known about them."""
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


REFUSES_EVERYTHING = frozenset({Reason.UNAUTHORIZED, Reason.MISCONFIGURED})
"""Reasons for which no log at all is delivered, until the key or the address is changed."""


def is_outage(status: int | None) -> bool:
    """Return whether an error with this status (None: no response) means that the ingest API is down.

    A 4xx does not, since the ingest API answered, and only this request failed.
    """
    return status is None or not 400 <= status <= 499


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits and intervals of delivery. All times are in seconds."""

    max_in_flight: int = 8
    """The maximum number of concurrent batches, including those that wait for their next attempt, so that a
    failing ingest API does not get more first attempts while retries wait. It is lower after a request to
    wait."""

    request_timeout: float = 10.0
    """The timeout of one attempt, including name resolution, TLS and a slow response."""

    min_attempt_seconds: float = 0.5
    """The minimum remaining time to start an attempt. With less, it would only cause duplicates."""

    backoff_base: float = 0.5
    backoff_cap: float = 20.0
    """The maximum backoff. Before its n-th retry, a batch waits a random time up to `backoff_base` · 2^(n-1).
    The full jitter keeps the environments of a function from retrying at the same time ("Exponential Backoff
    And Jitter", AWS Architecture Blog)."""

    max_search_requests: int = 128
    """The maximum number of requests of one invocation for the search for bad logs. One bad log among 500
    costs at most 18."""

    failures_before_search: int = 2
    """The number of failures, each followed by the success of another log, after which a batch without a
    response or with 5xx is searched. Most failures of this kind do not recur at the next attempt."""

    failures_before_refused: int = 3
    """The number of failures, each followed by the success of another log, after which a log counts as
    rejected with a status other than 400, 413 and 422."""

    max_probes: int = 2
    """The maximum number of single logs that are sent to find out whether any log is accepted."""

    max_look_ahead: int = 64
    max_look_ahead_bytes: int = 1024 * KIB
    """The size of the batches that are filled in advance for probes. With fewer bytes, a good log after bad
    ones might never be used as a probe."""

    max_refused_without_success: int = 4
    """The number of individually rejected logs without any accepted log after which the search stops, since
    the ingest API rejects everything."""

    smallest_byte_limit: int = 4 * KIB
    """The minimum to which a refused size lowers the byte limit of batches. A larger log is sent alone
    anyway. A firewall may allow only 8 KB (`SizeRestrictions_BODY` in "Baseline rule groups", AWS WAF
    Developer Guide; it answers 403: aws-solutions/deepracer-on-aws#89)."""

    key_refresh_interval: float = 30.0
    """The minimum interval after which an environment reads a rejected key again."""

    key_attempts: int = 4
    """The maximum number of attempts of one invocation to read the key. Longer failures are left to replay,
    since each payload needs its own execution while invocations wait."""

    key_memory: float = 60.0
    """How long invocations do not read the key after an invocation that could not read it."""

    doubt_memory: float = 60.0
    """How long invocations send a single log first after an invocation that ended `unavailable`, or that
    delivered nothing because the ingest API asked to wait, or refused the key or the address."""

    max_retry_after_seconds: float = 900.0
    """The maximum of a Retry-After. Longer values are limited to it."""

    def slots(self, in_flight: float) -> int:
        """Return the number of concurrent batches for the value that a warm environment keeps."""
        return int(min(in_flight, self.max_in_flight))

    def more_in_flight(self, in_flight: float) -> float:
        """Return the value after a success: one more after as many successes as there are concurrent batches.

        Together with `fewer_in_flight`, this is the congestion avoidance of TCP (RFC 5681, section 3.1), with
        which all environments of a function share the rate that the ingest API allows.
        """
        return min(in_flight + 1 / in_flight, self.max_in_flight)

    def fewer_in_flight(self, in_flight: float) -> float:
        """Return the value after a request to wait: half as many, at least one.

        Only one of the requests that were sent concurrently lowers it.
        """
        return max(1.0, min(in_flight, self.max_in_flight) / 2)

    def backoff(self, retry: int, random_number: float) -> float:
        """Return the backoff in seconds before a retry, numbered from 1; `random_number` is from 0 to 1."""
        return random_number * min(self.backoff_cap, self.backoff_base * 2.0 ** min(retry - 1, 32))

    def reserve_logs(self, verdict: Verdict) -> int:
        """Return how many logs of a searched batch are kept back and sent last.

        The success of each proves that the ingest API works after the bad log has failed alone. There are
        enough of them even if the bad log is one of them.
        """
        return self.failures_before_refused - self.search_after(verdict) + 1

    def search_after(self, verdict: Verdict) -> int:
        """Return the number of proven failures of this kind after which a batch is searched."""
        return self.failures_before_search if verdict is Verdict.UNAVAILABLE else 1
