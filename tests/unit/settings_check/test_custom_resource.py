"""CloudFormation is always answered; a deletion and a rollback are never refused."""

from typing import Any

import pytest
from loginformant_shipper.settings_check.custom_resource import check_settings

from tests.unit.subscriptions.conftest import Answers

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/shipper/1a2b"
BAD = {"MaxInFlight": "4.5"}


def ask(
    answers: Answers,
    kind: str,
    old: dict[str, str] | None = None,
    /,
    status: str | Exception = "UPDATE_IN_PROGRESS",
    **properties: str,
) -> str:
    """Return the reason of a refusal, or an empty text if the request was accepted."""

    def stack_status(stack_id: str) -> str:
        assert stack_id == STACK_ID
        if isinstance(status, Exception):
            raise status
        return status

    event: dict[str, Any] = {
        "RequestType": kind,
        "RequestId": "request-1",
        "StackId": STACK_ID,
        "ResponseURL": answers.url,
        "ResourceType": "Custom::SettingsCheck",
        "LogicalResourceId": "SettingsCheck",
        "PhysicalResourceId": "shipper-SettingsCheck",
        "ResourceProperties": {
            "ServiceToken": "arn:aws:lambda:eu-west-1:123456789012:function:check",
            "ServiceTimeout": "300",
            "ShippingLayer": "arn:aws:lambda:eu-west-1:123456789012:layer:shipping:1",
            "IncludePattern": "",
            **properties,
        },
    }
    if old is not None:
        event["OldResourceProperties"] = {"ServiceToken": "the same", **old}
    check_settings(event, "eu-west-1", stack_status)
    (document,) = answers.documents
    return str(document["Reason"]) if document["Status"] == "FAILED" else ""


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_valid_settings_are_accepted(kind: str, answers: Answers) -> None:
    assert ask(answers, kind, MaxInFlight="8") == ""


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_settings_that_cannot_work_are_refused_by_name(kind: str, answers: Answers) -> None:
    assert ask(answers, kind, **BAD).startswith("MaxInFlight is '4.5'; it must be a whole number")


def test_the_answer_names_all_invalid_settings(answers: Answers) -> None:
    reason = ask(answers, "Create", IncludePattern="(", **BAD)
    assert "IncludePattern" in reason
    assert "; MaxInFlight" in reason


def test_a_deletion_always_succeeds(answers: Answers) -> None:
    assert ask(answers, "Delete", status=AssertionError("nobody asks"), **BAD) == ""


def test_a_change_that_cannot_work_is_refused_between_valid_settings(answers: Answers) -> None:
    stream = {"KinesisStreamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"}
    old = stream | {"KinesisStartingPosition": "TRIM_HORIZON"}
    reason = ask(answers, "Update", old, **stream, KinesisStartingPosition="LATEST")
    assert reason.startswith("KinesisStartingPosition cannot be changed while")


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"])
def test_a_rollback_to_earlier_settings_is_always_accepted(status: str, answers: Answers) -> None:
    assert ask(answers, "Update", status=status, **BAD) == ""


def test_settings_are_accepted_if_the_stack_status_cannot_be_read(answers: Answers) -> None:
    assert ask(answers, "Update", status=PermissionError("denied"), **BAD) == ""


def test_a_check_that_fails_is_answered_with_a_refusal(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("loginformant_shipper.settings_check.custom_resource.validate_parameters", fail)
    assert "ZeroDivisionError: a bug" in ask(answers, "Create")


def test_other_events_are_an_error(answers: Answers) -> None:
    with pytest.raises(ValueError, match="not a request of CloudFormation"):
        check_settings({"awslogs": {}}, "eu-west-1", str)
    assert answers.documents == []
