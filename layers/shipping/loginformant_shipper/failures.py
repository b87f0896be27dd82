"""Why a log event was not delivered: the words that stand in the dead-letter queue."""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a log event could not be delivered."""

    REJECTED = "rejected"
    """The ingest API refused this very log (400 or 422)."""
    UNDETERMINED = "undetermined"
    """Refused together with others, and not tried alone: the bound on extra requests was reached."""
    TOO_LARGE = "too_large"
    """The ingest API refused this one log for its size (413)."""
    UNAUTHORIZED = "unauthorized"
    """The ingest API refused the API key (401 or 403), and a freshly fetched one did not help."""
    NO_KEY = "no_key"
    """The API key could not be read from its secret or parameter."""
    MISCONFIGURED = "misconfigured"
    """An answer that no retry and no other log changes: a redirect, 404, 405 …: look at INGEST_URL."""
    THROTTLED = "throttled"
    """The ingest API limited the rate (429) until no time was left."""
    UNAVAILABLE = "unavailable"
    """The ingest API could not be reached or answered 5xx, 408 or 425 until no time was left."""
    OUT_OF_TIME = "out_of_time"
    """The function's time was used up before an answer came."""
    NOT_BEGUN = "not_begun"
    """The function's time was used up before work on it began; stored as it came, before any redaction."""
    MALFORMED = "malformed"
    """Not a CloudWatch Logs payload; stored as it came."""
    OVERSIZED = "oversized"
    """A payload that inflates beyond MAX_DECOMPRESSED_BYTES; stored as it came."""


KEY_OR_ADDRESS = frozenset({Reason.UNAUTHORIZED, Reason.NO_KEY, Reason.MISCONFIGURED})
"""They end when a person has put the API key or the address right, and not before."""


class Failure(NamedTuple):
    """Why something could not be delivered, with what the ingest API said."""

    reason: Reason
    status: int | None = None
    detail: str = ""
