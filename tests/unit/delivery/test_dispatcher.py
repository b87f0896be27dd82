import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from loginformant_shipper.delivery.batching import Batch, batches
from loginformant_shipper.delivery.dispatcher import Delivery
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.progress import Settled
from loginformant_shipper.events import SourceRecord
from loginformant_shipper.failures import Failure, Reason

from tests.unit.sample_data import ORDERS, a_batch, an_entry, batch_of, in_chunks
from tests.unit.simulated_senders import NEVER, Answer, Api, Key, Sent, SimulatedSenders, answers, keys

MIB = 1024 * 1024
FUNCTION_TIME = 95.0


@dataclass
class World:
    """One warm environment, in which `deliver` is an invocation."""

    senders: SimulatedSenders
    state: EnvironmentState = field(default_factory=lambda: EnvironmentState(byte_limit=MIB, key="key"))
    policy: Policy = field(default_factory=Policy)
    rng: Callable[[], float] = lambda: 0.5
    settled: dict[str, Failure | None] = field(default_factory=dict)
    """Each log of the last invocation, with its failure."""
    narrowed: set[str] = field(default_factory=set)
    """Logs of parts that are known to hold a bad one."""
    retries: int = 0
    requests: int = 0

    def deliver(self, stream: Iterable[Batch], seconds: float = FUNCTION_TIME) -> None:
        deadline = self.senders.now() + seconds
        delivery = Delivery(iter(stream), self.senders, self.state, self.policy, deadline, rng=self.rng)
        self.settled = ids_of(self._noted(delivery))
        self.requests, self.retries = delivery.requests, delivery.retries
        assert self.senders.now() <= deadline
        assert not self.senders.under_way

    def _noted(self, delivery: Iterable[Settled]) -> Iterator[Settled]:
        self.narrowed = set()
        for settled in delivery:
            if settled.is_narrowed:
                assert settled.failure is not None
                assert settled.failure.reason is Reason.UNDETERMINED
                self.narrowed |= {event.id for events in settled.batch.logs for event in events}
            yield settled

    @property
    def reasons(self) -> Counter[Reason | None]:
        return Counter(failure and failure.reason for failure in self.settled.values())


def ids_of(settled: Iterable[Settled]) -> dict[str, Failure | None]:
    found: dict[str, Failure | None] = {}
    for batch, failure, *_ in settled:
        assert batch.body == b"", "what is settled takes no memory for its body"
        for events in batch.logs:
            for event in events:
                assert event.id not in found, f"{event.id} is settled twice"
                found[event.id] = failure
    return found


def world(
    api: Api, *fetched: Key | str | None, state: EnvironmentState | None = None, **policy: float
) -> World:
    senders = SimulatedSenders(api, keys(*fetched or ("key",)))
    return World(
        senders,
        state or EnvironmentState(byte_limit=MIB, key="key"),
        Policy(**policy),  # type: ignore[arg-type]
    )


def single(*identifiers: str) -> list[Batch]:
    """Return a batch for each identifier."""
    return [a_batch(identifier) for identifier in identifiers]


def many(number: int, prefix: str = "e") -> tuple[str, ...]:
    return tuple(f"{prefix}{position}" for position in range(number))


def refusing(*bad: str, status: int = 400) -> Api:
    """Return an API that refuses each request with a bad log."""
    return lambda sent: Answer(status if set(bad) & set(sent.logs) else 200, detail="look at your logs")


# --- delivered ---


@pytest.mark.parametrize("status", [200, 202, 204])
def test_2xx_is_delivered(status: int) -> None:
    it = world(answers(then=status))
    it.deliver([a_batch("1", "2"), a_batch("3")])
    assert it.settled == {"1": None, "2": None, "3": None}
    assert (it.requests, it.retries) == (2, 0)


def test_nothing_is_sent_or_fetched_without_batches() -> None:
    it = world(answers(), state=EnvironmentState(byte_limit=MIB))
    it.deliver([])
    assert (it.senders.sent, it.senders.fetches, it.senders.waits) == ([], [], 0)


def test_batches_begin_in_order_and_no_more_than_the_limit_are_under_way() -> None:
    it = world(answers(), max_in_flight=3)
    it.deliver(single(*many(10)))
    assert [sent.logs for sent in it.senders.sent] == [(name,) for name in many(10)]
    assert it.senders.most_under_way == 3
    assert set(it.reasons) == {None}


def test_a_batch_is_made_only_when_there_is_room_for_it() -> None:
    it = world(answers(), max_in_flight=2)
    ahead = []

    def stream() -> Iterator[Batch]:
        for made, batch in enumerate(single(*many(8))):
            ahead.append(made - len(it.senders.sent))
            yield batch

    it.deliver(stream())
    assert max(ahead) < 2


def test_the_latency_of_each_request_is_recorded() -> None:
    it = world(answers(Answer(after=0.25), Answer(after=2.0)))
    delivery = Delivery(
        iter(single("1", "2")), it.senders, it.state, it.policy, it.senders.now() + FUNCTION_TIME
    )
    list(delivery)
    assert delivery.latencies == [0.25, 2.0]


def test_the_latency_of_a_request_without_an_answer_is_the_time_that_it_was_given() -> None:
    it = world(answers(Answer(after=NEVER)), request_timeout=10.0)
    delivery = Delivery(iter(single("1")), it.senders, it.state, it.policy, it.senders.now() + FUNCTION_TIME)
    list(delivery)
    assert delivery.latencies == [10.0, 0.1]


