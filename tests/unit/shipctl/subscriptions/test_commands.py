"""`shipctl subscriptions`: its output for log groups, and its changes."""

import json
from typing import Any

import pytest
from loginformant_shipper.subscriptions.plan import Filter, State
from loginformant_shipper.subscriptions.reconcile import Trouble
from shipctl import options
from shipctl.stack import Stack
from shipctl.subscriptions.outcomes import TROUBLES, WORDS

from tests.unit.shipctl.conftest import Run
from tests.unit.subscriptions.logs_account import (
    BY_HAND,
    DESTINATION,
    ENVIRON,
    FOREIGN,
    NAME,
    OURS,
    OWN,
    LogsAccount,
)

IMPOSTOR = Filter(NAME, FOREIGN.destination_arn, "")


class Session:
    """Return the in-memory client for `logs`, and itself as the client for `lambda`."""

    region_name = "eu-west-1"

    def __init__(self, account: LogsAccount, variables: dict[str, str]) -> None:
        self._account, self._variables = account, variables

    def client(self, service: str, **_: Any) -> Any:
        return {"logs": self._account.client, "lambda": self}[service]

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:
        assert FunctionName == "the-subscriber"
        return {"Environment": {"Variables": self._variables}}


@pytest.fixture
def account() -> LogsAccount:
    account = LogsAccount()
    account.add("/aws/missing", "/aws/noisy", "/ecs/other", OWN)
    account.add("/aws/fine", filters=[OURS, FOREIGN])
    account.add("/aws/by-hand", filters=[BY_HAND])
    account.add("/aws/outdated", filters=[Filter(NAME, DESTINATION, "ERROR")])
    account.add("/aws/rare", log_class="DELIVERY")
    account.add("/aws/taken", filters=[IMPOSTOR])
    account.add("/ecs/left", filters=[OURS])
    return account


