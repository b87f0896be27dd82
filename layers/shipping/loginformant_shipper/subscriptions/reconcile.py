"""Create, change and remove subscription filters. An error of one log group does not affect the others.

Log groups with a temporary error are retried after all others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from loginformant_shipper.subscriptions.logs_api import LogsApi, RunEnds
from loginformant_shipper.subscriptions.plan import (
    SHIPPED,
    Action,
    Filter,
    Finding,
    LogGroup,
    State,
    find,
    needs_look,
)
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

RETRY_PAUSES = (5.0, 10.0, 20.0, 40.0, 80.0)
"""Seconds before each retry of log groups with a temporary error."""

MAX_REFUSED_IN_AN_ATTEMPT = 10


class Trouble(StrEnum):
    """Why a log group cannot be subscribed as configured."""

    QUOTA_FULL = "quota-full"
    """It has the maximum number of filters, as reported by AWS, which has raised that number before."""
    DENIED = "denied"
    UNSUPPORTED = State.UNSUPPORTED.value
    NAME_TAKEN = State.NAME_TAKEN.value
    DOUBLED = State.DOUBLED.value
    REFUSED = "refused"
    REFUSED_FOR_NOW = "refused-for-now"
    """AWS rejected the request, but may accept it later."""


REFUSALS = frozenset(
    (
        Trouble.QUOTA_FULL,
        Trouble.DENIED,
        Trouble.NAME_TAKEN,
        Trouble.REFUSED,
        Trouble.REFUSED_FOR_NOW,
    )
)
"""Problems that a user can resolve."""


class Reconciled(NamedTuple):
    """The outcome for a log group."""

    finding: Finding
    trouble: Trouble | None = None
    detail: str = ""
    """The error message of AWS."""


@dataclass
class Report:
    """The results of a run, by names of log groups."""

    looked_at: int = 0
    wanted: int = 0
    """How many of the checked log groups are selected."""
    shipped: int = 0
    """How many of the selected log groups are subscribed now."""
    subscribed: list[str] = field(default_factory=list)
    """Log groups whose filter was created or changed."""
    unsubscribed: list[str] = field(default_factory=list)
    troubles: list[tuple[str, Trouble, str]] = field(default_factory=list)
    last: str = ""
    """The log group that was processed last."""
    finished: bool = True

    @property
    def refused(self) -> int:
        """Return the number of log groups that are not subscribed as configured, but could be."""
        return sum(trouble in REFUSALS for _, trouble, _ in self.troubles)

    @property
    def refused_for_now(self) -> list[str]:
        """Return the log groups with a temporary error."""
        return [name for name, trouble, _ in self.troubles if trouble is Trouble.REFUSED_FOR_NOW]

    @property
    def is_in_vain(self) -> bool:
        """Return whether log groups are selected but none of them is shipped."""
        return self.wanted > 0 and self.shipped == 0 and bool(self.troubles)

    def add(self, outcome: Reconciled) -> None:
        """Add the outcome for one log group."""
        finding = outcome.finding
        self.looked_at += 1
        self.last = finding.log_group
        self.wanted += finding.wanted
        if outcome.trouble:
            self.troubles.append((finding.log_group, outcome.trouble, outcome.detail))
            self.shipped += finding.wanted and outcome.trouble is Trouble.DOUBLED
            return
        self.shipped += finding.wanted and (finding.state in SHIPPED or finding.action is Action.PUT)
        if finding.action is Action.PUT:
            self.subscribed.append(finding.log_group)
        elif finding.action is Action.DELETE:
            self.unsubscribed.append(finding.log_group)


def reconcile(
    api: LogsApi,
    groups: Iterable[LogGroup],
    settings: SubscriptionSettings,
    report: Report | None = None,
    on_outcome: Callable[[Reconciled], None] = lambda outcome: None,
) -> Report:
    """Reconcile log groups in their order until the deadline, or until the run is stale.

    Errors of botocore that concern all log groups are raised, such as those of credentials, the network and
    DescribeLogGroups.

    Args:
        api: The client of CloudWatch Logs, whose deadline ends the run.
        groups: The log groups. The iterable may use the current `report` to select the next one.
        settings: The settings of the subscriber.
        report: The report to add to. None: a new one.
        on_outcome: Called with each outcome.
    """
    report = report or Report()
    again: list[tuple[LogGroup, Reconciled]] = []

    def done(outcome: Reconciled) -> None:
        report.add(outcome)
        on_outcome(outcome)

    try:
        for group in groups:
            outcome = settle(api, group, settings)
            if outcome is None:
                report.last = group.name
            elif outcome.trouble is Trouble.REFUSED_FOR_NOW:
                report.last = group.name
                again.append((group, outcome))
            else:
                done(outcome)
        for pause in RETRY_PAUSES:
            if not again:
                break
            api.wait(pause)
            again = _try_again(api, again, settings, done)
    except RunEnds:
        report.finished = False
    for _, outcome in again:
        done(outcome)
    return report


def has_account_policy(api: LogsApi, settings: SubscriptionSettings) -> bool:
    """Return whether the stack's account policy exists. Without it, filters are all that ships logs."""
    return settings.filter_name in api.subscription_policies()


def _try_again(
    api: LogsApi,
    again: list[tuple[LogGroup, Reconciled]],
    settings: SubscriptionSettings,
    done: Callable[[Reconciled], None],
) -> list[tuple[LogGroup, Reconciled]]:
    """Retry log groups, and return those that still fail. Several failures in a row end the attempt."""
    still: list[tuple[LogGroup, Reconciled]] = []
    for number, (group, _) in enumerate(again):
        try:
            outcome = settle(api, group, settings)
        except RunEnds:
            return [*again[number:], *still]
        if outcome is None:
            continue
        if outcome.trouble is not Trouble.REFUSED_FOR_NOW:
            done(outcome)
            continue
        still.append((group, outcome))
        if len(still) == MAX_REFUSED_IN_AN_ATTEMPT:
            # Log groups that were not tried are first next time.
            return [*again[number + 1 :], *still]
    return still


def settle(
    api: LogsApi, group: LogGroup, settings: SubscriptionSettings, *, only_look: bool = False
) -> Reconciled | None:
    """Reconcile one log group.

    Args:
        api: The client of CloudWatch Logs.
        group: The log group.
        settings: The settings of the subscriber.
        only_look: Whether to change nothing. The outcome says what would be done.

    Returns:
        The outcome, or None if the log group has been deleted.
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
    "InvalidOperationException": Trouble.UNSUPPORTED,
    "OperationAbortedException": Trouble.REFUSED_FOR_NOW,
    "ServiceUnavailableException": Trouble.REFUSED_FOR_NOW,
}
"""Errors that concern a single log group ("PutSubscriptionFilter", Amazon CloudWatch Logs API Reference). Any
other error would also occur for the next log group."""

_NOT_INVOKED_YET = "could not execute the lambda function"
"""Part of the error for a permission that is not yet effective: CloudWatch Logs invokes the function before
it accepts a filter (hashicorp/terraform-provider-aws, `internal/service/logs/subscription_filter.go`, retries
after this message, and after OperationAbortedException)."""

_MIN_SERVER_ERROR = 500


def trouble_of(error: "ClientError") -> Trouble:
    """Return what an error means for the log group. Raises `error` if it concerns all log groups."""
    code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "InvalidParameterException" and _NOT_INVOKED_YET in words.lower():
        return Trouble.REFUSED_FOR_NOW
    trouble = _OF_ONE_GROUP.get(code)
    if trouble is not None:
        return trouble
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _MIN_SERVER_ERROR:
        return Trouble.REFUSED_FOR_NOW
    raise error
