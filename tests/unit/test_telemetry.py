import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from loginformant_shipper import __version__
from loginformant_shipper.events import Source
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.names import METRICS_NAMESPACE, FilterCause, Metric, SubscriptionMetric
from loginformant_shipper.telemetry import (
    log_dead_lettered,
    log_parked,
    log_returned,
    logger,
    put_metrics,
    put_subscription_metrics,
)

COUNTS = {
    Metric.EVENTS_RECEIVED: 9,
    Metric.EVENTS_FILTERED: 1,
    Metric.EVENTS_DELIVERED: 5,
    Metric.EVENTS_DEAD_LETTERED: 3,
    Metric.EVENTS_RETURNED: 0,
    Metric.REQUESTS: 2,
    Metric.RETRIES: 1,
}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def declared(line: dict[str, Any]) -> tuple[str, list[list[str]], dict[str, str]]:
    [directive] = line["_aws"]["CloudWatchMetrics"]
    return (
        directive["Namespace"],
        directive["Dimensions"],
        {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]},
    )


def test_the_metrics_of_an_invocation_have_stack_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    put_metrics("logs", Source.KINESIS, COUNTS, [0.25, 1.5], {}, {})
    [line] = lines(capsys)
    counts = ["EventsReceived", "EventsFiltered", "EventsDelivered", "EventsDeadLettered", "EventsReturned"]
    assert declared(line) == (
        "LogInformantShipper",
        [["Stack", "Source"]],
        dict.fromkeys([*counts, "Requests", "Retries"], "Count") | {"IngestLatency": "Milliseconds"},
    )
    assert line["Source"] == "kinesis"
    assert line["version"] == __version__
    assert line["EventsReceived"] == [9.0]
    assert line["EventsReturned"] == [0.0]
    assert line["IngestLatency"] == [250.0, 1500.0]


def test_what_saved_queries_read_is_among_the_first_200_fields_of_the_largest_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """CloudWatch Logs Insights finds no more ("Supported logs and discovered fields", User Guide)."""
    group = {"name": "/aws/lambda/orders", "received": 9, "filtered": 1, "delivered": 5, "returned": 3}
    causes = dict.fromkeys(FilterCause, 1)
    put_metrics("logs", Source.KINESIS, COUNTS, [0.001] * 99, {}, {}, causes, [group] * 101)
    [line] = lines(capsys)
    found = list(fields_of(line))
    assert len(found) > 600
    read = {f"{metric}.0" for metric in COUNTS} | {f"filteredBy.{cause}" for cause in FilterCause}
    assert read | {"Source"} <= set(found[:200])


def fields_of(value: Any, name: str = "") -> Iterator[str]:
    """Yield the names of fields as CloudWatch Logs Insights flattens objects and arrays."""
    if not isinstance(value, dict | list):
        yield name
        return
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield from fields_of(part, f"{name}.{key}".removeprefix("."))


def test_no_latency_is_written_without_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    put_metrics("logs", Source.SUBSCRIPTION, COUNTS, [], {}, {})
    [line] = lines(capsys)
    assert "IngestLatency" not in line


@pytest.mark.parametrize("metric", [Metric.EVENTS_DEAD_LETTERED, Metric.EVENTS_RETURNED])
def test_undelivered_events_are_counted_by_reason(metric: Metric, capsys: pytest.CaptureFixture[str]) -> None:
    reasons = {Reason.REJECTED: 2, Reason.NO_KEY: 1}
    is_returned = metric is Metric.EVENTS_RETURNED
    put_metrics(
        "logs", Source.REPLAY, COUNTS, [], {} if is_returned else reasons, reasons if is_returned else {}
    )
    _, rejected, no_key, _ = lines(capsys)
    for line in (rejected, no_key):
        assert declared(line) == (
            "LogInformantShipper",
            [["Stack", "Source", "Reason"]],
            {metric: "Count"},
        )
    assert (rejected["Source"], rejected["Reason"], rejected[metric]) == ("replay", "rejected", [2.0])
    assert (no_key["Reason"], no_key[metric]) == ("no_key", [1.0])


