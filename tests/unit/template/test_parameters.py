"""Parameters are described, grouped, checked before a stack changes, and passed to the settings."""

import re
from collections import Counter
from typing import Any

import pytest
from loginformant_shipper.names import Detector
from loginformant_shipper.settings import Settings, SettingsError, load_settings

JsonObject = dict[str, Any]

WIRED_BY_THE_STACK = {
    "AWS_CA_BUNDLE": "",
    "CA_BUNDLE": "",
    "API_KEY_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:api-key-AbCdEf",
    "LOG_GROUP_ARNS": "arn:aws:logs:eu-west-1:123456789012:log-group:",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    "FUNCTION_TIMEOUT_SECONDS": "120",
    "OWN_LOG_GROUPS": "/loginformant/loginformant-shipper/shipper,/loginformant/loginformant-shipper/replay",
    "STACK_NAME": "loginformant-shipper",
    "PARKED_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/parked",
}

NOT_FOR_THE_CODE = {
    "ApiKey",
    "ApiKeyKmsKeyArn",
    "Architecture",
    "AutoReplay",
    "CaBundleLayerArn",
    "KinesisBatchSize",
    "KinesisBatchingWindowSeconds",
    "KinesisEnhancedFanOut",
    "KinesisKmsKeyArn",
    "KinesisParallelizationFactor",
    "KinesisStartingPosition",
    "KinesisStartingTimestamp",
    "KinesisStreamArn",
    "KmsKeyArn",
    "LogRetentionDays",
    "MemorySize",
    "Monitoring",
    "NotificationEmail",
    "NotificationTopicArn",
    "OrganizationId",
    "PermissionsBoundaryArn",
    "ReplayConcurrency",
    "ReservedConcurrency",
    "VpcSecurityGroupIds",
    "VpcSubnetIds",
}

ROLE_ARN = "arn:aws:iam::123456789012:role/x"
KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def in_camel_case(variable: str) -> str:
    return "".join(word.capitalize() for word in variable.split("_"))


OF_THE_SUBSCRIBER = {
    "ExcludeLogGroups",
    "LogGroups",
    "SubscribeAccount",
    "SubscribeRequestsPerSecond",
    "SubscriptionFilterPattern",
}


def environment(stack: JsonObject) -> JsonObject:
    """Return the variables of replay, which include those of the shipper (test_resources.py)."""
    variables: JsonObject = stack["Resources"]["ReplayFunction"]["Properties"]["Environment"]["Variables"]
    return variables


def refs(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["Ref"]} if "Ref" in value else set()
        return own.union(*map(refs, value.values()))
    if isinstance(value, list):
        return set().union(*map(refs, value))
    return set()


def settings_with(stack: JsonObject, **given: str) -> Settings:
    """Return the code's settings from the environment of the stack with these parameters."""
    parameters = {name: str(parameter.get("Default", "")) for name, parameter in stack["Parameters"].items()}
    parameters |= given
    environ = dict(WIRED_BY_THE_STACK)
    for variable in set(environment(stack)) - set(WIRED_BY_THE_STACK):
        if value := parameters[in_camel_case(variable)]:
            environ[variable] = value
    return load_settings(environ)


# --- descriptions and constraints ---


def test_every_parameter_is_described_labelled_and_in_one_group(template: JsonObject) -> None:
    console = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = Counter(name for group in console["ParameterGroups"] for name in group["Parameters"])
    assert grouped == dict.fromkeys(template["Parameters"], 1)
    assert set(console["ParameterLabels"]) == set(template["Parameters"])
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"].endswith("."), name


