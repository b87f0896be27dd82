"""Read the functions' own logs with FilterLogEvents.

Each invocation logs a line of metrics in the embedded metric format. Unless they are needed, a filter pattern
leaves these lines out.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from loginformant_shipper.names import FilterCause, Metric

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.stack import Stack
from shipctl.times import milliseconds

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

NO_METRICS = "{ $._aws.Timestamp NOT EXISTS }"
"""Matches JSON lines that are not metrics ("Filter pattern syntax", Amazon CloudWatch Logs User Guide). The
functions and Lambda log JSON (`LoggingConfig`); only a process that crashes prints other lines."""

ONLY_FILTERED = "{ $.EventsFiltered[0] > 0 }"
"""Matches the metric lines of invocations that filtered log events out."""

ONLY_DELIVERED = "{ $.EventsDelivered[0] > 0 }"
"""Matches the metric lines of invocations that delivered log events."""

ONLY_LET_THROUGH = (
    "{ ($.EventsDelivered[0] > 0) || ($.EventsDeadLettered[0] > 0) || ($.EventsReturned[0] > 0) }"
)
"""Matches the metric lines of invocations in which log events passed the filters."""


class Line(NamedTuple):
    """One log event of a function's own log group."""

    identifier: str
    time: datetime
    function: Function
    text: str
    """The line as it was logged."""
    fields: Mapping[str, Any]
    """The members of the JSON object; empty if the line is not one."""

    @property
    def is_metrics(self) -> bool:
        """Return whether the line holds metrics in the embedded metric format."""
        return "_aws" in self.fields

    @property
    def level(self) -> str:
        """Return the level, such as `WARNING`; empty if the line has none."""
        level = self.fields.get("level", self.fields.get("log_level", ""))
        return level if isinstance(level, str) else ""


class Trouble(NamedTuple):
    """A function's log line about log events that it did not deliver."""

    time: datetime
    function: Function
    reason: str
    status: int | None
    detail: str
    events: int
    parked: bool


def read_lines(
    stack: Stack, function: Function, since: datetime, until: datetime | None = None, pattern: str = ""
) -> Iterator[Line]:
    """Yield the lines of a function's log, sorted by time.

    Args:
        stack: The stack.
        function: The function whose log is read.
        since: The time of the first line.
        until: The time before which lines are read. None: no limit.
        pattern: A CloudWatch Logs filter pattern. An empty pattern matches every line.

    Raises:
        CommandError: The log group does not exist, or cannot be read.
    """
    log_group = function.log_group_in(stack)
    until_option: dict[str, Any] = {} if until is None else {"endTime": milliseconds(until)}
    with aws_errors(f"Reading {log_group}"):
        client = stack.session.client("logs", config=client_config())
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=log_group, startTime=milliseconds(since), filterPattern=pattern, **until_option
        )
        try:
            for page in pages:
                yield from (_line(function, event) for event in page["events"])
        except client.exceptions.ResourceNotFoundException as error:
            raise CommandError(
                f"log group {log_group}, which belongs to the stack, does not exist: deploy again"
            ) from error


def troubles_of(lines: Iterable[Line]) -> list[Trouble]:
    """Return the failures that the lines report, in their order."""
    return [trouble for line in lines if (trouble := _trouble(line))]


def filtered_by(lines: Iterable[Line]) -> dict[str, int]:
    """Return how many log events each rule filtered out, according to metric lines (docs/filtering.md)."""
    events = dict.fromkeys(map(str, FilterCause), 0)
    for line in lines:
        causes = line.fields.get("filteredBy")
        for cause, count in causes.items() if isinstance(causes, dict) else ():
            if isinstance(count, int):
                events[cause] = events.get(cause, 0) + count
    return {cause: count for cause, count in events.items() if count}


def count_of(line: Line, *metrics: Metric) -> int:
    """Return the sum of some metrics in a metric line."""
    counts = (line.fields.get(metric) for metric in metrics)
    return sum(round(sum(count)) for count in counts if isinstance(count, list))


def is_error(line: Line) -> bool:
    """Return whether a line of the function or of Lambda reports a failed invocation.

    At the level WARN, Lambda logs `platform.report` and similar events only if the status is not `success`
    ("System log level event mapping", AWS Lambda Developer Guide).
    """
    if line.level in ("ERROR", "CRITICAL", "FATAL"):
        return True
    record = line.fields.get("record")
    status = record.get("status") if isinstance(record, dict) else None
    return status in ("timeout", "error", "failure")


def words_of(line: Line) -> str:
    """Return the message of a line and its other important fields as text."""
    fields = line.fields
    record = fields.get("record")
    if isinstance(record, dict):
        kind, status = fields.get("type", ""), record.get("status", "")
        error = record.get("errorType", "")
        return " ".join(str(part) for part in (kind, status, error) if part)
    said = fields.get("errorMessage") or fields.get("message")
    if not isinstance(said, str):
        return line.text.rstrip("\n")
    if kind := fields.get("errorType"):
        said = f"{kind}: {said}"
    beside = [
        f"{name}={fields[name]}"
        for name in ("reason", "status", "events", "detail")
        if fields.get(name) not in (None, "")
    ]
    return "  ".join([said, *beside])


def _line(function: Function, event: "FilteredLogEventTypeDef") -> Line:
    text = event.get("message", "")
    time = datetime.fromtimestamp(event.get("timestamp", 0) / 1000, UTC)
    identifier = event.get("eventId") or f"{event.get('logStreamName')} {time} {text}"
    return Line(identifier, time, function, text, _fields(text))


def _fields(text: str) -> Mapping[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _trouble(line: Line) -> Trouble | None:
    match line.fields:
        case {"reason": str(reason), "events": int(events), "message": str(message), **more}:
            status, detail = more.get("status"), more.get("detail")
            return Trouble(
                line.time,
                line.function,
                reason,
                status if isinstance(status, int) else None,
                detail if isinstance(detail, str) else "",
                events,
                "parked queue" in message,
            )
    return None
