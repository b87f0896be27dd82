"""The replay function as it is found, and how it is asked."""

from typing import Any

from shipctl.dlq import function
from shipctl.stack import find_stack

from tests.unit.shipctl.dlq.conftest import Stack


def test_the_function_is_never_asked_twice_for_one_batch(stack_in_aws: Stack) -> None:
    made = function.replay_function(find_stack("loginformant-shipper", None, None))
    config: Any = made.client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.read_timeout == function.ANSWER_SECONDS
