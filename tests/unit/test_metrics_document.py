"""`docs/metrics.md` names every metric that is written, with its unit and dimensions, and no other."""

import json
import re
from pathlib import Path

import pytest
from loginformant_shipper.events import Source
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import METRICS_NAMESPACE, Metric, SubscriptionMetric
from loginformant_shipper.telemetry import put_metrics, put_subscription_metrics

DOCUMENT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
COUNTED = [metric for metric in Metric if metric not in (Metric.INGEST_LATENCY, Metric.EVENTS_BLOCKED)]

Row = tuple[str, str, frozenset[str]]


def documented() -> set[Row]:
    return {
        (name, unit, frozenset(re.findall(r"`(\w+)`", names))) for name, unit, names in ROW.findall(DOCUMENT)
    }


def written(lines: str) -> set[Row]:
    return {
        (metric["Name"], metric["Unit"], frozenset(names))
        for line in lines.splitlines()
        for directive in json.loads(line)["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for names in directive["Dimensions"]
    }


def test_every_metric_is_documented_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    reasons = {Reason.UNAUTHORIZED: 1}
    put_metrics("stack", Source.REPLAY, dict.fromkeys(COUNTED, 1), [0.1], reasons, reasons)
    put_subscription_metrics("stack", dict.fromkeys(SubscriptionMetric, 1))
    assert written(capsys.readouterr().out) == documented()


def test_namespace_and_sources_are_documented() -> None:
    assert f"`{METRICS_NAMESPACE}`" in DOCUMENT
    assert all(f"`{source}`" in DOCUMENT for source in Source)
