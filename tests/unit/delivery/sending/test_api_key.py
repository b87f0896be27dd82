import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from loginformant_shipper import telemetry
from loginformant_shipper.aws_request import NotAnswered, NotPossible, Throttled
from loginformant_shipper.delivery.sending import api_key
from loginformant_shipper.delivery.sending.api_key import (
    ATTEMPTS,
    MAX_SECONDS,
    CredentialError,
    fetch_api_key,
)
from loginformant_shipper.events import JsonObject
from loginformant_shipper.settings import Settings, load_settings

from tests.unit.sample_data import ENVIRON

pytestmark = pytest.mark.usefixtures("aws")


def from_secret(value: str | bytes) -> Settings:
    content = {"SecretString": value} if isinstance(value, str) else {"SecretBinary": value}
    arn = boto3.client("secretsmanager").create_secret(Name="key", **content)["ARN"]
    return load_settings({**ENVIRON, "API_KEY_SECRET_ARN": arn})


def from_parameter(value: str, name: str = "/shop/key") -> Settings:
    boto3.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")
    return load_settings({**ENVIRON, "API_KEY_SECRET_ARN": "", "API_KEY_PARAMETER_NAME": name})


VALUES = {
    "the key itself": "k-123",
    "white space around": " \tk-123\r\n",
    "JSON": '{"apiKey": "k-123", "other": 1}',
    "JSON, white space around": ' \n{"apiKey": " k-123\\n"}\n',
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_the_key_is_read_from_a_secret(value: str) -> None:
    assert fetch_api_key(from_secret(value)) == "k-123"


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_the_key_is_read_from_a_parameter(value: str) -> None:
    assert fetch_api_key(from_parameter(value)) == "k-123"


def test_a_parameter_is_decrypted_whatever_its_name() -> None:
    assert fetch_api_key(from_parameter("k-123", name="plain-name")) == "k-123"


def test_every_fetch_reads_the_current_value() -> None:
    settings = from_secret("old")
    assert fetch_api_key(settings) == "old"
    boto3.client("secretsmanager").put_secret_value(SecretId="key", SecretString="new")
    assert fetch_api_key(settings) == "new"


UNUSABLE = {
    "blank": (" \n", "is empty"),
    "binary": (b"s3cret", "contains binary data; store the key as text"),
    "JSON, blank": ('{"apiKey": " "}', "is empty"),
    "JSON, another name": ('{"key": "s3cret"}', 'is a JSON object without the member "apiKey"'),
    "JSON, broken": ('{"apiKey": "s3cret', 'is a JSON object without the member "apiKey"'),
    "JSON, a number": ('{"apiKey": 53}', '"apiKey" is not a string'),
    "JSON, null": ('{"apiKey": null}', '"apiKey" is not a string'),
    "a line break": ("s3cret\r\nX-Other: 1", "characters that are not allowed in an HTTP header"),
    "not ASCII": ("s3crét", "characters that are not allowed in an HTTP header"),
    "NUL": ("s3cret\x00", "characters that are not allowed in an HTTP header"),
}


@pytest.mark.parametrize(("value", "complaint"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_the_error_of_an_unusable_value_names_its_place_and_never_shows_it(
    value: str | bytes, complaint: str
) -> None:
    settings = from_secret(value)
    with pytest.raises(CredentialError) as caught:
        fetch_api_key(settings)
    text = str(caught.value)
    assert text.startswith(f"secret {settings.api_key_secret_arn}: ")
    assert complaint in text
    assert "s3cr" not in text
    # A traceback would show the exception's cause as well.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_missing_secret_is_an_error() -> None:
    with pytest.raises(CredentialError, match=r"^secret arn:aws:.*ResourceNotFoundException"):
        fetch_api_key(load_settings(ENVIRON))


def test_a_missing_parameter_is_an_error() -> None:
    settings = load_settings({**ENVIRON, "API_KEY_SECRET_ARN": "", "API_KEY_PARAMETER_NAME": "/none"})
    with pytest.raises(CredentialError, match=r"^parameter /none: .*ParameterNotFound"):
        fetch_api_key(settings)


def test_an_unreachable_aws_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ConnectTimeoutError(endpoint_url="https://secretsmanager")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", fail)
    with pytest.raises(CredentialError, match="Connect timeout"):
        fetch_api_key(load_settings(ENVIRON))


def test_an_invalid_endpoint_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "nowhere")
    with pytest.raises(CredentialError, match="Invalid endpoint: nowhere"):
        fetch_api_key(load_settings(ENVIRON))


def test_a_missing_region_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CredentialError, match="region"):
        fetch_api_key(
            load_settings({**ENVIRON, "API_KEY_SECRET_ARN": "", "API_KEY_PARAMETER_NAME": "/shop/key"})
        )


OTHER_REGION = "ap-southeast-2"


def test_a_secret_of_another_region_is_read_in_that_region() -> None:
    elsewhere = boto3.client("secretsmanager", OTHER_REGION)
    arn = elsewhere.create_secret(Name="key", SecretString="k-of-another-region")["ARN"]
    assert f":{OTHER_REGION}:" in arn
    assert fetch_api_key(load_settings({**ENVIRON, "API_KEY_SECRET_ARN": arn})) == "k-of-another-region"


def test_the_key_is_read_without_importing_botocore() -> None:
    """Importing botocore and making a client took most of a cold start."""
    settings = from_secret("k-123")
    script = (
        "import os, sys\n"
        "from loginformant_shipper.delivery.sending.api_key import fetch_api_key\n"
        "from loginformant_shipper.settings import load_settings\n"
        "print(fetch_api_key(load_settings(os.environ)), 'botocore' in sys.modules)\n"
    )
    variables = {**os.environ, **ENVIRON, "API_KEY_SECRET_ARN": str(settings.api_key_secret_arn)}
    done = subprocess.run([sys.executable, "-c", script], env=variables, capture_output=True, text=True)
    assert done.stdout == "k-123 False\n", done.stderr


class TestTheTimeIsShared:
    """The shipper's own request and botocore's together take no longer than two attempts of botocore's."""

    @pytest.fixture(autouse=True)
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
        asked: list[tuple[int, float]] = []

        def answer(name: str, is_secret: bool, place: str, attempts: int, seconds: float) -> JsonObject:
            asked.append((attempts, seconds))
            return {"SecretString": "k-123"}

        monkeypatch.setattr(api_key, "_answer_by_botocore", answer)
        return asked

    def fetch(self, trouble: Exception, seconds: float, monkeypatch: pytest.MonkeyPatch) -> str:
        clock = iter([100.0, 100.0 + seconds])

        def fail(*args: object, **kwargs: object) -> None:
            raise trouble

        monkeypatch.setattr(api_key, "call", fail)
        monkeypatch.setattr("time.monotonic", lambda: next(clock))
        return fetch_api_key(load_settings(ENVIRON))

    def test_botocore_has_all_the_time_if_no_request_was_sent_before(
        self, asked: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.fetch(NotPossible("a profile"), 0.0, monkeypatch) == "k-123"
        assert asked == [(ATTEMPTS, MAX_SECONDS)]

    def test_botocore_has_one_attempt_in_the_time_left_after_our_own_request(
        self, asked: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert self.fetch(NotAnswered("no answer in time"), 7.0, monkeypatch) == "k-123"
        assert asked == [(1, MAX_SECONDS - 7.0)]

    def test_botocore_has_no_attempt_after_throttling(
        self, asked: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The quota is shared by all environments: each attempt keeps another one from its key."""
        with pytest.raises(CredentialError, match=r"^secret arn:.*: HTTP 400, ThrottlingException"):
            self.fetch(Throttled("HTTP 400, ThrottlingException: Rate exceeded"), 1.0, monkeypatch)
        assert asked == []

    def test_the_error_is_reported_when_no_time_is_left(
        self, asked: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(CredentialError, match=r"^secret arn:.*: HTTP 503$"):
            self.fetch(NotAnswered("HTTP 503"), MAX_SECONDS - 0.1, monkeypatch)
        assert asked == []


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Collect what is logged while the root logger takes every level."""
    log, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield log
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("make", [from_secret, from_parameter])
def test_no_log_contains_the_key_even_at_level_debug(
    everything_logged: io.StringIO, make: Callable[[str], Settings]
) -> None:
    settings = make("k-s3cret")
    assert telemetry.logger is not None  # every function imports it, and it sets levels
    logging.getLogger("some.library").debug("is heard")
    assert fetch_api_key(settings) == "k-s3cret"
    assert "is heard" in everything_logged.getvalue()
    assert "k-s3cret" not in everything_logged.getvalue()
