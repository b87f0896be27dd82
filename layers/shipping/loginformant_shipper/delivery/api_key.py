"""The API key, from Secrets Manager or from the SSM Parameter Store."""

from typing import TYPE_CHECKING, cast

import orjson

from loginformant_shipper.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
ATTEMPTS = 2


class CredentialError(Exception):
    """The API key cannot be had; the text says from where and why, and never holds what was read."""


def fetch_api_key(settings: Settings) -> str:
    """Read the key afresh: the value itself, or the member `apiKey` where the value is a JSON object.

    A secret or parameter that is named by its ARN is read in the region that the ARN names ("What's in a
    Secrets Manager secret?", AWS Secrets Manager User Guide: the region is the ARN's fourth part). Blocks
    for at most `ATTEMPTS` times connect and read time-out, and the wait between attempts.
    Raises `CredentialError`.
    """
    # Here, not at start-up: a warm environment needs none of it. botocore alone, since boto3 and Powertools'
    # parameters make the same call and a cold start longer (docs/performance.md).
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    name = settings.api_key_secret_arn or settings.api_key_parameter_name or ""
    region = _region_in(name)
    session = botocore.session.get_session()
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    try:
        if settings.api_key_secret_arn:
            place = f"secret {name}"
            secrets = cast(
                "SecretsManagerClient", session.create_client("secretsmanager", region, config=config)
            )
            answer = secrets.get_secret_value(SecretId=name)
            if "SecretBinary" in answer:
                raise CredentialError(f"{place}: holds binary data; store the key as text (SecretString)")
            value = answer.get("SecretString")
        else:
            place = f"parameter {name}"
            store = cast("SSMClient", session.create_client("ssm", region, config=config))
            value = store.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except (BotoCoreError, ClientError, ValueError) as error:
        raise CredentialError(f"{place}: {error}") from None
    return _key_in(value, place)


def _region_in(name: str) -> str | None:
    """The region that an ARN names; None for a plain name, which is one of the function's own region."""
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
