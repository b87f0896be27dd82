"""Read past log events from a log group, oldest first.

A page of FilterLogEvents has up to 1 MB or 10,000 log events, and may be empty even if more follow. Log
events are "sorted by event timestamp, the timestamp when the event was ingested by CloudWatch Logs, and the
ID of the PutLogEvents request". They are selected by timestamp, including both ends (CloudWatch Logs API
Reference). The quota is 5 requests per second in most regions ("CloudWatch Logs quotas", CloudWatch Logs User
Guide; also "How do I determine throttling in my CloudWatch logs?", AWS re:Post). botocore's adaptive mode
adjusts to the actual one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from loginformant_shipper import __version__

from shipctl.account import CONNECT_SECONDS, READ_SECONDS, aws_errors
from shipctl.errors import CommandError
from shipctl.log_group import CHECK_OPTION, reading
from shipctl.times import EPOCH

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

READ_ATTEMPTS = 8

Milliseconds = int
"""A time in milliseconds since 1970, as in CloudWatch Logs."""


class Past(NamedTuple):
    """One past log event."""

    id: str
    timestamp: Milliseconds
    ingested: Milliseconds | None
    log_stream: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Span:
    """A time span by timestamp and by ingestion time. The beginning is included, the end is not."""

    since: Milliseconds
    until: Milliseconds
    ingested_since: Milliseconds | None = None
    ingested_until: Milliseconds | None = None

    def takes(self, event: Past) -> bool:
        """Return whether a log event is in the span. Raises `CommandError` if it has no ingestion time."""
        if not self.since <= event.timestamp < self.until:
            return False
        if self.ingested_since is None and self.ingested_until is None:
            return True
        if event.ingested is None:
            raise CommandError(
                f"log event {event.id} has no ingestionTime: omit --ingested-since and --ingested-until"
            )
        return (self.ingested_since is None or self.ingested_since <= event.ingested) and (
            self.ingested_until is None or event.ingested < self.ingested_until
        )


MAX_TIMESTAMP: Milliseconds = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def utc(moment: Milliseconds) -> str:
    """Return a time in the format of the options."""
    text = (EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")
    return text.replace(".000+00:00", "Z").replace("+00:00", "Z")


def past_of(event: "FilteredLogEventTypeDef", where: str) -> Past:
    """Return a log event of a FilterLogEvents response. Raises `CommandError` if it is not a log event."""
    identifier, timestamp, message = event.get("eventId"), event.get("timestamp"), event.get("message")
    if not (isinstance(identifier, str) and identifier and isinstance(timestamp, int)):
        raise CommandError(
            f"{where}: a log event has no eventId or no timestamp, so that it could be shipped twice: "
            "give the output of aws logs filter-log-events"
        )
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise CommandError(
            f"{where}: log event {identifier} has a timestamp of {timestamp}, not milliseconds"
        )
    if not isinstance(message, str):
        raise CommandError(f"{where}: log event {identifier} has no message")
    ingested = event.get("ingestionTime")
    return Past(
        identifier,
        timestamp,
        ingested if isinstance(ingested, int) else None,
        str(event.get("logStreamName", "")),
        message,
    )


def read_history(
    session: "boto3.Session", log_group: str, span: Span, start: Milliseconds, pattern: str
) -> Iterator[Sequence[Past]]:
    """Yield pages of log events; a page may be empty.

    Args:
        session: The session of the account.
        log_group: The name of the log group.
        span: The time span.
        start: The timestamp in `span` from which on log events are read.
        pattern: A CloudWatch Logs filter pattern. An empty pattern matches everything.

    Raises:
        CommandError: The log group does not exist, or cannot be read.
    """
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "adaptive", "total_max_attempts": READ_ATTEMPTS},
        user_agent_extra=f"shipctl/{__version__}",
    )
    selection: dict[str, Any] = {"filterPattern": pattern} if pattern else {}
    with aws_errors(f"Reading {log_group}"):
        client = session.client("logs", config=config)
    with reading(client, log_group, CHECK_OPTION):
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=log_group, startTime=start, endTime=span.until - 1, **selection
        )
        for page in pages:
            events = (past_of(event, log_group) for event in page["events"])
            yield [event for event in events if span.takes(event)]
