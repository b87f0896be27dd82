"""Check that log events arrive at the shipper, and that filters do not drop all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from loginformant_shipper.names import FilterCause, Metric

from shipctl.dlq.spans import utc
from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.functions import Function
from shipctl.installation.installation import HOUR, RECENT, Installation
from shipctl.installation.own_log import Line, count_of, filtered_by
from shipctl.terminal import counted

RULES = {
    FilterCause.OWN: "they are the stack's own logs",
    FilterCause.BLANK: "they are blank",
    FilterCause.LEVEL: "MinimumLevel",
    FilterCause.INCLUDE_PATTERN: "IncludePattern",
    FilterCause.EXCLUDE_PATTERN: "ExcludePattern",
    FilterCause.SAMPLING: "SamplePercent",
}
"""What filtered log events out: a parameter, or a fixed rule."""

_OPEN = {
    FilterCause.LEVEL: ("MinimumLevel", "Debug"),
    FilterCause.INCLUDE_PATTERN: ("IncludePattern", ""),
    FilterCause.EXCLUDE_PATTERN: ("ExcludePattern", ""),
    FilterCause.SAMPLING: ("SamplePercent", "100"),
}
"""The parameters of the filters, with values that filter nothing out."""


FROM_THE_LOG = (
    "KeyOrAddressAlarm",
    "NothingDeliveredAlarm",
    "EverythingFilteredAlarm",
    "KinesisNothingDeliveredAlarm",
    "KinesisEverythingFilteredAlarm",
    "LogGroupsRefusedAlarm",
)
"""The alarms on metrics that CloudWatch creates from the functions' log lines."""

SETTLING = timedelta(minutes=1)
"""The time after a change of the shipper during which earlier invocations may still end."""


def check_flow(installation: Installation) -> Iterator[Finding]:
    """Report a shipper that receives no log events, or whose log events CloudWatch does not count."""
    if installation.is_uncounted:
        yield _uncounted(installation)
        return
    hour = installation.hour.total(Metric.EVENTS_RECEIVED, Function.SHIPPER)
    day = installation.day.total(Metric.EVENTS_RECEIVED, Function.SHIPPER)
    if hour:
        yield ok(f"{counted(hour, 'log event')} received in the last hour")
    else:
        yield notice(
            f"no log events received in the last hour, {day:,} in the last day",
            f"see {installation.stack.command('subscriptions', 'list')}; "
            f"{installation.stack.command('send-test')} sends one",
        )


def _uncounted(installation: Installation) -> Finding:
    stack = installation.stack
    alarms = [name for name in FROM_THE_LOG if f"{name}Name" in stack.outputs]
    what = (
        "the shipper received log events in the last hour, but CloudWatch creates no metrics from the "
        "functions' log lines"
    )
    groups = ", ".join(function.log_group_in(stack) for function in Function)
    policies = stack.aws_command(
        "logs", "describe-account-policies", "--policy-type", "METRIC_EXTRACTION_POLICY"
    )
    return fault(
        f"{what}; these alarms cannot go off: {', '.join(alarms)}" if alarms else what,
        f"{policies}; exclude these log groups from such a policy: {groups}",
    )


def check_filtering(installation: Installation) -> Iterator[Finding]:
    """Report filters that dropped all logs in the last hour, or since the shipper was changed."""
    now, filtering = installation.now, installation.filtering
    if not filtering:
        yield ok("no log events were filtered out in the last hour")
        return
    changed = installation.changed_at(Function.SHIPPER)
    hour_ago, is_changed = now - HOUR, changed > now - HOUR
    if left_out := _all_left_out(installation, changed if is_changed else hour_ago):
        since = f"since the shipper was changed ({utc(changed)})" if is_changed else "of the last hour"
        causes = filtered_by(left_out)
        what = f"all {counted(_events(left_out), 'log event')} {since} were filtered out: {_by(causes)}"
        main = max(causes, key=lambda cause: causes[cause], default="")
        if main in _OPEN:
            yield fault(what, deploy_with(installation.stack, *_OPEN[FilterCause(main)]))
        else:
            yield notice(what)
    elif left_out := _all_left_out(installation, now - RECENT):
        events, by = counted(_events(left_out), "log event"), _by(filtered_by(left_out))
        yield notice(f"all {events} of the last 15 minutes were filtered out, but not all before: {by}")
    else:
        events = counted(_events(filtering), "log event")
        yield ok(f"{events} of the last hour were filtered out, but not all: {_by(filtered_by(filtering))}")


def _all_left_out(installation: Installation, since: datetime) -> Sequence[Line]:
    """Return the metric lines since a time if everything was filtered out; empty if anything passed.

    Invocations that began before a change use the previous settings, so `since` may be later by `SETTLING`.
    """
    settled = since + SETTLING
    if next(installation.let_through(settled), None):
        return []
    last = max(installation.let_through(since, settled), default=since)
    return [line for line in installation.filtering if line.time > last]


def _events(lines: Iterable[Line]) -> int:
    return sum(count_of(line, Metric.EVENTS_FILTERED) for line in lines)


def _by(causes: Mapping[str, int]) -> str:
    return ", ".join(f"{RULES.get(cause, cause)} ({events:,})" for cause, events in causes.items())  # type: ignore[call-overload]
