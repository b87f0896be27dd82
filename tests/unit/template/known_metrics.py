"""All existing metrics: those that the functions write, and those that AWS documents."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout

from loginformant_shipper.events import Source
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import Metric, SubscriptionMetric
from loginformant_shipper.telemetry import put_metrics, put_subscription_metrics

Known = tuple[str, str, frozenset[str]]
"""Namespace, name, and the names of the dimensions."""

LATE_SECONDS = 120
"""How long after an invocation its metrics may appear (docs/metrics.md)."""

OF_AWS: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {
    # "Types of metrics for Lambda functions", AWS Lambda Developer Guide:
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": {
        ("FunctionName",): (
            "AsyncEventAge",
            "AsyncEventsDropped",
            "AsyncEventsReceived",
            "ConcurrentExecutions",
            "DeadLetterErrors",
            "Duration",
            "Errors",
            "Invocations",
            "IteratorAge",
            "Throttles",
        ),
        ("EventSourceMappingUUID",): ("DroppedEventCount", "PolledEventCount"),
    },
    # "Available CloudWatch metrics for Amazon SQS", Amazon SQS Developer Guide:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": {
        ("QueueName",): (
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesDelayed",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfEmptyReceives",
            "NumberOfMessagesDeleted",
            "NumberOfMessagesReceived",
            "NumberOfMessagesSent",
        ),
    },
    # "Monitoring with CloudWatch metrics", Amazon CloudWatch Logs User Guide:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    # (PolicyLevel is a fourth dimension, for account policies. Queries name only their filter dimensions.)
    "AWS/Logs": {
        ("LogGroupName",): ("IncomingBytes", "IncomingLogEvents"),
        ("FilterName",): ("DeliveryErrors", "DeliveryThrottling", "ForwardedBytes", "ForwardedLogEvents"),
    },
}


def known_metrics() -> set[Known]:
    """Return every metric that an alarm or a widget may name."""
    of_aws = {
        (namespace, name, frozenset(dimensions))
        for namespace, groups in OF_AWS.items()
        for dimensions, names in groups.items()
        for name in names
    }
    return of_aws | set(_written())


def _written() -> Iterator[Known]:
    """Yield the metrics in the lines that the functions write."""
    output = io.StringIO()
    with redirect_stdout(output):
        every_reason = dict.fromkeys(Reason, 1)
        for source in Source:
            put_metrics("stack", source, dict.fromkeys(Metric, 1), [0.1], every_reason, every_reason)
        put_subscription_metrics("stack", dict.fromkeys(SubscriptionMetric, 1))
    for line in output.getvalue().splitlines():
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    yield directive["Namespace"], metric["Name"], frozenset(dimensions)
