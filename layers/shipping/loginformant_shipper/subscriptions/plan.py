"""Compare the filters of a log group with the settings, and decide what to do. No I/O."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.wanted import COMPANION_SUFFIX, EVERYTHING, Unwanted, Wanted

STANDARD = "STANDARD"
WITHOUT_FILTERS = frozenset(("INFREQUENT_ACCESS", "DELIVERY"))
"""Log classes that do not support subscription filters ("Log classes", Amazon CloudWatch Logs User Guide).
For an unknown class, AWS reports whether it supports them."""


class LogGroup(NamedTuple):
    """A log group of the account."""

    name: str
    log_class: str
    created: int
    """The time of creation in milliseconds since 1970."""


class Filter(NamedTuple):
    """The relevant properties of a subscription filter."""

    name: str
    destination_arn: str
    pattern: str


class Action(StrEnum):
    """What is done to a log group."""

    PUT = "put"
    DELETE = "delete"


class State(StrEnum):
    """The state of a log group compared with the settings."""

    SUBSCRIBED = "subscribed"
    BY_ACCOUNT_POLICY = "by-account-policy"
    BY_HAND = "by-hand"
    """Has a filter with another name and the same destination. A second filter would ship every log twice."""
    MISSING = "missing"
    OUTDATED = "outdated"
    """Subscribed with another filter pattern."""
    LEFT_OVER = "left-over"
    """Has a filter of the subscriber, but is no longer selected."""
    DOUBLED = "doubled"
    """Every log is shipped twice."""
    NAME_TAKEN = "name-taken"
    """Has a filter with the subscriber's name and another destination, which does not belong to the
    subscriber."""
    UNSUPPORTED = "unsupported"
    """Selected, but its log class does not support subscription filters."""
    OWN = Unwanted.OWN.value
    EXCLUDED = Unwanted.EXCLUDED.value
    UNLISTED = Unwanted.UNLISTED.value
    COMPANION = Unwanted.COMPANION.value


SHIPPED = frozenset((State.SUBSCRIBED, State.BY_HAND, State.BY_ACCOUNT_POLICY, State.DOUBLED))


class Finding(NamedTuple):
    """A log group, its state, and what to do."""

    log_group: str
    state: State
    action: Action | None = None
    others: tuple[str, ...] = ()
    """Names of its filters with other destinations."""
    wanted: bool = True


def needs_look(group: LogGroup) -> bool:
    """Return whether the log group's filters can be read, which some log classes do not support."""
    return group.log_class not in WITHOUT_FILTERS


def find(group: LogGroup, filters: Sequence[Filter], settings: SubscriptionSettings) -> Finding:
    """Return the state of a log group with these filters, and what to do."""
    ours = next((each for each in filters if _is_own(each, settings)), None)
    by_hand = [each for each in filters if each.destination_arn == settings.destination_arn and each != ours]
    unwanted = what_counts(settings).why_not(group.name)
    state, action = _judge(group, unwanted, ours, bool(by_hand), filters, settings)
    others = tuple(each.name for each in filters if each.destination_arn != settings.destination_arn)
    return Finding(group.name, state, action, others, unwanted is None)


def _judge(
    group: LogGroup,
    unwanted: Unwanted | None,
    ours: Filter | None,
    by_hand: bool,
    filters: Sequence[Filter],
    settings: SubscriptionSettings,
) -> tuple[State, Action | None]:
    if unwanted:
        if ours:
            return State.LEFT_OVER, Action.DELETE
        # The shipper drops the logs of its own stack, even if there is a filter.
        is_shipped = by_hand and group.name not in settings.own_log_groups
        return (State.BY_HAND if is_shipped else State(unwanted.value)), None
    if not needs_look(group):
        return State.UNSUPPORTED, None
    if settings.account_wide:
        if ours:
            return State.LEFT_OVER, Action.DELETE
        return (State.DOUBLED if by_hand else State.BY_ACCOUNT_POLICY), None
    if by_hand:
        return (State.DOUBLED, Action.DELETE) if ours else (State.BY_HAND, None)
    if ours:
        current = ours.pattern == settings.filter_pattern
        return (State.SUBSCRIBED, None) if current else (State.OUTDATED, Action.PUT)
    if any(each.name == settings.filter_name for each in filters):
        return State.NAME_TAKEN, None
    return State.MISSING, Action.PUT


def what_counts(settings: SubscriptionSettings) -> Wanted:
    """Return the selection of log groups.

    An account policy selects everything whose name is not excluded, and thus log groups of other stacks of
    the shipper. That is no loop: they cannot have a second policy, nor subscribe this stack's log groups.
    """
    wanted = settings.wanted
    if settings.account_wide:
        everything = EVERYTHING, EVERYTHING + COMPANION_SUFFIX
        return Wanted(log_groups=everything, excluded=wanted.excluded, own=wanted.own, own_paths=())
    return wanted


def _is_own(each: Filter, settings: SubscriptionSettings) -> bool:
    return each.name == settings.filter_name and each.destination_arn == settings.destination_arn
