"""CloudWatch Logs with quotas that the emulator lacks: requests a second, and filters for a log group."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.account import Account
from tests.e2e.logs_front import Answer, in_front_of_logs

QUOTA = 2
THROTTLED_EVERY = 40
MESSAGES = {
    "LimitExceededException": "Resource limit exceeded.",
    "InvalidParameterException": "Could not execute the lambda function. Make sure you have given CloudWatch "
    "Logs permission to execute your function.",
}


@dataclass
class FaultyLogs:
    url: str
    throttled: Counter[str] = field(default_factory=Counter)
    """Refused requests, by operation."""
    not_yet: int = 0
    """Filters that were refused since the function could not be invoked yet."""
    refused_for_quota: list[str] = field(default_factory=list)
    """Log groups; twice, since botocore takes this refusal for throttling and tries again."""


@contextmanager
def faulty_logs(account: Account, not_yet: int = 0) -> Iterator[FaultyLogs]:
    """Serve the account's CloudWatch Logs with quotas during a block.

    Each 40th request of an operation is throttled; a third filter for one log group is refused. The
    first `not_yet` filters are refused as long as the function cannot be invoked.
    """
    logs = account.client("logs")
    requests: Counter[str] = Counter()
    lock = threading.Lock()

    def fault(operation: str, given: dict[str, Any]) -> str | None:
        with lock:
            requests[operation] += 1
            if requests[operation] % THROTTLED_EVERY == 0:
                faults.throttled[operation] += 1
                return "ThrottlingException"
        if operation == "PutSubscriptionFilter" and faults.not_yet < not_yet:
            faults.not_yet += 1
            return "InvalidParameterException"
        if operation == "PutSubscriptionFilter":
            there = logs.describe_subscription_filters(logGroupName=given["logGroupName"])
            names = {each["filterName"] for each in there["subscriptionFilters"]}
            if len(names - {given["filterName"]}) >= QUOTA:
                faults.refused_for_quota.append(given["logGroupName"])
                return "LimitExceededException"
        return None

    def refused(operation: str, given: dict[str, Any]) -> Answer | None:
        code = fault(operation, given)
        return (400, {"__type": code, "message": MESSAGES.get(code, "")}) if code else None

    with in_front_of_logs(account, refused) as url:
        faults = FaultyLogs(url)
        yield faults
