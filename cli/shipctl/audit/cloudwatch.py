"""Read the metrics of CloudWatch Logs by log group.

CloudWatch Logs sends sums every minute ("Monitoring with CloudWatch metrics", Amazon CloudWatch Logs User
Guide). IncomingLogEvents has the dimension LogGroupName. ForwardedLogEvents, DeliveryErrors and
DeliveryThrottling have LogGroupName, DestinationType and FilterName; for an account policy they have
PolicyLevel and no log group. ListMetrics returns metrics with values in the last two weeks (Amazon CloudWatch
API Reference).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from shipctl.account import aws_errors, client_config
from shipctl.audit.gaps import Series
from shipctl.installation.metrics import Query, query_of, read_points
from shipctl.stack import Stack

NAMESPACE = "AWS/Logs"
INCOMING = "IncomingLogEvents"
FORWARDED = "ForwardedLogEvents"
ERRORS = "DeliveryErrors"
THROTTLED = "DeliveryThrottling"
OF_SUBSCRIPTIONS = (FORWARDED, ERRORS, THROTTLED)
LOG_GROUP, FILTER, POLICY = "LogGroupName", "FilterName", "PolicyLevel"

Dimensions = tuple[tuple[str, str], ...]


class AwsMetric(NamedTuple):
    """One metric of one log group."""

    name: str
    log_group: str
    dimensions: Dimensions


def incoming(log_group: str) -> AwsMetric:
    """Return the metric of the log events that a log group receives."""
    return AwsMetric(INCOMING, log_group, ((LOG_GROUP, log_group),))


def list_metrics(stack: Stack) -> list[AwsMetric]:
    """Return the metrics of subscriptions that had values in the last two weeks.

    Metrics of an account policy have no log group.

    Raises:
        CommandError: The metrics cannot be listed.
    """
    found: list[AwsMetric] = []
    with aws_errors("Listing the metrics of CloudWatch Logs"):
        paginator = stack.session.client("cloudwatch", config=client_config()).get_paginator("list_metrics")
        for name in OF_SUBSCRIPTIONS:
            for page in paginator.paginate(Namespace=NAMESPACE, MetricName=name):
                for each in page["Metrics"]:
                    dimensions = tuple((pair["Name"], pair["Value"]) for pair in each["Dimensions"])
                    found.append(AwsMetric(name, dict(dimensions).get(LOG_GROUP, ""), dimensions))
    return found


def read(
    stack: Stack, metrics: Iterable[AwsMetric], since: int, until: int, minutes: int
) -> Mapping[AwsMetric, Series]:
    """Return the values of each metric, in periods of some minutes. Raises `CommandError`."""
    asked = list(metrics)
    queries: list[Query] = [
        query_of(NAMESPACE, metric.name, metric.dimensions, minutes * 60) for metric in asked
    ]
    if since >= until or not asked:
        return {}
    found = read_points(stack, queries, time_of(since), time_of(until))
    return {
        metric: {minute_of(point.time): round(point.value) for point in points if point.value}
        for metric, points in zip(asked, found, strict=True)
    }


def time_of(minute: int) -> datetime:
    """Return the beginning of a minute."""
    return datetime.fromtimestamp(minute * 60, UTC)


def minute_of(time: datetime) -> int:
    """Return the minute since 1970 that contains a time."""
    return int(time.timestamp()) // 60
