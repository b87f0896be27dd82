"""The outputs name the stack's resources and contain valid commands."""

import re
import shlex
from typing import Any

import pytest
from loginformant_shipper import __version__

from tests.unit.documented_commands import check_aws

JsonObject = dict[str, Any]

VERSION = {"Fn::FindInMap": ["Shipper", "Version", "Number"]}


def commands(template: JsonObject) -> dict[str, list[str]]:
    """Return the words of every command, with each `${…}` replaced."""
    return {
        name: shlex.split(re.sub(r"\$\{[^}]+\}", "value", output["Value"]["Fn::Sub"]))
        for name, output in template["Outputs"].items()
        if name.endswith("Command")
    }


def test_every_output_is_described(template: JsonObject) -> None:
    for name, output in template["Outputs"].items():
        assert output["Description"], name


def test_outputs_name_functions_queues_log_groups_and_alarms(template: JsonObject) -> None:
    assert {
        "Version",
        "MetricsStack",
        "ShipperFunctionName",
        "ShipperFunctionArn",
        "ShipperLogGroupName",
        "ReplayFunctionName",
        "ReplayFunctionArn",
        "ReplayLogGroupName",
        "SubscriberFunctionName",
        "SubscriberFunctionArn",
        "SubscriberLogGroupName",
        "SettingsCheckLogGroupName",
        "SubscriberErrorsAlarmName",
        "DeadLetterQueueUrl",
        "DeadLetterQueueArn",
        "ParkedQueueUrl",
        "ParkedQueueArn",
        "ApiKeySecretArn",
        "DeadLetterQueueAlarmName",
        "DeadLetterQueueDelayedAlarmName",
        "DeadLetterQueueAgeAlarmName",
        "ReplayFailingAlarmName",
        "ParkedQueueAlarmName",
        "DeadLetterErrorsAlarmName",
        "AsyncEventsDroppedAlarmName",
        "KinesisAgeAlarmName",
        "OrganizationDestinationArn",
        "OrganizationDestinationRoleArn",
        "OrganizationStreamArn",
        "LogGroupsRefusedAlarmName",
        "KeyOrAddressAlarmName",
        "ShipperThrottledAlarmName",
        "ReplayThrottledAlarmName",
        "ShipperNearTimeOutAlarmName",
        "ReplayNearTimeOutAlarmName",
        "NothingDeliveredAlarmName",
        "EverythingFilteredAlarmName",
        "SubscriptionErrorsAlarmName",
        "SubscriptionThrottledAlarmName",
        "KinesisDroppedAlarmName",
        "KinesisSilentAlarmName",
        "KinesisNothingDeliveredAlarmName",
        "KinesisEverythingFilteredAlarmName",
        "NotificationEmailTopicArn",
        "DashboardName",
        "DashboardAddress",
    } == {name for name in template["Outputs"] if not name.endswith("Command")}


def test_every_alarm_has_an_output(template: JsonObject) -> None:
    alarms = {name for name, it in template["Resources"].items() if it["Type"] == "AWS::CloudWatch::Alarm"}
    assert {f"{name}Name" for name in alarms} <= set(template["Outputs"])


@pytest.mark.parametrize(
    "name",
    [
        "SubscribeCommand",
        "UnsubscribeCommand",
        "ShipperLogCommand",
        "ReplayLogCommand",
        "SubscriberLogCommand",
        "DeadLetterCountCommand",
        "DeadLetterReasonsCommand",
    ],
)
def test_commands_are_valid_for_the_aws_cli(name: str, template: JsonObject) -> None:
    program, *words = commands(template)[name]
    assert program == "aws"
    assert "--region" in words
    check_aws(words, complete=True)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("SubscriptionsCommand", "subscriptions list"),
        ("DeadLetterStatsCommand", "dlq stats"),
        ("ReplayCommand", "dlq replay"),
    ],
)
def test_commands_of_shipctl_name_stack_and_region(name: str, command: str, template: JsonObject) -> None:
    assert template["Outputs"][name]["Value"]["Fn::Sub"] == (
        f"shipctl {command} --stack '${{AWS::StackName}}' --region ${{AWS::Region}}"
    )


def test_the_subscribe_command_lacks_only_the_log_group(template: JsonObject) -> None:
    _, _, _, *words = commands(template)["SubscribeCommand"]
    given = dict(zip(words[::2], words[1::2], strict=True))
    assert given["--log-group-name"] == "LOG_GROUP_NAME"
    assert given["--filter-pattern"] == ""
    destination = template["Outputs"]["SubscribeCommand"]["Value"]["Fn::Sub"]
    assert "--destination-arn '${ShipperFunction.Arn}'" in destination


def test_the_version_equals_that_of_the_project(template: JsonObject) -> None:
    assert template["Mappings"]["Shipper"]["Version"]["Number"] == __version__
    assert template["Outputs"]["Version"]["Value"] == VERSION


def test_every_function_has_the_version_as_a_tag(stack: JsonObject) -> None:
    functions = [each for each in stack["Resources"].values() if each["Type"] == "AWS::Lambda::Function"]
    assert functions
    for function in functions:
        tags = {tag["Key"]: tag["Value"] for tag in function["Properties"]["Tags"]}
        assert tags["loginformant-shipper:version"] == VERSION
