"""What the functions counted by log group: their lines of metrics, summed by CloudWatch Logs Insights.

"CloudWatch Logs Insights query syntax: unnest" and "StartQuery" (Amazon CloudWatch Logs User Guide and API
Reference): at most 10,000 rows, and a query text of 10,000 characters.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from loginformant_shipper.events import Source

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.stack import Stack

MAX_ROWS = 10_000
MAX_NAMES_CHARACTERS = 8_000
MAX_SECONDS = 600.0
POLL_SECONDS = 0.5

COLUMNS = ("received", "filtered", "delivered", "returned")
_SUMS = ", ".join(f"sum(logGroup.{column}) as {column}" for column in COLUMNS)
_LINES = (
    "filter @message like 'logGroups' | fields jsonParse(@message) as line "
    "| unnest line.logGroups into logGroup "
)


class Row(NamedTuple):
    """What was counted of a log group in one period, of what came by one way."""

    log_group: str
    source: str
    minute: int
    """The first of the period."""
    received: int
    filtered: int
    delivered: int
    returned: int


def names(stack: Stack, since: int, until: int) -> frozenset[str]:
    """Return the log groups of which anything was received. Raises `CommandError`."""
    query = f"{_LINES}| stats {_SUMS} by logGroup.name | limit {MAX_ROWS}"
    found = _rows(stack, query, since, until)
    if len(found) >= MAX_ROWS:
        raise CommandError(f"logs of {MAX_ROWS:,} log groups or more arrived: name some with --log-group")
    return frozenset(row["logGroup.name"] for row in found if row.get("logGroup.name"))


def read(stack: Stack, log_groups: Sequence[str], since: int, until: int, minutes: int) -> Iterator[Row]:
    """Yield what was counted, from minute to minute, in periods of so many. Raises `CommandError`."""
    for some, begin, end in pieces(log_groups, since, until, minutes):
        period = "1h" if minutes == 60 else f"{minutes}m"
        query = (
            f"{_LINES}| filter logGroup.name in {json.dumps(some)} "
            f"| stats {_SUMS} by logGroup.name, Source, bin({period}) | limit {MAX_ROWS}"
        )
        for row in _rows(stack, query, begin, end):
            when = next((value for name, value in row.items() if name.startswith("bin(")), None)
            if when is None or "logGroup.name" not in row:
                raise CommandError(
                    "CloudWatch Logs Insights did not answer by log group and time, as it was asked to: "
                    f"its columns are {', '.join(sorted(row)) or 'none'}"
                )
            counts = (round(float(row.get(column) or 0)) for column in COLUMNS)
            yield Row(row["logGroup.name"], row.get("Source", ""), _minute(when), *counts)


def pieces(
    log_groups: Sequence[str], since: int, until: int, minutes: int
) -> Iterator[tuple[list[str], int, int]]:
    """Yield log groups and times of which one answer can hold everything."""
    span = max(min(until - since, 24 * 60 if minutes >= 60 else 4 * 60), minutes)
    most = max(1, (MAX_ROWS - 1) // (len(Source) * -(-span // minutes)))
    for begin in range(since, until, span):
        some: list[str] = []
        for name in log_groups:
            if some and (len(some) == most or len(json.dumps([*some, name])) > MAX_NAMES_CHARACTERS):
                yield some, begin, min(begin + span, until)
                some = []
            some.append(name)
        if some:
            yield some, begin, min(begin + span, until)


def _rows(stack: Stack, query: str, since: int, until: int) -> list[Mapping[str, str]]:
    groups = [function.log_group_in(stack) for function in (Function.SHIPPER, Function.REPLAY)]
    with aws_errors("Asking CloudWatch Logs Insights"):
        client = stack.session.client("logs", config=client_config())
        identifier = client.start_query(
            logGroupNames=groups,
            startTime=since * 60,
            endTime=until * 60 - 1,
            queryString=query,
            limit=MAX_ROWS,
        )["queryId"]
        deadline = time.monotonic() + MAX_SECONDS
        while True:
            answer = client.get_query_results(queryId=identifier)
            if answer["status"] == "Complete":
                return [
                    {cell.get("field", ""): cell.get("value", "") for cell in row}
                    for row in answer["results"]
                ]
            if answer["status"] not in ("Scheduled", "Running"):
                raise CommandError(f"CloudWatch Logs Insights ended the query: {answer['status']}")
            if time.monotonic() > deadline:
                raise CommandError(
                    "CloudWatch Logs Insights takes longer than ten minutes: give a later --since"
                )
            time.sleep(POLL_SECONDS)


def _minute(text: str) -> int:
    """Read a time as Insights writes it: `2026-11-29 10:00:00.000`, in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60
