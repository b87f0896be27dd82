"""Bring log groups to what is wanted. What goes wrong with one stops no other.

A refusal that may pass is not the last word: those log groups are tried again when the others are done.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from loginformant_shipper.subscriptions.logs_api import LogsApi, OutOfTime
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
"""Seconds before each further attempt at what was refused for now."""

MAX_REFUSED_IN_AN_ATTEMPT = 10


class Trouble(StrEnum):
    """Why a log group cannot be had as it is wanted."""

    QUOTA_FULL = "quota-full"
    """It has as many filters as AWS allows, which AWS itself must say: the number has grown before."""
    DENIED = "denied"
    UNSUPPORTED = State.UNSUPPORTED.value
    NAME_TAKEN = State.NAME_TAKEN.value
    DOUBLED = State.DOUBLED.value
    REFUSED = "refused"
    REFUSED_FOR_NOW = "refused-for-now"
    """The same request may be taken a moment later."""


REFUSALS = frozenset(
    (
        Trouble.QUOTA_FULL,
        Trouble.DENIED,
        Trouble.NAME_TAKEN,
        Trouble.REFUSED,
        Trouble.REFUSED_FOR_NOW,
    )
)
"""Somebody can do something about these, and until then the log group is not as it is wanted."""


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
    wanted: int = 0
    """How many of them are wanted."""
    shipped: int = 0
    """How many of the wanted ones are subscribed now."""
    subscribed: list[str] = field(default_factory=list)
    """Filters that were made or changed."""
    unsubscribed: list[str] = field(default_factory=list)
    troubles: list[tuple[str, Trouble, str]] = field(default_factory=list)
    last: str = ""
    """The log group that was done last."""
    finished: bool = True

    @property
    def refused(self) -> int:
        """How many log groups are not as they are wanted, and could be."""
        return sum(trouble in REFUSALS for _, trouble, _ in self.troubles)

    @property
    def refused_for_now(self) -> list[str]:
        """Log groups that are worth another attempt."""
        return [name for name, trouble, _ in self.troubles if trouble is Trouble.REFUSED_FOR_NOW]

    @property
    def is_in_vain(self) -> bool:
        """Whether something was wanted, and nothing of it is shipped."""
        return self.wanted > 0 and self.shipped == 0 and bool(self.troubles)

    def add(self, outcome: Reconciled) -> None:
        """Count what became of one log group."""
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
    """Carry out what is to be done about `groups`, in their order, until the time is up.

    Args:
        api: CloudWatch Logs, which ends the run when the time is up.
        groups: May look at `report` while it is written, to decide which log group comes next.
        settings: What is wanted.
        report: Where to count; a new one if there is none.
        on_outcome: Called with what became of each.

    Raises:
        botocore's errors where no log group can be had: credentials, network, DescribeLogGroups.
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
    except OutOfTime:
        report.finished = False
    for _, outcome in again:
        done(outcome)
    return report


def _try_again(
    api: LogsApi,
    again: list[tuple[LogGroup, Reconciled]],
    settings: SubscriptionSettings,
    done: Callable[[Reconciled], None],
) -> list[tuple[LogGroup, Reconciled]]:
    """Return those that are still refused. Several in a row end the attempt: the others would fare alike."""
    still: list[tuple[LogGroup, Reconciled]] = []
    for number, (group, _) in enumerate(again):
        try:
            outcome = settle(api, group, settings)
        except OutOfTime:
            return [*again[number:], *still]
        if outcome is None:
            continue
        if outcome.trouble is not Trouble.REFUSED_FOR_NOW:
            done(outcome)
            continue
        still.append((group, outcome))
        if len(still) == MAX_REFUSED_IN_AN_ATTEMPT:
            # Those that were not tried stand first next time.
            return [*again[number + 1 :], *still]
    return still


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
    "InvalidOperationException": Trouble.UNSUPPORTED,
    "OperationAbortedException": Trouble.REFUSED_FOR_NOW,
    "ServiceUnavailableException": Trouble.REFUSED_FOR_NOW,
}
"""What concerns one log group ("PutSubscriptionFilter", Amazon CloudWatch Logs API Reference); with any other
error the next group would fare no better."""

_NOT_INVOKED_YET = "could not execute the lambda function"
"""CloudWatch Logs invokes the function once before it takes a filter, and says so of a permission that has
not reached it yet (hashicorp/terraform-provider-aws, `internal/service/logs/subscription_filter.go`, tries
again on these very words, and on OperationAbortedException)."""

_MIN_SERVER_ERROR = 500


def trouble_of(error: "ClientError") -> Trouble:
    """Return what an error means for the log group. Raises `error` if it concerns more than that one."""
    code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code == "InvalidParameterException" and _NOT_INVOKED_YET in words.lower():
        return Trouble.REFUSED_FOR_NOW
    trouble = _OF_ONE_GROUP.get(code)
    if trouble is not None:
        return trouble
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _MIN_SERVER_ERROR:
        return Trouble.REFUSED_FOR_NOW
    raise error
