"""Select the log groups that a run of the subscriber checks, and their order."""

from collections import deque
from collections.abc import Iterator

from loginformant_shipper.subscriptions.logs_api import LogsApi
from loginformant_shipper.subscriptions.plan import LogGroup, what_counts
from loginformant_shipper.subscriptions.reconcile import Report
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.turns import TURNS, in_order, is_due, turn_at, turns_for

NEW_SECONDS = 3600.0
"""The age up to which a log group counts as new: four runs of the schedule."""

MAX_IN_VAIN = 100
"""How many more log groups are checked before a run reports that nothing is shipped."""

_REQUESTS_FIT = 0.9
"""The share of the possible requests in the remaining time that a run plans, as a safety margin."""


def everything(api: LogsApi, settings: SubscriptionSettings, now: float) -> Iterator[LogGroup]:
    """Yield all log groups. Those that the run has no time for are checked by the next scheduled runs."""
    listed = list(api.log_groups())
    yield from in_order(listed, turn_at(now), turns_for(len(listed), _fitting(api, settings)))


def share(api: LogsApi, settings: SubscriptionSettings, now: float, report: Report) -> Iterator[LogGroup]:
    """Yield the log groups of one scheduled run: new ones, and those whose turn it is.

    If something had to be changed, other log groups may need changes, too, for example after a change of the
    parameters that did not fit into one run. Then as many others follow as fit. If none of the selected log
    groups is shipped, some others follow to confirm it.

    Args:
        api: The client of CloudWatch Logs.
        settings: The settings of the subscriber.
        now: The current time in seconds since 1970.
        report: The results of the run so far.
    """
    wanted, turn, since = what_counts(settings), turn_at(now), (now - NEW_SECONDS) * 1000
    new: deque[LogGroup] = deque()
    due: deque[LogGroup] = deque()
    others: list[LogGroup] = []
    new_names: set[str] = set()
    for group in api.log_groups():
        if group.created >= since and wanted.why_not(group.name) is None:
            new.append(group)
            new_names.add(group.name)
        elif is_due(group.name, turn):
            due.append(group)
        else:
            others.append(group)
        if (new or due) and api.can_look_at_once():
            yield (new or due).popleft()
    yield from new
    yield from in_order(due, turn, TURNS)
    if any(name not in new_names for name in (*report.subscribed, *report.unsubscribed)):
        fitting = _fitting(api, settings)
        yield from in_order(others, turn, turns_for(len(others), fitting)) if fitting else ()
    elif report.is_in_vain:
        for group in in_order(others, turn, TURNS)[:MAX_IN_VAIN]:
            if not report.is_in_vain:
                return
            yield group


def _fitting(api: LogsApi, settings: SubscriptionSettings) -> int:
    return int(api.seconds_left() * settings.requests_per_second * _REQUESTS_FIT)
