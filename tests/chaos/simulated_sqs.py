"""SQS in virtual time: queues, a client that retries like boto, and simulated threads.

"Amazon SQS visibility timeout" and "At-least-once delivery" in the SQS developer guide.
"""

import heapq
import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from itertools import count
from typing import Any
from unittest import mock

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from loginformant_shipper.dead_letters import sqs
from loginformant_shipper.settings import QUEUE_ATTEMPTS, QUEUE_CONNECT_SECONDS, QUEUE_READ_SECONDS

from tests.chaos.clock import Clock, Violation
from tests.chaos.copy_ledger import CopyLedger, ids_of_body
from tests.chaos.weather import DATE as EPOCH
from tests.chaos.weather import Forecast, Tide, WriteFate, draw_write

VISIBILITY_SECONDS = 720.0
"""As in template.yaml."""
MAX_BYTES = 1024 * 1024
ENDPOINT = "https://sqs.eu-west-1.amazonaws.com"


@dataclass
class Message:
    identifier: str
    body: str
    attributes: Mapping[str, str]
    ids: tuple[str, ...]
    visible_at: float
    sent_at: float
    receives: int = 0

    @property
    def told_events(self) -> int:
        """Return the number of log events in its attributes; a message of Lambda itself has none."""
        return int(self.attributes.get("EventCount", 1))

    def record(self) -> dict[str, Any]:
        """Return the message as Lambda passes it to the function."""
        return {
            "messageId": self.identifier,
            "receiptHandle": self.identifier,
            "body": self.body,
            "attributes": {
                "SentTimestamp": str(int((EPOCH.timestamp() + self.sent_at) * 1000)),
                "ApproximateReceiveCount": str(self.receives),
            },
            "eventSource": "aws:sqs",
            "messageAttributes": {
                name: {"dataType": "String", "stringValue": value} for name, value in self.attributes.items()
            },
        }


@dataclass
class Queue:
    clock: Clock
    messages: dict[str, Message] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)

    def put(self, body: str, attributes: Mapping[str, str], delay: float = 0.0) -> Message:
        name, now = f"message-{next(self._numbers)}", self.clock.now
        message = Message(name, body, attributes, tuple(ids_of_body(json.loads(body))), now + delay, now)
        self.messages[name] = message
        return message

    def receive(self, most: int) -> list[Message]:
        """Return messages in no particular order, and hide them for a while."""
        received = [message for message in self.messages.values() if message.visible_at <= self.clock.now]
        for message in received[:most]:
            message.visible_at = self.clock.now + VISIBILITY_SECONDS
            message.receives += 1
        return received[:most]

    def next_visible(self) -> float | None:
        return min((message.visible_at for message in self.messages.values()), default=None)

    def ids(self) -> Iterator[str]:
        for message in self.messages.values():
            yield from message.ids


@dataclass
class Write:
    """One message that the function stores; each attempt may leave a copy."""

    ids: tuple[str, ...]
    stored: int = 0
    acknowledged: bool = False


