"""Names that settings, telemetry and the stages share: levels, detectors, causes of filtering, metrics."""

from enum import StrEnum


class Level(StrEnum):
    """The five levels of the ingest API."""

    DEBUG = "Debug"
    INFORMATION = "Information"
    WARNING = "Warning"
    ERROR = "Error"
    FATAL = "Fatal"


class Detector(StrEnum):
    """What `REDACT` can name: each finds one kind of thing that must not leave the account."""

    EMAIL = "email"
    CREDIT_CARD = "credit-card"
    AWS_KEY = "aws-key"
    TOKEN = "token"
    PRIVATE_KEY = "private-key"
    IP_ADDRESS = "ip-address"
    NATIONAL_ID = "national-id"


class FilterCause(StrEnum):
    """Why a log is not shipped, in the order in which it is looked for."""

    OWN = "own"
    """It comes from the stack's own log groups."""
    BLANK = "blank"
    """It says nothing."""
    LEVEL = "level"
    INCLUDE_PATTERN = "includePattern"
    EXCLUDE_PATTERN = "excludePattern"
    SAMPLING = "sampling"


METRICS_NAMESPACE = "LogInformantShipper"


class Metric(StrEnum):
    """Names of the metrics of log events. They count attempts: an event that is retried is received again."""

    EVENTS_RECEIVED = "EventsReceived"
    EVENTS_FILTERED = "EventsFiltered"
    EVENTS_DELIVERED = "EventsDelivered"
    EVENTS_DEAD_LETTERED = "EventsDeadLettered"
    EVENTS_RETURNED = "EventsReturned"
    REQUESTS = "Requests"
    RETRIES = "Retries"
    INGEST_LATENCY = "IngestLatency"
    """Milliseconds from a request to its answer."""
    EVENTS_BLOCKED = "EventsBlocked"
    """Not delivered since the API key or the address is wrong. Of the whole stack, and only where there are
    any: so one alarm on one metric tells of it at once."""


class SubscriptionMetric(StrEnum):
    """Names of the subscriber's metrics, of the log groups that one run looked at."""

    WANTED = "LogGroupsWanted"
    SUBSCRIBED = "LogGroupsSubscribed"
    """Of the wanted ones; what was subscribed by hand counts, too."""
    REFUSED = "LogGroupsRefused"
    """Not as they are wanted, since AWS refused or a filter of somebody else is in the way."""
