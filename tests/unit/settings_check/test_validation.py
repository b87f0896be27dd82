"""Parameters that cannot work have complaints."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loginformant_shipper.settings import load_settings
from loginformant_shipper.settings_check.environments import Place, environments
from loginformant_shipper.settings_check.validation import validate_change, validate_parameters
from loginformant_shipper.subscriptions.subscription_settings import load_subscription_settings
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

PARAMETERS: dict[str, Any] = yaml_parse((Path(__file__).parents[3] / "template.yaml").read_text("utf-8"))[
    "Parameters"
]
DEFAULTS = {name: str(each["Default"]) for name, each in PARAMETERS.items() if name != "ApiKey"}
PLACE = Place("eu-west-1", "loginformant-shipper")
LONG = f"[{'x' * 1022}]"
MANY = ",".join(f"/{number:03}/{'x' * 119}/*" for number in range(16))[:2031]
SECRET = "arn:aws:secretsmanager:{}:123456789012:secret:key-AbCdEf"
KEY = "arn:aws:kms:{}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def complaints(**parameters: str) -> list[str]:
    return validate_parameters(DEFAULTS | parameters, PLACE)


def test_the_defaults_have_no_complaints() -> None:
    assert complaints() == []
    assert validate_parameters({}, PLACE) == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"ApiKeySecretArn": SECRET.format("eu-west-1"), "ApiKeyKmsKeyArn": KEY.format("eu-west-1")},
        {"ApiKeySecretArn": SECRET.format("us-east-1"), "ApiKeyKmsKeyArn": KEY.format("us-east-1")},
        {"ApiKeyParameterName": "/loginformant/api-key"},
        {"ExcludePattern": "GET /health", "Properties": "team=Order Management"},
        {"HttpsProxy": "http://proxy.example.com:3128", "NoProxy": ".amazonaws.com"},
        {"RequestTimeoutSeconds": "60", "SamplePercent": "12.5"},
        {"LogGroups": "*", "SubscribeAccount": "true", "SubscriptionFilterPattern": "?ERROR ?WARN"},
        {"IncludePattern": f"[{'x' * 1022}]"},
        {"KinesisStartingPosition": "AT_TIMESTAMP", "KinesisStartingTimestamp": "1790000000"},
    ],
)
def test_valid_parameters_have_no_complaints(parameters: dict[str, str]) -> None:
    assert complaints(**parameters) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IncludePattern", "(error", "RE2"),
        ("ExcludePattern", "(?=error)", "RE2"),
        ("RedactPattern", "(a)\\1", "RE2"),
        ("IncludePattern", "x*", "empty text"),
        ("Properties", "team=a,team=b", "occurs once"),
        ("Properties", "region=eu", "is not one of accountId"),
        ("MaxInFlight", "4.5", "a whole number from 1 to"),
        ("MaxReplays", "2.5", "a whole number from 1 to 100"),
        ("BatchMaxLogs", "1e2", "a whole number from 1 to 500"),
        ("KinesisParallelizationFactor", "1.5", "a whole number"),
        ("KinesisBatchSize", "1.5", "a whole number"),
        ("KinesisBatchingWindowSeconds", "1.5", "a whole number"),
        (
            "KinesisStartingTimestamp",
            "1790000000",
            "empty otherwise; KinesisStartingPosition is TRIM_HORIZON",
        ),
        ("MemorySize", "1024.5", "a whole number"),
        ("MemorySize", "512.5", "a whole number"),
        ("CaBundleLayerArn", "arn:aws:lambda:us-east-1:123456789012:layer:ca:1", "own region, eu-west-1"),
        ("SubscribeRequestsPerSecond", "4.5", "a whole number from 1 to"),
        ("SamplePercent", "1e1", "at most six decimals"),
        ("IngestUrl", "https://logs.example.com:99999", "https://HOST"),
        ("HttpsProxy", "http://proxy.example.com:99999", "http://HOST:PORT"),
        ("ApiKeyKmsKeyArn", KEY.format("us-east-1"), "eu-west-1, the region of the API key"),
        ("KmsKeyArn", KEY.format("us-east-1"), "the stack's own region, eu-west-1"),
        ("NotificationTopicArn", "arn:aws:sns:us-east-1:123456789012:on-call", "own region, eu-west-1"),
        ("KinesisStreamArn", "arn:aws:kinesis:us-east-1:123456789012:stream/s", "own region, eu-west-1"),
    ],
)
def test_a_value_that_the_template_allows_but_cannot_work_has_a_complaint(
    name: str, value: str, said: str
) -> None:
    """Without the check, the update of a stack succeeds and its function then fails to start."""
    (complaint,) = complaints(**{name: value})
    assert complaint.startswith(name)
    assert said in complaint
    assert allowed_by_the_template(name, value), "otherwise CloudFormation would refuse it"


def allowed_by_the_template(name: str, value: str) -> bool:
    parameter = PARAMETERS[name]
    if "AllowedValues" in parameter:
        return value in map(str, parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return bool(parameter["MinValue"] <= float(value) <= parameter["MaxValue"])
    fits = len(value) <= parameter.get("MaxLength", 4096)
    return fits and re.fullmatch(parameter["AllowedPattern"], value) is not None


def test_all_complaints_are_returned_at_once() -> None:
    found = complaints(IncludePattern="(", MaxInFlight="4.5", Redact="phone")
    assert [line.split()[0].rstrip(":") for line in found] == ["IncludePattern", "MaxInFlight", "Redact"]


@pytest.mark.parametrize(
    ("parameters", "function", "longest"),
    [
        (dict.fromkeys(("IncludePattern", "ExcludePattern", "RedactPattern"), LONG), "Replay", "Incl"),
        ({"LogGroups": MANY, "ExcludeLogGroups": MANY}, "Subscriber", "LogGroups 2,031"),
        ({"SubscriptionFilterPattern": '"' * 1024, "LogGroups": MANY}, "Subscriber", "LogGroups 2,031"),
        ({"Properties": ",".join(f"name{number}={'x' * 200}" for number in range(20))}, "Replay", "Prop"),
    ],
)
def test_settings_larger_than_an_environment_have_a_complaint(
    parameters: dict[str, str], function: str, longest: str
) -> None:
    (complaint,) = complaints(**parameters)
    assert complaint.startswith(f"the settings of {function}Function have ")
    assert "4,096" in complaint
    assert longest in complaint


def test_the_position_at_timestamp_needs_a_timestamp() -> None:
    (complaint,) = complaints(KinesisStartingPosition="AT_TIMESTAMP")
    assert complaint.startswith("KinesisStartingTimestamp is ''")


# --- changes of an existing stack ---

STREAM = {
    "KinesisStreamArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/logs",
    "KinesisEnhancedFanOut": "false",
    "KinesisStartingPosition": "TRIM_HORIZON",
    "KinesisStartingTimestamp": "",
}
AT_A_TIME = {"KinesisStartingPosition": "AT_TIMESTAMP", "KinesisStartingTimestamp": "1790000000"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (STREAM, STREAM),
        (STREAM, STREAM | AT_A_TIME | {"KinesisEnhancedFanOut": "true"}),
        (STREAM, STREAM | AT_A_TIME | {"KinesisStreamArn": f"{STREAM['KinesisStreamArn']}-2"}),
        (STREAM | {"KinesisStreamArn": ""}, STREAM | AT_A_TIME),
        (STREAM | {"KinesisStreamArn": ""}, STREAM | {"KinesisStreamArn": ""} | AT_A_TIME),
        ({"KinesisStreamArn": STREAM["KinesisStreamArn"]}, STREAM),
        ({}, STREAM),
        (STREAM, STREAM | AT_A_TIME | {"KinesisStreamArn": "", "OrganizationId": "o-1234567890"}),
    ],
    ids=[
        "nothing",
        "fan-out",
        "another stream",
        "first stream",
        "no stream",
        "before 0.2",
        "new stack",
        "organization",
    ],
)
def test_valid_changes_of_the_starting_position_have_no_complaints(
    old: dict[str, str], new: dict[str, str]
) -> None:
    assert validate_change(old, new) == []


@pytest.mark.parametrize("new", [{"KinesisStartingPosition": "LATEST"}, AT_A_TIME])
@pytest.mark.parametrize("stream", [{}, {"KinesisStreamArn": "", "OrganizationId": "o-1234567890"}])
def test_the_starting_position_of_an_existing_stream_cannot_change(
    new: dict[str, str], stream: dict[str, str]
) -> None:
    """CloudFormation would create a second mapping of the function and stream, which Lambda refuses."""
    (complaint,) = validate_change(STREAM | stream, STREAM | stream | new)
    assert complaint.startswith(" and ".join(new) + " cannot be changed")
    assert "back to TRIM_HORIZON and KinesisStartingTimestamp to nothing" in complaint
    is_its_own = bool(stream)
    assert ("deploy without a stream first" in complaint) != is_its_own, "its own would be deleted"


# --- template and code ---


def values_of(name: str) -> st.SearchStrategy[str]:
    """Return a strategy for values that the template allows, in the forms that users write."""
    parameter = PARAMETERS[name]
    if "AllowedValues" in parameter:
        return st.sampled_from([str(value) for value in parameter["AllowedValues"]])
    if parameter["Type"] == "Number":
        low, high = parameter["MinValue"], parameter["MaxValue"]
        numbers = st.floats(low, high)
        return st.one_of(st.integers(low, high).map(str), numbers.map(str), numbers.map("{:e}".format))
    return st.from_regex(re.compile(parameter["AllowedPattern"], re.ASCII), fullmatch=True).filter(
        lambda text: len(text) <= parameter.get("MaxLength", 4096)
    )


HANDED_ON = [name for name in PARAMETERS if name not in ("ApiKey", "ReservedConcurrency")]


@pytest.mark.parametrize("name", HANDED_ON)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_code_accepts_every_allowed_value_that_has_no_complaint(name: str, data: st.DataObject) -> None:
    given_ = {name: data.draw(values_of(name))}
    if complaints(**given_):
        return
    functions = environments(DEFAULTS | given_, PLACE)
    load_settings(functions["ShipperFunction"])
    load_settings(functions["ReplayFunction"])
    load_subscription_settings(functions["SubscriberFunction"])
