"""What each reason means, and what to do: a line for someone who was just woken."""

from typing import NamedTuple

from loginformant_shipper.failures import Reason

from shipctl.dlq.letters import CRASHED


class Meaning(NamedTuple):
    """What a reason means to a person, and what to do about it."""

    what: str
    to_do: str
    """With `{show}` for the command of that name."""


MEANINGS: dict[str, Meaning] = {
    Reason.REJECTED: Meaning("refused, each for itself", "{show} says why"),
    Reason.UNDETERMINED: Meaning("refused together with others", "replay finds the bad ones"),
    Reason.TOO_LARGE: Meaning("single logs that are too large", "export, then purge"),
    Reason.UNAUTHORIZED: Meaning("LogInformant refused the API key", "set a valid key, then replay"),
    Reason.NO_KEY: Meaning("the API key could not be read", "put that right, then replay"),
    Reason.MISCONFIGURED: Meaning("something else answered", "correct IngestUrl, then replay"),
    Reason.THROTTLED: Meaning("LogInformant limited the rate", "wait, or replay with --rate"),
    Reason.UNAVAILABLE: Meaning("LogInformant down, or no answer", "replay when it is back"),
    Reason.OUT_OF_TIME: Meaning("the function's time was used up", "replay"),
    Reason.NOT_BEGUN: Meaning("the time was used up before", "replay"),
    Reason.MALFORMED: Meaning("no payload of CloudWatch's", "export, then purge"),
    Reason.OVERSIZED: Meaning("beyond MaxDecompressedBytes", "raise it, then replay --parked"),
    CRASHED: Meaning("the shipper failed", "read its log, then replay"),
}

UNKNOWN = Meaning("unknown to this shipctl", "use the one that was deployed")


RETRY_AFTER = "Retry-After"
"""In the detail where nothing was sent, since an earlier answer had one (`delivery/dispatcher`)."""
_NAME_IS_NOT_KNOWN = ("NameResolutionError", "Failed to resolve", "Name or service not known")
"""How urllib3 and the C library say that a host name is not known."""


def is_unknown_host(detail: str) -> bool:
    """Whether the detail of a failure says that a host name is not known."""
    return any(words in detail for words in _NAME_IS_NOT_KNOWN)


def cause_of(reason: str, status: int | None, detail: str) -> str:
    """Return what one failure means: status and detail tell an outage from what cannot be reached."""
    if reason != Reason.UNAVAILABLE:
        return meaning_of(reason).what
    if status:
        return "LogInformant is down"
    if is_unknown_host(detail):
        return "the host name of IngestUrl is not known"
    if RETRY_AFTER in detail:
        return "LogInformant was down and asked to be left alone for a time"
    return "LogInformant gave no answer"


def meaning_of(reason: str) -> Meaning:
    """Return what a reason means; of an unknown one, that it is unknown."""
    return MEANINGS.get(reason, UNKNOWN)
