"""The state in doubt: when probing ends, and with which log it goes on."""

import pytest
from loginformant_shipper.delivery.doubt import Doubt, take_probe
from loginformant_shipper.delivery.policy import Policy, Verdict
from loginformant_shipper.delivery.progress import Job, Progress
from loginformant_shipper.delivery.search import Search
from loginformant_shipper.failures import Failure, Reason

from tests.unit.sample_data import a_batch

DOWN = Failure(Reason.UNAVAILABLE, 503)
BAD_KEY = Failure(Reason.UNAUTHORIZED, 401)


def failed(
    doubt: Doubt, verdict: Verdict, failure: Failure, *, now: float = 0.0, timed_out: bool = False
) -> Failure | None:
    return doubt.probe_failed(verdict, failure, Policy(), now, lambda: 1.0, timed_out=timed_out)


def test_two_failed_probes_end_delivery_where_the_key_or_the_address_is_wrong() -> None:
    doubt = Doubt(BAD_KEY, Verdict.KEY_REFUSED, since=0)
    assert failed(doubt, Verdict.KEY_REFUSED, BAD_KEY) is None
    assert failed(doubt, Verdict.KEY_REFUSED, BAD_KEY) == BAD_KEY


def test_an_outage_is_probed_with_growing_pauses() -> None:
    doubt = Doubt(DOWN, Verdict.UNAVAILABLE, since=0)
    moments = []
    for _ in range(4):
        assert failed(doubt, Verdict.UNAVAILABLE, DOWN, now=100.0) is None
        moments.append(doubt.not_before)
    assert moments == [100.5, 101.0, 102.0, 104.0]


def test_another_kind_of_failure_counts_anew() -> None:
    doubt = Doubt(DOWN, Verdict.UNAVAILABLE, since=0)
    failed(doubt, Verdict.UNAVAILABLE, DOWN)
    assert failed(doubt, Verdict.KEY_REFUSED, BAD_KEY) is None
    assert (doubt.failure, doubt.failed_probes) == (BAD_KEY, 1)


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.TOO_LARGE])
def test_a_refused_log_does_not_change_the_kind(verdict: Verdict) -> None:
    doubt = Doubt(BAD_KEY, Verdict.KEY_REFUSED, since=0)
    failed(doubt, verdict, Failure(Reason.REJECTED, 400))
    assert (doubt.failure, doubt.verdict) == (BAD_KEY, Verdict.KEY_REFUSED)


def test_a_remembered_outage_is_asked_about_twice_and_once_after_a_timeout() -> None:
    doubt = Doubt(None, Verdict.UNAVAILABLE, since=0)
    assert doubt.is_remembered
    assert failed(doubt, Verdict.UNAVAILABLE, DOWN) is None
    assert failed(doubt, Verdict.UNAVAILABLE, DOWN) == DOWN
    assert failed(Doubt(None, Verdict.UNAVAILABLE, 0), Verdict.UNAVAILABLE, DOWN, timed_out=True) == DOWN


# --- with which log ---


def job(*names: str, **more: object) -> Job:
    return Job(a_batch(*names), **more)  # type: ignore[arg-type]


def names(probe: Job | None) -> list[str]:
    assert probe is not None
    return [event.id for events in probe.batch.logs for event in events]


def probe_of(
    progress: Progress, *, failed_probes: int = 0, verdict: Verdict = Verdict.KEY_REFUSED
) -> Job | None:
    doubt = Doubt(BAD_KEY, verdict, since=0, failed_probes=failed_probes)
    return take_probe(progress, doubt, lambda number: number - 1)


def failing(*names: str, alone: bool = False, failures: int = 0) -> Job:
    return job(*names, trouble=BAD_KEY, failed_alone=alone, failures=failures)


def test_a_log_of_another_batch_comes_first() -> None:
    progress = Progress(waiting=[job("1", "2")], held=[failing("3", "4")], reserve=[job("5")])
    assert names(probe_of(progress)) == ["2"]
    assert names(progress.waiting[0]) == ["1"]


def test_every_second_probe_is_of_the_batch_that_failed() -> None:
    progress = Progress(waiting=[job("1", "2")], held=[failing("3", "4")])
    assert names(probe_of(progress, failed_probes=1)) == ["4"]


def test_the_reserve_comes_before_larger_parts() -> None:
    progress = Progress(held=[failing("3", "4")], reserve=[job("5")])
    assert names(probe_of(progress)) == ["5"]
    assert progress.reserve == []


def test_a_larger_part_comes_before_a_smaller_one() -> None:
    progress = Progress(held=[failing("1", "2"), failing(*"3456789")])
    assert names(probe_of(progress)) == ["9"]


def test_a_log_that_is_taken_from_a_search_remains_a_part_of_it() -> None:
    search = Search()
    part = search.keep_back(a_batch("1", "2"))
    held = Job(part.batch, search, part, trouble=BAD_KEY)
    probe = probe_of(Progress(held=[held]))
    assert probe is not None
    assert probe.search is search
    assert search.under_way == 2
    assert part.batch is held.batch
    assert names(held) == ["1"]


def test_a_single_log_is_taken_as_it_is() -> None:
    progress = Progress(waiting=[failing("1"), failing("2")])
    assert names(probe_of(progress)) == ["2"]
    assert [names(each) for each in progress.waiting] == [["1"]]


@pytest.mark.parametrize(
    ("held", "verdict", "is_asked_again"),
    [
        (failing("1"), Verdict.KEY_REFUSED, True),
        (failing("1", alone=True), Verdict.KEY_REFUSED, False),
        (failing("1", alone=True), Verdict.UNAVAILABLE, True),
        (failing("1", alone=True, failures=1), Verdict.UNAVAILABLE, False),
    ],
)
def test_what_failed_alone_is_asked_again_only_in_an_outage(
    held: Job, verdict: Verdict, is_asked_again: bool
) -> None:
    progress = Progress(held=[held])
    assert probe_of(progress, verdict=verdict) is (held if is_asked_again else None)
    assert progress.held == ([] if is_asked_again else [held])


def test_there_may_be_no_log() -> None:
    assert probe_of(Progress()) is None
