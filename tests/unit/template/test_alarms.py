"""The conditions of the alarms, their descriptions, and their notifications."""

import re
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from loginformant_shipper.settings import QUEUE_WORST_CASE_SECONDS, RESERVE_MARGIN_SECONDS
from loginformant_shipper.subscriptions.turns import TURN_SECONDS
from shipctl.stack import DEFAULT_STACK

from tests.unit.template.conftest import PROJECT
from tests.unit.template.known_metrics import LATE_SECONDS, Known, known_metrics
from tests.unit.template.reading import find, properties

JsonObject = dict[str, Any]

ALARM = "AWS::CloudWatch::Alarm"
PLACE = "--stack ${AWS::StackName} --region ${AWS::Region}"
LONGEST = {
    "AWS::StackName": 128,  # (CreateStack, AWS CloudFormation API Reference)
    "AWS::Region": 16,
    "DeadLetterQueue.QueueName": 80,
    "ParkedQueue.QueueName": 80,
    "KinesisEventSourceMapping": 36,
}
"""The maximum lengths of values that replace names in a description; 64 for a function."""

SELECT = re.compile(
    r'SELECT SUM\((?P<metric>\w+)\) FROM "(?P<namespace>[\w/]+)" '
    r"WHERE (?P<conditions>\w+ = '[^']+'( OR \w+ = '[^']+')*)"
)
"""A query ("Query components and syntax in CloudWatch Metrics Insights", Amazon CloudWatch User Guide)."""


def alarms(stack: JsonObject) -> dict[str, JsonObject]:
    return {name: it["Properties"] for name, it in stack["Resources"].items() if it["Type"] == ALARM}


def named(metric: JsonObject) -> Known:
    dimensions = frozenset(dimension["Name"] for dimension in metric["Dimensions"])
    return metric["Namespace"], metric["MetricName"], dimensions


def metrics_of(alarm: JsonObject) -> list[Known]:
    """Return the metrics that an alarm names, directly or in a query."""
    if "MetricName" in alarm:
        return [named(alarm)]
    found = []
    for each in alarm["Metrics"]:
        expression = each.get("Expression", "")
        if "MetricStat" in each:
            found.append(named(each["MetricStat"]["Metric"]))
        elif isinstance(expression, dict):
            query = SELECT.fullmatch(expression["Fn::Sub"])
            assert query, expression
            dimensions = set(re.findall(r"(\w+) = ", query["conditions"]))
            found.append((query["namespace"], query["metric"], frozenset(dimensions)))
    return found


def test_every_alarm_names_existing_metrics(stack: JsonObject) -> None:
    for name, alarm in alarms(stack).items():
        assert metrics_of(alarm), name
        assert set(metrics_of(alarm)) <= known_metrics(), name


def test_a_metric_with_other_dimensions_is_unknown() -> None:
    assert ("LogInformantShipper", "EventsDelivered", frozenset({"Stack", "Source"})) in known_metrics()
    assert ("LogInformantShipper", "EventsDelivered", frozenset({"FunctionName"})) not in known_metrics()
    assert ("AWS/Lambda", "DroppedEventCount", frozenset({"FunctionName"})) not in known_metrics()


def test_a_dimension_refers_to_a_resource_of_its_type(stack: JsonObject) -> None:
    """An alarm on a queue with the name of a function would never go off."""
    resource_of = {
        "FunctionName": "AWS::Lambda::Function",
        "QueueName": "AWS::SQS::Queue",
        "EventSourceMappingUUID": "AWS::Lambda::EventSourceMapping",
    }
    for alarm in alarms(stack).values():
        for dimension in [each for found in find(alarm, "Dimensions") for each in found]:
            name, value = dimension["Name"], dimension["Value"]
            if name == "Stack":
                assert value == {"Ref": "AWS::StackName"}
            elif name == "Source":
                assert value in ("subscription", "kinesis")
            else:
                logical_id = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
                assert stack["Resources"][logical_id]["Type"] == resource_of[name]
                assert "Ref" in value or value["Fn::GetAtt"][1] == name


def test_every_alarm_notifies_the_topic_and_the_email_address(stack: JsonObject) -> None:
    none = {"Ref": "AWS::NoValue"}
    told = [
        {"Fn::If": ["HasNotificationTopic", {"Ref": "NotificationTopicArn"}, none]},
        {"Fn::If": ["HasNotificationEmail", {"Ref": "NotificationTopic"}, none]},
    ]
    assert len(alarms(stack)) == 23
    for alarm in alarms(stack).values():
        assert alarm["AlarmActions"] == told
        assert alarm["OKActions"] == told


