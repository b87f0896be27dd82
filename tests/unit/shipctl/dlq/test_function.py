"""The replay function as it is found, and how it is asked."""

from typing import Any

import pytest
from shipctl.dlq import function
from shipctl.dlq.function import is_replayed_automatically
from shipctl.stack import find_stack

from tests.unit.shipctl.dlq.conftest import Stack


def test_the_function_is_never_asked_twice_for_one_batch(stack_in_aws: Stack) -> None:
    made = function.replay_function(find_stack("loginformant-shipper", None, None))
    config: Any = made.client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout == function.ANSWER_SECONDS


@pytest.mark.parametrize(
    ("state", "on"), [("Enabled", True), ("Updating", True), ("Disabled", False), (None, False)]
)
def test_whether_the_queue_replays_by_itself(stack_in_aws: Stack, state: str | None, on: bool) -> None:
    stack_in_aws.mapping_state = state
    assert is_replayed_automatically(find_stack("loginformant-shipper", None, None)) is on