# --- 400, 413, 422: the search for the bad log ---


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("place", [0, 271, 499])
def test_one_bad_log_among_500_costs_at_most_18_more_requests_and_no_good_log(
    status: int, place: int
) -> None:
    it = world(refusing(f"e{place}", status=status))
    it.deliver([a_batch(*many(500))])
    reason = Reason.TOO_LARGE if status == 413 else Reason.REJECTED
    assert it.reasons == {None: 499, reason: 1}
    assert it.settled[f"e{place}"] == Failure(reason, status, "look at your logs")
    assert it.requests <= 1 + 18


def test_a_bad_log_alone_is_rejected_at_once() -> None:
    it = world(refusing("1"))
    it.deliver(single("1", "2"))
    assert (it.reasons, it.requests) == ({Reason.REJECTED: 1, None: 1}, 2)


def test_a_half_whose_sibling_passed_is_not_tried_whole() -> None:
    it = world(refusing("4"))
    it.deliver([a_batch("1", "2", "3", "4")])
    assert [sent.logs for sent in it.senders.sent] == [("1", "2", "3", "4"), ("1", "2"), ("3",), ("4",)]
    assert it.reasons == {None: 3, Reason.REJECTED: 1}


def test_a_half_is_tried_whole_after_a_refusal_of_the_size() -> None:
    it = world(answers(413))
    it.deliver([a_batch("1", "2", "3")])
    assert it.reasons == {None: 3}
    assert [sent.logs for sent in it.senders.sent] == [("1", "2", "3"), ("1",), ("2", "3")]


def test_the_search_in_one_invocation_costs_at_most_128_requests() -> None:
    bad = many(2000)[::4]
    it = world(refusing(*bad))
    it.deliver([a_batch(*many(2000)[start : start + 500]) for start in range(0, 2000, 500)])
    assert it.requests == 4 + 128
    assert set(it.reasons) == {None, Reason.REJECTED, Reason.UNDETERMINED}
    assert all(
        name in bad for name, failure in it.settled.items() if failure and failure.reason == "rejected"
    )


def test_only_logs_that_were_narrowed_down_are_marked() -> None:
    it = world(refusing("e0", "e3"), max_search_requests=3)
    it.deliver([a_batch(*many(8))])  # whole, e0-e3, e0-e1, e0
    assert it.settled["e0"] == Failure(Reason.REJECTED, 400, "look at your logs")
    assert it.reasons == {Reason.REJECTED: 1, Reason.UNDETERMINED: 7}
    assert it.narrowed == set(), "nothing was delivered: nobody knows whether the API refuses everything"
    it = world(refusing("e7"), max_search_requests=2)
    it.deliver([a_batch(*many(8))])  # whole, e0-e3, e4-e5
    assert it.reasons == {None: 6, Reason.UNDETERMINED: 2}
    assert it.narrowed == {"e6", "e7"}


def replayed(batch: Batch, **marks: Any) -> Batch:
    """Return the batch as if its logs came from one record of the dead-letter queue."""
    origin = ORDERS._replace(record=SourceRecord("m1", **marks))
    return batch._replace(origins=(origin,) * len(batch.logs))


def test_narrowed_logs_are_not_tried_whole_in_the_next_replay() -> None:
    it = world(refusing("e7"))
    it.deliver([replayed(a_batch(*many(8)), is_narrowed=True, status="400")])
    assert [len(sent.logs) for sent in it.senders.sent] == [4, 2, 1, 1]
    assert it.reasons == {None: 7, Reason.REJECTED: 1}


def test_the_search_stops_and_marks_no_log_when_every_log_is_refused() -> None:
    it = world(refusing(*many(3000)))
    it.deliver([a_batch(*many(3000)[start : start + 500]) for start in range(0, 3000, 500)])
    assert set(it.reasons) == {Reason.REJECTED, Reason.UNDETERMINED}
    assert it.reasons[Reason.REJECTED] < 4 + it.policy.max_in_flight
    assert it.narrowed == set()
    assert it.requests < 60
    assert it.settled["e2999"] == Failure(Reason.UNDETERMINED, 400, "look at your logs")


def test_bad_logs_side_by_side_do_not_look_like_an_api_that_refuses_everything() -> None:
    it = world(refusing(*many(20)))
    it.deliver([a_batch(*many(500))])
    assert it.reasons == {None: 480, Reason.REJECTED: 20}


def test_retries_of_a_part_do_not_count_as_search() -> None:
    alternately = iter(range(10**6))

    def api(sent: Sent) -> Answer:
        return Answer(503 if next(alternately) % 2 else 400, after=0.01)

    it = world(api, max_in_flight=1, max_search_requests=8, backoff_base=0.01, backoff_cap=0.02)
    it.deliver([a_batch(*many(64))])
    assert it.requests - it.retries == 1 + 8
    assert it.retries >= 4


def test_a_413_halves_the_byte_limit_of_this_environment() -> None:
    it = world(
        lambda sent: Answer(413 if len(sent.logs) > 20 else 200), max_in_flight=1, smallest_byte_limit=100
    )
    entries = [an_entry(name, body=b'"%s"' % (name.encode() * 10)) for name in many(90, "long")]
    it.deliver(batches(in_chunks(entries), 30, lambda: it.state.byte_limit))
    sizes = [len(sent.logs) for sent in it.senders.sent]
    assert sizes[:3] == [30, 15, 15]
    assert max(sizes[3:]) <= 15  # 30 if the limit were unchanged
    assert set(it.reasons) == {None}


def test_half_of_the_byte_limit_is_half_of_what_was_refused() -> None:
    it = world(answers(413), smallest_byte_limit=10)
    batch = a_batch(*many(9))
    it.deliver([batch])
    assert it.state.byte_limit == len(batch.body) // 2


