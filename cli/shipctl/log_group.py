"""Log events out of a log group in an AWS account."""

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
"""Log events that one answer holds at most (FilterLogEvents, CloudWatch Logs API reference)."""


CHECK_OPTION = "check --log-group, --region and --profile"


@contextmanager
def reading(client: "CloudWatchLogsClient", log_group: str, remedy: str) -> Iterator[None]:
    """Turn each error of AWS within the block into a `CommandError`.

    `remedy` says what to do where there is no such log group.
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
    """Yield the log events of `log_group` between two moments, oldest first, at most `limit` of them.

    One page of CloudWatch's answer is held at a time, at most 1 MB of events, and is one `Streams`: a stack
    trace that is cut by the end of a page is not joined. Raises `CommandError`.
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
    """Yield the log events of an answer of FilterLogEvents, log stream by log stream."""
    by_stream: dict[str, list[LogEvent]] = {}
    for event in events:
        by_stream.setdefault(event.get("logStreamName", ""), []).append(log_event(event))
    for name, of_stream in by_stream.items():
        yield SubscriptionMessage(Origin(owner, log_group, name), tuple(of_stream))


def log_event(event: "FilteredLogEventTypeDef") -> LogEvent:
    """One of FilterLogEvents' or GetLogEvents' log events, as a subscription would send it."""
    return LogEvent(event.get("eventId", ""), event.get("timestamp"), event.get("message", ""))


def _account_id(session: "boto3.Session") -> str:
    """Return the account's number; empty where it cannot be had, since a preview is possible without it."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return session.client("sts", config=client_config()).get_caller_identity()["Account"]
    except (BotoCoreError, ClientError):
        return ""
