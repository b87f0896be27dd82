"""Audit the log groups of a stack: all of them by hour, then those whose counts differ by minute."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from loginformant_shipper.events import Source
from loginformant_shipper.subscriptions.logs_api import LogsApi
from loginformant_shipper.subscriptions.plan import Filter
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.wanted import matches

from shipctl.account import aws_errors
from shipctl.audit import cloudwatch, own_counts
from shipctl.audit.cloudwatch import AwsMetric, minute_of
from shipctl.audit.findings import Counts, Filtering, Finding, State, Window, look
from shipctl.audit.gaps import Series
from shipctl.stack import Stack
from shipctl.subscriptions.deployed_settings import wanted_log_groups

HOUR = 60
LEFT_OUT = 15
"""The last minutes before now, which are not evaluated, since their log events may still be on the way."""
LIVE = (Source.SUBSCRIPTION, Source.KINESIS)


@dataclass
class Survey:
    """The result of an audit."""

    window: Window
    findings: list[Finding] = field(default_factory=list)
    account_forwarded: int | None = None
    """With an account policy, the number of log events that CloudWatch Logs forwarded from all log groups."""
    account_errors: int = 0


class _Known(NamedTuple):
    """The data that all steps use."""

    stack: Stack
    settings: SubscriptionSettings
    window: Window
    metrics: Mapping[str, Sequence[AwsMetric]]
    """The metrics of subscriptions by log group."""
    elsewhere: Mapping[str, frozenset[str]] = MappingProxyType({})
    """Names of filters that forwarded nothing to this stack, by log group. Only read for log groups with
    differing counts. The same holds for `ours`."""
    ours: Mapping[str, frozenset[str]] = MappingProxyType({})
    """Names of filters to this stack, by log group."""
    patterned: frozenset[str] = frozenset()
    """Log groups whose filter to this stack has a pattern. Only read for log groups with differing counts."""


def window_of(since: datetime, now: datetime) -> Window:
    """Return the time span of an audit."""
    end = minute_of(now) + 1
    return Window(minute_of(since), max(end - 1 - LEFT_OUT, minute_of(since)), end)


def survey(
    stack: Stack, settings: SubscriptionSettings, api: LogsApi, only: Sequence[str], window: Window
) -> Survey:
    """Compare what was logged with what arrived.

    Args:
        stack: The stack.
        settings: The settings of its subscriber.
        api: The client with which log groups and filters are read.
        only: Patterns of names of log groups. Empty: all that the stack ships or that log events arrived
            from.
        window: The time span.

    Raises:
        CommandError: A request to AWS fails.
    """
    begin = _hour(window.since) - HOUR
    metrics: dict[str, list[AwsMetric]] = {}
    for metric in cloudwatch.list_metrics(stack):
        metrics.setdefault(metric.log_group, []).append(metric)
    known = _Known(stack, settings, window, metrics)
    arrived = own_counts.names(stack, begin, window.end)
    names = sorted(
        name for name in arrived | wanted_log_groups(api, settings) if not only or matches(name, only)
    )
    found = Survey(window)
    counts = _read(known, names, begin, window.end, by_hours=True)
    doubtful = [name for name in names if _is_doubtful(known, name, counts[name])]
    before, known = known, _with_filters(known, api, doubtful)
    known = _without_idle_filters(known, doubtful, begin)
    others = [name for name in doubtful if _ours(known, name) != _ours(before, name)]
    counts |= _read(known, others, begin, window.end, by_hours=True)
    closer = _closer(known, doubtful, counts)
    for name in names:
        finding = look(name, closer.get(name, counts[name]), _filtering(known, name), window)
        # The sums that are shown cover the whole span, even if only some hours were compared by minute.
        found.findings.append(replace(finding, counts=counts[name]))
    if settings.account_wide:
        _add_account(found, known, begin)
    return found


def _filtering(known: _Known, name: str) -> Filtering:
    is_known = not known.settings.account_wide and not _filters_of(known, name).unsure
    return Filtering(is_known, bool(known.settings.filter_pattern) or name in known.patterned)


class _FiltersOf(NamedTuple):
    """The filters of a log group in the metrics, without those that lead elsewhere."""

    ours: frozenset[str]
    """They lead to this stack."""
    unsure: frozenset[str]
    """They may lead to this stack, or may have done so: they have not been read, or were deleted since."""


def _filters_of(known: _Known, name: str) -> _FiltersOf:
    """Tell the filters of a log group apart, by name or by what was read of them.

    Filters by hand have any name: `SubscribeCommand` uses that of the stack. A single filter counts as one to
    this stack. If it is not, nothing was received, and its destination is read. With an account policy,
    all filters are taken for those of others.
    """
    if known.settings.account_wide:
        return _FiltersOf(frozenset(), frozenset())
    filters = {_filter_of(metric) for metric in known.metrics.get(name, ())}
    filters -= known.elsewhere.get(name, frozenset())
    if len(filters) <= 1:
        return _FiltersOf(frozenset(filters), frozenset())
    own_names = {known.settings.filter_name, known.stack.name}
    ours = filters & (own_names | known.ours.get(name, frozenset()))
    return _FiltersOf(frozenset(ours), frozenset(filters - ours))


def _ours(known: _Known, name: str) -> list[AwsMetric]:
    """Return the metrics of the log group's filters that certainly lead to this stack."""
    ours = _filters_of(known, name).ours
    return [metric for metric in known.metrics.get(name, ()) if _filter_of(metric) in ours]


