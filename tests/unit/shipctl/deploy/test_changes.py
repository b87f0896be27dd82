"""The output about planned changes of settings and resources."""

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console
from shipctl.deploy.changes import write_removed_parameters, write_resources, write_settings
from shipctl.deploy.parameters import Parameter
from shipctl.deploy.settings_plan import plan_settings

from tests.unit.shipctl.deploy.conftest import live_stack

Parameters = dict[str, Parameter]


def written(write: Callable[[Console], None]) -> list[str]:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    write(console)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def change(name: str, action: str, kind: str = "AWS::SQS::Queue", replaced: str = "False") -> dict[str, Any]:
    return {"LogicalResourceId": name, "Action": action, "ResourceType": kind, "Replacement": replaced}


def test_changed_settings_are_shown_with_their_old_and_new_values(parameters: Parameters) -> None:
    wishes = {"ApiKey": "new", "Redact": "", "ExcludePattern": "GET /health\x1b[2J"}
    settings = plan_settings(parameters, wishes, live_stack(parameters, Redact="email"))
    assert written(lambda console: write_settings(console, settings, is_new_stack=False)) == [
        "Settings",
        "  ApiKey          (hidden) → (hidden)",
        "  ExcludePattern  (nothing) → GET /health␛[2J",
        "  Redact          email → (nothing)",
    ]


def test_settings_of_a_new_stack_are_shown_without_old_values(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {"ApiKey": "key", "LogGroups": "*"}, None)
    assert written(lambda console: write_settings(console, settings, is_new_stack=True)) == [
        "Settings",
        "  ApiKey     (hidden)",
        "  LogGroups  *",
    ]


def test_unchanged_settings_are_shown_as_no_changes(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {}, live_stack(parameters))
    lines = written(lambda console: write_settings(console, settings, is_new_stack=False))
    assert lines == ["Settings", "  no changes"]


def test_a_removed_parameter_is_reported() -> None:
    assert written(lambda console: write_removed_parameters(console, ["Colour"])) == [
        "  Colour  is no longer a parameter"
    ]


def test_resources_are_grouped_by_action() -> None:
    layer = "AWS::Lambda::LayerVersion"
    changes = [
        change("ShipperFunction", "Modify", "AWS::Lambda::Function"),
        change("DeadLetterQueue", "Modify", replaced="True"),
        change("Subscriptions", "Modify", "Custom::Subscriptions", replaced="Conditional"),
        change("KinesisAgeAlarm", "Add", "AWS::CloudWatch::Alarm"),
        change("OldAlarm", "Remove", "AWS::CloudWatch::Alarm"),
        change("ShippingLayer0123456789", "Add", layer),
        change("ShippingLayerabcdef0123", "Remove", layer),
    ]
    assert written(lambda console: write_resources(console, changes, is_new_stack=False)) == [
        "Resources",
        "  new       KinesisAgeAlarm",
        "  changed   ShipperFunction, ShippingLayer (new version), Subscriptions",
        "  replaced  DeadLetterQueue",
        "  removed   OldAlarm",
    ]


def test_resources_of_a_new_stack_are_counted() -> None:
    changes = [change("A", "Add"), change("B", "Add")]
    lines = written(lambda console: write_resources(console, changes, is_new_stack=True))
    assert lines[1].startswith("  2 new: ")
