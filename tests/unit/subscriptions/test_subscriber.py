"""The subscriber function: requests of CloudFormation, new log groups, schedules, and runs that go on."""

import time
from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from loginformant_shipper.subscriptions import subscriber
from loginformant_shipper.subscriptions.subscriber import MAX_ROUNDS, Dependencies, handle
from loginformant_shipper.telemetry import logger

from tests.unit.subscriptions.conftest import SECRET, Answers
from tests.unit.subscriptions.logs_account import ENVIRON, FOREIGN, OURS, OWN, LogsAccount
from tests.unit.subscriptions.test_custom_resource import event

ALL_OF_LAMBDA = {"LOG_GROUPS": "/aws/lambda/*"}
TOO_LITTLE = 60.0
"""Seconds in which nothing is begun: the answer to CloudFormation and a last request take as many."""


class Lambda:
    """The subscriber with an account around it."""

    def __init__(self, account: LogsAccount) -> None:
        self.account = account
        self.later: list[dict[str, Any]] = []
        self.seconds = 900.0

    def __call__(self, event: dict[str, Any], **variables: str) -> dict[str, Any]:
        dependencies = Dependencies(
            ENVIRON | variables, self.account.client, self.later.append, lambda: self.seconds
        )
        return handle(event, dependencies)


@pytest.fixture
def account() -> LogsAccount:
    account = LogsAccount()
    account.add("/aws/lambda/a", "/aws/lambda/b", "/ecs/c", OWN)
    return account


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    written = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return written


@pytest.fixture
def function(account: LogsAccount) -> Lambda:
    return Lambda(account)


def status(answers: Answers) -> list[str]:
    return [document["Status"] for document in answers.documents]


# ---- CloudFormation ------------------------------------------------------------------------------


def test_creation_subscribes_and_answers(function: Lambda, account: LogsAccount, answers: Answers) -> None:
    result = function(event(answers.url), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}
    assert result == {"lookedAt": 4, "subscribed": 2, "unsubscribed": 0, "troubles": 0}
    assert status(answers) == ["SUCCESS"]