def _filter_of(metric: AwsMetric) -> str:
    return dict(metric.dimensions).get(cloudwatch.FILTER, "")


def _with_filters(known: _Known, api: LogsApi, names: Sequence[str]) -> _Known:
    """Read the current filters of these log groups and their destinations."""
    destinations = _destinations(known)
    elsewhere: dict[str, frozenset[str]] = {}
    ours: dict[str, frozenset[str]] = {}
    patterned: set[str] = set()
    for name in names:
        filters = _filters(api, name)
        elsewhere[name] = frozenset(each.name for each in filters if each.destination_arn not in destinations)
        ours[name] = frozenset(each.name for each in filters if each.destination_arn in destinations)
        if any(each.pattern for each in filters if each.destination_arn in destinations):
            patterned.add(name)
    return known._replace(elsewhere=elsewhere, ours=ours, patterned=frozenset(patterned))


def _without_idle_filters(known: _Known, names: Sequence[str], since: int) -> _Known:
    """Leave out filters that forwarded nothing in the span, such as those that were deleted before it."""
    unsure = {name: filters for name in names if (filters := _filters_of(known, name).unsure)}
    metrics = [
        metric
        for name, filters in unsure.items()
        for metric in known.metrics[name]
        if metric.name == cloudwatch.FORWARDED and _filter_of(metric) in filters
    ]
    found = cloudwatch.read(known.stack, metrics, since, known.window.end, HOUR)
    busy = {(metric.log_group, _filter_of(metric)) for metric, series in found.items() if series}
    elsewhere = dict(known.elsewhere)
    for name, filters in unsure.items():
        elsewhere[name] |= {each for each in filters if (name, each) not in busy}
    return known._replace(elsewhere=elsewhere)


def _destinations(known: _Known) -> frozenset[str]:
    """Return the destinations that lead to this stack."""
    outputs = known.stack.outputs
    found = (
        known.settings.destination_arn,
        known.stack.parameters.get("KinesisStreamArn"),
        outputs.get("OrganizationStreamArn"),
        outputs.get("OrganizationDestinationArn"),
    )
    return frozenset(arn for arn in found if arn)


