"""Log events of the past, read from a log group, oldest first.

FilterLogEvents (CloudWatch Logs API Reference): a page has up to 1 MB or 10,000 log events, may be empty
though more follow, and they are "sorted by event timestamp, the timestamp when the event was ingested by
CloudWatch Logs, and the ID of the PutLogEvents request". It selects by the time of the events alone, both
ends included. An account has 5 requests a second in most regions ("CloudWatch Logs quotas", CloudWatch Logs
User Guide; 5 also in "How do I determine throttling in my CloudWatch logs?", AWS re:Post): botocore's
adaptive mode keeps to whatever it is.
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
"""Since 1970, as CloudWatch Logs counts."""


class Past(NamedTuple):
    """One log event of the past."""

    id: str
    timestamp: Milliseconds
    ingested: Milliseconds | None
    log_stream: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Span:
    """Which log events: those from `since` on and before `until`, by their own time and by their arrival."""

    since: Milliseconds
    until: Milliseconds
    ingested_since: Milliseconds | None = None
    ingested_until: Milliseconds | None = None

    def takes(self, event: Past) -> bool:
        """Whether the log event is one of them. Raises `CommandError` where its arrival is not known."""
        if not self.since <= event.timestamp < self.until:
            return False
        if self.ingested_since is None and self.ingested_until is None:
            return True
        if event.ingested is None:
            raise CommandError(
                f"log event {event.id} does not say when it was ingested (ingestionTime): "
                "leave out --ingested-since and --ingested-until"
            )
        return (self.ingested_since is None or self.ingested_since <= event.ingested) and (
            self.ingested_until is None or event.ingested < self.ingested_until
        )


def utc(moment: Milliseconds) -> str:
    """Return a moment as an option takes it."""
    text = (EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")
    return text.replace(".000+00:00", "Z").replace("+00:00", "Z")


def past_of(event: "FilteredLogEventTypeDef", where: str) -> Past:
    """Return a log event of FilterLogEvents' answer. Raises `CommandError` for one that is none."""
    identifier, timestamp, message = event.get("eventId"), event.get("timestamp"), event.get("message")
    if not (isinstance(identifier, str) and identifier and isinstance(timestamp, int)):
        raise CommandError(
            f"{where}: a log event has no eventId or no timestamp, without which it might be shipped twice: "
            "give the output of aws logs filter-log-events"
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
    """Yield the log events of `span` from `start` on, page by page; also pages without any.

    `pattern` is a filter pattern of CloudWatch Logs; none matches everything. Raises `CommandError`.
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
