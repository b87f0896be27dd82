"""The dashboard and the saved queries use existing metrics, alarms, fields and log groups."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.ledger import LogGroupCounts
from loginformant_shipper.names import FilterCause, Metric
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]
from shipctl.installation.functions import Function
from shipctl.installation.own_log import Line, is_error

from tests.unit.template.known_metrics import Known, known_metrics
from tests.unit.template.reading import JsonObject, find, properties

COLUMNS = 24
MAX_METRICS = 50
"""The limit for one of an account's three free dashboards ("Amazon CloudWatch Pricing", free tier)."""

SELECT = re.compile(
    r'SELECT SUM\((?P<metric>\w+)\) FROM (SCHEMA\()?"(?P<namespace>[\w/]+)"(, (?P<schema>\w+(, \w+)*)\))? '
    r"WHERE (?P<conditions>\w+ = '[^']+'( OR \w+ = '[^']+')*)"
    r"( GROUP BY (?P<group>\w+) ORDER BY SUM\(\) DESC)?"
)
FUNCTIONS = {"SELECT", "SUM", "FROM", "SCHEMA", "WHERE"}
WITH_KINESIS = {"MonitorsFully", "HasKinesisStream", "MonitorsKinesisFully", "SubscribesLogGroups"}
PLAIN = {"MonitorsFully"}
PLACES = {
    "aws": ("eu-west-1", "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1"),
    "aws-cn": ("cn-north-1", "https://console.amazonaws.cn/cloudwatch/home?region=cn-north-1"),
    "aws-us-gov": (
        "us-gov-west-1",
        "https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1",
    ),
    "aws-eusc": (
        "eusc-de-east-1",
        "https://eusc-de-east-1.console.amazonaws-eusc.eu/cloudwatch/home?region=eusc-de-east-1",
    ),
}


def resolved(value: Any, holds: set[str], names: dict[str, str]) -> str:
    """Return the text as CloudFormation resolves it, with `<LogicalId>` and `<LogicalId.Attribute>`."""
    if isinstance(value, str):
        return value
    ((function, arguments),) = value.items()
    if function == "Ref":
        return names.get(arguments, f"<{arguments}>")
    if function == "Fn::If":
        condition, then, otherwise = arguments
        return resolved(then if condition in holds else otherwise, holds, names)
    assert function == "Fn::Sub"
    text, variables = (arguments, {}) if isinstance(arguments, str) else arguments
    values = {name: resolved(each, holds, names) for name, each in variables.items()}
    return re.sub(r"\$\{([^}]+)\}", lambda it: (values | names).get(it[1], f"<{it[1]}>"), text)


def body_of(stack: JsonObject, holds: set[str]) -> JsonObject:
    names = {
        "AWS::StackName": "logs",
        "AWS::Region": "eu-west-1",
        "MemorySize": "512",
    }
    body: JsonObject = json.loads(resolved(properties(stack, "Dashboard")["DashboardBody"], holds, names))
    return body


@pytest.fixture(params=[PLAIN, WITH_KINESIS], ids=["plain", "with Kinesis"])
def widgets(request: pytest.FixtureRequest, stack: JsonObject) -> list[JsonObject]:
    found: list[JsonObject] = body_of(stack, request.param)["widgets"]
    return found


def rows_of(widget: JsonObject) -> list[tuple[list[str], JsonObject]]:
    """Return the metrics of a widget, each with its options.

    ("Dashboard body structure and syntax", Amazon CloudWatch API Reference.)
    """
    rows = []
    for row in widget["properties"].get("metrics", []):
        *names, options = row if isinstance(row[-1], dict) else [*row, {}]
        rows.append((names, options))
    return rows


def named(widgets: list[JsonObject]) -> Iterator[Known]:
    for widget in widgets:
        for names, options in rows_of(widget):
            if names:
                namespace, metric, *dimensions = names
                yield namespace, metric, frozenset(dimensions[::2])
            elif (query := SELECT.fullmatch(options["expression"])) and query["schema"]:
                yield query["namespace"], query["metric"], frozenset(query["schema"].split(", "))
            elif query:
                by = frozenset(re.findall(r"(\w+) = ", query["conditions"]))
                yield query["namespace"], query["metric"], by