def test_the_byte_limit_has_a_minimum() -> None:
    it = world(answers(then=413))
    it.deliver([a_batch(*many(8))])
    assert it.state.byte_limit == 4 * 1024


def a_large_batch(logs: int, prefix: str = "e") -> Batch:
    """Return a batch whose logs have 200 bytes each."""
    return batch_of([an_entry(name, body=b'"%-198s"' % name.encode()) for name in many(logs, prefix)])


@pytest.mark.parametrize("status", [403, 404, 500, None])
def test_a_size_that_is_refused_with_any_status_is_learnt_although_the_search_does_not_end(
    status: int | None,
) -> None:
    """AWS WAF answers 403 to a body of more than 8 KB, and each search stopped before it had found this."""
    it = world(lambda sent: Answer(status if len(sent.logs) > 40 else 200), max_in_flight=1)
    it.deliver([a_large_batch(500, f"{number}e") for number in range(6)])
    assert Reason.REJECTED not in it.reasons
    assert 4 * 1024 <= it.state.byte_limit <= 8 * 1024
    before = len(it.senders.sent)
    entries = [an_entry(name, body=b'"%-198s"' % name.encode()) for name in many(3000)]
    it.deliver(batches(in_chunks(entries), 500, lambda: it.state.byte_limit))
    assert it.reasons == {None: 3000}
    assert len(it.senders.sent) - before < 200


@pytest.mark.parametrize("status", [403, 500, None])
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_bad_logs_do_not_look_like_a_refused_size(status: int | None, share: float) -> None:
    bad = frozenset(Random(7).sample(many(3000), round(3000 * share)))
    it = world(lambda sent: Answer(200 if bad.isdisjoint(map(str.strip, sent.logs)) else status))
    entries = [an_entry(name, body=b'"%-198s"' % name.encode()) for name in many(3000)]
    it.deliver(batch_of(entries[start : start + 500]) for start in range(0, 3000, 500))
    assert it.reasons[Reason.UNDETERMINED] > 0, "the search did not end"
    assert it.state.byte_limit == MIB


def test_one_log_that_is_too_large_does_not_lower_the_byte_limit() -> None:
    it = world(answers(413))
    it.deliver(single("1"))
    assert it.state.byte_limit == MIB


# --- 401, 403: the key is refused ---


def accepting(good_key: str, status: int = 401, after: float = 0.1) -> Api:
    return lambda sent: Answer(200 if sent.key == good_key else status, after, detail="no such key")


@pytest.mark.parametrize("status", [401, 403])
def test_a_changed_key_is_fetched_once_and_used_for_every_batch_that_was_refused_with_the_old_one(
    status: int,
) -> None:
    it = world(
        accepting("new", status), "new", max_in_flight=4, state=EnvironmentState(byte_limit=MIB, key="old")
    )
    it.deliver(single(*many(6)))
    assert it.reasons == {None: 6}
    assert len(it.senders.fetches) == 1
    assert [sent.key for sent in it.senders.sent] == ["old"] * 4 + ["new"] * 6
    assert it.state.key == "new"


@pytest.mark.parametrize("largest", [500, 300, 100])
def test_a_batch_that_failed_with_the_old_key_is_tried_whole_and_then_in_halves_with_the_new_one(
    largest: int,
) -> None:
    def api(sent: Sent) -> Answer:
        if len(sent.logs) > (100 if sent.key == "old" else largest):
            return Answer(None, detail="the connection broke")
        return Answer(200 if sent.key == "new" else 401)

    it = world(api, "new", state=EnvironmentState(byte_limit=MIB, key="old"))
    it.deliver([a_batch(*many(500))])
    assert it.reasons == {None: 500}
    assert it.requests <= 60
    assert len(it.senders.fetches) == 1


def test_no_request_starts_with_a_key_that_was_refused() -> None:
    def api(sent: Sent) -> Answer:
        return Answer(401, after=1.0 + len(it.senders.sent)) if sent.key == "old" else Answer()

    it = world(
        api, Key("new", after=20.0), max_in_flight=2, state=EnvironmentState(byte_limit=MIB, key="old")
    )
    it.deliver(single(*many(5)))
    assert it.reasons == {None: 5}
    assert [sent.key for sent in it.senders.sent].count("old") == 2


def test_a_late_refusal_of_the_old_key_does_not_fetch_the_key_again() -> None:
    slow = iter([Answer(401, after=0.1), Answer(401, after=8.0)])
    it = world(
        lambda sent: next(slow) if sent.key == "old" else Answer(),
        "new",
        max_in_flight=2,
        state=EnvironmentState(byte_limit=MIB, key="old"),
    )
    it.deliver(single("1", "2", "3"))
    assert it.reasons == {None: 3}
    assert len(it.senders.fetches) == 1


def test_an_unchanged_key_after_a_refusal_fails_all_unsent_logs() -> None:
    it = world(accepting("other"), "key", max_in_flight=2)
    it.deliver(single(*many(10)))
    assert it.reasons == {Reason.UNAUTHORIZED: 10}
    assert (it.requests, len(it.senders.fetches)) == (2 + 2, 1), "two single logs ask whether it is the key"


def test_a_refusal_of_the_changed_key_fails_all_unsent_logs() -> None:
    it = world(accepting("other"), "new", "newer", max_in_flight=2)
    it.deliver(single(*many(10)))
    assert it.reasons == {Reason.UNAUTHORIZED: 10}
    assert ([sent.key for sent in it.senders.sent], len(it.senders.fetches)) == (
        ["key", "key", "new", "new", "new", "new"],
        1,
    )