def test_every_parameter_says_what_is_allowed(template: JsonObject) -> None:
    for name, parameter in template["Parameters"].items():
        if "AllowedValues" in parameter:
            assert parameter["Default"] in parameter["AllowedValues"], name
        elif parameter["Type"] == "Number":
            assert parameter["MinValue"] <= parameter["Default"] <= parameter["MaxValue"], name
            assert str(parameter["MaxValue"]) in parameter["ConstraintDescription"], name
        else:
            assert re.fullmatch(parameter["AllowedPattern"], parameter["Default"]), name
            assert parameter["ConstraintDescription"].endswith((".", ")")), name


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("ApiKey", "li_live-0123456789abcdefABCDEF", "two words"),
        ("ApiKey", "k", "clé"),
        (
            "ApiKeySecretArn",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:loginformant/api-key-AbC12f",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key",
        ),
        (
            "ApiKeySecretArn",
            "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:key-AbC12f",
            "loginformant/api-key",
        ),
        ("ApiKeyParameterName", "/loginformant/api-key", "//loginformant"),
        ("ApiKeyParameterName", "api-key", "arn:aws:ssm:eu-west-1:123456789012:parameter/api-key"),
        ("ApiKeyKmsKeyArn", KEY_ARN, "alias/loginformant"),
        ("KmsKeyArn", KEY_ARN, "arn:aws:kms:eu-west-1:123456789012:alias/loginformant"),
        ("IngestUrl", "https://app.loginformant.com", "http://app.loginformant.com"),
        ("IngestUrl", "http://127.0.0.1:8080", "http://127.0.0.1.example.com"),
        ("IngestUrl", "https://logs.example.com:8443/tenant", "https://user@logs.example.com"),
        ("IngestUrl", "https://localhost", "https://logs.example.com?tenant=1"),
        ("NotificationTopicArn", "arn:aws:sns:eu-west-1:123456789012:on-call", "on-call"),
        ("NotificationEmail", "on-call+logs@example.co.uk", "on-call@example"),
        ("NotificationEmail", "on-call@example.com", "on-call@example.com,boss@example.com"),
        ("NotificationEmail", "o'call@example.com", "On Call <on-call@example.com>"),
        ("VpcSubnetIds", "subnet-0a1b2c3d,subnet-1b2c3d4e", "subnet-0a1b2c3d, subnet-1b2c3d4e"),
        ("VpcSecurityGroupIds", "sg-0a1b2c3d", "subnet-0a1b2c3d"),
        ("HttpsProxy", "http://proxy.example.com:3128", "http://user:password@proxy.example.com:3128"),
        ("CaBundleLayerArn", "arn:aws:lambda:eu-west-1:123456789012:layer:ca-bundle:3", "ca-bundle"),
        ("NoProxy", ".amazonaws.com,10.0.0.1", ".amazonaws.com, 10.0.0.1"),
        ("NoProxy", "sqs.eu-west-1.amazonaws.com", "sqs.eu-west-1.amazonaws.com:443"),
        ("KinesisStreamArn", "arn:aws:kinesis:eu-west-1:123456789012:stream/logs", "logs"),
        ("KinesisKmsKeyArn", KEY_ARN, "alias/aws/kinesis"),
        ("KinesisStartingTimestamp", "1790000000", "2026-11-29"),
        ("OrganizationId", "o-exampleorgid", "ou-exampleorgid"),
        ("PermissionsBoundaryArn", "arn:aws:iam::123456789012:policy/team/boundary", ROLE_ARN),
        ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/PowerUserAccess", "boundary"),
        ("ReservedConcurrency", "20", "0"),
        ("IncludePattern", r"(?i)order \d+", "two\nlines"),
        ("Redact", "email,credit-card", "email, credit-card"),
        ("Redact", "private-key", "phone"),
        ("Properties", "environment=production,team=a b", "environment"),
        ("Properties", "a.b-c_d=", "1st=x"),
        ("LogGroups", "/aws/lambda/*,orders#2,*", "/aws/lambda/*, orders"),
        ("LogGroups", "*", "/aws/lambda/[a-z]"),
        ("ExcludeLogGroups", "/aws/lambda/noisy", '"/aws/lambda/noisy"'),
        ("SubscriptionFilterPattern", '{ $.level = "ERROR" }', "x" * 1025),
    ],
)
def test_a_pattern_allows_valid_and_refuses_invalid_values(
    name: str, allowed: str, refused: str, template: JsonObject
) -> None:
    """CloudFormation matches the pattern against the whole value."""
    pattern = template["Parameters"][name]["AllowedPattern"]
    assert re.fullmatch(pattern, allowed)
    assert not re.fullmatch(pattern, refused)


# --- rules ---


def holds(rule: Any, parameters: dict[str, str]) -> bool:
    ((function, arguments),) = rule.items()
    if function == "Fn::Equals":
        left, right = (parameters[side["Ref"]] if isinstance(side, dict) else side for side in arguments)
        return bool(left == right)
    outcomes = [holds(argument, parameters) for argument in arguments]
    return not outcomes[0] if function == "Fn::Not" else {"Fn::And": all, "Fn::Or": any}[function](outcomes)


def broken_rules(template: JsonObject, **given: str) -> set[str]:
    parameters = dict.fromkeys(template["Parameters"], "") | given
    return {
        name
        for name, rule in template["Rules"].items()
        if "RuleCondition" not in rule or holds(rule["RuleCondition"], parameters)
        for assertion in rule["Assertions"]
        if not holds(assertion["Assert"], parameters)
    }


@pytest.mark.parametrize("name", ["ApiKey", "ApiKeySecretArn", "ApiKeyParameterName"])
def test_one_parameter_for_the_api_key_is_sufficient(name: str, template: JsonObject) -> None:
    assert broken_rules(template, **{name: "x"}) == set()


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["ApiKey", "ApiKeySecretArn"],
        ["ApiKey", "ApiKeyParameterName"],
        ["ApiKeySecretArn", "ApiKeyParameterName"],
        ["ApiKey", "ApiKeySecretArn", "ApiKeyParameterName"],
    ],
)
def test_exactly_one_parameter_for_the_api_key_is_required(names: list[str], template: JsonObject) -> None:
    assert broken_rules(template, **dict.fromkeys(names, "x")) == {"ApiKeyIsGivenOnce"}


