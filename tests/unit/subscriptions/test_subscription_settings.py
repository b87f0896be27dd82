"""The subscriber's settings are read from its environment."""

import pytest
from loginformant_shipper.settings import SettingsError
from loginformant_shipper.subscriptions.subscription_settings import load_subscription_settings

from tests.unit.subscriptions.logs_account import DESTINATION, ENVIRON, NAME, OWN, settings


def test_only_the_destination_and_the_filter_name_are_required() -> None:
    found = load_subscription_settings(
        {"SHIPPER_FUNCTION_ARN": DESTINATION, "SUBSCRIPTION_FILTER_NAME": NAME}
    )
    assert found.log_groups == found.excluded == ()
    assert found.filter_pattern == ""
    assert not found.account_wide
    assert found.requests_per_second == 4


def test_own_log_groups_include_those_that_functions_may_write_to() -> None:
    found = settings(AWS_LAMBDA_LOG_GROUP_NAME="/custom/subscriber")
    assert found.own_log_groups == {OWN, "/custom/subscriber", "/aws/lambda/shipper-ShipperFunction-1A2B"}


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("LOG_GROUPS", "/aws/[x]", "LOG_GROUPS must be names of log groups"),
        ("EXCLUDE_LOG_GROUPS", "a b", "EXCLUDE_LOG_GROUPS must be names of log groups"),
        ("SUBSCRIPTION_FILTER_PATTERN", "x" * 1025, "SUBSCRIPTION_FILTER_PATTERN has 1025 characters"),
        ("SUBSCRIBE_ACCOUNT", "yes", "SUBSCRIBE_ACCOUNT is 'yes'; it must be one of true, false"),
        ("SUBSCRIBE_REQUESTS_PER_SECOND", "0", "it must be a whole number from 1 to 1000"),
        ("SUBSCRIBE_REQUESTS_PER_SECOND", "²", "it must be a whole number from 1 to 1000"),
        ("SHIPPER_FUNCTION_ARN", " ", "SHIPPER_FUNCTION_ARN is not set"),
        ("SUBSCRIPTION_FILTER_NAME", "", "SUBSCRIPTION_FILTER_NAME is not set"),
    ],
)
def test_an_invalid_value_is_one_error_line(name: str, value: str, line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_subscription_settings(ENVIRON | {name: value})
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
