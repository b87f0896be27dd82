"""The stack's resources, and changes that an update must not cause."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.unit.template.reading import find, properties

PROJECT = Path(__file__).parents[3]

JsonObject = dict[str, Any]

STREAM = {
    "Fn::If": [
        "HasOrganization",
        {"Fn::GetAtt": ["OrganizationStream", "Arn"]},
        {"Ref": "KinesisStreamArn"},
    ]
}
NO_VALUE = {"Ref": "AWS::NoValue"}
WITH_SETTINGS = ("ShipperFunction", "ReplayFunction", "SubscriberFunction")
SHIPPING = ("ShipperFunction", "ReplayFunction")


def only_of_type(stack: JsonObject, resource_type: str) -> list[str]:
    return [name for name, resource in stack["Resources"].items() if resource["Type"] == resource_type]


def test_cfn_lint_finds_nothing() -> None:
    matches = lint_file(PROJECT / "template.yaml", ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    assert [str(match) for match in matches] == []


def test_logical_ids_are_kept(stack: JsonObject) -> None:
    """CloudFormation deletes and recreates a resource whose logical id changes."""
    kept = {
        "ApiKeySecret",
        "AsyncEventsDroppedAlarm",
        "DeadLetterErrorsAlarm",
        "DeadLetterQueue",
        "DeadLetterQueueAgeAlarm",
        "DeadLetterQueueAlarm",
        "DeadLetterQueueDelayedAlarm",
        "DeadLetterQueuePolicy",
        "KinesisAgeAlarm",
        "KinesisEventSourceMapping",
        "NotificationEmailSubscription",
        "NotificationTopic",
        "ParkedQueue",
        "ParkedQueueAlarm",
        "ParkedQueuePolicy",
        "ReplayEventSourceMapping",
        "ReplayFailingAlarm",
        "ReplayFunction",
        "ReplayFunctionRole",
        "ReplayLogGroup",
        "SettingsCheck",
        "SettingsCheckFunction",
        "SettingsCheckFunctionRole",
        "SettingsCheckLogGroup",
        "ShipperFunction",
        "ShipperFunctionRole",
        "ShipperInvokePermission",
        "ShipperLogGroup",
        "SubscriberErrorsAlarm",
        "SubscriberFunction",
        "SubscriberFunctionRole",
        "SubscriberLogGroup",
        "Subscriptions",
    }
    assert kept - set(stack["Resources"]) == set()


# --- updates ---


@pytest.mark.parametrize(
    "logical_id",
    [
        "ShipperFunction",
        "ShipperInvokePermission",
        "ReplayFunction",
        "ReplayEventSourceMapping",
        "DeadLetterQueue",
        "ParkedQueue",
    ],
)
def test_no_parameter_can_replace_a_resource_on_the_delivery_path(logical_id: str, stack: JsonObject) -> None:
    """CloudWatch Logs skips logs while the shipper or its permission is missing."""
    resource_type = stack["Resources"][logical_id]["Type"]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    replacing = {path.removeprefix("/properties/") for path in schema["createOnlyProperties"]}
    fixed = {name: value for name, value in properties(stack, logical_id).items() if name in replacing}
    names = {*find(fixed, "Ref"), *re.findall(r"\$\{([^}]+)\}", json.dumps(fixed))}
    assert names & set(stack["Parameters"]) == set()
    assert find(fixed, "Fn::If") == []


def test_functions_and_queues_have_generated_names(stack: JsonObject) -> None:
    for name in only_of_type(stack, "AWS::Lambda::Function"):
        assert "FunctionName" not in properties(stack, name)
    for name in only_of_type(stack, "AWS::SQS::Queue"):
        assert "QueueName" not in properties(stack, name)


def test_only_the_listed_resources_have_a_condition(stack: JsonObject) -> None:
    conditional = {name for name, resource in stack["Resources"].items() if "Condition" in resource}
    assert conditional == {
        "AccountSubscriptionCheck",
        "AccountSubscriptionPolicy",
        "ApiKeySecret",
        "Dashboard",
        "EverythingFilteredAlarm",
        "FilteredQuery",
        "InvocationsQuery",
        "KinesisAgeAlarm",
        "KinesisDroppedAlarm",
        "KinesisEventSourceMapping",
        "KinesisEverythingFilteredAlarm",
        "KinesisNothingDeliveredAlarm",
        "KinesisSilentAlarm",
        "KinesisStreamConsumer",
        "LogGroupsQuery",
        "LogGroupsRefusedAlarm",
        "NotDeliveredQuery",
        "NothingDeliveredAlarm",
        "NotificationEmailSubscription",
        "NotificationTopic",
        "SubscriptionErrorsAlarm",
        "SubscriptionThrottledAlarm",
        "OrganizationDestination",
        "OrganizationDestinationRole",
        "OrganizationStream",
        "Subscriptions",
        "TroublesQuery",
    }


def test_stored_logs_outlive_the_stack(stack: JsonObject) -> None:
    for logical_id in ("DeadLetterQueue", "DeadLetterQueuePolicy", "ParkedQueue", "ParkedQueuePolicy"):
        resource = stack["Resources"][logical_id]
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"


# --- functions and layers ---


def test_functions_share_handler_architecture_and_layers(stack: JsonObject) -> None:
    functions = only_of_type(stack, "AWS::Lambda::Function")
    assert functions == ["SettingsCheckFunction", "ShipperFunction", "ReplayFunction", "SubscriberFunction"]
    for name in functions:
        function = properties(stack, name)
        assert function["Handler"] == "app.handler"
        subscribes = name == "SubscriberFunction"
        assert function["Timeout"] == (900 if subscribes else 120)
        sizes = {"SubscriberFunction": 256, "SettingsCheckFunction": 512}
        assert function["MemorySize"] == sizes.get(name, {"Ref": "MemorySize"})
        assert function["Architectures"] == [{"Ref": "Architecture"}]
        outside = name in ("SettingsCheckFunction", "SubscriberFunction")
        assert function["VpcConfig"] == NO_VALUE if outside else function["VpcConfig"]["Fn::If"][0] == "InVpc"
        assert function["Layers"][:2] == properties(stack, "ShipperFunction")["Layers"][:2]
        with_authorities = {"Fn::If": ["HasCaBundle", {"Ref": "CaBundleLayerArn"}, NO_VALUE]}
        assert function["Layers"][2:] == ([] if outside else [with_authorities])


def test_failed_asynchronous_events_go_to_the_dead_letter_queue(stack: JsonObject) -> None:
    target = {"TargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}}
    assert properties(stack, "ShipperFunction")["DeadLetterConfig"] == target


@pytest.mark.parametrize("logical_id", [*WITH_SETTINGS, "SettingsCheckFunction"])
def test_the_handler_exists(logical_id: str, template: JsonObject) -> None:
    function = properties(template, logical_id)
    module, _, name = function["Handler"].partition(".")
    source = (PROJECT / function["CodeUri"] / f"{module}.py").read_text(encoding="utf-8")
    assert f"def {name}(" in source


def test_the_time_out_in_the_settings_is_that_of_the_function(stack: JsonObject) -> None:
    for name in SHIPPING:
        function = properties(stack, name)
        assert function["Environment"]["Variables"]["FUNCTION_TIMEOUT_SECONDS"] == str(function["Timeout"])


def test_asynchronous_events_are_retried_twice_within_six_hours(stack: JsonObject) -> None:
    assert properties(stack, "ShipperFunctionEventInvokeConfig") == {
        "FunctionName": {"Ref": "ShipperFunction"},
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 21600,
        "DestinationConfig": {},
    }


def test_lambda_does_not_retry_the_subscriber(stack: JsonObject) -> None:
    """A creation repeated after the rollback of its stack would create the filters again."""
    retries = properties(stack, "SubscriberFunctionEventInvokeConfig")
    assert retries["MaximumRetryAttempts"] == 0
    assert retries["MaximumEventAgeInSeconds"] == 60 * 60, "as long as CloudFormation waits"
    assert "SubscriberFunctionEventInvokeConfig" in stack["Resources"]["Subscriptions"]["DependsOn"]


def test_all_resources_have_the_same_python_version(template: JsonObject, stack: JsonObject) -> None:
    runtime = template["Mappings"]["Python"]["Version"]["Runtime"]
    everywhere = {"Fn::FindInMap": ["Python", "Version", "Runtime"]}
    for name in only_of_type(stack, "AWS::Lambda::Function"):
        assert properties(stack, name)["Runtime"] == everywhere
    for name in only_of_type(stack, "AWS::Lambda::LayerVersion"):
        assert properties(stack, name)["CompatibleRuntimes"] == [everywhere]
    makefile = (PROJECT / "layers/dependencies/Makefile").read_text(encoding="utf-8")
    assert re.findall(r"--python-version[= ]([\d.]+)", makefile) == [runtime.removeprefix("python")]


def test_names_are_valid_with_the_longest_stack_name(stack: JsonObject) -> None:
    """A stack's name has up to 128 characters (CreateStack, AWS CloudFormation API Reference)."""
    longest = "s" * 128
    for resource in stack["Resources"].values():
        if "${AWS::StackName}" not in json.dumps(resource) or resource["Type"].startswith("Custom::"):
            continue
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        for name, value in resource["Properties"].items():
            bound = schema["properties"][name].get("maxLength")
            if bound and isinstance(value, dict) and isinstance(value.get("Fn::Sub"), str):
                assert len(value["Fn::Sub"].replace("${AWS::StackName}", longest)) <= bound, value


