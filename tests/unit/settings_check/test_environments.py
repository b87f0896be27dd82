"""The checked environments equal those of the template."""

from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.settings_check.environments import (
    PARAMETER_OF,
    Place,
    environment_bytes,
    environments,
    variable_of,
)
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

TEMPLATE: dict[str, Any] = yaml_parse((Path(__file__).parents[3] / "template.yaml").read_text("utf-8"))
VALUES = {name: f"value of {name}" for name in TEMPLATE["Parameters"]} | {"ApiKeyParameterName": ""}
PLACE = Place("eu-west-1", "loginformant-shipper")


def variables(function: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATE["Resources"][function]["Properties"]["Environment"]["Variables"]
    return found


@pytest.mark.parametrize("function", ["ShipperFunction", "ReplayFunction", "SubscriberFunction"])
@pytest.mark.parametrize("key", ["ApiKeySecretArn", "ApiKeyParameterName"])
def test_environments_have_the_variables_of_the_template(function: str, key: str) -> None:
    other = {"ApiKeySecretArn": "API_KEY_PARAMETER_NAME", "ApiKeyParameterName": "API_KEY_SECRET_ARN"}[key]
    keys = dict.fromkeys(("ApiKey", "ApiKeySecretArn", "ApiKeyParameterName"), "") | {key: "value"}
    checked = environments(VALUES | keys, PLACE)[function]
    assert set(checked) == set(variables(function)) - {other}


@pytest.mark.parametrize("function", ["ShipperFunction", "ReplayFunction", "SubscriberFunction"])
def test_a_variable_has_the_value_of_its_parameter(function: str) -> None:
    for name, value in environments(VALUES, PLACE)[function].items():
        if name in PARAMETER_OF:
            assert value == VALUES[PARAMETER_OF[name]]
            assert f"'Ref': '{PARAMETER_OF[name]}'" in str(variables(function)[name])


def test_every_parameter_in_an_environment_is_known() -> None:
    variables_of_parameters = {variable_of(name) for name in TEMPLATE["Parameters"]}
    for function in ("ShipperFunction", "ReplayFunction", "SubscriberFunction"):
        assert set(variables(function)) & variables_of_parameters <= set(PARAMETER_OF)


def test_the_subscriber_gets_no_settings_of_the_shipper() -> None:
    shared = {"OWN_LOG_GROUPS", "STACK_NAME"}
    assert set(variables("SubscriberFunction")) & set(variables("ReplayFunction")) == shared


def test_own_log_groups_are_all_log_groups_of_the_template() -> None:
    groups = [each for each in TEMPLATE["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    names = {each["Properties"]["LogGroupName"]["Fn::Sub"] for each in groups}
    own = environments(VALUES, PLACE)["ShipperFunction"]["OWN_LOG_GROUPS"].split(",")
    assert {name.replace("loginformant-shipper", "${AWS::StackName}") for name in own} == names


def test_the_time_out_equals_that_of_the_template() -> None:
    checked = environments(VALUES, PLACE)["ShipperFunction"]
    assert checked["FUNCTION_TIMEOUT_SECONDS"] == variables("ShipperFunction")["FUNCTION_TIMEOUT_SECONDS"]


@pytest.mark.parametrize(
    ("environment", "size"),
    [
        ({}, 2),
        ({"A": "b"}, len('{"A":"b"}')),
        ({"A": "b", "C": '"\\'}, len(r'{"A":"b","C":"\"\\"}')),
        ({"A": "é"}, len('{"A":"é"}'.encode())),
    ],
)
def test_the_size_of_an_environment_is_that_of_compact_json(environment: dict[str, str], size: int) -> None:
    assert environment_bytes(environment) == size
