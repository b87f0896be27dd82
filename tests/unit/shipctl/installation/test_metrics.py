"""The functions' metrics are read from CloudWatch."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import METRICS_NAMESPACE, Metric
from moto import mock_aws
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.metrics import (
    MAX_QUERIES,
    SLOWEST,
    Activity,
    Point,
    query_of,
    read_activity,
    read_points,
)
from shipctl.stack import Stack

from tests.unit.shipctl import fake_installation as fake

SHIPPER, REPLAY = Function.SHIPPER, Function.REPLAY


UPGRADED = {"outputs": {"MetricsStack": "loginformant-shipper"}}
BY_STACK = (
    ("loginformant-shipper", "subscription", Metric.EVENTS_DELIVERED, 5, "", 30),
    ("loginformant-shipper", "kinesis", Metric.EVENTS_DELIVERED, 7, "", 10),
    ("another-stack", "subscription", Metric.EVENTS_DELIVERED, 1000, "", 10),
    ("loginformant-shipper", "subscription", Metric.EVENTS_DEAD_LETTERED, 2, "rejected", 10),
    ("loginformant-shipper", "subscription", Metric.EVENTS_DEAD_LETTERED, 9, "unavailable", 10),
    ("loginformant-shipper", "replay", Metric.EVENTS_RETURNED, 4, "unauthorized", 3),
    ("loginformant-shipper", "replay", Metric.EVENTS_DELIVERED, 1, "", 90),
)
BY_FUNCTION = (
    ("the-shipper", "subscription", Metric.EVENTS_DELIVERED, 100, "", 50),
    ("the-replay", "replay", Metric.EVENTS_RETURNED, 30, "unauthorized", 50),
    ("another-stack-s-shipper", "subscription", Metric.EVENTS_DELIVERED, 1000, "", 50),
)


def put(first_dimension: str, data: Iterable[tuple[str, str, Metric, int, str, int]]) -> None:
    client = boto3.client("cloudwatch", "eu-west-1")
    for name, source, metric, value, reason, minutes in data:
        dimensions = [{"Name": first_dimension, "Value": name}, {"Name": "Source", "Value": source}]
        dimensions += [{"Name": "Reason", "Value": reason}] if reason else []
        client.put_metric_data(
            Namespace=METRICS_NAMESPACE,
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": dimensions,
                    "Value": value,
                    "Timestamp": fake.NOW - timedelta(minutes=minutes),
                }
            ],
        )


def read(outputs: dict[str, str], updated: datetime | None) -> Activity:
    session = boto3.Session(region_name="eu-west-1")
    stack = Stack("loginformant-shipper", session, dict(fake.stack().outputs) | outputs, updated=updated)
    return read_activity(stack, fake.NOW, timedelta(hours=1), timedelta(minutes=1))


@pytest.fixture
def activity(credentials: None) -> Activity:
    with mock_aws():
        put("Stack", BY_STACK)
        return read(**UPGRADED, updated=fake.NOW - timedelta(days=7))


@pytest.mark.parametrize(
    ("outputs", "updated", "delivered"),
    [
        pytest.param(UPGRADED["outputs"], timedelta(minutes=40), 112, id="upgraded within the hour"),
        pytest.param(UPGRADED["outputs"], timedelta(minutes=61), 12, id="upgraded before"),
        pytest.param(UPGRADED["outputs"], None, 112, id="time unknown"),
        pytest.param({}, timedelta(days=100), 100, id="not upgraded"),
    ],
)
def test_counts_include_metrics_from_before_the_upgrade(
    outputs: dict[str, str], updated: timedelta | None, delivered: int, credentials: None
) -> None:
    """An older version counts by the function's name. No event is counted twice."""
    with mock_aws():
        if outputs:
            put("Stack", BY_STACK)
        put("FunctionName", BY_FUNCTION)
        found = read(outputs, fake.NOW - updated if updated else None)
    assert found.total(Metric.EVENTS_DELIVERED, SHIPPER) == delivered
    returned = 30 * (delivered >= 100) + 4 * bool(outputs)
    assert found.by_reason(Metric.EVENTS_RETURNED, REPLAY) == {"unauthorized": returned}


