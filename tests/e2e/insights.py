"""Metrics of CloudWatch Logs and Insights, which the emulated account lacks and an audit needs.

Only the queries of `shipctl audit` are answered. That CloudWatch Logs Insights reads them as they are meant,
no test on one machine can show.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from local.stack import Stack
from tests.e2e.logs_front import Answer

MAX_DATA = 1000
COLUMNS = ("received", "filtered", "delivered", "returned")
QUERY = re.compile(
    r"filter @message like 'logGroups' \| fields jsonParse\(@message\) as line "
    r"\| unnest line.logGroups into logGroup "
    r"(?:\| filter logGroup.name in (?P<names>\[.*?\]) )?"
    r"\| stats (?P<sums>.*?) by logGroup.name(?:, Source, bin\((?P<bin>1h|1m)\))? \| limit \d+"
)


class Told(NamedTuple):
    """One element of `logGroups` in a line of metrics."""

    minute: int
    log_group: str
    source: str
    counts: Mapping[str, int]


@dataclass
class Insights:
    """Answers StartQuery and GetQueryResults."""

    stack: Stack
    history: Sequence[Told]
    """Lines of past metrics, which cannot be written into the emulated account."""
    since: int
    """From this minute on the functions' own lines count."""
    _answers: dict[str, list[list[dict[str, str]]]] = field(default_factory=dict)

    def __call__(self, operation: str, given: dict[str, Any]) -> Answer | None:
        if operation == "StartQuery":
            identifier = f"0000-{len(self._answers)}"
            self._answers[identifier] = list(self._rows(given))
            return 200, {"queryId": identifier}
        if operation == "GetQueryResults":
            return 200, {"status": "Complete", "results": self._answers[given["queryId"]]}
        return None

    def _rows(self, given: dict[str, Any]) -> Iterator[list[dict[str, str]]]:
        query = QUERY.fullmatch(given["queryString"])
        assert query, given["queryString"]
        assert query["sums"] == ", ".join(f"sum(logGroup.{column}) as {column}" for column in COLUMNS)
        names = json.loads(query["names"]) if query["names"] else None
        minutes = {"1h": 60, "1m": 1, None: 0}[query["bin"]]
        sums: dict[tuple[str, str, int], Counter[str]] = {}
        for told in [*self.history, *self.own()]:
            is_in = given["startTime"] <= told.minute * 60 <= given["endTime"]
            if is_in and (names is None or told.log_group in names):
                period = told.minute // minutes * minutes if minutes else 0
                source = told.source if minutes else ""
                sums.setdefault((told.log_group, source, period), Counter()).update(told.counts)
        assert len(sums) < 10_000
        for (log_group, source, period), counts in sums.items():
            row = {column: str(counts[column]) for column in COLUMNS} | {"logGroup.name": log_group}
            if minutes:
                when = datetime.fromtimestamp(period * 60, UTC)
                row |= {"Source": source, f"bin({query['bin']})": f"{when:%Y-%m-%d %H:%M:%S}.000"}
            yield [{"field": name, "value": value} for name, value in row.items()]

    def own(self) -> Iterator[Told]:
        """Yield what the functions told since then."""
        client = self.stack.account.client("logs")
        for function in ("Shipper", "Replay"):
            pages = client.get_paginator("filter_log_events").paginate(
                logGroupName=self.stack.outputs[f"{function}LogGroupName"]
            )
            for event in (event for page in pages for event in page["events"]):
                if "logGroups" not in event["message"] or event["timestamp"] // 60_000 < self.since:
                    continue
                line = json.loads(event["message"])
                for group in line["logGroups"]:
                    counts = {column: group.get(column, 0) for column in COLUMNS}
                    yield Told(event["timestamp"] // 60_000, group["name"], line["Source"], counts)


def put_metrics(stack: Stack, metric: str, dimensions: Mapping[str, str], series: Mapping[int, int]) -> None:
    """Put what CloudWatch Logs counted, by minute, into the account."""
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Timestamp": minute * 60,
            "Value": number,
            "Unit": "None",
        }
        for minute, number in series.items()
    ]
    for start in range(0, len(data), MAX_DATA):
        stack.account.client("cloudwatch").put_metric_data(
            Namespace="AWS/Logs", MetricData=data[start : start + MAX_DATA]
        )
