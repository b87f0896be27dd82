"""The sample events as `make run` puts them are accepted by PutLogEvents."""

import pytest

from local.samples import POISON, Sample, in_stream, samples

NOW = 1_793_800_000_000
HOUR = 60 * 60 * 1000


@pytest.fixture(scope="module")
def stock() -> list[Sample]:
    return samples(NOW, "/aws/lambda/orders")


def test_events_of_a_stream_are_in_order_with_distinct_times(stock: list[Sample]) -> None:
    for sample in stock:
        times = [event.timestamp for event in sample.events]
        assert times == sorted(set(times))


def test_events_are_as_recent_as_put_log_events_requires(stock: list[Sample]) -> None:
    for sample in stock:
        assert NOW <= sample.events[-1].timestamp < NOW + 1000
        assert sample.events[0].timestamp > NOW - 24 * HOUR


def test_one_event_is_poisonous_with_others_around_it(stock: list[Sample]) -> None:
    (sample,) = [sample for sample in stock if POISON in [event.message for event in sample.events]]

    messages = [event.message for event in sample.events]
    assert sample.log_group == "/aws/lambda/orders"
    assert 0 < messages.index(POISON) < len(messages) - 1
    assert messages.count(POISON) == 1


def test_no_control_message_is_put(stock: list[Sample]) -> None:
    assert all(sample.log_group and sample.events for sample in stock)


def test_the_same_events_can_be_put_into_another_stream(stock: list[Sample]) -> None:
    moved = in_stream(stock[0], "another")

    assert moved.log_stream == "another"
    assert {(event.log_group, event.log_stream) for event in moved.events} == {
        (stock[0].log_group, "another")
    }
    assert [event[2:] for event in moved.events] == [event[2:] for event in stock[0].events]


def test_without_a_poisoned_log_group_nothing_is_poisonous() -> None:
    assert all(event.message != POISON for sample in samples(NOW) for event in sample.events)
