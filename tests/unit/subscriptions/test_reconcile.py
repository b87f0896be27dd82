"""Reconciling changes the filters as planned, and reports the results."""

import time

import pytest
from botocore.exceptions import ClientError
from loginformant_shipper.subscriptions.logs_api import LogsApi
from loginformant_shipper.subscriptions.plan import Filter
from loginformant_shipper.subscriptions.reconcile import (
    MAX_REFUSED_IN_AN_ATTEMPT,
    RETRY_PAUSES,
    Reconciled,
    Report,
    Trouble,
    reconcile,
)
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings

from tests.unit.subscriptions.logs_account import (
    BY_HAND,
    DESTINATION,
    FOREIGN,
    NAME,
    NOT_INVOKED_YET,
    OURS,
    OWN,
    LogsAccount,
    settings,
)


@pytest.fixture
def account() -> LogsAccount:
    return LogsAccount()


def run(account: LogsAccount, wanted: SubscriptionSettings, seconds: float = 600.0) -> Report:
    api = LogsApi(account.client, 1000, time.monotonic() + seconds, sleep=lambda seconds: None)
    return reconcile(api, api.log_groups(), wanted)


def test_reconcile_creates_changes_and_deletes_filters(account: LogsAccount) -> None:
    account.add("/aws/lambda/new", "/ecs/other", OWN)
    account.add("/aws/lambda/old", filters=[OURS])
    account.add("/aws/lambda/changed", filters=[Filter(NAME, DESTINATION, "ERROR")])
    account.add("/ecs/left", filters=[OURS, FOREIGN])
    report = run(account, settings("/aws/lambda/*"))
    assert account.subscribed() == {"/aws/lambda/new", "/aws/lambda/old", "/aws/lambda/changed"}
    assert account.filters["/aws/lambda/changed"] == [OURS]
    assert account.filters["/ecs/left"] == [FOREIGN]
    assert report.subscribed == ["/aws/lambda/changed", "/aws/lambda/new"]
    assert report.unsubscribed == ["/ecs/left"]
    assert report.looked_at == 6
    assert report.finished


def test_throttling_of_every_kind_of_request_loses_no_log_group(account: LogsAccount) -> None:
    names = [f"/group/{number:04}" for number in range(1200)]
    account.add(*names)
    for operation in ("DescribeLogGroups", "DescribeSubscriptionFilters", "PutSubscriptionFilter"):
        account.refuse(operation, "ThrottlingException", times=3)
    for name in names[::7]:
        account.refuse("PutSubscriptionFilter", "ThrottlingException", name, times=2)
    report = run(account, settings("*"), seconds=1e6)
    assert account.subscribed() == set(names)
    assert (report.troubles, report.finished) == ([], True)


def test_a_second_run_changes_nothing(account: LogsAccount) -> None:
    account.add(*(f"/group/{number}" for number in range(10)))
    run(account, settings("*"))
    account.requests.clear()
    report = run(account, settings("*"))
    assert set(account.requests) == {"DescribeLogGroups", "DescribeSubscriptionFilters"}
    assert (report.subscribed, report.unsubscribed, report.troubles) == ([], [], [])


def test_a_failing_log_group_is_reported_and_stops_no_other(account: LogsAccount) -> None:
    account.add("denied", "fine", "gone", "unreadable", "busy", "z-last")
    account.add("full", filters=[FOREIGN, Filter("audit", FOREIGN.destination_arn, "")])
    account.add("infrequent", log_class="INFREQUENT_ACCESS")
    account.add("taken", filters=[Filter(NAME, FOREIGN.destination_arn, "")])
    account.refuse("PutSubscriptionFilter", "AccessDeniedException", "denied")
    account.refuse("PutSubscriptionFilter", "ResourceNotFoundException", "gone")
    account.refuse("DescribeSubscriptionFilters", "AccessDeniedException", "unreadable")
    account.refuse("PutSubscriptionFilter", "OperationAbortedException", "busy", times=100)
    report = run(account, settings("*"))
    assert account.subscribed() - {"taken"} == {"fine", "z-last"}
    assert {name: trouble for name, trouble, _ in report.troubles} == {
        "denied": Trouble.DENIED,
        "full": Trouble.QUOTA_FULL,
        "infrequent": Trouble.UNSUPPORTED,
        "taken": Trouble.NAME_TAKEN,
        "unreadable": Trouble.DENIED,
        "busy": Trouble.REFUSED_FOR_NOW,
    }
    details = {name: detail for name, _, detail in report.troubles}
    assert details["full"] == "AWS's own words on LimitExceededException."
    assert report.finished


def test_our_filter_is_updated_in_a_log_group_with_the_maximum_of_filters(account: LogsAccount) -> None:
    account.add("full", filters=[FOREIGN, Filter(NAME, DESTINATION, "ERROR")])
    assert run(account, settings("*")).subscribed == ["full"]
    assert set(account.filters["full"]) == {FOREIGN, OURS}


def test_manual_filters_are_kept_and_not_doubled(account: LogsAccount) -> None:
    account.add("by-hand", filters=[BY_HAND])
    account.add("both", filters=[BY_HAND, OURS])
    account.add("unlisted", filters=[BY_HAND])
    report = run(account, settings("b*"))
    assert all(filters == [BY_HAND] for filters in account.filters.values())
    assert report.unsubscribed == ["both"]