def test_every_widget_names_existing_metrics(widgets: list[JsonObject]) -> None:
    found = list(named(widgets))
    assert len(found) > 30
    assert set(found) <= known_metrics()


def test_every_expression_is_a_query_or_uses_metrics_of_its_widget(widgets: list[JsonObject]) -> None:
    for widget in widgets:
        rows = rows_of(widget)
        ids = [options["id"] for _, options in rows if "id" in options]
        assert len(ids) == len(set(ids))
        used = set()
        for _, options in rows:
            expression = options.get("expression", "")
            if expression.startswith("SELECT"):
                assert SELECT.fullmatch(expression), expression
            else:
                used |= set(re.findall(r"[a-z]\w*", expression))
        hidden = {options["id"] for names, options in rows if options.get("visible") is False}
        assert used == hidden, "what is computed with is not drawn, and what is not drawn is computed with"


def test_every_widget_has_a_title_and_labels(widgets: list[JsonObject]) -> None:
    for widget in widgets:
        told = widget["properties"]
        assert told.get("title") or told.get("markdown")
        for names, options in rows_of(widget):
            is_grouped = "GROUP BY" in options.get("expression", "")
            assert options.get("label") or is_grouped or options.get("visible") is False, names
        if widget["type"] == "metric":
            assert told["region"] == "eu-west-1"


def test_widgets_fill_the_grid_without_overlap(widgets: list[JsonObject]) -> None:
    covered: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & covered
        covered |= cells
    height = max(y for _, y in covered) + 1
    assert len(covered) == COLUMNS * height
    assert max(x for x, _ in covered) == COLUMNS - 1


def test_the_dashboard_is_within_the_free_tier(widgets: list[JsonObject]) -> None:
    assert len([names for widget in widgets for names, _ in rows_of(widget) if names]) <= MAX_METRICS


