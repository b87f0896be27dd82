"""The functions' metrics, put as CloudWatch would have them, and read again."""

from datetime import timedelta

import boto3
import pytest
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import METRICS_NAMESPACE, Metric
from moto import mock_aws
from shipctl.installation.functions import Function
from shipctl.installation.metrics import MAX_QUERIES, SLOWEST, Activity, read_activity
from shipctl.stack import Stack

from tests.unit.shipctl import fake_installation as fake

SHIPPER, REPLAY = Function.SHIPPER, Function.REPLAY


@pytest.fixture
def activity(credentials: None) -> Activity:
    with mock_aws():
        session = boto3.Session(region_name="eu-west-1")
        client = session.client("cloudwatch")
        for name, source, metric, value, reason, minutes in (
            ("the-shipper", "subscription", Metric.EVENTS_DELIVERED, 5, "", 30),
            ("the-shipper", "kinesis", Metric.EVENTS_DELIVERED, 7, "", 10),
            ("another-stack-s-shipper", "subscription", Metric.EVENTS_DELIVERED, 1000, "", 10),
            ("the-shipper", "subscription", Metric.EVENTS_DEAD_LETTERED, 2, "rejected", 10),
            ("the-shipper", "subscription", Metric.EVENTS_DEAD_LETTERED, 9, "unavailable", 10),
            ("the-replay", "replay", Metric.EVENTS_RETURNED, 4, "unauthorized", 3),
            ("the-replay", "replay", Metric.EVENTS_DELIVERED, 1, "", 90),
        ):
            dimensions = [{"Name": "FunctionName", "Value": name}, {"Name": "Source", "Value": source}]
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
        stack = Stack("loginformant-shipper", session, fake.stack().outputs)
        return read_activity(stack, fake.NOW, timedelta(hours=1), timedelta(minutes=1))


def test_counts_of_all_sources_and_of_this_stack_alone(activity: Activity) -> None:
    assert activity.total(Metric.EVENTS_DELIVERED, SHIPPER) == 12
    assert activity.total(Metric.EVENTS_DELIVERED) == 12
    assert activity.total(Metric.EVENTS_RECEIVED) == 0


def test_counts_by_reason_the_largest_first(activity: Activity) -> None:
    assert list(activity.by_reason(Metric.EVENTS_DEAD_LETTERED).items()) == [
        ("unavailable", 9),
        ("rejected", 2),
    ]
    assert activity.by_reason(Metric.EVENTS_RETURNED, REPLAY) == {"unauthorized": 4}
    assert activity.by_reason(Metric.EVENTS_RETURNED, SHIPPER) == {}


def test_when_something_was_counted_last(activity: Activity) -> None:
    assert activity.last(Metric.EVENTS_DELIVERED) == fake.NOW - timedelta(minutes=10)
    assert activity.last(Metric.RETRIES) is None


def test_without_requests_there_is_no_latency(activity: Activity) -> None:
    assert activity.latency(SLOWEST) is None
    assert (
        fake.activity(fake.series(SHIPPER, Metric.INGEST_LATENCY, 250, statistic="p99")).latency(SLOWEST)
        == 0.25
    )


def test_every_reason_is_asked_for_and_it_fits_into_one_request(activity: Activity) -> None:
    assert {series.reason for series in activity.series} == {"", *Reason}
    assert len(activity.series) < MAX_QUERIES