def _filters(api: LogsApi, name: str) -> list[Filter]:
    from botocore.exceptions import ClientError

    with aws_errors(f"Reading the filters of {name}"):
        try:
            return api.filters(name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []  # it has been deleted, or belongs to another account
            raise


def _coarse_look(known: _Known, name: str, counts: Counts) -> Finding:
    """Evaluate whole hours, including the hour in which the span begins."""
    window = known.window._replace(since=_hour(known.window.since))
    return look(name, counts, _filtering(known, name), window)


def _is_doubtful(known: _Known, name: str, counts: Counts) -> bool:
    """Return whether to read the filters of the log group, and its counts by minute."""
    state = _coarse_look(known, name, counts).state
    # The filters do not say what an account policy forwarded.
    return state is not State.COMPLETE and not (state is State.NOT_COMPARED and known.settings.account_wide)


def _closer(known: _Known, names: Sequence[str], counts: Mapping[str, Counts]) -> Mapping[str, Counts]:
    """Return the counts of some log groups by minute, from the first hour in which they differ."""
    hours: set[int] = set()
    for name in names:
        for gap in _coarse_look(known, name, counts[name]).gaps:
            hours |= set(range(_hour(gap.since) - HOUR, _hour(gap.until) + 2 * HOUR, HOUR))
    if not hours:
        return {}
    first, last = min(hours), min(max(hours) + HOUR, known.window.end)
    by_minute = _read(known, names, first, last, by_hours=False)
    for name in names:
        # Earlier hours are kept, so that log events that were on the way then do not count as missing.
        for closer, coarse in _pairs(by_minute[name], counts[name]):
            closer.update({m: n for m, n in coarse.items() if m < first or m >= last})
    return by_minute


_COLUMNS = ("incoming", "forwarded", "errors", "throttled", "received", "filtered", "delivered", "backfilled")


def _pairs(one: Counts, other: Counts) -> Iterator[tuple[dict[int, int], dict[int, int]]]:
    for column in (*_COLUMNS, "kept", "replayed"):
        yield getattr(one, column), getattr(other, column)


def _read(
    known: _Known, names: Sequence[str], since: int, until: int, *, by_hours: bool
) -> dict[str, Counts]:
    """Read counts by minute, or by hour and then by minute after the last whole hour."""
    counts = {name: Counts() for name in names}
    middle = _hour(until) if by_hours else since
    for begin, end, minutes in ((since, middle, HOUR), (middle, until, 1)):
        if begin < end and names:
            _add_metrics(known, counts, begin, end, minutes)
            for row in own_counts.read(known.stack, names, begin, end, minutes):
                _add_row(counts[row.log_group], row)
    return counts


def _add_metrics(known: _Known, counts: Mapping[str, Counts], begin: int, end: int, minutes: int) -> None:
    metrics = [cloudwatch.incoming(name) for name in counts]
    for name in counts:
        metrics += _ours(known, name)
    columns = {
        cloudwatch.INCOMING: "incoming",
        cloudwatch.FORWARDED: "forwarded",
        cloudwatch.ERRORS: "errors",
        cloudwatch.THROTTLED: "throttled",
    }
    for metric, series in cloudwatch.read(known.stack, metrics, begin, end, minutes).items():
        _add(getattr(counts[metric.log_group], columns[metric.name]), series)


def _add_row(counts: Counts, row: own_counts.Row) -> None:
    settled = row.received - row.returned
    _add(counts.filtered, {row.minute: row.filtered})
    _add(counts.delivered, {row.minute: row.delivered})
    if row.source == Source.REPLAY:
        _add(counts.replayed, {row.minute: row.delivered + row.filtered})
        return
    _add(counts.received if row.source in LIVE else counts.backfilled, {row.minute: settled})
    _add(counts.kept, {row.minute: settled - row.delivered - row.filtered})


def _add(to: dict[int, int], series: Series) -> None:
    for minute, number in series.items():
        if number:
            to[minute] = to.get(minute, 0) + number


def _add_account(found: Survey, known: _Known, begin: int) -> None:
    """Add the counts of CloudWatch Logs for the account policy, which are not by log group."""
    metrics: Iterable[AwsMetric] = known.metrics.get("", ())
    hours = cloudwatch.read(known.stack, metrics, begin, _hour(known.window.end) + HOUR, HOUR)
    found.account_forwarded = 0
    for metric, series in hours.items():
        if metric.name == cloudwatch.FORWARDED:
            found.account_forwarded += sum(series.values())
        elif metric.name == cloudwatch.ERRORS:
            found.account_errors += sum(series.values())


def _hour(minute: int) -> int:
    return minute // HOUR * HOUR
