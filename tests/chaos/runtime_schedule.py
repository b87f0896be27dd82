"""A seeded schedule under Lambda's own runtime: the built functions, real HTTP, processes that are killed.

The rules are those of virtual time with one exception: which messages the function saw acknowledged is not
known exactly here, so that the number of copies has a lower and an upper bound.
"""

import json
import random
import resource
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from local.account import REGION, Account
from local.faults import Fault, Manner
from local.ingest_api import Request, ingest_api
from tests.chaos.certificates import HOST, Certificate, Certificates, make_certificates
from tests.chaos.clock import Clock, Violation
from tests.chaos.copy_ledger import CopyLedger, Nature, Why, ids_of_body
from tests.chaos.faulty_aws import HIDE, READ_KEY, SEND, FaultyAws, faulty_aws
from tests.chaos.runtime_functions import BuiltFunction, JsonObject
from tests.chaos.simulated_api import POISON, ids_of
from tests.chaos.simulated_lambda import ATTEMPTS, RECORDS
from tests.chaos.weather import MISCONFIGURED, REFUSED, RETRIED, WriteFate
from tests.integration.payloads import log_event, subscription_event

SECONDS = 30
"""Timeout of the functions: 25 s are reserved for writing to the queues, and 5 s remain for sending."""
SHORT_SECONDS = 2
"""With this timeout nothing is sent, and Lambda ends the function if a queue does not answer."""
MAX_REPLAYS = 2
LAST_ARRIVAL_SECONDS = 0.4
"""Seconds from the end of a function until its last request has been accepted."""
MAX_ROUNDS = 15
NOT_STORED = "they could not be stored in the queue"
"""The function's words for log events that it could not store."""

MIB = 1024 * 1024


class Blow(StrEnum):
    """A fault of the process, and its time."""

    NONE = "nothing"
    KILL_AT_REQUEST = "killed at a request"
    KILL_BEFORE_WRITE = "killed before a write"
    KILL_AFTER_WRITE = "killed after a write"
    KILL_SOME_TIME = "killed at any time"
    TIME_OUT = "timed out"
    NO_MEMORY = "out of memory"
    NO_DISK = "no file can be written"


class Plan(NamedTuple):
    """The part of a schedule that is drawn from its seed."""

    payloads: tuple[tuple[JsonObject, ...], ...]
    answers: tuple[Fault, ...]
    """Faults of the ingest API, in the order of the requests."""
    aws: dict[str, tuple[WriteFate, ...]]
    blow: Blow
    number: int
    """The number of the request or write."""
    moment: float
    """Seconds after the beginning of an invocation, or a share of 1."""
    rotates_key: bool
    replays: int
    """The number of replays while there are faults."""
    certificates: tuple[Certificate, ...]
    """Certificates of the ingest API in the order of the connections; then good ones."""
    nameless: int
    """The number of invocations in which the name of the ingest API cannot be resolved."""


class RuntimeOutcome(NamedTuple):
    seed: int
    violation: str | None
    events: int
    invocations: int
    failed: int
    extras: Counter[Why]
    details: frozenset[str]
    """The details of failures in messages of the dead-letter queue."""
    certificates: frozenset[Certificate]
    """The certificates of the ingest API that the functions saw while there were faults."""
    story: tuple[str, ...]

    def line(self) -> str:
        """Return what went wrong, and the command that repeats it."""
        return f"{self.violation} (again: python -m tests.chaos --runtime --seed {self.seed})"


def plan(seed: int, *, limits: bool) -> Plan:
    """Draw a plan; `limits` says whether memory and disk may be exhausted."""
    rng = random.Random(f"{seed} runtime")
    poison = rng.choice((0.0, 0.0, 0.2))
    numbers = iter(range(1000))
    payloads = tuple(
        tuple(_event(seed, next(numbers), rng.random() < poison) for _ in range(rng.randint(1, 25)))
        for _ in range(rng.choice((1, 1, 2)))
    )
    calm = rng.random() < 0.3
    rough = tuple(WriteFate)
    blows = list(Blow) if limits else list(Blow)[:-2]
    return Plan(
        payloads,
        () if rng.random() < 0.2 else tuple(_draw_fault(rng) for _ in range(rng.randint(1, 10))),
        {
            SEND: () if calm else tuple(_draw_write(rng) for _ in range(rng.randint(1, 8))),
            HIDE: tuple(rng.choice((rough[0], *rough[3:])) for _ in range(rng.choice((0, 2)))),
            READ_KEY: tuple(rng.choice((rough[0], *rough[3:])) for _ in range(rng.choice((0, 0, 3)))),
        },
        rng.choice(blows),
        rng.randint(1, 4),
        rng.random(),
        rng.random() < 0.2,
        rng.randint(0, 2),
        tuple(rng.choices(list(Certificate), k=rng.choice((0, 0, 0, 4)))),
        rng.choice((0, 0, 0, 0, 1, 2)),
    )


