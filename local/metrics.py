"""Create metrics from metric lines in the emulated account, as CloudWatch does.

See "Embedding metrics within logs", Amazon CloudWatch User Guide. The functions' metrics can then be read as
in AWS. There are no metrics of SQS.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from local.stack import Stack

FUNCTIONS = ("Shipper", "Replay")
MAX_DATA = 500
"""The number of metrics in a request (at most 1,000: PutMetricData, Amazon CloudWatch API Reference)."""


class EmbeddedMetrics:
    """Creates metrics from the metric lines of a stack's functions, each line once.

    With `from_now`, earlier lines are skipped.
    """

    def __init__(self, stack: Stack, *, from_now: bool = False) -> None:
        self._stack = stack
        self._since = int(time.time() * 1000) if from_now else 0
        self._seen: set[tuple[str, int, str]] = set()
        """The log streams, times and texts of processed lines, since log events have no ids here."""

    def collect(self) -> None:
        """Create metrics from lines since the last call."""
        for function in FUNCTIONS:
            data = [datum for line in self._new_lines(function) for datum in _data(line)]
            for start in range(0, len(data), MAX_DATA):
                self._stack.account.client("cloudwatch").put_metric_data(
                    Namespace="LogInformantShipper", MetricData=data[start : start + MAX_DATA]
                )

    def _new_lines(self, function: str) -> Iterator[str]:
        pages = (
            self._stack.account.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=self._stack.outputs[f"{function}LogGroupName"], startTime=self._since)
        )
        for page in pages:
            for event in page["events"]:
                line = event["logStreamName"], event["timestamp"], event["message"]
                if line not in self._seen:
                    self._seen.add(line)
                    yield event["message"]


def _data(line: str) -> Iterator[dict[str, Any]]:
    try:
        record = json.loads(line)
        about = record["_aws"]
    except (ValueError, TypeError, KeyError):
        return  # not a metric line
    for directive in about["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                value = record[metric["Name"]]
                yield {
                    "MetricName": metric["Name"],
                    "Dimensions": [{"Name": name, "Value": record[name]} for name in names],
                    "Timestamp": about["Timestamp"] / 1000,
                    "Values": value if isinstance(value, list) else [value],
                    "Unit": metric["Unit"],
                }
