"""All searches of an invocation: their limits, the reserve, and how they end."""

from dataclasses import replace

import pytest
from loginformant_shipper.delivery.batching import Batch
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy, Verdict
from loginformant_shipper.delivery.progress import Job, Progress, Success
from loginformant_shipper.delivery.searches import Searches
from loginformant_shipper.failures import Failure, Reason

from tests.unit.sample_data import a_batch

FAILED = Failure(Reason.UNAUTHORIZED, 403, "forbidden")


def searches(**policy: int) -> Searches:
    state = EnvironmentState(byte_limit=1024 * 1024)
    return Searches(Progress(), state, replace(Policy(), **policy), lambda number: number - 1)


def begun(it: Searches, batch: Batch, verdict: Verdict = Verdict.REFUSED) -> None:
    it.begin(batch, 1, FAILED, verdict, failed_after=3)


def names(batch: Batch) -> list[str]:
    return [event.id for events in batch.logs for event in events]


def test_the_first_half_waits_before_new_batches() -> None:
    it = searches()
    it.progress.waiting.append(Job(a_batch("new")))
    begun(it, a_batch("1", "2", "3", "4"))
    it.take_parts()
    assert [names(job.batch) for job in it.progress.waiting] == [["1", "2"], ["new"]]
    it.take_parts()
    assert len(it.progress.waiting) == 2, "one part of a search at a time"


@pytest.mark.parametrize(
    ("verdict", "kept_back"),
    [(Verdict.REFUSED, 0), (Verdict.TOO_LARGE, 0), (Verdict.KEY_REFUSED, 3), (Verdict.UNAVAILABLE, 2)],
)
def test_logs_are_kept_back_where_the_answer_may_have_another_cause(verdict: Verdict, kept_back: int) -> None:
    it = searches()
    begun(it, a_batch(*"123456789"), verdict)
    assert [names(job.batch) for job in it.progress.reserve] == [["9"], ["8"], ["7"]][:kept_back]


def test_two_logs_stay_together() -> None:
    it = searches()
    begun(it, a_batch("1", "2", "3"), Verdict.KEY_REFUSED)
    assert len(it.progress.reserve) == 1


def test_the_reserve_of_a_search_is_sent_in_one_request() -> None:
    it = searches()
    begun(it, a_batch(*"123456789"), Verdict.KEY_REFUSED)
    it.progress.reserve.append(Job(a_batch("alone")))
    it.send_reserve_together()
    assert sorted(sorted(names(job.batch)) for job in it.progress.waiting) == [["7", "8", "9"], ["alone"]]
    assert it.progress.reserve == []


# --- limits ---


def test_requests_are_limited() -> None:
    it = searches(max_search_requests=1)
    begun(it, a_batch("1", "2"))
    begun(it, a_batch("3", "4"))
    it.take_parts()
    assert len(it.progress.waiting) == 1
    assert not it.may_go_on()


@pytest.mark.parametrize("limit", [1, 4])
def test_searching_ends_where_each_log_is_refused_and_none_delivered(limit: int) -> None:
    it = searches(max_refused_without_success=limit)
    for number in range(limit):
        assert it.may_go_on()
        it.count_refused(Job(a_batch(str(number))))
    assert not it.may_go_on()
    it.delivered(Job(a_batch("good")))
    assert it.may_go_on()


def test_a_log_that_is_refused_after_a_success_says_nothing_of_others() -> None:
    it = searches(max_refused_without_success=1)
    it.progress.success = Success(4, "key")
    it.count_refused(Job(a_batch("1")))
    assert it.may_go_on()


def test_nothing_is_searched_after_delivery_was_given_up() -> None:
    it = searches()
    it.progress.give_up(FAILED)
    assert not it.may_go_on()


# --- ending ---


@pytest.mark.parametrize(("success", "is_narrowed"), [(Success(), False), (Success(4, "key"), True)])
def test_what_was_not_tried_is_undetermined_and_known_to_be_bad_only_with_evidence(
    success: Success, is_narrowed: bool
) -> None:
    it = searches()
    it.progress.success = success
    begun(it, a_batch("1", "2"))
    it.give_back_all()
    [settled] = it.progress.settled
    assert settled.failure == FAILED._replace(reason=Reason.UNDETERMINED)
    assert settled.is_narrowed is is_narrowed
    assert settled.batch.body == b""


def test_a_request_to_wait_stops_all_searches_and_keeps_other_batches() -> None:
    it = searches()
    begun(it, a_batch("1", "2", "3", "4"))
    it.take_parts()
    it.progress.waiting.append(Job(a_batch("new")))
    it.stop()
    assert [names(job.batch) for job in it.progress.waiting] == [["new"]]
    assert sorted(name for each in it.progress.settled for name in names(each.batch)) == ["1", "2", "3", "4"]
    assert not it.may_go_on()


def test_a_size_that_was_refused_halves_the_limit() -> None:
    it = searches(smallest_byte_limit=1)
    batch = a_batch("1", "2")
    begun(it, batch, Verdict.TOO_LARGE)
    for _ in range(2):
        it.take_parts()
        it.delivered(it.progress.waiting.pop())
    it.take_parts()
    assert it.state.byte_limit == len(batch.body) // 2
    assert not it.progress.settled


def test_a_size_that_was_delivered_before_is_not_the_cause() -> None:
    it = searches(smallest_byte_limit=1)
    batch = a_batch("1", "2")
    it.state.largest_delivered = len(batch.body)
    begun(it, batch, Verdict.TOO_LARGE)
    for _ in range(2):
        it.take_parts()
        it.delivered(it.progress.waiting.pop())
    it.take_parts()
    assert it.state.byte_limit == 1024 * 1024
