"""Names that settings, telemetry and the stages share: levels, detectors and causes of filtering."""

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