def test_layers_support_both_architectures(template: JsonObject) -> None:
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


def test_every_function_logs_json_into_its_own_log_group(stack: JsonObject) -> None:
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
    assert sorted(groups) == sorted(only_of_type(stack, "AWS::Logs::LogGroup"))
    for name in WITH_SETTINGS:
        own = properties(stack, name)["Environment"]["Variables"]["OWN_LOG_GROUPS"]
        separator, listed = own["Fn::Join"]
        assert separator == ","
        assert sorted(find(listed, "Ref")) == sorted(groups)


def test_log_groups_have_a_retention(stack: JsonObject) -> None:
    for name in only_of_type(stack, "AWS::Logs::LogGroup"):
        assert properties(stack, name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


# --- queues ---


@pytest.mark.parametrize("logical_id", ["DeadLetterQueue", "ParkedQueue"])
def test_queues_have_the_maximum_retention_and_size_and_are_encrypted(
    logical_id: str, stack: JsonObject
) -> None:
    queue = properties(stack, logical_id)
    assert {name: value for name, value in queue.items() if name != "VisibilityTimeout"} == {
        "MessageRetentionPeriod": 14 * 24 * 60 * 60,
        "MaximumMessageSize": 1024 * 1024,
        "SqsManagedSseEnabled": {"Fn::If": ["HasKmsKey", False, True]},
        "KmsMasterKeyId": {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
    }


def test_code_and_lambda_use_the_same_dead_letter_queue(stack: JsonObject) -> None:
    queue = {"Ref": "DeadLetterQueue"}
    for name in SHIPPING:
        assert properties(stack, name)["Environment"]["Variables"]["DEAD_LETTER_QUEUE_URL"] == queue
    target = properties(stack, "ShipperFunction")["DeadLetterConfig"]["TargetArn"]
    assert target == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}


# --- replay ---


def test_the_dead_letter_queue_invokes_replay_if_auto_replay_is_on(stack: JsonObject) -> None:
    assert properties(stack, "ReplayEventSourceMapping") == {
        "FunctionName": {"Ref": "ReplayFunction"},
        "EventSourceArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]},
        "Enabled": {"Fn::If": ["ReplaysByItself", True, False]},
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "ReplayConcurrency"}},
    }
    assert stack["Conditions"]["ReplaysByItself"] == {"Fn::Equals": [{"Ref": "AutoReplay"}, "true"]}
    assert stack["Parameters"]["AutoReplay"]["Default"] == "true"


