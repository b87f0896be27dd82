"""A change set is executed only if it has the planned values; discarding one deletes no deployed stack."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from shipctl.deploy.change_set import ChangeSet, discard, refuse_other_values
from shipctl.deploy.parameters import Parameter
from shipctl.deploy.settings_plan import plan_settings
from shipctl.errors import CommandError

from tests.unit.shipctl.deploy.conftest import live_stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

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


# --- discarding ---


@dataclass
class FakeCloudFormation:
    """A stack with change sets, as CloudFormation keeps it."""

    change_sets: list[str]
    status: str = "REVIEW_IN_PROGRESS"
    deleted: list[str] = field(default_factory=list)

    def delete_change_set(self, StackName: str, ChangeSetName: str) -> None:
        self.change_sets.remove(ChangeSetName)

    def delete_stack(self, StackName: str) -> None:
        self.deleted.append(StackName)

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": self.status}]}

    def get_paginator(self, name: str) -> "FakeCloudFormation":
        assert name == "list_change_sets"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        return [{"Summaries": []}, *({"Summaries": [{"ChangeSetId": it}]} for it in self.change_sets)]


@pytest.mark.parametrize(
    ("status", "others", "is_new_stack", "deleted"),
    [
        ("REVIEW_IN_PROGRESS", [], True, ["stack"]),
        ("REVIEW_IN_PROGRESS", ["of someone else"], True, []),
        ("CREATE_IN_PROGRESS", [], True, []),
        ("CREATE_COMPLETE", [], True, []),
        ("UPDATE_COMPLETE", [], False, []),
    ],
)
def test_discarding_deletes_only_a_stack_that_nobody_has_deployed_or_is_about_to(
    status: str, others: list[str], is_new_stack: bool, deleted: list[str]
) -> None:
    cloudformation = FakeCloudFormation(["mine", *others], status)
    mine = ChangeSet("mine", "stack", is_new_stack, {}, [])
    discard(cast("CloudFormationClient", cloudformation), mine)
    assert cloudformation.change_sets == others
    assert cloudformation.deleted == deleted
