"""The deployed stack: events put into log groups come out at the ingest API or in the dead-letter queue."""

from collections.abc import Iterator

import pytest

from local.ingest_contract import LEVELS
from local.reckoning import Reckoning
from local.samples import POISON, now, samples
from local.story import Accounts, Story, subscribe_all
from tests.e2e.conftest import Deployment, told

pytestmark = pytest.mark.e2e
POISONED = "/aws/lambda/orders"


@pytest.fixture(scope="module")
def shipped(deployment: Deployment) -> Iterator[Story]:
    with told(deployment) as story:
        stock = samples(now(), POISONED)
        subscribe_all(story.stack, stock)
        story.put(stock)
        yield story


@pytest.fixture(scope="module")
def reckoning(shipped: Story) -> Reckoning:
    return shipped.reckoning()


@pytest.fixture(scope="module")
def accounts(shipped: Story) -> Accounts:
    return shipped.accounts()


def test_every_event_arrives_or_is_dead_lettered_exactly_once(reckoning: Reckoning) -> None:
    assert reckoning.missing == []
    assert reckoning.doubled == []
    assert reckoning.unknown == 0


def test_the_poisonous_log_is_dead_lettered_alone_and_says_why(shipped: Story, reckoning: Reckoning) -> None:
    (letter,) = shipped.dead_letters()

    assert [event.message for event in letter.events] == [POISON]
    assert letter.events == tuple(reckoning.dead_lettered)
    assert letter.attributes["Reason"] == "rejected"
    assert letter.attributes["Status"] == "400"
    assert letter.attributes["EventCount"] == "1"
    assert letter.attributes["LogGroup"] == POISONED


def test_the_shippers_counts_match_what_arrived_and_what_is_queued(
    reckoning: Reckoning, accounts: Accounts
) -> None:
    assert accounts.shipper["EventsDelivered"] == len(reckoning.delivered)
    assert accounts.shipper["EventsDeadLettered"] == len(reckoning.dead_lettered)
    assert accounts.shipper["EventsFiltered"] == len(reckoning.filtered)
    assert accounts.shipper["EventsReceived"] == sum(map(len, reckoning[:4]))


def test_the_shipper_counts_the_requests_that_it_made(shipped: Story, accounts: Accounts) -> None:
    assert accounts.shipper["Requests"] == len(shipped.requests)


def test_events_of_a_request_keep_their_order(shipped: Story) -> None:
    for request in shipped.requests:
        times = [log["timestamp"] for log in request.logs]
        assert times == sorted(times)


def test_the_delivered_logs_have_all_levels(shipped: Story) -> None:
    assert {log["level"] for log in shipped.logs} == set(LEVELS)
