"""Lambda with the shipper and replay, in virtual time, as AWS documents it.

AWS Lambda Developer Guide: "How Lambda handles errors and retries with asynchronous invocation" (two more
attempts, after one minute and after two; throttled events come back without an attempt being counted; at last
the unchanged event goes to the dead-letter target), "Handling errors for an SQS event source in Lambda"
(partial batch responses; after an error all messages come back when their visibility timeout is over),
"Configuring partial batch response with Kinesis Data Streams and Lambda" (everything from the lowest failed
sequence number on comes again), and "Lambda execution environment lifecycle" (an environment is used again
after an error that the handler raised, and not after a crash or a timeout).

One thing is left out: Lambda's own writing to the dead-letter target never fails here. If it does, Lambda
drops the event and counts it in `DeadLetterErrors`; nothing in a function can prevent that.
"""

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from loginformant_shipper import pipeline
from loginformant_shipper.dead_letters.replay import MIN_REFUSED
from loginformant_shipper.events import LogEvent
from loginformant_shipper.pipeline import DeadLetterError, Environment

from tests.chaos.clock import Clock, Killed, Mishap, Violation
from tests.chaos.copy_ledger import CopyLedger, Nature, Why
from tests.chaos.simulated_api import Request, SimulatedSenders
from tests.chaos.simulated_sqs import Message, Queue, SimulatedSqs

ATTEMPTS = 3
WAITS = {1: 60.0, 2: 120.0}
"""Seconds before the next attempt, by the number of those that failed."""
RECORDS = 10
"""BatchSize in template.yaml."""
STREAM_RECORDS = 5
"""Of a Kinesis stream; template.yaml allows more, and then returned records were rarer here."""

MAX_REPLAYS_OF_A_GOOD_LOG = 80
"""The maximum after the last fault, with limits of the search that are drawn much lower than the default."""

MAX_ARRIVALS_OF_A_GOOD_LOG = 80
"""The maximum after the last fault, if the ingest API keeps the logs of requests that it does not answer."""

JsonObject = dict[str, Any]


@dataclass
class AsyncEvent:
    """An event in Lambda's own queue."""

    payload: JsonObject
    ids: tuple[str, ...]
    due: float
    failures: int = 0


@dataclass(frozen=True)
class StreamRecord:
    """A record of a Kinesis stream. It exists until the event source mapping has passed it."""

    number: int
    data: str
    ids: tuple[str, ...]

    def record(self) -> JsonObject:
        """Return the record as Lambda passes it to the function."""
        kinesis = {"sequenceNumber": str(self.number), "data": self.data}
        return {"eventSource": "aws:kinesis", "kinesis": kinesis}


@dataclass(frozen=True)
class Mishaps:
    """The probability of each mishap in one invocation."""

    kill: float
    memory: float
    stall: float
    throttle: float
    twice: float
    """AWS delivers an event or a message once more."""
    cold: float
    """An invocation gets a new environment."""
    slow: float
    """The processor is so slow that the time may be up in the middle of the work."""


