"""Read and write the stored API key of a stack, with the operator's own credentials.

The key itself is never printed or logged, and never part of an error message.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from shipctl.account import client_config, explain
from shipctl.stack import Stack

_NOT_THERE = ("ResourceNotFoundException", "ParameterNotFound")
_BEING_DELETED = ("InvalidRequestException",)
"""Error code for a secret that is scheduled for deletion (GetSecretValue, Secrets Manager API Reference)."""


class KeyStoreError(Exception):
    """The key cannot be read or written. The text says why, in one line.

    `is_unknown`: the request failed, and so it is not known whether the key is valid.
    """

    def __init__(
        self, why: str, remedy: str = "", *, is_unknown: bool = False, is_being_deleted: bool = False
    ) -> None:
        super().__init__(why)
        self.remedy, self.is_unknown, self.is_being_deleted = remedy, is_unknown, is_being_deleted


class KeyStore(Protocol):
    """A place where the API key of a stack is kept."""

    words: str
    """The name of the place in messages, such as `secret ARN`."""

    def read(self) -> str:
        """Return the key. Raises `KeyStoreError`."""
        ...

    def write(self, key: str) -> None:
        """Replace the key. Raises `KeyStoreError`."""
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
        """Replace the key in the secret. A secret that is scheduled for deletion is restored first."""
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
        new_secret = self._stack.aws_command(
            *("secretsmanager", "create-secret", "--name", "loginformant-api-key"),
            *("--secret-string", "file://KEY_FILE"),
        )
        use_it = self._stack.command(
            *("deploy", "--unset", "ApiKey", "--unset", "ApiKeyParameterName"),
            *("--set", "ApiKeySecretArn=ITS_ARN"),
        )
        return _asked(request, gone=f"{new_secret}; then {use_it}", being_deleted=set_key)


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
        """Replace the key. The parameter's type and KMS key are kept, which PutParameter would reset."""
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
        return _asked(request, gone=set_key, being_deleted=set_key)


def key_store(stack: Stack, variables: Mapping[str, str]) -> KeyStore:
    """Return the place from which the shipper reads its key according to its environment variables."""
    if arn := variables.get("API_KEY_SECRET_ARN"):
        return Secret(stack, arn)
    return Parameter(stack, variables.get("API_KEY_PARAMETER_NAME", ""))


def key_in(value: str) -> str:
    """Return the key in a stored value: the value itself, or the member `apiKey` of a JSON object.

    Raises:
        KeyStoreError: The shipper could not use the value.
    """
    members = _members(value)
    key = value.strip() if members is None else members.get("apiKey", "")
    if not isinstance(key, str) or not key.strip():
        raise KeyStoreError("it contains no API key")
    if trouble := unusable(key.strip()):
        raise KeyStoreError(trouble)
    return key.strip()


def unusable(key: str) -> str:
    """Return why a text cannot be an API key, or an empty text if it can."""
    if not key:
        return "the API key is empty"
    if not (key.isascii() and key.isprintable()) or " " in key:
        return "the API key contains spaces or characters that are not allowed in an HTTP header"
    return ""


def _around(key: str, before: str) -> str:
    """Return the value to store for a new key. Other members of a JSON object are kept."""
    members = _members(before)
    return key if members is None else json.dumps({**members, "apiKey": key})


def _members(value: str) -> dict[str, Any] | None:
    try:
        members = json.loads(value)
    except ValueError:
        return None
    return members if isinstance(members, dict) else None


def _asked(request: Callable[[], Any], *, gone: str, being_deleted: str) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return request()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _NOT_THERE:
            raise KeyStoreError("it does not exist", gone) from None
        if code in _BEING_DELETED:
            raise KeyStoreError(
                "it is scheduled for deletion", being_deleted, is_being_deleted=True
            ) from None
        raise KeyStoreError(explain(error), is_unknown=True) from None
    except BotoCoreError as error:
        raise KeyStoreError(explain(error), is_unknown=True) from None
