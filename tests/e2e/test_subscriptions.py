"""Subscriptions in the deployed stack: after each event exactly the wanted filters exist."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from local.ingest_api import LOCAL_KEY
from local.stack import PROJECT, Stack, deployed_stack
from tests.e2e.faulty_logs import faulty_logs

pytestmark = pytest.mark.e2e

LOG = PROJECT / ".build" / "local" / "test-subscriptions.log"
OTHER = "arn:aws:lambda:eu-west-1:000000000000:function:someone-else"
PATTERNS, EXCLUDED = "/aws/lambda/*,/app/*/web,orders", "/aws/lambda/noisy-*,/app/7/web"
WAIT_SECONDS = 300.0

LAMBDAS = [f"/aws/lambda/f{number:04}" for number in range(945)]
NOISY = [f"/aws/lambda/noisy-{number:02}" for number in range(50)]
WEB = [f"/app/{number}/web" for number in range(100)]
DATABASES = [f"/app/{number}/db" for number in range(100)]
SINGLE = ["orders", "orders-2", "/aws/lambda", "/loginformant/another/shipper"]
BY_HAND, FOREIGN, TAKEN, INFREQUENT = LAMBDAS[10], LAMBDAS[11], LAMBDAS[12], "/aws/lambda/rare"
LOG_GROUPS = [*LAMBDAS, *NOISY, *WEB, *DATABASES, *SINGLE, INFREQUENT]


def wanted(patterns: str, excluded: str) -> set[str]:
    """Return the log groups that are wanted, computed without the code under test."""
    return {
        name
        for name in LOG_GROUPS
        if any(fnmatchcase(name, pattern) for pattern in patterns.split(","))
        and not any(fnmatchcase(name, pattern) for pattern in excluded.split(","))
        and not name.startswith("/loginformant/")
    } - {BY_HAND, TAKEN, INFREQUENT}


@dataclass
class Subscribed:
    """The deployed stack and queries on it."""

    stack: Stack

    @property
    def logs(self) -> Any:
        return self.stack.account.client("logs")

    @property
    def name(self) -> str:
        return f"{self.stack.name}-subscriber"

    @property
    def shipper(self) -> str:
        return self.stack.outputs["ShipperFunctionArn"]

    def filters(self, log_group: str) -> dict[str, tuple[str, str]]:
        """Return destination and pattern of each filter by name."""
        found = self.logs.describe_subscription_filters(logGroupName=log_group)["subscriptionFilters"]
        return {each["filterName"]: (each["destinationArn"], each["filterPattern"]) for each in found}

    def ours(self, pattern: str = "") -> set[str]:
        """Return all log groups of the account, also those of the stack, that have exactly our filter."""
        pages = self.logs.get_paginator("describe_log_groups").paginate()
        names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
        with ThreadPoolExecutor(8) as requests:
            filters = dict(zip(names, requests.map(self.filters, names), strict=True))
        return {name for name in names if filters[name].get(self.name) == (self.shipper, pattern)}

    def make(self, log_group: str) -> None:
        log_class = "INFREQUENT_ACCESS" if log_group == INFREQUENT else "STANDARD"
        self.logs.create_log_group(logGroupName=log_group, logGroupClass=log_class)

    def put(self, log_group: str, name: str, destination: str) -> None:
        self.logs.put_subscription_filter(
            logGroupName=log_group, filterName=name, filterPattern="", destinationArn=destination
        )

    def own_log(self) -> list[str]:
        """Return what the subscriber logged."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.stack.outputs["SubscriberLogGroupName"]
        )
        return [event["message"] for page in pages for event in page["events"]]

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        answer = self.stack.account.client("lambda").invoke(
            FunctionName=self.stack.outputs["SubscriberFunctionName"], Payload=json.dumps(event)
        )
        assert "FunctionError" not in answer
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result

    def configure(self, timeout: int, variables: dict[str, str]) -> None:
        self.stack.account.client("lambda").update_function_configuration(
            FunctionName=self.stack.outputs["SubscriberFunctionName"],
            Timeout=timeout,
            Environment={"Variables": variables},
        )

    def configuration(self) -> tuple[int, dict[str, str]]:
        """Return the function's timeout and variables."""
        found = self.stack.account.client("lambda").get_function_configuration(
            FunctionName=self.stack.outputs["SubscriberFunctionName"]
        )
        return found["Timeout"], found["Environment"]["Variables"]

    @contextmanager
    def configured(self, timeout: int = 900, **variables: str) -> Iterator[None]:
        """Give the function another timeout and more variables during a block."""
        before, own = self.configuration()
        self.configure(timeout, own | variables)
        try:
            yield
        finally:
            self.configure(before, own)

    def invoke_later(self, event: dict[str, Any]) -> None:
        self.stack.account.client("lambda").invoke(
            FunctionName=self.stack.outputs["SubscriberFunctionName"],
            InvocationType="Event",
            Payload=json.dumps(event),
        )

    def update(self, expected: str = "UPDATE_COMPLETE", **parameters: str) -> None:
        """Update the stack with its current template."""
        client = self.stack.account.client("cloudformation")
        before = client.describe_stacks(StackName=self.stack.name)["Stacks"][0]["Parameters"]
        kept = [each["ParameterKey"] for each in before if each["ParameterKey"] not in parameters]
        client.update_stack(
            StackName=self.stack.name,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                *({"ParameterKey": name, "UsePreviousValue": True} for name in kept),
                *({"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()),
            ],
        )
        self.wait_for(lambda: not self.status().endswith("_IN_PROGRESS"))
        assert self.status() == expected

    def status(self) -> str:
        client = self.stack.account.client("cloudformation")
        found: str = client.describe_stacks(StackName=self.stack.name)["Stacks"][0]["StackStatus"]
        return found

    def wait_for(self, condition: Callable[[], bool]) -> None:
        limit = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < limit, "did not come about in time"
            time.sleep(0.2)


def in_a_hurry(folder: Path) -> Path:
    """Return the project with a template that allows more requests a second than AWS does."""
    for name in ("functions", "layers", "samconfig.toml", "pyproject.toml", "LICENSE"):
        (folder / name).symlink_to(PROJECT / name)
    template = (PROJECT / "template.yaml").read_text(encoding="utf-8")
    assert template.count("    MaxValue: 5\n") == 1
    (folder / "template.yaml").write_text(template.replace("    MaxValue: 5\n", "    MaxValue: 1000\n"))
    return folder


@pytest.fixture(scope="module")
def subscribed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subscribed]:
    """Deploy a stack without patterns in an account with more than a thousand log groups."""
    parameters = {
        "ApiKey": LOCAL_KEY,
        "IngestUrl": "http://127.0.0.1:9",
        "SubscribeRequestsPerSecond": "1000",
    }
    project = in_a_hurry(tmp_path_factory.mktemp("project"))
    with deployed_stack(parameters, log=LOG, project=project) as stack:
        found = Subscribed(stack)
        with ThreadPoolExecutor(8) as requests:
            list(requests.map(found.make, LOG_GROUPS))
        found.put(BY_HAND, stack.name, found.shipper)
        found.put(FOREIGN, "siem", OTHER)
        found.put(TAKEN, found.name, OTHER)
        yield found


