"""An update of the stack's own secret keeps the key that is stored in it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from shipctl.deploy.change_set import ChangeSet
from shipctl.deploy.parameters import Parameter
from shipctl.deploy.settings_plan import plan_settings, to_cloudformation
from shipctl.deploy.stored_key import with_stored_key
from shipctl.errors import CommandError

from tests.unit.shipctl.deploy.conftest import live_stack

Parameters = dict[str, Parameter]
UPDATED = {"LogicalResourceId": "ApiKeySecret", "Action": "Modify", "PhysicalResourceId": "arn:of:it"}


class Account:
    """Stand in for an account with one secret."""

    def __init__(self, stored: str | None) -> None:
        self.stored = stored

    def client(self, service: str) -> "Account":
        assert service == "secretsmanager"
        return self

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        assert SecretId == "arn:of:it"
        if self.stored is None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue")
        return {"SecretString": self.stored}


def sent_key(
    parameters: Parameters, stored: str | None, changes: list[dict[str, Any]], **wishes: str
) -> dict[str, Any] | None:
    """Return the parameter sent for the key, or None if the settings stay as planned."""
    settings = plan_settings(parameters, wishes, live_stack(parameters))
    account: Any = Account(stored)
    found = with_stored_key(account, ChangeSet("id", "stack", False, {}, changes), settings)
    if found is None:
        return None
    assert not any(each.changes for each in found), "what nobody asked for is not shown"
    [sent] = [each for each in to_cloudformation(found) if each["ParameterKey"] == "ApiKey"]
    return {**sent}


@pytest.mark.parametrize("stored", ["li-stored", '{"apiKey": "li-stored"}', "li-stored\n"])
def test_the_stored_key_is_sent_with_an_update_of_its_secret(stored: str, parameters: Parameters) -> None:
    sent = sent_key(parameters, stored, [UPDATED])
    assert sent == {"ParameterKey": "ApiKey", "ParameterValue": "li-stored"}


@pytest.mark.parametrize(
    "changes", [[], [UPDATED | {"Action": "Remove"}], [UPDATED | {"LogicalResourceId": "X"}]]
)
def test_the_secret_is_not_read_unless_it_is_updated(
    changes: list[dict[str, Any]], parameters: Parameters
) -> None:
    assert sent_key(parameters, None, changes) is None


def test_a_given_key_replaces_the_stored_key(parameters: Parameters) -> None:
    assert sent_key(parameters, None, [UPDATED], ApiKey="li-asked") is None


@pytest.mark.parametrize(("stored", "why"), [(None, "access denied"), ("", "it contains no API key")])
def test_an_unreadable_secret_stops_the_deployment(
    stored: str | None, why: str, parameters: Parameters
) -> None:
    with pytest.raises(CommandError, match=f"was not changed.*{why}.*--api-key"):
        sent_key(parameters, stored, [UPDATED])
