"""A change set is discarded only if CloudFormation has certainly not begun to execute it."""

import io
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from rich.console import Console
from shipctl.deploy import deployment
from shipctl.deploy.account import Account
from shipctl.deploy.artefacts import Artefacts
from shipctl.deploy.change_set import ChangeSet
from shipctl.deploy.deployment import Deployment
from shipctl.errors import CommandError

MINE = ChangeSet("mine", "stack", True, {}, [])
REFUSED = ClientError(
    {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}},  # type: ignore[typeddict-item]
    "ExecuteChangeSet",
)


class FakeCloudFormation:
    """Refuses to execute a change set, or does not answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.tokens: list[str] = []

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:
        return {"StackEvents": []}

    def execute_change_set(self, StackName: str, ChangeSetName: str, ClientRequestToken: str) -> None:
        self.tokens.append(ClientRequestToken)
        raise self.error


@pytest.mark.parametrize(
    ("error", "discarded", "said"),
    [
        (REFUSED, [MINE], ""),
        (ReadTimeoutError(endpoint_url="https://x"), [], "CloudFormation may have started the deployment"),
    ],
)
def test_a_change_set_that_may_be_executed_is_not_discarded(
    error: Exception,
    discarded: list[ChangeSet],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone: list[ChangeSet] = []
    monkeypatch.setattr(deployment, "discard", lambda client, change_set: gone.append(change_set))
    client = FakeCloudFormation(error)
    session = boto3.Session("test", "test", region_name="eu-west-1")
    mine = Deployment(
        Console(file=io.StringIO()),
        Account("123456789012", "", session),
        cast(Any, client),
        "loginformant-shipper",
        cast(Artefacts, None),
        [],
        None,
        (),
    )
    with pytest.raises(CommandError, match="Starting the deployment"):
        mine._carry_out(MINE)
    assert gone == discarded
    assert said in capsys.readouterr().err
    assert client.tokens
