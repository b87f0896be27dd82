"""Where the API key of a stack is kept, read and written with the operator's own credentials.

The key itself is never printed, logged or part of an error.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from shipctl.account import client_config, explain
from shipctl.stack import Stack

_NOT_THERE = ("ResourceNotFoundException", "ParameterNotFound")
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_BEING_DELETED = ("InvalidRequestException",)
"""What Secrets Manager answers of a secret that is scheduled for deletion (GetSecretValue, API Reference)."""


class KeyStoreError(Exception):
    """The key cannot be had or written; the text says why, in one line."""

    def __init__(
        self, why: str, remedy: str = "", *, is_denied: bool = False, is_being_deleted: bool = False
    ) -> None:
        super().__init__(why)
        self.remedy, self.is_denied, self.is_being_deleted = remedy, is_denied, is_being_deleted


class KeyStore(Protocol):
    """A place where the API key of a stack is kept."""

    words: str
    """What it is, for a person."""

    def read(self) -> str:
        """Return the key. Raises `KeyStoreError`."""
        ...

    def write(self, key: str) -> None:
        """Put another key into its place. Raises `KeyStoreError`."""
        ...


class Secret:
    """A secret of Secrets Manager."""

    def __init__(self, stack: Stack, arn: str) -> None:
        self.words = f"secret {arn.rpartition(':')[2]}"
        self._stack, self._arn = stack, arn
        self._client: Any = stack.session.client("secretsmanager", config=client_config())

    def read(self) -> str:
        """Return the key. Raises `KeyStoreError`."""
        return key_in(self._value())

    def write(self, key: str) -> None:
        """Put another key into the secret, and restore one that is going to be deleted."""
        try:
            before = self._value()
        except KeyStoreError as error:
            if not error.is_being_deleted:
                raise
            self._ask(lambda: self._client.restore_secret(SecretId=self._arn))
            before = self._value()
        value = _around(key, before)
        self._ask(lambda: self._client.put_secret_value(SecretId=self._arn, SecretString=value))

    def _value(self) -> str:
        answer = self._ask(lambda: self._client.get_secret_value(SecretId=self._arn))
        return str(answer.get("SecretString", ""))

    def _ask(self, request: Callable[[], Any]) -> Any:
        set_key = self._stack.command("key", "set")
        new_secret = (
            "aws secretsmanager create-secret --name loginformant-api-key --secret-string file://KEY_FILE; "
            "then "
            + self._stack.command(
                *("deploy", "--unset", "ApiKey", "--unset", "ApiKeyParameterName"),
                *("--set", "ApiKeySecretArn=ITS_ARN"),
            )
        )
        return _asked(request, gone=f"{new_secret}", other=set_key, being_deleted=set_key)


class Parameter:
    """A parameter of the SSM Parameter Store."""

    def __init__(self, stack: Stack, name: str) -> None:
        self.words = f"SSM parameter {name}"
        self._stack, self._name = stack, name
        self._client: Any = stack.session.client("ssm", config=client_config())

    def read(self) -> str:
        """Return the key. Raises `KeyStoreError`."""
        answer = self._ask(lambda: self._client.get_parameter(Name=self._name, WithDecryption=True))
        return key_in(str(answer["Parameter"]["Value"]))

    def write(self, key: str) -> None:
        """Keep its type and KMS key: PutParameter would take the default key where none is named."""
        filters = [{"Key": "Name", "Option": "Equals", "Values": [self._name]}]
        found = self._ask(lambda: self._client.describe_parameters(ParameterFilters=filters))["Parameters"]
        kept = {"Type": found[0]["Type"]} if found else {"Type": "SecureString"}
        if found and found[0].get("KeyId"):
            kept["KeyId"] = found[0]["KeyId"]
        before = ""
        if found:
            answer = self._ask(lambda: self._client.get_parameter(Name=self._name, WithDecryption=True))
            before = str(answer["Parameter"]["Value"])
        value = _around(key, before)
        self._ask(lambda: self._client.put_parameter(Name=self._name, Value=value, Overwrite=True, **kept))

    def _ask(self, request: Callable[[], Any]) -> Any:
        set_key = self._stack.command("key", "set")
        return _asked(request, gone=set_key, other=set_key, being_deleted=set_key)


def key_store(stack: Stack, variables: Mapping[str, str]) -> KeyStore:
    """Return the place where the shipper reads its key, by its environment variables."""
    if arn := variables.get("API_KEY_SECRET_ARN"):
        return Secret(stack, arn)
    return Parameter(stack, variables.get("API_KEY_PARAMETER_NAME", ""))


def key_in(value: str) -> str:
    """Return the key in a stored value: the value, or the member `apiKey` of a JSON object.

    Raises `KeyStoreError` where the shipper would not take it.
    """
    members = _members(value)
    key = value.strip() if members is None else members.get("apiKey", "")
    if not isinstance(key, str) or not key.strip():
        raise KeyStoreError("it holds no key")
    if trouble := unusable(key.strip()):
        raise KeyStoreError(trouble)
    return key.strip()


def unusable(key: str) -> str:
    """Return why a text cannot be an API key; empty where it can."""
    if not key:
        return "the API key is empty"
    if not (key.isascii() and key.isprintable()) or " " in key:
        return "the API key holds blanks or characters that an HTTP header cannot carry"
    return ""


def _around(key: str, before: str) -> str:
    """Return the value to store: other members of a JSON object stay as they were."""
    members = _members(before)
    return key if members is None else json.dumps({**members, "apiKey": key})


def _members(value: str) -> dict[str, Any] | None:
    try:
        members = json.loads(value)
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def _asked(request: Callable[[], Any], *, gone: str, other: str, being_deleted: str) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return request()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_THERE:
            raise KeyStoreError("it is not there", gone) from None
        if code in _BEING_DELETED:
            raise KeyStoreError("it is going to be deleted", being_deleted, is_being_deleted=True) from None
        raise KeyStoreError(explain(error), other, is_denied=code in _DENIED) from None
    except BotoCoreError as error:
        raise KeyStoreError(explain(error), other) from None
