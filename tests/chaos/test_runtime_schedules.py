"""Fifty seeded schedules with the built functions under Lambda's own runtime (`make chaos`: a thousand)."""

from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from loginformant_shipper.dead_letters.messages import Addressed, DeadLetterMessage
from loginformant_shipper.dead_letters.sqs import store
from loginformant_shipper.failures import Failure, Reason

from local.account import emulated_account
from local.build import local_build
from local.stack import PROJECT
from tests.chaos.certificates import Certificate
from tests.chaos.copy_ledger import Why
from tests.chaos.runtime_schedule import RuntimeOutcome, run_schedules, why_again

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"),
]
NOT_STORED = [{"detail": "refused; and they could not be stored in the queue: HTTPClientError", "events": 2}]
SCHEDULES = 50
MAX_SECONDS = 600.0
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
            seconds=MAX_SECONDS,
        )


def test_nothing_is_lost_and_every_duplicate_is_explained(outcomes: list[RuntimeOutcome]) -> None:
    broken = ["\n".join([outcome.line(), *outcome.story]) for outcome in outcomes if outcome.violation]
    assert broken == []
    assert [outcome.seed for outcome in outcomes] == list(range(SCHEDULES))


def test_the_schedules_contain_enough_faults(outcomes: list[RuntimeOutcome]) -> None:
    """Without faults, the test above would prove nothing."""
    assert sum(outcome.failed for outcome in outcomes) >= SCHEDULES / 5
    extras = sum((outcome.extras for outcome in outcomes), Counter[Why]())
    assert extras.keys() >= {Why.CRASH, Why.LOST_REPLY, Why.LOST_SQS_REPLY}
    details = "\n".join(sorted(set().union(*(outcome.details for outcome in outcomes))))
    for trouble in ("name resolution", "no answer"):
        assert trouble in details
    assert frozenset[Certificate]().union(*(outcome.certificates for outcome in outcomes)) == set(Certificate)


@pytest.mark.parametrize(
    ("answer", "all_written", "had_memory", "why"),
    [
        (None, True, True, Why.CRASH),
        ({"delivered": 4, "deadLettered": 3}, True, True, Why.LOST_REPLY),
        ({"delivered": 5, "deadLettered": 2}, True, True, Why.LOST_SQS_REPLY),
        ({"delivered": 5, "deadLettered": 3}, False, True, Why.RETURNED),
        ({"delivered": 5, "deadLettered": 3, "failures": NOT_STORED}, True, False, Why.RETURNED),
        ({"delivered": 5, "deadLettered": 3, "failures": NOT_STORED}, True, True, None),
        ({"delivered": 5, "deadLettered": 3, "failures": []}, True, False, None),
        ({"delivered": 5, "deadLettered": 3}, True, True, None),
    ],
)
def test_an_event_comes_again_only_for_a_known_reason(
    answer: dict[str, Any] | None, all_written: bool, had_memory: bool, why: Why | None
) -> None:
    assert why_again(answer, 5, 3, all_written=all_written, had_memory=had_memory) is why


@pytest.mark.parametrize("lack", [MemoryError, OSError(12, "Cannot allocate memory")])
def test_the_sqs_client_reports_a_lack_of_memory_as_an_http_failure(
    lack: BaseException | type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "none"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    message = DeadLetterMessage("{}", {}, Failure(Reason.REJECTED), 1, None)
    with mock.patch("urllib3.connectionpool.HTTPConnectionPool.urlopen", side_effect=lack):
        [trouble] = store([Addressed(message, "http://127.0.0.1:9/123456789012/dead-letters")], 30.0)
    assert trouble
