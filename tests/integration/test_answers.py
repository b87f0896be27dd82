"""Each status means delivered, failed for good, or to be retried."""

import json
from collections.abc import Iterator

import pytest
from loginformant_shipper.delivery.policy import Policy

from local.faults import Fault
from local.ingest_api import IngestApi, ingest_api
from tests.integration.accounting import KEY, Stack
from tests.integration.conftest import MakeStack
from tests.integration.payloads import log_events, subscription_event

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")
THREE_BATCHES = 30


@pytest.fixture
def one_at_a_time(make_stack: MakeStack) -> Stack:
    return make_stack(policy=Policy(max_in_flight=1))


@pytest.fixture
def other_host() -> Iterator[IngestApi]:
    with ingest_api(keys={KEY}) as other:
        yield other


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_delivered(stack: Stack, status: int) -> None:
    stack.api.fault(Fault(status=status, body="", keeps_logs=True, times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(20)))
    assert shipment.counts() == (20, 0, 2)
    assert shipment.statuses() == [status, status]


@pytest.mark.parametrize("status", [300, 304, 402, 404, 405, 410, 499])
def test_a_status_that_no_retry_changes_is_misconfigured_and_ends_all_requests(
    one_at_a_time: Stack, status: int
) -> None:
    one_at_a_time.api.fault(Fault(status=status, body="" if status == 304 else "nothing here", times=EVER))
    shipment = one_at_a_time.ship_and_account(subscription_event(log_events(THREE_BATCHES)))
    assert shipment.counts() == (0, THREE_BATCHES, 1 + 2), "two single logs ask whether it is the log"
    [letter] = shipment.dead_letters
    assert (letter.reason, letter.attributes["Status"]) == ("misconfigured", str(status))


def test_a_wrong_base_address_is_misconfigured(make_stack: MakeStack, api: IngestApi) -> None:
    stack = make_stack(ingest_url=f"{api.url}/v2")
    shipment = stack.ship_and_account(subscription_event(log_events(2)))
    assert shipment.counts() == (0, 2, 1 + 2)
    assert shipment.by_reason() == {"misconfigured": 2}
    assert {request.path for request in shipment.requests} == {"/v2/api/ingest/batch"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(one_at_a_time: Stack, other_host: IngestApi, status: int) -> None:
    location = {"Location": f"{other_host.url}/api/ingest/batch"}
    one_at_a_time.api.fault(Fault(status=status, headers=location, times=EVER))
    shipment = one_at_a_time.ship_and_account(subscription_event(log_events(THREE_BATCHES)))
    assert shipment.counts() == (0, THREE_BATCHES, 1 + 2), "two single logs ask whether it is the log"
    assert shipment.by_reason() == {"misconfigured": THREE_BATCHES}
    assert other_host.connections == 0


def test_a_redirect_to_another_path_of_the_same_host_is_not_followed(one_at_a_time: Stack) -> None:
    one_at_a_time.api.fault(Fault(status=307, headers={"Location": "/api/ingest"}, times=EVER))
    shipment = one_at_a_time.ship_and_account(subscription_event(log_events(2)))
    assert shipment.counts() == (0, 2, 1 + 2)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 599])
class TestRetried:
    def test_a_batch_is_retried_until_it_is_delivered(self, stack: Stack, status: int) -> None:
        stack.api.fault(Fault(status=status, times=2))
        shipment = stack.ship_and_account(subscription_event(log_events(10)))
        # After a second 5xx a single log is sent first.
        asks = 1 if status >= 500 else 0
        assert shipment.counts() == (10, 0, 3 + asks)
        assert shipment.statuses() == [status, status] + [200] * (1 + asks)

    def test_pauses_between_retries_grow_until_the_time_is_up(self, stack: Stack, status: int) -> None:
        stack.api.fault(Fault(status=status, body="not now", times=EVER))
        shipment = stack.ship_and_account(subscription_event(log_events(30)), seconds=60)
        reason = "throttled" if status == 429 else "unavailable"
        assert shipment.by_reason() == {reason: 30}
        assert {letter.attributes["Status"] for letter in shipment.dead_letters} == {str(status)}
        assert {letter.detail for letter in shipment.dead_letters} == {"not now"}
        # Each batch twice within 0.5 s; then two retries within 3 s, and 16 s for the next three at most.
        assert shipment.answer["requests"] >= 3 * 2 + 5
        assert shipment.seconds <= 60


def test_retries_are_counted(stack: Stack) -> None:
    stack.api.fault(Fault(status=503, times=2))
    output = stack.ship_and_account(subscription_event(log_events(10))).output
    assert '"Retries":[2]' in output.replace(" ", "")
    assert '"Requests":[4]' in output.replace(" ", "")


def test_the_policy_limits_the_requests_in_flight(make_stack: MakeStack) -> None:
    stack = make_stack(policy=Policy(max_in_flight=3), batch_max_logs=10)
    stack.api.fault(Fault(delay=0.02, times=EVER))
    assert stack.ship_and_account(subscription_event(log_events(200))).counts() == (200, 0, 20)
    assert stack.api.most_in_flight == 3


@pytest.mark.parametrize("requests", [99, 100, 101, 200])
def test_each_request_has_its_latency_and_no_metrics_line_is_empty(
    stack: Stack, recwarn: pytest.WarningsRecorder, requests: int
) -> None:
    """A line of metrics holds at most a hundred values of each metric."""
    lines = stack.ship_and_account(subscription_event(log_events(10 * requests))).output.splitlines()
    latencies = [json.loads(line).get("IngestLatency", []) for line in lines]
    assert sum(map(len, latencies)) == requests
    assert max(map(len, latencies)) <= 100
    assert list(recwarn) == []