def test_our_filters_are_removed_under_an_account_policy(account: LogsAccount) -> None:
    account.add("a", "b", filters=[OURS, FOREIGN])
    account.add("by-hand", filters=[BY_HAND])
    report = run(account, settings("*", SUBSCRIBE_ACCOUNT="true"))
    assert account.subscribed() == set()
    assert account.filters["a"] == [FOREIGN]
    assert report.troubles == [("by-hand", Trouble.DOUBLED, "")]


def test_a_run_that_runs_out_of_time_reports_its_last_log_group(account: LogsAccount) -> None:
    account.add("a", "b", "c", "d")
    now = [0.0]
    api = LogsApi(account.client, 1000, 10.0, now=lambda: now[0], sleep=lambda seconds: None)

    def five_seconds_each(outcome: Reconciled) -> None:
        now[0] += 5.0

    report = reconcile(api, api.log_groups(), settings("*"), on_outcome=five_seconds_each)
    assert not report.finished
    assert report.last == "b"
    assert account.subscribed() == {"a", "b"}


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException", "SomethingNew"])
def test_an_error_that_concerns_all_log_groups_stops_the_run(code: str, account: LogsAccount) -> None:
    account.add("a", "b")
    account.refuse("DescribeSubscriptionFilters", code)
    with pytest.raises(ClientError, match=code):
        run(account, settings("*"))
    assert account.requests["DescribeSubscriptionFilters"] == 1


# --- temporary refusals ---


@pytest.mark.parametrize(
    ("code", "message", "status"),
    [
        ("InvalidParameterException", NOT_INVOKED_YET, 400),
        ("OperationAbortedException", "Please try again", 400),
        ("ServiceUnavailableException", "", 400),
        ("InternalFailure", "", 500),
    ],
)
def test_a_temporary_refusal_is_retried(code: str, message: str, status: int, account: LogsAccount) -> None:
    account.add("a", "b", "c")
    account.refuse("PutSubscriptionFilter", code, "a", times=3, message=message, status=status)
    report = run(account, settings("*"))
    assert account.subscribed() == {"a", "b", "c"}
    assert (report.troubles, report.shipped, report.finished) == ([], 3, True)


def test_an_invalid_parameter_is_not_retried(account: LogsAccount) -> None:
    account.add("a")
    account.refuse("PutSubscriptionFilter", "InvalidParameterException", times=100)
    report = run(account, settings("*"))
    assert [trouble for _, trouble, _ in report.troubles] == [Trouble.REFUSED]
    assert account.requests["PutSubscriptionFilter"] == 1


def test_log_groups_refused_for_long_do_not_delay_others(account: LogsAccount) -> None:
    names = [f"group-{number:02}" for number in range(40)]
    account.add(*names)
    for name in names:
        times = 1000 if name < "group-20" else 1
        account.refuse("PutSubscriptionFilter", "OperationAbortedException", name, times=times)
    report = run(account, settings("*"))
    assert account.subscribed() == set(names[20:])
    assert set(report.refused_for_now) == set(names[:20])


def test_attempts_are_bounded_if_all_requests_are_refused(account: LogsAccount) -> None:
    account.add(*(f"group-{number:03}" for number in range(500)))
    account.refuse("PutSubscriptionFilter", "OperationAbortedException", times=100_000)
    report = run(account, settings("*"))
    most = len(RETRY_PAUSES) * MAX_REFUSED_IN_AN_ATTEMPT
    assert account.requests["PutSubscriptionFilter"] == 500 + most
    assert report.refused == 500
    assert report.is_in_vain


def test_log_groups_left_at_the_deadline_are_reported(account: LogsAccount) -> None:
    account.add("a", "b")
    account.refuse("PutSubscriptionFilter", "OperationAbortedException", "a", times=100)
    report = run(account, settings("*"), seconds=3.0)
    assert account.subscribed() == {"b"}
    assert (report.refused_for_now, report.finished) == (["a"], False)


def test_filters_are_requested_for_an_unknown_class(account: LogsAccount) -> None:
    account.add("new", log_class="ESSENTIALS")
    report = run(account, settings("*"))
    assert report.troubles == [("new", Trouble.UNSUPPORTED, "AWS's own words on InvalidOperationException.")]
    account.known_classes.add("ESSENTIALS")
    assert run(account, settings("*")).subscribed == ["new"]


# --- figures ---


def test_the_report_counts_wanted_shipped_and_refused_log_groups(account: LogsAccount) -> None:
    account.add("fine", OWN, "excluded")
    account.add("by-hand", filters=[BY_HAND])
    account.add("left-over-1", filters=[OURS])
    account.add("x-by-hand-and-not-wanted", filters=[BY_HAND])
    account.add("full", filters=[FOREIGN, Filter("audit", FOREIGN.destination_arn, "")])
    account.add("infrequent", log_class="INFREQUENT_ACCESS")
    report = run(account, settings("f*", "by-hand", "in*", EXCLUDE_LOG_GROUPS="excluded"))
    assert (report.looked_at, report.wanted, report.shipped, report.refused) == (8, 4, 2, 1)
    assert not report.is_in_vain


@pytest.mark.parametrize("wanted", [(), ("no-such-*",)])
def test_a_run_without_wanted_log_groups_does_not_fail(wanted: tuple[str, ...], account: LogsAccount) -> None:
    account.add("a")
    assert not run(account, settings(*wanted)).is_in_vain