def test_the_kms_key_of_an_api_key_requires_an_existing_api_key(template: JsonObject) -> None:
    assert broken_rules(template, ApiKey="x", ApiKeyKmsKeyArn=KEY_ARN) == {"KmsKeyBelongsToExistingApiKey"}
    assert broken_rules(template, ApiKeySecretArn="x", ApiKeyKmsKeyArn=KEY_ARN) == set()


def test_subnets_and_security_groups_require_each_other(template: JsonObject) -> None:
    assert broken_rules(template, ApiKey="x", VpcSubnetIds="subnet-1") == {"VpcIsWhole"}
    assert broken_rules(template, ApiKey="x", VpcSecurityGroupIds="sg-1") == {"VpcIsWhole"}
    assert broken_rules(template, ApiKey="x", VpcSubnetIds="subnet-1", VpcSecurityGroupIds="sg-1") == set()


def test_the_stack_reads_at_most_one_stream(template: JsonObject) -> None:
    organization = {"ApiKey": "x", "OrganizationId": "o-exampleorgid"}
    assert broken_rules(template, **organization) == set()
    assert broken_rules(template, **organization, KinesisStreamArn="x") == {"OneStream"}


def test_subscribe_account_allows_only_empty_or_star_log_groups(template: JsonObject) -> None:
    for log_groups, broken in (("", False), ("*", False), ("/aws/lambda/*", True)):
        given = {"ApiKey": "x", "SubscribeAccount": "true", "LogGroups": log_groups}
        assert broken_rules(template, **given) == ({"AccountIsSubscribedAsAWhole"} if broken else set())
    assert broken_rules(template, ApiKey="x", SubscribeAccount="false", LogGroups="/aws/*") == set()


# --- environment ---


def test_every_variable_is_a_parameter_of_the_same_name_or_wired_by_the_stack(stack: JsonObject) -> None:
    for variable in set(environment(stack)) - set(WIRED_BY_THE_STACK):
        assert refs(environment(stack)[variable]) - {"AWS::NoValue"} == {in_camel_case(variable)}


def test_every_parameter_is_a_variable_or_used_only_by_the_stack(stack: JsonObject) -> None:
    handed_on = {in_camel_case(variable) for variable in environment(stack)}
    assert set(stack["Parameters"]) - handed_on == NOT_FOR_THE_CODE | OF_THE_SUBSCRIBER
    assert set(WIRED_BY_THE_STACK) <= set(environment(stack))


def test_the_stack_and_the_code_have_the_same_defaults(stack: JsonObject) -> None:
    assert settings_with(stack) == load_settings(WIRED_BY_THE_STACK)


def test_an_existing_secret_replaces_the_new_one(stack: JsonObject) -> None:
    assert environment(stack)["API_KEY_SECRET_ARN"] == {
        "Fn::If": [
            "HasApiKey",
            {"Fn::GetAtt": ["ApiKeySecret", "Id"]},
            {"Fn::If": ["HasApiKeySecretArn", {"Ref": "ApiKeySecretArn"}, {"Ref": "AWS::NoValue"}]},
        ]
    }


def test_the_code_accepts_every_value_that_the_stack_allows(stack: JsonObject) -> None:
    for name, parameter in stack["Parameters"].items():
        if name in NOT_FOR_THE_CODE | OF_THE_SUBSCRIBER:
            continue
        extremes = [str(parameter[bound]) for bound in ("MinValue", "MaxValue") if bound in parameter]
        for value in extremes or parameter.get("AllowedValues", []):
            settings_with(stack, **{name: value})


def test_the_stack_allows_exactly_the_existing_detectors(template: JsonObject) -> None:
    redact = template["Parameters"]["Redact"]
    assert re.fullmatch(redact["AllowedPattern"], ",".join(Detector))
    named = set(re.findall(r"[a-z-]+", redact["AllowedPattern"]))
    assert named == set(Detector)
    assert all(detector in redact["ConstraintDescription"] for detector in Detector)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Redact", "phone"),
        ("IncludePattern", "("),
        ("Properties", "logGroup=x"),
        ("IngestUrl", "https://user@example.com"),
        ("BatchMaxLogs", "501"),
        ("DefaultLevel", "Verbose"),
    ],
)
def test_the_code_refuses_values_that_the_stack_refuses(name: str, value: str, stack: JsonObject) -> None:
    with pytest.raises(SettingsError):
        settings_with(stack, **{name: value})
