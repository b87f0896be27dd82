"""400, 413 and 422: one bad log loses only itself, with a bounded number of requests."""

import pytest
from loginformant_shipper.delivery.policy import Policy

from local.faults import Fault
from tests.integration.accounting import Stack
from tests.integration.conftest import DEFAULT_POLICY, MakeStack
from tests.integration.payloads import log_event, log_events, subscription_event

EVER = None


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    return make_stack(batch_max_logs=500)


@pytest.mark.parametrize("status", [400, 422])
def test_one_poison_log_among_500_loses_only_itself_with_at_most_18_requests(
    stack: Stack, status: int
) -> None:
    events = log_events(500)
    events[317] = log_event(317, "a poison log")
    stack.api.fault(Fault(status=status, body="logs[317] is bad", marker="poison", times=EVER))

    shipment = stack.ship_and_account(subscription_event(events))

    assert shipment.counts()[:2] == (499, 1)
    [letter] = shipment.dead_letters
    assert letter.reason == "rejected"
    assert letter.ids == (events[317]["id"],)
    assert letter.events == (events[317],)
    assert letter.attributes["Status"] == str(status)
    assert letter.detail == "logs[317] is bad"
    assert shipment.answer["requests"] <= 1 + 18


def test_a_batch_accepted_in_halves_lowers_the_byte_limit(stack: Stack) -> None:
    stack.api.fault(Fault(status=400, over_logs=250, times=EVER))
    size = stack.ship_and_account(subscription_event(log_events(500))).requests[0].size
    assert stack.environment.state.byte_limit == size // 2
    again = stack.ship_and_account(subscription_event(log_events(500)))
    assert again.counts()[:2] == (500, 0)
    assert set(again.statuses()) == {200}


def test_a_single_log_that_is_refused_is_not_retried(stack: Stack) -> None:
    stack.api.fault(Fault(status=400, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(1)))
    assert shipment.counts() == (0, 1, 1)
    assert shipment.by_reason() == {"rejected": 1}


def test_the_search_for_a_bad_log_ends_after_128_requests(stack: Stack) -> None:
    events = [log_event(number, f"a {'poison' * (number % 10 == 0)} log") for number in range(5 * 500)]
    stack.api.fault(Fault(status=400, body="some log is bad", marker="poison", times=EVER))
    shipment = stack.ship_and_account(subscription_event(events))
    assert shipment.answer["requests"] == 5 + 128
    assert set(shipment.by_reason()) == {"undetermined", "rejected"}
    undetermined = [letter for letter in shipment.dead_letters if letter.reason == "undetermined"]
    assert {letter.attributes["Status"] for letter in undetermined} == {"400"}
    assert {letter.detail for letter in undetermined} == {"some log is bad"}
    for letter in undetermined:
        if letter.attributes["Replays"] == "0 narrowed":
            assert any("poison" in event["message"] for event in letter.events)
    assert any(letter.attributes["Replays"] == "0 narrowed" for letter in undetermined)


def test_the_search_stops_if_every_log_is_refused(stack: Stack) -> None:
    stack.api.fault(Fault(status=400, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(3000)))
    assert shipment.answer["requests"] < 80
    under_way = DEFAULT_POLICY.max_in_flight
    assert shipment.by_reason()["rejected"] <= DEFAULT_POLICY.max_refused_without_success + under_way
    assert {
        letter.attributes["Replays"] for letter in shipment.dead_letters if letter.reason == "undetermined"
    } == {"0"}


def test_retries_do_not_count_as_requests_of_the_search(make_stack: MakeStack) -> None:
    stack = make_stack(batch_max_logs=500, policy=Policy(max_search_requests=18))
    stack.api.fault(Fault(status=429, skip=1, times=1), Fault(status=400, marker="poison", times=EVER))
    events = [*log_events(499), log_event(499, "a poison log")]
    shipment = stack.ship_and_account(subscription_event(events), seconds=300)
    assert shipment.by_reason() == {"undetermined": 500}, "a request to wait ends the search"
    assert shipment.answer["requests"] == 2


