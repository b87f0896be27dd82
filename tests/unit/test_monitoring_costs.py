"""docs/scaling.md: the costs of monitoring and of the example add up and count the stack's resources."""

import re
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.events import Source
from loginformant_shipper.failures import Reason
from loginformant_shipper.names import Metric, SubscriptionMetric
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from tests.unit.template.test_alarms import ALARM, metrics_of

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
OF_A_SOURCE = len(Metric) - 1
"""All metrics but `EventsBlocked`."""


def section(heading: str) -> str:
    return DOCUMENT.split(f"\n### {heading}\n")[1].split("\n### ")[0].split("\n## ")[0]


def rows(heading: str) -> dict[str, list[str]]:
    """Return the rows of a section's table by their first cell, without its header."""
    lines = [line.strip("|").split("|") for line in section(heading).splitlines() if line.startswith("|")]
    return {first.strip(): [cell.strip(" *") for cell in cells] for first, *cells in lines[2:]}


def alarm_metrics(conditions: set[str]) -> int:
    """Return how many metrics the alarms name, without queries."""
    return sum(
        len(metrics_of(resource["Properties"]))
        for resource in TEMPLATE["Resources"].values()
        if resource["Type"] == ALARM
        and resource.get("Condition", "") in conditions | {""}
        and "SELECT" not in str(resource["Properties"].get("Metrics", ""))
    )


BASIC, FULL = {"SubscribesLogGroups"}, {"SubscribesLogGroups", "MonitorsFully"}
KINESIS = {"HasKinesisStream"}


@pytest.mark.parametrize(
    ("heading", "column"), [("A sum", -1), ("What monitoring costs", -2), ("What monitoring costs", -1)]
)
def test_each_sum_adds_up(heading: str, column: int) -> None:
    table = rows(heading)
    total = float(table.pop("**together**")[column])
    assert round(sum(float(cells[column]) for cells in table.values()), 2) == total


def test_the_documented_alarms_are_those_of_the_template() -> None:
    full, basic, price, of_full, of_basic = rows("What monitoring costs")["metrics that alarms name"]
    assert (int(full), int(basic)) == (alarm_metrics(FULL), alarm_metrics(BASIC))
    assert [float(of_full), float(of_basic)] == pytest.approx(
        [int(full) * float(price), int(basic) * float(price)]
    )
    assert rows("A sum")["alarms"] == [f"{full} metrics that they name", "0.10 each", of_full]


def test_the_documented_metrics_of_a_kinesis_stream_are_those_of_the_template() -> None:
    more = alarm_metrics(FULL | KINESIS | {"MonitorsKinesisFully"}) - alarm_metrics(FULL)
    of_basic = alarm_metrics(BASIC | KINESIS) - alarm_metrics(BASIC)
    assert f"{more} more metrics of alarms ({of_basic} with `basic`)" in section("What monitoring costs")


def test_the_documented_custom_metrics_are_those_of_the_code() -> None:
    counted = f"custom metrics: {OF_A_SOURCE} of the shipper, {len(SubscriptionMetric)} of the subscriber"
    full, basic, *_ = rows("What monitoring costs")[counted]
    assert int(full) == int(basic) == OF_A_SOURCE + len(SubscriptionMetric)


def test_the_documented_bound_of_custom_metrics_is_that_of_the_code() -> None:
    """Each source has its metrics, and two for each reason; the stack has one more, and the subscriber's."""
    most = len(Source) * (OF_A_SOURCE + 2 * len(Reason)) + 1 + len(SubscriptionMetric)
    assert f"at most {most} custom metrics: ${most * 0.3:.2f}" in re.sub(
        r"\s+", " ", section("What monitoring costs")
    )
