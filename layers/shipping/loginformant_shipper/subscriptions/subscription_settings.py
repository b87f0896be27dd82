"""Read the subscriber's settings from its environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass

from loginformant_shipper.settings import SettingsError, stack_name_in
from loginformant_shipper.subscriptions.wanted import Wanted, parse_patterns

DEFAULT_REQUESTS_PER_SECOND = 4
"""The default request rate of each operation. The quota of an account in a region is 5 ("Amazon CloudWatch
Logs endpoints and quotas", AWS General Reference), and other programs need a share of it."""
MAX_REQUESTS_PER_SECOND = 1000

_MAX_FILTER_PATTERN = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionSettings:
    """All settings of the subscriber, validated."""

    stack_name: str
    log_groups: tuple[str, ...]
    excluded: tuple[str, ...]
    own_log_groups: frozenset[str]
    filter_name: str
    """The name of the subscriber's filters. Filters with this name and another destination are not
    touched."""
    filter_pattern: str
    destination_arn: str
    """The ARN of the shipper function."""
    account_wide: bool
    """Whether an account policy subscribes all log groups, so that the subscriber creates no filters."""
    requests_per_second: int
    """The maximum request rate of each operation."""

    @property
    def wanted(self) -> Wanted:
        """Return the selection of log groups, for both filters and the account policy."""
        return Wanted(log_groups=self.log_groups, excluded=self.excluded, own=self.own_log_groups)


def load_subscription_settings(environ: Mapping[str, str]) -> SubscriptionSettings:
    """Read the settings from `environ` (docs/configuration.md). Raises `SettingsError`."""
    destination = _needed(environ, "SHIPPER_FUNCTION_ARN")
    function = destination.rpartition(":function:")[2]
    own = {name.strip() for name in environ.get("OWN_LOG_GROUPS", "").split(",")}
    # The last one is the default log group, to which Lambda would write without the configured one.
    own |= {environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "").strip(), f"/aws/lambda/{function}"}
    filter_pattern = environ.get("SUBSCRIPTION_FILTER_PATTERN", "").strip()
    if len(filter_pattern) > _MAX_FILTER_PATTERN:
        raise SettingsError(
            f"SUBSCRIPTION_FILTER_PATTERN has {len(filter_pattern)} characters; "
            f"it must have at most {_MAX_FILTER_PATTERN}"
        )
    return SubscriptionSettings(
        stack_name=stack_name_in(environ),
        log_groups=patterns(environ, "LOG_GROUPS"),
        excluded=patterns(environ, "EXCLUDE_LOG_GROUPS"),
        own_log_groups=frozenset(own - {""}),
        filter_name=_needed(environ, "SUBSCRIPTION_FILTER_NAME"),
        filter_pattern=filter_pattern,
        destination_arn=destination,
        account_wide=_switch(environ, "SUBSCRIBE_ACCOUNT"),
        requests_per_second=_requests_per_second(environ),
    )


def patterns(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the names and patterns in a variable. Raises `SettingsError`."""
    try:
        return parse_patterns(environ.get(name, ""))
    except ValueError as allowed:
        raise SettingsError(f"{name} must be {allowed}") from None


def _needed(environ: Mapping[str, str], name: str) -> str:
    if text := environ.get(name, "").strip():
        return text
    raise SettingsError(f"{name} is not set")


def _switch(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").strip() or "false"
    if text not in ("true", "false"):
        raise SettingsError(f"{name} is {text!r}; it must be one of true, false")
    return text == "true"


def _requests_per_second(environ: Mapping[str, str]) -> int:
    name = "SUBSCRIBE_REQUESTS_PER_SECOND"
    text = environ.get(name, "").strip() or str(DEFAULT_REQUESTS_PER_SECOND)
    if text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MAX_REQUESTS_PER_SECOND:
        return int(text)
    raise SettingsError(f"{name} is {text!r}; it must be a whole number from 1 to {MAX_REQUESTS_PER_SECOND}")
