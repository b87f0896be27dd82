"""What each reason means, and what to do: a line for someone who was just woken."""

from typing import NamedTuple

from loginformant_shipper.reasons import Reason

from shipctl.dlq.letters import CRASHED


class Meaning(NamedTuple):
    what: str
    to_do: str


MEANINGS: dict[str, Meaning] = {
    Reason.REJECTED: Meaning("refused, each for itself", "read why: shipctl dlq show --reason rejected"),
    Reason.UNDETERMINED: Meaning("refused together, not tried alone", "replay finds the bad ones among them"),
    Reason.TOO_LARGE: Meaning("single logs too large for LogInformant", "export, then purge"),
    Reason.UNAUTHORIZED: Meaning("LogInformant refused the API key", "set a valid key, then replay"),
    Reason.NO_KEY: Meaning("the API key could not be read", "put secret or permission right, then replay"),
    Reason.MISCONFIGURED: Meaning("something else answered", "put IngestUrl right, then replay"),
    Reason.THROTTLED: Meaning("LogInformant limited the rate", "wait, or replay slowly: --rate"),
    Reason.UNAVAILABLE: Meaning("LogInformant gave no answer, or 5xx", "replay when it is back"),
    Reason.OUT_OF_TIME: Meaning("the function's time was used up", "replay"),
    Reason.MALFORMED: Meaning("no payload of CloudWatch's", "find out who sent it; export, then purge"),
    Reason.OVERSIZED: Meaning("beyond MaxDecompressedBytes", "raise that, then replay --parked"),
    CRASHED: Meaning("the shipper failed; Lambda stored it", "see the shipper's log for why, then replay"),
}

UNKNOWN = Meaning("a reason that this shipctl does not know", "use the shipctl of the deployed version")


def meaning_of(reason: str) -> Meaning:
    return MEANINGS.get(reason, UNKNOWN)
