"""CloudWatch Logs, asked no faster than it allows and not after the time is up."""

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
"""A request that was begun in time ends at most so much later, all attempts timed out."""

SLOWEST_INTERVAL = 5.0
"""Seconds between two requests of one operation, however often AWS refuses for their rate."""

_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
_DENIED = frozenset({"AccessDeniedException", "AccessDenied"})

LISTING = "describe_log_groups"
"""AWS allows 10 requests a second of it, and 5 of each of the others ("CloudWatch Logs quotas", Amazon
CloudWatch Logs User Guide): so it is asked twice as often."""

LOOKING = "describe_subscription_filters"

DENIED_PAUSE_SECONDS = 5.0


class OutOfTime(Exception):
    """The time is up; what was begun is done."""


def client_config() -> "Config":
    """For the client of `LogsApi`: time-outs that the time limit reckons with."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )


@dataclass
class LogsApi:
    """Requests to CloudWatch Logs, one after the other, each operation at its own pace, as AWS counts them.

    A request that is refused for its rate slows its operation down and is made again, until `deadline` (on
    the clock `now`): then `OutOfTime` is raised, before any request that would begin later. One that is
    denied is made again until `patient_until`, for the sake of a role that was made just now ("Changes that I
    make are not always immediately visible", IAM User Guide). All other errors are botocore's.
    """

    client: "CloudWatchLogsClient"
    requests_per_second: float
    deadline: float
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    patient_until: float = 0.0
    throttled: int = field(default=0, init=False)
    """How many requests AWS refused for their rate."""
    _free_at: dict[str, float] = field(default_factory=dict, init=False)
    _intervals: dict[str, float] = field(default_factory=dict, init=False)

    def log_groups(self, prefix: str = "") -> Iterator[LogGroup]:
        """All log groups, in ASCII order of their names; with `prefix`, those whose names begin so."""
        parameters: dict[str, Any] = {"logGroupNamePrefix": prefix} if prefix else {}
        for group in self._pages(LISTING, "logGroups", parameters):
            yield LogGroup(
                group["logGroupName"], group.get("logGroupClass", STANDARD), group.get("creationTime", 0)
            )

    def can_look_at_once(self) -> bool:
        """Whether `filters` would make its request without waiting for its turn."""
        return self._free_at.get(LOOKING, 0.0) <= self.now()

    def seconds_left(self) -> float:
        """Until the deadline."""
        return max(self.deadline - self.now(), 0.0)

    def wait(self, seconds: float) -> None:
        """Do nothing for so long. Raises `OutOfTime`, at once, if the time would be up before."""
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
        """Make or change a filter. To a function no role is needed (PutSubscriptionFilter, API Reference)."""
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
        """Names of the account's subscription filter policies in this region; there is at most one."""
        answer = self._request("describe_account_policies", policyType="SUBSCRIPTION_FILTER_POLICY")
        return [policy["policyName"] for policy in answer["accountPolicies"]]

    def test_pattern(self, pattern: str) -> None:
        """Let AWS read a filter pattern; one that is none is an InvalidParameterException.

        Subscription filters and metric filters have one syntax ("Filter pattern syntax for metric filters,
        subscription filters, filter log events, and Live Tail", Amazon CloudWatch Logs User Guide).
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
