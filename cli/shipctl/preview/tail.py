"""`shipctl tail`: show new logs as they arrive at LogInformant."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from loginformant_shipper.events import SubscriptionMessage
from rich.console import Console

from shipctl.account import client_config
from shipctl.errors import CommandError
from shipctl.json_lines import JsonLines
from shipctl.log_group import CHECK_OPTION, reading, streams_of
from shipctl.option_blocks import optional
from shipctl.options import AsJson, Place
from shipctl.polling import TemporaryErrors
from shipctl.preview.arrivals import arrivals
from shipctl.preview.shown import Shown
from shipctl.preview.summary import PreviewCounts
from shipctl.preview.tried_settings import Tried, not_applied, settings_for
from shipctl.stack import Stack
from shipctl.streams import Streams
from shipctl.subscriptions.deployed_settings import logs_api, settings_of, wanted_log_groups
from shipctl.table import LogTable
from shipctl.terminal import counted, one_line
from shipctl.times import milliseconds, moment

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

MAX_LOG_GROUPS = 20
REQUESTS_PER_SECOND = 4
"""The maximum rate of FilterLogEvents. The account's quota is 5 in most regions ("CloudWatch Logs quotas",
Amazon CloudWatch Logs User Guide), and other programs need a share of it."""
POLL_SECONDS = 2.0
DEFAULT_SINCE = timedelta(minutes=1)
LATE = timedelta(seconds=30)
"""How late a log event may arrive after its timestamp and still be shown."""

EXAMPLES = """**Examples**

- `shipctl tail --log-group /aws/lambda/orders --log-group /ecs/payments`

- `shipctl tail --log-group orders --level Error --level Fatal --exceptions`

- `shipctl tail --log-group orders --dropped --exclude-pattern 'GET /health'`
"""


@dataclass
class Follower:
    """Reads new log events of some log groups."""

    client: "CloudWatchLogsClient"
    log_groups: Sequence[str]
    owner: str
    pattern: str
    _seen: dict[str, int] = field(default_factory=dict)
    """Ids and timestamps of log events that were already returned."""

    def read(self, since: datetime) -> Streams:
        """Return the log events since a time that were not returned before. Raises `CommandError`."""
        begin = milliseconds(since)
        self._seen = {name: when for name, when in self._seen.items() if when >= begin}
        new: dict[str, int] = {}
        groups = [self._new(group, begin, new) for group in self.log_groups]
        self._seen |= new  # not before all were read: what is not returned because of an error is not seen
        return Streams(tuple(message for group in groups for message in group))

    def _new(self, log_group: str, begin: int, new: dict[str, int]) -> list[SubscriptionMessage]:
        selection: dict[str, Any] = {"filterPattern": self.pattern} if self.pattern else {}
        found = []
        with reading(self.client, log_group, CHECK_OPTION):
            pages = self.client.get_paginator("filter_log_events").paginate(
                logGroupName=log_group, startTime=begin, **selection
            )
            for page in pages:
                for event in page["events"]:
                    name = event.get("eventId") or f"{event.get('logStreamName')} {event}"
                    if name not in self._seen and name not in new:
                        new[name] = event.get("timestamp", begin)
                        found.append(event)
        return list(streams_of(found, self.owner, log_group))


def tail(
    place: Place,
    tried: Tried,
    wanted: Shown,
    log_groups: Annotated[
        list[str] | None,
        optional(
            "--log-group",
            "NAME",
            "Show only logs of this log group. May be given several times.  [default: all log groups that "
            f"LogGroups names, if there are at most {MAX_LOG_GROUPS}]",
            "Which logs",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        optional(
            "--since",
            "TIME",
            "Start of the time range: a duration before now (90s, 15m, 1h) or a time in UTC "
            "(2026-11-03T09:00).  [default: 1m]",
            "Which logs",
            parser=moment,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show new logs as they arrive at LogInformant, until Ctrl-C.

    The logs are read from the log groups, and go through the shipper's own code with the stack's settings:
    they are shown redacted, with their levels, and without those that are filtered out. --dropped shows
    these, too, with the rule that drops them. Other options try a setting in place of the stack's. Nothing is
    sent.

    CloudWatch Logs is read every two seconds, four log groups a second. A stack trace that is still being
    written may be cut. Log events that reach CloudWatch Logs more than half a minute late are not shown.
    """
    stack = place.find()
    given = tried.parameters()
    settings = settings_for(stack, given, stack.region)
    names = log_groups or _all_wanted(stack)
    if len(names) > MAX_LOG_GROUPS:
        raise typer.BadParameter(f"give --log-group at most {MAX_LOG_GROUPS} times")
    follower = Follower(
        stack.session.client("logs", config=client_config()),
        names,
        stack.output("ShipperFunctionArn").split(":")[4],
        stack.parameters.get("SubscriptionFilterPattern", ""),
    )
    if remark := not_applied(stack, given):
        print(f"shipctl: {remark}", file=sys.stderr)
    writer = JsonLines() if as_json else LogTable(Console(highlight=False), show_exceptions=wanted.exceptions)
    began, seen = since or datetime.now(UTC) - DEFAULT_SINCE, PreviewCounts()
    if sys.stderr.isatty():
        reading = names[0] if len(names) == 1 else counted(len(names), "log group")
        print(f"shipctl: reading {one_line(reading)}; press Ctrl-C to stop", file=sys.stderr)
    errors = TemporaryErrors()
    while True:
        with errors.reported():
            writer.write(wanted.of(arrivals(follower.read(began), settings), seen))
            began = max(began, datetime.now(UTC) - LATE)
        time.sleep(max(POLL_SECONDS, len(names) / REQUESTS_PER_SECOND))


def _all_wanted(stack: Stack) -> list[str]:
    settings = settings_of(stack)
    found = sorted(wanted_log_groups(logs_api(stack, settings), settings))
    if not found:
        raise CommandError(
            "the stack ships no log groups (its LogGroups is empty): name some with --log-group"
        )
    if len(found) > MAX_LOG_GROUPS:
        raise CommandError(
            f"the stack ships {len(found):,} log groups: name at most {MAX_LOG_GROUPS} with --log-group"
        )
    return found
