"""What the stack is made of, and what an update must never do to it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[3]

JsonObject = dict[str, Any]


def properties(stack: JsonObject, logical_id: str) -> JsonObject:
    values: JsonObject = stack["Resources"][logical_id]["Properties"]
    return values


def only_of_type(stack: JsonObject, resource_type: str) -> list[str]:
    return [name for name, resource in stack["Resources"].items() if resource["Type"] == resource_type]


def find(value: object, key: str) -> list[Any]:
    """Every value that stands under `key`, at any depth."""
    if isinstance(value, dict):
        own = [value[key]] if key in value else []
        return own + [hit for part in value.values() for hit in find(part, key)]
    if isinstance(value, list):
        return [hit for part in value for hit in find(part, key)]
    return []


def test_cfn_lint_finds_nothing() -> None:
    matches = lint_file(PROJECT / "template.yaml", ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    assert [str(match) for match in matches] == []


def test_logical_ids_stay(stack: JsonObject) -> None:
    """A resource under another logical id is another resource: the old one is deleted."""
    kept = {
        "ApiKeySecret",
        "AsyncEventsDroppedAlarm",
        "DeadLetterErrorsAlarm",
        "DeadLetterQueue",
        "DeadLetterQueueAlarm",
        "DeadLetterQueuePolicy",
        "ShipperFunction",
        "ShipperFunctionRole",
        "ShipperInvokePermission",
        "ShipperLogGroup",
    }
    assert kept - set(stack["Resources"]) == set()


# ---- updates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("logical_id", ["ShipperFunction", "ShipperInvokePermission", "DeadLetterQueue"])
def test_no_parameter_reaches_a_property_whose_change_replaces_the_resource(
    logical_id: str, stack: JsonObject
) -> None:
    """CloudWatch Logs skips logs while the shipper or its permission is missing."""
    resource_type = stack["Resources"][logical_id]["Type"]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    replacing = {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]}
    fixed = {name: value for name, value in properties(stack, logical_id).items() if name in replacing}
    names = {*find(fixed, "Ref"), *re.findall(r"\$\{([^}]+)\}", json.dumps(fixed))}
    assert names - {"AWS::Partition", "AWS::Region", "AWS::AccountId", "ShipperFunction"} == set()
    assert find(fixed, "Fn::If") == []


def test_the_shipper_has_no_name_of_its_own(stack: JsonObject) -> None:
    assert "FunctionName" not in properties(stack, "ShipperFunction")


def test_the_shipper_and_its_permission_exist_under_all_conditions(stack: JsonObject) -> None:
    for logical_id in ("ShipperFunction", "ShipperInvokePermission", "DeadLetterQueue"):
        assert "Condition" not in stack["Resources"][logical_id]


def test_stored_logs_outlive_the_stack(stack: JsonObject) -> None:
    for logical_id in ("DeadLetterQueue", "DeadLetterQueuePolicy"):
        resource = stack["Resources"][logical_id]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


# ---- functions and layers ------------------------------------------------------------------------


def test_the_shipper_function(stack: JsonObject) -> None:
    function = properties(stack, "ShipperFunction")
    assert function["Handler"] == "app.handler"
    assert function["Timeout"] == 120
    assert function["MemorySize"] == 512
    assert function["Architectures"] == [{"Ref": "Architecture"}]
    assert function["DeadLetterConfig"] == {"TargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}}
    assert len(function["Layers"]) == 2


def test_the_handler_is_there(template: JsonObject) -> None:
    function = properties(template, "ShipperFunction")
    module, _, name = function["Handler"].partition(".")
    source = (PROJECT / function["CodeUri"] / f"{module}.py").read_text(encoding="utf-8")
    assert f"def {name}(" in source


def test_settings_know_the_time_out_of_the_function(stack: JsonObject) -> None:
    for name in only_of_type(stack, "AWS::Lambda::Function"):
        function = properties(stack, name)
        assert function["Environment"]["Variables"]["FUNCTION_TIMEOUT_SECONDS"] == str(function["Timeout"])


def test_asynchronous_events_are_retried_twice_and_wait_six_hours(stack: JsonObject) -> None:
    (name,) = only_of_type(stack, "AWS::Lambda::EventInvokeConfig")
    retries = properties(stack, name)
    assert retries["FunctionName"] == {"Ref": "ShipperFunction"}
    assert retries["Qualifier"] == "$LATEST"
    assert retries["MaximumRetryAttempts"] == 2
    assert retries["MaximumEventAgeInSeconds"] == 21600


def test_the_python_version_is_one(template: JsonObject, stack: JsonObject) -> None:
    runtime = template["Mappings"]["Python"]["Version"]["Runtime"]
    everywhere = {"Fn::FindInMap": ["Python", "Version", "Runtime"]}
    for name in only_of_type(stack, "AWS::Lambda::Function"):
        assert properties(stack, name)["Runtime"] == everywhere
    for name in only_of_type(stack, "AWS::Lambda::LayerVersion"):
        assert properties(stack, name)["CompatibleRuntimes"] == [everywhere]
    makefile = (PROJECT / "layers/dependencies/Makefile").read_text(encoding="utf-8")
    assert re.findall(r"--python-version[= ]([\d.]+)", makefile) == [runtime.removeprefix("python")]


def test_layers_serve_both_architectures_so_that_none_can_mismatch(template: JsonObject) -> None:
    architectures = template["Parameters"]["Architecture"]["AllowedValues"]
    layers = only_of_type(template, "AWS::Serverless::LayerVersion")
    assert sorted(layers) == ["DependenciesLayer", "ShippingLayer"]
    for name in layers:
        assert properties(template, name)["CompatibleArchitectures"] == architectures
        assert template["Resources"][name]["Metadata"]["BuildMethod"] == "makefile"
        makefile = (PROJECT / properties(template, name)["ContentUri"] / "Makefile").read_text(
            encoding="utf-8"
        )
        assert f"build-{name}:" in makefile


def test_every_function_logs_json_into_a_group_of_the_stack_that_is_never_shipped(stack: JsonObject) -> None:
    groups = []
    for name in only_of_type(stack, "AWS::Lambda::Function"):
        logging = properties(stack, name)["LoggingConfig"]
        groups.append(logging["LogGroup"]["Ref"])
        assert logging == {
            "LogGroup": {"Ref": groups[-1]},
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "WARN",
        }
    assert sorted(groups) == only_of_type(stack, "AWS::Logs::LogGroup")
    own = properties(stack, "ShipperFunction")["Environment"]["Variables"]["OWN_LOG_GROUPS"]
    assert sorted(find(own, "Ref")) == sorted(groups)


def test_log_groups_have_a_retention(stack: JsonObject) -> None:
    for name in only_of_type(stack, "AWS::Logs::LogGroup"):
        assert properties(stack, name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


# ---- dead-letter queue ---------------------------------------------------------------------------


def test_the_dead_letter_queue_keeps_the_largest_messages_longest_and_encrypted(
    stack: JsonObject,
) -> None:
    assert properties(stack, "DeadLetterQueue") == {
        "MessageRetentionPeriod": 14 * 24 * 60 * 60,
        "MaximumMessageSize": 1024 * 1024,
        "SqsManagedSseEnabled": {"Fn::If": ["HasKmsKey", False, True]},
        "KmsMasterKeyId": {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
    }


def test_one_queue_keeps_what_the_code_and_what_lambda_could_not_deliver(stack: JsonObject) -> None:
    function = properties(stack, "ShipperFunction")
    assert function["Environment"]["Variables"]["DEAD_LETTER_QUEUE_URL"] == {"Ref": "DeadLetterQueue"}
    assert function["DeadLetterConfig"]["TargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}


# ---- alarms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logical_id", "metric", "dimension", "statistic", "missing"),
    [
        (
            "DeadLetterQueueAlarm",
            "AWS/SQS ApproximateNumberOfMessagesVisible",
            {"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}},
            "Maximum",
            "ignore",
        ),
        (
            "DeadLetterErrorsAlarm",
            "AWS/Lambda DeadLetterErrors",
            {"Name": "FunctionName", "Value": {"Ref": "ShipperFunction"}},
            "Sum",
            "notBreaching",
        ),
        (
            "AsyncEventsDroppedAlarm",
            "AWS/Lambda AsyncEventsDropped",
            {"Name": "FunctionName", "Value": {"Ref": "ShipperFunction"}},
            "Sum",
            "notBreaching",
        ),
    ],
)
def test_an_alarm_goes_off_at_the_first_event(
    logical_id: str, metric: str, dimension: JsonObject, statistic: str, missing: str, stack: JsonObject
) -> None:
    alarm = properties(stack, logical_id)
    assert f"{alarm['Namespace']} {alarm['MetricName']}" == metric
    assert alarm["Dimensions"] == [dimension]
    assert alarm["Statistic"] == statistic
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["EvaluationPeriods"] == 1
    assert alarm["TreatMissingData"] == missing


def test_every_alarm_tells_the_topic_if_there_is_one(stack: JsonObject) -> None:
    topic = {"Fn::If": ["HasNotificationTopic", [{"Ref": "NotificationTopicArn"}], {"Ref": "AWS::NoValue"}]}
    alarms = only_of_type(stack, "AWS::CloudWatch::Alarm")
    assert len(alarms) == 3
    for name in alarms:
        assert properties(stack, name)["AlarmActions"] == topic
        assert properties(stack, name)["OKActions"] == topic
        assert properties(stack, name)["AlarmDescription"]