@dataclass
class Lambda:
    clock: Clock
    ledger: CopyLedger
    sqs: SimulatedSqs
    dead_letters: Queue
    parked: Queue
    new_environment: Callable[[], Environment]
    seconds: float
    """The timeout of the function."""
    mishaps: Mishaps
    peace_from: float
    """When mishaps end."""
    rng: random.Random
    reads_ledgers: bool = True
    """Whether the counts that a function returns are compared with what happened."""
    waiting: list[AsyncEvent] = field(default_factory=list)
    stream: list[StreamRecord] = field(default_factory=list)
    """Of one shard: what the event source mapping has not gone past."""
    stream_due: float = 0.0
    seconds_an_event: float = 0.0
    """Processor time that the current invocation needs for each log event."""
    invocations: int = 0
    failed: int = 0
    """Invocations that failed."""
    _records_put: int = 0
    _environments: dict[str, Environment] = field(default_factory=dict)
    _requests: list[Request] = field(default_factory=list)
    """Those of the current invocation."""

    # --- the next act ---

    def next_due(self) -> float | None:
        """Return when the next act is due; None if there is none."""
        moments = [event.due for event in self.waiting] + [self.stream_due] * bool(self.stream)
        visible = self.dead_letters.next_visible()
        return min(moments + ([] if visible is None else [visible]), default=None)

    def act(self) -> None:
        """Do what is due."""
        due = [event for event in self.waiting if event.due <= self.clock.now]
        if due:
            self._attempt(due[0])
        elif self.stream and self.stream_due <= self.clock.now:
            self._read_stream()
        else:
            self._poll()

    def places(self) -> dict[str, list[str]]:
        """Return where events are, other than in the ingest API."""
        return {
            "waiting for Lambda": [identifier for event in self.waiting for identifier in event.ids],
            "Kinesis stream": [identifier for record in self.stream for identifier in record.ids],
            "dead-letter queue": list(self.dead_letters.ids()),
            "parked queue": list(self.parked.ids()),
        }

    # --- asynchronous invocation ---

    def accept(self, payload: JsonObject, ids: tuple[str, ...]) -> None:
        """Accept an event, as from CloudWatch Logs."""
        self.waiting.append(AsyncEvent(payload, ids, self.clock.now))

    def _attempt(self, event: AsyncEvent) -> None:
        if self._happens(self.mishaps.throttle):
            self.ledger.say("Lambda throttles the shipper")
            event.due = self.clock.now + self.rng.uniform(1.0, 300.0)
            return
        self.ledger.say(f"attempt {event.failures + 1} to ship {len(event.ids)} events")
        answer = self._invoke("shipper", lambda environment: self._ship(event.payload, environment))
        self._explain_copies(answer is not None, event.ids if answer is not None else ())
        if answer is not None:
            self._check_account(answer, [(len(event.ids), len(event.ids))])
            if self._happens(self.mishaps.twice):
                event.due = self.clock.now + 1.0
                self.ledger.say("Lambda delivers this event once more")
                self.ledger.explain(event.ids, Why.LAMBDA)
            else:
                self.waiting.remove(event)
            return
        event.failures += 1
        if event.failures < ATTEMPTS:
            event.due = self.clock.now + WAITS[event.failures]
            return
        self.waiting.remove(event)
        attributes = {"RequestID": "made-up", "ErrorCode": "200", "ErrorMessage": "what the handler raised"}
        self.dead_letters.put(json.dumps(event.payload), attributes)
        self.ledger.say("Lambda stores the whole event in the dead-letter queue")

    def _ship(self, event: JsonObject, environment: Environment) -> JsonObject:
        return pipeline.ship(event, environment, self.seconds)

    # --- the event source mapping of the stream ---

    def put_record(self, data: str, ids: tuple[str, ...]) -> None:
        """Put a record, as CloudWatch Logs does if a stream is the destination."""
        self._records_put += 1
        self.stream.append(StreamRecord(self._records_put, data, ids))

    def _read_stream(self) -> None:
        records = self.stream[:STREAM_RECORDS]
        ids = tuple(identifier for record in records for identifier in record.ids)
        self.ledger.say(f"{len(records)} records of the stream with {len(ids)} events")
        event = {"Records": [record.record() for record in records]}
        answer = self._invoke("shipper", lambda environment: self._ship(event, environment))
        self.stream_due = self.clock.now + 1.0
        done: list[StreamRecord] = []
        if answer is not None:
            self._check_account(answer, [(len(record.ids), 1) for record in records])
            failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
            numbers = {str(record.number) for record in records}
            if numbers.issuperset(failed):  # if Lambda cannot assign one, the whole batch has failed
                end = min(map(int, failed), default=self._records_put + 1)
                done = [record for record in records if record.number < end]
        consumed = [identifier for record in done for identifier in record.ids]
        self._explain_copies(answer is not None, consumed)
        del self.stream[: len(done)]

    # --- the event source mapping of the dead-letter queue ---

    def _poll(self) -> None:
        messages = self.dead_letters.receive(RECORDS)
        if not messages:
            return
        ids = tuple(identifier for message in messages for identifier in message.ids)
        self.ledger.say(f"replay of {len(messages)} messages with {len(ids)} events")
        if self.clock.now > self.peace_from:
            self.ledger.replays.update(ids)
        event = {"Records": [message.record() for message in messages]}
        answer = self._invoke("replay", lambda environment: self._replay(event, environment))
        returned = frozenset(self._returned(answer, messages))
        consumed = [
            identifier
            for message in messages
            if message.identifier not in returned
            for identifier in message.ids
        ]
        self._explain_copies(answer is not None, consumed)
        if answer is None:
            return
        self._check_account(answer, [(len(message.ids), message.told_events) for message in messages])
        for message in messages:
            if message.identifier in returned:
                continue
            if self._happens(self.mishaps.twice):
                self.ledger.say(f"{message.identifier} is delivered once more")
                self.ledger.explain(message.ids, Why.LAMBDA)
            else:
                del self.dead_letters.messages[message.identifier]

    def _replay(self, event: JsonObject, environment: Environment) -> JsonObject:
        return pipeline.replay(event, environment, self.seconds)

    @staticmethod
    def _returned(answer: JsonObject | None, messages: list[Message]) -> Iterator[str]:
        known = {message.identifier for message in messages}
        if answer is None:
            yield from known
            return
        for failure in answer["batchItemFailures"]:
            if failure["itemIdentifier"] not in known:
                yield from known  # a failure that Lambda cannot assign fails the whole batch
                return
            yield failure["itemIdentifier"]

    # --- one invocation ---

    def _invoke(self, function: str, call: Callable[[Environment], JsonObject]) -> JsonObject | None:
        """Return the function's answer; None if it failed."""
        self.invocations += 1
        # Each function has two environments, which do not share their state.
        name = f"{function} {self.rng.randrange(2)}"
        if name not in self._environments or self._happens(self.mishaps.cold):
            self._environments[name] = self.new_environment()
        environment = self._environments[name]
        assert isinstance(environment.senders, SimulatedSenders)
        environment.senders.requests = self._requests = []
        self.sqs.writes = []
        self.seconds_an_event = 0.0
        if self._happens(self.mishaps.slow):
            self.seconds_an_event = math.exp(self.rng.uniform(math.log(0.01), math.log(self.seconds / 20)))
            self.ledger.say(f"  {name}: {self.seconds_an_event:.2f} s of processor time for each log event")
        self.clock.begin_invocation(self.seconds, dict(self._draw_mishaps()))
        try:
            answer = call(environment)
            self.clock.step()  # the function may be killed before Lambda has its answer
        except Killed as killed:
            if str(killed) == "timed out" and not self.clock.stalled:
                raise Violation(f"{name} did not end in its {self.seconds:g} s") from None
            self.ledger.say(f"  {name}: {killed}")
            del self._environments[name]
            self.failed += 1
            return None
        except MemoryError:
            self.ledger.say(f"  {name}: {Mishap.MEMORY}")
            environment.senders.not_before = (
                environment.state.resume_at
            )  # the answer with the last Retry-After may not have arrived
            self.failed += 1
            return None
        except DeadLetterError as error:
            if self._could_store_all():
                raise Violation(f"{name} says that events could not be stored, and all were") from error
            self.ledger.say(f"  {name}: {error}")
            self.failed += 1
            return None
        except Exception as error:
            if isinstance(error, Violation):
                raise
            raise Violation(f"{name} raises {type(error).__name__}: {error}") from error
        finally:
            self.clock.end_invocation()
        counts = {column: count for column, count in answer.items() if isinstance(count, int) and count}
        self.ledger.say(f"  {name}: {counts}")
        return answer

    def work(self, events: Iterable[LogEvent]) -> Iterator[LogEvent]:
        """Let processor time pass for each log event that is parsed."""
        for event in events:
            if self.seconds_an_event:
                self.clock.leap(self.clock.now + self.seconds_an_event)
            yield event

    def _draw_mishaps(self) -> Iterator[tuple[int, tuple[Mishap, float]]]:
        for likelihood, mishap in (
            (self.mishaps.kill, Mishap.KILL),
            (self.mishaps.memory, Mishap.MEMORY),
            (self.mishaps.stall, Mishap.STALL),
        ):
            if self._happens(likelihood):
                step = int(math.exp(self.rng.uniform(0.0, math.log(120.0))))
                yield step, (mishap, self.rng.uniform(0.0, 1.5 * self.seconds))

    def _happens(self, likelihood: float) -> bool:
        return self.clock.now < self.peace_from and self.rng.random() < likelihood

    def _explain_copies(self, answered: bool, consumed: Iterable[str]) -> None:
        """Compare the results of an invocation with what its source no longer has.

        `consumed` are the events that are no longer with their source, since the function answered.
        """
        kept = Counter[str]()
        for request in self._requests:
            if request.acknowledged:
                kept.update(request.ids)
            elif request.accepted:
                self.ledger.explain(request.ids, Why.LOST_REPLY)
        for write in self.sqs.writes:
            kept.update(write.ids * write.acknowledged)
            self.ledger.explain(write.ids, Why.LOST_SQS_REPLY, write.stored - write.acknowledged)
        for identifier, times in (kept - Counter(consumed)).items():
            if not answered:
                self.ledger.explain([identifier], Why.CRASH, times)
            elif self._could_store_all():
                raise Violation(f"event {identifier} was delivered or stored, and comes again for no reason")
            else:
                self.ledger.explain([identifier], Why.RETURNED, times)

    def _could_store_all(self) -> bool:
        """Return whether no write of the invocation failed or was skipped for lack of time."""
        return all(write.acknowledged for write in self.sqs.writes) and not self.clock.stalled

    def _check_account(self, answer: JsonObject, records: list[tuple[int, int]]) -> None:
        """Check the counts that the function returns against what happened.

        `records` has for each record the number of log events that it holds, and the number that counts if
        the function did not begin it. The function may not have begun the last ones.
        """
        may_be_received = {
            sum(held for held, _ in records[:begun]) + sum(told for _, told in records[begun:])
            for begun in range(len(records) + 1)
        }
        told = {column: answer[column] for column in ("received", "delivered", "deadLettered")}
        happened = {
            "received": next(
                (number for number in may_be_received if number == answer["received"]), may_be_received
            ),
            "delivered": sum(len(request.ids) for request in self._requests if request.acknowledged),
            "deadLettered": sum(len(write.ids) for write in self.sqs.writes if write.acknowledged),
        }
        if told != happened and self.reads_ledgers:
            raise Violation(f"the account says {told}, and there were {happened}")

    def replays_of_good_logs(self) -> Iterator[int]:
        """Return how often each log that is not poison was replayed after the last fault."""
        for identifier, times in self.ledger.replays.items():
            if self.ledger.natures[identifier] is Nature.PLAIN:
                yield times

    def arrivals_of_good_logs(self) -> Iterator[int]:
        """Return how often each log that is not poison was accepted after the last fault."""
        for identifier, times in self.ledger.accepted_in_peace.items():
            if self.ledger.natures[identifier] is Nature.PLAIN:
                yield times

    def has_good_logs_to_deliver(self) -> bool:
        """Return whether anything but poison is under way: unproven poison waits for its 13th day."""
        on_its_way = (ids for place, ids in self.places().items() if place != "parked queue")
        return any(
            self.ledger.natures[identifier] is not Nature.POISON for ids in on_its_way for identifier in ids
        )

    # --- the end ---

    def check_end(self, max_replays: int, *, poison_is_kept: bool) -> None:
        """Check that at the end everything is delivered, or parked for a reason."""
        for identifier in self.parked.ids():
            refused = self.ledger.refused_alone[identifier]
            if self.ledger.natures[identifier] is Nature.PLAIN and (
                len(refused) < max_replays or refused[-1] - refused[0] < MIN_REFUSED.total_seconds()
            ):
                raise Violation(f"event {identifier} is parked, and was refused alone only at {refused}")
        if (most := max(self.replays_of_good_logs(), default=0)) > MAX_REPLAYS_OF_A_GOOD_LOG:
            raise Violation(f"a good log was replayed {most} times after the last trouble")
        if (most := max(self.arrivals_of_good_logs(), default=0)) > MAX_ARRIVALS_OF_A_GOOD_LOG:
            raise Violation(f"a good log arrived {most} times after the last trouble")
        for identifier, nature in self.ledger.natures.items():
            if nature is Nature.POISON and self.ledger.accepted[identifier] and not poison_is_kept:
                raise Violation(f"event {identifier} was accepted, and the ingest API refuses such")
