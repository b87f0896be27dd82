"""Read the state of a stack and its resources from AWS. Each part is read once, when it is first needed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from loginformant_shipper.names import Metric
from loginformant_shipper.subscriptions.reconcile import Reconciled
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings

from shipctl.account import aws_errors, client_config
from shipctl.dlq.queue import Counts, queue_of
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.metrics import Activity, read_activity
from shipctl.installation.own_log import (
    NO_METRICS,
    ONLY_DELIVERED,
    ONLY_FILTERED,
    ONLY_LET_THROUGH,
    Line,
    Trouble,
    count_of,
    filtered_by,
    read_lines,
    troubles_of,
)
from shipctl.installation.trigger import Trigger, read_trigger
from shipctl.stack import Stack
from shipctl.subscriptions.deployed_settings import settings_of
from shipctl.subscriptions.outcomes import outcomes

if TYPE_CHECKING:
    from mypy_boto3_lambda.type_defs import FunctionConfigurationResponseTypeDef

RECENT = timedelta(minutes=15)
"""The age up to which the functions' logs explain the current state."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNTED_WITHIN = timedelta(minutes=5)
"""The age from which a line of metrics has been counted. CloudWatch needs a minute or two."""


class Alarm(NamedTuple):
    """An alarm of the stack and its state."""

    resource: str
    """Its logical id in the template."""
    state: str
    """`OK`, `ALARM` or `INSUFFICIENT_DATA`; empty if there is no such alarm any more."""
    since: datetime | None = None
    has_action: bool = True
    """Whether it has an action that notifies someone."""
    is_enabled: bool = True
    """Whether its actions are enabled."""
    evaluation: str = ""
    """Why it is not evaluated as usual, such as `EVALUATION_ERROR` ("Alarm evaluation", Amazon CloudWatch
    User Guide)."""


class Resource(NamedTuple):
    """A resource of the stack."""

    name: str
    identifier: str
    status: str


class AccountPolicy(NamedTuple):
    """A subscription policy of the account."""

    name: str
    document: str
    """JSON: the destination and the filter pattern."""
    criteria: str
    """Which log groups it leaves out: `LogGroupName NOT IN ["NAME", …]`, or empty."""


