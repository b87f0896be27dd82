"""The API key, from Secrets Manager or from the SSM Parameter Store."""

import orjson

from loginformant_shipper.settings import Settings

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
ATTEMPTS = 2


class CredentialError(Exception):
    """The API key cannot be had; the text says from where and why, and never holds what was read."""


def fetch_api_key(settings: Settings) -> str:
    """Read the key afresh: the value itself, or the member `apiKey` where the value is a JSON object.

    Blocks for at most `ATTEMPTS` times connect and read time-out, and the wait between attempts.
    Raises `CredentialError`.
    """
    # Here, not at start-up: Powertools' parameters import boto3, and a warm environment needs neither.
    from aws_lambda_powertools.utilities import parameters
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    try:
        if settings.api_key_secret_arn:
            place = f"secret {settings.api_key_secret_arn}"
            secrets = parameters.SecretsProvider(boto_config=config)
            value = secrets.get(settings.api_key_secret_arn, force_fetch=True)
        else:
            place = f"parameter {settings.api_key_parameter_name}"
            store = parameters.SSMProvider(boto_config=config)
            value = store.get(settings.api_key_parameter_name or "", decrypt=True, force_fetch=True)
    except (parameters.exceptions.GetParameterError, BotoCoreError, ValueError) as error:
        raise CredentialError(f"{place}: {error}") from None
    return _key_in(value, place)


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
