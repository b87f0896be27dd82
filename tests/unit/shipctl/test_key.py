"""`shipctl key set` stores the API key, and never prints it or takes it as an argument."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from shipctl import options
from shipctl.installation.installation import Installation
from shipctl.key_store import KeyStoreError, Parameter, Secret, key_in
from shipctl.stack import Stack

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run

NEW = "li_new-key"
NAME = "/loginformant/key"


@pytest.fixture
def account(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with mock_aws():
        session = boto3.Session(region_name="eu-west-1")
        stack = Stack("loginformant-shipper", session, fake.stack().outputs)
        monkeypatch.setattr(options, "find_stack", lambda *_: stack)
        yield stack


@pytest.fixture
def arn(account: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create a secret with the stack's key, and return its ARN."""
    client = account.session.client("secretsmanager")
    made = client.create_secret(Name="key", SecretString="old")["ARN"]
    monkeypatch.setattr(Installation, "variables", lambda *_: {"API_KEY_SECRET_ARN": made})
    return made


def value(account: Stack, arn: str) -> str:
    return account.session.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]


def test_a_key_from_standard_input_is_stored_in_the_secret(shipctl: Run, account: Stack, arn: str) -> None:
    result = shipctl("key", "set", input=f"{NEW}\n")
    assert result.exit_code == 0, result.output
    assert value(account, arn) == NEW
    assert "the API key was stored. To test it, run: shipctl send-test" in result.stdout
    assert NEW not in result.output


def test_other_members_of_a_json_secret_are_kept(shipctl: Run, account: Stack, arn: str) -> None:
    client = account.session.client("secretsmanager")
    client.put_secret_value(SecretId=arn, SecretString='{"apiKey": "old", "owner": "us"}')
    shipctl("key", "set", input=NEW)
    assert json.loads(value(account, arn)) == {"apiKey": NEW, "owner": "us"}


def test_a_secret_scheduled_for_deletion_is_restored(shipctl: Run, account: Stack, arn: str) -> None:
    account.session.client("secretsmanager").delete_secret(SecretId=arn)
    with pytest.raises(KeyStoreError, match="scheduled for deletion"):
        Secret(account, arn).read()
    assert shipctl("key", "set", input=NEW).exit_code == 0
    assert value(account, arn) == NEW


def test_a_deleted_secret_is_an_error_with_a_remedy(shipctl: Run, account: Stack, arn: str) -> None:
    client = account.session.client("secretsmanager")
    client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    result = shipctl("key", "set", input=NEW)
    assert result.exit_code == 1
    assert "it does not exist; aws secretsmanager create-secret" in result.stderr
    assert NEW not in result.output


def test_a_parameter_keeps_its_type_and_its_kms_key(
    shipctl: Run, account: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Installation, "variables", lambda *_: {"API_KEY_PARAMETER_NAME": NAME})
    client = account.session.client("ssm")
    client.put_parameter(Name=NAME, Value="old", Type="SecureString", KeyId="alias/ours")
    assert shipctl("key", "set", input=NEW).exit_code == 0
    [found] = client.describe_parameters()["Parameters"]
    assert (found["Type"], found["KeyId"]) == ("SecureString", "alias/ours")
    assert Parameter(account, NAME).read() == NEW


@pytest.mark.parametrize("given", ["", "  \n", "two words", "schlüssel", "a\nb"])
def test_an_invalid_key_changes_nothing(shipctl: Run, account: Stack, arn: str, given: str) -> None:
    result = shipctl("key", "set", input=given)
    assert result.exit_code == 1
    assert result.stderr.endswith("; nothing was changed\n")
    assert value(account, arn) == "old"


def test_a_key_as_an_argument_is_a_usage_error(shipctl: Run) -> None:
    assert shipctl("key", "set", NEW).exit_code == 2


@pytest.mark.parametrize("stored", ["", '{"apiKey": ""}', '{"other": "x"}', '{"apiKey": 7}', "a b"])
def test_a_stored_value_without_a_key_is_an_error(stored: str) -> None:
    with pytest.raises(KeyStoreError):
        key_in(stored)


def test_a_key_is_the_whole_secret_or_its_member() -> None:
    assert key_in(" k \n") == key_in('{"apiKey": "k"}') == "k"


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetSecretValue")


@pytest.mark.parametrize(
    ("error", "is_unknown"),
    [
        (refusal("AccessDeniedException"), True),
        (refusal("ThrottlingException"), True),
        (refusal("ExpiredTokenException"), True),
        (EndpointConnectionError(endpoint_url="https://x"), True),
        (refusal("ResourceNotFoundException"), False),
        (refusal("InvalidRequestException"), False),
    ],
    ids=str,
)
def test_only_a_key_that_is_missing_or_being_deleted_has_a_remedy(
    account: Stack, error: Exception, is_unknown: bool
) -> None:
    def refused(**_: Any) -> None:
        raise error

    secret = Secret(account, "arn:aws:secretsmanager:eu-west-1:1:secret:k")
    secret._client.get_secret_value = refused
    with pytest.raises(KeyStoreError) as caught:
        secret.read()
    assert caught.value.is_unknown is is_unknown
    assert (caught.value.remedy == "") is is_unknown
