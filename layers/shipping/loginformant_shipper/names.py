"""Names that settings, telemetry and the stages share: levels, detectors, causes of filtering, metrics."""

from enum import StrEnum


class Name(StrEnum):
    """Names that are keys for each log event: they hash as the text that they are, which Python does in C."""

    __hash__ = str.__hash__


class Level(Name):
    """The five levels of the ingest API."""

    DEBUG = "Debug"
    INFORMATION = "Information"
    WARNING = "Warning"
    ERROR = "Error"
    FATAL = "Fatal"


class Detector(StrEnum):
    """The detectors that `REDACT` can name. Each finds one kind of sensitive data."""

    EMAIL = "email"
    CREDIT_CARD = "credit-card"
    AWS_KEY = "aws-key"
    TOKEN = "token"
    PRIVATE_KEY = "private-key"
    IP_ADDRESS = "ip-address"
    NATIONAL_ID = "national-id"


class FilterCause(Name):
    """Why a log is not shipped, in the order in which the causes are checked."""

    OWN = "own"
    """It is from a log group of the stack's own functions."""
    BLANK = "blank"
    """Its message is blank."""
    LEVEL = "level"
    INCLUDE_PATTERN = "includePattern"
    EXCLUDE_PATTERN = "excludePattern"
    SAMPLING = "sampling"


METRICS_NAMESPACE = "LogInformantShipper"


class Metric(Name):
    """Names of the metrics of log events. They count attempts: a retried log event is received again."""

    EVENTS_RECEIVED = "EventsReceived"
    EVENTS_FILTERED = "EventsFiltered"
    EVENTS_DELIVERED = "EventsDelivered"
    EVENTS_DEAD_LETTERED = "EventsDeadLettered"
    EVENTS_RETURNED = "EventsReturned"
    REQUESTS = "Requests"
    RETRIES = "Retries"
    INGEST_LATENCY = "IngestLatency"
    """Milliseconds from a request to its response."""
    EVENTS_BLOCKED = "EventsBlocked"
    """Log events that were not delivered because the API key or the address is wrong. It is a metric of the
    whole stack and is only written if there are any, so that one alarm on one metric is sufficient."""


class SubscriptionMetric(StrEnum):
    """Names of the subscriber's metrics. They count the log groups that a run checked."""

    WANTED = "LogGroupsWanted"
    SUBSCRIBED = "LogGroupsSubscribed"
    """Selected log groups that are subscribed, including those that users subscribed themselves."""
    REFUSED = "LogGroupsRefused"
    """Log groups that cannot be subscribed as configured, since AWS rejects it or another filter has the
    name."""