def test_a_refused_key_is_fetched_at_most_every_30_seconds_in_one_environment() -> None:
    it = world(accepting("newest"), "key", "key", "newest", max_in_flight=1)
    it.deliver(single("1", "2"))
    it.deliver(single("3", "4"))
    assert it.reasons == {Reason.UNAUTHORIZED: 2}
    assert (it.requests, len(it.senders.fetches)) == (2, 1)
    it.senders.wait(30.0)
    it.deliver(single("5"))
    assert len(it.senders.fetches) == 2
    it.senders.wait(30.0)
    it.deliver(single("6", "7"))
    assert it.reasons == {None: 2}


def test_answers_to_requests_in_flight_still_count_when_the_key_is_unchanged() -> None:
    script = iter([Answer(401, after=0.1), Answer(200, after=5.0), Answer(401, after=6.0)])
    it = world(lambda sent: next(script, Answer(401)), "key", max_in_flight=3)
    it.deliver(single("1", "2", "3", "4"))
    assert it.settled["2"] is None
    assert it.reasons == {None: 1, Reason.UNAUTHORIZED: 3}


def test_a_refused_key_that_cannot_be_fetched_again_ends_as_unauthorized() -> None:
    it = world(accepting("other"), None)
    it.deliver(single("1", "2"))
    assert it.reasons == {Reason.UNAUTHORIZED: 2}
    assert len(it.senders.fetches) > 1
    assert it.settled["1"] == Failure(
        Reason.UNAUTHORIZED, 401, "no such key; the key could not be read again: the secret is out of reach"
    )


def test_a_refused_key_whose_new_value_is_not_read_in_time_ends_as_unauthorized() -> None:
    it = world(accepting("other"), Key("other", after=NEVER))
    it.deliver(single("1", "2"))
    assert it.settled == dict.fromkeys("12", Failure(Reason.UNAUTHORIZED, 401, "no such key"))


# --- the key cannot be read ---


def without_key() -> EnvironmentState:
    return EnvironmentState(byte_limit=MIB)


def test_the_first_key_is_fetched_before_anything_is_sent() -> None:
    it = world(accepting("k"), Key("k", after=3.0), state=without_key())
    it.deliver(single("1", "2"))
    assert it.reasons == {None: 2}
    assert len(it.senders.fetches) == 1


def test_a_refused_first_key_is_fetched_again_at_once() -> None:
    it = world(accepting("k2"), "k1", "k2", state=without_key(), max_in_flight=1)
    it.deliver(single("1", "2"))
    assert it.reasons == {None: 2}


def test_a_key_that_cannot_be_read_is_fetched_again_with_backoff() -> None:
    it = world(accepting("k"), None, None, "k", state=without_key())
    it.deliver(single("1", "2"))
    assert it.reasons == {None: 2}
    gaps = [
        later - earlier for earlier, later in zip(it.senders.fetches, it.senders.fetches[1:], strict=False)
    ]
    assert gaps == pytest.approx([0.05 + 0.25, 0.05 + 0.5])  # half of 0.5 s and of 1 s


def test_no_request_is_sent_if_the_key_can_never_be_read() -> None:
    it = world(answers(), None, state=without_key())
    it.deliver(single(*many(6)))
    assert it.reasons == {Reason.NO_KEY: 6}
    assert it.settled["e0"] == Failure(Reason.NO_KEY, None, "the secret is out of reach")
    assert it.requests == 0
    assert it.senders.now() == it.senders.fetches[-1] + 0.05  # no wait, as no attempt follows
    assert len(it.senders.fetches) == 4


def test_an_unreadable_key_is_not_fetched_again_for_a_minute() -> None:
    it = world(answers(), None, state=without_key())
    it.deliver(single("0"))
    for minute in range(1, 4):
        it.deliver(single(str(minute)))
        assert it.reasons == {Reason.NO_KEY: 1}
        assert len(it.senders.fetches) == 3 + minute, "no attempt"
        it.senders.work(60.0)
        it.deliver(single(f"{minute}, a minute later"))
        assert it.reasons == {Reason.NO_KEY: 1}
        assert len(it.senders.fetches) == 4 + minute, "one attempt"


def test_a_key_that_can_be_read_after_a_minute_is_used() -> None:
    it = world(accepting("new"), None, None, None, None, "new", state=without_key())
    it.deliver(single("1"))
    assert it.reasons == {Reason.NO_KEY: 1}
    it.senders.work(60.0)
    it.deliver(single("2"))
    assert it.settled == {"2": None}
    assert it.state.no_key_detail == ""


def test_a_fetch_that_never_ends_is_abandoned_before_the_deadline() -> None:
    it = world(answers(), Key("k", after=NEVER), state=without_key())
    it.deliver(single("1", "2"))
    assert it.settled["1"] == Failure(Reason.NO_KEY, None, "the API key was not read in time")
    assert (it.requests, len(it.senders.fetches)) == (0, 1)


# --- other 3xx and 4xx ---


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 405, 410, 415, 418])
def test_a_misconfiguration_fails_all_unsent_logs(status: int) -> None:
    script = iter([Answer(status, detail="no such thing"), Answer(200, after=4.0)])
    it = world(lambda sent: next(script, Answer(status)), max_in_flight=2)
    it.deliver(single(*many(6)))
    assert it.settled["e0"] == Failure(Reason.MISCONFIGURED, status, "no such thing")
    assert it.settled["e1"] is None  # was under way
    assert it.reasons == {None: 1, Reason.MISCONFIGURED: 5}
    assert it.requests == 2 + 2, "two single logs ask whether it is the address"


