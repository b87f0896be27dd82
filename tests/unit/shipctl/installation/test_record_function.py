"""A function that may have run has failed; it could not be invoked only if it certainly did not run."""

from typing import Any

import pytest
from botocore import exceptions as aws
from botocore.parsers import ResponseParserError
from shipctl.errors import CommandError
from shipctl.installation import record_function
from shipctl.installation.record_function import FunctionFailed, RecordFunction


class Cut:
    """A body that ends too early."""

    def read(self) -> bytes:
        raise aws.ResponseStreamingError(error="IncompleteRead")


class FakeLambda:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def invoke(self, FunctionName: str, Payload: bytes) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"Payload": self.answer}


def function(answer: Any) -> RecordFunction:
    client: Any = FakeLambda(answer)
    return RecordFunction(client, "shipper-1aB2", "the shipper function")


def refusal(status: int, code: str) -> aws.ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(response, "Invoke")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        Cut(),
        refusal(500, "ServiceException"),
        refusal(502, "502"),
        aws.ReadTimeoutError(endpoint_url="https://x"),
        aws.ConnectionClosedError(endpoint_url="https://x"),
        ResponseParserError("not JSON"),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_without_a_clear_answer_the_function_may_have_run(answer: Any) -> None:
    with pytest.raises(FunctionFailed, match="the shipper function did not answer: "):
        function(answer)({})


@pytest.mark.parametrize(
    "answer",
    [
        refusal(403, "AccessDeniedException"),
        refusal(502, "ENINotReadyException"),
        aws.EndpointConnectionError(endpoint_url="https://x"),
        aws.NoCredentialsError(),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_a_refused_invocation_did_not_run(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_function, "WAKING_PAUSES", ())
    with pytest.raises(CommandError, match="Invoking shipper-1aB2: "):
        function(answer)({})
