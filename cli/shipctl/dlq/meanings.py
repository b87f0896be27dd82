"""The meaning of each reason, and what to do, in a few words."""

from typing import NamedTuple

from loginformant_shipper.failures import Reason

from shipctl.dlq.letters import CRASHED


class Meaning(NamedTuple):
    """The meaning of a reason, and what to do."""

    what: str
    to_do: str
    """What to do. `{show}` stands for the command of that name."""


MEANINGS: dict[str, Meaning] = {
    Reason.REJECTED: Meaning("rejected individually", "{show}"),
    Reason.UNDETERMINED: Meaning("rejected together with others", "replay, to find the bad ones"),
    Reason.TOO_LARGE: Meaning("larger than LogInformant accepts", "export, then purge"),
    Reason.UNAUTHORIZED: Meaning("LogInformant rejected the API key", "set a valid key, then replay"),
    Reason.NO_KEY: Meaning("the API key could not be read", "fix that, then replay"),
    Reason.MISCONFIGURED: Meaning("not LogInformant's ingest API", "correct IngestUrl, then replay"),
    Reason.THROTTLED: Meaning("LogInformant limited the rate", "wait, or replay with --rate"),
    Reason.UNAVAILABLE: Meaning("LogInformant down or silent", "replay when it is back"),
    Reason.OUT_OF_TIME: Meaning("the function ran out of time", "replay"),
    Reason.NOT_BEGUN: Meaning("not started before time ran out", "replay"),
    Reason.MALFORMED: Meaning("not a CloudWatch Logs payload", "export, then purge"),
    Reason.OVERSIZED: Meaning("larger than MaxDecompressedBytes", "raise it, then replay --parked"),
    CRASHED: Meaning("the shipper crashed", "read its log, then replay"),
}

UNKNOWN = Meaning("unknown to this shipctl", "use the version that was deployed")


RETRY_AFTER = "Retry-After"
"""Part of the detail if nothing was sent because an earlier response had this header
(`delivery/dispatcher`)."""
_NAME_IS_NOT_KNOWN = ("NameResolutionError", "Failed to resolve", "Name or service not known")
"""Parts of error messages of urllib3 and the C library about a host name that cannot be resolved."""


_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"
_PROXY = "Tunnel connection failed"
"""Parts of error messages of OpenSSL and of the shipper (`delivery/sending/http_client`) with
`misconfigured`."""


def is_untrusted(detail: str) -> bool:
    """Return whether a failure's detail says that the server's certificate is not trusted."""
    return _CERTIFICATE in detail


def is_refused_by_proxy(detail: str) -> bool:
    """Return whether a failure's detail says that the proxy refused the connection."""
    return _PROXY in detail


def is_unknown_host(detail: str) -> bool:
    """Return whether a failure's detail says that a host name cannot be resolved."""
    return any(words in detail for words in _NAME_IS_NOT_KNOWN)


def cause_of(reason: str, status: int | None, detail: str) -> str:
    """Return what a failure means, by its reason, status and detail."""
    if reason == Reason.MISCONFIGURED and is_untrusted(detail):
        return "the certificate of what answers is not trusted"
    if reason == Reason.MISCONFIGURED and is_refused_by_proxy(detail):
        return "the proxy refuses the connection"
    if reason != Reason.UNAVAILABLE:
        return meaning_of(reason).what
    if status:
        return "LogInformant is down"
    if is_unknown_host(detail):
        return "the host name of IngestUrl cannot be resolved"
    if RETRY_AFTER in detail:
        return "LogInformant was down and sent Retry-After"
    return "LogInformant did not answer"


def meaning_of(reason: str) -> Meaning:
    """Return the meaning of a reason, or `UNKNOWN`."""
    return MEANINGS.get(reason, UNKNOWN)
