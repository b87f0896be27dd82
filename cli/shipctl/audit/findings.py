"""What the counts of a log group say: is anything missing, where was it lost, what repairs it. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from shipctl.audit.gaps import Gap, Series, gaps, missing


class State(StrEnum):
    """How a log group stands."""

    COMPLETE = "complete"
    REPAIRED = "repaired"
    """A backfill has shipped as much as was missing."""
    NOT_FORWARDED = "not-forwarded"
    """CloudWatch Logs did not hand on what was logged."""
    NOT_RECEIVED = "not-received"
    """CloudWatch Logs handed it on, and the shipper did not count it: it crashed, or never ran."""
    NOT_ARRIVED = "not-arrived"
    """Logged and not received; whether it was handed on is not known of this log group."""


@dataclass
class Counts:
    """Log events of one log group, by the minute or hour."""

    incoming: dict[int, int] = field(default_factory=dict)
    forwarded: dict[int, int] = field(default_factory=dict)
    errors: dict[int, int] = field(default_factory=dict)
    throttled: dict[int, int] = field(default_factory=dict)
    received: dict[int, int] = field(default_factory=dict)
    """By the shipper, as they were logged."""
    filtered: dict[int, int] = field(default_factory=dict)
    """By shipper and replay, of a backfill too; likewise `delivered`."""
    delivered: dict[int, int] = field(default_factory=dict)
    backfilled: dict[int, int] = field(default_factory=dict)
    """Received by the shipper from `shipctl backfill`."""
    kept: dict[int, int] = field(default_factory=dict)
    """Stored by the shipper in the dead-letter queue, of a backfill too."""
    replayed: dict[int, int] = field(default_factory=dict)
    """Delivered, or filtered, by replay."""

    @property
    def waiting(self) -> int:
        """How many of those that were stored have yet to be replayed."""
        return max(0, sum(self.kept.values()) - sum(self.replayed.values()))

    @property
    def recovered(self) -> int:
        """How many were replayed that the shipper did not store: Lambda did, when the shipper crashed."""
        return max(0, sum(self.replayed.values()) - sum(self.kept.values()))


class Filtering(NamedTuple):
    """How CloudWatch Logs chooses what it hands on."""

    is_known: bool = True
    """Whether `Counts.forwarded` is of this log group and this stack alone."""
    by_pattern: bool = False
    """Whether a filter pattern leaves log events out."""


class Window(NamedTuple):
    """The time that is looked at, in minutes since 1970."""

    since: int
    until: int
    """Of what came later nothing can be said yet."""
    end: int
    """Up to this the counts are known."""


@dataclass(frozen=True)
class Finding:
    """One log group."""

    name: str
    state: State
    counts: Counts
    filtering: Filtering
    gaps: Sequence[Gap] = ()
    missing: int = 0
    repaired: int = 0
    """Log events that a backfill or a replay has shipped since; those of an earlier gap may be among them."""


def look(name: str, counts: Counts, filtering: Filtering, window: Window) -> Finding:
    """Say how a log group stands, by its counts."""
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
        return Finding(name, state, counts, filtering, gaps(left, before), number, repaired)
    return Finding(name, State.COMPLETE, counts, filtering)


def _steps(counts: Counts, filtering: Filtering) -> Sequence[tuple[State, Series, Series]]:
    if not filtering.is_known:
        if filtering.by_pattern:
            return ()
        return ((State.NOT_ARRIVED, counts.incoming, counts.received),)
    received = State.NOT_RECEIVED, counts.forwarded, counts.received
    if filtering.by_pattern:
        return (received,)
    return ((State.NOT_FORWARDED, counts.incoming, counts.forwarded), received)


def is_trouble(finding: Finding) -> bool:
    """Whether somebody has to do something."""
    return finding.state not in (State.COMPLETE, State.REPAIRED)
