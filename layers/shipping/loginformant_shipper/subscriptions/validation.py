"""Check whether AWS accepts the settings of an account policy or a filter pattern.

The result depends only on the parameters. The previous parameters are valid, so an update can be rolled back.
"""

from loginformant_shipper.subscriptions.logs_api import LogsApi
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.wanted import EVERYTHING
from loginformant_shipper.telemetry import logger


def validate_account_policy(settings: SubscriptionSettings, api: LogsApi) -> str | None:
    """Return why AWS would reject the account policy, or None (PutAccountPolicy, API Reference)."""
    from botocore.exceptions import ClientError

    if not set(settings.log_groups) <= {EVERYTHING}:
        return "LogGroups must be empty or * with SubscribeAccount, which subscribes all log groups"
    if patterns := [name for name in settings.excluded if "*" in name]:
        return (
            f"ExcludeLogGroups contains {', '.join(patterns)}; with SubscribeAccount it must contain only "
            "names, no patterns"
        )
    try:
        others = [name for name in api.subscription_policies() if name != settings.filter_name]
    except ClientError as error:
        _say_unanswered(error)
        return None
    if others:
        return (
            f"this account already has the subscription filter policy {others[0]} in this region, and AWS "
            "allows only one: delete it, or use LogGroups instead of SubscribeAccount"
        )
    return None


def validate_pattern(settings: SubscriptionSettings, api: LogsApi) -> str | None:
    """Return why AWS rejects the filter pattern, or None if it accepts it."""
    from botocore.exceptions import ClientError

    if not settings.filter_pattern:
        return None
    try:
        api.test_pattern(settings.filter_pattern)
    except ClientError as error:
        if error.response["Error"]["Code"] == "InvalidParameterException":
            return f"SubscriptionFilterPattern: {error.response['Error']['Message']}"
        _say_unanswered(error)
    return None


def _say_unanswered(error: Exception) -> None:
    """Log that a check could not be made. The deployment continues, and fails later if there is a problem."""
    logger.warning("a check could not be made", detail=str(error))
