"""Run the shipper's pipeline in this process, as in a warm environment, with queues in memory."""

import io
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any
from unittest import mock

from loginformant_shipper import pipeline, telemetry
from loginformant_shipper.dead_letters.messages import Addressed
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.sending.http_client import Outcome
from loginformant_shipper.delivery.sending.senders import ThreadedSenders
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.pipeline import Environment
from loginformant_shipper.settings import load_settings
from loginformant_shipper.wire.decoding import decode

from local.ingest_api import LOCAL_KEY

MIB = 1024 * 1024
FUNCTION_SECONDS = 120.0
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters"
PARKED = "https://sqs.eu-west-1.amazonaws.com/123456789012/parked"
REQUEST_SECONDS = 5
RECORDS_AT_A_TIME = 10


class NotingSenders(ThreadedSenders):
    """Records which log events were in abandoned requests and may have arrived."""

    def __init__(self, url: str) -> None:
        self.settings = load_settings(
            {
                "INGEST_URL": url,
                "API_KEY_PARAMETER_NAME": "/soak/key",
                "DEAD_LETTER_QUEUE_URL": QUEUE,
                "PARKED_QUEUE_URL": PARKED,
                "AWS_REGION": "eu-west-1",
                "REQUEST_TIMEOUT_SECONDS": str(REQUEST_SECONDS),
            }
        )
        super().__init__(self.settings)
        self.given_up: set[int] = set()
        self._bodies: dict[int, bytes] = {}

    def send(self, ticket: int, body: bytes, key: str, seconds: float) -> None:
        self._bodies[ticket] = body
        super().send(ticket, body, key, seconds)

    def wait(self, seconds: float) -> Any:
        completion = super().wait(seconds)
        if completion is not None:
            self._bodies.pop(completion.ticket, None)
        return completion

    def abandon(self, ticket: int) -> Outcome | None:
        for log in json.loads(self._bodies.pop(ticket))["logs"]:
            properties = log["properties"]
            self.given_up.update(map(int, properties.get("eventIds") or [properties["eventId"]]))
        return super().abandon(ticket)


class Shipping:
    """Ships payloads, and replays what was not delivered."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.senders, self._clock = NotingSenders(url), clock
        settings = self.senders.settings
        memory = EnvironmentState(byte_limit=settings.batch_max_bytes, key=LOCAL_KEY)
        policy = Policy(max_in_flight=settings.max_in_flight, request_timeout=REQUEST_SECONDS)
        self._environment = Environment(settings, self.senders, memory, policy)
        self.waiting: deque[dict[str, Any]] = deque()
        """Records of the dead-letter queue that replay may get."""
        self.hidden: list[tuple[float, dict[str, Any]]] = []
        """Those that were refused alone, and until when they are hidden."""
        self.parked: list[int] = []
        """Log events that were refused for half an hour."""
        self.dead_lettered = 0
        self._messages = 0

    def ship(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the counts of one invocation, which balance."""
        with self._in_memory():
            answer = pipeline.ship(event, self._environment, FUNCTION_SECONDS)
        assert answer["received"] == answer["delivered"] + answer["deadLettered"], answer
        self.dead_lettered += answer["deadLettered"]
        return answer

    @property
    def refused(self) -> list[int]:
        """Return the log events that were refused, wherever they are now."""
        return self.parked + [number for _, record in self.hidden for number in _numbers(record["body"])]

    def replay(self) -> None:
        """Invoke the replay function once with the oldest records."""
        now = self._clock()
        self.waiting += [record for until, record in self.hidden if until <= now]
        self.hidden = [(until, record) for until, record in self.hidden if until > now]
        records = [self.waiting.popleft() for _ in range(min(RECORDS_AT_A_TIME, len(self.waiting)))]
        if not records:
            return
        with self._in_memory():
            answer = pipeline.replay({"Records": records}, self._environment, FUNCTION_SECONDS)
        returned = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        self.waiting += [record for record in records if record["messageId"] in returned]

    def forget_trouble(self) -> None:
        """Forget outages and Retry-After, as a new environment does."""
        self._environment.state.in_doubt_until = self._environment.state.resume_at = 0.0

    @contextmanager
    def _in_memory(self) -> Iterator[None]:
        with (
            mock.patch.object(pipeline, "store", self._store),
            mock.patch.object(pipeline, "postpone"),
            mock.patch.object(telemetry.logger.registered_handler, "stream", io.StringIO()),
            redirect_stdout(io.StringIO()),
        ):
            yield

    def _store(self, letters: Sequence[Addressed], seconds: float) -> list[str]:
        for message, queue_url, delay_seconds in letters:
            if queue_url == PARKED:
                self.parked += _numbers(message.body)
                continue
            record = self._record(message.body, message.attributes)
            if delay_seconds:
                self.hidden.append((self._clock() + delay_seconds, record))
            else:
                self.waiting.append(record)
        return [""] * len(letters)

    def _record(self, body: str, attributes: Any) -> dict[str, Any]:
        self._messages += 1
        return {
            "messageId": f"message-{self._messages}",
            "receiptHandle": f"receipt-{self._messages}",
            "body": body,
            "eventSource": "aws:sqs",
            "messageAttributes": {
                name: {"dataType": "String", "stringValue": value} for name, value in attributes.items()
            },
        }


def _numbers(body: str) -> list[int]:
    messages = [it for it in decode(json.loads(body), 64 * MIB) if isinstance(it, SubscriptionMessage)]
    return [int(event.id) for message in messages for event in message.events]