def test_the_email_address_is_subscribed_to_a_topic_of_the_stack(stack: JsonObject) -> None:
    assert properties(stack, "NotificationEmailSubscription") == {
        "TopicArn": {"Ref": "NotificationTopic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "NotificationEmail"},
    }
    assert "KmsMasterKeyId" not in properties(stack, "NotificationTopic"), "CloudWatch might not use the key"


# --- periods ---


def function_of(alarm: JsonObject, stack: JsonObject) -> str:
    """Return the logical id of the function that an alarm on a metric of Lambda is about."""
    (dimension,) = alarm["Dimensions"]
    named: str = dimension["Value"]["Ref"]
    is_mapping = dimension["Name"] == "EventSourceMappingUUID"
    return properties(stack, named)["FunctionName"]["Ref"] if is_mapping else named


def test_an_alarm_on_a_function_looks_further_back_than_an_invocation_lasts(stack: JsonObject) -> None:
    """The time of a metric is when the invocation began, which may be as long ago as the timeout.

    ("Viewing metrics for Lambda functions", AWS Lambda Developer Guide.)
    """
    on_functions = {name: it for name, it in alarms(stack).items() if it.get("Namespace") == "AWS/Lambda"}
    assert len(on_functions) > 5
    for name, alarm in on_functions.items():
        timeout = properties(stack, function_of(alarm, stack))["Timeout"]
        assert alarm["Period"] * alarm["EvaluationPeriods"] >= timeout + LATE_SECONDS, name


def test_the_alarm_on_the_subscriber_stays_on_between_two_runs_that_fail(stack: JsonObject) -> None:
    alarm, timeout = (
        properties(stack, "SubscriberErrorsAlarm"),
        properties(stack, "SubscriberFunction")["Timeout"],
    )
    assert alarm["Period"] >= TURN_SECONDS + timeout + LATE_SECONDS


# --- descriptions ---


def texts(stack: JsonObject) -> dict[str, str]:
    return {name: alarm["AlarmDescription"]["Fn::Sub"] for name, alarm in alarms(stack).items()}


def test_every_alarm_names_a_command_and_its_runbook(stack: JsonObject) -> None:
    for name, text in texts(stack).items():
        assert text.endswith(f" Runbook: docs/operations.md, The alarms, {name}.")
        commands = re.findall(r"shipctl (?:[^.;$]|\$\{[^}]+\})+", text)
        assert commands, name
        for command in commands:
            assert PLACE in command, name


def test_alarm_descriptions_stay_below_the_limit_of_cloudwatch(stack: JsonObject) -> None:
    bound = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", ALARM).schema["properties"]
    allowed = bound["AlarmDescription"].get("maxLength", 1024)  # (PutMetricAlarm, CloudWatch API Reference)
    assert allowed <= 1024
    for name, text in texts(stack).items():
        longest = re.sub(r"\$\{([^}]+)\}", lambda found: "x" * LONGEST.get(found[1], 64), text)
        assert len(longest) <= allowed, name


# --- conditions ---


@pytest.mark.parametrize(
    ("logical_id", "metric", "dimension", "statistic", "missing"),
    [
        (
            "DeadLetterQueueAlarm",
            "AWS/SQS ApproximateNumberOfMessagesVisible",
            {"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}},
            "Maximum",
            "ignore",
        ),
        (
            "DeadLetterQueueDelayedAlarm",
            "AWS/SQS ApproximateNumberOfMessagesDelayed",
            {"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]}},
            "Maximum",
            "ignore",
        ),
        (
            "ParkedQueueAlarm",
            "AWS/SQS ApproximateNumberOfMessagesVisible",
            {"Name": "QueueName", "Value": {"Fn::GetAtt": ["ParkedQueue", "QueueName"]}},
            "Maximum",
            "ignore",
        ),
        (
            "DeadLetterErrorsAlarm",
            "AWS/Lambda DeadLetterErrors",
            {"Name": "FunctionName", "Value": {"Ref": "ShipperFunction"}},
            "Sum",
            "notBreaching",
        ),
        (
            "AsyncEventsDroppedAlarm",
            "AWS/Lambda AsyncEventsDropped",
            {"Name": "FunctionName", "Value": {"Ref": "ShipperFunction"}},
            "Sum",
            "notBreaching",
        ),
        (
            "SubscriberErrorsAlarm",
            "AWS/Lambda Errors",
            {"Name": "FunctionName", "Value": {"Ref": "SubscriberFunction"}},
            "Sum",
            "notBreaching",
        ),
    ],
)
def test_an_alarm_goes_off_at_the_first_event(
    logical_id: str, metric: str, dimension: JsonObject, statistic: str, missing: str, stack: JsonObject
) -> None:
    alarm = properties(stack, logical_id)
    assert f"{alarm['Namespace']} {alarm['MetricName']}" == metric
    assert alarm["Dimensions"] == [dimension]
    assert alarm["Statistic"] == statistic
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["EvaluationPeriods"] == 1
    assert alarm["TreatMissingData"] == missing


def test_an_alarm_goes_off_when_a_message_waits_for_an_hour(stack: JsonObject) -> None:
    alarm = properties(stack, "DeadLetterQueueAgeAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateAgeOfOldestMessage")
    assert find(alarm["Dimensions"], "Fn::GetAtt") == [["DeadLetterQueue", "QueueName"]]
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert alarm["Threshold"] == 60 * 60
    assert alarm["Threshold"] < properties(stack, "DeadLetterQueue")["MessageRetentionPeriod"] / 100


def test_an_alarm_goes_off_when_replay_keeps_failing_but_not_after_one_crash(stack: JsonObject) -> None:
    alarm = properties(stack, "ReplayFailingAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible")
    assert find(alarm["Dimensions"], "Fn::GetAtt") == [["DeadLetterQueue", "QueueName"]]
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    assert alarm["Threshold"] == 0
    seconds = alarm["DatapointsToAlarm"] * alarm["Period"]
    assert seconds > properties(stack, "DeadLetterQueue")["VisibilityTimeout"]
    assert alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"]


def test_an_alarm_goes_off_when_the_shipper_falls_behind_the_stream(stack: JsonObject) -> None:
    alarm = properties(stack, "KinesisAgeAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "ShipperFunction"}}]
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Maximum", "GreaterThanThreshold")
    given_up_after = properties(stack, "KinesisEventSourceMapping")["MaximumRecordAgeInSeconds"]
    assert alarm["Threshold"] / 1000 < given_up_after / 10


def test_an_alarm_goes_off_within_a_minute_of_a_wrong_key_or_address(
    stack: JsonObject,
) -> None:
    alarm = properties(stack, "KeyOrAddressAlarm")
    assert named(alarm) == ("LogInformantShipper", "EventsBlocked", frozenset({"Stack"}))
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Sum", 60, 1)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert alarm["TreatMissingData"] == "notBreaching", "the metric is written only where there is trouble"


@pytest.mark.parametrize("function", ["Shipper", "Replay"])
def test_an_alarm_goes_off_after_15_minutes_of_throttling(function: str, stack: JsonObject) -> None:
    """Lambda retries a throttled invocation within minutes."""
    alarm = properties(stack, f"{function}ThrottledAlarm")
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("Throttles", "Sum", 0)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 15 * 60
    assert find(alarm["Dimensions"], "Ref") == [f"{function}Function"]


@pytest.mark.parametrize("function", ["Shipper", "Replay"])
def test_the_duration_alarm_goes_off_only_if_the_reserve_is_used(function: str, stack: JsonObject) -> None:
    """In an outage the functions use all their time except the reserve, which must not raise an alarm."""
    alarm = properties(stack, f"{function}NearTimeOutAlarm")
    timeout = properties(stack, f"{function}Function")["Timeout"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("Duration", "Maximum")
    deadline = timeout - QUEUE_WORST_CASE_SECONDS - RESERVE_MARGIN_SECONDS
    assert deadline + 10 < alarm["Threshold"] / 1000 < timeout
    text = alarm["AlarmDescription"]["Fn::Sub"]
    assert f"more than {alarm['Threshold'] // 1000} of its {timeout} seconds" in text


@pytest.mark.parametrize(
    ("logical_id", "source"), [("NothingDelivered", "subscription"), ("KinesisNothingDelivered", "kinesis")]
)
@pytest.mark.parametrize(
    ("received", "filtered", "delivered", "goes_off"),
    [(5, 0, 0, True), (5, 2, 0, True), (5, 2, 1, False), (5, 5, 0, False), (0, 0, 0, False)],
)
def test_an_alarm_goes_off_if_received_events_are_not_delivered(
    logical_id: str,
    source: str,
    received: int,
    filtered: int,
    delivered: int,
    goes_off: bool,
    stack: JsonObject,
) -> None:
    alarm = properties(stack, f"{logical_id}Alarm")
    counts = {"received": received, "filtered": filtered, "delivered": delivered}
    assert computed(alarm, counts) is goes_off
    assert sources_of(alarm) == {source}
    assert set(find(alarm, "Period")) == {15 * 60}


@pytest.mark.parametrize(
    ("logical_id", "source"),
    [("EverythingFiltered", "subscription"), ("KinesisEverythingFiltered", "kinesis")],
)
@pytest.mark.parametrize(("received", "filtered", "goes_off"), [(5, 5, True), (5, 4, False), (0, 0, False)])
def test_an_alarm_goes_off_if_all_events_of_a_day_are_filtered(
    logical_id: str, source: str, received: int, filtered: int, goes_off: bool, stack: JsonObject
) -> None:
    alarm = properties(stack, f"{logical_id}Alarm")
    assert computed(alarm, {"received": received, "filtered": filtered}) is goes_off
    assert sources_of(alarm) == {source}
    assert set(find(alarm, "Period")) == {24 * 60 * 60}


def computed(alarm: JsonObject, counts: dict[str, int]) -> bool:
    """Return whether the alarm goes off with these counts, by the subset of metric math used here.

    ("Using math expressions with CloudWatch metrics", Amazon CloudWatch User Guide.)
    """
    (expression,) = find(alarm["Metrics"], "Expression")
    condition = re.fullmatch(r"IF\((.*), 1, 0\)", expression)
    assert condition
    assert {each["Id"] for each in alarm["Metrics"] if "MetricStat" in each} == set(counts)
    assert [each.get("ReturnData", True) for each in alarm["Metrics"]] == [True] + [False] * len(counts)
    terms = []
    for term in condition[1].split(" AND "):
        left, operator, right = term.split(" ")
        a, b = (counts[word] if word in counts else int(word) for word in (left, right))
        terms.append({">": a > b, ">=": a >= b, "==": a == b}[operator])
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    return all(terms)


def sources_of(alarm: JsonObject) -> set[str]:
    """Return the sources of an alarm's metrics; the functions write all metrics of a source together."""
    dimensions = [each for found in find(alarm["Metrics"], "Dimensions") for each in found]
    return {each["Value"] for each in dimensions if each["Name"] == "Source"}


@pytest.mark.parametrize(
    ("logical_id", "metric"),
    [("SubscriptionErrorsAlarm", "DeliveryErrors"), ("SubscriptionThrottledAlarm", "DeliveryThrottling")],
)
def test_one_query_covers_the_filters_of_all_log_groups(
    logical_id: str, metric: str, stack: JsonObject
) -> None:
    alarm = properties(stack, logical_id)
    (query,) = alarm["Metrics"]
    found = SELECT.fullmatch(query["Expression"]["Fn::Sub"])
    assert found
    assert found["metric"] == metric
    names = re.findall(r"FilterName = '([^']+)'", found["conditions"])
    own = properties(stack, "SubscriberFunction")["Environment"]["Variables"]["SUBSCRIPTION_FILTER_NAME"]
    assert own["Fn::Sub"] in names
    by_hand = stack["Outputs"]["SubscribeCommand"]["Value"]["Fn::Sub"]
    assert re.findall(r"--filter-name '([^']+)'", by_hand)[0] in names
    # "You can query the most recent three hours of data" (CloudWatch Metrics Insights quotas, User Guide).
    assert query["Period"] * alarm["EvaluationPeriods"] <= 3 * 60 * 60


def test_filters_that_documents_create_have_a_name_that_the_queries_cover() -> None:
    """The documents use the default name of the stack, and the queries cover filters of the stack's name."""
    named = {
        name
        for document in (PROJECT / "README.md", *(PROJECT / "docs").glob("*.md"))
        for name in re.findall(r"--filter-name '?([\w-]+)", document.read_text(encoding="utf-8"))
    }
    assert named == {DEFAULT_STACK}


def test_no_alarm_exceeds_the_longest_period_of_cloudwatch(stack: JsonObject) -> None:
    """A week, or a day for periods below an hour (PutMetricAlarm, Amazon CloudWatch API Reference)."""
    for name, alarm in alarms(stack).items():
        for period in find(alarm, "Period"):
            assert period * alarm["EvaluationPeriods"] <= (86_400 if period < 3600 else 604_800), name


def test_an_alarm_goes_off_when_lambda_drops_records_of_the_stream(stack: JsonObject) -> None:
    mapping = properties(stack, "KinesisEventSourceMapping")
    assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}, "Lambda counts them only on request"
    alarm = properties(stack, "KinesisDroppedAlarm")
    assert (alarm["MetricName"], alarm["Statistic"], alarm["Threshold"]) == ("DroppedEventCount", "Sum", 0)
    assert find(alarm["Dimensions"], "Ref") == ["KinesisEventSourceMapping"]


def test_an_alarm_goes_off_when_a_stream_is_not_read(stack: JsonObject) -> None:
    """A mapping that cannot read writes no metric; one that finds no records writes 0."""
    alarm = properties(stack, "KinesisSilentAlarm")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("PolledEventCount", "SampleCount")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 15 * 60


def test_basic_monitoring_has_only_alarms_on_one_metric(stack: JsonObject) -> None:
    for name, alarm in alarms(stack).items():
        condition = stack["Resources"][name].get("Condition", "")
        assert ("Metrics" in alarm) is condition.startswith("Monitors"), name
