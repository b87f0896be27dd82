"""The dead-letter queue and the parked queue as replay sees them, and the check of its counts."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from loginformant_shipper.pipeline import replay
from moto.core.models import DEFAULT_ACCOUNT_ID

from local.ingest_api import Request
from local.ingest_contract import Log
from tests.integration.accounting import KEY, RESERVE, Stack, ids_of
from tests.integration.emulated_queue import REGION, let_time_pass, messages_of
from tests.integration.payloads import JsonObject, ids_in, subscription_event

if TYPE_CHECKING:
    from moto.sqs.models import Message

VISIBILITY_TIMEOUT = 720
"""Seconds, as in template.yaml."""

MAX_RECORDS = 10
FAILED_AT = "2026-11-03T10:00:00.000Z"
LARGEST = 1024**3


class Stored(NamedTuple):
    """A message in a queue, received or not."""

    body: str
    attributes: dict[str, str]

    @property
    def ids(self) -> list[str]:
        return ids_of_body(self.body)


class Replayed(NamedTuple):
    """The outcome of one invocation."""

    answer: dict[str, Any]
    requests: list[Request]
    logs: list[Log]
    """What the ingest API accepted."""
    output: str

    @property
    def returned(self) -> list[str]:
        return [failure["itemIdentifier"] for failure in self.answer["batchItemFailures"]]

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of delivered, dead-lettered (with parked) and returned logs."""
        return self.answer["delivered"], self.answer["deadLettered"], self.answer["returned"]


def content(body: str) -> object:
    """Return the content of a body: parsed JSON, the payload of an envelope, or any other text."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return event.get("requestPayload", event) if isinstance(event, dict) else event


def ids_of_body(body: str) -> list[str]:
    """Return the ids of the log events in a message; the id of an unreadable one is its text."""
    event = content(body)
    return ids_in(event, LARGEST) if isinstance(event, dict) and "awslogs" in event else [body]


@dataclass
class Queues:
    """Acts as Lambda's event source mapping, one invocation at a time."""

    stack: Stack
    parked_url: str
    """Of a queue; the settings may name another, which is out of reach."""
    queue_url: str
    _looked_at: tuple[int, int] = field(default=(0, 0), init=False)
    """The numbers of requests and logs at the last check."""

    # --- what is in the queues ---

    def put(self, body: str | JsonObject, attributes: Mapping[str, str] | None = None) -> str:
        """Send a message to the dead-letter queue; return its id."""
        return self.stack.sqs.send_message(
            QueueUrl=self.queue_url,
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in (attributes or {}).items()
            },
        )["MessageId"]

    def put_letter(
        self,
        events: Iterable[object],
        *,
        replays: int = 0,
        since: str = "",
        status: int = 400,
        **payload: Any,
    ) -> str:
        """Send a message like the shipper's; return its id. `since`: when each was first refused alone."""
        listed = list(events)
        attributes = {
            "Reason": "rejected",
            "Status": str(status),
            "EventCount": str(len(listed)),
            "Replays": f"{replays} since {since}" if since else str(replays),
            "FailedAt": FAILED_AT,
            "FirstFailedAt": FAILED_AT,
        }
        return self.put(subscription_event(listed, **payload), attributes)

    @property
    def waiting(self) -> list[Stored]:
        """Return every message of the dead-letter queue, received or not."""
        return [_stored(message) for message in messages_of(self.queue_url)]

    @property
    def parked(self) -> list[Stored]:
        return [_stored(message) for message in messages_of(self.parked_url)]

    def hidden_seconds(self) -> list[float]:
        """Return for each message of the dead-letter queue how many seconds it stays invisible."""
        from moto.core.utils import unix_time_millis

        return [(message.visible_at - unix_time_millis()) / 1000 for message in messages_of(self.queue_url)]

    def delayed_seconds(self) -> list[float]:
        """Return for each message of the dead-letter queue how many seconds it is delayed."""
        from moto.core.utils import unix_time_millis

        now = unix_time_millis()
        return [max(0.0, (message.delayed_until - now) / 1000) for message in messages_of(self.queue_url)]

    def let_time_pass(self) -> None:
        """Let enough time pass to make every message that was not deleted visible again."""
        let_time_pass(self.queue_url)

    # --- what Lambda does ---

    def receive(self) -> list[JsonObject]:
        """Return up to ten messages as the records of the function's argument."""
        messages = self.stack.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=MAX_RECORDS, MessageAttributeNames=["All"]
        ).get("Messages", [])
        return [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {
                    name: {
                        "stringValue": value["StringValue"],
                        "dataType": value["DataType"],
                        "stringListValues": [],
                        "binaryListValues": [],
                    }
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:dead-letters",
                "awsRegion": REGION,
            }
            for message in messages
        ]

    def acknowledge(self, records: list[JsonObject], returned: Iterable[str]) -> None:
        """Delete the messages of all records but those returned; an unknown identifier returns all."""
        identifiers = set(returned)
        if not identifiers <= {record["messageId"] for record in records} or "" in identifiers:
            return
        for record in records:
            if record["messageId"] not in identifiers:
                self.stack.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=record["receiptHandle"])

    def invoke(self, records: list[JsonObject], seconds: float = 60.0) -> Replayed:
        """Invoke the function with `seconds` for sending, without a check of its counts."""
        answer = replay({"Records": records}, self.stack.environment, RESERVE + seconds)
        requests_before, logs_before = self._looked_at
        requests, logs = self.stack.api.requests, self.stack.api.logs
        self._looked_at = len(requests), len(logs)
        output = self.stack.read_output()
        assert KEY not in output + json.dumps(answer) + str([*self.waiting, *self.parked])
        return Replayed(answer, requests[requests_before:], logs[logs_before:], output)

    def replay_and_account(
        self,
        *,
        seconds: float = 60.0,
        filtered: Iterable[str] = (),
        doubled: Iterable[str] = (),
        delivered_unknowingly: Iterable[str] = (),
    ) -> Replayed:
        """Receive, invoke and acknowledge; check every event id against the queues and the ingest API.

        Arguments name the ids of events that are expected to be `filtered`, to be `doubled` (there once more
        than before), or `delivered_unknowingly`: accepted although no answer said so.
        """
        before = self._held()
        records = self.receive()
        received = Counter(identifier for record in records for identifier in ids_of_body(record["body"]))
        replayed = self.invoke(records, seconds)
        self.acknowledge(records, replayed.returned)
        delivered = Counter(identifier for log in replayed.logs for identifier in ids_of(log))
        unknowingly, answer = Counter(delivered_unknowingly), replayed.answer
        assert delivered + self._held() + Counter(filtered) == before + Counter(doubled) + unknowingly
        assert answer["received"] == received.total()
        assert answer["received"] == sum(
            answer[part] for part in ("filtered", "delivered", "deadLettered", "returned")
        )
        assert answer["delivered"] == (delivered - unknowingly).total()
        assert answer["filtered"] == len(list(filtered))
        return replayed

    def _held(self) -> Counter[str]:
        """Return the ids of all log events in both queues; of an event in parts, only those of the first."""
        return Counter(
            identifier
            for message in [*self.waiting, *self.parked]
            if message.attributes.get("EventCount") != "0"
            for identifier in message.ids
        )


def _stored(message: "Message") -> Stored:
    values = {name: value["StringValue"] for name, value in message.message_attributes.items()}
    return Stored(message.body, values)


def incompressible(characters: int, seed: int = 1) -> str:
    """Return printable ASCII that no compression makes much shorter."""
    return "".join(random.Random(seed).choices("".join(map(chr, range(0x21, 0x7E))), k=characters))