@dataclass
class Installation:
    """The state of a deployed stack. Each part is read once, when it is first used."""

    stack: Stack
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _functions: "dict[Function, FunctionConfigurationResponseTypeDef]" = field(default_factory=dict)
    _concurrency: dict[Function, int | None] = field(default_factory=dict)
    _lines: dict[Function, Sequence[Line]] = field(default_factory=dict)
    _counts: dict[bool, Counts] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, str]:
        """Return the stack's parameters. CloudFormation hides the API key (`NoEcho`)."""
        return self.stack.parameters

    @cached_property
    def resources(self) -> Sequence[Resource]:
        """Return the resources of the stack. Raises `CommandError`."""
        with aws_errors("Listing the stack's resources"):
            pages = self._client("cloudformation").get_paginator("list_stack_resources")
            return [
                Resource(
                    found["LogicalResourceId"], found.get("PhysicalResourceId", ""), found["ResourceStatus"]
                )
                for page in pages.paginate(StackName=self.stack.name)
                for found in page["StackResourceSummaries"]
            ]

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """Return the template of the stack, with the SAM transform applied."""
        with aws_errors("Reading the stack's template"):
            answer = self._client("cloudformation").get_template(
                StackName=self.stack.name, TemplateStage="Processed"
            )
        body = answer["TemplateBody"]
        found = json.loads(body) if isinstance(body, str) else body
        return found if isinstance(found, dict) else {}

    def properties(self, resource: str) -> Mapping[str, Any]:
        """Return the properties of a resource in the template; empty if there is no such resource."""
        found = self.template.get("Resources", {}).get(resource, {}).get("Properties", {})
        return found if isinstance(found, dict) else {}

    def function(self, function: Function) -> "FunctionConfigurationResponseTypeDef":
        """Return a function's configuration. Raises `CommandError`."""
        if function not in self._functions:
            name = function.name_in(self.stack)
            with aws_errors(f"Reading the configuration of {name}"):
                self._functions[function] = self._client("lambda").get_function_configuration(
                    FunctionName=name
                )
        return self._functions[function]

    def variables(self, function: Function) -> Mapping[str, str]:
        """Return a function's environment variables. Raises `CommandError`."""
        return self.function(function).get("Environment", {}).get("Variables", {})

    def changed_at(self, function: Function) -> datetime:
        """Return when a function's code or settings were changed last. Raises `CommandError`."""
        # "2026-11-29T20:16:17.706+0000" ("FunctionConfiguration", AWS Lambda API Reference: ISO 8601)
        return datetime.fromisoformat(self.function(function)["LastModified"])

    def concurrency(self, function: Function) -> int | None:
        """Return the reserved concurrency, or None if there is none. Raises `CommandError`."""
        if function not in self._concurrency:
            name = function.name_in(self.stack)
            with aws_errors(f"Reading the concurrency of {name}"):
                answer = self._client("lambda").get_function_concurrency(FunctionName=name)
            self._concurrency[function] = answer.get("ReservedConcurrentExecutions")
        return self._concurrency[function]

    @cached_property
    def trigger(self) -> Trigger:
        """Return the event source mapping of replay. Raises `CommandError`."""
        return read_trigger(self.stack)

    @property
    def says_auto_replay(self) -> bool:
        """Return the value of the parameter `AutoReplay`, which may differ from the event source mapping."""
        return self.parameters.get("AutoReplay", "true") == "true"

    def counts(self, parked: bool) -> Counts:
        """Return how many messages a queue holds. Raises `CommandError`."""
        if parked not in self._counts:
            self._counts[parked] = queue_of(self.stack, parked).counts()
        return self._counts[parked]

    @cached_property
    def queue_attributes(self) -> Mapping[str, Mapping[str, str]]:
        """Return the attributes of both queues by logical id. Raises `CommandError`."""
        found: dict[str, Mapping[str, str]] = {}
        for resource in ("DeadLetterQueue", "ParkedQueue"):
            url = self.stack.output(f"{resource}Url")
            with aws_errors(f"Reading {url.rpartition('/')[2]}"):
                answer = self._client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            found[resource] = answer["Attributes"]
        return found

    def key_state(self, arn: str) -> str:
        """Return the state of a KMS key, such as `Enabled`. Raises `CommandError`."""
        with aws_errors(f"Reading the KMS key {arn}"):
            state: str = self._client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        return state

    def lines(self, function: Function) -> Sequence[Line]:
        """Return the recent log lines of a function, without metrics. Raises `CommandError`."""
        if function not in self._lines:
            read = read_lines(self.stack, function, self.now - RECENT, pattern=NO_METRICS)
            self._lines[function] = [line for line in read if not line.is_metrics]
        return self._lines[function]

    @cached_property
    def troubles(self) -> Sequence[Trouble]:
        """Return the recent failures of the shipper and replay. Raises `CommandError`."""
        return sorted(troubles_of([*self.lines(Function.SHIPPER), *self.lines(Function.REPLAY)]))

    def delivered_after(self, time: datetime) -> bool:
        """Return whether the shipper or replay delivered anything after `time`. Raises `CommandError`."""
        return any(
            count_of(line, Metric.EVENTS_DELIVERED)
            for function in (Function.SHIPPER, Function.REPLAY)
            for line in read_lines(self.stack, function, time, pattern=ONLY_DELIVERED)
            if line.time > time
        )

    @cached_property
    def hour(self) -> Activity:
        """Return the counts of the last hour, by minute. Raises `CommandError`."""
        return read_activity(self.stack, self.now, HOUR, timedelta(minutes=1))

    @cached_property
    def day(self) -> Activity:
        """Return the counts of the last day, by five minutes. Raises `CommandError`."""
        return read_activity(self.stack, self.now, DAY, timedelta(minutes=5))

    @cached_property
    def filtering(self) -> Sequence[Line]:
        """Return the metric lines of the last hour that count filtered log events. Raises `CommandError`."""
        lines = read_lines(self.stack, Function.SHIPPER, self.now - HOUR, pattern=ONLY_FILTERED)
        return [line for line in lines if count_of(line, Metric.EVENTS_FILTERED)]

    def let_through(self, since: datetime, until: datetime | None = None) -> Iterator[datetime]:
        """Yield the times of invocations in which log events passed the filters. Raises `CommandError`."""
        for line in read_lines(self.stack, Function.SHIPPER, since, until, ONLY_LET_THROUGH):
            if count_of(line, Metric.EVENTS_DELIVERED, Metric.EVENTS_DEAD_LETTERED, Metric.EVENTS_RETURNED):
                yield line.time

    @cached_property
    def is_uncounted(self) -> bool:
        """Return whether the shipper received log events in the last hour of which CloudWatch has no metrics.

        An account policy for metric extraction does this: lines of metrics are logged, and no metrics are
        created from them ("PutAccountPolicy", Amazon CloudWatch Logs API Reference).

        Raises:
            CommandError: The metrics or the shipper's log cannot be read.
        """
        if self.hour.total(Metric.EVENTS_RECEIVED, Function.SHIPPER):
            return False
        # A line at the edge of the hour may have been counted before it.
        since, until = self.now - HOUR + COUNTED_WITHIN, self.now - COUNTED_WITHIN
        if any(since <= line.time < until for line in self.filtering):
            return True
        return next(self.let_through(since, until), None) is not None

    @property
    def filtered_by(self) -> Mapping[str, int]:
        """Return how many log events of the last hour each rule filtered out. Raises `CommandError`."""
        return filtered_by(self.filtering)

    @cached_property
    def alarms(self) -> Sequence[Alarm]:
        """Return the stack's alarms, also those that were deleted. Raises `CommandError`."""
        names = {
            identifier: name.removesuffix("Name")
            for name, identifier in self.stack.outputs.items()
            if name.endswith("AlarmName")
        }
        if not names:
            return []  # without names, CloudWatch returns the alarms of the account
        with aws_errors("Reading the alarms"):
            answer = self._client("cloudwatch").describe_alarms(AlarmNames=list(names), MaxRecords=100)
        there = {found["AlarmName"]: found for found in answer["MetricAlarms"]}
        return [
            Alarm(
                resource,
                found["StateValue"],
                found.get("StateUpdatedTimestamp"),
                bool(found.get("AlarmActions")),
                found.get("ActionsEnabled", True),
                found.get("EvaluationState", ""),
            )
            if (found := there.get(name))
            else Alarm(resource, "")
            for name, resource in names.items()
        ]

    @cached_property
    def email_is_confirmed(self) -> bool | None:
        """Return whether `NotificationEmail` has confirmed its subscription; None if it is not set.

        SNS sends nothing until the link in its confirmation email has been opened, deletes subscriptions that
        are not confirmed, and removes an address whose owner opens the link in a notification ("Setting up
        and managing Amazon SNS email subscriptions", Amazon SNS Developer Guide).

        Raises:
            CommandError: The subscriptions of the topic cannot be read.
        """
        topic = self.stack.outputs.get("NotificationEmailTopicArn")
        if topic is None:
            return None
        with aws_errors("Reading the subscriptions of the alarms' topic"):
            pages = self._client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            return any(
                found["Endpoint"] == self.parameters.get("NotificationEmail")
                and found["SubscriptionArn"].startswith("arn:")
                for page in pages
                for found in page["Subscriptions"]
            )

    @cached_property
    def subscriptions(self) -> Sequence[Reconciled]:
        """Return the subscription state of each log group in the account. Raises `CommandError`."""
        return list(outcomes(self.stack, self.subscription_settings, (), only_look=True))

    @cached_property
    def subscription_settings(self) -> SubscriptionSettings:
        """Return the settings of the deployed subscriber. Raises `CommandError`."""
        return settings_of(self.stack)

    @cached_property
    def account_policies(self) -> Sequence[AccountPolicy]:
        """Return the account's subscription policies. Raises `CommandError`."""
        with aws_errors("Reading the account's subscription policies"):
            answer = self._client("logs").describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")
        return [
            AccountPolicy(
                policy.get("policyName", ""),
                policy.get("policyDocument", ""),
                policy.get("selectionCriteria", ""),
            )
            for policy in answer["accountPolicies"]
        ]

    @cached_property
    def looped(self) -> Sequence[str]:
        """Return the functions' own log groups that are subscribed to the shipper. Raises `CommandError`."""
        shipper = self.stack.output("ShipperFunctionArn")
        groups = [function.log_group_in(self.stack) for function in Function]
        found: list[str] = []
        with aws_errors("Reading the subscriptions of the functions' own log groups"):
            client = self._client("logs")
            for group in groups:
                answer = client.describe_subscription_filters(logGroupName=group)
                if any(each["destinationArn"] == shipper for each in answer["subscriptionFilters"]):
                    found.append(group)
        return found

    def invokers(self, function: Function) -> frozenset[str]:
        """Return the services that may invoke a function. Raises `CommandError`."""
        name = function.name_in(self.stack)
        client = self._client("lambda")
        with aws_errors(f"Reading the policy of {name}"):
            try:
                policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
            except client.exceptions.ResourceNotFoundException:
                return frozenset()
        principals = (statement.get("Principal") for statement in policy.get("Statement", []))
        return frozenset(p["Service"] for p in principals if isinstance(p, dict) and "Service" in p)

    def invoke(self, function: Function, payload: bytes) -> "Invocation":
        """Invoke a function and wait for its answer. Raises `CommandError`."""
        return invoke(self.stack, function, payload)

    def _client(self, service: Any) -> Any:
        return self.stack.session.client(service, config=client_config())


class Invocation(NamedTuple):
    """The result of an invocation."""

    error: str
    """Why the function failed; empty if it succeeded."""
    answer: Mapping[str, Any]
    log: str
    """The end of what it logged, at most 4 KB."""


def invoke(stack: Stack, function: Function, payload: bytes) -> Invocation:
    """Invoke a function of the stack and wait for its answer. Raises `CommandError`."""
    import base64

    from botocore.config import Config

    name = function.name_in(stack)
    # No retries: a second attempt would repeat the effects of the first.
    config = client_config().merge(Config(read_timeout=145, retries={"total_max_attempts": 1}))
    with aws_errors(f"Invoking {name}"):
        client = stack.session.client("lambda", config=config)
        try:
            answered = client.invoke(FunctionName=name, Payload=payload, LogType="Tail")
        except client.exceptions.TooManyRequestsException as error:
            raise CommandError(f"Lambda throttles {name}: {error.response['Error']['Message']}") from error
        body = answered["Payload"].read()
    log = base64.b64decode(answered.get("LogResult", "")).decode("utf-8", "replace")
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    failed = "FunctionError" in answered
    why = str(answer.get("errorMessage") or "without a word about why") if failed else ""
    return Invocation(why, answer, log)
