"""A short run of every target, the same each time; `make fuzz` runs longer with other input."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.targets import TARGETS

FEW = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_no_fuzz_target_fails_on_a_short_run(target: Callable[[], None]) -> None:
    FEW(target)()
