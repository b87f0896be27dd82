"""Read the state of an installation: its counts, queues and problems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from loginformant_shipper.names import Metric

from shipctl.dlq.queue import Counts
from shipctl.doctor.checks import CHECKS
from shipctl.doctor.command import Found, found_by
from shipctl.doctor.findings import Check, Verdict
from shipctl.errors import told
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.installation.metrics import MEDIAN, SLOWEST, Activity
from shipctl.installation.trigger import Trigger
from shipctl.key_store import key_store


@dataclass(frozen=True)
class Period:
    """The counts of log events in a time span. A log event is counted at each attempt."""

    received: int
    filtered: int
    delivered: int
    """Delivered by the shipper, at the first attempt."""
    replayed: int
    """Delivered by replay."""
    dead_lettered: dict[str, int]
    """Stored in the dead-letter queue by the shipper, by reason."""
    stored_again: dict[str, int]
    """Stored by replay in the dead-letter queue or the parked queue, by reason."""
    returned: dict[str, int]
    """Returned unchanged to the dead-letter queue by replay, by reason. Each attempt counts."""


@dataclass(frozen=True)
class State:
    """The state of a stack, as `shipctl status` shows it. A part that could not be read is None."""

    stack: str
    region: str
    version: str
    deployment: str
    address: str | None
    key: str | None
    """Where the API key is stored."""
    hour: Period | None
    """The counts of the last hour."""
    day: Period | None
    filtered_by: dict[str, int]
    """Log events that were filtered out in the last hour, by rule."""
    last_delivery: datetime | None
    """The last delivery within a day, accurate to one or five minutes."""
    median_seconds: float | None
    """The median of the ingest latency in the last hour."""
    slowest_seconds: float | None
    dead_letter_queue: Counts | None
    parked_queue: Counts | None
    says_auto_replay: bool
    trigger: Trigger | None
    faults: Sequence[Found]
    untold: Sequence[str]
    """Errors of what could not be read."""


def state_of(installation: Installation, *, checks: bool = True) -> State:
    """Read the state of an installation, with `checks` including its problems.

    What cannot be read, for example since the credentials may not, does not hide the rest.
    """
    stack = installation.stack
    untold: list[str] = []
    variables = told(lambda: installation.variables(Function.SHIPPER), untold)
    hour = told(lambda: period(installation.hour), untold)
    day = told(lambda: period(installation.day), untold)
    if hour and told(lambda: installation.is_uncounted, untold):
        untold.append(f"CloudWatch does not count log events: {stack.command('doctor', '--only', 'flow')}")
        hour = day = None
    filtered_by = told(lambda: dict(installation.filtered_by), untold) if hour and hour.filtered else {}
    dead_letter_queue = told(lambda: installation.counts(False), untold)
    parked_queue = told(lambda: installation.counts(True), untold)
    trigger = told(lambda: installation.trigger, untold)
    found = list(found_by(_cheap_checks(), installation)) if checks else []
    untold += [each.finding.what for each in found if each.finding.verdict is Verdict.UNKNOWN]
    return State(
        stack.name,
        stack.region,
        stack.outputs.get("Version", ""),
        stack.status,
        None if variables is None else variables.get("INGEST_URL", ""),
        None if variables is None else key_store(stack, variables).words,
        hour,
        day,
        filtered_by or {},
        _last_delivery(installation) if hour and day else None,
        installation.hour.latency(MEDIAN) if hour else None,
        installation.hour.latency(SLOWEST) if hour else None,
        dead_letter_queue,
        parked_queue,
        installation.says_auto_replay,
        trigger,
        [each for each in found if each.finding.verdict is Verdict.FAULT],
        tuple(dict.fromkeys(untold)),
    )


def _cheap_checks() -> Iterable[Check]:
    return [check for check in CHECKS if not check.sends]


def period(activity: Activity) -> Period:
    """Return the sums of the counts of a time span."""
    shipper, replay = Function.SHIPPER, Function.REPLAY
    return Period(
        received=activity.total(Metric.EVENTS_RECEIVED, shipper),
        filtered=activity.total(Metric.EVENTS_FILTERED, shipper),
        delivered=activity.total(Metric.EVENTS_DELIVERED, shipper),
        replayed=activity.total(Metric.EVENTS_DELIVERED, replay),
        dead_lettered=activity.by_reason(Metric.EVENTS_DEAD_LETTERED, shipper),
        stored_again=activity.by_reason(Metric.EVENTS_DEAD_LETTERED, replay),
        returned=activity.by_reason(Metric.EVENTS_RETURNED, replay),
    )


def _last_delivery(installation: Installation) -> datetime | None:
    return installation.hour.last(Metric.EVENTS_DELIVERED) or installation.day.last(Metric.EVENTS_DELIVERED)
