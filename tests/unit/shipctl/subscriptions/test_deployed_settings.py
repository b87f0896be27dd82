"""The log groups that the deployed subscriber selects."""

import pytest
from loginformant_shipper.subscriptions.logs_api import LogsApi
from shipctl.subscriptions.deployed_settings import wanted_log_groups

from tests.unit.subscriptions.logs_account import OWN, LogsAccount, settings

WEB, COMPANION = "/aws/lambda/web/shop", "/aws/lambda/web/shop.local"


@pytest.fixture
def api() -> LogsApi:
    account = LogsAccount()
    account.add(WEB, COMPANION, "/ecs/checkout", OWN)
    account.add("/aws/rare", log_class="DELIVERY")
    return LogsApi(account.client, 1000, deadline=float("inf"))


def test_patterns_select_log_groups(api: LogsApi) -> None:
    assert wanted_log_groups(api, settings("/aws/*")) == {WEB}
    assert wanted_log_groups(api, settings()) == set()


@pytest.mark.parametrize("log_groups", ["", "*"])
def test_the_account_policy_selects_all_log_groups_that_are_not_excluded(
    api: LogsApi, log_groups: str
) -> None:
    account = settings(log_groups, SUBSCRIBE_ACCOUNT="true", EXCLUDE_LOG_GROUPS="/ecs/checkout")
    assert wanted_log_groups(api, account) == {WEB, COMPANION}
