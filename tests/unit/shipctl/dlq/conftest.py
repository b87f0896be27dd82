"""A stack for the tests of `shipctl dlq`, with emulated queues and the shipper's own replay function.

The fixtures answer for CloudFormation and Lambda after botocore has checked the parameters of a request.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.events import Origin
from loginformant_shipper.pipeline import Environment, replay
from loginformant_shipper.settings import load_settings
from loginformant_shipper.wire.encoding import encode
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends
from shipctl import stack
from shipctl.account import session
from shipctl.dlq import queue
from shipctl.dlq.letters import Letter, record_of

from tests.unit.simulated_senders import Api, SimulatedSenders, answers

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

REGION = "eu-west-1"
FUNCTION = "loginformant-shipper-ReplayFunction-3xAmPlE"
REPLAY_LOG = "/loginformant/loginformant-shipper/replay"
SHIPPER_LOG = "/loginformant/loginformant-shipper/shipper"
NOW = datetime.now(UTC)

Invocation = Callable[[dict[str, Any]], dict[str, Any]]


HttpAndAnswer = tuple[SimpleNamespace, dict[str, Any]]
OK = SimpleNamespace(status_code=200)


class Crash(Exception):
    """End the replay function with an error; the text is its error message."""


@dataclass
class Stack:
    """Hold the stack's queues and logs, and what its replay function does."""

    sqs: "SQSClient"
    dead: str
    """URL of the dead-letter queue; `parked` likewise."""
    parked: str
    logs: Any
    senders: SimulatedSenders = field(default_factory=lambda: SimulatedSenders(answers()))
    outputs: dict[str, str] = field(default_factory=dict)
    invocations: list[list[str]] = field(default_factory=list)
    """The message ids of each invocation."""
    before: Invocation | None = None
    """Called with the event before the function works; a result other than None replaces the answer."""
    mapping_state: str | None = None
    """State of the event source mapping; None if there is none."""
    parameters: dict[str, str] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    """Reserved concurrency of the replay function."""
    refusals: list[str] = field(default_factory=list)
    """Error codes of Lambda's next answers to an invocation."""

    def answers_with(self, api: Api) -> None:
        self.senders = SimulatedSenders(api)

    def replay_logs(self, reason: str, status: int | None = None, *, minutes_ago: float = 0.0) -> None:
        """Log, as the replay function, that three log events were returned, with the reason."""
        said = {"reason": reason, "events": 3, "message": "log events are returned to their source"}
        self._log(said | ({"status": status} if status else {}), minutes_ago)

    def replay_logs_a_delivery(self) -> None:
        """Log, as the replay function, the metrics of three delivered log events."""
        self._log({"_aws": {}, "EventsDelivered": [3.0]}, 0.0)

    def _log(self, fields: dict[str, Any], minutes_ago: float) -> None:
        when = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        self.logs.put_log_events(
            logGroupName=REPLAY_LOG,
            logStreamName="a",
            logEvents=[{"timestamp": int(when.timestamp() * 1000), "message": json.dumps(fields)}],
        )

    def hide(self, *, parked: bool = False) -> None:
        """Receive up to ten messages, so that they are in flight."""
        url = self.parked if parked else self.dead
        self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=100)

    def put(
        self,
        *texts: str,
        reason: str = "unavailable",
        log_group: str = "/aws/lambda/orders",
        failed_ago: timedelta = timedelta(hours=3),
        parked: bool = False,
        delay_seconds: int = 0,
        **more: str,
    ) -> str:
        """Put log events into a queue as the shipper does, and return the message's id."""
        failed = (NOW - failed_ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        attributes = {
            "Reason": reason,
            "LogGroup": log_group,
            "LogStream": "2026/11/03/[$LATEST]7f3a",
            "EventCount": str(len(texts)),
            "FailedAt": failed,
            "FirstFailedAt": failed,
            "Replays": "0",
            **more,
        }
        body = subscription_event(*texts, log_group=log_group)
        return self.put_raw(body, attributes, parked=parked, delay_seconds=delay_seconds)

    def end_delays(self) -> None:
        """Make delayed messages visible."""
        queue = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[self.dead.rpartition("/")[2]]
        for message in queue._messages:
            message.delayed_until = 0.0

    def put_raw(
        self,
        body: str,
        attributes: dict[str, str] | None = None,
        *,
        parked: bool = False,
        delay_seconds: int = 0,
        **numbers: str,
    ) -> str:
        """Put any message; `numbers` are attributes of the type Number."""
        values: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()
        }
        values |= {name: {"DataType": "Number", "StringValue": value} for name, value in numbers.items()}
        url = self.parked if parked else self.dead
        return self.sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageAttributes=values, DelaySeconds=delay_seconds
        )["MessageId"]

    def visible(self, *, parked: bool = False) -> list[Letter]:
        """Return the visible messages, and make them visible again."""
        url = self.parked if parked else self.dead
        received = []
        while messages := self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages"):
            received += messages
        for message in received:
            self.sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return [Letter(record_of(message)) for message in received]

    def in_flight(self, *, parked: bool = False) -> int:
        name = "ApproximateNumberOfMessagesNotVisible"
        url = self.parked if parked else self.dead
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes[name])  # type: ignore[index]

    @property
    def delivered(self) -> list[str]:
        """Return the messages of the logs that the ingest API accepted."""
        logs: list[Any] = [
            log for sent in self.senders.sent if self.senders.api(sent).status == 200 for log in sent.logs
        ]
        return [log["message"] for log in logs]

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke the replay function and return its answer."""
        self.invocations.append([record["messageId"] for record in event["Records"]])
        if self.before is not None and (answer := self.before(event)) is not None:
            return answer
        settings = load_settings(
            {
                "AWS_REGION": REGION,
                "API_KEY_PARAMETER_NAME": "/key",
                "DEAD_LETTER_QUEUE_URL": self.dead,
                "PARKED_QUEUE_URL": self.parked,
            }
        )
        memory = EnvironmentState(byte_limit=settings.batch_max_bytes, key="key")
        environment = Environment(settings, self.senders, memory, Policy())
        with redirect_stdout(io.StringIO()):
            return replay(event, environment, 110.0)


def subscription_event(*texts: str, log_group: str = "/aws/lambda/orders") -> str:
    """Return a payload of CloudWatch Logs as JSON text."""
    start = int((NOW - timedelta(hours=3)).timestamp() * 1000)
    events = [
        {"id": f"{abs(hash(text)):032d}", "timestamp": start + number, "message": text}
        for number, text in enumerate(texts)
    ]
    return encode(Origin("123456789012", log_group, "2026/11/03/[$LATEST]7f3a", ("all",)), events)


@dataclass
class Sessions:
    """Keep boto3's sessions between tests, so that service descriptions are read only once."""

    stack: Stack | None = None
    """The stack of the current test."""
    _opened: dict[tuple[str | None, str | None], boto3.Session] = field(default_factory=dict)

    def __call__(self, region: str | None, profile: str | None) -> boto3.Session:
        if (region, profile) not in self._opened:
            opened = self._opened[region, profile] = session(region, profile)
            for operation, answer in (
                ("cloudformation.DescribeStacks", self._describe_stacks),
                ("lambda.ListEventSourceMappings", self._list_mappings),
                ("lambda.Invoke", self._invoke),
                ("lambda.GetFunctionConcurrency", self._get_concurrency),
                ("lambda.GetFunctionConfiguration", self._get_configuration),
            ):
                # The handler's result replaces the answer, which botocore's type stubs do not declare.
                opened.events.register(f"before-call.{operation}", answer)  # type: ignore[arg-type]
        return self._opened[region, profile]

    def _describe_stacks(self, params: dict[str, Any], **_: Any) -> HttpAndAnswer:
        assert self.stack
        name = params["body"]["StackName"]
        if name != "loginformant-shipper":
            error = {"Code": "ValidationError", "Message": f"Stack with id {name} does not exist"}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.stack.outputs.items()]
        parameters = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in self.stack.parameters.items()
        ]
        return OK, {"Stacks": [{"StackName": name, "Outputs": outputs, "Parameters": parameters}]}

    def _list_mappings(self, **_: Any) -> HttpAndAnswer:
        assert self.stack
        arn = f"arn:aws:sqs:{REGION}:123456789012:{self.stack.dead.rpartition('/')[2]}"
        mapping = {"UUID": "uuid", "EventSourceArn": arn, "State": self.stack.mapping_state}
        return OK, {"EventSourceMappings": [mapping] if self.stack.mapping_state else []}

    def _get_concurrency(self, **_: Any) -> HttpAndAnswer:
        assert self.stack
        reserved = self.stack.reserved_concurrency
        return OK, {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def _get_configuration(self, **_: Any) -> HttpAndAnswer:
        return OK, {"Environment": {"Variables": {"INGEST_URL": "https://app.loginformant.com"}}}

    def _invoke(self, params: dict[str, Any], **_: Any) -> HttpAndAnswer:
        assert self.stack
        assert FUNCTION in params["url_path"]
        if self.stack.refusals:
            error = {"Code": self.stack.refusals.pop(0), "Message": "The function is not ready."}
            return SimpleNamespace(status_code=502), {"Error": error, "ResponseMetadata": {}}
        try:
            answer = self.stack.invoke(json.loads(params["body"]))
        except Crash as crash:
            payload = json.dumps({"errorMessage": str(crash)}).encode()
            return OK, {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": io.BytesIO(payload)}
        return OK, {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture(scope="session")
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def stack_in_aws(monkeypatch: pytest.MonkeyPatch, credentials: None, sessions: Sessions) -> Iterator[Stack]:
    """Create a stack named loginformant-shipper; no command waits."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(queue, "POLLING", queue.Polling(wait_seconds=0))
    monkeypatch.setattr("shipctl.dlq.replay.CLOCK_STEP_SECONDS", 0.0)
    monkeypatch.setattr(stack, "session", sessions)
    monkeypatch.setattr(queue, "session", sessions)
    with mock_aws():
        sqs = sessions(REGION, None).client("sqs")
        dead, parked = (
            sqs.create_queue(QueueName=name, Attributes={"MessageRetentionPeriod": "1209600"})["QueueUrl"]
            for name in ("shipper-DeadLetterQueue-1aB2", "shipper-ParkedQueue-3cD4")
        )
        logs = sessions(REGION, None).client("logs")
        for group in (REPLAY_LOG, SHIPPER_LOG):
            logs.create_log_group(logGroupName=group)
            logs.create_log_stream(logGroupName=group, logStreamName="a")
        outputs = {
            "ShipperFunctionName": "loginformant-shipper-ShipperFunction-1aB2",
            "ShipperLogGroupName": SHIPPER_LOG,
            "ReplayLogGroupName": REPLAY_LOG,
            "DeadLetterQueueUrl": dead,
            "ParkedQueueUrl": parked,
            "ReplayFunctionName": FUNCTION,
            "ReplayFunctionArn": f"arn:aws:lambda:{REGION}:123456789012:function:{FUNCTION}",
        }
        sessions.stack = Stack(sqs, dead, parked, logs, outputs=outputs)
        yield sessions.stack
