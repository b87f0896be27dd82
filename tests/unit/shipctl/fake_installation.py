"""A healthy installation for tests, which can change its facts. It never calls AWS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from loginformant_shipper.subscriptions.plan import Action, Finding, State
from loginformant_shipper.subscriptions.reconcile import Reconciled
from loginformant_shipper.subscriptions.subscription_settings import load_subscription_settings
from shipctl.dlq.queue import Counts
from shipctl.installation.functions import Function
from shipctl.installation.installation import Alarm, Installation, Invocation, Resource
from shipctl.installation.metrics import Activity, Point, Series
from shipctl.installation.own_log import Line, Trouble
from shipctl.installation.trigger import Trigger
from shipctl.stack import Stack

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:the-shipper"
VARIABLES = {
    "INGEST_URL": "https://app.loginformant.com",
    "API_KEY_SECRET_ARN": "arn:aws:s:eu-west-1:1:secret:k",
}

SUBSCRIBER_VARIABLES = {
    "SHIPPER_FUNCTION_ARN": ARN,
    "SUBSCRIPTION_FILTER_NAME": "loginformant-shipper-subscriber",
    "OWN_LOG_GROUPS": "/loginformant/shipper,/loginformant/replay",
    "EXCLUDE_LOG_GROUPS": "noisy",
    "SUBSCRIPTION_FILTER_PATTERN": "ERROR",
    "SUBSCRIBE_ACCOUNT": "true",
}


class Session:
    region_name = "eu-west-1"

    def client(self, service: str, **_: Any) -> Any:
        raise AssertionError(f"a test asked AWS's {service}")


def stack(**more: Any) -> Stack:
    outputs = {f"{function}FunctionName": f"the-{function.lower()}" for function in Function}
    outputs |= {f"{function}LogGroupName": f"/loginformant/{function.lower()}" for function in Function}
    outputs["ShipperFunctionArn"] = ARN
    session: Any = Session()
    return Stack(
        "loginformant-shipper",
        session,
        outputs | more.pop("outputs", {}),
        parameters={"AutoReplay": "true", "LogGroups": "*", "ReservedConcurrency": ""}
        | more.pop("parameters", {}),
        status=more.pop("status", "UPDATE_COMPLETE"),
        **more,
    )


def counts(waiting: int = 0, in_flight: int = 0) -> Counts:
    return Counts(waiting, in_flight, 1209600, NOW.timestamp(), 0.0)


def activity(*series: Series) -> Activity:
    return Activity(NOW - timedelta(hours=1), NOW, series)


def series(function: Function, metric: str, value: float, reason: str = "", statistic: str = "Sum") -> Series:
    return Series(function, metric, reason, statistic, (Point(NOW - timedelta(minutes=5), value),))


def trouble(
    reason: str, status: int | None = None, detail: str = "", *, minutes_ago: float = 1, events: int = 3
) -> Trouble:
    when = NOW - timedelta(minutes=minutes_ago)
    return Trouble(when, Function.REPLAY, reason, status, detail, events, False)


def left_out(minutes_ago: float = 5, **causes: int) -> Line:
    """Return the metrics of an invocation that filtered out the given number of events per cause."""
    events = [float(sum(causes.values()))]
    fields = {"_aws": {}, "EventsReceived": events, "EventsFiltered": events, "filteredBy": causes}
    return Line("1", NOW - timedelta(minutes=minutes_ago), Function.SHIPPER, "", fields)


def outcome(log_group: str, state: State, action: Action | None = None) -> Reconciled:
    return Reconciled(Finding(log_group, state, action))


@dataclass
class FakeInstallation(Installation):
    """Answer with the facts that a test sets instead of asking AWS."""

    stack: Stack = field(default_factory=stack)
    now: datetime = NOW
    configurations: dict[Function, dict[str, Any]] = field(default_factory=dict)
    reserved: dict[Function, int] = field(default_factory=dict)
    logged: dict[Function, Sequence[Line]] = field(default_factory=dict)
    queues: dict[bool, Counts] = field(default_factory=dict)
    delivered_at: datetime | None = None
    """The time of the last delivery."""
    let_through_at: Sequence[datetime] = ()
    """Times at which filtering let events through."""
    invocations: dict[Function, Invocation] = field(default_factory=dict)
    may_invoke: frozenset[str] = frozenset({"logs.amazonaws.com"})
    keys: dict[str, str] = field(default_factory=dict)
    """The states of KMS keys."""

    def __post_init__(self) -> None:
        facts: dict[str, Any] = {
            "resources": [Resource("ShipperFunction", "the-shipper", "CREATE_COMPLETE")],
            "template": {"Resources": {f"{function}Function": _of_template() for function in Function}},
            "trigger": Trigger("uuid", "Enabled"),
            "troubles": [],
            "hour": activity(),
            "day": activity(),
            "filtering": [],
            "alarms": [Alarm("ParkedQueueAlarm", "OK", None, True)],
            "email_is_confirmed": None,
            "subscriptions": [outcome("/aws/lambda/orders", State.SUBSCRIBED)],
            "account_policies": [],
            "subscription_settings": load_subscription_settings(SUBSCRIBER_VARIABLES),
            "looped": [],
            "queue_attributes": {name: _of_queue(name) for name in ("DeadLetterQueue", "ParkedQueue")},
        }
        for name, fact in facts.items():
            setattr(self, name, fact)

    def function(self, function: Function) -> Any:
        usual = {"FunctionName": f"the-{function.lower()}", "Timeout": 120, "MemorySize": 512}
        usual["LastModified"] = "2026-11-03T10:00:00.000+0000"
        return usual | {"Environment": {"Variables": VARIABLES}} | self.configurations.get(function, {})

    def concurrency(self, function: Function) -> int | None:
        return self.reserved.get(function)

    def counts(self, parked: bool) -> Counts:
        return self.queues.get(parked, counts())

    def lines(self, function: Function) -> Sequence[Line]:
        return self.logged.get(function, [])

    def delivered_after(self, time: datetime) -> bool:
        return self.delivered_at is not None and self.delivered_at > time

    def let_through(self, since: datetime, until: datetime | None = None) -> Iterator[datetime]:
        return (time for time in self.let_through_at if since <= time and (until is None or time < until))

    def invokers(self, function: Function) -> frozenset[str]:
        return self.may_invoke

    def invoke(self, function: Function, payload: bytes) -> Invocation:
        return self.invocations.get(function, Invocation("", {}, ""))

    def key_state(self, arn: str) -> str:
        return self.keys.get(arn, "Enabled")


def _of_template() -> dict[str, Any]:
    variables = {
        "INGEST_URL": {"Ref": "IngestUrl"},
        "API_KEY_SECRET_ARN": {"Fn::GetAtt": ["ApiKeySecret", "Id"]},
    }
    return {
        "Properties": {
            "Timeout": 120,
            "MemorySize": {"Ref": "MemorySize"},
            "Environment": {"Variables": variables},
        }
    }


def _of_queue(name: str) -> dict[str, str]:
    return {
        "QueueArn": f"arn:aws:sqs:eu-west-1:1:{name}-1aB2",
        "Policy": '{"Condition": {"Bool": {"aws:SecureTransport": "false"}}}',
        "SqsManagedSseEnabled": "true",
        "MessageRetentionPeriod": "1209600",
    }
