"""Retry-After, in seconds and as a date, delays all requests as long as there is time to wait."""

import math
import random
import time
from itertools import product

import pytest
from loginformant_shipper.delivery.policy import Policy

from local.faults import Fault
from local.ingest_api import Request
from tests.integration.accounting import Stack
from tests.integration.conftest import MakeStack, OnRequest
from tests.integration.payloads import log_event, log_events, subscription_event

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")
WRONG_CLOCK = "Mon, 01 Jan 2001 00:00:00 GMT"

SEVEN_SECONDS = {
    "seconds": {"Retry-After": "7"},
    "seconds with white space": {"Retry-After": "  7 "},
    "a date, by the clock of the answer": {
        "Retry-After": "Mon, 01 Jan 2001 00:00:07 GMT",
        "Date": WRONG_CLOCK,
    },
    "a date with an offset": {"Retry-After": "Mon, 01 Jan 2001 01:00:07 +0100", "Date": WRONG_CLOCK},
}
NOTHING_USABLE = {
    "empty": {"Retry-After": ""},
    "negative": {"Retry-After": "-5"},
    "signed": {"Retry-After": "+30"},
    "a fraction": {"Retry-After": "30.5"},
    "words": {"Retry-After": "in a while"},
    "a superscript": {"Retry-After": "\u00b2"},
    "hexadecimal": {"Retry-After": "0x1e"},
    "a list": {"Retry-After": "30, 60"},
    "a date that is past": {"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"},
    "a date, but the answer has none": {"Retry-After": "Mon, 01 Jan 2099 00:00:07 GMT", "Date": ""},
    "a date without an offset": {"Retry-After": "Mon, 01 Jan 2001 00:00:07", "Date": WRONG_CLOCK},
    "a date that is none": {"Retry-After": "Mon, 32 Foo 2001 00:00:07 GMT"},
    "a date in no calendar": {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:07 GMT"},
    "a date with an offset beyond numbers": {
        "Retry-After": "Mon, 01 Jan 2099 00:00:07 +99999999999999999999"
    },
}


@pytest.mark.parametrize(
    ("form", "status"), [*product(SEVEN_SECONDS, [429]), *product(["seconds"], [408, 425, 503])]
)
def test_no_request_starts_before_retry_after_is_over(make_stack: MakeStack, form: str, status: int) -> None:
    stack = make_stack(policy=Policy(max_in_flight=1))
    stack.api.fault(Fault(status=status, headers=SEVEN_SECONDS[form]))
    shipment = stack.ship_and_account(subscription_event(log_events(40)))
    assert shipment.counts() == (40, 0, 5)
    first, *later = stack.senders.starts
    assert min(later) - first >= 7
    assert stack.senders.slept >= 6


def test_retry_after_applies_to_all_requests_of_the_invocation(
    make_stack: MakeStack, on_request: OnRequest
) -> None:
    """Requests in flight finish, and no new request starts."""
    stack = make_stack(policy=Policy(max_in_flight=2))
    memory = stack.environment.state

    def hold_the_second(request: Request) -> None:
        while request.number == 1 and memory.resume_at == -math.inf:
            time.sleep(0.005)

    on_request.append(hold_the_second)
    stack.api.fault(Fault(status=429, headers={"Retry-After": "30"}))
    shipment = stack.ship_and_account(subscription_event(log_events(60)))
    assert shipment.counts() == (60, 0, 7)
    assert shipment.statuses() == [429] + 6 * [200]
    first, second, *later = stack.senders.starts
    assert len(later) == 5
    assert min(later) >= first + 30 > second


@pytest.mark.parametrize("case", NOTHING_USABLE)
def test_an_invalid_retry_after_is_ignored(stack: Stack, case: str) -> None:
    stack.api.fault(Fault(status=429, headers=NOTHING_USABLE[case]))
    shipment = stack.ship_and_account(subscription_event(log_events(10)))
    assert shipment.counts() == (10, 0, 2)
    assert shipment.statuses() == [429, 200]
    assert stack.environment.state.resume_at == -math.inf


@pytest.mark.parametrize("status", [302, 400, 401, 404, 413, 500, 502, 504])
def test_a_retry_after_with_another_status_does_not_end_the_search_for_a_bad_log(
    make_stack: MakeStack, status: int
) -> None:
    """Ten good logs waited with the bad one, and twenty of the next invocation were not even sent."""
    stack = make_stack(rng=random.Random(1).random)
    stack.api.fault(Fault(status=status, headers={"Retry-After": "120"}, marker="poison", times=EVER))
    events = [*log_events(25), log_event(25, "poison"), *log_events(24, first=26)]
    shipment = stack.ship_and_account(subscription_event(events))
    assert shipment.counts()[:2] == (49, 1)
    assert stack.environment.state.resume_at == -math.inf
    assert stack.ship(subscription_event(log_events(20, first=100)))["delivered"] == 20


def test_retry_after_of_a_success_is_ignored(stack: Stack) -> None:
    stack.api.fault(Fault(status=200, headers={"Retry-After": "30"}, keeps_logs=True))
    stack.ship_and_account(subscription_event(log_events(10)))
    assert stack.environment.state.resume_at == -math.inf


@pytest.mark.parametrize(
    ("status", "reason"), [(429, "throttled"), (408, "unavailable"), (503, "unavailable")]
)
@pytest.mark.parametrize("value", ["61", "9" * 400])
def test_everything_is_dead_lettered_at_once_if_retry_after_exceeds_the_time_left(
    make_stack: MakeStack, status: int, reason: str, value: str
) -> None:
    stack = make_stack(policy=Policy(max_in_flight=1))
    stack.api.fault(Fault(status=status, headers={"Retry-After": value}))
    shipment = stack.ship_and_account(subscription_event(log_events(40)), seconds=60)
    assert shipment.counts() == (0, 40, 1)
    assert shipment.by_reason() == {reason: 40}
    assert stack.senders.slept == 0


class TestRemembered:
    def test_the_next_invocation_makes_no_request_if_it_cannot_wait(self, stack: Stack) -> None:
        stack.api.fault(Fault(status=429, headers={"Retry-After": "100"}))
        stack.ship_and_account(subscription_event(log_events(10)), seconds=60)
        shipment = stack.ship_and_account(subscription_event(log_events(10, first=10)), seconds=60)
        assert shipment.counts() == (0, 10, 0)
        assert shipment.by_reason() == {"throttled": 10}
        assert stack.senders.slept == 0

    def test_the_next_invocation_waits_if_there_is_time(self, stack: Stack) -> None:
        stack.api.fault(Fault(status=429, headers={"Retry-After": "100"}, skip=1))
        stack.ship_and_account(subscription_event(log_events(20)), seconds=60)
        stack.senders.leap(50)
        shipment = stack.ship_and_account(subscription_event(log_events(10, first=20)), seconds=60)
        assert shipment.counts() == (10, 0, 1)
        assert stack.senders.starts[2] - stack.senders.starts[1] >= 100

    def test_the_next_invocation_does_not_wait_if_nothing_was_delivered(self, stack: Stack) -> None:
        """If all waited, they would use up the account's concurrency, and AWS bills waiting."""
        stack.api.fault(Fault(status=429, headers={"Retry-After": "100"}))
        stack.ship_and_account(subscription_event(log_events(10)), seconds=60)
        stack.senders.leap(50)
        shipment = stack.ship_and_account(subscription_event(log_events(10, first=10)), seconds=60)
        assert shipment.counts() == (0, 10, 0)
        assert shipment.by_reason() == {"throttled": 10}
        assert stack.senders.slept == 0

    def test_a_remembered_retry_after_expires(self, stack: Stack) -> None:
        stack.api.fault(Fault(status=429, headers={"Retry-After": "100"}))
        stack.ship_and_account(subscription_event(log_events(10)), seconds=60)
        stack.senders.leap(100)
        shipment = stack.ship_and_account(subscription_event(log_events(10, first=10)), seconds=60)
        assert shipment.counts() == (10, 0, 2), "a single log first"
        assert stack.senders.slept == 0

    def test_a_very_long_retry_after_is_shortened(self, stack: Stack) -> None:
        stack.api.fault(Fault(status=503, headers={"Retry-After": "31536000"}))
        stack.ship_and_account(subscription_event(log_events(10)))
        stack.senders.leap(stack.environment.policy.max_retry_after_seconds)
        shipment = stack.ship_and_account(subscription_event(log_events(10, first=10)))
        assert shipment.counts() == (10, 0, 2), "a single log first"
