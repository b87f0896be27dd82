"""What a warm environment keeps between invocations."""

import pytest
from loginformant_shipper.delivery.environment_state import EnvironmentState


def test_each_ticket_is_new() -> None:
    state = EnvironmentState(byte_limit=1000)
    assert [state.next_ticket() for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(("refused", "limit"), [(800, 400), (801, 400), (150, 100), (4000, 1000)])
def test_a_refused_size_halves_the_limit_down_to_the_smallest(refused: int, limit: int) -> None:
    state = EnvironmentState(byte_limit=1000)
    state.halve_byte_limit(refused, smallest=100)
    assert state.byte_limit == limit


def test_a_size_above_the_new_limit_no_longer_counts_as_delivered() -> None:
    state = EnvironmentState(byte_limit=1000, largest_delivered=900)
    state.halve_byte_limit(800, smallest=100)
    assert state.largest_delivered == 400


def test_the_key_is_not_shown() -> None:
    assert "hidden" not in repr(EnvironmentState(byte_limit=1, key="hidden"))
