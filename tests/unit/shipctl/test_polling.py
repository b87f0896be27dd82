"""A command that reads until Ctrl-C ends only for errors that do not pass."""

import pytest
from botocore import exceptions as aws
from shipctl.errors import CommandError
from shipctl.polling import TemporaryErrors


def failed(cause: Exception | None) -> CommandError:
    error = CommandError("Reading /aws/lambda/orders: it failed")
    error.__cause__ = cause
    return error


def answer(status: int, code: str) -> aws.ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(response, "FilterLogEvents")  # type: ignore[arg-type]


def test_a_temporary_error_is_reported_once_until_reading_succeeds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    errors = TemporaryErrors()
    for cause in (
        answer(400, "ThrottlingException"),
        answer(503, "ServiceUnavailableException"),
        None,
        aws.EndpointConnectionError(endpoint_url="https://x"),
        aws.ReadTimeoutError(endpoint_url="https://x"),
    ):
        with errors.reported():
            if cause:
                raise failed(cause)
    line = "shipctl: Reading /aws/lambda/orders: it failed; trying again\n"
    assert capsys.readouterr().err == line * 2


@pytest.mark.parametrize(
    "cause",
    [
        answer(400, "AccessDeniedException"),
        answer(400, "ExpiredTokenException"),
        aws.NoCredentialsError(),
        aws.SSLError(endpoint_url="https://x", error=OSError("CERTIFICATE_VERIFY_FAILED")),
        None,
    ],
)
def test_other_errors_end_the_command(cause: Exception | None) -> None:
    with pytest.raises(CommandError), TemporaryErrors().reported():
        raise failed(cause)