@pytest.mark.parametrize("variables", [{}, {"SUBSCRIBE_ACCOUNT": "true", "LOG_GROUPS": "*"}])
def test_a_new_stack_that_wants_no_filters_asks_for_nothing(
    variables: dict[str, str], function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    function(event(answers.url), **variables)
    assert account.requests.total() == 0
    assert status(answers) == ["SUCCESS"]


def test_an_update_brings_the_filters_to_the_new_patterns(
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


def test_trouble_with_log_groups_fails_no_deployment(
    function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    account.refuse("PutSubscriptionFilter", "LimitExceededException", "/aws/lambda/a")
    assert function(event(answers.url), **ALL_OF_LAMBDA)["troubles"] == 1
    assert status(answers) == ["SUCCESS"]
    logged = log.getvalue()
    assert '"/aws/lambda/a":"quota-full: AWS\'s own words on LimitExceededException."' in logged


@pytest.mark.parametrize(
    ("kind", "expected"), [("Create", "FAILED"), ("Update", "SUCCESS"), ("Delete", "SUCCESS")]
)
def test_a_run_that_fails_is_answered_and_never_leaves_a_stack_stuck(
    kind: str, expected: str, function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.refuse("DescribeLogGroups", "AccessDeniedException")
    with pytest.raises(ClientError):  # for the alarm on errors
        function(event(answers.url, RequestType=kind, PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == [expected]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_a_filter_pattern_that_is_none_fails_the_deployment_with_a_line(
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


def test_settings_that_cannot_be_used_fail_a_deployment_but_no_deletion(
    function: Lambda, answers: Answers
) -> None:
    function(event(answers.url), LOG_GROUPS="a b")
    assert answers.documents[0]["Reason"].startswith("LOG_GROUPS: allowed are")
    with pytest.raises(Exception, match="LOG_GROUPS"):
        function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), LOG_GROUPS="a b")
    assert status(answers) == ["FAILED", "SUCCESS"]


def test_cloudformation_is_answered_also_when_the_work_hangs(
    function: Lambda, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "WORST_ANSWER_SECONDS", 0.0)
    monkeypatch.setattr(subscriber, "GUARD_SECONDS", 0.0)
    function.seconds = 0.0

    def hang(*arguments: object) -> dict[str, Any]:
        limit = time.monotonic() + 10
        while not answers.bodies and time.monotonic() < limit:
            time.sleep(0.01)
        assert answers.bodies
        return {"continued": True}

    monkeypatch.setattr(subscriber, "_run", hang)
    function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"))
    assert status(answers) == ["SUCCESS"]


def test_the_response_url_is_never_logged(
    function: Lambda, account: LogsAccount, answers: Answers, log: StringIO
) -> None:
    account.refuse("DescribeLogGroups", "AccessDeniedException")
    with pytest.raises(ClientError):
        function(event(answers.url), **ALL_OF_LAMBDA)
    assert "a request of CloudFormation failed" in log.getvalue()
    assert SECRET not in log.getvalue()


# ---- the check before an account policy ----------------------------------------------------------


def check(url: str, **others: Any) -> dict[str, Any]:
    return event(url, ResourceType="Custom::AccountSubscriptionCheck", **others)


ACCOUNT = {"SUBSCRIBE_ACCOUNT": "true"}


@pytest.mark.parametrize("log_groups", ["", "*"])
def test_an_account_that_can_be_subscribed(log_groups: str, function: Lambda, answers: Answers) -> None:
    function(check(answers.url), **ACCOUNT, LOG_GROUPS=log_groups, EXCLUDE_LOG_GROUPS="a,b")
    assert status(answers) == ["SUCCESS"]


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"LOG_GROUPS": "/aws/*"}, "LogGroups must be empty or *"),
        (
            {"EXCLUDE_LOG_GROUPS": "a,/tmp/*"},
            "ExcludeLogGroups: /tmp/*: with SubscribeAccount AWS excludes exact",
        ),
    ],
)
def test_what_an_account_policy_cannot_do_fails_the_deployment_with_a_line(
    variables: dict[str, str], reason: str, function: Lambda, answers: Answers
) -> None:
    function(check(answers.url), **ACCOUNT, **variables)
    assert status(answers) == ["FAILED"]
    assert reason in answers.documents[0]["Reason"]


def test_a_policy_that_is_there_already_fails_the_deployment_and_is_named(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.policies = ["security-team"]
    function(check(answers.url), **ACCOUNT)
    assert (
        "policy in this region already, security-team, and AWS allows one" in answers.documents[0]["Reason"]
    )
    account.policies = ["shipper-subscriber"]
    function(check(answers.url, RequestType="Update", PhysicalResourceId="p"), **ACCOUNT)
    account.refuse("DescribeAccountPolicies", "AccessDeniedException")
    function(check(answers.url, RequestType="Update", PhysicalResourceId="p"), **ACCOUNT)
    assert status(answers) == ["FAILED", "SUCCESS", "SUCCESS"]


def test_the_end_of_the_check_touches_no_filters(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    account.add("/aws/lambda/a", filters=[OURS])
    function(check(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert account.requests.total() == 0
    assert status(answers) == ["SUCCESS"]


# ---- new log groups and schedules ----------------------------------------------------------------


def made(name: str) -> dict[str, Any]:
    """As EventBridge hands on what CloudTrail saw, shortened."""
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


def test_a_log_group_is_subscribed_as_soon_as_it_is_made(function: Lambda, account: LogsAccount) -> None:
    account.add("/aws/lambda/ab")
    function(made("/aws/lambda/a"), **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a"}
    assert account.requests.total() == 3


@pytest.mark.parametrize("name", ["/ecs/c", OWN, "/loginformant/other/replay"])
def test_an_unwanted_one_costs_no_request(name: str, function: Lambda, account: LogsAccount) -> None:
    function(made(name), **ALL_OF_LAMBDA)
    assert account.requests.total() == 0


def test_one_that_is_gone_again_or_of_another_class_is_left(function: Lambda, account: LogsAccount) -> None:
    account.add("/aws/lambda/rare", log_class="INFREQUENT_ACCESS")
    account.add("/aws/lambda/gone-2")
    for name in ("/aws/lambda/gone", "/aws/lambda/rare"):
        function(made(name), **ALL_OF_LAMBDA)
    assert account.subscribed() == set()


def test_the_frequent_schedule_looks_at_new_log_groups_only(function: Lambda, account: LogsAccount) -> None:
    account.add("/aws/lambda/new", created=int(time.time() * 1000) - 60_000)
    account.add("/ecs/new", created=int(time.time() * 1000))
    function({"reconcile": "new"}, **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/new"}
    assert account.requests["DescribeSubscriptionFilters"] == 1


def test_the_rare_schedule_repairs_everything(function: Lambda, account: LogsAccount) -> None:
    account.add("/ecs/left-over", filters=[OURS])
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/a", "/aws/lambda/b"}


def test_a_run_that_changes_nothing_writes_nothing(function: Lambda, log: StringIO) -> None:
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    log.truncate(0)
    function({"reconcile": "everything"}, **ALL_OF_LAMBDA)
    assert log.getvalue() == ""


# ---- runs that go on -----------------------------------------------------------------------------


def test_what_does_not_fit_goes_on_where_it_ended(function: Lambda, account: LogsAccount) -> None:
    function.seconds = TOO_LITTLE
    assert function({"reconcile": "everything"}, **ALL_OF_LAMBDA)["continued"] is True
    assert function.later == [{"reconcile": "everything", "after": "", "round": 2}]
    function.seconds = 900
    function({"reconcile": "everything", "after": "/aws/lambda/a", "round": 2}, **ALL_OF_LAMBDA)
    assert account.subscribed() == {"/aws/lambda/b"}


def test_it_does_not_go_on_without_end(function: Lambda, log: StringIO) -> None:
    function.seconds = TOO_LITTLE
    function({"reconcile": "everything", "after": "x", "round": MAX_ROUNDS}, **ALL_OF_LAMBDA)
    assert function.later == []
    assert "not all log groups were looked at" in log.getvalue()


def test_an_update_is_answered_before_the_rest_is_done(function: Lambda, answers: Answers) -> None:
    function.seconds = TOO_LITTLE
    function(event(answers.url, RequestType="Update", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == ["SUCCESS"]
    (rest,) = function.later
    assert "request" not in rest


def test_a_deletion_is_answered_when_all_is_done(
    function: Lambda, account: LogsAccount, answers: Answers
) -> None:
    """The function goes with the answer."""
    account.add("/aws/lambda/a", filters=[OURS])
    function.seconds = TOO_LITTLE
    function(event(answers.url, RequestType="Delete", PhysicalResourceId="p"), **ALL_OF_LAMBDA)
    assert status(answers) == []
    function.seconds = 900
    (rest,) = function.later
    function(rest, **ALL_OF_LAMBDA)
    assert account.subscribed() == set()
    assert status(answers) == ["SUCCESS"]


def test_a_deletion_that_cannot_be_done_in_time_is_answered_all_the_same(
    function: Lambda, answers: Answers
) -> None:
    function.seconds = TOO_LITTLE
    rest = event(answers.url, RequestType="Delete", PhysicalResourceId="p")
    function(rest, **ALL_OF_LAMBDA)
    while function.later:
        function(function.later.pop(), **ALL_OF_LAMBDA)
    assert status(answers) == ["SUCCESS"]
