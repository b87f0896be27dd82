"""Each line of metrics becomes metrics of the emulated account once."""

import json
from typing import Any

from local.metrics import EmbeddedMetrics

LINE = json.dumps(
    {
        "_aws": {
            "Timestamp": 1_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "LogInformantShipper",
                    "Dimensions": [["Stack", "Source"]],
                    "Metrics": [
                        {"Name": "EventsReceived", "Unit": "Count"},
                        {"Name": "IngestLatency", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
        "Stack": "the-stack",
        "Source": "subscription",
        "EventsReceived": [3.0],
        "IngestLatency": [1.0, 2.0],
    }
)


class Account:
    """Log groups with the same lines, and the metrics that were put."""

    def __init__(self) -> None:
        self.data: list[dict[str, Any]] = []
        self.lines = [LINE, "no metric", '{"level": "WARNING"}']

    def client(self, service: str) -> "Account":
        return self

    def get_paginator(self, name: str) -> "Account":
        return self

    def paginate(self, logGroupName: str, startTime: int) -> list[dict[str, Any]]:
        events = [
            {"logStreamName": logGroupName, "timestamp": number, "message": line}
            for number, line in enumerate(self.lines)
        ]
        return [{"events": events if logGroupName == "shippers" else []}]

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        assert Namespace == "LogInformantShipper"
        self.data += MetricData


class Stack:
    def __init__(self) -> None:
        self.account = Account()
        self.outputs = {"ShipperLogGroupName": "shippers", "ReplayLogGroupName": "replays"}


def test_each_line_is_put_once() -> None:
    stack: Any = Stack()
    metrics = EmbeddedMetrics(stack)
    metrics.collect()
    metrics.collect()

    dimensions = [
        {"Name": "Stack", "Value": "the-stack"},
        {"Name": "Source", "Value": "subscription"},
    ]
    assert stack.account.data == [
        {
            "MetricName": "EventsReceived",
            "Dimensions": dimensions,
            "Timestamp": 1.0,
            "Values": [3.0],
            "Unit": "Count",
        },
        {
            "MetricName": "IngestLatency",
            "Dimensions": dimensions,
            "Timestamp": 1.0,
            "Values": [1.0, 2.0],
            "Unit": "Milliseconds",
        },
    ]
