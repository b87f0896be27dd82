"""Read the settings of the deployed subscriber function."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from loginformant_shipper.settings import SettingsError
from loginformant_shipper.subscriptions.plan import WITHOUT_FILTERS, what_counts
from loginformant_shipper.subscriptions.subscription_settings import (
    SubscriptionSettings,
    load_subscription_settings,
)
from loginformant_shipper.subscriptions.wanted import parse_patterns

from shipctl.account import aws_errors, client_config
from shipctl.errors import CommandError
from shipctl.stack import Stack

if TYPE_CHECKING:
    from loginformant_shipper.subscriptions.logs_api import LogsApi


def settings_of(stack: Stack) -> SubscriptionSettings:
    """Return the settings of the deployed subscriber. Raises `CommandError`."""
    function = stack.outputs.get("SubscriberFunctionName")
    if function is None:
        raise CommandError(
            f"stack {stack.name} has no subscriber: it is not a LogInformant shipper, or it is out of date "
            "(update it with shipctl deploy)"
        )
    with aws_errors(f"Reading the settings of {function}"):
        client = stack.session.client("lambda", config=client_config())
        found = client.get_function_configuration(FunctionName=function)
    try:
        return load_subscription_settings(found.get("Environment", {}).get("Variables", {}))
    except SettingsError as error:
        raise CommandError(f"the settings of {function} are invalid: {error}") from error


def logs_api(stack: Stack, settings: SubscriptionSettings) -> "LogsApi":
    """Return a client of CloudWatch Logs with the request rate of the stack's parameter."""
    from loginformant_shipper.subscriptions.logs_api import LogsApi

    client = stack.session.client("logs", config=client_config())
    return LogsApi(client, settings.requests_per_second, deadline=math.inf)


def wanted_log_groups(api: "LogsApi", settings: SubscriptionSettings) -> frozenset[str]:
    """Return the log groups that the stack selects and that can be subscribed. Raises `CommandError`."""
    wanted = what_counts(settings)
    if not wanted.log_groups:
        return frozenset()
    with aws_errors("Listing the log groups"):
        return frozenset(
            group.name
            for group in api.log_groups()
            if group.log_class not in WITHOUT_FILTERS and wanted.why_not(group.name) is None
        )


def with_patterns(
    settings: SubscriptionSettings, log_groups: str | None, excluded: str | None
) -> SubscriptionSettings:
    """Return the settings with other patterns, if any are given. Raises `CommandError`."""
    return replace(
        settings,
        log_groups=settings.log_groups if log_groups is None else _patterns("--log-groups", log_groups),
        excluded=settings.excluded if excluded is None else _patterns("--exclude", excluded),
        # Patterns are an alternative to the account policy.
        account_wide=settings.account_wide and log_groups is None,
    )


def _patterns(option: str, text: str) -> tuple[str, ...]:
    try:
        return parse_patterns(text)
    except ValueError as allowed:
        raise CommandError(f"{option} must be {allowed}") from None