def test_no_part_of_a_batch_refused_after_a_misconfiguration_is_tried() -> None:
    it = world(answers(404, Answer(400, after=2.0), then=404), max_in_flight=2)
    it.deliver([a_batch("1"), a_batch("2", "3")])
    assert it.reasons == {Reason.MISCONFIGURED: 3}
    assert it.requests == 2 + 2


def test_batches_waiting_for_a_retry_fail_as_misconfigured_after_a_misconfiguration() -> None:
    it = world(answers(503, Answer(404, after=0.2), then=404), max_in_flight=2)
    it.deliver(single("1", "2"))
    assert it.reasons == {Reason.MISCONFIGURED: 2}


# --- 408, 425, 429, 5xx, no answer: retries ---


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599, None])
def test_a_failure_that_may_pass_is_retried(status: int | None) -> None:
    it = world(answers(status, status))
    it.deliver(single("1"))
    assert it.settled == {"1": None}
    assert (it.requests, it.retries) == (3, 2)
    assert [sent.at - 1000 for sent in it.senders.sent] == pytest.approx([0, 0.1 + 0.25, 0.45 + 0.5])


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (429, Reason.THROTTLED),
        (503, Reason.UNAVAILABLE),
        (None, Reason.UNAVAILABLE),
        (408, Reason.UNAVAILABLE),
    ],
)
def test_a_failure_that_does_not_pass_keeps_its_own_reason(status: int | None, reason: Reason) -> None:
    it = world(answers(then=Answer(status, detail="sorry")), max_in_flight=2)
    it.deliver(single(*many(6)))
    assert set(it.settled.values()) == {Failure(reason, status, "sorry")}
    assert it.requests <= 6 * 20


def test_retries_count_against_the_limit_so_that_a_failing_api_is_not_flooded() -> None:
    it = world(answers(then=Answer(503)), max_in_flight=2)
    it.deliver(single(*many(50)))
    first_seconds = {sent.logs for sent in it.senders.sent if sent.at < 1002}
    assert first_seconds > {("e0",), ("e1",)}
    assert len(first_seconds) == 3, "one more asks"
    assert it.requests < 40
    assert it.reasons == {Reason.UNAVAILABLE: 50}


def test_a_request_without_an_answer_is_abandoned_after_its_timeout_and_retried() -> None:
    it = world(answers(Answer(after=NEVER)), request_timeout=10.0)
    it.deliver(single("1"))
    assert it.settled == {"1": None}
    assert [sent.at - 1000 for sent in it.senders.sent] == pytest.approx([0, 10.25])
    assert it.senders.sent[0].seconds == 10.0


def test_the_failure_of_an_unanswered_request_says_how_long_it_waited() -> None:
    it = world(answers(then=Answer(after=NEVER)), request_timeout=10.0)
    it.deliver(single("1"), seconds=10.4)
    assert it.settled == {"1": Failure(Reason.UNAVAILABLE, None, "no answer within 10 s")}


def test_a_request_never_gets_more_time_than_is_left() -> None:
    it = world(answers(then=Answer(after=NEVER)), request_timeout=10.0)
    it.deliver(single("1"), seconds=15.0)
    assert [sent.seconds for sent in it.senders.sent] == pytest.approx([10.0, 4.75])


@pytest.mark.parametrize(
    ("status", "reason"), [(200, None), (404, Reason.MISCONFIGURED), (400, Reason.REJECTED)]
)
def test_the_status_of_an_answer_that_never_ends_counts(status: int, reason: Reason | None) -> None:
    it = world(answers(Answer(status, after=NEVER, status_after=1.0)))
    it.deliver(single("1"))
    assert (it.reasons, it.requests) == ({reason: 1}, 1)


# --- how many are under way ---


def test_after_429_half_as_many_are_under_way_and_one_more_after_each_round() -> None:
    it = world(answers(429), max_in_flight=8, backoff_cap=0.0)
    it.deliver(single(*many(8)))
    assert set(it.reasons) == {None}
    assert it.policy.slots(it.state.in_flight) == 5, "4, and one more after the seven others"
    it.deliver(single(*many(60, "f")))
    assert it.policy.slots(it.state.in_flight) == 8


def test_429_answers_to_requests_under_way_together_count_once() -> None:
    it = world(answers(*[429] * 8), max_in_flight=8, backoff_cap=0.0)
    it.deliver(single(*many(8)))
    assert set(it.reasons) == {None}
    assert it.policy.slots(it.state.in_flight) >= 4


def test_the_rate_that_the_api_accepts_is_found_and_kept_while_the_environment_is_warm() -> None:
    """Requests beyond three at a time are answered 429."""
    under_way: list[float] = []

    def api(sent: Sent) -> Answer:
        under_way[:] = [end for end in under_way if end > sent.at]
        too_many = len(under_way) >= 3
        under_way.append(sent.at + 0.1)
        return Answer(429 if too_many else 200, after=0.1)

    it = world(api, max_in_flight=8)
    it.deliver(single(*many(200)))
    assert set(it.reasons) == {None}
    assert it.policy.slots(it.state.in_flight) <= 4
    requests = it.requests
    it.deliver(single(*many(200, "f")))
    assert it.requests - requests < 200 + 200 // 4, "each round of three may ask for one too many"


# --- Retry-After ---


def test_retry_after_is_a_floor_for_all_requests_while_those_in_flight_finish() -> None:
    script = iter([Answer(429, after=0.1, retry_after=30.0), Answer(200, after=3.0)])
    it = world(lambda sent: next(script, Answer()), max_in_flight=2)
    it.deliver(single(*many(6)))
    assert set(it.reasons) == {None}
    starts = [sent.at - 1000 for sent in it.senders.sent]
    assert starts[:2] == [0, 0]
    assert min(starts[2:]) == pytest.approx(30.1)


