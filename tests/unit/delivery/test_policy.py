import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.delivery.policy import Policy, Verdict, is_outage, is_refused_by_proxy, judge

EXCEPTIONS = {
    400: Verdict.REFUSED,
    413: Verdict.TOO_LARGE,
    422: Verdict.REFUSED,
    401: Verdict.KEY_REFUSED,
    403: Verdict.KEY_REFUSED,
    408: Verdict.PATIENCE,
    425: Verdict.PATIENCE,
    429: Verdict.PATIENCE,
    None: Verdict.UNAVAILABLE,
}
BY_CLASS = {
    1: Verdict.UNAVAILABLE,
    2: Verdict.DELIVERED,
    3: Verdict.MISCONFIGURED,
    4: Verdict.MISCONFIGURED,
    5: Verdict.UNAVAILABLE,
    6: Verdict.UNAVAILABLE,
    9: Verdict.UNAVAILABLE,
}


@pytest.mark.parametrize(("status", "verdict"), EXCEPTIONS.items())
def test_each_documented_status_has_its_own_outcome(status: int | None, verdict: Verdict) -> None:
    assert judge(status) is verdict


@pytest.mark.parametrize("status_class", BY_CLASS)
def test_all_other_statuses_have_the_outcome_of_their_class(status_class: int) -> None:
    for status in range(status_class * 100, status_class * 100 + 100):
        if status not in EXCEPTIONS:
            assert judge(status) is BY_CLASS[status_class], status


def test_a_retry_after_makes_only_a_503_a_request_to_wait() -> None:
    for status in range(100, 1000):
        assert judge(status, 1.0) is (Verdict.PATIENCE if status == 503 else judge(status)), status


def test_a_success_counts_only_if_the_ingest_api_itself_answered() -> None:
    for status in range(200, 300):
        assert judge(status, is_foreign=True) is Verdict.MISCONFIGURED, status


def test_an_error_in_place_of_an_answer_may_have_a_cause_that_waiting_does_not_remove() -> None:
    assert judge(None, is_foreign=True) is Verdict.MISCONFIGURED


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(302, True), (403, True), (407, True), (408, False), (429, False), (502, False), (503, False)],
)
def test_a_proxy_refuses_permanently_with_a_4xx_that_does_not_ask_to_wait(
    status: int, permanent: bool
) -> None:
    assert is_refused_by_proxy(status) is permanent


def test_an_error_has_the_same_outcome_whoever_answered() -> None:
    for status in range(300, 1000):
        assert judge(status, is_foreign=True) is judge(status), status


@pytest.mark.parametrize(
    ("status", "outage"), [(None, True), (500, True), (503, True), (408, False), (429, False)]
)
def test_only_missing_answers_and_server_errors_are_an_outage(status: int | None, outage: bool) -> None:
    assert is_outage(status) is outage


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_wait_is_never_longer_than_the_cap(retry: int, rng: float) -> None:
    assert 0 <= Policy().backoff(retry, rng) <= 20


def test_the_longest_wait_doubles_up_to_the_cap() -> None:
    longest = [Policy().backoff(retry, 1.0) for retry in range(1, 9)]
    assert longest == [0.5, 1, 2, 4, 8, 16, 20, 20]


def test_full_jitter_takes_any_time_from_zero_to_the_longest_wait() -> None:
    assert [Policy().backoff(4, rng) for rng in (0.0, 0.25, 1.0)] == [0, 1, 4]


@pytest.mark.parametrize(
    ("before", "after"), [(math.inf, 4.0), (8.0, 4.0), (3.0, 1.5), (1.5, 1.0), (1.0, 1.0), (64.0, 4.0)]
)
def test_throttling_halves_the_number_of_requests_under_way(before: float, after: float) -> None:
    assert Policy(max_in_flight=8).fewer_in_flight(before) == after


def test_a_round_of_successes_allows_one_more_request_up_to_the_limit() -> None:
    policy, in_flight = Policy(max_in_flight=4), 1.0
    rounds = []
    for _ in range(6):
        rounds.append(policy.slots(in_flight))
        for _ in range(policy.slots(in_flight)):
            in_flight = policy.more_in_flight(in_flight)
    assert rounds == sorted(rounds)
    assert all(after - before <= 1 for before, after in pairwise(rounds))
    assert rounds[-1] == 4
    assert policy.more_in_flight(math.inf) == 4
