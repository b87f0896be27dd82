"""The templates for further regions and for sending accounts are valid and match the stack."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[3]
TEMPLATES = ("organization/region.yaml", "organization/member.yaml")

JsonObject = dict[str, Any]


def parsed(template: str) -> JsonObject:
    document: JsonObject = yaml_parse((PROJECT / template).read_text(encoding="utf-8"))
    return document


HUB = parsed("template.yaml")


@pytest.mark.parametrize("template", TEMPLATES)
def test_cfn_lint_finds_nothing(template: str) -> None:
    regions = ManualArgs(regions=["eu-west-1", "us-east-1"], include_checks=["I"])
    assert [str(match) for match in lint_file(PROJECT / template, regions)] == []


@pytest.mark.skipif(
    not shutil.which("cfn-guard"), reason="cfn-guard is not on the path; it is no Python package"
)
@pytest.mark.parametrize("template", ["template.yaml", *TEMPLATES])
def test_cfn_guard_finds_nothing(template: str) -> None:
    rules = Path(__file__).with_name("rules.guard")
    words = ["cfn-guard", "validate", "--rules", str(rules), "--data", str(PROJECT / template)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_stack_set_needs_no_transform_and_no_named_role(template: str) -> None:
    """A transform needs CAPABILITY_AUTO_EXPAND, and a named role CAPABILITY_NAMED_IAM."""
    document = parsed(template)
    assert "Transform" not in document
    for resource in document["Resources"].values():
        assert "RoleName" not in resource.get("Properties", {})


def test_every_region_has_the_same_destination_policy() -> None:
    home = HUB["Resources"]["OrganizationDestination"]["Properties"]["DestinationPolicy"]["Fn::Sub"]
    region = parsed("organization/region.yaml")["Resources"]["Destination"]["Properties"]["DestinationPolicy"]
    assert region["Fn::Sub"] == home.replace("${AWS::StackName}", "${DestinationName}")


def test_parameters_of_a_region_are_outputs_of_the_stack() -> None:
    outputs = {
        "StreamArn": "OrganizationStreamArn",
        "RoleArn": "OrganizationDestinationRoleArn",
    }
    for parameter, output in outputs.items():
        described = parsed("organization/region.yaml")["Parameters"][parameter]["Description"]
        assert f"the output {output} of the shipper's stack" in described
        assert HUB["Outputs"][output]["Condition"] == "HasOrganization"


def test_all_three_templates_have_the_same_destination_name() -> None:
    names = {parsed(template)["Parameters"]["DestinationName"]["Default"] for template in TEMPLATES}
    assert names == {"loginformant-shipper"}, "the stack's name in samconfig.toml"
    assert "loginformant-shipper" in (PROJECT / "samconfig.toml").read_text(encoding="utf-8")
    own = HUB["Resources"]["OrganizationDestination"]["Properties"]["DestinationName"]
    assert own == {"Ref": "AWS::StackName"}


def test_the_destination_is_created_after_the_event_source_mapping() -> None:
    """CloudWatch Logs sends a test message with the role, which must have existed for some seconds."""
    assert HUB["Resources"]["OrganizationDestination"]["DependsOn"] == "KinesisEventSourceMapping"


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_parameter_is_described_and_used(template: str) -> None:
    document = parsed(template)
    text = (PROJECT / template).read_text(encoding="utf-8")
    for name, parameter in document["Parameters"].items():
        assert parameter["Description"].endswith(".")
        assert parameter["ConstraintDescription" if "AllowedPattern" in parameter else "AllowedValues"]
        assert text.count(f"!Ref {name}") + text.count(f"${{{name}}}") >= 1
