"""A thousand seeded schedules in virtual time: no event is lost, and none is doubled without a reason."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from local.stack import PROJECT
from tests.chaos.copy_ledger import Why
from tests.chaos.schedule import Outcome, run_schedule

SCHEDULES = 1000


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return [run_schedule(seed) for seed in range(SCHEDULES)]


def test_nothing_is_lost_and_every_duplicate_is_explained(outcomes: list[Outcome]) -> None:
    assert [outcome.line() for outcome in outcomes if outcome.violation] == []


def test_the_schedules_contain_faults_of_every_kind(outcomes: list[Outcome]) -> None:
    """Without faults, the test above would prove nothing."""
    extras = sum((outcome.extras for outcome in outcomes), Counter[Why]())
    assert extras.keys() == set(Why)
    assert all(copies >= SCHEDULES / 10 for copies in extras.values()), extras
    for count in ("failed", "parked"):
        assert sum(getattr(outcome, count) for outcome in outcomes) >= SCHEDULES, count


def test_one_seed_always_gives_the_same_schedule() -> None:
    assert run_schedule(7) == run_schedule(7)
    assert run_schedule(7).story != run_schedule(8).story


def test_one_seed_gives_the_same_schedule_in_every_process() -> None:
    """Sets of strings have another order in each process; replay's postponements once depended on it."""
    command = [sys.executable, "-m", "tests.chaos", "--virtual", "--seed", "1"]
    stories = [
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=PROJECT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout.partition("schedules in")[0]
        for hash_seed in ("1", "2")
    ]
    assert stories[0] == stories[1]
