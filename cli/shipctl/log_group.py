"""Read log events from a log group."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from loginformant_shipper.events import LogEvent, Origin, SubscriptionMessage

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.streams import LimitReached, Piece, Streams
from shipctl.times import milliseconds

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

MAX_PAGE = 10_000
"""The maximum number of log events in one response (FilterLogEvents, CloudWatch Logs API Reference)."""


CHECK_OPTION = "check --log-group, --region and --profile"


@contextmanager
def reading(client: "CloudWatchLogsClient", log_group: str, remedy: str) -> Iterator[None]:
    """Turn each AWS error within the block into a `CommandError`.

    Args:
        client: The client that the block uses.
        log_group: The name of the log group that the block reads.
        remedy: What the user can do if the log group does not exist.
    """
    with aws_errors(f"Reading {log_group}"):
        try:
            yield
        except client.exceptions.ResourceNotFoundException as error:
            region = client.meta.region_name
            raise CommandError(f"there is no log group {log_group} in {region}: {remedy}") from error


def read_log_group(
    session: "boto3.Session", log_group: str, since: datetime, until: datetime, limit: int
) -> Generator[Piece, None, None]:
    """Yield the log events of `log_group` between two times, oldest first, at most `limit` of them.

    Each page of the response, at most 1 MB, is yielded as one `Streams`. A stack trace that continues on the
    next page is not joined.

    Raises:
        CommandError: The log group does not exist, or AWS reports an error.
    """
    with aws_errors(f"Reading {log_group}"):
        client = session.client("logs", config=client_config())
    with reading(client, log_group, "check the name, --region and --profile"):
        owner: str | None = None
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=log_group,
            startTime=milliseconds(since),
            endTime=milliseconds(until),
            PaginationConfig={"MaxItems": limit, "PageSize": min(limit, MAX_PAGE)},
        )
        for page in pages:
            if events := page["events"]:
                owner = _account_id(session) if owner is None else owner
                yield Streams(tuple(streams_of(events, owner, log_group)))
    if pages.resume_token:
        yield LimitReached(limit)


def streams_of(
    events: "list[FilteredLogEventTypeDef]", owner: str, log_group: str
) -> Iterator[SubscriptionMessage]:
    """Yield the log events of a FilterLogEvents response, one message for each log stream."""
    by_stream: dict[str, list[LogEvent]] = {}
    for event in events:
        by_stream.setdefault(event.get("logStreamName", ""), []).append(log_event(event))
    for name, of_stream in by_stream.items():
        yield SubscriptionMessage(Origin(owner, log_group, name), tuple(of_stream))


def log_event(event: "FilteredLogEventTypeDef") -> LogEvent:
    """Return a log event of FilterLogEvents or GetLogEvents in the form that a subscription sends."""
    return LogEvent(event.get("eventId", ""), event.get("timestamp"), event.get("message", ""))


def _account_id(session: "boto3.Session") -> str:
    """Return the account id, or an empty text if it cannot be read; a preview works without it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return session.client("sts", config=client_config()).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError):
        return ""
