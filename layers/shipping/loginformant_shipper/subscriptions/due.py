"""Which log groups a run looks at, in which order, while it lists them."""

from collections import deque
from collections.abc import Iterator

from loginformant_shipper.subscriptions.logs_api import LogsApi
from loginformant_shipper.subscriptions.plan import LogGroup, what_counts
from loginformant_shipper.subscriptions.reconcile import Report
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.turns import TURNS, in_order, is_due, turn_at, turns_for

NEW_SECONDS = 3600.0
"""A log group is new for so long: four ticks of the schedule."""

MAX_IN_VAIN = 100
"""So many more log groups are looked at before a run says that nothing at all is shipped."""

_REQUESTS_FIT = 0.9
"""Of the requests that the time left allows, to be sure of it."""


def everything(api: LogsApi, settings: SubscriptionSettings, now: float) -> Iterator[LogGroup]:
    """Give all log groups. Those that do not fit into the time have their turn within the next ticks."""
    listed = list(api.log_groups())
    yield from in_order(listed, turn_at(now), turns_for(len(listed), _fitting(api, settings)))


def share(api: LogsApi, settings: SubscriptionSettings, now: float, report: Report) -> Iterator[LogGroup]:
    """Give the log groups of one tick: new ones, and those whose turn it is.

    A share that was not as it should be is a sign that others are not: a change of the parameters that did
    not fit into one run, say. Then as many of the others follow as fit. And where nothing wanted is shipped,
    some others follow, to be sure of it.

    Args:
        api: CloudWatch Logs.
        settings: What is wanted.
        now: Seconds since 1970.
        report: What the run has found until now.
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
