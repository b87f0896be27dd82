"""A seeded schedule: some hours of log events, faults and recovery, run in milliseconds."""

import contextlib
import logging
import math
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import NamedTuple
from unittest import mock

from loginformant_shipper import pipeline, telemetry
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import KIB, Policy
from loginformant_shipper.ledger import Ledger
from loginformant_shipper.parsing.pieces import pieces
from loginformant_shipper.pipeline import Environment
from loginformant_shipper.settings import Settings

from tests.chaos.clock import Clock, Violation
from tests.chaos.copy_ledger import CopyLedger, Nature, Why, ids_of_body
from tests.chaos.simulated_api import POISON, IngestApi, Secret, SimulatedSenders
from tests.chaos.simulated_lambda import JsonObject, Lambda, Mishaps
from tests.chaos.simulated_sqs import Queue, SimulatedSqs
from tests.chaos.weather import DATE, NEVER, Fate, KeyStore, Sky, Tide, draw_forecast
from tests.integration.payloads import data_of, log_event, subscription_event
from tests.unit import sample_data

DEAD_LETTERS = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters"
PARKED = "https://sqs.eu-west-1.amazonaws.com/123456789012/parked"
OWN_GROUP = "/loginformant/stack/shipper"
RECOVERY_SECONDS = 24 * 3600.0
"""This long after the last fault every event is in its final place, except poison that is still refused."""
MAX_ACTIONS = 2_000
POISON_FATES = (
    *(Fate(status) for status in (400, 400, 413, 422, 401, 403, 404, 406, 415, 451, 500, 502, 503)),
    # The connection is reset: the server keeps nothing, or all of it.
    Fate(None, after=0.05),
    Fate(None, after=0.05, keeps=True),
    # No answer; where the function has the time for more than one such request.
    Fate(None, after=NEVER),
    Fate(None, after=NEVER, keeps=True),
)

TRACE = (
    "Traceback (most recent call last):",
    '  File "/var/task/app.py", line 7, in handler',
    "    raise ValueError(order)",
    "ValueError: no such order",
)


class Outcome(NamedTuple):
    """The outcome of a schedule."""

    seed: int
    violation: str | None
    events: int
    invocations: int
    failed: int
    """Invocations that failed."""
    parked: int
    extras: Counter[Why]
    """Extra copies by reason."""
    story: tuple[str, ...]

    def line(self) -> str:
        """Return what went wrong, and the command that repeats it."""
        return f"{self.violation} (again: python -m tests.chaos --virtual --seed {self.seed})"


def run_schedule(seed: int, *, reads_ledgers: bool = True) -> Outcome:
    """Run one schedule. The same seed gives the same schedule, as long as the code takes the same steps.

    Unless it `reads_ledgers`, only the places of the events are checked, and ledgers need not balance.
    """
    before = random.getstate()
    random.seed(f"{seed} jitter")  # of the code under test
    world = _World(seed)
    world.functions.reads_ledgers = reads_ledgers
    ledgers = contextlib.nullcontext() if reads_ledgers else mock.patch.object(Ledger, "close")
    work = mock.patch.object(pipeline, "pieces", lambda events: pieces(world.functions.work(events)))
    violation = None
    try:
        with _nothing_said(), world.sqs.in_place(), world.calendar(), ledgers, work:
            world.run()
    except Violation as found:
        violation = str(found)
        world.ledger.say(f"VIOLATION: {violation}")
    finally:
        random.setstate(before)
    ledger, functions = world.ledger, world.functions
    return Outcome(
        seed,
        violation,
        sum(map(ledger.counts, ledger.natures)),
        functions.invocations,
        functions.failed,
        sum(map(ledger.counts, functions.parked.ids())),
        ledger.extras(),
        tuple(ledger.story),
    )


@contextlib.contextmanager
def _nothing_said() -> Iterator[None]:
    """Switch logging off during a block; nothing reads the logs of a thousand schedules."""
    level = telemetry.logger.log_level
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        telemetry.logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            telemetry.logger.setLevel(level)


@dataclass(frozen=True)
class _Arrival:
    at: float
    payload: JsonObject
    natures: dict[str, Nature]
    """The nature of each event by its id."""
    streamed: bool
    """Whether it comes through a Kinesis stream."""