def test_a_later_and_shorter_retry_after_does_not_shorten_an_earlier_one() -> None:
    script = iter([Answer(429, after=0.1, retry_after=30.0), Answer(503, after=1.0, retry_after=1.0)])
    it = world(lambda sent: next(script, Answer()), max_in_flight=2)
    it.deliver(single("1", "2"))
    assert min(sent.at for sent in it.senders.sent[2:]) - 1000 == pytest.approx(30.1)


def test_a_later_and_longer_retry_after_extends_an_earlier_one() -> None:
    script = iter([Answer(429, after=0.1, retry_after=10.0), Answer(503, after=1.0, retry_after=30.0)])
    it = world(lambda sent: next(script, Answer()), max_in_flight=2)
    it.deliver(single("1", "2"))
    assert min(sent.at for sent in it.senders.sent[2:]) - 1000 == pytest.approx(31.0)


def test_backoff_may_be_longer_than_retry_after() -> None:
    it = world(answers(Answer(503, retry_after=0.0)))
    it.deliver(single("1"))
    assert it.senders.sent[1].at - 1000 == pytest.approx(0.1 + 0.25)


@pytest.mark.parametrize(("status", "reason"), [(429, Reason.THROTTLED), (503, Reason.UNAVAILABLE)])
def test_a_retry_after_beyond_the_deadline_fails_all_logs_at_once(status: int, reason: Reason) -> None:
    it = world(answers(then=Answer(status, retry_after=FUNCTION_TIME)), max_in_flight=1)
    it.deliver(single(*many(5)))
    assert (it.reasons, it.requests) == ({reason: 5}, 1)
    assert it.senders.now() == pytest.approx(1000.1)  # no wait


def test_a_retry_after_and_a_backoff_both_beyond_the_deadline_fail_all_logs_at_once() -> None:
    it = world(answers(then=Answer(503, retry_after=600.0)), backoff_base=19.0, max_in_flight=2)
    it.deliver(single("1", "2", "3"), seconds=5.0)
    assert it.reasons == {Reason.UNAVAILABLE: 3}
    assert it.senders.now() < 1001


def test_a_very_long_retry_after_holds_for_15_minutes_only() -> None:
    it = world(answers(Answer(503, retry_after=math.inf)))
    it.deliver(single("1"))
    assert it.state.resume_at - it.senders.now() == pytest.approx(900)
    it.senders.wait(900)
    it.deliver(single("2"))
    assert it.settled == {"2": None}


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_retry_after_is_obeyed_with_every_status_that_asks_to_wait(status: int) -> None:
    it = world(answers(Answer(status, retry_after=500.0)), "new")
    it.deliver(single("1"))
    it.deliver(single("2"))
    assert it.requests == 0
    assert it.state.resume_at == pytest.approx(1000.1 + 500.0)


@pytest.mark.parametrize("status", [200, 302, 400, 404, 413, 500, 502, 504])
def test_retry_after_of_any_other_status_is_ignored(status: int) -> None:
    it = world(answers(Answer(status, retry_after=500.0)))
    it.deliver(single("1"))
    it.deliver(single("2"))
    assert it.settled == {"2": None}


# --- the deadline ---


def test_requests_under_way_at_the_deadline_are_reported_as_possibly_arrived() -> None:
    it = world(answers(then=Answer(after=NEVER)), max_in_flight=2, request_timeout=60.0)
    it.deliver(single("1", "2", "3"), seconds=20.0)
    assert it.reasons == {Reason.OUT_OF_TIME: 3}
    under_way, not_tried = it.settled["1"], it.settled["3"]
    assert under_way is not None
    assert not_tried is not None
    assert "may have arrived" in under_way.detail
    assert not_tried.detail == "not tried"
    assert it.senders.now() == 1020


def test_no_request_begins_in_the_last_half_second() -> None:
    it = world(answers(then=Answer(after=1.0)), max_in_flight=1)
    it.deliver(single("1", "2", "3"), seconds=2.4)
    assert it.reasons == {None: 2, Reason.OUT_OF_TIME: 1}


def test_a_request_begins_if_half_a_second_is_left() -> None:
    it = world(answers())
    it.deliver(single("1"), seconds=0.5)
    assert it.settled == {"1": None}


@pytest.mark.parametrize("seconds", [0.0, 0.4])
def test_nothing_is_sent_or_fetched_without_time(seconds: float) -> None:
    it = world(answers(), state=without_key())
    it.deliver(single("1", "2"), seconds=seconds)
    assert it.reasons == {Reason.OUT_OF_TIME: 2}
    assert (it.requests, it.senders.fetches) == (0, [])


def test_an_answer_that_came_at_the_deadline_counts() -> None:
    it = world(answers(Answer(200, after=5.0), Answer(200, after=5.0)), max_in_flight=2)
    it.deliver(single("1", "2"), seconds=5.0)
    assert it.reasons == {None: 2}


def test_a_batch_waiting_for_a_retry_at_the_deadline_keeps_its_last_failure() -> None:
    def api(sent: Sent) -> Answer:
        return Answer(503) if sent.logs == ("1",) else Answer(400, after=3.0)

    it = world(api, max_in_flight=2)
    it.deliver([a_batch("1"), a_batch(*many(100))], seconds=30.0)
    assert it.settled["1"] == Failure(Reason.UNAVAILABLE, 503)
    assert it.reasons[Reason.UNDETERMINED] > 0


# --- what the next invocation knows ---


