"""Read the functions' own counts by log group from their metric lines, with CloudWatch Logs Insights.

A query may have 10,000 characters, and returns at most 10,000 rows ("unnest", Amazon CloudWatch Logs User
Guide; "StartQuery", API Reference).
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
    """The counts of a log group from one source in one period."""

    log_group: str
    source: str
    minute: int
    """The first minute of the period."""
    received: int
    filtered: int
    delivered: int
    returned: int


def names(stack: Stack, since: int, until: int) -> frozenset[str]:
    """Return the log groups from which log events were received. Raises `CommandError`."""
    query = f"{_LINES}| stats {_SUMS} by logGroup.name | limit {MAX_ROWS}"
    found = _rows(stack, query, since, until)
    if len(found) >= MAX_ROWS:
        raise CommandError(f"logs of at least {MAX_ROWS:,} log groups arrived: select some with --log-group")
    return frozenset(row["logGroup.name"] for row in found if row.get("logGroup.name"))


def read(stack: Stack, log_groups: Sequence[str], since: int, until: int, minutes: int) -> Iterator[Row]:
    """Yield the counts between two minutes, in periods of some minutes. Raises `CommandError`."""
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
                    "the answer of CloudWatch Logs Insights lacks the log group or the time: "
                    f"its columns are {', '.join(sorted(row)) or 'none'}"
                )
            counts = (round(float(row.get(column) or 0)) for column in COLUMNS)
            yield Row(row["logGroup.name"], row.get("Source", ""), _minute(when), *counts)


def pieces(
    log_groups: Sequence[str], since: int, until: int, minutes: int
) -> Iterator[tuple[list[str], int, int]]:
    """Split log groups and a time span into queries whose results fit into one answer."""
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
                raise CommandError(
                    f"the query of CloudWatch Logs Insights did not complete: {answer['status']}"
                )
            if time.monotonic() > deadline:
                raise CommandError(
                    "the query of CloudWatch Logs Insights takes longer than ten minutes: give a later "
                    "--since"
                )
            time.sleep(POLL_SECONDS)


def _minute(text: str) -> int:
    """Parse a UTC time in the format of Insights: `2026-11-29 10:00:00.000`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60