def _event(seed: int, number: int, poison: bool) -> JsonObject:
    message = f"this is {POISON}" if poison else f"order {number} was placed"
    return log_event(number, message) | {"id": f"{seed}-{number}"}


def _draw_fault(rng: random.Random) -> Fault:
    return replace(_draw_answer(rng), interim=rng.choice((0, 0, 0, 1, 3)))


def _draw_answer(rng: random.Random) -> Fault:
    kind = rng.random()
    if kind < 0.35:
        return Fault(delay=rng.choice((0.0, 0.05, 0.2)))
    if kind < 0.55:
        retry_after = rng.choice(({}, {"Retry-After": "0"}, {"Retry-After": "1"}, {"Retry-After": "soon"}))
        return Fault(status=rng.choice(RETRIED), headers=retry_after, keeps_logs=rng.random() < 0.3)
    if kind < 0.65:
        return Fault(status=rng.choice(REFUSED))
    if kind < 0.72:
        return Fault(status=rng.choice((401, 403, *MISCONFIGURED)))
    manner = rng.choice([manner for manner in Manner if manner is not Manner.ANSWER])
    if manner in (Manner.CUT, Manner.RESET_MIDWAY) and rng.random() < 0.5:
        return Fault(manner=manner, status=503, keeps_logs=rng.random() < 0.5)
    # A status of 200 that arrives is a promise, even if what follows it does not.
    keeps = manner in (Manner.CUT, Manner.RESET_MIDWAY) or rng.random() < 0.5
    return Fault(manner=manner, keeps_logs=keeps)


def _draw_write(rng: random.Random) -> WriteFate:
    # No NO_ANSWER: it takes five seconds to find out, and is what makes a short function time out.
    return rng.choice(
        (
            WriteFate.STORED,
            WriteFate.STORED,
            WriteFate.REPLY_LOST,
            WriteFate.NO_CONNECTION,
            WriteFate.THROTTLED,
            WriteFate.SERVER_ERROR,
            WriteFate.DENIED,
        )
    )


@dataclass
class Queue:
    """A queue, as Lambda's event source mapping and an operator see it."""

    sqs: Any
    url: str
    _handles: dict[str, str] = field(default_factory=dict)

    def receive(self) -> list[JsonObject]:
        """Return up to ten messages, visible or not, as the records of a function's argument."""
        self.show_all()
        messages = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=RECORDS,
            MessageAttributeNames=["All"],
            VisibilityTimeout=720,
        ).get("Messages", [])
        self._handles |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        return [_record(message) for message in messages]

    def show_all(self) -> None:
        """Make hidden messages visible, as if time had passed, including those that a function hides late."""
        for handle in self._handles.values():
            self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=0)

    def delete(self, record: JsonObject) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=record["receiptHandle"])
        self._handles.pop(record["messageId"], None)

    def ids(self) -> list[str]:
        """Return the events of all messages."""
        self.show_all()
        found: dict[str, list[str]] = {}
        while messages := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=RECORDS, VisibilityTimeout=720
        ).get("Messages"):
            for message in messages:
                self._handles[message["MessageId"]] = message["ReceiptHandle"]
                found[message["MessageId"]] = ids_of_body(json.loads(message["Body"]))
        self.show_all()
        return [identifier for ids in found.values() for identifier in ids]

    def purge(self) -> None:
        """Delete all messages, also invisible ones, so that none appears in a later schedule."""
        self.sqs.purge_queue(QueueUrl=self.url)
        self._handles.clear()


def _record(message: JsonObject) -> JsonObject:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "eventSource": "aws:sqs",
        "messageAttributes": {
            name: {"dataType": "String", "stringValue": value["StringValue"]}
            for name, value in message.get("MessageAttributes", {}).items()
        },
    }


@dataclass
class Stage:
    """The resources that schedules share in turn: warm functions, queues, a secret, an address."""

    aws: FaultyAws
    secrets: Any
    secret: str
    certificates: Certificates
    port: int
    dead_letters: Queue
    parked: Queue
    shipper: BuiltFunction
    short_shipper: BuiltFunction
    replay: BuiltFunction
    key: str = "key-0"

    def functions(self) -> tuple[BuiltFunction, ...]:
        return self.shipper, self.short_shipper, self.replay


