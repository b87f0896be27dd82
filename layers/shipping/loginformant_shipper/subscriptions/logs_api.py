"""A client of CloudWatch Logs with request rates and a deadline."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loginformant_shipper.subscriptions.plan import STANDARD, Filter, LogGroup

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_logs import CloudWatchLogsClient

CONNECT_SECONDS = 3
READ_SECONDS = 10
ATTEMPTS = 2
WORST_REQUEST_SECONDS = ATTEMPTS * (CONNECT_SECONDS + READ_SECONDS) + 1.0
"""The maximum duration of a request, if all attempts time out."""

SLOWEST_INTERVAL = 5.0
"""The maximum number of seconds between two requests of an operation that AWS throttles."""

_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})

LISTING = "describe_log_groups"
"""The operation with twice the rate: AWS allows 10 requests per second of it, and 5 of each of the others
("CloudWatch Logs quotas", Amazon CloudWatch Logs User Guide)."""

LOOKING = "describe_subscription_filters"
CHANGES = ("put_subscription_filter", "delete_subscription_filter")

DENIED_PAUSE_SECONDS = 5.0


class RunEnds(Exception):
    """A run makes no more requests. Requests that were started have ended."""


class OutOfTime(RunEnds):
    """The deadline has been reached."""


class RunIsStale(RunEnds):
    """CloudFormation removes the stack, or the function has got other settings."""


def client_config() -> "Config":
    """Return the configuration of the client of `LogsApi`, whose timeouts the deadline accounts for."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )


@dataclass
class LogsApi:
    """Makes requests to CloudWatch Logs one after the other, with a separate rate for each operation.

    A throttled request lowers the rate of its operation and is retried until `deadline` (on the clock `now`).
    `OutOfTime` is raised instead of starting a request after the deadline, `RunIsStale` instead of changing a
    filter in a stale run. A request that is denied is retried until `patient_until`, since the role may have
    just been created ("Changes that I make are not always immediately visible", IAM User Guide). All other
    errors are raised as errors of botocore.
    """

    client: "CloudWatchLogsClient"
    requests_per_second: float
    deadline: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patient_until: float = 0.0
    is_stale: Callable[[], bool] = lambda: False
    """Returns whether filters may not be changed any more. Called before each attempt to change one."""
    throttled: int = field(default=0, init=False)
    """The number of requests that AWS throttled."""
    _free_at: dict[str, float] = field(default_factory=dict, init=False)
    _intervals: dict[str, float] = field(default_factory=dict, init=False)

    def log_groups(self, prefix: str = "") -> Iterator[LogGroup]:
        """Yield the log groups whose names begin with `prefix`, sorted by name in ASCII order."""
        parameters: dict[str, Any] = {"logGroupNamePrefix": prefix} if prefix else {}
        for group in self._pages(LISTING, "logGroups", parameters):
            yield LogGroup(
                group["logGroupName"], group.get("logGroupClass", STANDARD), group.get("creationTime", 0)
            )

    def can_look_at_once(self) -> bool:
        """Return whether `filters` could make its request now without exceeding its rate."""
        return self._free_at.get(LOOKING, 0.0) <= self.now()

    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        return max(self.deadline - self.now(), 0.0)

    def wait(self, seconds: float) -> None:
        """Wait for some seconds. Raises `OutOfTime` immediately if the deadline is earlier."""
        if self.now() + seconds >= self.deadline:
            raise OutOfTime
        self.sleep(seconds)

    def filters(self, log_group: str) -> list[Filter]:
        """Return the subscription filters of a log group."""
        pages = self._pages(LOOKING, "subscriptionFilters", {"logGroupName": log_group})
        return [
            Filter(found["filterName"], found.get("destinationArn", ""), found.get("filterPattern", ""))
            for found in pages
        ]

    def put(self, log_group: str, wanted: Filter) -> None:
        """Create or change a filter. A function needs no role (PutSubscriptionFilter, API Reference)."""
        self._request(
            "put_subscription_filter",
            logGroupName=log_group,
            filterName=wanted.name,
            filterPattern=wanted.pattern,
            destinationArn=wanted.destination_arn,
        )

    def delete(self, log_group: str, filter_name: str) -> None:
        """Delete a subscription filter of a log group."""
        self._request("delete_subscription_filter", logGroupName=log_group, filterName=filter_name)

    def subscription_policies(self) -> list[str]:
        """Return the names of the account's subscription filter policies in this region, at most one."""
        answer = self._request("describe_account_policies", policyType="SUBSCRIPTION_FILTER_POLICY")
        return [policy["policyName"] for policy in answer["accountPolicies"]]

    def test_pattern(self, pattern: str) -> None:
        """Validate a filter pattern with AWS. An invalid one raises InvalidParameterException.

        Subscription filters have the same syntax as metric filters ("Filter pattern syntax for metric
        filters, subscription filters, filter log events, and Live Tail", Amazon CloudWatch Logs User Guide).
        """
        self._request("test_metric_filter", filterPattern=pattern, logEventMessages=["-"])

    def _pages(self, operation: str, member: str, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            page = self._request(operation, **parameters)
            yield from page[member]
            if not page.get("nextToken"):
                return
            parameters = parameters | {"nextToken": page["nextToken"]}

    def _request(self, operation: str, **parameters: Any) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        usual = 1 / (self.requests_per_second * (2 if operation == LISTING else 1))
        while True:
            interval = self._intervals.get(operation, usual)
            start = max(self._free_at.get(operation, 0.0), self.now())
            if start >= self.deadline:
                raise OutOfTime
            self.sleep(max(start - self.now(), 0.0))
            if operation in CHANGES and self.is_stale():
                raise RunIsStale
            self._free_at[operation] = start + interval
            try:
                answer: dict[str, Any] = getattr(self.client, operation)(**parameters)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _DENIED and self.now() < self.patient_until:
                    self._free_at[operation] = self.now() + DENIED_PAUSE_SECONDS
                    continue
                if code not in _THROTTLED:
                    raise
                self.throttled += 1
                self._intervals[operation] = min(max(2 * interval, 0.1), SLOWEST_INTERVAL)
                self._free_at[operation] = self.now() + self._intervals[operation]
            else:
                self._intervals[operation] = max(usual, 0.9 * interval)
                return answer
