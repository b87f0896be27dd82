"""When the API key is read again, and what its value means."""

import math

import pytest
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.key_refresh import KeyRefresh
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.failures import Failure, Reason

REFUSED = Failure(Reason.UNAUTHORIZED, 401, "bad key")


def refresh(
    key: str | None = "old", *, key_refreshed_at: float = -math.inf, no_key_until: float = -math.inf
) -> KeyRefresh:
    state = EnvironmentState(
        byte_limit=1, key=key, key_refreshed_at=key_refreshed_at, no_key_until=no_key_until
    )
    return KeyRefresh(state, Policy())


def test_an_environment_without_a_key_reads_it_at_once() -> None:
    it = refresh(None)
    assert not it.is_usable
    assert it.is_due(now=0.0)
    it.ticket = 1
    assert not it.is_due(now=0.0), "one attempt at a time"
    assert it.succeeded("new", now=1.0) == (False, True)
    assert it.is_usable
    assert it.state.key == "new"


def test_a_refused_key_is_read_again_and_is_not_used_meanwhile() -> None:
    it = refresh()
    assert it.reads_again("old", REFUSED, now=100.0)
    assert not it.is_usable
    assert it.succeeded("new", now=101.0) == (False, True)
    assert it.is_usable
    assert it.state.key_refreshed_at == 101.0


def test_the_same_key_again_is_known_to_be_refused() -> None:
    it = refresh()
    it.reads_again("old", REFUSED, now=100.0)
    assert it.succeeded("old", now=101.0) == (True, False)
    assert it.is_usable


@pytest.mark.parametrize(
    ("it", "now", "reads_again"),
    [
        (refresh(key_refreshed_at=100.0), 129.9, False),
        (refresh(key_refreshed_at=100.0), 130.0, True),
        (refresh(no_key_until=50.0), 49.9, False),
        (refresh(no_key_until=50.0), 50.0, True),
    ],
)
def test_a_key_is_not_read_again_shortly_after(it: KeyRefresh, now: float, reads_again: bool) -> None:
    assert it.reads_again("old", REFUSED, now) is reads_again


def test_a_request_with_an_older_key_is_only_retried() -> None:
    it = refresh("new", key_refreshed_at=100.0)
    assert it.reads_again("old", REFUSED, now=101.0)
    assert it.is_usable


def test_attempts_end_and_wait_for_a_backoff() -> None:
    it = refresh(None)
    allowed = [it.failed("secret not found", now=10.0, random_number=1.0) for _ in range(4)]
    assert allowed == [True, True, True, False]
    assert it.not_before == 10.0 + it.policy.backoff(4, 1.0)
    assert not it.is_due(now=it.not_before - 0.01)
    assert it.is_due(now=it.not_before)


def test_one_attempt_is_enough_after_an_invocation_without_a_key() -> None:
    it = refresh(None)
    it.state.no_key_detail = "secret not found"
    assert not it.failed("secret not found", now=10.0, random_number=0.0)


# --- what is told ---


def test_what_is_missing_names_the_refusal_or_why_there_is_no_key() -> None:
    assert refresh().what_is_missing() is None
    assert refresh(None).what_is_missing() is None, "it was not asked for"
    it = refresh(None)
    it.ticket = 1
    assert it.what_is_missing() == Failure(Reason.NO_KEY, None, "the API key was not read in time")
    it.failed("secret not found", 0.0, 0.0)
    assert it.what_is_missing() == Failure(Reason.NO_KEY, None, "secret not found")
    refused = refresh()
    refused.reads_again("old", REFUSED, 0.0)
    assert refused.what_is_missing() == REFUSED
    refused.failed("secret not found", 0.0, 0.0)
    assert refused.what_is_missing() == REFUSED._replace(
        detail="bad key; the key could not be read again: secret not found"
    )


def test_the_next_invocations_do_not_read_a_key_that_could_not_be_read() -> None:
    it = refresh(None)
    it.failed("secret not found", 0.0, 0.0)
    it.remember(now=10.0)
    assert (it.state.no_key_until, it.state.no_key_detail) == (
        10.0 + it.policy.key_memory,
        "secret not found",
    )
    it.succeeded("new", now=80.0)
    assert (it.state.no_key_until, it.state.no_key_detail) == (-math.inf, "")


def test_nothing_is_remembered_while_there_is_a_key() -> None:
    it = refresh()
    it.remember(now=10.0)
    assert it.state.no_key_until == -math.inf