# The tests depend on each other, in the order of this file.


def test_nothing_is_subscribed_by_default(subscribed: Subscribed) -> None:
    assert len(LOG_GROUPS) == 1200
    assert subscribed.ours() == set()


def test_the_subscriber_is_not_invoked_without_log_group_patterns(subscribed: Subscribed) -> None:
    assert subscribed.own_log() == []


def test_an_update_that_can_subscribe_nothing_fails_with_a_reason_and_is_rolled_back(
    subscribed: Subscribed,
) -> None:
    subscribed.update(expected="UPDATE_ROLLBACK_COMPLETE", LogGroups=TAKEN)
    events = subscribed.stack.account.client("cloudformation").describe_stack_events(
        StackName=subscribed.stack.name
    )["StackEvents"]
    reasons = [
        each["ResourceStatusReason"]
        for each in events
        # CREATE_FAILED on AWS
        if each["LogicalResourceId"] == "Subscriptions" and each["ResourceStatus"].endswith("_FAILED")
    ]
    (reason,) = reasons
    assert "none of 1 selected log groups could be subscribed (1 name-taken)" in reason
    assert subscribed.ours() == set()


def test_an_update_with_patterns_subscribes_the_matching_log_groups(subscribed: Subscribed) -> None:
    subscribed.update(LogGroups=PATTERNS, ExcludeLogGroups=EXCLUDED)
    expected = wanted(PATTERNS, EXCLUDED)
    assert len(expected) > 950
    assert subscribed.ours() == expected


def test_an_update_leaves_other_and_handmade_filters_unchanged(subscribed: Subscribed) -> None:
    assert subscribed.filters(BY_HAND) == {subscribed.stack.name: (subscribed.shipper, "")}
    assert subscribed.filters(FOREIGN)["siem"] == (OTHER, "")
    assert subscribed.filters(TAKEN) == {subscribed.name: (OTHER, "")}