@pytest.fixture(autouse=True)
def variables(account: LogsAccount, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of the subscriber function, for a test to change."""
    variables = ENVIRON | {
        "LOG_GROUPS": "/aws/*",
        "EXCLUDE_LOG_GROUPS": "/aws/noisy",
        "SUBSCRIBE_REQUESTS_PER_SECOND": "1000",
    }

    def find_stack(name: str, *_: object) -> Stack:
        session: Any = Session(account, variables)
        outputs = {} if name == "an-old-one" else {"SubscriberFunctionName": "the-subscriber"}
        return Stack(name, session, outputs)

    monkeypatch.setattr(options, "find_stack", find_stack)
    return variables


def lines(output: str) -> dict[str, dict[str, Any]]:
    return {line["logGroup"]: line for line in map(json.loads, output.splitlines())}


def test_list_shows_the_state_of_every_log_group(shipctl: Run, account: LogsAccount) -> None:
    result = shipctl("subscriptions", "list", "--json")
    assert result.exit_code == 1, result.stderr
    assert {name: line["state"] for name, line in lines(result.stdout).items()} == {
        "/aws/by-hand": "by-hand",
        "/aws/fine": "subscribed",
        "/aws/missing": "missing",
        "/aws/noisy": "excluded",
        "/aws/outdated": "outdated",
        "/aws/rare": "unsupported",
        "/aws/taken": "name-taken",
        "/ecs/left": "left-over",
        "/ecs/other": "unlisted",
        OWN: "own",
    }
    assert lines(result.stdout)["/aws/fine"]["otherFilters"] == ["siem"]
    assert lines(result.stdout)["/aws/rare"]["trouble"] == "unsupported"
    assert {"PutSubscriptionFilter", "DeleteSubscriptionFilter"} & set(account.requests) == set()


def test_list_prints_states_in_words(shipctl: Run) -> None:
    output = shipctl("subscriptions", "list").stdout
    assert "other filters: siem" in output
    for words in (WORDS[State.MISSING], WORDS[State.UNSUPPORTED], WORDS[State.OWN]):
        assert words in output
    assert "      1  selected, not subscribed yet" in output.splitlines()


def test_list_says_why_the_companion_of_a_web_function_is_not_shipped(
    shipctl: Run, account: LogsAccount
) -> None:
    account.add("/aws/lambda/web/shop.local")
    result = shipctl("subscriptions", "list", "--only", "*.local")
    assert result.exit_code == 0, result.stderr
    assert "not selected: a Web Function's log group has the same logs" in result.stdout


def test_list_only_shows_the_matching_log_groups(shipctl: Run, account: LogsAccount) -> None:
    result = shipctl("subscriptions", "list", "--json", "--only", "/ecs/*")
    assert set(lines(result.stdout)) == {"/ecs/left", "/ecs/other"}
    assert account.requests["DescribeSubscriptionFilters"] == 2
    assert shipctl("subscriptions", "list", "--only", "x").stderr == "shipctl: no log group matches\n"


@pytest.mark.parametrize(("only", "status"), [("/aws/fine", 0), ("/aws/missing", 1), ("/aws/taken", 1)])
def test_the_exit_status_of_list_is_0_only_if_all_log_groups_are_as_wanted(
    shipctl: Run, only: str, status: int
) -> None:
    assert shipctl("subscriptions", "list", "--only", only).exit_code == status


def test_denied_access_is_reported_at_its_log_group(shipctl: Run, account: LogsAccount) -> None:
    account.refuse("DescribeSubscriptionFilters", "AccessDeniedException", "/aws/missing")
    output = shipctl("subscriptions", "list", "--only", "/aws/m*").stdout
    assert "/aws/missing  (access denied: AWS's own words on AccessDeniedException.)" in output


def test_plan_shows_what_reconcile_would_change(shipctl: Run, account: LogsAccount) -> None:
    result = shipctl("subscriptions", "plan")
    assert result.stdout.splitlines() == [
        "+ /aws/missing",
        "+ /aws/outdated  subscribed with another filter pattern",
        "! /aws/rare  its log class does not support subscription filters",
        "! /aws/taken  a filter with the subscriber's name has another destination",
        "- /ecs/left  subscribed, no longer selected",
        "2 to subscribe, 1 to unsubscribe, of 10 log groups; 2 with problems",
    ]
    assert account.subscribed() == {"/aws/fine", "/aws/outdated", "/aws/taken", "/ecs/left"}


def test_plan_accepts_other_patterns(shipctl: Run) -> None:
    result = shipctl("subscriptions", "plan", "--log-groups", "/ecs/*,/aws/fine", "--exclude", "", "--json")
    assert {name: line["action"] for name, line in lines(result.stdout).items()} == {
        "/aws/outdated": "delete",
        "/ecs/other": "put",
    }
    assert result.stderr == "1 to subscribe, 1 to unsubscribe, of 10 log groups\n"


def test_plan_works_for_a_stack_that_subscribes_the_account(shipctl: Run, variables: dict[str, str]) -> None:
    variables |= {"SUBSCRIBE_ACCOUNT": "true", "LOG_GROUPS": "*"}
    assert "- /aws/fine" in shipctl("subscriptions", "plan").stdout
    assert "+ /aws/missing" in shipctl("subscriptions", "plan", "--log-groups", "/aws/*").stdout


def test_reconcile_changes_the_filters_and_reports_the_changes(shipctl: Run, account: LogsAccount) -> None:
    account.refuse("PutSubscriptionFilter", "LimitExceededException", "/aws/missing")
    result = shipctl("subscriptions", "reconcile")
    assert result.exit_code == 1, "one log group is not as it is wanted"
    assert "! /aws/missing  already has the maximum number of subscription filters" in result.stdout
    assert result.stdout.splitlines()[-1] == (
        "1 subscribed, 1 unsubscribed, of 10 log groups; 3 with problems"
    )
    assert account.subscribed() == {"/aws/fine", "/aws/outdated", "/aws/taken"}
    assert account.filters["/aws/taken"] == [IMPOSTOR]
    shipctl("subscriptions", "reconcile")
    assert shipctl("subscriptions", "plan").stdout.startswith("! /aws/rare")


def test_errors_are_one_line(shipctl: Run, account: LogsAccount, variables: dict[str, str]) -> None:
    account.refuse("DescribeLogGroups", "ExpiredTokenException")
    result = shipctl("subscriptions", "list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("shipctl: Asking CloudWatch Logs: the AWS credentials have expired")
    assert result.stderr.count("\n") == 1
    result = shipctl("subscriptions", "plan", "--log-groups", "a b")
    assert result.exit_code == 1
    assert result.stderr.startswith("shipctl: --log-groups must be names of log groups")
    result = shipctl("subscriptions", "list", "--stack", "an-old-one")
    assert result.stderr.startswith("shipctl: stack an-old-one has no subscriber")
    variables["LOG_GROUPS"] = "?"
    result = shipctl("subscriptions", "list")
    assert result.stderr.startswith("shipctl: the settings of the-subscriber are invalid: LOG_GROUPS")


def test_every_state_and_trouble_has_a_description() -> None:
    assert set(WORDS) == set(State)
    assert set(TROUBLES) == set(Trouble)
