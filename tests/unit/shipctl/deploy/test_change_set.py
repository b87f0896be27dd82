"""A change set is executed only if it is what was asked for."""

from typing import Any

import pytest
from shipctl.deploy.change_set import ChangeSet, refuse_other_values
from shipctl.deploy.parameters import Parameter
from shipctl.deploy.settings_plan import plan_settings
from shipctl.errors import CommandError

from tests.unit.shipctl.deploy.conftest import live_stack

Parameters = dict[str, Parameter]


def change_set(parameters: Parameters, **others: dict[str, Any]) -> ChangeSet:
    found = {name: {"ParameterValue": each.default} for name, each in parameters.items()}
    found["ApiKey"] = {"ParameterValue": "****"}
    return ChangeSet("id", "stack", False, found | others, [])


def test_equal_values_are_executed(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {"Redact": "email"}, live_stack(parameters))
    refuse_other_values(change_set(parameters, Redact={"ParameterValue": "email"}), settings)


def test_a_value_that_is_only_said_to_be_kept_is_taken_for_kept(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {}, live_stack(parameters))
    refuse_other_values(change_set(parameters, Redact={"UsePreviousValue": True}), settings)


@pytest.mark.parametrize("other", [{"ParameterValue": "token"}, {}, {"UsePreviousValue": True}])
def test_another_value_is_refused_and_named(other: dict[str, Any], parameters: Parameters) -> None:
    settings = plan_settings(parameters, {"Redact": "email"}, live_stack(parameters))
    with pytest.raises(CommandError, match=r"CloudFormation would set Redact to .* instead of 'email'"):
        refuse_other_values(change_set(parameters, Redact=other), settings)


def test_a_live_value_that_has_changed_meanwhile_is_refused(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {}, live_stack(parameters))
    with pytest.raises(CommandError, match="MaxInFlight"):
        refuse_other_values(change_set(parameters, MaxInFlight={"ParameterValue": "12"}), settings)
