"""Brings log groups, one after the other, to what is wanted. What goes wrong with one stops no other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from loginformant_shipper.subscriptions.logs_api import LogsApi, OutOfTime
from loginformant_shipper.subscriptions.plan import Action, Filter, Finding, LogGroup, State, find, needs_look
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


class Trouble(StrEnum):
    """Why a log group cannot be had as it is wanted."""

    QUOTA_FULL = "quota-full"
    """It has as many filters as AWS allows, which AWS itself must say: the number has grown before."""
    DENIED = "denied"
    UNSUPPORTED = State.UNSUPPORTED.value
    NAME_TAKEN = State.NAME_TAKEN.value
    DOUBLED = State.DOUBLED.value
    REFUSED = "refused"


class Reconciled(NamedTuple):
    """What became of a log group."""

    finding: Finding
    trouble: Trouble | None = None
    detail: str = ""
    """AWS's own words."""


@dataclass
class Report:
    """What a run did, by the names of log groups."""

    looked_at: int = 0
    subscribed: list[str] = field(default_factory=list)
    """Filters that were made or changed."""
    unsubscribed: list[str] = field(default_factory=list)
    troubles: list[tuple[str, Trouble, str]] = field(default_factory=list)
    last: str = ""
    """The log group that was done last."""
    finished: bool = True

    def add(self, outcome: Reconciled) -> None:
        finding = outcome.finding
        self.looked_at += 1
        self.last = finding.log_group
        if outcome.trouble:
            self.troubles.append((finding.log_group, outcome.trouble, outcome.detail))
        elif finding.action is Action.PUT:
            self.subscribed.append(finding.log_group)
        elif finding.action is Action.DELETE:
            self.unsubscribed.append(finding.log_group)


def reconcile(
    api: LogsApi,
    groups: Iterable[LogGroup],
    settings: SubscriptionSettings,
    on_outcome: Callable[[Reconciled], None] = lambda outcome: None,
) -> Report:
    """Carry out what is to be done about `groups`, in their order, until the time is up.

    Raises botocore's errors where no log group can be had: credentials, network, DescribeLogGroups.
    """
    report = Report()
    try:
        for group in groups:
            if outcome := settle(api, group, settings):
                report.add(outcome)
                on_outcome(outcome)
            else:
                report.last = group.name
    except OutOfTime:
        report.finished = False
    return report


def settle(
    api: LogsApi, group: LogGroup, settings: SubscriptionSettings, *, only_look: bool = False
) -> Reconciled | None:
    """Do what is to be done about one log group; `None` if it is gone meanwhile.

    With `only_look` the outcome says what is to be done, and nothing is.
    """
    from botocore.exceptions import ClientError

    finding = find(group, [], settings)
    try:
        if needs_look(group):
            finding = find(group, api.filters(group.name), settings)
        if not only_look:
            _carry_out(api, finding, settings)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        return Reconciled(finding, trouble_of(error), " ".join(error.response["Error"]["Message"].split()))
    if finding.state in _TROUBLING and finding.action is None:
        return Reconciled(finding, Trouble(finding.state.value))
    return Reconciled(finding)


_TROUBLING = (State.UNSUPPORTED, State.NAME_TAKEN, State.DOUBLED)


def _carry_out(api: LogsApi, finding: Finding, settings: SubscriptionSettings) -> None:
    if finding.action is Action.PUT:
        ours = Filter(settings.filter_name, settings.destination_arn, settings.filter_pattern)
        api.put(finding.log_group, ours)
    elif finding.action is Action.DELETE:
        api.delete(finding.log_group, settings.filter_name)


_OF_ONE_GROUP = {
    "LimitExceededException": Trouble.QUOTA_FULL,
    "AccessDeniedException": Trouble.DENIED,
    "AccessDenied": Trouble.DENIED,
    "InvalidParameterException": Trouble.REFUSED,
    "InvalidOperationException": Trouble.REFUSED,
    "OperationAbortedException": Trouble.REFUSED,
    "ServiceUnavailableException": Trouble.REFUSED,
}
"""What concerns one log group ("PutSubscriptionFilter", Amazon CloudWatch Logs API Reference); with any other
error the next group would fare no better."""


def trouble_of(error: "ClientError") -> Trouble:
    """Raises `error` if it concerns more than the one log group."""
    trouble = _OF_ONE_GROUP.get(error.response["Error"]["Code"])
    if trouble is None:
        raise error
    return trouble