def failing(seconds: float = FUNCTION_TIME) -> World:
    """Return an environment whose last invocation ended `unavailable`."""
    it = world(answers(then=503))
    it.deliver(single("before"), seconds)
    return it


def test_two_single_logs_are_sent_as_probes_after_an_outage() -> None:
    it = failing()
    it.senders.sent.clear()
    it.deliver([a_batch(*many(4)), a_batch("last")])
    assert [len(sent.logs) for sent in it.senders.sent] == [1, 1]
    assert it.reasons == {Reason.UNAVAILABLE: 5}


def test_no_second_probe_follows_one_without_an_answer() -> None:
    it = failing()
    it.senders.sent.clear()
    it.senders.api = answers(then=Answer(after=NEVER))
    it.deliver([a_batch(*many(4)), a_batch("last")])
    assert (len(it.senders.sent), it.reasons) == (1, {Reason.UNAVAILABLE: 5})


def test_a_kept_alive_connection_that_closes_during_a_probe_fails_no_log() -> None:
    it = failing()
    it.senders.api = answers(None)
    it.deliver([a_batch(*many(4)), a_batch("last")])
    assert it.reasons == {None: 5}
    it = failing()
    it.senders.api = answers(None)
    it.deliver(single("1"))
    assert it.reasons == {None: 1}, "a log alone asks twice itself"


def test_all_batches_are_sent_after_one_probe_succeeds() -> None:
    it = failing()
    it.senders.api = answers()
    it.senders.most_under_way = 0
    it.deliver(single(*many(16)))
    assert it.reasons == {None: 16}
    assert it.senders.most_under_way == it.policy.max_in_flight
    starts = sorted(sent.at for sent in it.senders.sent[-8:])
    assert starts[1] > starts[0]


@pytest.mark.parametrize("status", [200, 400, 413, 422])
def test_an_answer_about_the_logs_ends_the_doubt(status: int) -> None:
    it = failing()
    it.senders.api = answers(status)
    it.deliver(single("1"))
    assert it.state.in_doubt_until == -math.inf


def test_no_probe_follows_two_that_fail_even_when_time_is_nearly_up() -> None:
    it = failing()
    it.senders.sent.clear()
    it.senders.api = answers(Answer(503, after=0.3), then=Answer(503, after=0.05))
    it.deliver(single(*many(4)), seconds=0.9)
    assert len(it.senders.sent) == 2


def test_an_outage_is_forgotten_after_a_minute() -> None:
    it = failing()
    it.senders.wait(60.0)
    it.senders.most_under_way = 0
    it.deliver(single(*many(16)))
    assert it.senders.most_under_way == it.policy.max_in_flight


@pytest.mark.parametrize("status", [401, 403, 404, 408, 425, 429, 503, None])
def test_an_invocation_that_delivers_nothing_leaves_the_next_one_in_doubt(status: int | None) -> None:
    """Before, 429 and 408 let each invocation wait until its time was up, and 401 refused full batches."""
    it = world(answers(then=status))
    it.deliver([a_batch(*many(500))])
    it.senders.sent.clear()
    for _ in range(3):
        before = it.senders.now()
        it.deliver([a_batch(*many(500))])
        assert {len(sent.logs) for sent in it.senders.sent} == {1}
        assert it.requests <= 3
        assert it.senders.now() - before < 0.5


@pytest.mark.parametrize("status", [400, 413, 422])
def test_refused_logs_leave_no_doubt(status: int) -> None:
    it = world(answers(then=status))
    it.deliver(single("1"))
    assert it.state.in_doubt_until == -math.inf


@pytest.mark.parametrize("status", [401, 404, 429])
def test_an_invocation_that_delivers_something_leaves_no_doubt(status: int) -> None:
    """Where the ingest API throttles a part of the requests, invocations go on to wait and share its rate."""
    it = world(answers(200, then=status), max_in_flight=1)
    it.deliver(single("1", "2"))
    assert it.settled["1"] is None
    assert it.settled["2"] is not None
    assert it.state.in_doubt_until == -math.inf


@pytest.mark.parametrize("status", [401, 404, 429])
def test_one_delivered_probe_ends_the_doubt(status: int) -> None:
    it = world(answers(then=status))
    it.deliver(single("before"))
    it.senders.api = answers()
    it.senders.sent.clear()
    it.deliver([a_batch(*many(500)), a_batch(*many(500, "f"))])
    assert it.reasons == {None: 1000}
    assert sorted(len(sent.logs) for sent in it.senders.sent) == [1, 499, 500]


def test_a_changed_key_is_used_at_once_in_doubt_too() -> None:
    it = world(accepting("new"), "key", "new")
    it.deliver(single("before"))
    assert it.reasons == {Reason.UNAUTHORIZED: 1}
    it.senders.work(30.0)
    it.deliver([a_batch(*many(500))])
    assert it.reasons == {None: 500}
    assert [len(sent.logs) for sent in it.senders.sent[1:] if sent.key == "key"] == [1]


def test_a_failure_that_passed_is_no_outage() -> None:
    it = world(answers(503))
    it.deliver(single("1"))
    assert it.state.in_doubt_until == -math.inf


def test_a_retry_after_holds_for_the_next_invocation_too() -> None:
    it = world(answers(200, Answer(429, retry_after=100.0)), max_in_flight=1)
    it.deliver(single("0", "1"))
    asked = it.senders.now()
    it.deliver(single("2"), seconds=50.0)
    assert it.requests == 0
    detail = "nothing was sent: an earlier Retry-After lasts longer than this invocation"
    assert it.settled == {"2": Failure(Reason.THROTTLED, None, detail)}
    assert it.senders.now() == asked
    it.deliver(single("3"), seconds=150.0)
    assert it.settled == {"3": None}
    assert it.senders.sent[-1].at == pytest.approx(asked + 100.0)