@pytest.mark.parametrize("holds", [PLAIN, WITH_KINESIS], ids=["plain", "with Kinesis"])
def test_the_dashboard_shows_all_alarms(holds: set[str], stack: JsonObject) -> None:
    (shown,) = find(body_of(stack, holds)["widgets"], "alarms")
    there_are = {
        f"<{name}.Arn>"
        for name, resource in stack["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource.get("Condition", "MonitorsFully") in holds
    }
    assert len(shown) == len(set(shown))
    assert set(shown) == there_are


def test_the_dashboard_name_contains_stack_and_region(stack: JsonObject) -> None:
    """A dashboard belongs to an account and not to a region (PutDashboard, CloudWatch API Reference)."""
    name = properties(stack, "Dashboard")["DashboardName"]["Fn::Sub"]
    assert set(re.findall(r"\$\{([^}]+)\}", name)) == {"AWS::StackName", "AWS::Region"}


@pytest.mark.parametrize("partition", PLACES)
def test_the_dashboard_address_is_in_the_console_of_the_partition(partition: str, stack: JsonObject) -> None:
    region, begins = PLACES[partition]
    conditions = {
        name
        for name, rule in stack["Conditions"].items()
        if rule == {"Fn::Equals": [{"Ref": "AWS::Partition"}, partition]}
    }
    names = {"AWS::Region": region, "Dashboard": "logs-dashboard"}
    address = resolved(stack["Outputs"]["DashboardAddress"]["Value"], conditions, names)
    assert address == f"{begins}#dashboards:name=logs-dashboard"


# --- saved queries ---

QUERY = "AWS::Logs::QueryDefinition"
WRITTEN_BY = {
    # Fields of `telemetry`, of Powertools' Logger, and of Lambda.
    *("reason", "events", "status", "detail", "message", "level", "log_level", "type", "errorMessage"),
    *("record", "Source", "filteredBy", "logGroups", "each", "line"),
    *Metric,
}
COMMANDS = {"filter", "stats", "sort", "limit", "fields", "unnest"}


def queries(stack: JsonObject) -> dict[str, JsonObject]:
    return {name: it["Properties"] for name, it in stack["Resources"].items() if it["Type"] == QUERY}


def test_queries_search_log_groups_of_the_stack(stack: JsonObject) -> None:
    assert len(queries(stack)) == 5
    for query in queries(stack).values():
        groups = find(query["LogGroupNames"], "Ref")
        assert groups
        assert {stack["Resources"][group]["Type"] for group in groups} == {"AWS::Logs::LogGroup"}
        assert query["Name"]["Fn::Sub"].startswith("LogInformant shipper/${AWS::StackName}/")


def test_queries_use_only_fields_that_the_functions_write(stack: JsonObject) -> None:
    for name, query in queries(stack).items():
        text = query["QueryString"]
        for number, line in enumerate(text.replace("\n  ", " ").splitlines()):
            command = line.removeprefix("| ")
            assert line.startswith("| ") or number == 0, name
            assert command.split()[0] in COMMANDS, name
        made = set(re.findall(r" as (\w+)", text))
        asked = set(
            re.findall(r"(?<![\w.@\"])([A-Za-z]\w*)(?=[.,)\s]|$)(?!\()", re.sub(r'"[^"]*"', "", text))
        )
        words = COMMANDS | made | {"by", "as", "desc", "and", "or", "into", "in"}
        assert asked - words <= WRITTEN_BY, name


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        ({"level": "WARNING", "message": "log events were not delivered", "reason": "unavailable"}, True),
        ({"level": "ERROR", "errorType": "LedgerError", "errorMessage": "boom"}, True),
        ({"log_level": "ERROR", "errorMessage": "boom"}, True),
        ({"type": "platform.report", "record": {"status": "timeout"}}, True),
        ({"type": "platform.report", "record": {"status": "error", "errorType": "Runtime.ExitError"}}, True),
        ({"type": "platform.initReport", "record": {"status": "failure"}}, True),
        ({"type": "platform.report", "record": {"status": "success"}}, False),
        ({"level": "INFO", "message": "subscription filters changed"}, False),
        ({"_aws": {}, "EventsReceived": [1]}, False),
    ],
)
def test_the_query_on_errors_finds_warnings_and_what_shipctl_takes_for_an_error(
    fields: JsonObject, is_found: bool, stack: JsonObject
) -> None:
    assert is_error(line_of(fields)) is (is_found and fields.get("level") != "WARNING")
    text = queries(stack)["TroublesQuery"]["QueryString"]
    condition = text.replace("\n  ", " ").split("| filter ")[1].split("\n")[0]
    alternatives = re.findall(r"([\w.]+) in (\[[^]]+\])", condition)
    assert " or ".join(f"{name} in {values}" for name, values in alternatives) == condition
    assert any(field_of(fields, name) in json.loads(values) for name, values in alternatives) is is_found


def line_of(fields: JsonObject) -> Line:
    return Line("1", datetime(2026, 12, 1, tzinfo=UTC), Function.SHIPPER, json.dumps(fields), fields)


def field_of(fields: JsonObject, name: str) -> Any:
    """Return a field as CloudWatch Logs Insights names it; None if there is none."""
    value: Any = fields
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def test_the_query_on_filtering_names_all_causes(stack: JsonObject) -> None:
    text = queries(stack)["FilteredQuery"]["QueryString"]
    named = set(re.findall(r"filteredBy\.(\w+)", text))
    assert named == {*FilterCause}


def test_the_query_on_log_groups_names_all_counts(stack: JsonObject) -> None:
    text = queries(stack)["LogGroupsQuery"]["QueryString"]
    assert set(re.findall(r"each\.(\w+)", text)) == {"name", *LogGroupCounts.__dataclass_fields__}


def test_basic_monitoring_has_no_dashboard_and_no_queries() -> None:
    template = yaml_parse((Path(__file__).parents[3] / "template.yaml").read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] in (QUERY, "AWS::CloudWatch::Dashboard"):
            assert resource["Condition"] == "MonitorsFully"
