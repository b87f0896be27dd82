"""The subscriber function: requests of CloudFormation, new log groups, schedules, and further runs."""

import json
import time
from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from loginformant_shipper.subscriptions import subscriber
from loginformant_shipper.subscriptions.logs_api import SLOWEST_INTERVAL
from loginformant_shipper.subscriptions.staleness import CHECK_SECONDS, NOTICED_SECONDS, Installation
from loginformant_shipper.subscriptions.subscriber import (
    MAX_ROUNDS_OF_A_DELETION,
    MAX_ROUNDS_OF_REFUSED,
    NEW_LOG_GROUP_SECONDS,
    Dependencies,
    FiltersLeft,
    NothingSubscribed,
    handle,
)
from loginformant_shipper.subscriptions.turns import TURN_SECONDS, TURNS, is_due

from tests.unit.subscriptions.conftest import SECRET, Answers
from tests.unit.subscriptions.logs_account import (
    ENVIRON,
    FOREIGN,
    NOT_INVOKED_YET,
    OURS,
    OWN,
    LogsAccount,
)
from tests.unit.subscriptions.test_custom_resource import event
from tests.unit.subscriptions.test_logs_api import Clock

ALL_OF_LAMBDA = {"LOG_GROUPS": "/aws/lambda/*"}
TOO_LITTLE = 60.0
"""Seconds reserved for the answer to CloudFormation and a last request; no work begins in them."""


class Lambda:
    """Invoke the subscriber with an account and a clock."""

    def __init__(self, account: LogsAccount) -> None:
        self.account = account
        self.later: list[dict[str, Any]] = []
        self.seconds = 900.0
        self.time = 1_800_000_000.0
        """Start of the next invocation in seconds since 1970."""
        self.clock = Clock()
        self.stack_status = "UPDATE_COMPLETE"
        self.variables: dict[str, str] | None = None
        """Variables that the function is configured with by now. None: those of the invocation."""

    def __call__(self, event: dict[str, Any], **variables: str) -> dict[str, Any]:
        end = self.clock.time + self.seconds
        dependencies = Dependencies(
            ENVIRON | variables,
            self.account.client,
            self.later.append,
            lambda: end - self.clock.time,
            Installation(lambda: self.stack_status, lambda: ENVIRON | (self.variables or variables)),
            now=lambda: self.time,
            monotonic=self.clock.now,
            sleep=self.clock.sleep,
        )
        return handle(event, dependencies)

    def ticks(self, count: int, **variables: str) -> list[dict[str, Any]]:
        """Invoke the subscriber for `count` ticks of the schedule, and return the results."""
        results = []
        for _ in range(count):
            self.time += TURN_SECONDS
            results.append(self({"reconcile": "share"}, **variables))
        return results


@pytest.fixture
def account() -> LogsAccount:
    account = LogsAccount()
    account.add("/aws/lambda/a", "/aws/lambda/b", "/ecs/c", OWN)
    return account


@pytest.fixture
def function(account: LogsAccount) -> Lambda:
    return Lambda(account)


def status(answers: Answers) -> list[str]:
    return [document["Status"] for document in answers.documents]


# --- CloudFormation ---


def test_creation_subscribes_and_answers(function: Lambda, account: LogsAccount, answers: Answers) -> None:
    result = function(event(answers.url), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}
    assert result == {"lookedAt": 4, "subscribed": 2, "unsubscribed": 0, "troubles": 0}
    assert status(answers) == ["SUCCESS"]


