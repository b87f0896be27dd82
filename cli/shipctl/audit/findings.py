"""Evaluate the counts of a log group: whether log events are missing, and where they were lost. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from shipctl.audit.gaps import Gap, Series, gaps, missing


class State(StrEnum):
    """The state of a log group."""

    COMPLETE = "complete"
    REPAIRED = "repaired"
    """As many log events as were missing have been shipped by a backfill."""
    NOT_FORWARDED = "not-forwarded"
    """CloudWatch Logs did not forward what was logged."""
    NOT_RECEIVED = "not-received"
    """CloudWatch Logs forwarded log events that the shipper did not count, since it crashed or did not
    run."""
    NOT_ARRIVED = "not-arrived"
    """The shipper did not receive what was logged. Whether it was forwarded is not known for this log
    group."""
    NOT_COMPARED = "not-compared"
    """The shipper did not receive everything that was logged, and what was forwarded is not known, so the
    filter pattern may or may not explain it."""


@dataclass
class Counts:
    """Counts of log events of one log group, by minute or hour."""

    incoming: dict[int, int] = field(default_factory=dict)
    forwarded: dict[int, int] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    throttled: dict[int, int] = field(default_factory=dict)
    received: dict[int, int] = field(default_factory=dict)
    """Received by the shipper from a subscription."""
    filtered: dict[int, int] = field(default_factory=dict)
    """Filtered out by the shipper and replay, including a backfill. The same holds for `delivered`."""
    delivered: dict[int, int] = field(default_factory=dict)
    backfilled: dict[int, int] = field(default_factory=dict)
    """Received by the shipper from `shipctl backfill`."""
    kept: dict[int, int] = field(default_factory=dict)
    """Stored by the shipper in the dead-letter queue, including a backfill."""
    replayed: dict[int, int] = field(default_factory=dict)
    """Delivered or filtered out by replay."""

    @property
    def waiting(self) -> int:
        """Return how many stored log events have not been replayed yet."""
        return max(0, sum(self.kept.values()) - sum(self.replayed.values()))

    @property
    def recovered(self) -> int:
        """Return how many replayed log events had been stored by Lambda after a crash, not by the shipper."""
        return max(0, sum(self.replayed.values()) - sum(self.kept.values()))


class Filtering(NamedTuple):
    """How CloudWatch Logs selects what it forwards."""

    is_known: bool = True
    """Whether `Counts.forwarded` counts everything that was forwarded from this log group to this stack. If
    not, more may have been forwarded."""
    by_pattern: bool = False
    """Whether a filter pattern excludes log events."""


class Window(NamedTuple):
    """The time span of an audit, in minutes since 1970."""

    since: int
    until: int
    """The end of the span that is evaluated; later log events may still be on the way."""
    end: int
    """The end of the span for which counts were read."""


@dataclass(frozen=True)
class Finding:
    """The result for one log group."""

    name: str
    state: State
    counts: Counts
    filtering: Filtering
    gaps: Sequence[Gap] = ()
    missing: int | None = 0
    """None if it cannot be known."""
    repaired: int = 0
    """Log events that a backfill or a replay has shipped since. They may include those of an earlier gap."""


def look(name: str, counts: Counts, filtering: Filtering, window: Window) -> Finding:
    """Evaluate the counts of a log group."""
    for state, before, after in _steps(counts, filtering):
        left = missing(before, after, window.since, window.until, window.end)
        number = sum(left.values())
        if not number:
            continue
        repaired = sum(counts.backfilled.values())
        if state is not State.NOT_FORWARDED:
            repaired += counts.recovered
        if repaired >= number:
            state = State.REPAIRED
        if state is State.NOT_COMPARED:
            return Finding(name, state, counts, filtering, missing=None)
        return Finding(name, state, counts, filtering, gaps(left, before), number, repaired)
    return Finding(name, State.COMPLETE, counts, filtering)


def _steps(counts: Counts, filtering: Filtering) -> Sequence[tuple[State, Series, Series]]:
    received = State.NOT_RECEIVED, counts.forwarded, counts.received
    if not filtering.is_known:
        state = State.NOT_COMPARED if filtering.by_pattern else State.NOT_ARRIVED
        return (received, (state, counts.incoming, counts.received))
    if filtering.by_pattern:
        return (received,)
    return ((State.NOT_FORWARDED, counts.incoming, counts.forwarded), received)


def is_trouble(finding: Finding) -> bool:
    """Return whether the finding requires action."""
    return finding.state not in (State.COMPLETE, State.REPAIRED, State.NOT_COMPARED)