class _World:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"{seed} plan")
        self.clock = Clock()
        self.ledger = CopyLedger(self.clock)
        self.end = self.rng.choice((300.0, 900.0, 1800.0))
        self.settings = self._draw_settings()
        self.policy = self._draw_policy()
        self._prefix = str(seed)
        self._events = 0
        self._share_streamed = self.rng.choice((0.0, 0.0, 0.5, 1.0))
        self._draw_outside(seed)
        self.arrivals = sorted(
            (self._draw_arrival() for _ in range(self.rng.randint(2, 8))), key=lambda arrival: arrival.at
        )
        self.rotations = sorted(
            (self.rng.uniform(0, self.end), self.rng.uniform(-300, 300), f"key-{number}")
            for number in range(1, 1 + self.rng.choice((0, 0, 1, 2)))
        )

    # --- what is drawn before the start ---

    def _draw_settings(self) -> Settings:
        rng = self.rng
        return sample_data.settings(
            DEAD_LETTER_QUEUE_URL=DEAD_LETTERS,
            PARKED_QUEUE_URL=PARKED,
            OWN_LOG_GROUPS=OWN_GROUP,
            MAX_REPLAYS=str(rng.choice((1, 3, 3))),
            BATCH_MAX_LOGS=str(rng.choice((1, 2, 3, 5, 10, 500))),
            BATCH_MAX_BYTES=str(rng.choice((KIB, 4 * KIB, 1024 * KIB))),
            MAX_DECOMPRESSED_BYTES=str(1024 * KIB),
            REDACT=rng.choice(("", "", "email", "email,private-key")),
        )

    def _draw_policy(self) -> Policy:
        rng = self.rng
        return Policy(
            max_in_flight=rng.choice((1, 2, 4, 8)),
            request_timeout=rng.choice((3.0, 10.0, 10.0)),
            max_search_requests=rng.choice((5, 20, 128)),
            smallest_byte_limit=KIB,
        )

    def _draw_outside(self, seed: int) -> None:
        rng, end = self.rng, self.end
        own = {name: random.Random(f"{seed} {name}") for name in ("api", "sqs", "secret", "lambda")}
        sky = draw_forecast(Sky, end, rng.choice((0.2, 0.5)), rng.choice((10.0, 60.0, 300.0)), own["api"])
        tide = draw_forecast(Tide, end, rng.choice((0.5, 0.8, 1.0)), 60.0, own["sqs"])
        seconds = rng.choice((30.0, 60.0, 120.0))
        store = draw_forecast(KeyStore, end, rng.choice((0.5, 0.9)), 120.0, own["secret"])
        self.api = IngestApi(
            self.clock,
            self.ledger,
            sky,
            own["api"],
            most_bytes=rng.choice((math.inf, math.inf, 3000)),
            success=rng.choice((200, 200, 202, 204)),
            poison_fate=rng.choice(POISON_FATES if seconds > 30 else POISON_FATES[:-2]),
            trouble_until=end,
        )
        self.secret = Secret(self.clock, store, own["secret"])
        dead_letters, parked = Queue(self.clock), Queue(self.clock)
        queues = {DEAD_LETTERS: dead_letters, PARKED: parked}
        self.sqs = SimulatedSqs(self.clock, self.ledger, tide, own["sqs"], queues)
        self.functions = Lambda(
            self.clock,
            self.ledger,
            self.sqs,
            dead_letters,
            parked,
            self._new_environment,
            seconds=seconds,
            mishaps=Mishaps(
                kill=rng.choice((0.0, 0.1, 0.3)),
                memory=rng.choice((0.0, 0.1)),
                stall=rng.choice((0.0, 0.1, 0.3)),
                throttle=rng.choice((0.0, 0.1)),
                twice=rng.choice((0.0, 0.05)),
                cold=rng.choice((0.0, 0.2)),
                slow=rng.choice((0.0, 0.3)) if self.settings.redact else 0.0,
            ),
            peace_from=end,
            rng=own["lambda"],
        )

    def _new_environment(self) -> Environment:
        senders = SimulatedSenders(self.clock, self.api, self.secret, self.policy)
        return Environment(
            self.settings, senders, EnvironmentState(byte_limit=self.settings.batch_max_bytes), self.policy
        )

    def _draw_arrival(self) -> _Arrival:
        at, kind = self.rng.uniform(0, self.end), self.rng.random()
        if kind < 0.05:
            return self._arrival(at, self._unreadable_payload(), Nature.UNREADABLE)
        events = list(self._draw_events())
        if kind < 0.1:
            own = subscription_event([event for event, _ in events], logGroup=OWN_GROUP)
            return self._arrival(at, own, Nature.FILTERED)
        stream = f"stream {self.rng.randrange(3)}"
        payload = subscription_event([event for event, _ in events], logStream=stream)
        return _Arrival(at, payload, {str(event["id"]): nature for event, nature in events}, self._streamed())

    def _arrival(self, at: float, payload: JsonObject, nature: Nature) -> _Arrival:
        return _Arrival(at, payload, dict.fromkeys(ids_of_body(payload), nature), self._streamed())

    def _streamed(self) -> bool:
        return self.rng.random() < self._share_streamed

    def _unreadable_payload(self) -> JsonObject:
        name = self._name()
        data = self.rng.choice(
            (
                f"{name} is not base64",
                data_of(f"{name} is not JSON".encode()),
                data_of({"messageType": "DATA_MESSAGE", "name": name}),
                data_of({"logEvents": [{"id": name, "message": " " * 1024 * KIB}]}),
            )
        )
        return {"awslogs": {"data": data}}

    def _draw_events(self) -> Iterator[tuple[JsonObject, Nature]]:
        poison = self.rng.choice((0.0, 0.0, 0.1, 0.5))
        for _ in range(self.rng.choice((1, 2, 5, 12, 30))):
            kind = self.rng.random()
            if kind < poison:
                yield self._event(f"this is {POISON}"), Nature.POISON
            elif kind > 0.97:
                yield self._event("  "), Nature.FILTERED
            elif kind > 0.95:
                yield {"id": self._name(), "text": "not where it belongs"}, Nature.UNREADABLE
            elif kind > 0.9:
                yield from ((self._event(line), Nature.PLAIN) for line in TRACE)
            else:
                yield self._event("order placed" + "." * self.rng.choice((0, 0, 300))), Nature.PLAIN

    def _event(self, message: str) -> JsonObject:
        return log_event(self._events, message) | {"id": self._name()}

    def _name(self) -> str:
        self._events += 1
        return f"{self._prefix}-{self._events}"

    def calendar(self) -> contextlib.AbstractContextManager[object]:
        """Replace the calendar with the clock of the schedule."""

        class Calendar(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Calendar":
                moment = DATE + timedelta(seconds=clock.now)
                return cls.fromtimestamp(moment.timestamp(), tz)

        clock = self.clock
        return mock.patch.object(pipeline, "datetime", Calendar)

    # --- the run ---

    def run(self) -> None:
        happenings = sorted(self._happenings(), key=lambda happening: happening[0])
        for _ in range(MAX_ACTIONS):
            due = self.functions.next_due()
            if happenings and (due is None or happenings[0][0] <= max(due, self.clock.now)):
                at, happen = happenings.pop(0)
                self.clock.leap(at)
                happen()
                continue
            if due is None:
                break
            if self.clock.now > self.end and not self.functions.has_good_logs_to_deliver():
                break
            if due > self.end + RECOVERY_SECONDS:
                raise Violation(f"a day after the last trouble not all is settled: {self._unsettled()}")
            self.clock.leap(due)
            self.functions.act()
            self.ledger.check_copies(self.functions.places())
        else:
            raise Violation(f"it goes round and round: {self._unsettled()}")
        self.ledger.check_copies(self.functions.places())
        self.functions.check_end(self.settings.max_replays, poison_is_kept=self.api.poison_fate.keeps)

    def _happenings(self) -> Iterator[tuple[float, Callable[[], None]]]:
        for arrival in self.arrivals:
            yield arrival.at, partial(self._arrive, arrival)
        for at, lag, key in self.rotations:  # the API or the secret has the new key first
            yield at, partial(self._accept_key, key)
            yield min(max(0.0, at + lag), self.end), partial(self._store_key, key)
        yield self.end, self._put_key_right

    def _unsettled(self) -> str:
        return ", ".join(f"{place}: {ids[:3]}" for place, ids in self.functions.places().items() if ids)

    def _arrive(self, arrival: _Arrival) -> None:
        self.ledger.say(f"CloudWatch Logs sends {len(arrival.natures)} events")
        self.ledger.natures |= arrival.natures
        if arrival.streamed:
            self.functions.put_record(arrival.payload["awslogs"]["data"], tuple(arrival.natures))
        else:
            self.functions.accept(arrival.payload, tuple(arrival.natures))

    def _store_key(self, key: str) -> None:
        self.ledger.say(f"the secret holds {key}")
        self.secret.value = key

    def _put_key_right(self) -> None:
        (self.secret.value,) = self.api.keys

    def _accept_key(self, key: str) -> None:
        self.ledger.say(f"the ingest API accepts {key} and no other")
        self.api.keys = {key}
