"""The replay function is invoked once for each batch, and retried only while Lambda prepares it."""

from types import SimpleNamespace
from typing import Any

import pytest
from shipctl.dlq import function
from shipctl.dlq.queue import HIDDEN_SECONDS
from shipctl.installation import record_function
from shipctl.stack import find_stack

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack


def test_a_batch_is_never_sent_twice_to_the_function(stack_in_aws: Stack) -> None:
    made = function.replay_function(find_stack("loginformant-shipper", None, None))
    config: Any = made.function.client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout == record_function.ANSWER_SECONDS


# --- a function that is not ready ---


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("shipctl.installation.record_function.time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ResourceNotReadyException", "was idle for a long time"),
        ("ResourceConflictException", "was idle for a long time"),
        ("TooManyRequestsException", "is throttled by Lambda"),
    ],
)
def test_replay_waits_for_a_function_that_was_idle_for_weeks_or_is_busy(
    code: str, words: str, stack_in_aws: Stack, shipctl: Run, pauses: list[float]
) -> None:
    stack_in_aws.put("one")
    stack_in_aws.refusals = [code] * 3
    result = shipctl("dlq", "replay")
    assert result.exit_code == 0, result.stderr
    assert stack_in_aws.delivered == ["one"]
    assert pauses == [2.0, 4.0, 8.0]
    assert words in result.stderr


def test_replay_waits_for_the_function_only_for_a_limited_time(
    stack_in_aws: Stack, shipctl: Run, pauses: list[float]
) -> None:
    stack_in_aws.put("one")
    stack_in_aws.refusals = ["ResourceNotReadyException"] * 100
    result = shipctl("dlq", "replay")
    assert result.exit_code == 1
    assert "ResourceNotReadyException: The function is not ready" in result.stderr
    assert sum(pauses) + record_function.ANSWER_SECONDS < HIDDEN_SECONDS
    assert len(stack_in_aws.visible()) == 1


def test_other_errors_of_an_invocation_are_not_retried(
    stack_in_aws: Stack, shipctl: Run, pauses: list[float]
) -> None:
    stack_in_aws.put("one")
    stack_in_aws.refusals = ["KMSDisabledException"]
    result = shipctl("dlq", "replay")
    assert (result.exit_code, pauses) == (1, [])