def test_413_splits_and_lowers_the_byte_limit_for_this_environment(stack: Stack) -> None:
    stack.api.fault(Fault(status=413, over_bytes=100_000, times=EVER))
    event = subscription_event(log_events(500, message="x" * 1000))

    first = stack.ship_and_account(event)
    assert first.counts()[:2] == (500, 0)
    assert 413 in first.statuses()

    second = stack.ship_and_account(event)
    assert second.counts()[:2] == (500, 0)
    assert second.statuses() == [200] * len(second.requests)
    assert len(second.requests) <= 16


def test_413_lowers_the_limit_for_the_rest_of_the_invocation(make_stack: MakeStack) -> None:
    stack = make_stack(batch_max_logs=50, policy=Policy(max_in_flight=1))
    stack.api.fault(Fault(status=413, over_bytes=50_000, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(300, message="x" * 1000)))
    assert shipment.counts()[:2] == (300, 0)
    assert shipment.statuses().count(413) == 1


def test_413_lowers_the_limit_only_to_a_minimum(stack: Stack) -> None:
    stack.api.fault(Fault(status=413, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(8)))
    assert set(shipment.by_reason()) == {"too_large", "undetermined"}
    assert stack.environment.state.byte_limit == stack.environment.policy.smallest_byte_limit


def test_a_single_log_that_is_too_large_has_the_reason_too_large(stack: Stack) -> None:
    events = [*log_events(20), log_event(20, "y" * 50_000), *log_events(20, first=21)]
    stack.api.fault(Fault(status=413, over_bytes=40_000, body="too much", times=EVER))
    shipment = stack.ship_and_account(subscription_event(events))
    assert shipment.counts()[:2] == (40, 1)
    [letter] = shipment.dead_letters
    assert (letter.reason, letter.attributes["Status"], letter.detail) == ("too_large", "413", "too much")
    assert letter.ids == (events[20]["id"],)


def test_a_log_beyond_the_byte_limit_is_sent_alone(make_stack: MakeStack) -> None:
    stack = make_stack(batch_max_bytes=20_000)
    events = [log_event(0), log_event(1, "y" * 50_000), log_event(2)]
    shipment = stack.ship_and_account(subscription_event(events))
    assert shipment.counts() == (3, 0, 3)
    assert sorted(len(request.logs) for request in shipment.requests) == [1, 1, 1]


def test_events_keep_their_order_in_a_batch(make_stack: MakeStack) -> None:
    stack = make_stack(batch_max_logs=500, policy=Policy(max_in_flight=1))
    stack.api.fault(Fault(status=400, over_logs=300))
    events = log_events(1300)
    shipment = stack.ship_and_account(subscription_event(events))
    assert shipment.delivered == [event["id"] for event in events]


@pytest.mark.parametrize("status", [403, 406, 500])
@pytest.mark.parametrize("place", [0, 1777, 2999])
def test_one_poison_log_among_3000_loses_only_itself_at_any_status(
    make_stack: MakeStack, status: int, place: int
) -> None:
    # The order of the answers decides which logs are sent alone; it is never the bad one.
    stack = make_stack(batch_max_logs=500, rng=lambda: 0.5)
    events = log_events(3000)
    events[place] = log_event(place, "' union select poison")
    stack.api.fault(Fault(status=status, body="blocked", marker="poison", times=EVER))
    shipment = stack.ship_and_account(subscription_event(events))
    assert shipment.counts()[:2] == (2999, 1)
    [letter] = shipment.dead_letters
    assert (letter.reason, letter.attributes["Status"], letter.detail) == ("rejected", str(status), "blocked")
    assert letter.ids == (events[place]["id"],)
    assert shipment.answer["requests"] <= 30
    assert stack.environment.state.in_doubt_until < 0, "a poison sets no memory of an outage"
