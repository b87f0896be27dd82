"""The stack in one process: pipeline, local ingest API and emulated AWS; and the check of its counts."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from loginformant_shipper.pipeline import Environment, ship
from loginformant_shipper.settings import QUEUE_WORST_CASE_SECONDS, RESERVE_MARGIN_SECONDS

from local.ingest_api import IngestApi, Request
from local.ingest_contract import Log
from tests.integration.emulated_queue import let_time_pass
from tests.integration.leaping_clock import LeapingSenders
from tests.integration.payloads import JsonObject, events_in, ids_in, ids_of_one

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

KEY = "loginformant-key-4f1d"
OTHER_KEY = "loginformant-key-9b2e"

RESERVE = QUEUE_WORST_CASE_SECONDS + RESERVE_MARGIN_SECONDS
"""Seconds that an invocation with a few payloads reserves for the dead-letter queue."""

MIB = 1024 * 1024


class DeadLetter(NamedTuple):
    body: str
    attributes: dict[str, str]
    ids: tuple[str, ...]
    """Ids of its log events; unreadable data is its own id."""
    events: tuple[Any, ...]

    @property
    def reason(self) -> str:
        return self.attributes["Reason"]

    @property
    def detail(self) -> str:
        return self.attributes.get("Detail", "")

    def size(self) -> int:
        """Return the size in bytes as SQS counts it, with attributes."""
        attributes = ((name, "String", value) for name, value in self.attributes.items())
        return len(self.body.encode()) + sum(len(text.encode()) for each in attributes for text in each)


@dataclass(frozen=True)
class Shipment:
    """The outcome of one invocation."""

    answer: dict[str, Any]
    requests: list[Request]
    logs: list[Log]
    """What the ingest API accepted."""
    dead_letters: list[DeadLetter]
    output: str
    seconds: float
    """How long it took on the senders' clock."""

    @property
    def delivered(self) -> list[str]:
        return [identifier for log in self.logs for identifier in ids_of(log)]

    @property
    def dead(self) -> list[str]:
        return [identifier for letter in self.dead_letters for identifier in letter.ids]

    def counts(self) -> tuple[int, int, int]:
        """Return the numbers of delivered logs, dead-lettered logs and requests."""
        return self.answer["delivered"], self.answer["deadLettered"], self.answer["requests"]

    def by_reason(self) -> dict[str, int]:
        reasons: Counter[str] = Counter()
        for letter in self.dead_letters:
            reasons[letter.reason] += int(letter.attributes["EventCount"])
        return dict(reasons)

    def statuses(self) -> list[int | None]:
        return [request.status for request in self.requests]


def ids_of(log: Log) -> list[str]:
    """Return the ids of the log events that a log of the ingest API was made of."""
    properties = log["properties"]
    ids: list[str] = properties.get("eventIds") or [properties["eventId"]]
    return ids


@dataclass
class Stack:
    api: IngestApi
    environment: Environment
    sqs: "SQSClient"
    read_output: Callable[[], str]
    _seen_requests: int = field(default=0, init=False)
    _seen_logs: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._seen_requests, self._seen_logs = len(self.api.requests), len(self.api.logs)

    @property
    def senders(self) -> LeapingSenders:
        senders = self.environment.senders
        assert isinstance(senders, LeapingSenders)
        return senders

    def ship(self, event: JsonObject, seconds: float = 60.0) -> dict[str, Any]:
        """Ship `event`, with `seconds` for sending."""
        return ship(event, self.environment, RESERVE + seconds)

    def ship_and_account(
        self,
        event: JsonObject,
        *,
        seconds: float = 60.0,
        filtered: Iterable[str] = (),
        returned: Iterable[str] = (),
        delivered_unknowingly: Iterable[str] = (),
    ) -> Shipment:
        """Ship `event`, with `seconds` for sending, and check the counts against what arrived and is queued.

        Arguments name the ids of events that are expected to be `filtered`, `returned` to their source, or
        `delivered_unknowingly`: accepted by the ingest API although no answer said so.
        """
        most_bytes = self.environment.settings.max_decompressed_bytes
        started = self.environment.senders.now()
        self.read_output()
        answer = self.ship(event, seconds)
        took = self.environment.senders.now() - started
        shipment = self.look(answer, took)

        sent = Counter(ids_in(event, most_bytes))
        unknowingly = Counter(delivered_unknowingly)
        delivered, dead = Counter(shipment.delivered), self._without_parts(shipment.dead_letters)
        assert delivered + dead + Counter(filtered) + Counter(returned) == sent + unknowingly
        assert (delivered & dead) == (unknowingly & dead), "an id at both ends is a duplicate to be explained"

        assert answer["received"] == sent.total()
        assert answer["received"] == sum(
            answer[part] for part in ("filtered", "delivered", "deadLettered", "returned")
        )
        assert answer["filtered"] == len(list(filtered))
        assert answer["delivered"] == (delivered - unknowingly).total()
        assert answer["deadLettered"] == dead.total() == sum(shipment.by_reason().values())
        assert answer["returned"] == len(list(returned))
        assert answer["requests"] >= len(shipment.requests)
        assert took <= RESERVE + seconds
        return shipment

    def look(self, answer: dict[str, Any], took: float) -> Shipment:
        """Return what has arrived and been queued since the last call; fails if any of it contains a key."""
        requests, logs = self.api.requests[self._seen_requests :], self.api.logs[self._seen_logs :]
        self._seen_requests += len(requests)
        self._seen_logs += len(logs)
        letters = self._receive_dead_letters()
        output = self.read_output()
        for key in (KEY, OTHER_KEY):
            assert key not in output
            assert key not in json.dumps([answer, logs])
            assert not any(key in letter.body + str(letter.attributes) for letter in letters)
        for letter in letters:
            assert letter.size() <= MIB
            assert len(letter.attributes) <= 10
            assert all(letter.attributes.values())
        return Shipment(answer, requests, logs, letters, output, took)

    def _receive_dead_letters(self) -> list[DeadLetter]:
        url, most_bytes = self.environment.settings.dead_letter_queue_url, 1024 * MIB
        letters = []
        let_time_pass(url)
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                attributes = {
                    name: value["StringValue"] for name, value in message["MessageAttributes"].items()
                }
                event = json.loads(message["Body"])
                as_it_came = attributes["Reason"] == "oversized"
                ids = ids_of_one(event, 0 if as_it_came else most_bytes)
                events = () if as_it_came else tuple(events_in(event, most_bytes) or ())
                letters.append(DeadLetter(message["Body"], attributes, tuple(ids), events))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return letters

    def _without_parts(self, letters: list[DeadLetter]) -> Counter[str]:
        """Return the ids of the dead-lettered events; an event that is stored in parts counts once."""
        first_parts = [letter for letter in letters if letter.attributes["EventCount"] != "0"]
        return Counter(identifier for letter in first_parts for identifier in letter.ids)
