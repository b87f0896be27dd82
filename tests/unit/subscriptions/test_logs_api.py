"""Requests to CloudWatch Logs keep a rate and a deadline."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from loginformant_shipper.subscriptions.logs_api import SLOWEST_INTERVAL, LogsApi, OutOfTime

from tests.unit.subscriptions.logs_account import FOREIGN, OURS, LogsAccount


class Clock:
    """Keep a time that passes only during `sleep`."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def account() -> LogsAccount:
    return LogsAccount()


@pytest.fixture
def clock() -> Clock:
    return Clock()


MakeApi = Callable[..., LogsApi]


@pytest.fixture
def api(account: LogsAccount, clock: Clock) -> MakeApi:
    def make(rate: float = 4, deadline: float = 1000.0) -> LogsApi:
        return LogsApi(account.client, rate, deadline, clock.now, clock.sleep)

    return make


def test_all_pages_are_read_in_the_order_of_names(account: LogsAccount, api: MakeApi) -> None:
    names = [f"/group/{number:02}" for number in range(10)]
    account.add(*reversed(names), created=7)
    account.add("/other", log_class="DELIVERY")
    groups = list(api().log_groups())
    assert [group.name for group in groups] == [*names, "/other"]
    assert groups[0].created == 7
    assert groups[-1].log_class == "DELIVERY"
    assert [group.name for group in api().log_groups(prefix="/other")] == ["/other"]
    account.add("/group/01", filters=[OURS, FOREIGN])
    assert api().filters("/group/01") == [OURS, FOREIGN]


def test_each_operation_keeps_its_own_rate(account: LogsAccount, api: MakeApi, clock: Clock) -> None:
    account.add("a")
    paced = api(rate=4)
    for _ in range(9):
        paced.filters("a")
        paced.put("a", OURS)
    assert clock.time == pytest.approx(2.0)


def test_throttled_requests_are_slowed_down_and_repeated(
    account: LogsAccount, api: MakeApi, clock: Clock
) -> None:
    account.add("a")
    account.refuse("PutSubscriptionFilter", "ThrottlingException", times=5)
    paced = api(rate=4)
    paced.put("a", OURS)
    assert account.subscribed() == {"a"}
    assert paced.throttled == 5
    waited = clock.time
    assert waited > 5 / 4
    paced.put("a", OURS)
    assert 1 / 4 < clock.time - waited <= SLOWEST_INTERVAL


def test_the_rate_recovers_after_throttling(account: LogsAccount, api: MakeApi, clock: Clock) -> None:
    account.add("a")
    account.refuse("PutSubscriptionFilter", "ThrottlingException", times=3)
    paced = api(rate=4)
    for _ in range(40):
        paced.put("a", OURS)
    before = clock.time
    paced.put("a", OURS)
    assert clock.time - before == pytest.approx(1 / 4)


def test_endless_throttling_ends_at_the_deadline(account: LogsAccount, api: MakeApi, clock: Clock) -> None:
    account.add("a")
    account.refuse("PutSubscriptionFilter", "ThrottlingException", times=1000)
    with pytest.raises(OutOfTime):
        api(deadline=60).put("a", OURS)
    assert clock.time <= 60
    assert account.requests["PutSubscriptionFilter"] < 30


def test_no_request_is_sent_after_the_deadline(account: LogsAccount, api: MakeApi) -> None:
    account.add("a")
    with pytest.raises(OutOfTime):
        api(deadline=0).put("a", OURS)
    assert account.requests.total() == 0


def test_other_errors_are_raised_without_a_retry(account: LogsAccount, api: MakeApi) -> None:
    account.add("a")
    account.refuse("PutSubscriptionFilter", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        api().put("a", OURS)
    assert account.requests["PutSubscriptionFilter"] == 1
