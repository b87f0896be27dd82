"""One bad log loses only itself, over real HTTP: shipped once, and replayed ten messages at a time.

`pytest -s tests/integration/test_isolation.py` prints how many requests and replays each case took.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import ClassVar

import pytest
from loginformant_shipper import pipeline
from loginformant_shipper.delivery.policy import Policy

from local.faults import Fault, Manner
from tests.integration.accounting import ids_of
from tests.integration.conftest import MakeQueues
from tests.integration.dead_letter_queue import Queues
from tests.integration.payloads import JsonObject, log_event, log_events, subscription_event

EVER = None
MAX_REPLAYS = 10
"""Replays of 10 messages each."""
SECONDS = 95.0
"""Seconds for sending in each invocation."""


class Calendar(datetime):
    """The calendar of the functions, which tests can move forward."""

    ahead: ClassVar[timedelta] = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Calendar":
        moment = datetime.now(tz or UTC) + cls.ahead
        return cls.fromtimestamp(moment.timestamp(), tz)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> type[Calendar]:
    monkeypatch.setattr(Calendar, "ahead", timedelta())
    monkeypatch.setattr(pipeline, "datetime", Calendar)
    return Calendar


@dataclass
class Trial:
    """A payload of which some logs are bad, shipped and then replayed."""

    queues: Queues
    events: list[JsonObject]
    requests: int = 0
    replays: int = 0
    arrived: Counter[str] = field(default_factory=Counter)
    told: str = ""
    """Requests and replays that were needed."""

    @property
    def bad(self) -> set[str]:
        return {event["id"] for event in self.events if "poison" in event["message"]}

    @property
    def good(self) -> set[str]:
        return {event["id"] for event in self.events} - self.bad

    def run(self, name: str, max_replays: int = MAX_REPLAYS) -> None:
        """Ship, and replay until no good log waits."""
        stack = self.queues.stack
        self.requests = stack.ship(subscription_event(self.events), SECONDS)["requests"]
        self._look()
        while self.good & self.waiting and self.replays < max_replays:
            self.replay()
        copies = [self.arrived[identifier] for identifier in self.good]
        self.told = (
            f"{name}: {len(self.events):,} logs, {len(self.bad)} bad: {self.requests} requests, "
            f"{self.replays} replays; a good log arrived {max(copies)} times at most, "
            f"{sum(copies) / len(copies):.2f} times on average"
        )

    def replay(self) -> None:
        self.queues.let_time_pass()
        records = self.queues.receive()
        replayed = self.queues.invoke(records, SECONDS)
        self.queues.acknowledge(records, replayed.returned)
        self.requests += replayed.answer["requests"]
        self.replays += 1
        self._look()

    def _look(self) -> None:
        logs = self.queues.stack.api.logs
        self.arrived = Counter(identifier for log in logs for identifier in ids_of(log))

    @property
    def waiting(self) -> set[str]:
        return {identifier for message in self.queues.waiting for identifier in message.ids}

    @property
    def parked(self) -> Counter[str]:
        return Counter(identifier for message in self.queues.parked for identifier in message.ids)


def one_bad_log(logs: int, place: int) -> list[JsonObject]:
    events = log_events(logs)
    events[place] = log_event(place, "' union select poison")
    return events


@pytest.fixture
def queues(make_queues: MakeQueues) -> Queues:
    return make_queues(policy=Policy())


@pytest.mark.parametrize("status", [403, 406, 500])
@pytest.mark.parametrize("place", [0, 1777, 2999])
def test_every_good_log_arrives_exactly_once_with_one_bad_log_among_3000(
    queues: Queues, status: int, place: int
) -> None:
    queues.stack.api.fault(Fault(status=status, body="blocked", marker="poison", times=EVER))
    trial = Trial(queues, one_bad_log(3000, place))
    trial.run(f"{status}, place {place}")
    assert trial.arrived == Counter(trial.good)
    assert trial.waiting == trial.bad
    assert not trial.parked
    assert trial.requests <= 40
    assert queues.stack.environment.state.in_doubt_until < 0, "a poison sets no memory of an outage"
    print(trial.told)


@pytest.mark.parametrize("manner", [Manner.RESET, Manner.HANG])
@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("place", [0, 1777, 2999])
def test_good_logs_arrive_a_bounded_number_of_times_if_a_bad_log_gets_no_answer(
    queues: Queues, manner: Manner, keeps: bool, place: int
) -> None:
    queues.stack.api.fault(Fault(manner=manner, keeps_logs=keeps, marker="poison", times=EVER))
    queues.stack.senders.hangs = lambda request: (
        manner is Manner.HANG and any("poison" in log["message"] for log in request.logs)
    )
    trial = Trial(queues, one_bad_log(3000, place))
    trial.run(f"{manner.value}, {'keeps' if keeps else 'does not keep'} the logs, place {place}")
    assert trial.good <= trial.arrived.keys()
    copies = [trial.arrived[identifier] for identifier in trial.good]
    assert max(copies) <= (20 if keeps else 1)
    assert sum(copies) / len(copies) < 2
    assert trial.waiting == trial.bad
    assert not trial.parked
    print(trial.told)


def test_only_bad_logs_are_parked_of_10000_with_1_percent_bad(
    queues: Queues, calendar: type[Calendar]
) -> None:
    events = log_events(10_000)
    for place in random.Random(5).sample(range(10_000), 100):
        events[place] = log_event(place, "poison")
    queues.stack.api.fault(Fault(status=400, body="a log is bad", marker="poison", times=EVER))
    trial = Trial(queues, events)
    trial.run("400, 1 %", max_replays=40)
    assert trial.arrived == Counter(trial.good)
    assert not trial.parked
    rounds = 0
    while trial.waiting and rounds < 100:
        calendar.ahead += timedelta(hours=6)
        trial.replay()
        rounds += 1
    assert trial.parked == Counter(trial.bad)
    assert trial.arrived == Counter(trial.good)
    print(trial.told)
