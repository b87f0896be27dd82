"""The live stack is read, and refused in a status in which it cannot be changed."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from shipctl.deploy.live_stack import FAILED_FIRST, find_live_stack
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
        }
        return {"Stacks": [stack]}

    def get_template_summary(self, StackName: str) -> dict[str, Any]:
        declared = [{"ParameterKey": "IngestUrl", "DefaultValue": "default"}, {"ParameterKey": "NoDefault"}]
        return {"Parameters": declared}


def find(client: Client) -> Any:
    return find_live_stack(client, "shipper")  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS"])
def test_a_stack_that_does_not_exist_yet_is_none(status: str | None) -> None:
    assert find(Client(status)) is None


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_values_defaults_and_tags_of_a_stack_are_read(status: str) -> None:
    live = find(Client(status, ApiKey="****"))
    assert live.parameters["ApiKey"] == "****"
    assert live.defaults == {"IngestUrl": "default", "NoDefault": ""}
    assert live.tags == [{"Key": "team", "Value": "a b"}]


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
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name shipper"),
        ("DELETE_FAILED", "delete it, then deploy again"),
        ("CREATE_FAILED", "delete it, then deploy again"),
    ],
)
def test_a_stack_that_cannot_be_changed_now_is_refused(status: str, said: str) -> None:
    with pytest.raises(CommandError) as error:
        find(Client(status))
    assert status in str(error.value)
    assert said in str(error.value)
