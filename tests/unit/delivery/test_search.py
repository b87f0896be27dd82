"""The specification of the search for bad logs: the numbered rules of `delivery.search`, one by one."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.delivery.batching import Batch
from loginformant_shipper.delivery.search import Part, Search

from tests.unit.sample_data import a_batch


def first_place(_: int) -> int:
    return 0


def never(logs: int) -> int:
    raise AssertionError(f"one of {logs} logs is drawn")


def names(batch: Batch) -> list[str]:
    return [event.id for events in batch.logs for event in events]


def search_of(*identifiers: str, failures: int = 1, infers: bool = True) -> Search:
    search = Search(infers=infers)
    search.add(Part(a_batch(*identifiers), failures, is_bad=True))
    return search


def tried(search: Search, draw: Callable[[int], int] = never) -> tuple[Part, list[str]]:
    part = search.next_part(draw)
    assert part is not None
    return part, names(part.batch)


# --- 1. A bad part of several logs is cut in two, and its first half is tried ---


def test_the_first_half_of_a_bad_part_is_sent_and_never_the_whole() -> None:
    search = search_of("1", "2", "3", "4")
    assert tried(search)[1] == ["1", "2"]
    assert [names(part.batch) for part in search.pending] == [["3", "4"]]


def test_a_part_is_sent_whole_while_nothing_is_known_of_it() -> None:
    search = Search()
    search.add(Part(a_batch("1", "2", "3")))
    assert tried(search)[1] == ["1", "2", "3"]


def test_halves_inherit_how_often_the_whole_has_failed() -> None:
    search = search_of("1", "2", failures=2)
    first, _ = tried(search)
    assert (first.failures, search.pending[0].failures) == (2, 2)


# --- 2. The first half passes: then the second one is bad ---


def test_the_second_half_is_cut_without_a_request_after_the_first_passes() -> None:
    search = search_of("1", "2", "3", "4")
    first, _ = tried(search)
    search.passed(first)
    assert tried(search)[1] == ["3"]


def test_the_second_half_is_tried_whole_after_a_refusal_of_the_size() -> None:
    search = search_of("1", "2", "3", "4", infers=False)
    first, _ = tried(search)
    search.passed(first)
    assert tried(search)[1] == ["3", "4"]


# --- 3. The first half fails: it is bad, and nothing is known of the second one ---


def test_a_first_half_that_fails_is_cut_and_the_second_is_tried_whole_later() -> None:
    search = search_of("1", "2", "3", "4")
    first, _ = tried(search)
    search.failed(first, failures=2)
    one, sent = tried(search)
    assert sent == ["1"]
    assert one.failures == 2
    search.passed(one)
    _, sent = tried(search)
    assert sent == ["2"]
    search.refused()
    assert tried(search)[1] == ["3", "4"], "something has passed: no log is drawn"


# --- 4. One log is judged by its own request only ---


def test_the_last_log_is_tried_although_it_must_be_the_bad_one() -> None:
    search = search_of("1", "2")
    first, _ = tried(search)
    search.passed(first)
    last, sent = tried(search)
    assert (sent, last.is_bad) == (["2"], True)
    search.passed(last)
    assert search.is_over
    assert search.was_size, "all passed one by one"


# --- 5. While nothing has passed, any one log is tried after a log that was refused alone ---


def test_a_random_log_of_the_largest_part_is_drawn_after_a_refusal_without_a_success() -> None:
    search = search_of(*"12345678")
    for _ in range(3):  # 1234, 12, 1
        part, _ = tried(search)
        if len(part.batch.logs) > 1:
            search.failed(part, failures=1)
    search.refused()
    drawn: list[int] = []

    def draw(logs: int) -> int:
        drawn.append(logs)
        return logs - 1

    alone, sent = tried(search, draw)
    assert (sent, drawn) == (["8"], [4])
    search.passed(alone)
    assert tried(search)[1] == ["2"]


def test_a_part_of_one_log_waits_no_longer_once_it_is_drawn() -> None:
    search = search_of("1", "2")
    tried(search)
    search.refused()
    assert tried(search)[1] == ["2"]
    assert search.next_part(never) is None


# --- 6. Logs without a verdict are given back with what is known of them ---


def test_untried_logs_are_given_back_in_order_with_what_is_known_of_them() -> None:
    search = search_of(*"12345678")
    first, _ = tried(search)
    search.passed(first)
    second, sent = tried(search)
    assert sent == ["5", "6"]
    search.failed(second, failures=1)
    rest = search.give_back()
    assert [(names(part.batch), part.is_bad) for part in rest] == [(["5", "6"], True), (["7", "8"], False)]
    assert search.is_over
    assert not search.was_size


def test_a_part_that_ends_without_a_verdict_is_settled_and_the_size_was_not_refused() -> None:
    search = search_of("1", "2")
    first, _ = tried(search)
    search.unfinished()
    second, _ = tried(search)
    search.passed(second)
    assert (search.is_over, search.was_size) == (True, False)
    assert first.batch.logs


# --- logs that are kept back ---


def test_a_search_is_not_over_while_a_log_is_kept_back() -> None:
    search = search_of("1", "2")
    kept = search.keep_back(a_batch("3"))
    for _ in range(2):
        search.passed(tried(search)[0])
    assert not search.is_over
    search.passed(kept)
    assert search.is_over


def test_logs_that_were_kept_back_one_by_one_can_be_merged() -> None:
    search = Search()
    search.keep_back(a_batch("1"))
    search.keep_back(a_batch("2"))
    together = search.put_together(a_batch("1", "2"), 2)
    search.failed(together, failures=3)
    assert tried(search)[1] == ["1"]


# --- the size that may have been refused ---


def test_the_refused_size_is_that_of_the_smallest_part_that_failed_if_all_that_passed_are_smaller() -> None:
    search = search_of("1", "2", "3", "4", "5", "6", "7", "8")
    assert search.refused_size is None, "nothing is known yet"
    half, _ = tried(search)
    search.failed(half, 1)
    assert search.refused_size is None, "nothing was accepted"
    quarter, _ = tried(search)
    search.passed(quarter)
    assert search.refused_size == len(half.batch.body)


def test_no_size_was_refused_if_a_larger_part_was_accepted() -> None:
    search = search_of("1", "2", "3", "4", "5", "6", "7", "8", infers=False)
    half, _ = tried(search)
    search.failed(half, 1)
    quarter, _ = tried(search)
    search.failed(quarter, 1)
    one, _ = tried(search)
    search.passed(one)
    assert search.refused_size == len(quarter.batch.body)
    search.passed(tried(search)[0])
    other_quarter, _ = tried(search)
    search.passed(other_quarter)
    assert search.refused_size is None


def test_no_size_was_refused_if_a_bad_log_was_found() -> None:
    search = search_of("1", "2", "3", "4")
    half, _ = tried(search)
    search.failed(half, 1)
    one, _ = tried(search)
    search.passed(one)
    assert search.refused_size is not None
    tried(search)
    search.refused()
    assert search.refused_size is None


# --- whole searches ---


@pytest.mark.parametrize("logs", [1, 2, 3, 500])
@pytest.mark.parametrize("infers", [True, False])
def test_one_bad_log_costs_at_most_two_requests_for_each_halving(logs: int, infers: bool) -> None:
    everything = [f"e{number}" for number in range(logs)]
    for bad in {everything[0], everything[logs // 3], everything[-1]}:
        accepted, refused, requests = _run({bad}, everything, infers, 0)
        assert accepted == Counter(set(everything) - {bad})
        assert refused == Counter([bad])
        assert requests <= max(1, 2 * (logs - 1).bit_length())


@given(st.integers(1, 40), st.sets(st.integers(0, 39), min_size=1), st.booleans(), st.integers(0, 7))
def test_every_log_is_accepted_or_refused_once(logs: int, bad: set[int], infers: bool, draw: int) -> None:
    everything = [f"e{number}" for number in range(logs)]
    bad_ones = {f"e{number % logs}" for number in bad}
    accepted, refused, requests = _run(bad_ones, everything, infers, draw)
    assert accepted == Counter(set(everything) - bad_ones)
    assert refused == Counter(bad_ones)
    assert requests <= 2 * logs


def _run(
    bad: set[str], everything: list[str], infers: bool, drawn: int
) -> tuple[Counter[str], Counter[str], int]:
    """Search to the end; the ingest API refuses each request with a bad log."""
    search = search_of(*everything, infers=infers)
    accepted, refused = Counter[str](), Counter[str]()
    requests = 0
    while not search.is_over:
        part, sent = tried(search, lambda count: drawn % count)
        requests += 1
        if bad.isdisjoint(sent):
            accepted.update(sent)
            search.passed(part)
        elif len(sent) > 1:
            search.failed(part, failures=1)
        else:
            refused.update(sent)
            search.refused()
    return accepted, refused, requests
