"""docs/configuration.md agrees with the template and the code."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from loginformant_shipper.settings import Settings, SettingsError, load_settings
from loginformant_shipper.subscriptions.subscription_settings import (
    SubscriptionSettings,
    load_subscription_settings,
)
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[2]
DOCUMENT = (PROJECT / "docs/configuration.md").read_text(encoding="utf-8")
TEMPLATE: dict[str, Any] = yaml_parse((PROJECT / "template.yaml").read_text(encoding="utf-8"))
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
ENVIRONMENT: dict[str, Any] = {
    name: value
    for function in (
        TEMPLATE["Globals"]["Function"],
        *(each["Properties"] for each in TEMPLATE["Resources"].values()),
    )
    for name, value in function.get("Environment", {}).get("Variables", {}).items()
}

NEEDED = {
    "API_KEY_PARAMETER_NAME": "/loginformant/api-key",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters",
    "SHIPPER_FUNCTION_ARN": "arn:aws:lambda:eu-west-1:123456789012:function:shipper",
    "SUBSCRIPTION_FILTER_NAME": "loginformant-shipper-subscriber",
}
SET_BY_LAMBDA = {"AWS_REGION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_LOG_GROUP_NAME"}


class Row(NamedTuple):
    name: str
    default: str
    allowed: str
    rest: list[str]

    @property
    def bounds(self) -> tuple[int, int] | None:
        found = re.fullmatch(r"(\d+) to (\d+)", self.allowed)
        return (int(found[1]), int(found[2])) if found else None

    @property
    def values(self) -> list[str]:
        """Return the allowed values if the cell lists values only."""
        found = re.fullmatch(r"`[^`]+`(, `[^`]+`)+", self.allowed)
        return re.findall(r"`([^`]+)`", self.allowed) if found else []


def rows(heading: str) -> list[Row]:
    """Return the rows of all tables between `## heading` and the next heading of that level."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [
        Row(name.strip("`"), default.strip("`"), allowed, rest) for name, default, allowed, *rest in cells
    ]


PARAMETER_ROWS = rows("Parameters")
VARIABLE_ROWS = rows("Environment variables")


def load_all(environ: Mapping[str, str]) -> tuple[Settings, SubscriptionSettings]:
    """Return the settings that each function reads from an environment."""
    return load_settings(environ), load_subscription_settings(environ)


class Recorder(Mapping[str, str]):
    """An environment that records which variables were read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values_, self.asked = values, set[str]()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self.values_[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


# --- parameters ---


def test_every_parameter_is_in_the_document_in_the_order_of_the_console() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [row.name for row in PARAMETER_ROWS] == [name for group in groups for name in group["Parameters"]]
    assert {row.name for row in PARAMETER_ROWS} == set(PARAMETERS)


@pytest.mark.parametrize("row", PARAMETER_ROWS, ids=lambda row: row.name)
def test_the_documented_default_and_range_of_a_parameter_are_those_of_the_template(row: Row) -> None:
    parameter = PARAMETERS[row.name]
    assert row.default == str(parameter["Default"])
    assert row.values == [str(value) for value in parameter.get("AllowedValues", [])]
    assert row.bounds == ((parameter["MinValue"], parameter["MaxValue"]) if "MinValue" in parameter else None)
    assert row.allowed
    assert row.rest[0].endswith((".", ")"))


# --- variables ---


READ_BY_BOTOCORE = {"AWS_CA_BUNDLE"}
"""("Configuration", Boto3 documentation.)"""


def test_every_variable_that_is_read_or_set_is_in_the_document() -> None:
    recorder = Recorder(NEEDED | {"HTTPS_PROXY": "http://proxy.example.com:3128"})
    load_all(recorder)
    read = {name for name in recorder.asked if name.isupper()}
    documented = {row.name for row in VARIABLE_ROWS}
    assert documented == read
    assert set(ENVIRONMENT) - READ_BY_BOTOCORE <= read, (
        "the stack sets a variable that the code does not read"
    )
    assert len(documented) == len(VARIABLE_ROWS)


@pytest.mark.parametrize("row", VARIABLE_ROWS, ids=lambda row: row.name)
def test_the_document_names_what_sets_a_variable(row: Row) -> None:
    parameter = "".join(word.capitalize() for word in row.name.split("_"))
    if row.name in SET_BY_LAMBDA:
        assert row.rest[0] == "Lambda"
    elif row.name not in ENVIRONMENT:
        assert row.rest[0] == "–"
    elif row.name == "API_KEY_SECRET_ARN" or parameter not in PARAMETERS:
        assert row.rest[0] == "the stack"
    else:
        assert row.rest[0] == f"`{parameter}`"


@pytest.mark.parametrize("row", [row for row in VARIABLE_ROWS if row.default], ids=lambda row: row.name)
def test_a_documented_default_is_the_value_of_an_unset_variable(row: Row) -> None:
    assert load_all(NEEDED | {row.name: row.default}) == load_all(NEEDED)


@pytest.mark.parametrize("row", [row for row in VARIABLE_ROWS if row.bounds], ids=lambda row: row.name)
def test_a_documented_range_is_the_range_that_the_code_accepts(row: Row) -> None:
    assert row.bounds is not None
    least, most = row.bounds
    roomy = NEEDED | {"FUNCTION_TIMEOUT_SECONDS": "900"}
    for value in (least, most):
        load_all(roomy | {row.name: str(value)})
    for value in (least - 1, most + 1):
        with pytest.raises(SettingsError, match=row.name):
            load_all(roomy | {row.name: str(value)})


@pytest.mark.parametrize("row", [row for row in VARIABLE_ROWS if row.values], ids=lambda row: row.name)
def test_documented_values_are_the_values_that_the_code_accepts(row: Row) -> None:
    for value in row.values:
        load_all(NEEDED | {row.name: value})
    with pytest.raises(SettingsError, match=", ".join(row.values)):
        load_all(NEEDED | {row.name: "anything else"})
