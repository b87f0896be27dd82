"""A role is assumed once, and other commands and the AWS CLI use its session until it expires."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from shipctl.account import session

CONFIG = """
[profile prod]
role_arn = arn:aws:iam::123456789012:role/deploy
source_profile = me

[profile me]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = secret
"""

ASSUMED = """
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>{end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>
"""


class Body(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class Sts:
    """Answer AssumeRole with credentials that are valid for some time."""

    def __init__(self, valid: timedelta = timedelta(hours=1)) -> None:
        self.valid = valid
        self.count = 0

    def answer(self, request: Any, **_: object) -> Any:
        self.count += 1
        end = datetime.now(UTC) + self.valid
        words = ASSUMED.format(key=f"key-{self.count}", end=end.isoformat(timespec="seconds"))
        return AWSResponse(request.url, 200, {}, Body(words.encode()))  # type: ignore[arg-type]

    def key_of_a_new_command(self) -> str:
        opened = session("eu-west-1", "prod")
        opened.events.register("before-send.sts.AssumeRole", self.answer)
        credentials = opened.get_credentials()
        assert credentials
        return str(credentials.get_frozen_credentials().access_key)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home directory with profiles."""
    config = tmp_path / "config"
    config.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_second_command_uses_the_session_of_the_first(home: Path) -> None:
    sts = Sts()
    assert [sts.key_of_a_new_command() for _ in range(3)] == ["key-1"] * 3
    [kept] = (home / ".aws" / "cli" / "cache").iterdir()
    assert kept.stat().st_mode & 0o077 == 0, "nobody else can read it"


def test_a_session_that_has_expired_is_not_used() -> None:
    sts = Sts(valid=timedelta(minutes=1))
    assert [sts.key_of_a_new_command() for _ in range(2)] == ["key-1", "key-2"]


def test_a_home_directory_that_cannot_be_written_to_is_no_error(home: Path) -> None:
    (home / ".aws").write_text("a file, so that no folder can be created in it", encoding="utf-8")
    sts = Sts()
    assert [sts.key_of_a_new_command() for _ in range(2)] == ["key-1", "key-2"]
