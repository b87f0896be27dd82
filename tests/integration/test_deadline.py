"""The invocation ends before its deadline, and gives for each undelivered log the reason."""

from collections.abc import Iterator, Sequence

import pytest
from loginformant_shipper import pipeline
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.events import LogEvent
from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.redact import redacted_events
from loginformant_shipper.settings import Settings

from local.faults import Fault, Manner
from tests.integration.accounting import KEY, Stack
from tests.integration.conftest import MakeStack
from tests.integration.payloads import log_event, log_events, subscription_event

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize(
    ("seconds", "reason"), [(0.4, "out_of_time"), (0.0, "not_begun"), (-20.0, "not_begun")]
)
def test_no_request_is_made_without_time_for_it(
    make_stack: MakeStack, seconds: float, reason: str, key: str | None
) -> None:
    stack = make_stack(key=key)
    shipment = stack.ship_and_account(subscription_event(log_events(12)), seconds=seconds)
    assert shipment.counts() == (0, 12, 0)
    assert shipment.by_reason() == {reason: 12}
    assert stack.senders.key_fetches == 0


def test_events_not_yet_redacted_when_the_time_is_up_are_stored_unchanged(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = make_stack(redact=(Detector.EMAIL,))

    def redact_slowly(events: Sequence[LogEvent], settings: Settings) -> Iterator[LogEvent]:
        for event in redacted_events(events, settings):
            stack.senders.leap(1.0)
            yield event

    monkeypatch.setattr(pipeline, "redacted_events", redact_slowly)
    padding = "." * 70_000  # so that few events form a piece
    events = [log_event(number, f"{padding} user{number}@example.com") for number in range(200)]
    answer = stack.ship(subscription_event(events), seconds=95)
    shipment = stack.look(answer, took=0.0)
    not_begun = [letter for letter in shipment.dead_letters if letter.reason == "not_begun"]
    late = [identifier for letter in not_begun for identifier in letter.ids]
    assert late == [event["id"] for event in events[-len(late) :]]
    assert 50 < len(late) < 150
    assert {letter.detail for letter in not_begun} == {"the time was up; stored unchanged, not redacted"}
    assert all("@example.com" in event["message"] for letter in not_begun for event in letter.events)

    begun = {event["id"] for event in events} - set(late)
    others = {
        identifier for letter in shipment.dead_letters if letter not in not_begun for identifier in letter.ids
    }
    assert set(shipment.delivered) | others == begun
    assert shipment.logs
    assert answer["delivered"] + answer["deadLettered"] == answer["received"] == len(events)
    assert not any("@example.com" in log["message"] for log in shipment.logs)


def test_a_request_under_way_is_abandoned_and_its_possible_duplicates_are_reported(stack: Stack) -> None:
    events = log_events(10)
    stack.api.fault(Fault(manner=Manner.HANG, keeps_logs=True))
    stack.senders.hangs = lambda request: True
    shipment = stack.ship_and_account(
        subscription_event(events), seconds=6, delivered_unknowingly=[event["id"] for event in events]
    )
    assert shipment.counts() == (0, 10, 1)
    [letter] = shipment.dead_letters
    assert letter.reason == "out_of_time"
    assert "may have arrived" in letter.detail
    assert "deliver them twice" in letter.detail


def test_logs_that_were_never_sent_are_out_of_time(make_stack: MakeStack) -> None:
    stack = make_stack(policy=Policy(max_in_flight=1))
    stack.api.fault(Fault(manner=Manner.HANG))
    stack.senders.hangs = lambda request: True
    shipment = stack.ship_and_account(subscription_event(log_events(30)), seconds=6)
    assert shipment.counts() == (0, 30, 1)
    assert shipment.by_reason() == {"out_of_time": 30}


def test_logs_that_were_tried_keep_the_reason_of_that_failure(make_stack: MakeStack) -> None:
    """`unavailable` says more than `out_of_time`."""
    stack = make_stack(policy=Policy(max_in_flight=1, backoff_base=8))
    stack.api.fault(Fault(status=503, body="in repair", times=EVER))
    shipment = stack.ship_and_account(subscription_event(log_events(10)), seconds=5)
    assert shipment.by_reason() == {"unavailable": 10}
    assert shipment.dead_letters[0].detail == "in repair"


def test_logs_delivered_before_the_deadline_count_as_delivered(make_stack: MakeStack) -> None:
    stack = make_stack(policy=Policy(max_in_flight=1))
    stack.api.fault(Fault(manner=Manner.HANG, skip=2))
    stack.senders.hangs = lambda request: request.number == 2
    shipment = stack.ship_and_account(subscription_event(log_events(50)), seconds=6)
    assert shipment.counts() == (20, 30, 3)


def test_an_answer_after_the_deadline_changes_nothing(stack: Stack) -> None:
    """The answer may arrive in the next invocation of a warm environment."""
    stack.api.fault(Fault(manner=Manner.HANG))
    stack.senders.hangs = lambda request: request.number == 0
    assert stack.ship_and_account(subscription_event(log_events(10)), seconds=6).counts() == (0, 10, 1)
    for number in range(1, 4):
        event = subscription_event(log_events(10, first=10 * number))
        assert stack.ship_and_account(event).counts() == (10, 0, 1)
