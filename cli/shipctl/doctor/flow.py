"""Whether log events come, and whether filtering leaves any of them."""

from collections.abc import Iterator

from loginformant_shipper.names import FilterCause, Metric

from shipctl.doctor.findings import Finding, fault, notice, ok
from shipctl.installation.diagnosis import deploy_with
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.terminal import counted

RULES = {
    FilterCause.OWN: "they are the stack's own logs",
    FilterCause.BLANK: "they are blank",
    FilterCause.LEVEL: "MinimumLevel",
    FilterCause.INCLUDE_PATTERN: "IncludePattern",
    FilterCause.EXCLUDE_PATTERN: "ExcludePattern",
    FilterCause.SAMPLING: "SamplePercent",
}
"""What left them out: the parameter, where it is one."""

_OPEN = {
    FilterCause.LEVEL: ("MinimumLevel", "Debug"),
    FilterCause.INCLUDE_PATTERN: ("IncludePattern", ""),
    FilterCause.EXCLUDE_PATTERN: ("ExcludePattern", ""),
    FilterCause.SAMPLING: ("SamplePercent", "100"),
}
"""Parameters with the values that leave nothing out."""


def check_flow(installation: Installation) -> Iterator[Finding]:
    """Find a shipper to which nothing comes."""
    hour = installation.hour.total(Metric.EVENTS_RECEIVED, Function.SHIPPER)
    day = installation.day.total(Metric.EVENTS_RECEIVED, Function.SHIPPER)
    if hour:
        yield ok(f"{counted(hour, 'log event')} came in the last hour")
    else:
        yield notice(
            f"no log event came in the last hour, {day:,} in the last day",
            f"see {installation.stack.command('subscriptions', 'list')}; "
            f"{installation.stack.command('send-test')} sends one",
        )


def check_filtering(installation: Installation) -> Iterator[Finding]:
    """Find rules that leave every log out."""
    received = installation.hour.total(Metric.EVENTS_RECEIVED, Function.SHIPPER)
    filtered = installation.hour.total(Metric.EVENTS_FILTERED, Function.SHIPPER)
    if not filtered:
        yield ok("nothing was left out in the last hour")
        return
    causes = dict(installation.filtered_by)
    by = ", ".join(f"{RULES.get(cause, cause)} ({events:,})" for cause, events in causes.items())  # type: ignore[call-overload]
    what = f"{filtered:,} of {counted(received, 'log event')} of the last hour were left out: {by}"
    main = max(causes, key=lambda cause: causes[cause], default="")
    if filtered < received:
        yield ok(what)
    elif main in _OPEN:
        yield fault(f"all {what}", deploy_with(installation.stack, *_OPEN[FilterCause(main)]))
    else:
        yield notice(f"all {what}")
