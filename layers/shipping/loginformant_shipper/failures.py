"""The reasons for which log events are not delivered, as they are stored in the dead-letter queue."""

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a log event could not be delivered."""

    REJECTED = "rejected"
    """The ingest API rejected this individual log (400 or 422)."""
    UNDETERMINED = "undetermined"
    """The ingest API rejected the log together with others, and the limit of extra requests was reached."""
    TOO_LARGE = "too_large"
    """The ingest API rejected this individual log because of its size (413)."""
    UNAUTHORIZED = "unauthorized"
    """The ingest API rejected the API key (401 or 403), also after the key was read again."""
    NO_KEY = "no_key"
    """The API key could not be read from its secret or SSM parameter."""
    MISCONFIGURED = "misconfigured"
    """The response does not depend on the logs, such as a redirect, 404 or 405. INGEST_URL is probably
    wrong."""
    THROTTLED = "throttled"
    """The ingest API limited the rate (429) until the invocation ran out of time."""
    UNAVAILABLE = "unavailable"
    """The ingest API was unreachable or answered 5xx, 408 or 425 until the invocation ran out of time."""
    OUT_OF_TIME = "out_of_time"
    """The invocation ran out of time before the ingest API answered."""
    NOT_BEGUN = "not_begun"
    """The invocation ran out of time before it processed the payload, which is stored unchanged and
    unredacted."""
    MALFORMED = "malformed"
    """Not a CloudWatch Logs payload. It is stored unchanged."""
    OVERSIZED = "oversized"
    """The decompressed payload exceeds MAX_DECOMPRESSED_BYTES. It is stored unchanged."""


KEY_OR_ADDRESS = frozenset({Reason.UNAUTHORIZED, Reason.NO_KEY, Reason.MISCONFIGURED})
"""Failures that continue until an operator corrects the API key or the address."""


class Failure(NamedTuple):
    """Why log events were not delivered, with the ingest API's response."""

    reason: Reason
    status: int | None = None
    detail: str = ""