def test_no_invocation_waits_for_a_retry_after_if_nothing_was_delivered_before() -> None:
    it = world(answers(then=Answer(429, retry_after=90.0)))
    it.deliver(single("1"))
    for _ in range(3):
        asked, sent = it.senders.now(), len(it.senders.sent)
        it.senders.work(10.0)
        it.deliver(single("2"))
        detail = "nothing was sent: nothing was delivered before, and a Retry-After is not over"
        assert it.settled == {"2": Failure(Reason.THROTTLED, None, detail)}
        assert it.senders.now() == asked + 10.0
        it.senders.work(80.0)
        it.deliver([a_batch(*many(500))])
        assert [len(request.logs) for request in it.senders.sent[sent:]] == [1]


def test_a_request_left_by_an_earlier_invocation_is_ignored() -> None:
    it = world(answers(Answer(after=NEVER), Answer(200, after=0.5)), request_timeout=60.0)
    it.deliver(single("1"), seconds=5.0)
    it.deliver(single("2"))  # the abandoned request ends here
    assert it.settled == {"2": None}


def test_a_key_that_an_earlier_invocation_waited_for_is_ignored() -> None:
    it = world(accepting("new"), Key("late", after=20.0), Key("new", after=20.0), state=without_key())
    it.deliver(single("1"), seconds=10.0)
    assert it.reasons == {Reason.NO_KEY: 1}
    it.senders.work(60.0)
    it.deliver(single("2"))
    assert it.settled == {"2": None}
    assert [sent.key for sent in it.senders.sent] == ["new"]


def test_no_request_stays_under_way_when_making_batches_fails() -> None:
    def stream() -> Iterator[Batch]:
        yield from single("1", "2")
        raise RuntimeError("a bug")

    it = world(answers(200, Answer(after=5.0)), max_in_flight=2)
    with pytest.raises(RuntimeError, match="a bug"):
        it.deliver(stream())
    assert len(it.senders.sent) == 2
    assert not it.senders.under_way


# --- any sequence of answers ---

trouble = st.sampled_from([None, 302, 400, 401, 403, 404, 408, 413, 422, 425, 429, 500, 503])
statuses = st.just(200) | st.just(200) | trouble
durations = st.floats(0.01, 5.0) | st.floats(0.01, 40.0) | st.just(NEVER)
any_answer = st.builds(
    Answer,
    statuses,
    durations,
    st.none() | st.none() | st.floats(0, 200),
    status_after=st.just(NEVER) | st.floats(0.01, 20.0),
)
any_key = st.builds(
    Key, st.none() | st.sampled_from(["key", "k2", "k3"]), st.floats(0.01, 5.0) | st.just(NEVER)
)
sizes = st.lists(st.integers(1, 12), max_size=12)


@given(
    invocations=st.lists(st.tuples(sizes, st.floats(0.0, 100.0)), min_size=1, max_size=3),
    script=st.lists(any_answer, max_size=40),
    then=any_answer,
    fetched=st.lists(any_key, min_size=1, max_size=5),
    has_key=st.booleans(),
    max_in_flight=st.integers(1, 6),
    seed=st.integers(0, 100),
)
@example(
    invocations=[([1], 76.0)],
    script=[],
    then=Answer(200, 11.0),  # each request is abandoned and answered later
    fetched=[Key(None, NEVER)],
    has_key=True,
    max_in_flight=1,
    seed=0,
)
@settings(max_examples=400, deadline=None)
def test_every_log_is_settled_exactly_once_within_all_bounds(
    invocations: list[tuple[list[int], float]],
    script: list[Answer],
    then: Answer,
    fetched: list[Key],
    has_key: bool,
    max_in_flight: int,
    seed: int,
) -> None:
    accepted: set[str] = set()
    answer_next = answers(*script, then=then)

    def api(sent: Sent) -> Answer:
        answer = answer_next(sent)
        if answer.status == 200:
            accepted.update(sent.logs)
        return answer

    random = Random(seed)
    it = world(
        api,
        *fetched,
        state=EnvironmentState(byte_limit=MIB, key="key" if has_key else None),
        max_in_flight=max_in_flight,
    )
    it.rng = lambda: random.uniform(0.1, 1.0)
    for number, (batch_sizes, seconds) in enumerate(invocations):
        senders = it.senders
        sent_before, fetched_before, waits_before = len(senders.sent), len(senders.fetches), senders.waits
        stream = [a_batch(*many(size, f"i{number}b{position}e")) for position, size in enumerate(batch_sizes)]
        it.deliver(stream, seconds)  # ends in time, nothing settled twice, nothing left under way

        assert set(it.settled) == {event.id for b in stream for events in b.logs for event in events}
        assert {name for name, failure in it.settled.items() if failure is None} <= accepted
        assert senders.most_under_way <= max_in_flight
        requests, fetches = len(senders.sent) - sent_before, len(senders.fetches) - fetched_before
        assert requests == it.requests
        search = it.policy.max_search_requests
        resends = (len(stream) + search) * (1 + seconds // it.policy.key_refresh_interval)
        assert requests <= len(stream) + search + it.retries + resends
        assert it.retries <= (len(stream) + search) * (10 + seconds / 2)
        # Each wait ends with a request or fetch that was begun, or at the time that was waited for.
        assert senders.waits - waits_before <= 3 * (requests + fetches) + 3 * len(invocations) * max_in_flight