def test_replay_concurrency_has_the_bounds_of_lambda(stack: JsonObject) -> None:
    parameter = stack["Parameters"]["ReplayConcurrency"]
    # 2 to 1,000: "Setting maximum concurrency for Amazon SQS event sources", AWS Lambda Developer Guide.
    assert (parameter["Default"], parameter["MinValue"], parameter["MaxValue"]) == (2, 2, 1000)


def test_a_received_message_stays_hidden_for_six_time_outs_of_replay(stack: JsonObject) -> None:
    timeout = properties(stack, "ReplayFunction")["Timeout"]
    assert properties(stack, "DeadLetterQueue")["VisibilityTimeout"] == 6 * timeout


def test_loop_detection_of_lambda_is_off_for_replay_only(stack: JsonObject) -> None:
    assert properties(stack, "ReplayFunction")["RecursiveLoop"] == "Allow"
    assert "RecursiveLoop" not in properties(stack, "ShipperFunction")


def test_only_replay_has_the_parked_queue_in_its_settings(stack: JsonObject) -> None:
    replay = properties(stack, "ReplayFunction")["Environment"]["Variables"]
    assert replay["PARKED_QUEUE_URL"] == {"Ref": "ParkedQueue"}
    shipper = properties(stack, "ShipperFunction")["Environment"]["Variables"]
    assert set(replay) - set(shipper) == {"PARKED_QUEUE_URL", "MAX_REPLAYS"}
    assert {name: replay[name] for name in shipper} == shipper


