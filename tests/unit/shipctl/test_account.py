"""An error of AWS is one line; after some errors AWS may have done what was requested."""

import pytest
from botocore import exceptions as aws
from shipctl.account import is_refused


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
