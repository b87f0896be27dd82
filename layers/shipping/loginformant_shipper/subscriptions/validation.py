"""Why a stack's wish cannot be met, in a line for the person who deploys it.

A matter of the parameters alone: those from before an update can be met, so an update can be taken back.
"""

from loginformant_shipper.subscriptions.logs_api import LogsApi
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from loginformant_shipper.subscriptions.wanted import EVERYTHING
from loginformant_shipper.telemetry import logger


def validate_account_policy(settings: SubscriptionSettings, api: LogsApi) -> str | None:
    """Return what prevents an account policy ("PutAccountPolicy", Amazon CloudWatch Logs API Reference)."""
    from botocore.exceptions import ClientError

    if not set(settings.log_groups) <= {EVERYTHING}:
        return "SubscribeAccount subscribes all log groups: LogGroups must be empty or *"
    if patterns := [name for name in settings.excluded if "*" in name]:
        return (
            f"ExcludeLogGroups: {', '.join(patterns)}: with SubscribeAccount AWS excludes exact names only, "
            "no patterns"
        )
    try:
        others = [name for name in api.subscription_policies() if name != settings.filter_name]
    except ClientError as error:
        _say_unanswered(error)
        return None
    if others:
        return (
            f"this account has a subscription filter policy in this region already, {others[0]}, and AWS "
            "allows one: delete it, or use LogGroups instead of SubscribeAccount"
        )
    return None


def validate_pattern(settings: SubscriptionSettings, api: LogsApi) -> str | None:
    """Return what AWS says against the filter pattern."""
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
    """Log that a check could not be made. It stops nothing: where there is trouble, it will be met."""
    logger.warning("a check could not be made", detail=str(error))
