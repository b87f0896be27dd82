"""A log group is read with all its streams, and each AWS error is one line."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.client
import pytest
from botocore import exceptions as aws
from moto import mock_aws

from tests.unit.shipctl.conftest import Run

GROUP = "/aws/lambda/orders"


@pytest.fixture
def streams(credentials: None) -> Iterator[None]:
    """Create a log group with two streams, whose log events alternate and are one minute old."""
    with mock_aws():
        logs = boto3.client("logs", region_name="eu-west-1")
        logs.create_log_group(logGroupName=GROUP)
        start = int(time.time() * 1000) - 60_000
        for offset, stream in enumerate(("a", "b")):
            logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
            logs.put_log_events(
                logGroupName=GROUP,
                logStreamName=stream,
                logEvents=[
                    {"timestamp": start + 10 * number + 5 * offset, "message": f"INFO {stream}{number}"}
                    for number in range(3)
                ],
            )
        yield


@pytest.mark.usefixtures("streams")
class TestLogGroup:
    def test_logs_of_all_streams_are_in_order_of_time(self, shipctl: Run) -> None:
        result = shipctl("preview", "--log-group", GROUP, "--json")
        assert result.exit_code == 0, result.stderr
        logs = [json.loads(line) for line in result.stdout.splitlines()]
        assert [log["message"][5:] for log in logs] == ["a0", "b0", "a1", "b1", "a2", "b2"]
        assert [log["properties"]["logStream"] for log in logs[:2]] == ["a", "b"]
        properties = logs[0]["properties"]
        assert (properties["logGroup"], properties["region"]) == (GROUP, "eu-west-1")
        assert properties["accountId"] == "123456789012"
        assert properties["eventId"]

    def test_a_reached_limit_is_reported(self, shipctl: Run) -> None:
        result = shipctl("preview", "--log-group", GROUP, "--limit", "4")
        assert "4 logs would be sent" in result.stdout
        assert "Stopped at --limit, 4 log events; there may be more." in result.stdout
        assert "--limit" not in shipctl("preview", "--log-group", GROUP, "--limit", "7").stdout

    def test_a_period_without_log_events_is_reported_in_one_line(self, shipctl: Run) -> None:
        result = shipctl("preview", "--log-group", GROUP, "--since", "2020-01-01", "--until", "2020-01-02")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == (
            f"shipctl: no log events in {GROUP} from 2020-01-01 00:00:00 to 2020-01-02 00:00:00 UTC\n"
        )

    def test_a_missing_log_group_is_one_error_line(self, shipctl: Run) -> None:
        result = shipctl("preview", "--log-group", "/aws/lambda/oders")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            "shipctl: there is no log group /aws/lambda/oders in eu-west-1: "
            "check the name, --region and --profile\n"
        )


def refusal(code: str, message: str = "AWS's own words.") -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": message}}, "FilterLogEvents")


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            refusal("AccessDeniedException", "User: x is not\nauthorized"),
            "access denied: User: x is not authorized",
        ),
        (refusal("ExpiredTokenException"), "the AWS credentials have expired; sign in again"),
        (refusal("UnrecognizedClientException"), "AWS does not know these credentials; check the access key"),
        (refusal("ThrottlingException"), "AWS limits the rate of requests; try again in a moment"),
        (refusal("SomethingNew", "\x1b[2J"), "SomethingNew: ␛[2J"),
        (
            aws.EndpointConnectionError(endpoint_url="https://x"),
            '"https://x": check the network',
        ),
        (aws.ConnectTimeoutError(endpoint_url="https://x"), "check the network"),
        (aws.ReadTimeoutError(endpoint_url="https://x"), "Read timeout on endpoint URL"),
        (aws.UnauthorizedSSOTokenError(), "the AWS sign-in is not valid or has expired; sign in again"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_aws_error_is_one_line(
    shipctl: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, line: str
) -> None:
    def refuse(*arguments: Any, **others: Any) -> None:
        raise error

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", refuse)
    result = shipctl("preview", "--log-group", GROUP)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"shipctl: Reading {GROUP}: ")
    assert line in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_region_is_an_error_with_advice(shipctl: Run) -> None:
    result = shipctl("preview", "--log-group", GROUP)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("shipctl: no AWS region: give --region")


def test_missing_credentials_are_an_error_with_advice(shipctl: Run) -> None:
    result = shipctl("preview", "--log-group", GROUP, "--region", "eu-west-1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"shipctl: Reading {GROUP}: no AWS credentials: give --profile")


def test_an_unknown_profile_is_an_error_with_advice(shipctl: Run) -> None:
    result = shipctl("preview", "--log-group", GROUP, "--profile", "nobody")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        "The config profile (nobody) could not be found: to list the profiles, run aws configure "
        "list-profiles" in result.stderr
    )


@pytest.mark.usefixtures("credentials")
def test_preview_works_without_the_account_number(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(client: Any, operation: str, parameters: Any) -> dict[str, Any]:
        if operation == "GetCallerIdentity":
            raise refusal("AccessDenied")
        event = {"eventId": "1", "timestamp": 1793697121118, "message": "x", "logStreamName": "s"}
        return {"events": [event], "searchedLogStreams": []}

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answer)
    result = shipctl("preview", "--log-group", GROUP, "--json")
    assert json.loads(result.stdout)["properties"]["accountId"] == ""