def test_no_queue_has_a_redrive_policy(stack: JsonObject) -> None:
    for name in only_of_type(stack, "AWS::SQS::Queue"):
        assert "RedrivePolicy" not in properties(stack, name)


# --- a Kinesis stream ---


def test_a_failed_record_of_a_stream_is_retried_for_12_hours(stack: JsonObject) -> None:
    mapping = properties(stack, "KinesisEventSourceMapping")
    assert mapping["FunctionName"] == {"Ref": "ShipperFunction"}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["StartingPosition"] == {"Ref": "KinesisStartingPosition"}
    assert stack["Parameters"]["KinesisStartingPosition"]["Default"] == "TRIM_HORIZON"
    least_retention_of_a_stream = 24 * 60 * 60
    assert mapping["MaximumRecordAgeInSeconds"] == least_retention_of_a_stream // 2
    assert mapping["MaximumRetryAttempts"] == 10_000, "as many as Lambda allows: the age is the bound"
    assert "DestinationConfig" not in mapping, "a queue would get no logs, only where in the stream they are"


def test_enhanced_fan_out_uses_a_consumer_of_the_stack(stack: JsonObject) -> None:
    """("Process Amazon Kinesis Data Streams records with Lambda", AWS Lambda Developer Guide.)"""
    consumer = {"Fn::GetAtt": ["KinesisStreamConsumer", "ConsumerARN"]}
    assert stack["Resources"]["KinesisStreamConsumer"]["Condition"] == "HasKinesisConsumer"
    source = properties(stack, "KinesisEventSourceMapping")["EventSourceArn"]
    assert source == {"Fn::If": ["HasKinesisConsumer", consumer, STREAM]}
    assert properties(stack, "KinesisStreamConsumer")["StreamARN"] == STREAM


def test_stream_batch_parameters_have_the_bounds_of_lambda(stack: JsonObject) -> None:
    mapping = properties(stack, "KinesisEventSourceMapping")
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::Lambda::EventSourceMapping")
    for parameter, name in (
        ("KinesisBatchSize", "BatchSize"),
        ("KinesisBatchingWindowSeconds", "MaximumBatchingWindowInSeconds"),
        ("KinesisParallelizationFactor", "ParallelizationFactor"),
    ):
        assert mapping[name] == {"Ref": parameter}
        bounds = schema.schema["properties"][name]
        allowed = stack["Parameters"][parameter]
        assert (allowed["MinValue"], allowed["MaxValue"]) == (bounds["minimum"], bounds["maximum"])
