"""Invoke the shipper or the replay function synchronously with records.

Both functions accept records with payloads of CloudWatch Logs: the shipper Kinesis records, replay SQS
records. They answer with their ledger and with the ids of the records to retry.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from loginformant_shipper import __version__

from shipctl.account import CONNECT_SECONDS, aws_errors, explain, is_refused
from shipctl.installation.functions import Function
from shipctl.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

ANSWER_SECONDS = 145
"""How long to wait for an answer: the function's timeout is 120 s, and its start takes some seconds more."""

MAX_PAYLOAD_BYTES = 5 * 1024 * 1024
"""The maximum size of an invocation's payload. Lambda accepts 6 MB ("Lambda quotas", AWS Lambda Developer
Guide)."""


_IDLE = "was idle for a long time; waiting until Lambda has made it ready"
_NOT_READY = {
    "ResourceNotReadyException": _IDLE,
    "ENINotReadyException": _IDLE,
    "CodeArtifactUserPendingException": _IDLE,
    "ResourceConflictException": _IDLE,
    "TooManyRequestsException": "is throttled by Lambda; waiting",
}
"""Errors after which the invocation is retried, since the function did not run: it is throttled, or it is
Inactive or Pending. "When you try to invoke a function that is inactive, the invocation fails and Lambda sets
the function to pending state" ("Lambda function states", AWS Lambda Developer Guide; the codes: "Invoke", AWS
Lambda API Reference)."""

WAKING_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
"""Seconds between attempts. Their sum is less than the time for which the messages of a replay stay
hidden."""


class FunctionFailed(Exception):
    """The function crashed, timed out or did not answer. Its records may or may not have been delivered."""


class Why(NamedTuple):
    """Why log events were not delivered."""

    reason: str
    status: int | None
    detail: str

    def __str__(self) -> str:
        """Return one line, such as `unavailable 503 (the beginning of the answer)`."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.reason} {self.status or ''}".rstrip() + detail


class Answer(NamedTuple):
    """The function's answer: counts of log events, and the records to retry."""

    filtered: int
    delivered: int
    refused: int
    """Log events that were stored in the dead-letter queue."""
    parked: int
    returned: int
    requests: int
    left: frozenset[str]
    """Ids of the records that must be retried."""
    failures: dict[Why, int]


@dataclass(frozen=True)
class RecordFunction:
    """A function to invoke with records."""

    client: "LambdaClient"
    name: str
    words: str
    """The function's name for use in a sentence."""

    def __call__(self, records: Mapping[str, Mapping[str, Any]]) -> Answer:
        """Invoke the function with records and wait for its answer.

        Args:
            records: The records by their ids.

        Raises:
            FunctionFailed: The function failed, or it is not known whether it ran.
            CommandError: The function did not run.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        payload = orjson.dumps({"Records": list(records.values())})
        with aws_errors(f"Invoking {self.name}"):
            try:
                response = self._invoke(payload)
                answer = _json(response["Payload"].read())
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                if _did_not_run(error):
                    raise
                raise FunctionFailed(f"{self.words} did not answer: {explain(error)}") from error
        if "FunctionError" in response:
            raise FunctionFailed(f"{self.words} failed: {_error_message(answer)}")
        return self._read(answer, frozenset(records))

    def _read(self, answer: Any, sent: frozenset[str]) -> Answer:
        match answer:
            case {"batchItemFailures": list(items)}:
                left = frozenset(str(item["itemIdentifier"]) for item in items)
                if not left <= sent:
                    raise FunctionFailed(f"{self.words} returned records that were not sent to it")
            case _:
                raise FunctionFailed(f"the answer of {self.words} does not contain a ledger")
        count = {name: value for name, value in answer.items() if isinstance(value, int)}
        parked = count.get("parked", 0)
        return Answer(
            filtered=count.get("filtered", 0),
            delivered=count.get("delivered", 0),
            refused=count.get("deadLettered", 0) - parked,
            parked=parked,
            returned=count.get("returned", 0),
            requests=count.get("requests", 0),
            left=left,
            failures={
                Why(item["reason"], item["status"], item["detail"]): item["events"]
                for item in answer.get("failures", [])
            },
        )

    def _invoke(self, payload: bytes) -> "InvocationResponseTypeDef":
        """Invoke the function, and retry while Lambda is not ready to run it. Raises `ClientError`."""
        from botocore.exceptions import ClientError

        for pause in WAKING_PAUSES:
            try:
                return self.client.invoke(FunctionName=self.name, Payload=payload)
            except ClientError as error:
                why = _NOT_READY.get(error.response["Error"]["Code"])
                if why is None:
                    raise
            print(f"shipctl: {self.name} {why}", file=sys.stderr)
            time.sleep(pause)
        return self.client.invoke(FunctionName=self.name, Payload=payload)


def record_function(stack: Stack, function: Function) -> RecordFunction:
    """Return a function of the stack. Raises `CommandError`."""
    from botocore.config import Config

    # No retries: a second attempt after a timeout would deliver again what the first one is delivering.
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": 1},
        user_agent_extra=f"shipctl/{__version__}",
    )
    client = stack.session.client("lambda", config=config)
    return RecordFunction(client, function.name_in(stack), f"the {function.lower()} function")


def _did_not_run(error: Exception) -> bool:
    """Return whether the function has certainly not run because of an error of its invocation."""
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError) and error.response["Error"]["Code"] in _NOT_READY:
        return True  # some of them have the status 502
    return is_refused(error)


def _error_message(answer: Any) -> str:
    match answer:
        case {"errorMessage": str(message), **others}:
            kind = others.get("errorType")
            return f"{kind}: {message}" if isinstance(kind, str) and kind not in message else message
    return "without a word about why"


def _json(answer: bytes) -> Any:
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
