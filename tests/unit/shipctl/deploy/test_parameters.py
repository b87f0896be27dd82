"""Values that CloudFormation would refuse are reported before a deployment."""

from typing import Any

import pytest
from shipctl.deploy.parameters import Parameter, broken_rules

Parameters = dict[str, Parameter]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LogGroups", "/aws/lambda/*,orders"),
        ("SamplePercent", "12.5"),
        ("MaxInFlight", "16"),
        ("DefaultLevel", "Fatal"),
        ("LogRetentionDays", "14"),
        ("SubscriptionFilterPattern", '{ $.level = "ERROR" }'),
        ("ApiKey", "li-0123"),
    ],
)
def test_allowed_values_have_no_complaint(name: str, value: str, parameters: Parameters) -> None:
    assert parameters[name].complaint(value) is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LogGroups", "a, b", "LogGroups is 'a, b'; it must be names of log groups"),
        ("LogGroups", "x" * 2049, "LogGroups is "),
        ("MaxInFlight", "17", "MaxInFlight is '17'; it must be a whole number from 1 to 16"),
        ("Properties", "x", "Properties is 'x'; it must be NAME=VALUE pairs separated by commas"),
        ("ApiKeySecretArn", "k", "ApiKeySecretArn is 'k'; it must be the complete ARN of a secret"),
        ("MaxInFlight", "many", "MaxInFlight is 'many'"),
        ("MaxInFlight", "nan", "MaxInFlight is 'nan'"),
        ("MaxInFlight", "", "MaxInFlight is ''"),
        ("DefaultLevel", "Info", "it must be one of Debug, Information, Warning, Error, Fatal"),
        ("LogRetentionDays", "31", "it must be one of 1, 3, 5"),
        ("IngestUrl", "https://logs.example.com:٣", "IngestUrl is"),
        ("NoProxy", "x" * 5000, "NoProxy is 5,000 bytes long; it must be at most 4,096"),
    ],
)
def test_values_that_the_template_refuses_have_a_complaint(
    name: str, value: str, said: str, parameters: Parameters
) -> None:
    complaint = parameters[name].complaint(value)
    assert complaint is not None
    assert complaint.startswith(said) or said in complaint


@pytest.mark.parametrize("value", ["****", "two words"])
def test_a_complaint_does_not_quote_a_secret(value: str, parameters: Parameters) -> None:
    complaint = parameters["ApiKey"].complaint(value)
    assert complaint is not None
    assert value not in complaint


def broken(template: dict[str, Any], parameters: Parameters, **values: str) -> list[str]:
    return list(broken_rules(template, {name: each.default for name, each in parameters.items()} | values))


def test_broken_rules_of_the_template_are_reported(template: dict[str, Any], parameters: Parameters) -> None:
    assert broken(template, parameters, ApiKey="k") == []
    assert broken(template, parameters)[0].startswith("Give the API key in exactly one of")
    (line,) = broken(template, parameters, ApiKey="k", VpcSubnetIds="subnet-1")
    assert line == "Set both VpcSubnetIds and VpcSecurityGroupIds, or neither"
    assert "\n" not in line
    assert broken(template, parameters, ApiKey="k", SubscribeAccount="true", LogGroups="orders") != []
    assert broken(template, parameters, ApiKey="k", SubscribeAccount="false", LogGroups="orders") == []