def test_log_groups_that_cannot_be_subscribed_are_reported_by_name(subscribed: Subscribed) -> None:
    lines = subscribed.own_log()
    reports = [
        json.loads(line)["log_groups"] for line in lines if "could not be subscribed as configured" in line
    ]
    assert reports == [{TAKEN: "name-taken"}, {TAKEN: "name-taken", INFREQUENT: "unsupported"}]


def test_metrics_count_log_groups_that_cannot_be_subscribed(subscribed: Subscribed) -> None:
    figures = [json.loads(line) for line in subscribed.own_log() if "LogGroupsWanted" in line][-1]
    # What is subscribed by hand is wanted and shipped.
    assert figures["LogGroupsSubscribed"] == [len(wanted(PATTERNS, EXCLUDED)) + 1]
    assert figures["LogGroupsRefused"] == [1]
    assert figures["LogGroupsWanted"] == [len(wanted(PATTERNS, EXCLUDED)) + 3]


def test_a_cloudtrail_event_subscribes_a_new_log_group_at_once(subscribed: Subscribed) -> None:
    """Only AWS may put events of `aws.logs`, so the deployed rule is asked whether it takes this one."""
    events = subscribed.stack.account.client("events")
    (rule,) = (each for each in events.list_rules()["Rules"] if "EventPattern" in each)
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert rule["State"] == "ENABLED"
    assert target["Arn"] == subscribed.stack.outputs["SubscriberFunctionArn"]
    for name, expected in (("/aws/lambda/brand-new", {subscribed.name}), ("/ecs/brand-new", set())):
        event = seen_by_cloudtrail(name)
        assert events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]
        subscribed.logs.create_log_group(logGroupName=name)
        subscribed.invoke(event)
        assert set(subscribed.filters(name)) == expected
        LOG_GROUPS.append(name)
    refused = seen_by_cloudtrail("/aws/lambda/denied", errorCode="AccessDenied")
    assert not events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(refused))[
        "Result"
    ]


def seen_by_cloudtrail(log_group: str, **others: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "1",
        "source": "aws.logs",
        "account": "000000000000",
        "time": "2026-11-23T12:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "logs.amazonaws.com",
            "eventName": "CreateLogGroup",
            "requestParameters": {"logGroupName": log_group},
            **others,
        },
    }


def test_the_schedule_subscribes_a_new_log_group(subscribed: Subscribed) -> None:
    subscribed.logs.create_log_group(logGroupName="/aws/lambda/unseen")
    LOG_GROUPS.append("/aws/lambda/unseen")
    assert subscribed.invoke({"reconcile": "share"})["subscribed"] == 1
    assert subscribed.name in subscribed.filters("/aws/lambda/unseen")


def test_the_subscriber_repairs_filters_that_were_changed_or_deleted(subscribed: Subscribed) -> None:
    subscribed.logs.delete_subscription_filter(logGroupName=LAMBDAS[3], filterName=subscribed.name)
    subscribed.logs.put_subscription_filter(
        logGroupName=LAMBDAS[4],
        filterName=subscribed.name,
        filterPattern="ERROR",
        destinationArn=subscribed.shipper,
    )
    subscribed.put(DATABASES[0], subscribed.name, subscribed.shipper)
    result = subscribed.invoke({"reconcile": "everything"})
    assert (result["subscribed"], result["unsubscribed"]) == (2, 1)
    assert subscribed.ours() == wanted(PATTERNS, EXCLUDED)


def test_shipctl_shows_what_other_patterns_would_change_without_changing_it(subscribed: Subscribed) -> None:
    arguments = ["plan", "--log-groups", "/app/1*", "--only", "/app/*", "--json"]
    shipctl = [sys.executable, "-m", "shipctl", "subscriptions", *arguments]
    done = subprocess.run(
        shipctl,
        env=subscribed.stack.account.environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_SECONDS,
    )
    planned = {line["logGroup"]: line["action"] for line in map(json.loads, done.stdout.splitlines())}
    now, then = wanted(PATTERNS, EXCLUDED), wanted("/app/1*", EXCLUDED)
    of_app = {name for name in LOG_GROUPS if name.startswith("/app/")}
    assert planned == dict.fromkeys((now - then) & of_app, "delete") | dict.fromkeys(then - now, "put")
    assert set(planned.values()) == {"put", "delete"}
    assert subscribed.name not in subscribed.filters("/app/1/db")