def test_each_metric_is_requested_once_after_the_upgrade(credentials: None) -> None:
    with mock_aws():
        before = len(read({}, None).series)
        assert len(read(UPGRADED["outputs"], fake.NOW - timedelta(days=1)).series) == before
        assert len(read(UPGRADED["outputs"], fake.NOW).series) < min(2 * before, MAX_QUERIES)


def test_counts_include_all_sources_of_this_stack_only(activity: Activity) -> None:
    assert activity.total(Metric.EVENTS_DELIVERED, SHIPPER) == 12
    assert activity.total(Metric.EVENTS_DELIVERED) == 12
    assert activity.total(Metric.EVENTS_RECEIVED) == 0


def test_counts_by_reason_begin_with_the_largest(activity: Activity) -> None:
    assert list(activity.by_reason(Metric.EVENTS_DEAD_LETTERED).items()) == [
        ("unavailable", 9),
        ("rejected", 2),
    ]
    assert activity.by_reason(Metric.EVENTS_RETURNED, REPLAY) == {"unauthorized": 4}
    assert activity.by_reason(Metric.EVENTS_RETURNED, SHIPPER) == {}


def test_the_last_time_of_a_metric_is_found(activity: Activity) -> None:
    assert activity.last(Metric.EVENTS_DELIVERED) == fake.NOW - timedelta(minutes=10)
    assert activity.last(Metric.RETRIES) is None


def test_the_latency_is_none_without_requests(activity: Activity) -> None:
    assert activity.latency(SLOWEST) is None
    assert (
        fake.activity(fake.series(SHIPPER, Metric.INGEST_LATENCY, 250, statistic="p99")).latency(SLOWEST)
        == 0.25
    )


def test_all_reasons_fit_into_one_request(activity: Activity) -> None:
    assert {series.reason for series in activity.series} == {"", *Reason}
    assert len(activity.series) < MAX_QUERIES


class Pages:
    """Answers GetMetricData with pages, each of which has the status and the values of some queries."""

    region_name = "eu-west-1"

    def __init__(self, *pages: dict[str, tuple[str, list[float]]]) -> None:
        self.pages = pages

    def client(self, *_: Any, **__: Any) -> "Pages":
        return self

    def get_paginator(self, _: str) -> "Pages":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"MetricDataResults": [self.result(*item) for item in page.items()]} for page in self.pages]

    def result(self, name: str, answer: tuple[str, list[float]]) -> dict[str, Any]:
        status, values = answer
        return {"Id": name, "StatusCode": status, "Timestamps": [fake.NOW] * len(values), "Values": values}


def read_two(*pages: dict[str, tuple[str, list[float]]]) -> list[tuple[Point, ...]]:
    session: Any = Pages(*pages)
    queries = [query_of("AWS/Logs", name, (), 60) for name in ("IncomingLogEvents", "ForwardedLogEvents")]
    return read_points(Stack("loginformant-shipper", session, {}), queries, fake.NOW, fake.NOW)


@pytest.mark.parametrize("status", ["InternalError", "PartialData", "Forbidden"])
def test_a_metric_that_could_not_be_read_is_not_zero(status: str) -> None:
    with pytest.raises(CommandError, match=rf"all values of ForwardedLogEvents \({status}\); try again"):
        read_two({"q0": ("Complete", [1.0]), "q1": (status, [])})


def test_a_metric_without_an_answer_is_not_zero() -> None:
    """CloudWatch leaves out what exceeds its limits ("GetMetricData", Amazon CloudWatch API Reference)."""
    with pytest.raises(CommandError, match=r"ForwardedLogEvents \(no answer\)"):
        read_two({"q0": ("Complete", [1.0])})


def test_the_status_on_the_last_page_counts() -> None:
    first, second = read_two(
        {"q0": ("Complete", []), "q1": ("PartialData", [1.0])}, {"q1": ("Complete", [2.0])}
    )
    assert (first, [point.value for point in second]) == ((), [1.0, 2.0])
