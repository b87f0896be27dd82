"""While the ingest API accepts nothing, an invocation sends a single log first and does not wait."""

import pytest

from local.faults import Fault, Manner
from tests.integration.accounting import Stack
from tests.integration.payloads import JsonObject, log_events, subscription_event

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")
FIVE_BATCHES = 50


def five_batches() -> JsonObject:
    return subscription_event(log_events(FIVE_BATCHES))


def end_unavailable(stack: Stack) -> None:
    stack.api.fault(Fault(status=503, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(1)), seconds=10)
    assert shipment.by_reason() == {"unavailable": 1}
    stack.senders.slept = 0


def test_the_next_invocation_in_an_outage_sends_two_single_logs(stack: Stack) -> None:
    end_unavailable(stack)
    for _ in range(3):
        shipment = stack.ship_and_account(five_batches())
        assert shipment.counts() == (0, FIVE_BATCHES, 2)
        assert shipment.by_reason() == {"unavailable": FIVE_BATCHES}
    assert stack.senders.slept == 0


def test_everything_is_sent_once_a_single_log_is_accepted(stack: Stack) -> None:
    end_unavailable(stack)
    stack.api.heal()
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 6)


def test_a_broken_kept_alive_connection_after_an_outage_loses_nothing(stack: Stack) -> None:
    end_unavailable(stack)
    stack.api.heal()
    stack.api.fault(Fault(manner=Manner.RESET))
    shipment = stack.ship_and_account(five_batches())
    assert shipment.counts()[:2] == (FIVE_BATCHES, 0)
    assert shipment.statuses().count(200) == shipment.counts()[2] - 1


def test_failures_are_retried_again_after_an_outage(stack: Stack) -> None:
    end_unavailable(stack)
    stack.api.heal()
    stack.ship_and_account(five_batches())
    stack.api.fault(Fault(status=503, times=3))
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 8)


def test_failures_are_retried_after_the_first_success(stack: Stack) -> None:
    end_unavailable(stack)
    stack.api.heal()
    stack.api.fault(Fault(status=503, skip=1, times=2))
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 8)


def test_an_outage_is_forgotten_after_60_seconds(stack: Stack) -> None:
    end_unavailable(stack)
    stack.senders.leap(60)
    stack.api.heal()
    stack.api.fault(Fault(status=503, times=2))
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 7)


def test_a_key_refused_during_an_outage_is_refused_with_single_logs(stack: Stack) -> None:
    end_unavailable(stack)
    stack.api.heal()
    stack.api.fault(Fault(status=401, times=EVER))
    shipment = stack.ship_and_account(five_batches())
    assert shipment.by_reason() == {"unauthorized": FIVE_BATCHES}
    assert shipment.counts() == (0, FIVE_BATCHES, 3)
    stack.api.heal()
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 6)


@pytest.mark.parametrize(("status", "requests"), [(401, 3), (403, 3), (404, 3), (408, 1), (425, 1), (429, 1)])
def test_an_invocation_sends_single_logs_while_nothing_is_accepted(
    stack: Stack, status: int, requests: int
) -> None:
    stack.api.fault(Fault(status=status, times=EVER))
    stack.ship_and_account(five_batches(), seconds=10)
    stack.senders.slept = 0
    for _ in range(3):
        shipment = stack.ship_and_account(five_batches())
        assert shipment.counts() == (0, FIVE_BATCHES, requests)
        assert {len(request.logs) for request in shipment.requests} == {1}
    assert stack.senders.slept == 0
    stack.api.heal()
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 6)


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_log_is_no_outage(stack: Stack, status: int) -> None:
    """An API that gives such an answer is up."""
    stack.api.fault(Fault(status=status, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(1)), seconds=10)
    assert shipment.counts()[:2] == (0, 1)
    stack.senders.leap(30)
    stack.api.heal()
    stack.api.fault(Fault(status=503, times=2))
    shipment = stack.ship_and_account(five_batches())
    assert shipment.counts()[:2] == (FIVE_BATCHES, 0)
    assert [len(request.logs) for request in shipment.requests[:2]] == [10, 10], "nobody asks first"


def test_an_invocation_that_recovered_records_no_outage(stack: Stack) -> None:
    stack.api.fault(Fault(status=503, times=2))
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 7)
    stack.api.fault(Fault(status=503, times=2))
    assert stack.ship_and_account(five_batches()).counts() == (FIVE_BATCHES, 0, 7)