@pytest.mark.parametrize("returned", [False, True])
def test_events_blocked_by_key_or_address_are_counted_together_for_one_alarm(
    returned: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = {Reason.UNAUTHORIZED: 2, Reason.NO_KEY: 1, Reason.MISCONFIGURED: 4, Reason.UNAVAILABLE: 8}
    source = Source.REPLAY if returned else Source.SUBSCRIPTION
    put_metrics("logs", source, COUNTS, [], {} if returned else reasons, reasons if returned else {})
    blocked = [line for line in lines(capsys) if "EventsBlocked" in line]
    assert [declared(line) for line in blocked] == [
        ("LogInformantShipper", [["Stack"]], {"EventsBlocked": "Count"})
    ]
    assert (blocked[0]["EventsBlocked"], blocked[0]["Stack"]) == ([7.0], "logs")


def test_events_of_an_outage_are_not_counted_as_blocked(capsys: pytest.CaptureFixture[str]) -> None:
    put_metrics("logs", Source.SUBSCRIPTION, COUNTS, [], {Reason.UNAVAILABLE: 3}, {Reason.THROTTLED: 1})
    assert not any("EventsBlocked" in line for line in lines(capsys))


def test_the_metrics_of_the_subscriber_have_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    put_subscription_metrics("logs", {SubscriptionMetric.WANTED: 3, SubscriptionMetric.REFUSED: 0})
    [line] = lines(capsys)
    assert declared(line) == (
        "LogInformantShipper",
        [["Stack"]],
        {"LogGroupsWanted": "Count", "LogGroupsRefused": "Count"},
    )


def test_every_line_of_metrics_names_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    put_metrics("orders", Source.SUBSCRIPTION, COUNTS, [], {Reason.NO_KEY: 1}, {})
    assert {line["Stack"] for line in lines(capsys)} == {"orders"}


def test_too_many_values_for_one_line_are_written_in_several_and_counted_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    put_metrics("logs", Source.SUBSCRIPTION, COUNTS, [0.001] * 250, {}, {})
    written = lines(capsys)
    assert sum(len(line.get("IngestLatency", [])) for line in written) == 250
    assert sum(sum(line.get("EventsReceived", [])) for line in written) == 9
    assert all(len(line.get("IngestLatency", [])) <= 100 for line in written)
    assert {line["Source"] for line in written} == {"subscription"}


@pytest.mark.parametrize("latencies", [[], [0.25, 1.5], [0.001] * 100, [0.001] * 250])
def test_metrics_are_written_as_powertools_writes_them(
    latencies: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    groups = [{"name": "/aws/lambda/größe", "received": 9, "delivered": 5}]
    put_metrics(
        "logs", Source.KINESIS, COUNTS, latencies, {Reason.NO_KEY: 3}, {}, {FilterCause.LEVEL: 1}, groups
    )
    ours = lines(capsys)

    of_source = _by_powertools(Source="kinesis")
    for seconds in latencies:
        of_source.add_metric("IngestLatency", MetricUnit.Milliseconds, round(seconds * 1000, 1))
    for metric, count in COUNTS.items():
        of_source.add_metric(metric.value, MetricUnit.Count, count)
    of_source.add_metadata("filteredBy", {"level": 1})
    of_source.add_metadata("logGroups", groups)
    of_reason = _by_powertools(Source="kinesis", Reason="no_key")
    of_reason.add_metric("EventsDeadLettered", MetricUnit.Count, 3)
    of_stack = _by_powertools()
    of_stack.add_metric("EventsBlocked", MetricUnit.Count, 3)
    for metrics in (of_source, of_reason, of_stack):
        metrics.flush_metrics()
    theirs = lines(capsys)

    for line in (*ours, *theirs):
        assert isinstance(line["_aws"].pop("Timestamp"), int)
        # Powertools writes the values of IngestLatency first.
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"].sort(key=lambda metric: metric["Name"])
    assert ours == theirs


def _by_powertools(**dimensions: str) -> EphemeralMetrics:
    metrics = EphemeralMetrics(namespace=METRICS_NAMESPACE)
    for name, value in {"Stack": "logs", **dimensions}.items():
        metrics.add_dimension(name, value)
    metrics.add_metadata("version", __version__)
    return metrics


def test_the_time_of_metrics_is_in_milliseconds(capsys: pytest.CaptureFixture[str]) -> None:
    before = int(time.time() * 1000)
    put_metrics("logs", Source.KINESIS, COUNTS, [], {}, {})
    [line] = lines(capsys)
    assert before <= line["_aws"]["Timestamp"] <= time.time() * 1000


def test_the_names_of_all_metrics_are_fixed() -> None:
    assert {metric.value for metric in Metric} == {
        "EventsReceived",
        "EventsFiltered",
        "EventsDelivered",
        "EventsDeadLettered",
        "EventsReturned",
        "Requests",
        "Retries",
        "IngestLatency",
        "EventsBlocked",
    }


def test_metrics_of_one_invocation_are_not_repeated_in_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    put_metrics("logs", Source.SUBSCRIPTION, COUNTS, [0.1], {Reason.REJECTED: 2}, {})
    lines(capsys)
    put_metrics("logs", Source.KINESIS, {Metric.REQUESTS: 4}, [], {}, {})
    [line] = lines(capsys)
    assert (line["Requests"], "EventsReceived" in line, "Reason" in line) == ([4.0], False, False)


@pytest.mark.parametrize("say", [log_dead_lettered, log_parked, log_returned])
def test_a_failure_is_logged_as_one_structured_line(
    say: Callable[[Failure, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", output)
    say(Failure(Reason.REJECTED, 400, "look at\nyour logs"), 7)
    [line] = output.getvalue().splitlines()
    said = json.loads(line)
    assert said["level"] == "WARNING"
    assert "not delivered" in said["message"]
    assert {name: said[name] for name in ("reason", "events", "status", "detail")} == {
        "reason": "rejected",
        "events": 7,
        "status": 400,
        "detail": "look at\nyour logs",
    }
