"""The deployed stack: events put into log groups come out at the ingest API or in the dead-letter queue."""

import time

import pytest

from local.ingest_contract import LEVELS
from local.samples import POISON, samples
from local.story import Story, ship, subscribe_all
from tests.e2e.conftest import Deployment

pytestmark = pytest.mark.e2e
POISONED = "/aws/lambda/orders"


@pytest.fixture(scope="module")
def story(deployment: Deployment) -> Story:
    stock = samples(int(time.time() * 1000), POISONED)
    subscribe_all(deployment.stack, stock)
    return ship(deployment.stack, deployment.api, stock)


def test_every_event_arrives_or_is_dead_lettered_exactly_once(story: Story) -> None:
    assert story.reckoning.missing == []
    assert story.reckoning.doubled == []
    assert story.reckoning.unknown == 0


def test_the_poisonous_log_is_dead_lettered_alone_and_says_why(story: Story) -> None:
    (letter,) = story.dead_letters

    assert [event.message for event in letter.events] == [POISON]
    assert letter.events == tuple(story.reckoning.dead_lettered)
    assert letter.attributes["Reason"] == "rejected"
    assert letter.attributes["Status"] == "400"
    assert letter.attributes["EventCount"] == "1"
    assert letter.attributes["LogGroup"] == POISONED


def test_the_shipper_counts_what_is_found_at_the_other_end(story: Story) -> None:
    found = story.reckoning

    assert story.account["EventsDelivered"] == len(found.delivered)
    assert story.account["EventsDeadLettered"] == len(found.dead_lettered)
    assert story.account["EventsFiltered"] == len(found.filtered)
    assert story.account["EventsReceived"] == sum(map(len, found[:4]))


def test_the_shipper_counts_the_requests_that_were_made(story: Story, deployment: Deployment) -> None:
    assert story.account["Requests"] == len(deployment.api.requests)


def test_events_of_a_request_keep_their_order(story: Story, deployment: Deployment) -> None:
    for request in deployment.api.requests:
        times = [log["timestamp"] for log in request.logs]
        assert times == sorted(times)


def test_all_levels_occur(story: Story, deployment: Deployment) -> None:
    assert {log["level"] for log in deployment.api.logs} == set(LEVELS)
