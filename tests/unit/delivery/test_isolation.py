"""Bad logs are found in one or several replays: every good log arrives, and only bad ones are refused.

`pytest -s tests/unit/delivery/test_isolation.py` prints how many requests and replays each case took.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest
from loginformant_shipper.delivery.batching import batches
from loginformant_shipper.delivery.dispatcher import Delivery
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Reason

from tests.unit.sample_data import ORDERS, Entry, an_entry, in_chunks
from tests.unit.simulated_senders import NEVER, Answer, Sent, SimulatedSenders

RECORDS = 10
MAX_REPLAYS = 12
FUNCTION_TIME = 95.0
Record = tuple[SourceRecord | None, list[str]]


@dataclass
class Trial:
    """Ships a payload and replays what was not delivered, ten records at a time."""

    logs: int
    bad: frozenset[str]
    answer: Answer
    keeps: bool = False
    """Whether the API keeps the good logs of a request that fails."""
    arrived: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)
    requests: int = 0
    replays: int = -1
    latency: random.Random | None = None

    def api(self, sent: Sent) -> Answer:
        answer = self._answer(sent)
        return answer._replace(after=self.latency.random()) if self.latency else answer

    def _answer(self, sent: Sent) -> Answer:
        if self.bad.isdisjoint(sent.logs):
            self.arrived.update(sent.logs)
            return Answer(200)
        if self.keeps:
            self.arrived.update(set(sent.logs) - self.bad)
        return self.answer

    def run(self) -> None:
        senders = SimulatedSenders(self.api)
        state = EnvironmentState(byte_limit=1024 * 1024, key="key")
        waiting: list[Record] = [(None, self.names())]
        while any(not self.bad.issuperset(names) for _, names in waiting) and self.replays < MAX_REPLAYS:
            self.replays += 1
            taken, waiting = waiting[:RECORDS], waiting[RECORDS:]
            waiting += self.deliver(taken, senders, state)
            senders.waits = 0
        print(f"{self.logs} logs, {len(self.bad)} bad: {self.requests} requests, {self.replays} replays")

    def names(self) -> list[str]:
        return [f"e{number}" for number in range(self.logs)]

    def deliver(
        self,
        records: Iterable[Record],
        senders: SimulatedSenders,
        state: EnvironmentState,
        max_logs: int = 500,
    ) -> list[Record]:
        stream = batches(in_chunks(list(entries_of(records))), max_logs, lambda: state.byte_limit)
        delivery = Delivery(stream, senders, state, Policy(), senders.now() + FUNCTION_TIME, self.rng)
        narrowed: list[Record] = []
        rest: list[tuple[int, list[str]]] = []
        status = str(self.answer.status or "")
        for batch, failure, is_narrowed, _ in delivery:
            names = [event.id for events in batch.logs for event in events]
            if failure is None:
                continue
            if failure.reason in (Reason.REJECTED, Reason.TOO_LARGE):
                self.refused.update(names)
            elif is_narrowed:
                record = SourceRecord(f"{self.requests} {len(narrowed)}", is_narrowed=True, status=status)
                narrowed.append((record, names))
            else:
                rest.append((batch.position, names))
        self.requests += delivery.requests
        together = [name for _, names in sorted(rest) for name in names]
        return narrowed + ([(SourceRecord(f"rest {self.requests}"), together)] if together else [])

    rng: Callable[[], float] = field(default_factory=lambda: random.Random(1).random)


def entries_of(records: Iterable[Record]) -> Iterable[Entry]:
    for record, names in records:
        for name in names:
            yield an_entry(name, body=b'"%s"' % name.encode(), origin=ORDERS._replace(record=record))


def bad_share(logs: int, share: float) -> frozenset[str]:
    return frozenset(random.Random(5).sample([f"e{number}" for number in range(logs)], round(logs * share)))


ANSWERS = {
    **{str(status): Answer(status) for status in (400, 403, 404, 406, 413, 422, 500, 503, None)},
    "200 with a page": Answer(200, is_foreign=True),
    **{
        f"{status} with Retry-After": Answer(status, retry_after=120.0)
        for status in (302, 400, 401, 403, 413, 500, 502, 504, 520, 524)
    },
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("place", [0, 271, 1499, 2999])
def test_one_bad_log_among_3000_is_found_without_a_replay(answer: Answer, place: int) -> None:
    trial = Trial(3000, frozenset({f"e{place}"}), answer)
    trial.run()
    assert trial.arrived == Counter(set(trial.names()) - trial.bad)
    assert trial.refused == trial.bad
    assert trial.replays == 0
    assert trial.requests <= 30


@pytest.mark.parametrize("status", [403, 406, 500, None])
@pytest.mark.parametrize("place", [0, 27, 59])
def test_the_bad_log_is_never_misjudged_whichever_log_is_drawn_as_probe(
    status: int | None, place: int
) -> None:
    """In batches of ten the bad log is often a probe, or one of the logs that are kept back as evidence."""
    undetermined = 0
    for seed in range(200):
        rng = random.Random(seed)
        bad = f"e{place}"
        trial = Trial(60, frozenset({bad}), Answer(status), rng=rng.random, latency=rng)
        state = EnvironmentState(byte_limit=1024 * 1024, key="key")
        [*waiting] = trial.deliver([(None, trial.names())], SimulatedSenders(trial.api), state, max_logs=10)
        assert trial.arrived == Counter(set(trial.names()) - trial.bad)
        assert state.in_doubt_until < 0, "a poison sets no memory of an outage"
        if waiting:
            # Proven bad, but not often enough to be refused.
            [(record, names)] = waiting
            assert names == [bad]
            assert record is not None
            assert record.is_narrowed
            undetermined += 1
        else:
            assert trial.refused == {bad}
    assert undetermined <= (4 if status in (500, None) else 60), "of 200"


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("after", [0.1, NEVER])
@pytest.mark.parametrize("place", [0, 271, 1499, 2999])
def test_resets_and_time_outs_deliver_a_good_log_20_times_at_most(
    place: int, after: float, keeps: bool
) -> None:
    trial = Trial(3000, frozenset({f"e{place}"}), Answer(None, after), keeps)
    trial.run()
    good = [trial.arrived[name] for name in trial.names() if name not in trial.bad]
    assert min(good) == 1
    assert max(good) <= (20 if keeps else 1)
    assert sum(good) / len(good) < 2
    assert trial.replays <= 10


@pytest.mark.parametrize("status", [400, 403, 413, 422, 500])
@pytest.mark.parametrize("place", [0, 271, 1499, 2999])
def test_a_server_that_keeps_the_good_logs_of_a_failed_request_gets_them_11_times_at_most(
    place: int, status: int
) -> None:
    for seed in range(6):
        bad = frozenset({f"e{place}"})
        trial = Trial(3000, bad, Answer(status), keeps=True, latency=random.Random(seed))
        trial.run()
        good = [trial.arrived[name] for name in trial.names() if name not in trial.bad]
        assert min(good) == 1
        assert max(good) <= 11
        assert sum(good) / len(good) < 1.7
        assert trial.refused == bad


@pytest.mark.parametrize("status", [400, 403, 500, None])
@pytest.mark.parametrize("share", [0.004, 0.01])
def test_every_good_log_of_10000_arrives_once(status: int | None, share: float) -> None:
    trial = Trial(10_000, bad_share(10_000, share), Answer(status))
    trial.run()
    assert trial.arrived == Counter(set(trial.names()) - trial.bad)
    assert trial.refused <= trial.bad
    assert trial.requests <= 1600
