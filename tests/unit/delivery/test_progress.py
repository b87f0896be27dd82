"""Jobs, and what counts as evidence that the ingest API works."""

import pytest
from loginformant_shipper.delivery.progress import Job, Progress, Success
from loginformant_shipper.delivery.search import Part, Search
from loginformant_shipper.failures import Failure, Reason

from tests.unit.sample_data import a_batch

REFUSED = Failure(Reason.UNAUTHORIZED, 403)


def failed_job(*, after: int = 5, key: str = "key") -> Job:
    return Job(a_batch("1"), trouble=REFUSED, failed_after=after, key=key)


@pytest.mark.parametrize(
    ("success", "is_evidence"),
    [
        (Success(), False),
        (Success(6, "key"), True),
        (Success(5, "key"), False),
        (Success(6, "another key"), False),
    ],
)
def test_only_a_later_request_with_the_same_key_is_evidence(success: Success, is_evidence: bool) -> None:
    assert Progress(success=success).has_evidence(failed_job()) is is_evidence


def test_a_job_that_has_not_failed_needs_no_evidence() -> None:
    assert not Progress(success=Success(6, "key")).has_evidence(Job(a_batch("1"), key="key"))


def test_a_log_that_failed_alone_is_bad_once_its_failure_is_proven() -> None:
    together, alone = failed_job(), failed_job()
    alone.failed_alone = True
    for job in (together, alone):
        assert not job.is_suspect
        job.count_failure()
    assert (together.failures, together.is_bad, together.is_suspect) == (1, False, True)
    assert (alone.failures, alone.is_bad) == (1, True)


def test_a_job_is_fresh_until_it_has_failed() -> None:
    assert Job(a_batch("1", "2")).is_fresh
    assert not failed_job().is_fresh
    assert not Job(a_batch("1"), failures=1).is_fresh
    search = Search()
    assert not Job(a_batch("1", "2"), search, Part(a_batch("1", "2"))).is_fresh
    assert Job(a_batch("1"), search, Part(a_batch("1"))).is_fresh, "a single log that was kept back"


def test_a_settled_job_keeps_no_body() -> None:
    progress = Progress()
    progress.settle(Job(a_batch("1")), REFUSED)
    [settled] = progress.settled
    assert (settled.batch.body, settled.failure, settled.is_narrowed, settled.was_sent) == (
        b"",
        REFUSED,
        False,
        True,
    )


def test_a_part_whose_time_was_up_leaves_its_search() -> None:
    search, progress = Search(), Progress()
    part = search.keep_back(a_batch("1"))
    assert not search.is_over
    progress.settle(Job(part.batch, search, part), Failure(Reason.OUT_OF_TIME))
    assert search.is_over
    assert not search.was_size


def test_the_first_reason_to_give_up_stays() -> None:
    progress = Progress()
    progress.give_up(REFUSED)
    progress.give_up(Failure(Reason.OUT_OF_TIME))
    assert progress.given_up == REFUSED


@pytest.mark.parametrize("where", ["waiting", "held", "reserve"])
def test_delivery_is_over_when_no_job_is_left(where: str) -> None:
    progress = Progress()
    assert progress.is_over
    getattr(progress, where).append(Job(a_batch("1")))
    assert not progress.is_over
    assert not Progress(under_way={1: Job(a_batch("1"))}).is_over
