"""A change set is executed only if it has the planned values."""

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


def test_a_change_set_with_the_planned_values_is_accepted(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {"Redact": "email"}, live_stack(parameters))
    refuse_other_values(change_set(parameters, Redact={"ParameterValue": "email"}), settings)


def test_use_previous_value_counts_as_kept(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {}, live_stack(parameters))
    refuse_other_values(change_set(parameters, Redact={"UsePreviousValue": True}), settings)


@pytest.mark.parametrize("other", [{"ParameterValue": "token"}, {}, {"UsePreviousValue": True}])
def test_a_value_other_than_the_planned_one_is_refused_by_name(
    other: dict[str, Any], parameters: Parameters
) -> None:
    settings = plan_settings(parameters, {"Redact": "email"}, live_stack(parameters))
    with pytest.raises(CommandError, match=r"CloudFormation would set Redact to .* instead of 'email'"):
        refuse_other_values(change_set(parameters, Redact=other), settings)


def test_a_live_value_that_changed_since_the_plan_is_refused(parameters: Parameters) -> None:
    settings = plan_settings(parameters, {}, live_stack(parameters))
    with pytest.raises(CommandError, match="MaxInFlight"):
        refuse_other_values(change_set(parameters, MaxInFlight={"ParameterValue": "12"}), settings)
