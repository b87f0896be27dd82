"""An error of AWS is one line; after some errors AWS may have done what was requested."""

import pytest
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from shipctl.account import aws_errors, configuration_errors, explain, is_about_the_request, is_refused
from shipctl.errors import CommandError


def answer(status: int, code: str) -> aws.ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(response, "Invoke")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        answer(400, "InvalidChangeSetStatus"),
        answer(403, "AccessDeniedException"),
        answer(429, "TooManyRequestsException"),
        aws.NoCredentialsError(),
        aws.EndpointConnectionError(endpoint_url="https://x"),
        aws.ConnectTimeoutError(endpoint_url="https://x"),
        aws.ProxyConnectionError(proxy_url="http://x"),
        aws.SSLError(endpoint_url="https://x", error=OSError("[SSL: CERTIFICATE_VERIFY_FAILED] x")),
        aws.ParamValidationError(report="Unknown parameter"),
    ],
    ids=str,
)
def test_what_aws_refused_or_never_got_was_not_done(error: Exception) -> None:
    assert is_refused(error)


@pytest.mark.parametrize(
    "error",
    [
        answer(500, "ServiceException"),
        answer(502, "502"),
        aws.ReadTimeoutError(endpoint_url="https://x"),
        aws.ConnectionClosedError(endpoint_url="https://x"),
        aws.ResponseStreamingError(error="IncompleteRead"),
        aws.IncompleteReadError(actual_bytes=1, expected_bytes=2),
        aws.HTTPClientError(error="LocationParseError"),
        aws.SSLError(endpoint_url="https://x", error=OSError("UNEXPECTED_EOF_WHILE_READING")),
        ValueError("not AWS"),
        None,
    ],
    ids=str,
)
def test_what_has_no_clear_answer_may_have_been_done(error: Exception | None) -> None:
    assert not is_refused(error)


@pytest.mark.parametrize(
    ("error", "is_about_it"),
    [
        (answer(403, "AccessDeniedException"), True),
        (answer(400, "ThrottlingException"), True),
        (answer(400, "ExpiredTokenException"), True),
        (answer(500, "ServiceException"), True),
        (aws.EndpointConnectionError(endpoint_url="https://x"), True),
        (answer(404, "ResourceNotFoundException"), False),
        (answer(502, "KMSDisabledException"), False),
        (None, False),
    ],
    ids=str,
)
def test_errors_of_the_request_are_told_from_those_of_the_stack(
    error: Exception | None, is_about_it: bool
) -> None:
    assert is_about_the_request(error) is is_about_it


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory"),  # of a credential_process, of a token file
        ValueError("Invalid endpoint: localhost:4566"),
    ],
    ids=str,
)
def test_an_error_of_the_configuration_is_one_line(error: Exception) -> None:
    line = "Reading: check the AWS configuration: "
    with pytest.raises(CommandError, match=line), configuration_errors("Reading"):
        raise error


def test_an_mfa_code_that_nobody_can_enter_is_one_line() -> None:
    line = "Reading: the profile requires an MFA code, and there is no terminal"
    with pytest.raises(CommandError, match=line), aws_errors("Reading"):
        raise EOFError


def test_a_session_with_mfa_that_has_expired_names_what_to_do() -> None:
    assert explain(aws.RefreshWithMFAUnsupportedError()).endswith(
        "run the command again, which asks for a new MFA code"
    )


def test_an_answer_that_is_not_that_of_aws_is_one_line() -> None:
    line = "Reading: what answered is not AWS: check the network"
    with pytest.raises(CommandError, match=line), aws_errors("Reading"):
        raise ResponseParserError("Unable to parse response: <html>")


def test_errors_are_explained_without_those_that_only_newer_versions_of_botocore_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(aws, "LoginError")
    assert "no AWS credentials" in explain(aws.NoCredentialsError())
