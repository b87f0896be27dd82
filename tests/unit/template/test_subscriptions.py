"""Settings of the subscriber, events that invoke it, and the account policy."""

import json
import re
from typing import Any

import pytest
from loginformant_shipper.names import METRICS_NAMESPACE, SubscriptionMetric
from loginformant_shipper.subscriptions.subscription_settings import load_subscription_settings
from loginformant_shipper.subscriptions.turns import TURN_SECONDS, TURNS
from loginformant_shipper.subscriptions.wanted import DELIVERY_PATH, matches

from tests.unit.template.known_metrics import LATE_SECONDS

JsonObject = dict[str, Any]

STACK = {
    "AWS::StackName": "shipper",
    "ShipperFunction": "shipper-ShipperFunction-1A2B",
    "ShipperFunction.Arn": "arn:aws:lambda:eu-west-1:123456789012:function:shipper-ShipperFunction-1A2B",
    "ShipperLogGroup": "/loginformant/shipper/shipper",
    "ReplayLogGroup": "/loginformant/shipper/replay",
    "SubscriberLogGroup": "/loginformant/shipper/subscriber",
    "SettingsCheckLogGroup": "/loginformant/shipper/settings-check",
    "SubscribeAccount": "false",
    "SubscribeRequestsPerSecond": "4",
}
WIRED = {"OWN_LOG_GROUPS", "SHIPPER_FUNCTION_ARN", "SUBSCRIPTION_FILTER_NAME"}


def evaluated(value: Any, given: dict[str, str]) -> Any:
    """Return a value as CloudFormation evaluates it, for the functions that are used here."""
    if isinstance(value, list):
        return [evaluated(part, given) for part in value]
    if not isinstance(value, dict):
        return value
    ((function, argument),) = value.items()
    match function:
        case "Ref":
            return given[argument]
        case "Fn::GetAtt":
            return given[".".join(argument)]
        case "Fn::If":
            condition, yes, no = argument
            assert condition == "ExcludesLogGroups"
            return evaluated(yes if given["ExcludeLogGroups"] else no, given)
        case "Fn::Join":
            glue, parts = argument
            return glue.join(evaluated(parts, given))
        case "Fn::Split":
            separator, text = argument
            return evaluated(text, given).split(separator)
        case "Fn::Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            names = given | {name: evaluated(part, given) for name, part in own.items()}
            return re.sub(r"\$\{([^}]+)\}", lambda name: names[name[1]], text)
    raise AssertionError(function)


def variables(stack: JsonObject, **parameters: str) -> dict[str, str]:
    """Return the variables of the subscriber's environment that concern subscriptions."""
    given = STACK | {"LogGroups": "", "ExcludeLogGroups": "", "SubscriptionFilterPattern": ""} | parameters
    environment = stack["Resources"]["SubscriberFunction"]["Properties"]["Environment"]["Variables"]
    own = {name for name in environment if "SUBSCRI" in name or name.endswith("LOG_GROUPS")}
    return {name: evaluated(environment[name], given) for name in own | WIRED}


def test_nothing_is_subscribed_by_default(template: JsonObject, stack: JsonObject) -> None:
    defaults = {name: str(each.get("Default", "")) for name, each in template["Parameters"].items()}
    settings = load_subscription_settings(variables(stack, **defaults))
    assert (settings.log_groups, settings.account_wide) == ((), False)
    assert settings.requests_per_second == 4
    assert settings == load_subscription_settings(
        {name: value for name, value in variables(stack).items() if name in WIRED}
    )


def test_every_parameter_reaches_the_subscriber(stack: JsonObject) -> None:
    settings = load_subscription_settings(
        variables(
            stack,
            LogGroups="/aws/lambda/*,orders",
            ExcludeLogGroups="/aws/lambda/noisy",
            SubscriptionFilterPattern="?ERROR ?WARN",
            SubscribeAccount="true",
            SubscribeRequestsPerSecond="20",
        )
    )
    assert settings.log_groups == ("/aws/lambda/*", "orders")
    assert settings.excluded == ("/aws/lambda/noisy",)
    assert settings.filter_pattern == "?ERROR ?WARN"
    assert settings.account_wide
    assert settings.requests_per_second == 20
    assert settings.destination_arn == STACK["ShipperFunction.Arn"]


def test_the_subscriber_has_another_filter_name_than_manual_filters(
    stack: JsonObject, template: JsonObject
) -> None:
    settings = load_subscription_settings(variables(stack))
    by_hand = template["Outputs"]["SubscribeCommand"]["Value"]["Fn::Sub"]
    assert "--filter-name '${AWS::StackName}'" in by_hand
    assert settings.filter_name == "shipper-subscriber"


def test_the_stacks_own_log_groups_are_on_the_delivery_path(stack: JsonObject) -> None:
    groups = [each for each in stack["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    names = [evaluated(each["Properties"]["LogGroupName"], STACK) for each in groups]
    assert len(names) == 4
    assert all(matches(name, [DELIVERY_PATH]) for name in names)
    assert set(names) <= load_subscription_settings(variables(stack)).own_log_groups


def test_the_template_declares_no_subscription_filters(stack: JsonObject) -> None:
    types = {each["Type"] for each in stack["Resources"].values()}
    assert "AWS::Logs::SubscriptionFilter" not in types


# --- events that invoke the subscriber ---


def rules(stack: JsonObject) -> list[JsonObject]:
    return [each["Properties"] for each in stack["Resources"].values() if each["Type"] == "AWS::Events::Rule"]


def test_rules_are_enabled_only_with_log_groups(stack: JsonObject) -> None:
    assert stack["Conditions"]["SubscribesLogGroups"] == {
        "Fn::And": [
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "LogGroups"}, ""]}]},
            {"Fn::Not": [{"Condition": "SubscribesAccount"}]},
        ]
    }
    for rule in rules(stack):
        assert rule["State"] == {"Fn::If": ["SubscribesLogGroups", "ENABLED", "DISABLED"]}