def test_a_run_too_long_for_one_invocation_continues_with_the_schedule(subscribed: Subscribed) -> None:
    """Of 80 s, 4 are for the work; the rest is reserved for a last request and an answer."""
    gone = LAMBDAS[700:]
    for name in gone:
        subscribed.logs.delete_subscription_filter(logGroupName=name, filterName=subscribed.name)
    with subscribed.configured(timeout=80, SUBSCRIBE_REQUESTS_PER_SECOND="20"):
        result = subscribed.invoke({"reconcile": "everything"})
    assert 0 < result["lookedAt"] < len(LOG_GROUPS)
    assert [name for name in gone if subscribed.name not in subscribed.filters(name)] != []
    subscribed.invoke({"reconcile": "share"})
    assert [name for name in gone if subscribed.name not in subscribed.filters(name)] == []


def test_throttling_and_full_quotas_do_not_stop_a_run(subscribed: Subscribed) -> None:
    full, gone = LAMBDAS[800:803], LAMBDAS[800:]
    for name in gone:
        subscribed.logs.delete_subscription_filter(logGroupName=name, filterName=subscribed.name)
    for name in full:
        subscribed.put(name, "siem", OTHER)
        subscribed.put(name, "audit", OTHER)
    with (
        faulty_logs(subscribed.stack.account) as faults,
        subscribed.configured(AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=faults.url),
    ):
        result = subscribed.invoke({"reconcile": gone})
    assert faults.throttled["DescribeSubscriptionFilters"] >= 2
    assert faults.throttled["PutSubscriptionFilter"] >= 2
    assert sorted(set(faults.refused_for_quota)) == full
    assert result["subscribed"] == len(gone) - len(full)
    assert result["troubles"] == len(full)
    assert [name for name in gone if subscribed.name not in subscribed.filters(name)] == full
    for name in full:
        assert set(subscribed.filters(name)) == {"siem", "audit"}
        for other in ("siem", "audit"):
            subscribed.logs.delete_subscription_filter(logGroupName=name, filterName=other)


def test_a_subscription_that_is_refused_temporarily_succeeds_later(subscribed: Subscribed) -> None:
    gone = LAMBDAS[:5]
    for name in gone:
        subscribed.logs.delete_subscription_filter(logGroupName=name, filterName=subscribed.name)
    with (
        faulty_logs(subscribed.stack.account, not_yet=3) as faults,
        subscribed.configured(AWS_ENDPOINT_URL_CLOUDWATCH_LOGS=faults.url),
    ):
        result = subscribed.invoke({"reconcile": gone})
    assert faults.not_yet == 3
    assert (result["subscribed"], result["troubles"]) == (5, 0)


def test_removing_all_patterns_removes_all_filters(subscribed: Subscribed) -> None:
    subscribed.update(LogGroups="", ExcludeLogGroups="")
    assert subscribed.ours() == set()
    assert subscribed.filters(FOREIGN) == {"siem": (OTHER, "")}


def test_changed_patterns_remove_and_create_filters(subscribed: Subscribed) -> None:
    subscribed.update(
        LogGroups="/app/*", ExcludeLogGroups="/app/1/*", SubscriptionFilterPattern="?ERROR ?WARN"
    )
    assert subscribed.ours(pattern="?ERROR ?WARN") == wanted("/app/*", "/app/1/*")
    assert subscribed.filters(FOREIGN) == {"siem": (OTHER, "")}


def test_deleting_the_stack_removes_only_its_own_filters(subscribed: Subscribed) -> None:
    """A run that is creating filters creates no more of them."""
    client = subscribed.stack.account.client("cloudformation")
    stack_id = client.describe_stacks(StackName=subscribed.stack.name)["Stacks"][0]["StackId"]
    gone = [name for name in DATABASES if subscribed.name in subscribed.filters(name)]
    for name in gone:
        subscribed.logs.delete_subscription_filter(logGroupName=name, filterName=subscribed.name)

    def is_gone() -> bool:
        found: str = client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
        assert found != "DELETE_FAILED"
        return found == "DELETE_COMPLETE"

    timeout, variables = subscribed.configuration()
    subscribed.configure(timeout, variables | {"SUBSCRIBE_REQUESTS_PER_SECOND": "100"})
    subscribed.invoke_later({"reconcile": "everything"})
    subscribed.wait_for(lambda: any(subscribed.name in subscribed.filters(name) for name in gone))
    client.delete_stack(StackName=subscribed.stack.name)
    subscribed.wait_for(is_gone)
    left = {name: filters for name in LOG_GROUPS if (filters := subscribed.filters(name))}
    assert left == {
        BY_HAND: {subscribed.stack.name: (subscribed.shipper, "")},
        FOREIGN: {"siem": (OTHER, "")},
        TAKEN: {subscribed.name: (OTHER, "")},
    }
