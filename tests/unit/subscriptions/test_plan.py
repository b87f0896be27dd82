"""The plan for a log group depends on its filters and the settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.subscriptions.plan import Action, Filter, Finding, LogGroup, State, find

from tests.unit.subscriptions.logs_account import (
    BY_HAND,
    DESTINATION,
    FOREIGN,
    NAME,
    OTHER,
    OURS,
    OWN,
    settings,
)

GROUP = "/aws/lambda/orders"
OUTDATED = Filter(NAME, DESTINATION, "ERROR")
IMPOSTOR = Filter(NAME, OTHER, "")

NEARLY_OURS = [FOREIGN, BY_HAND, IMPOSTOR]


def found(*filters: Filter, name: str = GROUP, log_class: str = "STANDARD", **variables: str) -> Finding:
    wanted = variables.pop("LOG_GROUPS", "/aws/*")
    return find(LogGroup(name, log_class, 0), filters, settings(wanted, **variables))


@pytest.mark.parametrize(
    ("filters", "state", "action"),
    [
        ([], State.MISSING, Action.PUT),
        ([FOREIGN], State.MISSING, Action.PUT),
        ([OURS], State.SUBSCRIBED, None),
        ([OURS, FOREIGN], State.SUBSCRIBED, None),
        ([OUTDATED], State.OUTDATED, Action.PUT),
        ([BY_HAND], State.BY_HAND, None),
        ([BY_HAND, OURS], State.DOUBLED, Action.DELETE),
        ([IMPOSTOR], State.NAME_TAKEN, None),
    ],
)
def test_the_filters_of_a_wanted_log_group_decide_its_action(
    filters: list[Filter], state: State, action: Action | None
) -> None:
    finding = found(*filters)
    assert (finding.state, finding.action) == (state, action)


@pytest.mark.parametrize(
    ("variables", "state"),
    [
        ({"LOG_GROUPS": "/ecs/*"}, State.UNLISTED),
        ({"EXCLUDE_LOG_GROUPS": "*/orders"}, State.EXCLUDED),
        ({"OWN_LOG_GROUPS": f"{OWN},{GROUP}"}, State.OWN),
    ],
)
def test_a_log_group_that_is_not_wanted_loses_only_our_filter(
    variables: dict[str, str], state: State
) -> None:
    assert (found(**variables).state, found(**variables).action) == (state, None)
    assert found(OURS, FOREIGN, **variables)[1:3] == (State.LEFT_OVER, Action.DELETE)
    assert found(OUTDATED, **variables).action is Action.DELETE
    assert found(IMPOSTOR, **variables).action is None


def test_the_account_policy_replaces_filters() -> None:
    account = {"SUBSCRIBE_ACCOUNT": "true", "LOG_GROUPS": "*"}
    assert found(**account)[1:3] == (State.BY_ACCOUNT_POLICY, None)
    assert found(LOG_GROUPS="", SUBSCRIBE_ACCOUNT="true").state is State.BY_ACCOUNT_POLICY
    assert found(OURS, **account)[1:3] == (State.LEFT_OVER, Action.DELETE)
    assert found(BY_HAND, **account)[1:3] == (State.DOUBLED, None)
    assert found(EXCLUDE_LOG_GROUPS=GROUP, **account).state is State.EXCLUDED
    assert found(name=OWN, **account).state is State.OWN


def test_log_groups_of_another_stack_are_subscribed_by_the_account_policy_alone() -> None:
    """The policy can leave out only names."""
    other = "/loginformant/another-stack/shipper"
    assert found(name=other, LOG_GROUPS="*").state is State.OWN
    assert found(OURS, name=other, LOG_GROUPS="*")[1:3] == (State.LEFT_OVER, Action.DELETE)
    account = {"SUBSCRIBE_ACCOUNT": "true", "LOG_GROUPS": "*"}
    assert found(name=other, **account)[1:3] == (State.BY_ACCOUNT_POLICY, None)
    assert found(name=other, EXCLUDE_LOG_GROUPS=other, **account).state is State.EXCLUDED


def test_a_manual_filter_of_the_stack_s_own_log_group_ships_nothing() -> None:
    assert found(BY_HAND, name=OWN).state is State.OWN
    assert found(BY_HAND, name="/loginformant/another-stack/shipper").state is State.BY_HAND


def test_the_companion_of_a_web_function_is_subscribed_by_the_account_policy_alone() -> None:
    """The policy applies to everything that is not excluded."""
    companion = "/aws/lambda/web/shop.local"
    assert found(name=companion)[1:3] == (State.COMPANION, None)
    assert found(OURS, name=companion)[1:3] == (State.LEFT_OVER, Action.DELETE)
    assert found(BY_HAND, name=companion).state is State.BY_HAND
    account = {"SUBSCRIBE_ACCOUNT": "true", "LOG_GROUPS": "*"}
    assert found(name=companion, **account).state is State.BY_ACCOUNT_POLICY
    assert found(name=companion, EXCLUDE_LOG_GROUPS=companion, **account).state is State.EXCLUDED


@pytest.mark.parametrize("log_class", ["INFREQUENT_ACCESS", "DELIVERY"])
def test_a_wanted_log_group_of_a_class_without_filters_is_unsupported(log_class: str) -> None:
    assert found(log_class=log_class)[1:3] == (State.UNSUPPORTED, None)
    assert found(log_class=log_class, EXCLUDE_LOG_GROUPS=GROUP).state is State.EXCLUDED


def test_filters_with_another_destination_are_named() -> None:
    assert found(FOREIGN, OURS).others == ("siem",)
    assert found(BY_HAND).others == ()


@given(
    st.lists(st.sampled_from([*NEARLY_OURS, OURS, OUTDATED]), unique_by=lambda each: each.name),
    st.booleans(),
    st.sampled_from(["/aws/*", "/ecs/*", ""]),
)
def test_only_our_filter_is_replaced_or_deleted(filters: list[Filter], account: bool, wanted: str) -> None:
    finding = found(*filters, LOG_GROUPS=wanted, SUBSCRIBE_ACCOUNT="true" if account else "false")
    ours = {OURS, OUTDATED} & set(filters)
    if finding.action is Action.DELETE:
        assert ours
    if finding.action is Action.PUT:
        assert IMPOSTOR not in filters
        assert BY_HAND not in filters
