"""The schedules find every deliberately broken policy, which proves that they can find errors."""

import pytest

from tests.chaos.mutants import MUTANTS, Mutant
from tests.chaos.schedule import run_schedule
from tests.chaos.test_schedules import SCHEDULES


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_schedules_catch_each_broken_policy(mutant: Mutant) -> None:
    """The places of the events show it; the function's own check of its counts is switched off."""
    with mutant.in_place():
        caught = any(run_schedule(seed, reads_ledgers=False).violation for seed in range(SCHEDULES))
    assert caught, f"nobody notices that the shipper {mutant.name}"


def test_each_mutant_breaks_different_code() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert len({(mutant.function, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)