@dataclass
class SimulatedSqs:
    """Replaces the client, the threads and the clock of `dead_letters.sqs`."""

    clock: Clock
    ledger: CopyLedger
    forecast: Forecast[Tide]
    rng: random.Random
    queues: Mapping[str, Queue]
    """By URL."""
    writes: list[Write] = field(default_factory=list)
    """Those of the current invocation."""
    _worker: float = 0.0
    """The time of the thread whose call is being simulated."""
    _calls: list[tuple["Future[None]", Callable[[], None]]] = field(default_factory=list)
    _workers: int = 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Replace SQS with this simulation during a block."""
        with mock.patch.multiple(
            sqs,
            time=mock.Mock(monotonic=lambda: self.clock.now),
            ThreadPoolExecutor=self._executor,
            wait_for=self._wait_for,
            _sqs_client=lambda: self,
        ):
            yield

    # --- threads ---

    def _executor(self, workers: int, name: str) -> "SimulatedSqs":
        self._calls, self._workers = [], workers
        return self

    def submit(self, call: Callable[[Any], None], client: Any) -> "Future[None]":
        future: Future[None] = Future()
        self._calls.append((future, lambda: call(client)))
        return future

    def _wait_for(self, futures: Iterable["Future[None]"], timeout: float) -> None:
        self.clock.step()
        end = self.clock.now + timeout
        free = [self.clock.now] * self._workers
        for future, call in self._calls:
            self._worker = heapq.heappop(free)
            if self._worker < end and future.set_running_or_notify_cancel():
                self._run(future, call, end)
            heapq.heappush(free, self._worker)
        self.clock.leap(min(end, max(free)))

    def _run(self, future: "Future[None]", call: Callable[[], None], end: float) -> None:
        error: Exception | None = None
        number = len(self.writes)
        try:
            call()
        except (ClientError, ConnectTimeoutError, ReadTimeoutError) as trouble:
            error = trouble
        if self._worker > end:
            return  # still under way when the function no longer waits
        if error is not None:
            future.set_exception(error)
            return
        future.set_result(None)
        for write in self.writes[number:]:
            write.acknowledged = True

    def shutdown(self, wait: bool, cancel_futures: bool) -> None:
        for future, _ in self._calls:
            future.cancel()

    # --- the client ---

    def send_message(
        self, QueueUrl: str, MessageBody: str, MessageAttributes: Mapping[str, Any], DelaySeconds: int
    ) -> dict[str, str]:
        attributes = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        if len(MessageBody.encode()) > MAX_BYTES or len(attributes) > 10:
            raise Violation("a message that SQS does not take")
        write = Write(tuple(ids_of_body(json.loads(MessageBody))))
        self.writes.append(write)

        def store() -> None:
            self.queues[QueueUrl].put(MessageBody, attributes, DelaySeconds)
            write.stored += 1

        self._attempt(f"store {len(write.ids)} events as {attributes.get('Reason')}", store)
        return {"MD5OfMessageBody": md5(MessageBody.encode()).hexdigest()}

    def change_message_visibility_batch(self, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> None:
        def hide() -> None:
            for entry in Entries:
                message = self.queues[QueueUrl].messages.get(entry["ReceiptHandle"])
                if message is not None:
                    message.visible_at = self._worker + entry["VisibilityTimeout"]

        self._attempt(f"hide {len(Entries)} messages", hide)

    def _attempt(self, what: str, effect: Callable[[], None]) -> None:
        """Make the attempts of boto's standard retry mode, as the client is configured."""
        for attempt in range(QUEUE_ATTEMPTS):
            self.clock.step()
            fate = draw_write(self.forecast.at(self._worker), self.rng)
            self.ledger.say(f"    {what}: {fate}")
            if fate in (WriteFate.STORED, WriteFate.REPLY_LOST):
                effect()
            self.clock.step()
            match fate:
                case WriteFate.STORED:
                    self._worker += 0.02
                    return
                case WriteFate.REPLY_LOST | WriteFate.NO_ANSWER:
                    self._worker += QUEUE_READ_SECONDS
                    error: Exception = ReadTimeoutError(endpoint_url=ENDPOINT)
                case WriteFate.NO_CONNECTION:
                    self._worker += QUEUE_CONNECT_SECONDS
                    error = ConnectTimeoutError(endpoint_url=ENDPOINT)
                case _:
                    self._worker += 0.02
                    error = _client_error(fate)
            if fate is WriteFate.DENIED or attempt == QUEUE_ATTEMPTS - 1:
                raise error
            self._worker += self.rng.uniform(0.0, 2.0**attempt)


def _client_error(fate: WriteFate) -> ClientError:
    codes = {
        WriteFate.THROTTLED: ("ThrottlingException", 400),
        WriteFate.SERVER_ERROR: ("InternalError", 500),
        WriteFate.DENIED: ("AccessDenied", 403),
    }
    code, status = codes[fate]
    return ClientError(
        {"Error": {"Code": code, "Message": str(fate)}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "SendMessage",
    )
