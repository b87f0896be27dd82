"""Fifty seeded schedules with the built functions under Lambda's own runtime (`make chaos`: a thousand)."""

from collections import Counter
from pathlib import Path

import pytest

from local.account import emulated_account
from local.build import local_build
from local.stack import PROJECT
from tests.chaos.ledger import Why
from tests.chaos.runtime_schedule import RuntimeOutcome, run_schedules

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
]
SCHEDULES = 50
MOST_SECONDS = 600.0
LOG = PROJECT / ".build" / "local" / "chaos.log"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[RuntimeOutcome]:
    build = local_build(PROJECT, LOG)
    with emulated_account(LOG) as account:
        return run_schedules(
            account,
            build,
            tmp_path_factory.mktemp("chaos"),
            range(SCHEDULES),
            limits=False,
            stages=4,
            seconds=MOST_SECONDS,
        )


def test_nothing_is_lost_and_every_duplicate_is_explained(outcomes: list[RuntimeOutcome]) -> None:
    broken = ["\n".join([outcome.line(), *outcome.story]) for outcome in outcomes if outcome.violation]
    assert broken == []
    assert [outcome.seed for outcome in outcomes] == list(range(SCHEDULES))


def test_there_was_trouble(outcomes: list[RuntimeOutcome]) -> None:
    """Or else the test above would prove nothing."""
    assert sum(outcome.failed for outcome in outcomes) >= SCHEDULES / 5
    extras = sum((outcome.extras for outcome in outcomes), Counter[Why]())
    assert extras.keys() >= {Why.CRASH, Why.LOST_REPLY, Why.LOST_SQS_REPLY}
    details = "\n".join(sorted(set().union(*(outcome.details for outcome in outcomes))))
    for trouble in ("name resolution", "certificate verify failed", "no answer"):
        assert trouble in details