def test_new_log_groups_are_detected_with_cloudtrail(stack: JsonObject) -> None:
    (pattern,) = (rule["EventPattern"] for rule in rules(stack) if "EventPattern" in rule)
    assert pattern == {
        "source": ["aws.logs"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["logs.amazonaws.com"],
            "eventName": ["CreateLogGroup"],
            "errorCode": [{"exists": False}],
        },
    }


def test_the_schedule_runs_once_in_each_turn(stack: JsonObject) -> None:
    """The minutes are fixed, and not at the end of a turn, where a late run would fall in the next."""
    (rule,) = (rule for rule in rules(stack) if "ScheduleExpression" in rule)
    minutes = re.fullmatch(r"cron\((\d+)/(\d+) \* \* \* \? \*\)", rule["ScheduleExpression"])
    assert minutes
    first, every = int(minutes[1]), int(minutes[2])
    assert every * 60 == TURN_SECONDS
    assert 0 < first < every - 5
    (target,) = rule["Targets"]
    assert json.loads(target["Input"]) == {"reconcile": "share"}


def test_the_alarm_on_refusals_covers_one_round_of_turns_and_the_length_of_a_run(stack: JsonObject) -> None:
    """A run writes its metrics at its end, and CloudWatch shows them a minute or two later.

    With a shorter period the alarm would end and begin again although nothing has changed.
    """
    alarm = stack["Resources"]["LogGroupsRefusedAlarm"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (METRICS_NAMESPACE, SubscriptionMetric.REFUSED)
    assert alarm["Dimensions"] == [{"Name": "Stack", "Value": {"Ref": "AWS::StackName"}}]
    timeout = stack["Resources"]["SubscriberFunction"]["Properties"]["Timeout"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] >= TURNS * TURN_SECONDS + timeout + LATE_SECONDS
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "Sum",
        "GreaterThanThreshold",
        0,
    )


def test_cloudformation_calls_the_subscriber_only_with_log_groups(stack: JsonObject) -> None:
    """Without log groups the resource does not exist; removing all of them deletes it."""
    assert stack["Resources"]["Subscriptions"]["Condition"] == "SubscribesLogGroups"


def test_cloudformation_calls_the_subscriber_if_its_parameters_change(stack: JsonObject) -> None:
    handed_on = json.dumps(stack["Resources"]["Subscriptions"]["Properties"])
    for changing in ("LogGroups", "ExcludeLogGroups", "SubscriptionFilterPattern", "ShipperFunction"):
        assert f'"{changing}"' in handed_on


def test_filters_are_created_after_their_dependencies(stack: JsonObject) -> None:
    """AWS refuses a filter to a function without permission (PutSubscriptionFilter)."""
    assert set(stack["Resources"]["Subscriptions"]["DependsOn"]) == {
        "ShipperInvokePermission",
        "SubscriberContinuesPolicy",
        "SubscriberFunctionEventInvokeConfig",
    }


# --- account policy ---


def account_policy(stack: JsonObject, **parameters: str) -> JsonObject:
    given = STACK | {"ExcludeLogGroups": "", "SubscriptionFilterPattern": ""} | parameters
    resource = stack["Resources"]["AccountSubscriptionPolicy"]
    return {name: evaluated(value, given) for name, value in resource["Properties"].items()}


@pytest.mark.parametrize("pattern", ["", "ERROR", '{ $.level = "ERROR" }', r'"a\b" %\d{3}\s%'])
def test_the_policy_document_is_json_with_any_pattern(pattern: str, stack: JsonObject) -> None:
    policy = account_policy(stack, SubscriptionFilterPattern=pattern)
    assert policy["PolicyType"] == "SUBSCRIPTION_FILTER_POLICY"
    assert policy["Scope"] == "ALL"
    assert json.loads(policy["PolicyDocument"]) == {
        "DestinationArn": STACK["ShipperFunction.Arn"],
        "FilterPattern": pattern,
    }


@pytest.mark.parametrize("excluded", ["", "noisy", "noisy,/aws/lambda/chatty"])
def test_the_account_policy_omits_own_and_excluded_log_groups(excluded: str, stack: JsonObject) -> None:
    criteria = account_policy(stack, ExcludeLogGroups=excluded)["SelectionCriteria"]
    operator, bracket, names = criteria.partition("[")
    assert operator == "LogGroupName NOT IN "
    settings = load_subscription_settings(variables(stack, ExcludeLogGroups=excluded))
    assert set(json.loads(bracket + names)) == settings.own_log_groups | set(settings.excluded)


def test_selection_criteria_stay_below_the_limit(template: JsonObject, stack: JsonObject) -> None:
    """25 KB (PutAccountPolicy, Amazon CloudWatch Logs API Reference)."""
    longest = ",".join("x" * (template["Parameters"]["ExcludeLogGroups"]["MaxLength"] // 2))
    assert len(account_policy(stack, ExcludeLogGroups=longest)["SelectionCriteria"]) < 25_000


def test_the_account_policy_is_created_after_its_check(stack: JsonObject) -> None:
    """CloudFormation deletes the filters last, after it has created the policy."""
    assert "AccountSubscriptionCheck" in stack["Resources"]["AccountSubscriptionPolicy"]["DependsOn"]


def test_the_subscriber_has_no_proxy_settings(stack: JsonObject) -> None:
    """It runs outside the VPC, where it cannot reach a proxy inside."""
    environment = stack["Resources"]["SubscriberFunction"]["Properties"]["Environment"]["Variables"]
    assert not {name for name in environment if "PROXY" in name}
