"""CloudWatch Logs in memory, behind a real botocore client, which validates each request."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from loginformant_shipper.subscriptions.plan import STANDARD, Filter
from loginformant_shipper.subscriptions.subscription_settings import (
    SubscriptionSettings,
    load_subscription_settings,
)

DESTINATION = "arn:aws:lambda:eu-west-1:123456789012:function:shipper-ShipperFunction-1A2B"
OTHER = "arn:aws:lambda:eu-west-1:123456789012:function:someone-else"
NAME = "shipper-subscriber"
OWN = "/loginformant/shipper/shipper"
ENVIRON = {
    "SHIPPER_FUNCTION_ARN": DESTINATION,
    "SUBSCRIPTION_FILTER_NAME": NAME,
    "OWN_LOG_GROUPS": OWN,
    "SUBSCRIBE_REQUESTS_PER_SECOND": "100",
}
NOT_INVOKED_YET = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
    "your function."
)
"""AWS's message before a permission has reached CloudWatch Logs (hashicorp/terraform-provider-aws)."""
OURS = Filter(NAME, DESTINATION, "")
FOREIGN = Filter("siem", OTHER, "")
BY_HAND = Filter("shipper", DESTINATION, "")


def settings(*log_groups: str, **variables: str) -> SubscriptionSettings:
    """Return the settings of a stack with these `log_groups`."""
    return load_subscription_settings(ENVIRON | {"LOG_GROUPS": ",".join(log_groups)} | variables)


class LogsAccount:
    """Hold log groups and their filters; `refuse` makes requests fail by operation and log group."""

    def __init__(self, page: int = 3, quota: int = 2) -> None:
        self.filters: dict[str, list[Filter]] = {}
        self.classes: dict[str, str] = {}
        self.created: dict[str, int] = {}
        self.known_classes = {STANDARD}
        """Log group classes that support filters."""
        self.policies: list[str] = []
        self.requests: Counter[str] = Counter()
        self.after_next_filter: Callable[[], None] | None = None
        """What happens just after the next filter is created."""
        self._page, self._quota = page, quota
        self.refusals: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
        self.client: Any = botocore.session.Session().create_client(
            "logs", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        answer: Any = self._answer
        self.client.meta.events.register("before-call.cloudwatch-logs", answer)

    def add(
        self, *names: str, filters: Iterable[Filter] = (), log_class: str = STANDARD, created: int = 0
    ) -> None:
        for name in names:
            self.filters[name] = list(filters)
            self.classes[name] = log_class
            self.created[name] = created

    def refuse(
        self,
        operation: str,
        code: str,
        log_group: str = "",
        times: int = 1,
        message: str = "",
        status: int = 400,
    ) -> None:
        refusal = (code, message or f"AWS's own words on\n{code}.", status)
        self.refusals.setdefault((operation, log_group), []).extend([refusal] * times)

    def subscribed(self) -> set[str]:
        """Return the log groups with a filter of the subscriber's name."""
        return {name for name, filters in self.filters.items() for each in filters if each.name == NAME}

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        given = json.loads(params["body"])
        self.requests[model.name] += 1
        group = given.get("logGroupName", "")
        for key in ((model.name, group), (model.name, "")):
            if refusals := self.refusals.get(key):
                return _refused(*refusals.pop(0))
        return getattr(self, f"_{model.name}")(group, given)  # type: ignore[no-any-return]

    def _DescribeLogGroups(self, _: str, given: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
        prefix = given.get("logGroupNamePrefix", "")
        names = sorted(name for name in self.filters if name.startswith(prefix))
        start = int(given.get("nextToken", "0"))
        page = [
            {
                "logGroupName": name,
                "logGroupClass": self.classes[name],
                "creationTime": self.created[name],
            }
            for name in names[start : start + self._page]
        ]
        more = {"nextToken": str(start + self._page)} if start + self._page < len(names) else {}
        return _done({"logGroups": page, **more})

    def _DescribeSubscriptionFilters(
        self, group: str, given: dict[str, Any]
    ) -> tuple[AWSResponse, dict[str, Any]]:
        if self.classes[group] not in self.known_classes:
            return _refused("InvalidOperationException")
        found = [
            {"filterName": each.name, "destinationArn": each.destination_arn, "filterPattern": each.pattern}
            for each in self.filters[group]
        ]
        start = int(given.get("nextToken", "0"))
        more = {"nextToken": str(start + 1)} if start + 1 < len(found) else {}
        return _done({"subscriptionFilters": found[start : start + 1], **more})

    def _PutSubscriptionFilter(self, group: str, given: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
        filters = self.filters[group]
        kept = [each for each in filters if each.name != given["filterName"]]
        if len(kept) == self._quota:
            return _refused("LimitExceededException")
        new = Filter(given["filterName"], given["destinationArn"], given["filterPattern"])
        self.filters[group] = [*kept, new]
        happens, self.after_next_filter = self.after_next_filter, None
        if happens:
            happens()
        return _done({})

    def _DeleteSubscriptionFilter(
        self, group: str, given: dict[str, Any]
    ) -> tuple[AWSResponse, dict[str, Any]]:
        self.filters[group] = [each for each in self.filters[group] if each.name != given["filterName"]]
        return _done({})

    def _DescribeAccountPolicies(self, _: str, given: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
        assert given["policyType"] == "SUBSCRIPTION_FILTER_POLICY"
        return _done({"accountPolicies": [{"policyName": name} for name in self.policies]})

    def _TestMetricFilter(self, _: str, given: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
        return _refused("InvalidParameterException") if "{" in given["filterPattern"] else _done({})


def _done(answer: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("https://logs", 200, HTTPHeaders(), None), answer


def _refused(code: str, message: str = "", status: int = 400) -> tuple[AWSResponse, dict[str, Any]]:
    error = {"Code": code, "Message": message or f"AWS's own words on\n{code}."}
    metadata = {"HTTPStatusCode": status}
    return AWSResponse("https://logs", status, HTTPHeaders(), None), {
        "Error": error,
        "ResponseMetadata": metadata,
    }
