"""The live stack is read, and refused in a status in which it cannot be changed."""

from typing import Any, get_args

import boto3
import pytest
from botocore.exceptions import ClientError
from mypy_boto3_cloudformation.literals import StackStatusType
from shipctl.deploy.account import Account
from shipctl.deploy.live_stack import FAILED_FIRST, LiveStack, find_live_stack, refuse_downgrade
from shipctl.deploy.refused import Refused
from shipctl.errors import CommandError


class Client:
    """Answer the requests that `find_live_stack` sends to CloudFormation."""

    def __init__(self, status: str | None, **parameters: str) -> None:
        self._status, self._parameters = status, parameters

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        if self._status is None:
            message = f"Stack with id {StackName} does not exist"
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "DescribeStacks")
        values = {"IngestUrl": "u", "ApiKeySecretArn": "", "ApiKeyParameterName": ""} | self._parameters
        stack = {
            "StackId": "id",
            "StackStatus": self._status,
            "Parameters": [{"ParameterKey": name, "ParameterValue": each} for name, each in values.items()],
            "Tags": [{"Key": "aws:servicecatalog:x", "Value": "y"}, {"Key": "team", "Value": "a b"}],
            "Outputs": [{"OutputKey": "Version", "OutputValue": "1.1.0"}],
        }
        return {"Stacks": [stack]}

    def get_template_summary(self, StackName: str) -> dict[str, Any]:
        declared = [{"ParameterKey": "IngestUrl", "DefaultValue": "default"}, {"ParameterKey": "NoDefault"}]
        return {"Parameters": declared}


def find(client: Client, profile: str | None = None) -> Any:
    session = boto3.Session("test", "test", region_name="eu-west-1")
    account = Account("123456789012", "", session, profile)
    return find_live_stack(account, client, "shipper")  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS"])
def test_a_stack_that_does_not_exist_yet_is_none(status: str | None) -> None:
    assert find(Client(status)) is None


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_values_defaults_and_tags_of_a_stack_are_read(status: str) -> None:
    live = find(Client(status, ApiKey="****"))
    assert live.parameters["ApiKey"] == "****"
    assert live.defaults == {"IngestUrl": "default", "NoDefault": ""}
    assert live.tags == [{"Key": "team", "Value": "a b"}]
    assert live.version == "1.1.0"


@pytest.mark.parametrize("name", ["ApiKeySecretArn", "ApiKeyParameterName"])
def test_a_hidden_key_is_empty_where_the_key_is_elsewhere(name: str) -> None:
    """CloudFormation shows asterisks also for an empty secret."""
    assert find(Client("CREATE_COMPLETE", **{"ApiKey": "****", name: "x"})).parameters["ApiKey"] == ""


def test_a_stack_whose_first_deployment_failed_is_found() -> None:
    assert find(Client(FAILED_FIRST)).status == FAILED_FIRST


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UPDATE_IN_PROGRESS", "wait until it has finished"),
        ("DELETE_IN_PROGRESS", "wait until it has finished"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait until it has finished"),
        ("CREATE_FAILED", "Remove what it created with aws cloudformation rollback-stack --stack-name"),
        ("UPDATE_FAILED", "deployed before with aws cloudformation rollback-stack --stack-name"),
        (
            "UPDATE_ROLLBACK_FAILED",
            "aws cloudformation continue-update-rollback --stack-name shipper --region eu-west-1",
        ),
        ("ROLLBACK_FAILED", "aws cloudformation delete-stack --stack-name shipper --region eu-west-1"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name shipper --region eu-west-1"),
        ("IMPORT_ROLLBACK_FAILED", "ask AWS before you delete it"),
    ],
)
def test_a_stack_that_cannot_be_changed_now_is_refused(status: str, said: str) -> None:
    with pytest.raises(CommandError) as error:
        find(Client(status))
    assert status in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_that_can_be_rolled_back_is_not_to_be_deleted(status: str) -> None:
    """Its subscription filters would be deleted with it."""
    with pytest.raises(CommandError) as error:
        find(Client(status))
    assert "delete" not in str(error.value)


@pytest.mark.parametrize(
    "status", ["CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"]
)
def test_the_command_of_a_remedy_acts_on_the_account_of_the_profile(status: str) -> None:
    """Without --profile it would delete the stack of that name in the default profile's account."""
    with pytest.raises(CommandError, match="--stack-name shipper --region eu-west-1 --profile prod"):
        find(Client(status), "prod")


def test_every_failed_status_has_a_remedy() -> None:
    for status in [it for it in get_args(StackStatusType) if it.endswith("_FAILED")]:
        with pytest.raises(CommandError, match=status):
            find(Client(status))


def refuse(live: str, deployed: str | None) -> None:
    template = {} if deployed is None else {"Mappings": {"Shipper": {"Version": {"Number": deployed}}}}
    refuse_downgrade("shipper", LiveStack("id", "UPDATE_COMPLETE", {}, {}, [], live), template)


@pytest.mark.parametrize(("live", "deployed"), [("1.1.0", "1.0.0"), ("1.10.0", "1.9.0")])
def test_an_older_version_is_refused_since_newer_settings_would_be_lost(live: str, deployed: str) -> None:
    with pytest.raises(Refused) as refusal:
        refuse(live, deployed)
    assert f"stack shipper has version {live}, and this would deploy {deployed}" in str(refusal.value)
    assert "upgrade shipctl (uv tool upgrade" in str(refusal.value)
    assert "--downgrade" in str(refusal.value)


@pytest.mark.parametrize(
    ("live", "deployed"),
    [
        ("1.0.0", "1.0.0"),
        ("1.0.0", "1.1.0"),
        ("1.9.0", "1.10.0"),
        ("", "1.0.0"),
        ("main", "1.0.0"),
        ("2.0.0", None),
    ],
)
def test_a_version_that_is_not_older_or_cannot_be_read_is_not_refused(
    live: str, deployed: str | None
) -> None:
    refuse(live, deployed)


def test_the_version_of_the_real_template_is_compared(template: dict[str, Any]) -> None:
    live = LiveStack("id", "UPDATE_COMPLETE", {}, {}, [], "999.0.0")
    with pytest.raises(Refused, match=r"has version 999\.0\.0"):
        refuse_downgrade("shipper", live, template)
