"""Read the functions' own metrics and Lambda's metrics of them.

This is the only module that reads values of metrics (GetMetricData, Amazon CloudWatch API Reference).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from loginformant_shipper.events import Source
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import METRICS_NAMESPACE, Metric

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.stack import Stack

Query = dict[str, Any]

LAMBDA = "AWS/Lambda"
ERRORS = "Errors"
THROTTLES = "Throttles"
MEDIAN, SLOWEST = "p50", "p99"
MAX_QUERIES = 500
"""The maximum number of queries in one GetMetricData request."""
COMPLETE = "Complete"
"""The status of a query that was answered in full."""

SOURCES = {
    Function.SHIPPER: (Source.SUBSCRIPTION, Source.KINESIS, Source.BACKFILL),
    Function.REPLAY: (Source.REPLAY,),
}
_COUNTS = (
    Metric.EVENTS_RECEIVED,
    Metric.EVENTS_FILTERED,
    Metric.EVENTS_DELIVERED,
    Metric.EVENTS_DEAD_LETTERED,
    Metric.EVENTS_RETURNED,
    Metric.REQUESTS,
    Metric.RETRIES,
)


class Point(NamedTuple):
    """The value of a metric in one period."""

    time: datetime
    """The beginning of the period."""
    value: float


class Series(NamedTuple):
    """The values of one metric."""

    function: Function
    metric: str
    reason: str
    """The value of the dimension Reason; empty for the metric without it."""
    statistic: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Activity:
    """The counts of a time span."""

    since: datetime
    until: datetime
    series: Sequence[Series]

    def total(self, metric: str, *functions: Function) -> int:
        """Return the sum of a metric, of some functions or, if none is given, of all."""
        return round(sum(point.value for series in self._of(metric, functions) for point in series.points))

    def by_reason(self, metric: str, *functions: Function) -> dict[str, int]:
        """Return the sums of a metric by reason, the largest first, without zeros."""
        sums: dict[str, int] = {}
        for series in self.series:
            if series.reason and series.metric == metric and (not functions or series.function in functions):
                events = round(sum(point.value for point in series.points))
                sums[series.reason] = sums.get(series.reason, 0) + events
        return dict(sorted(((r, n) for r, n in sums.items() if n), key=lambda item: -item[1]))

    def last(self, metric: str) -> datetime | None:
        """Return the beginning of the last period with a count, or None if there is none."""
        return max((p.time for s in self._of(metric, ()) for p in s.points if p.value > 0), default=None)

    def latency(self, statistic: str) -> float | None:
        """Return the highest value of a statistic of the ingest latency in seconds; None without requests."""
        found = (s for s in self.series if s.metric == Metric.INGEST_LATENCY and s.statistic == statistic)
        return max((point.value / 1000 for series in found for point in series.points), default=None)

    def _of(self, metric: str, functions: tuple[Function, ...]) -> Iterator[Series]:
        for series in self.series:
            if (
                series.metric == metric
                and not series.reason
                and (not functions or series.function in functions)
            ):
                yield series


def read_activity(stack: Stack, until: datetime, span: timedelta, period: timedelta) -> Activity:
    """Return the counts of the `span` before `until`, in steps of `period`.

    AWS charges for each requested metric ("Amazon CloudWatch Pricing"). This requests about 140, and twice as
    many for a day after an update of the stack.

    Raises:
        CommandError: The metrics cannot be read.
    """
    since = until - span
    asked = list(_queries(stack, since, int(period.total_seconds()), int(span.total_seconds())))
    found = read_points(stack, [query for _, query in asked], since, until)
    series = (series._replace(points=points) for (series, _), points in zip(asked, found, strict=True))
    return Activity(since, until, tuple(series))


def read_points(
    stack: Stack, queries: Sequence[Query], since: datetime, until: datetime
) -> list[tuple[Point, ...]]:
    """Return the points of each query, sorted by time.

    CloudWatch also answers with HTTP 200 if it could not read a metric. Only the status of its result says so
    ("MetricDataResult", Amazon CloudWatch API Reference). PartialData means that more pages follow, so the
    last status of a query counts (grafana/grafana#20459).

    Raises:
        CommandError: The metrics cannot be read, or only some of their values.
    """
    named = [{**query, "Id": f"q{number}"} for number, query in enumerate(queries)]
    points: dict[str, list[Point]] = {}
    statuses: dict[str, str] = {}
    with aws_errors("Reading the metrics"):
        client = stack.session.client("cloudwatch", config=client_config())
        for start in range(0, len(named), MAX_QUERIES):
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=named[start : start + MAX_QUERIES], StartTime=since, EndTime=until
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    statuses[result["Id"]] = result["StatusCode"]
                    points.setdefault(result["Id"], []).extend(
                        map(Point, result["Timestamps"], result["Values"])
                    )
    for query in named:
        if (status := statuses.get(query["Id"], "no answer")) != COMPLETE:
            metric = query["MetricStat"]["Metric"]["MetricName"]
            raise CommandError(
                f"Reading the metrics: CloudWatch did not return all values of {metric} ({status}); try again"
            )
    return [tuple(sorted(points[query["Id"]])) for query in named]


def query_of(
    namespace: str, metric: str, dimensions: Iterable[tuple[str, str]], period: int, statistic: str = "Sum"
) -> Query:
    """Return a GetMetricData query for one metric; `period` is in seconds."""
    named = [{"Name": name, "Value": value} for name, value in dimensions]
    about = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
    return {"Id": "", "MetricStat": {"Metric": about, "Period": period, "Stat": statistic}}


def _queries(stack: Stack, since: datetime, period: int, span: int) -> Iterator[tuple[Series, Query]]:
    for function, sources in SOURCES.items():
        for owner in _owners(stack, function, since):
            for source in sources:
                yield from _of_source(function, [owner, ("Source", source)], period, span)
    for function in Function:
        for of_lambda in (ERRORS, THROTTLES):
            dimensions = [("FunctionName", function.name_in(stack))]
            yield _query(Series(function, of_lambda, "", "Sum", ()), LAMBDA, dimensions, period)


def _owners(stack: Stack, function: Function, since: datetime) -> Iterator[tuple[str, str]]:
    """Yield the first dimension of a function's metrics since a time.

    Older versions of the shipper used `FunctionName` instead of `Stack`. Their metrics are read, too, if the
    stack has not been upgraded yet or the time is before its last update.
    """
    is_upgraded = "MetricsStack" in stack.outputs
    if is_upgraded:
        yield "Stack", stack.name
    if not is_upgraded or stack.updated is None or stack.updated > since:
        yield "FunctionName", function.name_in(stack)


def _of_source(
    function: Function, dimensions: list[tuple[str, str]], period: int, span: int
) -> Iterator[tuple[Series, Query]]:
    for metric in _COUNTS:
        yield _query(Series(function, metric, "", "Sum", ()), METRICS_NAMESPACE, dimensions, period)
    for statistic in (MEDIAN, SLOWEST):
        latency = Series(function, Metric.INGEST_LATENCY, "", statistic, ())
        yield _query(latency, METRICS_NAMESPACE, dimensions, span)
    for metric in (Metric.EVENTS_DEAD_LETTERED, Metric.EVENTS_RETURNED):
        for reason in Reason:
            counts = Series(function, metric, reason, "Sum", ())
            yield _query(counts, METRICS_NAMESPACE, [*dimensions, ("Reason", reason)], period)


def _query(
    series: Series, namespace: str, dimensions: Iterable[tuple[str, str]], period: int
) -> tuple[Series, Query]:
    return series, query_of(namespace, series.metric, dimensions, period, series.statistic)
