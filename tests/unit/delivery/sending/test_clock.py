"""The clock counts the time for which an environment was frozen, and never goes back."""

from dataclasses import dataclass, field

import pytest
from loginformant_shipper.delivery.sending.clock import Clock


@dataclass
class Machine:
    """The clocks of an environment."""

    monotonic: float = 500.0
    calendar: float = 1_790_000_000.0
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: self.monotonic, lambda: self.calendar)

    def work(self, seconds: float) -> None:
        self.monotonic += seconds
        self.calendar += seconds

    def freeze(self, seconds: float) -> None:
        self.calendar += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_time_passes_as_on_the_monotonic_clock(machine: Machine) -> None:
    before = machine.clock.now()
    machine.work(30)
    machine.clock.begin_invocation()
    machine.work(30)
    assert machine.clock.now() - before == pytest.approx(60)


def test_the_time_of_a_frozen_environment_counts_from_the_next_invocation_on(machine: Machine) -> None:
    before = machine.clock.now()
    machine.freeze(900)
    assert machine.clock.now() == before, "deadlines of an invocation depend on the monotonic clock alone"
    machine.clock.begin_invocation()
    assert machine.clock.now() - before == pytest.approx(900)


def test_many_short_freezes_count_as_one_long_one(machine: Machine) -> None:
    before = machine.clock.now()
    for _ in range(1000):
        machine.work(0.05)
        machine.freeze(0.3)
        machine.clock.begin_invocation()
    assert machine.clock.now() - before == pytest.approx(350)


def test_a_monotonic_clock_that_does_not_stand_still_is_left_alone(machine: Machine) -> None:
    before = machine.clock.now()
    machine.work(900)
    machine.clock.begin_invocation()
    assert machine.clock.now() - before == pytest.approx(900)


def test_a_calendar_that_was_set_back_changes_nothing(machine: Machine) -> None:
    before = machine.clock.now()
    machine.calendar -= 3600
    machine.work(1)
    machine.clock.begin_invocation()
    assert machine.clock.now() - before == pytest.approx(1)
    machine.freeze(60)
    machine.clock.begin_invocation()
    assert machine.clock.now() - before == pytest.approx(61), "and not for the next hour either"
