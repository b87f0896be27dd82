"""The replay function, called as an operator's command calls it: synchronously, with records of a queue."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from loginformant_shipper import __version__

from shipctl.account import CONNECT_SECONDS, aws_errors
from shipctl.dlq.letters import Letter
from shipctl.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

ANSWER_SECONDS = 145
"""The function's time-out is 120 s; its start takes some seconds more."""

MAX_PAYLOAD_BYTES = 5 * 1024 * 1024
"""Of one invocation. Lambda takes 6 MB ("Lambda quotas", AWS Lambda developer guide)."""


_NOT_READY = frozenset(
    (
        "ResourceNotReadyException",
        "ENINotReadyException",
        "CodeArtifactUserPendingException",
        "ResourceConflictException",
    )
)
"""The function did not run, and will in a moment: it is Inactive, or Pending on its way back. "When you try
to invoke a function that is inactive, the invocation fails and Lambda sets the function to pending state"
("Lambda function states", AWS Lambda Developer Guide; the codes: "Invoke", AWS Lambda API Reference)."""

WAKING_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0, 30.0)
"""Seconds, together less than the messages in hand stay hidden."""


class FunctionFailed(Exception):
    """The function crashed, timed out or did not answer: what became of the records is not known."""


class Why(NamedTuple):
    """What went wrong with some log events."""

    reason: str
    status: int | None
    detail: str


class Answer(NamedTuple):
    """What the function says became of the log events, counted in log events, and of the records."""

    filtered: int
    delivered: int
    refused: int
    """Stored anew in the dead-letter queue."""
    parked: int
    returned: int
    requests: int
    left: frozenset[str]
    """Ids of the messages that were not acknowledged."""
    failures: dict[Why, int]


@dataclass(frozen=True)
class ReplayFunction:
    """The replay function of a stack, to be called with messages."""

    client: "LambdaClient"
    name: str

    def __call__(self, letters: Sequence[Letter]) -> Answer:
        """Invoke the function with messages, and wait. Raises `FunctionFailed` and `CommandError`."""
        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

        payload = orjson.dumps({"Records": [letter.record for letter in letters]})
        with aws_errors(f"Invoking {self.name}"):
            try:
                response = self._invoke(payload)
            except (ReadTimeoutError, ConnectionClosedError) as error:
                raise FunctionFailed("no answer came from the replay function") from error
            answer = response["Payload"].read()
        if "FunctionError" in response:
            raise FunctionFailed(f"the replay function failed: {_error_message(answer)}")
        return _read(answer, frozenset(letter.identifier for letter in letters))

    def _invoke(self, payload: bytes) -> "InvocationResponseTypeDef":
        """Invoke the function, and wait for one that Lambda has yet to make ready. Raises `ClientError`."""
        from botocore.exceptions import ClientError

        for pause in WAKING_PAUSES:
            try:
                return self.client.invoke(FunctionName=self.name, Payload=payload)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NOT_READY:
                    raise
            print(
                f"shipctl: {self.name} was idle for long; waiting for Lambda to make it ready",
                file=sys.stderr,
            )
            time.sleep(pause)
        return self.client.invoke(FunctionName=self.name, Payload=payload)


def replay_function(stack: Stack) -> ReplayFunction:
    """Return the replay function of a stack. Raises `CommandError`."""
    from botocore.config import Config

    # One attempt: a second one after a time-out would deliver what the first is delivering.
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": 1},
        user_agent_extra=f"shipctl/{__version__}",
    )
    return ReplayFunction(stack.session.client("lambda", config=config), stack.output("ReplayFunctionName"))


def payload_bytes(letter: Letter) -> int:
    """Return what a message adds to the payload of an invocation."""
    return len(orjson.dumps(letter.record)) + 1


def _error_message(answer: bytes) -> str:
    match _json(answer):
        case {"errorMessage": str(message), **others}:
            kind = others.get("errorType")
            return f"{kind}: {message}" if isinstance(kind, str) and kind not in message else message
    return "without a word about why"


def _read(answer: bytes, sent: frozenset[str]) -> Answer:
    account = _json(answer)
    match account:
        case {"batchItemFailures": list(failures)}:
            left = frozenset(str(item["itemIdentifier"]) for item in failures)
            if not left <= sent:
                raise FunctionFailed("the replay function returned messages that it was not given")
        case _:
            raise FunctionFailed("the replay function's answer is not that of a replay function")
    count = {name: value for name, value in account.items() if isinstance(value, int)}
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
            for item in account.get("failures", [])
        },
    )


def _json(answer: bytes) -> Any:
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
