"""The plan of a deployment: settings that are not given keep their live values."""

import dataclasses
from typing import Any

import pytest
from loginformant_shipper.settings_check.environments import Place
from shipctl.deploy.live_stack import LiveStack
from shipctl.deploy.parameters import Parameter
from shipctl.deploy.refused import Refused
from shipctl.deploy.settings_plan import (
    Origin,
    Setting,
    plan_settings,
    refuse_what_cannot_work,
    to_cloudformation,
)

from tests.unit.shipctl.deploy.conftest import live_stack

Parameters = dict[str, Parameter]
PLACE = Place("eu-west-1", "shipper")


def plan(parameters: Parameters, wishes: dict[str, str], live: LiveStack | None) -> dict[str, Setting]:
    return {each.name: each for each in plan_settings(parameters, wishes, live)}


def sent(settings: dict[str, Setting]) -> dict[str, str | None]:
    """Return the values sent to CloudFormation by name; None keeps the live value."""
    return {
        str(each["ParameterKey"]): None if each.get("UsePreviousValue") else each["ParameterValue"]
        for each in to_cloudformation(settings.values())
    }


def test_a_new_stack_has_the_given_values_and_defaults(parameters: Parameters) -> None:
    settings = plan(parameters, {"ApiKey": "k", "Redact": "email"}, None)
    assert sent(settings) == {"ApiKey": "k", "Redact": "email"}
    assert settings["MaxInFlight"].origin is Origin.DEFAULT
    assert {name for name, each in settings.items() if each.changes} == {"ApiKey", "Redact"}


def test_a_stack_keeps_settings_that_are_not_given(parameters: Parameters) -> None:
    live = live_stack(parameters, Redact="email", MaxInFlight="12")
    settings = plan(parameters, {"ExcludePattern": "GET /health"}, live)
    assert sent(settings) == dict.fromkeys(parameters) | {"ExcludePattern": "GET /health"}
    assert {name for name, each in settings.items() if each.changes} == {"ExcludePattern"}
    assert settings["Redact"].after == "email"


def test_a_setting_given_with_its_live_value_does_not_change(parameters: Parameters) -> None:
    settings = plan(parameters, {"Redact": "email"}, live_stack(parameters, Redact="email"))
    assert not settings["Redact"].changes


def test_a_new_parameter_has_its_default(parameters: Parameters) -> None:
    live = live_stack(parameters)
    older = {name: value for name, value in live.parameters.items() if name != "SamplePercent"}
    settings = plan(parameters, {}, dataclasses.replace(live, parameters=older))
    assert "SamplePercent" not in sent(settings)
    assert settings["SamplePercent"].after == "100"
    assert not settings["SamplePercent"].changes


def test_a_changed_default_replaces_the_old_default(parameters: Parameters) -> None:
    live = live_stack(parameters, MaxReplays="2")
    older = {**live.defaults, "MaxReplays": "2", "MaxInFlight": "2"}
    settings = plan(parameters, {}, dataclasses.replace(live, defaults=older))
    assert (settings["MaxReplays"].origin, settings["MaxReplays"].after) == (Origin.NEW_DEFAULT, "3")
    assert sent(settings)["MaxReplays"] == "3"
    assert settings["MaxInFlight"].origin is Origin.KEPT, "it was set, to what is the default today"


def test_a_removed_parameter_is_not_sent(parameters: Parameters) -> None:
    settings = plan(parameters, {}, live_stack(parameters, Colour="blue"))
    assert "Colour" not in sent(settings)


def test_a_kept_secret_is_neither_sent_nor_checked(template: dict[str, Any], parameters: Parameters) -> None:
    settings = plan(parameters, {}, live_stack(parameters))
    assert sent(settings)["ApiKey"] is None
    assert not settings["ApiKey"].changes
    refuse_what_cannot_work(template, settings.values(), PLACE)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"MaxInFlight": "17"}, "MaxInFlight is '17'; it must be a whole number from 1 to 16"),
        ({"MaxInFlight": "4.5"}, "MaxInFlight"),
        ({"IncludePattern": "("}, "RE2"),
        ({"VpcSubnetIds": "subnet-1"}, "Set both VpcSubnetIds and VpcSecurityGroupIds"),
        ({"MaxInFlight": "17", "Redact": "phone"}, "Redact is 'phone'"),
        ({"MaxInFlight": "4.5", "IncludePattern": "("}, "IncludePattern"),
        ({"ApiKeyParameterName": "/key"}, "exactly one"),
        ({"ApiKey": ""}, "exactly one"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    wishes: dict[str, str], said: str, template: dict[str, Any], parameters: Parameters
) -> None:
    settings = plan(parameters, wishes, live_stack(parameters))
    with pytest.raises(Refused) as refusal:
        refuse_what_cannot_work(template, settings.values(), PLACE)
    assert said in str(refusal.value)


STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"


def test_a_change_that_the_stack_would_refuse_is_refused_before_the_upload(
    template: dict[str, Any], parameters: Parameters
) -> None:
    """The check of a single value does not see it: each position is valid, only the change is not."""
    live = live_stack(parameters, KinesisStreamArn=STREAM)
    settings = plan(parameters, {"KinesisStartingPosition": "LATEST"}, live)
    with pytest.raises(
        Refused, match="KinesisStartingPosition cannot be changed while the same stream is read"
    ):
        refuse_what_cannot_work(template, settings.values(), PLACE)


@pytest.mark.parametrize(
    ("wishes", "is_new"),
    [
        ({"KinesisStartingPosition": "LATEST", "KinesisStreamArn": ""}, False),
        ({"KinesisStartingPosition": "LATEST", "KinesisStreamArn": f"{STREAM}-2"}, False),
        ({"MaxInFlight": "2"}, False),
        ({"ApiKey": "k", "KinesisStartingPosition": "LATEST", "KinesisStreamArn": STREAM}, True),
    ],
)
def test_another_stream_a_kept_position_and_a_new_stack_are_not_refused(
    wishes: dict[str, str], is_new: bool, template: dict[str, Any], parameters: Parameters
) -> None:
    live = None if is_new else live_stack(parameters, KinesisStreamArn=STREAM)
    refuse_what_cannot_work(template, plan(parameters, wishes, live).values(), PLACE)


def test_a_live_value_that_is_no_longer_allowed_is_reported_with_a_remedy(
    template: dict[str, Any], parameters: Parameters
) -> None:
    settings = plan(parameters, {}, live_stack(parameters, MaxInFlight="64"))
    with pytest.raises(
        Refused, match=r"MaxInFlight is '64'.*the stack has this value: change it with --set or --unset"
    ):
        refuse_what_cannot_work(template, settings.values(), PLACE)
