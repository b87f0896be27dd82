"""The API key, from Secrets Manager or from the SSM Parameter Store."""

import ssl
import time
from typing import TYPE_CHECKING, cast

import orjson

from loginformant_shipper.aws_request import (
    GET_PARAMETER,
    GET_SECRET_VALUE,
    NotAnswered,
    NotPossible,
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
"""The longest that reading the key can take: every attempt times out, and a second in between."""
MIN_SECONDS = 0.5
"""With less time left botocore is not asked any more."""


class CredentialError(Exception):
    """The API key cannot be had; the text says from where and why, and never holds what was read."""


def fetch_api_key(settings: Settings, tls: ssl.SSLContext | None = None) -> str:
    """Read the key afresh: the value itself, or the member `apiKey` where the value is a JSON object.

    A secret or parameter that is named by its ARN is read in the region that the ARN names ("What's in a
    Secrets Manager secret?", AWS Secrets Manager User Guide: the region is the ARN's fourth part). Blocks
    for at most `MAX_SECONDS`.

    Args:
        settings: Where the key is.
        tls: What connections with TLS share, if there is one already.

    Raises:
        CredentialError: The key cannot be had.
    """
    name = settings.api_key_secret_arn or settings.api_key_parameter_name or ""
    is_secret = bool(settings.api_key_secret_arn)
    place = f"{'secret' if is_secret else 'parameter'} {name}"
    match _answer(name, is_secret, place, tls):
        case {"SecretBinary": _}:
            raise CredentialError(f"{place}: holds binary data; store the key as text (SecretString)")
        case {"SecretString": value} | {"Parameter": {"Value": value}}:
            return _key_in(value, place)
    return _key_in(None, place)


def _answer(name: str, is_secret: bool, place: str, tls: ssl.SSLContext | None) -> JsonObject:
    """Return the answer of AWS: by a request of our own, and where that is not possible, by botocore.

    botocore is also asked what our own request did not get: it knows cases that we do not, such as a wrong
    clock, and its words are the ones that people find. It then has one attempt, in what is left of the time.
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
    except NotAnswered as trouble:
        attempts, seconds = 1, MAX_SECONDS - (time.monotonic() - begun)
        if seconds < MIN_SECONDS:
            raise CredentialError(f"{place}: {trouble}") from None
    return _answer_by_botocore(name, is_secret, place, attempts, seconds)


def _answer_by_botocore(name: str, is_secret: bool, place: str, attempts: int, seconds: float) -> JsonObject:
    # Here, not at start-up: hardly an environment needs it. botocore alone, since boto3 and Powertools'
    # parameters make the same call and take longer to import.
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
    """Return the region that an ARN names; None for a plain name, which is of the function's own region."""
    parts = name.split(":")
    return parts[3] or None if parts[0] == "arn" and len(parts) > 5 else None


def _key_in(value: object, place: str) -> str:
    text = value if isinstance(value, str) else ""
    if text.lstrip().startswith("{"):
        try:
            text = orjson.loads(text)["apiKey"]
        except (ValueError, KeyError):
            raise CredentialError(
                f'{place}: is a JSON object, but not one with the key under "apiKey"'
            ) from None
        if not isinstance(text, str):
            raise CredentialError(f'{place}: "apiKey" is not a string')
    key = text.strip()
    if not key:
        raise CredentialError(f"{place}: is empty")
    if not (key.isascii() and key.isprintable()):
        raise CredentialError(f"{place}: holds characters that an HTTP header cannot carry")
    return key