@pytest.mark.parametrize("kind", ["Create", "Update"])
@pytest.mark.parametrize("variables", [{}, {"SUBSCRIBE_ACCOUNT": "true", "LOG_GROUPS": "*"}])
def test_a_stack_without_filters_sends_no_requests(
    variables: dict[str, str], kind: str, function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    function(event(answers.url, RequestType=kind), **variables)
    assert account.requests.total() == 0
    assert status(answers) == ["SUCCESS"]


REFUSALS = [
    ("AccessDeniedException", "no identity-based policy allows logs:PutSubscriptionFilter", "denied"),
    ("LimitExceededException", "Resource limit exceeded.", "quota-full"),
    ("InvalidParameterException", NOT_INVOKED_YET, "refused-for-now"),
]


@pytest.mark.parametrize(("code", "message", "kind"), REFUSALS)
def test_a_first_deployment_that_subscribes_nothing_fails_with_the_reason(
    code: str, message: str, kind: str, function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("PutSubscriptionFilter", code, times=10_000, message=message)
    with pytest.raises(NothingSubscribed):
        function(event(answers.url), **ALL_OF_LAMBDA)
    (document,) = answers.documents
    assert document["Status"] == "FAILED"
    expected = (
        f"none of 2 selected log groups could be subscribed (2 {kind}); the first one is /aws/lambda/a: "
    )
    assert document["Reason"] == expected + message
    assert function.later == []


def test_deletion_after_a_failed_creation_sends_no_requests(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("PutSubscriptionFilter", "AccessDeniedException", times=10_000)
    with pytest.raises(NothingSubscribed):
        function(event(answers.url), **ALL_OF_LAMBDA)
    account.requests.clear()
    physical_id = answers.documents[0]["PhysicalResourceId"]
    function(event(answers.url, RequestType="Delete", PhysicalResourceId=physical_id), **ALL_OF_LAMBDA)
    assert account.requests.total() == 0
    assert status(answers) == ["FAILED", "SUCCESS"]
    assert answers.documents[1]["PhysicalResourceId"] == physical_id


def test_a_first_deployment_fails_if_no_log_group_supports_filters(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("rare", log_class="INFREQUENT_ACCESS")
    with pytest.raises(NothingSubscribed):
        function(event(answers.url), LOG_GROUPS="rare")
    assert answers.documents[0]["Reason"].endswith(
        "(1 unsupported); the first one is rare: its log class does not support subscription filters: "
        "remove it from LogGroups, or add it to ExcludeLogGroups"
    )


@pytest.mark.parametrize("log_groups", ["to-come", "/aws/lambda/a,rare"])
def test_missing_or_partly_refused_log_groups_fail_no_deployment(
    log_groups: str, function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("rare", log_class="INFREQUENT_ACCESS")
    function(event(answers.url), LOG_GROUPS=log_groups)
    assert status(answers) == ["SUCCESS"]


def test_an_update_that_subscribes_nothing_succeeds_and_raises_the_alarm(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("PutSubscriptionFilter", "AccessDeniedException", times=10_000)
    with pytest.raises(NothingSubscribed):
        function(event(answers.url, RequestType="Update", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == ["SUCCESS"]


def test_a_first_deployment_waits_until_its_new_role_works(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    """IAM is eventually consistent: a new role is denied access for some seconds."""
    for operation in ("DescribeLogGroups", "DescribeSubscriptionFilters", "PutSubscriptionFilter"):
        account.refuse(operation, "AccessDeniedException", times=3)
    function(event(answers.url), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}
    assert status(answers) == ["SUCCESS"]


def test_an_update_changes_the_filters_to_the_new_patterns(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("/aws/lambda/a", filters=[OURS, FOREIGN])
    function(event(answers.url, RequestType="Update", PhysicalResourceId="p"), LOG_GROUPS="/ecs/*")
    assert account.subscribed() == {"/ecs/c"}
    assert account.filters["/aws/lambda/a"] == [FOREIGN]
    assert status(answers) == ["SUCCESS"]


def test_deletion_removes_our_filters_and_no_others(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("/aws/lambda/a", "/ecs/left-over", filters=[OURS, FOREIGN])
    function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert account.subscribed() == set()
    assert account.filters["/aws/lambda/a"] == account.filters["/ecs/left-over"] == [FOREIGN]
    assert account.filters["/aws/lambda/b"] == []
    assert status(answers) == ["SUCCESS"]


def test_a_deployment_succeeds_if_some_log_groups_are_refused(
    function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    account.refuse("PutSubscriptionFilter", "LimitExceededException", "/aws/lambda/a")
    assert function(event(answers.url), **ALL_OF_LAMBDA)["troubles"] == 1
    assert status(answers) == ["SUCCESS"]
    logged = log.getvalue()
    assert '"/aws/lambda/a":"quota-full: AWS\'s own words on LimitExceededException."' in logged


@pytest.mark.parametrize(("kind", "expected"), [("Create", "FAILED"), ("Update", "SUCCESS")])
def test_cloudformation_is_answered_if_a_run_fails(
    kind: str, expected: str, function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("DescribeLogGroups", "AccessDeniedException", times=1000)
    with pytest.raises(ClientError):  # The error raises the alarm.
        function(event(answers.url, RequestType=kind, PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == [expected]


def test_a_failed_deletion_is_retried_before_it_is_answered(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("/aws/lambda/a", filters=[OURS])
    account.refuse("DescribeLogGroups", "InternalFailure", times=1)
    function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == []
    function(function.later.pop(), **ALL_OF_LAMBDA)
    assert account.subscribed() == set()
    assert status(answers) == ["SUCCESS"]


def test_a_deletion_that_keeps_failing_is_answered_with_success(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("DescribeLogGroups", "AccessDeniedException", times=1000)
    function.later.append(event(answers.url, RequestType="Delete", PhysicalResourceId="p"))
    for _ in range(MAX_ROUNDS_OF_A_DELETION - 1):
        function(function.later.pop(), **ALL_OF_LAMBDA)
    with pytest.raises(ClientError):
        function(function.later.pop(), **ALL_OF_LAMBDA)
    assert status(answers) == ["SUCCESS"]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_an_invalid_filter_pattern_fails_the_deployment_with_a_reason(
    kind: str, function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    function(event(answers.url, RequestType=kind), **ALL_OF_LAMBDA, SUBSCRIPTION_FILTER_PATTERN="{ $.x")
    (document,) = answers.documents
    assert document["Status"] == "FAILED"
    assert document["Reason"].startswith("SubscriptionFilterPattern: AWS's own words")
    assert account.subscribed() == set()


def test_a_filter_pattern_that_cannot_be_tested_is_used(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("TestMetricFilter", "AccessDeniedException")
    function(event(answers.url), **ALL_OF_LAMBDA, SUBSCRIPTION_FILTER_PATTERN="ERROR")
    assert account.filters["/aws/lambda/a"] == [OURS._replace(pattern="ERROR")]
    assert status(answers) == ["SUCCESS"]


def test_invalid_settings_fail_a_deployment_but_not_a_deletion(function: Lambda, answers: Answers) -> None:
    function(event(answers.url), LOG_GROUPS="a b")
    assert answers.documents[0]["Reason"].startswith("LOG_GROUPS must be")
    with pytest.raises(Exception, match="LOG_GROUPS"):
        function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), LOG_GROUPS="a b")
    assert status(answers) == ["FAILED", "SUCCESS"]


@pytest.mark.parametrize(("kind", "expected"), [("Create", "FAILED"), ("Delete", "SUCCESS")])
def test_cloudformation_is_answered_if_the_run_hangs(
    kind: str, expected: str, function: Lambda, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "WORST_ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(subscriber, "GUARD_SECONDS", 0.0)
    function.seconds = 0.0

    def hang(*arguments: object) -> dict[str, Any]:
        limit = time.monotonic() + 10
        while not answers.bodies and time.monotonic() < limit:
            time.sleep(0.01)
        assert answers.bodies
        raise AssertionError("too late")

    monkeypatch.setattr(subscriber, "reconcile", hang)
    with pytest.raises(AssertionError, match="too late"):
        function(event(answers.url, RequestType=kind, PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers)[0] == expected


def test_the_response_url_is_never_logged(
    function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    account.refuse("DescribeLogGroups", "AccessDeniedException", times=1000)
    with pytest.raises(ClientError):
        function(event(answers.url), **ALL_OF_LAMBDA)
    assert "a request of CloudFormation failed" in log.getvalue()
    assert SECRET not in log.getvalue()


# --- the check before an account policy ---


def check(url: str, **others: Any) -> dict[str, Any]:
    return event(url, ResourceType="Custom::AccountSubscriptionCheck", **others)


ACCOUNT = {"SUBSCRIBE_ACCOUNT": "true"}


@pytest.mark.parametrize("log_groups", ["", "*"])
def test_the_check_accepts_valid_settings_for_an_account_policy(
    log_groups: str, function: Lambda, answers: Answers
) -> None:
    function(check(answers.url), **ACCOUNT, LOG_GROUPS=log_groups, EXCLUDE_LOG_GROUPS="a,b")
    assert status(answers) == ["SUCCESS"]


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"LOG_GROUPS": "/aws/*"}, "LogGroups must be empty or *"),
        (
            {"EXCLUDE_LOG_GROUPS": "a,/tmp/*"},
            "ExcludeLogGroups contains /tmp/*; with SubscribeAccount it must contain only names",
        ),
    ],
)
def test_settings_that_an_account_policy_cannot_express_fail_the_deployment(
    variables: dict[str, str], reason: str, function: Lambda, answers: Answers
) -> None:
    function(check(answers.url), **ACCOUNT, **variables)
    assert status(answers) == ["FAILED"]
    assert reason in answers.documents[0]["Reason"]


def test_an_existing_account_policy_fails_the_deployment_and_is_named(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.policies = ["security-team"]
    function(check(answers.url), **ACCOUNT)
    assert "policy security-team in this region, and AWS allows only one" in answers.documents[0]["Reason"]
    account.policies = ["shipper-subscriber"]
    function(check(answers.url, RequestType="Update", PhysicalResourceId="p"), **ACCOUNT)
    account.refuse("DescribeAccountPolicies", "AccessDeniedException")
    function(check(answers.url, RequestType="Update", PhysicalResourceId="p"), **ACCOUNT)
    assert status(answers) == ["FAILED", "SUCCESS", "SUCCESS"]


def test_deletion_of_the_check_changes_no_filters(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("/aws/lambda/a", filters=[OURS])
    function(check(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert account.requests.total() == 0
    assert status(answers) == ["SUCCESS"]


# --- new log groups and schedules ---


def made(name: str) -> dict[str, Any]:
    """Return the shortened event of EventBridge for a new log group."""
    return {
        "source": "aws.logs",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "logs.amazonaws.com",
            "eventName": "CreateLogGroup",
            "requestParameters": {"logGroupName": name},
            "responseElements": None,
        },
    }


def test_a_log_group_is_subscribed_when_it_is_created(function: Lambda, account: LogsAccount) -> None:
    account.add("/aws/lambda/ab")
    function(made("/aws/lambda/a"), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a"}
    assert account.requests.total() == 3


@pytest.mark.parametrize("name", ["/ecs/c", OWN, "/loginformant/other/replay"])
def test_an_unwanted_new_log_group_causes_no_request(
    name: str, function: Lambda, account: LogsAccount
) -> None:
    function(made(name), **ALL_OF_LAMBDA)
    assert account.requests.total() == 0


def test_a_new_log_group_that_is_deleted_or_unsupported_is_skipped(
    function: Lambda, account: LogsAccount
) -> None:
    account.add("/aws/lambda/rare", log_class="INFREQUENT_ACCESS")
    account.add("/aws/lambda/gone-2")
    for name in ("/aws/lambda/gone", "/aws/lambda/rare"):
        function(made(name), **ALL_OF_LAMBDA)
    assert account.subscribed() == set()


def test_a_tick_checks_new_log_groups_and_those_that_are_due(function: Lambda, account: LogsAccount) -> None:
    account.add("/aws/lambda/new", "/ecs/new", created=int(function.time + TURN_SECONDS) * 1000 - 60_000)
    turn = int((function.time + TURN_SECONDS) // TURN_SECONDS)
    due = {name for name in account.filters if is_due(name, turn)}
    account.add(*due, filters=[OURS])
    function.ticks(1, LOG_GROUPS="/aws/lambda/new")
    assert "/aws/lambda/new" in account.subscribed()
    assert account.requests["DescribeSubscriptionFilters"] == 1 + len(due - {"/aws/lambda/new"})


def test_all_log_groups_are_repaired_within_one_round_of_ticks(
    function: Lambda, account: LogsAccount
) -> None:
    account.add("/ecs/left-over", filters=[OURS])
    function.ticks(TURNS, **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}


def test_a_tick_that_repairs_a_log_group_continues_with_others(
    function: Lambda, account: LogsAccount
) -> None:
    """Usually many filters are missing at once, because of new patterns or because all were removed."""
    account.add(*(f"/aws/lambda/{number}" for number in range(300)))
    function.ticks(1, **ALL_OF_LAMBDA)
    assert len(account.subscribed()) == 302


def test_a_tick_without_repairs_checks_only_a_share_of_log_groups(
    function: Lambda, account: LogsAccount
) -> None:
    account.add(*(f"/aws/lambda/{number}" for number in range(320)), filters=[OURS])
    account.add("/aws/lambda/a", "/aws/lambda/b", filters=[OURS])
    results = function.ticks(TURNS, **ALL_OF_LAMBDA)
    assert sum(each["lookedAt"] for each in results) == 324
    assert max(each["lookedAt"] for each in results) < 30


def test_a_tick_fails_for_the_alarm_if_no_log_group_is_shipped(
    function: Lambda, account: LogsAccount
) -> None:
    account.refuse("PutSubscriptionFilter", "AccessDeniedException", times=10_000)
    failed = 0
    for _ in range(TURNS):
        try:
            function.ticks(1, **ALL_OF_LAMBDA)
        except NothingSubscribed:
            failed += 1
    due = {turn for turn in range(TURNS) for name in ("/aws/lambda/a", "/aws/lambda/b") if is_due(name, turn)}
    assert failed == len(due)


def test_a_single_refusal_is_counted_and_fails_no_tick(
    function: Lambda, account: LogsAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    account.add(*(f"/aws/lambda/{number}" for number in range(50)), filters=[OURS])
    account.refuse("PutSubscriptionFilter", "LimitExceededException", "/aws/lambda/a", times=1000)
    function.ticks(TURNS, **ALL_OF_LAMBDA)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "LogGroupsRefused" in line]
    assert sum(sum(line["LogGroupsRefused"]) for line in lines) >= 1
    assert all("Stack" in line for line in lines)


def test_a_run_that_changes_nothing_logs_nothing(function: Lambda, log: StringIO) -> None:
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    log.truncate(0)
    log.seek(0)
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    assert log.getvalue() == ""


def test_each_run_writes_its_figures(function: Lambda, capsys: pytest.CaptureFixture[str]) -> None:
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    (line,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if "LogGroups" in line)
    assert [line[name] for name in ("LogGroupsWanted", "LogGroupsSubscribed", "LogGroupsRefused")] == [
        [2.0],
        [2.0],
        [0.0],
    ]


# --- further invocations ---


def test_temporarily_refused_log_groups_are_retried_in_further_invocations(
    function: Lambda, account: LogsAccount
) -> None:
    account.refuse("PutSubscriptionFilter", "OperationAbortedException", "/aws/lambda/a", times=8)
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    assert function.later == [{"reconcile": ["/aws/lambda/a"], "round": 2}]
    function(function.later.pop(), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}
    assert function.later == []


def test_the_number_of_further_invocations_is_bounded(function: Lambda, account: LogsAccount) -> None:
    account.refuse("PutSubscriptionFilter", "OperationAbortedException", "/aws/lambda/a", times=10_000)
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    rounds = 1
    while function.later:
        function(function.later.pop(), **ALL_OF_LAMBDA)
        rounds += 1
    assert rounds == MAX_ROUNDS_OF_REFUSED


def test_a_deployment_that_runs_out_of_time_is_completed_by_ticks(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    function.seconds = TOO_LITTLE
    function(event(answers.url, RequestType="Update", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == ["SUCCESS"]
    assert function.later == []
    function.seconds = 900
    function.ticks(TURNS, **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}


def test_a_deletion_is_answered_after_all_filters_are_removed(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    """CloudFormation deletes the function after the answer."""
    account.add("/aws/lambda/a", filters=[OURS])
    function.seconds = TOO_LITTLE
    function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == []
    function.seconds = 900
    (rest,) = function.later
    function(rest, **ALL_OF_LAMBDA)
    assert account.subscribed() == set()
    assert status(answers) == ["SUCCESS"]


@pytest.mark.parametrize(
    "run",
    [
        event(),
        {"reconcile": "everything"},
        {"reconcile": "share"},
        {"reconcile": ["/aws/lambda/a", "/aws/lambda/b", "/aws/lambda/c"]},
    ],
)
def test_an_invocation_under_way_creates_no_filters_behind_a_deletion(
    run: dict[str, Any], function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    """CloudFormation does not wait for it, not even for a creation that it cancels."""
    for name in ("/aws/lambda/a", "/aws/lambda/b", "/aws/lambda/c"):
        account.add(name, created=int(function.time * 1000))

    def delete() -> None:
        assert len(account.subscribed()) == 1
        function.stack_status = "DELETE_IN_PROGRESS"
        function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
        assert account.subscribed() == set()

    account.after_next_filter = delete
    url = {"ResponseURL": answers.url} if "ResponseURL" in run else {}
    assert function(run | url, **ALL_OF_LAMBDA)["subscribed"] == 1
    assert account.subscribed() == set()
    assert "the status of the stack is DELETE_IN_PROGRESS" in log.getvalue()


@pytest.mark.parametrize("run", [event(RequestType="Update"), {"reconcile": "everything"}])
def test_a_run_ends_when_the_function_gets_other_settings(
    run: dict[str, Any], function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    """An update that is rolled back: its run neither creates nor removes anything beside the right one."""
    account.add("/ecs/a", "/ecs/b", filters=[OURS])
    url = {"ResponseURL": answers.url} if "ResponseURL" in run else {}

    def roll_back() -> None:
        function.variables = {"LOG_GROUPS": "/ecs/*"}
        function.clock.sleep(CHECK_SECONDS)

    account.after_next_filter = roll_back
    result = function(run | url, **ALL_OF_LAMBDA)
    assert result["subscribed"] == 1
    assert len(account.subscribed() & {"/aws/lambda/a", "/aws/lambda/b"}) == 1
    assert account.subscribed() >= {"/ecs/a", "/ecs/b"}
    assert "the function has got other settings" in log.getvalue()


def test_an_update_waits_until_other_runs_have_ended(function: Lambda, answers: Answers) -> None:
    function(event(answers.url, RequestType="Update"), **ALL_OF_LAMBDA)
    assert function.clock.time >= NOTICED_SECONDS


def test_a_run_goes_on_while_an_update_cleans_up(function: Lambda, account: LogsAccount) -> None:
    """Every update of the code removes something. New log groups do not wait for that."""
    function.stack_status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    function(made("/aws/lambda/a"), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a"}


def test_no_filters_are_removed_before_the_account_policy_exists(
    function: Lambda, account: LogsAccount, log: StringIO
) -> None:
    account.add("/aws/lambda/a", filters=[OURS])
    variables = {**ACCOUNT, "LOG_GROUPS": "*"}
    function({"reconcile": "everything"}, **variables)
    assert account.subscribed() == {"/aws/lambda/a"}
    assert "the account policy does not exist" in log.getvalue()
    account.policies = ["shipper-subscriber"]
    function({"reconcile": "everything"}, **variables)
    assert account.subscribed() == set()


def test_a_new_log_group_that_cannot_be_subscribed_soon_is_left_to_the_schedule(
    function: Lambda, account: LogsAccount
) -> None:
    """Many at once throttle each other, and occupy the account's concurrent executions."""
    account.add("/aws/lambda/a", created=int(function.time * 1000))
    account.refuse("DescribeSubscriptionFilters", "ThrottlingException", times=1000)
    function(made("/aws/lambda/a"), **ALL_OF_LAMBDA)
    assert function.clock.time <= NEW_LOG_GROUP_SECONDS + SLOWEST_INTERVAL
    assert function.later == []
    account.refusals.clear()
    function.ticks(1, **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a"}


def test_a_deletion_begins_with_the_wanted_log_groups(
    function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    """The time may not suffice for all log groups."""
    account.add("/aws/lambda/z", "/a/left-over", filters=[OURS])
    request = event(answers.url, RequestType="Delete", PhysicalResourceId="p")
    request["ResourceProperties"] = {"LogGroups": "/aws/lambda/*"}
    function(request)
    assert '"log_groups":["/aws/lambda/z","/a/left-over"]' in log.getvalue()


def test_a_deletion_continues_after_the_last_processed_log_group(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("/aws/lambda/z", "/a/left-over", filters=[OURS])
    request = event(answers.url, RequestType="Delete", PhysicalResourceId="p")
    request["ResourceProperties"] = {"LogGroups": "/aws/lambda/*"}
    function({"request": request, "after": "/aws/lambda/z", "round": 2})
    assert account.subscribed() == {"/aws/lambda/z"}


def test_a_deletion_that_runs_out_of_time_is_answered_with_success(
    function: Lambda, answers: Answers
) -> None:
    function.seconds = TOO_LITTLE
    rest = event(answers.url, RequestType="Delete", PhysicalResourceId="p")
    function(rest, **ALL_OF_LAMBDA)
    for _ in range(MAX_ROUNDS_OF_A_DELETION - 2):
        function(function.later.pop(), **ALL_OF_LAMBDA)
    with pytest.raises(FiltersLeft, match="shipctl subscriptions reconcile removes them"):
        function(function.later.pop(), **ALL_OF_LAMBDA)
    assert function.later == []
    assert status(answers) == ["SUCCESS"]
