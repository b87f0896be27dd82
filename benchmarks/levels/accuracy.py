"""Measure how often the inferred level is right, and how serious the errors are."""

from collections.abc import Iterable
from statistics import mean
from typing import NamedTuple

from loginformant_shipper.levels import Decision, explain_level
from loginformant_shipper.names import Level

from benchmarks.levels.examples import Example

APART = frozenset(("access-log", "ambiguous"))
"""Categories that are excluded from the mean, since several levels are defensible."""
GRAVE = frozenset((Level.ERROR, Level.FATAL))
QUIET = frozenset((Level.INFORMATION, Level.DEBUG))


class Result(NamedTuple):
    example: Example
    decision: Decision

    @property
    def exact(self) -> bool:
        return self.decision.level == self.example.level

    @property
    def defensible(self) -> bool:
        return self.exact or self.decision.level in self.example.accept

    @property
    def dangerous_miss(self) -> bool:
        """Return whether an Error or Fatal was inferred as Information or Debug."""
        return not self.defensible and self.example.level in GRAVE and self.decision.level in QUIET

    @property
    def false_alarm(self) -> bool:
        return not self.defensible and self.example.level in QUIET and self.decision.level in GRAVE


class Shares(NamedTuple):
    """The shares of one category, from 0 to 1."""

    events: int
    exact: float
    defensible: float
    dangerous_misses: float
    false_alarms: float


def results(examples: Iterable[Example]) -> list[Result]:
    return [Result(example, explain_level(example.message, example.log_group)) for example in examples]


def shares(of: list[Result]) -> Shares:
    return Shares(
        events=len(of),
        exact=mean(result.exact for result in of),
        defensible=mean(result.defensible for result in of),
        dangerous_misses=mean(result.dangerous_miss for result in of),
        false_alarms=mean(result.false_alarm for result in of),
    )


def by_category(of: list[Result]) -> dict[str, Shares]:
    categories = sorted({result.example.category for result in of})
    return {name: shares([result for result in of if result.example.category == name]) for name in categories}


def mean_of_families(categories: dict[str, Shares]) -> Shares:
    """Return the mean of all families, weighted equally."""
    counted = [row for name, row in categories.items() if name not in APART]
    return Shares(
        sum(row.events for row in counted),
        *(mean(column) for column in list(zip(*counted, strict=True))[1:]),
    )