@contextmanager
def stage(
    account: Account, build: Path, folder: Path, name: str, certificates: Certificates
) -> Iterator[Stage]:
    """Set up a stage in the emulated account during a block."""
    sqs, secrets = account.client("sqs"), account.client("secretsmanager")
    with ExitStack() as stack:
        aws = stack.enter_context(faulty_aws(account.endpoint))
        secret = secrets.create_secret(Name=f"key-of-{name}", SecretString="key-0")["ARN"]
        with ingest_api() as api:
            port = int(api.url.rpartition(":")[2])
        dead_letters, parked = (
            Queue(sqs, sqs.create_queue(QueueName=f"{queue}-of-{name}")["QueueUrl"])
            for queue in ("dead-letters", "parked")
        )
        variables = {
            "INGEST_URL": f"https://{HOST}:{port}",
            "SSL_CERT_FILE": str(certificates.authority),
            "CHAOS_NAME": HOST,
            "API_KEY_SECRET_ARN": secret,
            "DEAD_LETTER_QUEUE_URL": dead_letters.url.replace(account.endpoint, aws.url),
            "PARKED_QUEUE_URL": parked.url.replace(account.endpoint, aws.url),
            "BATCH_MAX_LOGS": "5",
            "MAX_IN_FLIGHT": "2",
            "REQUEST_TIMEOUT_SECONDS": "1",
            "MAX_REPLAYS": str(MAX_REPLAYS),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

        def function(kind: str, seconds: int) -> BuiltFunction:
            place = folder / f"{name}-{kind}-{seconds}"
            return BuiltFunction(build, kind, variables, seconds, place, stack)

        yield Stage(
            aws,
            secrets,
            secret,
            certificates,
            port,
            dead_letters,
            parked,
            function("ShipperFunction", SECONDS),
            function("ShipperFunction", SHORT_SECONDS),
            function("ReplayFunction", SECONDS),
        )


def run_on_stage(seed: int, stage: Stage, *, limits: bool) -> RuntimeOutcome:
    """Run one schedule; the functions may be warm from the previous one."""
    schedule = _Schedule(stage, plan(seed, limits=limits))
    violation = None
    try:
        schedule.run()
    except Violation as found:
        violation = str(found)
        schedule.say(f"VIOLATION: {violation}")
    if violation or (schedule.failed and schedule.plan.blow is Blow.NO_MEMORY):
        # A process without memory for another thread may live on, and still finish a write:
        # it must not disturb the next schedule.
        for function in stage.functions():
            function.kill()
        time.sleep(LAST_ARRIVAL_SECONDS)
    ledger = schedule.ledger
    return RuntimeOutcome(
        seed,
        violation,
        len(ledger.natures),
        schedule.invocations,
        schedule.failed,
        ledger.extras(),
        frozenset(schedule.details),
        frozenset(schedule.certificates),
        tuple(ledger.story),
    )


class _Schedule:
    def __init__(self, stage: Stage, plan: Plan) -> None:
        self.stage = stage
        self.plan = plan
        self.ledger = CopyLedger(Clock())
        self.invocations = 0
        self.failed = 0
        self.details: set[str] = set()
        self.certificates: set[Certificate] = set()
        self._started = time.monotonic()
        self._waiting: list[str] = []
        self._function = stage.shipper
        self._seen_requests = 0
        self._seen_writes = 0
        self._armed = plan.blow is not Blow.NONE
        self._nameless = plan.nameless

    def say(self, line: str) -> None:
        self.ledger.clock.now = time.monotonic() - self._started
        self.ledger.say(line)

    def run(self) -> None:
        stage, plan = self.stage, self.plan
        self.say(
            f"plan: {plan.blow}; {len(plan.answers)} faults; {plan.aws}; key rotates: {plan.rotates_key}; "
            f"certificates: {plan.certificates}; nameless: {plan.nameless}"
        )
        stage.dead_letters.purge()
        stage.parked.purge()
        stage.aws.begin({operation: deque(fates) for operation, fates in plan.aws.items()})
        coming = deque(plan.certificates)
        tls = stage.certificates.shown(coming)
        with ingest_api(keys={stage.key}, port=stage.port, on_request=self._on_request, tls=tls) as self.api:
            stage.aws.on_write = self._on_write
            poison = Fault(status=400, marker=POISON, times=None)
            self.api.fault(*plan.answers, poison)
            if plan.rotates_key:
                self._rotate_key()
            for payload in plan.payloads:
                self._ship(payload)
            for _ in range(plan.replays):
                self._replay()
            self._check()
            self.say("everything is well again")
            stage.aws.heal()
            self.api.heal()
            self.api.fault(poison)
            self.certificates.update(plan.certificates[: len(plan.certificates) - len(coming)])
            coming.clear()
            self._armed, self._nameless = False, 0
            self._settle()
            self._check()
            self._check_end()

    def _rotate_key(self) -> None:
        stage = self.stage
        stage.key = f"key-{random.getrandbits(32)}"
        self.api.rotate_keys(stage.key, after=self.plan.number)
        stage.secrets.put_secret_value(SecretId=stage.secret, SecretString=stage.key)

    # --- acts of Lambda ---

    def _ship(self, payload: Sequence[JsonObject]) -> None:
        event = subscription_event(payload)
        ids = [str(raw["id"]) for raw in payload]
        self.ledger.natures |= {
            identifier: Nature.POISON if POISON in raw["message"] else Nature.PLAIN
            for identifier, raw in zip(ids, payload, strict=True)
        }
        times_out = self.plan.blow is Blow.TIME_OUT and self._armed
        self._waiting = ids
        for attempt in range(ATTEMPTS):
            function = self.stage.short_shipper if times_out else self.stage.shipper
            if times_out:
                fate = WriteFate.NO_ANSWER if self.plan.number % 2 else WriteFate.REPLY_LOST
                self.stage.aws.fates[SEND] = deque([fate] + [WriteFate.NO_ANSWER] * 8)
            answer = self._invoke(function, event, ids)
            if times_out and answer is None and attempt == self.plan.number % ATTEMPTS:
                times_out = self._armed = False
                self.stage.aws.fates[SEND] = deque()
            if answer is not None:
                self._explain(answer, ids)
                break
            self._explain(None, ())
        else:
            self.say("Lambda stores the whole event in the dead-letter queue")
            self.stage.dead_letters.sqs.send_message(
                QueueUrl=self.stage.dead_letters.url, MessageBody=json.dumps(event)
            )
        if self.plan.blow is Blow.TIME_OUT:
            # A write that the function abandoned is still under way; Lambda would freeze it with the process.
            self.stage.short_shipper.kill()
        self._waiting = []

    def _replay(self) -> bool:
        """Replay one batch; return whether a record was consumed or the queue is empty."""
        records = self.stage.dead_letters.receive()
        if not records:
            return True
        details = [record["messageAttributes"].get("Detail", {}).get("stringValue") for record in records]
        self.details.update(filter(None, details))
        ids = [identifier for record in records for identifier in ids_of_body(json.loads(record["body"]))]
        answer = self._invoke(self.stage.replay, {"Records": records}, ids)
        if answer is None:
            self._explain(None, ())
            return False
        returned = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        done = [record for record in records if record["messageId"] not in returned]
        self._explain(answer, [i for record in done for i in ids_of_body(json.loads(record["body"]))])
        for record in done:
            self.stage.dead_letters.delete(record)
        return bool(done)

    def _settle(self) -> None:
        for _ in range(MAX_ROUNDS):
            if not self._left():
                return
            if not self._replay():
                # A warm function may remember a Retry-After or a key; Lambda also starts new environments.
                self.stage.replay.kill()
        left = self._left()
        if left:
            raise Violation(f"all is well again, and the dead-letter queue still holds {left[:3]}")

    def _left(self) -> list[str]:
        """Return what is still to be delivered. Poison waits for half an hour, which does not pass here."""
        natures = self.ledger.natures
        return [i for i in self.stage.dead_letters.ids() if natures.get(i) is not Nature.POISON]

    def _invoke(self, function: BuiltFunction, event: JsonObject, ids: Sequence[str]) -> JsonObject | None:
        self.invocations += 1
        self._function = function
        timer = threading.Timer(self.plan.moment * 2.0, self._strike, [Blow.KILL_SOME_TIME])
        timer.start()
        self._limit(function)
        function.nameless(self.invocations <= self._nameless)
        answer = function.invoke(event)
        timer.cancel()
        function.unlimit()
        if answer is None:
            self.failed += 1
            time.sleep(LAST_ARRIVAL_SECONDS)
        self.say(f"{function.name} with {len(ids)} events: {answer or 'failed'}")
        return answer

    # --- faults ---

    def _on_request(self, request: Request) -> None:
        if request.number + 1 >= self.plan.number:
            self._strike(Blow.KILL_AT_REQUEST)

    def _on_write(self, number: int, moment: str) -> None:
        if number >= self.plan.number:
            self._strike(Blow.KILL_BEFORE_WRITE if moment == "before" else Blow.KILL_AFTER_WRITE)

    def _strike(self, blow: Blow) -> None:
        if self._armed and self.plan.blow is blow:
            self._armed = False
            self.say(str(blow))
            self._function.kill()

    def _limit(self, function: BuiltFunction) -> None:
        if not self._armed:
            return
        if self.plan.blow is Blow.NO_MEMORY:
            function.limit(resource.RLIMIT_AS, int(self.plan.moment * 24 * MIB))
        elif self.plan.blow is Blow.NO_DISK:
            function.limit(resource.RLIMIT_FSIZE, 0)

    # --- where every event is ---

    def _explain(self, answer: JsonObject | None, consumed: Iterable[str]) -> None:
        """Explain copies as in virtual time, from what the two servers believe they told the function.

        If that is more than the function returns, some answers came too late. One cause is a write that an
        earlier invocation abandoned: its thread continues when the environment is used again.
        """
        self.stage.aws.wait_until_quiet()
        requests = self.api.requests[self._seen_requests :]
        writes = self.stage.aws.writes[self._seen_writes :]
        self._seen_requests += len(requests)
        self._seen_writes += len(writes)
        accepted = Counter(identifier for log in self.api.logs for identifier in ids_of(log))
        new, self.ledger.accepted = accepted - self.ledger.accepted, accepted
        told, stored = Counter[str](), Counter[str]()
        for request in requests:
            ids = [identifier for log in request.logs for identifier in ids_of(log)]
            if len(request.logs) == 1 and request.status != 200:
                for identifier in ids:
                    self.ledger.refused_alone[identifier].append(request.arrived)
            if request.status == 200:
                told.update(ids)
        for identifier, times in (new - told).items():
            self.ledger.explain([identifier], Why.LOST_REPLY, times)
        for write in writes:
            stored.update(write.ids * write.acknowledged)
            self.ledger.explain(write.ids, Why.LOST_SQS_REPLY, write.stored - write.acknowledged)
        for identifier, times in (told + stored - Counter(consumed)).items():
            why = why_again(
                answer,
                told.total(),
                stored.total(),
                all_written=all(write.acknowledged for write in writes),
                had_memory=not (self._armed and self.plan.blow is Blow.NO_MEMORY),
            )
            if why is None:
                raise Violation(f"event {identifier} was delivered or stored, and comes again for no reason")
            self.ledger.explain([identifier], why, times)

    def _check(self) -> None:
        self.ledger.accepted = Counter(i for log in self.api.logs for i in ids_of(log))
        places = {
            "dead-letter queue": self.stage.dead_letters.ids(),
            "parked queue": self.stage.parked.ids(),
        }
        self.ledger.check_copies(places, exactly=False)

    def _check_end(self) -> None:
        for identifier in self.stage.parked.ids():
            if self.ledger.natures[identifier] is Nature.PLAIN:
                raise Violation(f"event {identifier} is parked, and nobody has refused it for half an hour")


def why_again(
    answer: JsonObject | None, delivered: int, stored: int, *, all_written: bool, had_memory: bool
) -> Why | None:
    """Return why an event comes again that an invocation delivered or stored; None if there is no reason.

    `answer` is the function's own, None if it failed; `delivered` and `stored` are how many log events the
    servers told it they took; `all_written`: every write that reached the queue was acknowledged.
    """
    if answer is None:
        return Why.CRASH
    if answer["delivered"] < delivered:
        return Why.LOST_REPLY
    if answer["deadLettered"] < stored:
        return Why.LOST_SQS_REPLY
    if not all_written:
        return Why.RETURNED
    # The SQS client treats a MemoryError as a failure of HTTP; then nothing reaches the queue.
    if not had_memory and any(NOT_STORED in failure["detail"] for failure in answer.get("failures", ())):
        return Why.RETURNED
    return None


def run_schedules(
    account: Account,
    build: Path,
    folder: Path,
    seeds: Iterable[int],
    *,
    limits: bool,
    stages: int,
    seconds: float,
    on_outcome: Callable[[RuntimeOutcome], None] = lambda outcome: None,
) -> list[RuntimeOutcome]:
    """Run schedules on several stages at once; begin none after `seconds`.

    `on_outcome` is called after each, in any thread.
    """
    waiting, outcomes = deque(seeds), list[RuntimeOutcome]()
    certificates = make_certificates(folder)
    end = time.monotonic() + seconds
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            name = f"stage-{number}-{time.time_ns()}"
            with stage(account, build, folder, name, certificates) as mine:
                while waiting and time.monotonic() < end and not errors:
                    outcome = run_on_stage(waiting.popleft(), mine, limits=limits)
                    outcomes.append(outcome)
                    on_outcome(outcome)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(stages)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:  # after Ctrl-C, wait for the schedules that are under way
        waiting.clear()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
    return sorted(outcomes)
