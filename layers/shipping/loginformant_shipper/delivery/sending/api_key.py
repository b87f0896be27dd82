"""Read the API key from Secrets Manager or the SSM Parameter Store."""

import ssl
import time
from typing import TYPE_CHECKING, cast

import orjson

from loginformant_shipper.aws_request import (
    GET_PARAMETER,
    GET_SECRET_VALUE,
    NotAnswered,
    NotPossible,
    Throttled,
    call,
)
from loginformant_shipper.events import JsonObject
from loginformant_shipper.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
ATTEMPTS = 2
MAX_SECONDS = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS) + 1.0
"""The maximum duration of reading the key: every attempt times out, with a second in between."""
MIN_SECONDS = 0.5
"""The remaining time below which botocore is not tried."""


class CredentialError(Exception):
    """The API key cannot be read. The text says from where and why, and never contains the key."""


def fetch_api_key(settings: Settings, tls: ssl.SSLContext | None = None) -> str:
    """Read the API key: the value itself, or the member `apiKey` if the value is a JSON object.

    A secret or parameter that is named by its ARN is read in the region that the ARN names ("What's in a
    Secrets Manager secret?", AWS Secrets Manager User Guide: the region is the ARN's fourth part). Blocks
    for at most `MAX_SECONDS`.

    Args:
        settings: The settings, which say where the key is stored.
        tls: The TLS context to use. None: a new one.

    Raises:
        CredentialError: The key cannot be read, or cannot be used.
    """
    name = settings.api_key_secret_arn or settings.api_key_parameter_name or ""
    is_secret = bool(settings.api_key_secret_arn)
    place = f"{'secret' if is_secret else 'parameter'} {name}"
    match _answer(name, is_secret, place, tls):
        case {"SecretBinary": _}:
            raise CredentialError(f"{place}: contains binary data; store the key as text (SecretString)")
        case {"SecretString": value} | {"Parameter": {"Value": value}}:
            return _key_in(value, place)
    return _key_in(None, place)


def _answer(name: str, is_secret: bool, place: str, tls: ssl.SSLContext | None) -> JsonObject:
    """Return the response of AWS to a request without botocore or, if that fails, with botocore.

    After a failed request, botocore gets one attempt in the remaining time: it handles more cases, such as a
    wrong clock, and users can search for its error messages. After throttling it gets none: if many
    environments start at once, each request keeps another environment from reading the key.
    """
    begun = time.monotonic()
    try:
        return call(
            GET_SECRET_VALUE if is_secret else GET_PARAMETER,
            {"SecretId": name} if is_secret else {"Name": name, "WithDecryption": True},
            _region_in(name),
            connect_seconds=CONNECT_SECONDS,
            read_seconds=READ_SECONDS,
            attempts=ATTEMPTS,
            tls=tls,
        )
    except NotPossible:
        attempts, seconds = ATTEMPTS, MAX_SECONDS
    except Throttled as trouble:
        raise CredentialError(f"{place}: {trouble}") from None
    except NotAnswered as trouble:
        attempts, seconds = 1, MAX_SECONDS - (time.monotonic() - begun)
        if seconds < MIN_SECONDS:
            raise CredentialError(f"{place}: {trouble}") from None
    return _answer_by_botocore(name, is_secret, place, attempts, seconds)


def _answer_by_botocore(name: str, is_secret: bool, place: str, attempts: int, seconds: float) -> JsonObject:
    # Imported here, since few environments need it. botocore, since boto3 and the parameters of Powertools
    # make the same request and take longer to import.
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    region = _region_in(name)
    session = botocore.session.get_session()
    config = Config(
        connect_timeout=min(CONNECT_SECONDS, seconds / 2),
        read_timeout=min(READ_SECONDS, seconds / 2),
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    try:
        if is_secret:
            secrets = cast(
                "SecretsManagerClient", session.create_client("secretsmanager", region, config=config)
            )
            return cast("JsonObject", secrets.get_secret_value(SecretId=name))
        store = cast("SSMClient", session.create_client("ssm", region, config=config))
        return cast("JsonObject", store.get_parameter(Name=name, WithDecryption=True))
    except (BotoCoreError, ClientError, ValueError) as error:
        raise CredentialError(f"{place}: {error}") from None


def _region_in(name: str) -> str | None:
    """Return the region of an ARN; None for a name, which belongs to the function's own region."""
    parts = name.split(":")
    return parts[3] or None if parts[0] == "arn" and len(parts) > 5 else None


def _key_in(value: object, place: str) -> str:
    text = value if isinstance(value, str) else ""
    if text.lstrip().startswith("{"):
        try:
            text = orjson.loads(text)["apiKey"]
        except (ValueError, KeyError):
            raise CredentialError(f'{place}: is a JSON object without the member "apiKey"') from None
        if not isinstance(text, str):
            raise CredentialError(f'{place}: "apiKey" is not a string')
    key = text.strip()
    if not key:
        raise CredentialError(f"{place}: is empty")
    if not (key.isascii() and key.isprintable()):
        raise CredentialError(f"{place}: contains characters that are not allowed in an HTTP header")
    return key
