"""The API key is sent to the ingest API and appears nowhere else, whatever the answer is."""

import json
import logging

import pytest
from loginformant_shipper.pipeline import DeadLetterError

from local.faults import Fault
from local.ingest_api import ingest_api
from tests.integration.accounting import KEY, Stack
from tests.integration.conftest import Aws, MakeStack
from tests.integration.payloads import log_events, subscription_event

EVER = None
ECHO = json.dumps({"error": f"what is {KEY}?", "headers": {"X-API-Key": KEY}})


@pytest.mark.parametrize("status", [307, 400, 401, 404, 413, 429, 500])
def test_an_answer_that_repeats_the_key_is_stored_without_it(
    stack: Stack, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "urllib3")
    stack.api.fault(
        Fault(status=status, body=ECHO, headers={"X-Was": KEY, "Location": f"/{KEY}"}, times=EVER)
    )
    shipment = stack.ship_and_account(subscription_event(log_events(1)), seconds=2)
    assert "what is ***?" in shipment.dead_letters[0].detail
    assert KEY not in caplog.text


def test_the_key_is_in_no_log_line_at_level_debug(
    make_stack: MakeStack, caplog: pytest.LogCaptureFixture
) -> None:
    """botocore logs the whole answer of Secrets Manager at that level, urllib3 each request."""
    caplog.set_level(logging.DEBUG)
    stack = make_stack(key=None)
    shipment = stack.ship_and_account(subscription_event(log_events(1)))
    assert (shipment.counts(), stack.senders.key_fetches) == ((1, 0, 1), 1)
    logging.getLogger("another").debug("is heard")
    assert "is heard" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in shipment.output


@pytest.mark.parametrize(
    "written",
    [
        "\\u0061nother+\\u002Fkey\\u003D",
        "another%2B%2Fkey%3D",
        "another&#x2B;&#47;key&equals;",
        "ANOTHER+\\/KEY=",
    ],
)
def test_a_key_that_an_answer_escapes_is_masked(make_stack: MakeStack, written: str) -> None:
    with ingest_api(keys={"another+/key="}) as api:
        api.fault(Fault(status=400, body=f"what is {written}?", times=EVER))
        stack = make_stack(to=api, key="another+/key=")
        [letter] = stack.ship_and_account(subscription_event(log_events(1))).dead_letters
    assert letter.detail == "what is ***?"


def test_a_key_cut_off_at_the_end_of_an_answer_is_masked(stack: Stack) -> None:
    stack.api.fault(Fault(status=400, body="x" * 1020 + KEY, times=EVER))
    [letter] = stack.ship_and_account(subscription_event(log_events(1))).dead_letters
    assert letter.detail == "x" * 1020 + "***"


def test_an_exception_does_not_contain_the_key(stack: Stack, aws: Aws, queue_url: str) -> None:
    stack.api.fault(Fault(status=404, body=ECHO, times=EVER))
    aws.sqs.delete_queue(QueueUrl=queue_url)
    with pytest.raises(DeadLetterError) as raised:
        stack.ship(subscription_event(log_events(1)))
    assert "what is ***?" in str(raised.value)
    assert KEY not in str(raised.value)


def test_the_repr_of_the_environment_does_not_contain_the_key(stack: Stack) -> None:
    stack.ship_and_account(subscription_event(log_events(1)))
    assert stack.environment.state.key == KEY
    assert KEY not in repr(stack.environment)
