"""docs/deploying.md: its policy covers the resources of the stack, and its commands exist."""

import json
import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]
from shipctl.deploy.parameters import parameters_of
from shipctl.deploy.wishes import read_wishes

from tests.unit.documented_commands import Command, commands_in_document, top_commands

PROJECT = Path(__file__).parents[2]
POLICY_TEXTS = [
    (PROJECT / "docs" / name).read_text(encoding="utf-8")
    for name in ("deploying-policy.json", "deploying-stream-policy.json")
]
POLICIES = [json.loads(text) for text in POLICY_TEXTS]
TEMPLATE = yaml_parse((PROJECT / "template.yaml").read_text(encoding="utf-8"))
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]

MADE_BY_SAM = {
    "AWS::Serverless::Function": {
        "AWS::Lambda::Function",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::Permission",
        "AWS::Events::Rule",
    },
    "AWS::Serverless::LayerVersion": {"AWS::Lambda::LayerVersion"},
}

NOT_USED = re.compile(
    r"elasticfilesystem:|s3files:|firehose:|s3:REST"
    r"|iam:.*(User|Group)Policy|iam:(Attach|Detach)RolePolicy"
    r"|lambda:.*CodeSigningConfig|lambda:.*(ScalingConfig|CapacityProvider)|lambda:PublishVersion"
    r"|lambda:PutRuntimeManagementConfig"
    r"|logs:.*(Transformer|MetricExtraction|LogDelivery|BearerToken|DeletionProtection)"
    r"|logs:(Put|Delete)(DataProtection|Index|Resource)Policy"
    r"|sns:(Get|Put)DataProtectionPolicy"
    r"|secretsmanager:.*(Replication|Replicate|RandomPassword)"
)
"""Actions for features that the template does not use: file systems, code signing, managed
policies, replicas and the like."""

WITH_A_KEY_OF_ONES_OWN = re.compile("kms:")
"""Documented beside the policy, since only the owner of the key knows its ARN."""

CALLED_BY_SHIPCTL = {
    "cloudformation:CreateChangeSet",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListChangeSets",
    "s3:CreateBucket",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
}


def allowed() -> set[str]:
    return {
        action
        for policy in POLICIES
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def resource_types() -> set[str]:
    types: set[str] = set()
    for resource in TEMPLATE["Resources"].values():
        types |= MADE_BY_SAM.get(resource["Type"], {resource["Type"]})
    return {each for each in types if not each.startswith("Custom::")}


@pytest.mark.parametrize("resource_type", sorted(resource_types()))
def test_the_policy_allows_the_actions_that_a_resource_type_needs(resource_type: str) -> None:
    """AWS publishes them in the schema of the type ("handlers", CloudFormation resource type schema)."""
    handlers: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema[
        "handlers"
    ]
    needed = {
        action
        for name in ("create", "read", "update", "delete")
        for action in handlers.get(name, {}).get("permissions", [])
    }
    left = {each for each in needed - allowed() if not NOT_USED.match(each)}
    assert {each for each in left if not WITH_A_KEY_OF_ONES_OWN.match(each)} == set()


def test_the_policy_allows_the_actions_of_shipctl_and_custom_resources() -> None:
    assert allowed() >= CALLED_BY_SHIPCTL | {"lambda:InvokeFunction"}


def test_the_policy_names_no_action_twice_in_a_statement_and_no_wildcard() -> None:
    for statement in [each for policy in POLICIES for each in policy["Statement"]]:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert len(actions) == len(set(actions)), statement["Sid"]
        assert not [action for action in actions if "*" in action]


# --- the name of the stack ---

CUT_TO = 25
NAMES = ["loginformant-shipper", "s" * 25, "s" * 26, "loginformant-shipper-production", "s" * 128]
"""CloudFormation allows 128 characters ("CreateStack", AWS CloudFormation API Reference)."""
NAMED_BY_CLOUDFORMATION = {
    "AWS::IAM::Role": ("arn:aws:iam::123456789012:role/{}", 64),
    "AWS::Serverless::Function": ("arn:aws:lambda:ap-southeast-1:123456789012:function:{}", 64),
    "AWS::Events::Rule": ("arn:aws:events:ap-southeast-1:123456789012:rule/{}", 64),
    "AWS::SQS::Queue": ("arn:aws:sqs:ap-southeast-1:123456789012:{}", 80),
    "AWS::Kinesis::Stream": ("arn:aws:kinesis:ap-southeast-1:123456789012:stream/{}", 128),
    "AWS::SNS::Topic": ("arn:aws:sns:ap-southeast-1:123456789012:{}", 256),
}
"""The ARN of each resource type without a name in the template, and the longest name that AWS allows."""


def filled_in(text: str, stack: str) -> str:
    """Return a policy for a stack in a region with a long name, as docs/deploying.md says."""
    if len(stack) > CUT_TO:
        text = text.replace("STACK-*", stack[:CUT_TO] + "*")
    for name, value in (("ACCOUNT", "123456789012"), ("REGION", "ap-southeast-1"), ("STACK", stack)):
        text = text.replace(name, value)
    return text


def physical_name(stack: str, logical_id: str, limit: int) -> str:
    """Return a name as CloudFormation makes it.

    AWS does not document it. This is what names of real resources show (KensioSoftware/yulin#1113 and #1127):
    13 characters for a hyphen and what is random, another hyphen, and what is left is shared by both parts,
    where each takes what the other does not need.
    """
    left = limit - 14
    for_stack = max(left - left // 2, left - len(logical_id))
    for_logical_id = max(left // 2, left - len(stack))
    return f"{stack[:for_stack]}-{logical_id[:for_logical_id]}-ABCDEFGHIJKL"


def arns(stack: str) -> Iterator[str]:
    """Yield the ARNs of the stack's resources that have a name made by CloudFormation."""
    for logical_id, resource in TEMPLATE["Resources"].items():
        if resource["Type"] in NAMED_BY_CLOUDFORMATION:
            arn, limit = NAMED_BY_CLOUDFORMATION[resource["Type"]]
            yield arn.format(physical_name(stack, logical_id, limit))
        for event in resource["Properties"].get("Events", {}):
            arn, limit = NAMED_BY_CLOUDFORMATION["AWS::Events::Rule"]
            yield arn.format(physical_name(stack, logical_id + event, limit))


@pytest.mark.parametrize("stack", NAMES)
def test_the_policies_cover_the_names_of_the_resources(stack: str) -> None:
    allowed_arns = [
        arn
        for text in POLICY_TEXTS
        for statement in json.loads(filled_in(text, stack))["Statement"]
        for arn in (
            [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        )
        if arn != "*"
    ]
    found = list(arns(stack))
    assert len(found) > 10
    assert [arn for arn in found if not any(fnmatchcase(arn, pattern) for pattern in allowed_arns)] == []


def test_names_are_cut_as_in_a_real_account() -> None:
    assert physical_name("ChineseboostAnalyticsStack", "RainlyticsSummariesJobFunctionRole", 64) == (
        "ChineseboostAnalyticsStac-RainlyticsSummariesJobFun-ABCDEFGHIJKL"
    )


@pytest.mark.parametrize("stack", NAMES)
@pytest.mark.parametrize("text", POLICY_TEXTS, ids=["the stack", "streams"])
def test_no_policy_is_larger_than_a_managed_policy_may_be(text: str, stack: str) -> None:
    """6,144 characters without white space ("IAM and AWS STS quotas", AWS IAM User Guide)."""
    assert len(re.sub(r"\s", "", filled_in(text, stack))) <= 6144


def test_the_documented_command_cuts_a_long_name() -> None:
    document = (PROJECT / "docs" / "deploying.md").read_text(encoding="utf-8")
    [(beginning, name)] = re.findall(r"s/STACK-\\\*/(\S+)\*/g; s/STACK/(\S+)/g", document)
    assert beginning == name[:CUT_TO] != name


# --- commands ---


def deploy_commands() -> list[Command]:
    """Return every `shipctl deploy …` in a shell block of a document."""
    found = [command for document in DOCUMENTS for command in commands_in_document(document)]
    return [it for it in found if it.complete and it.words[:2] == ("shipctl", "deploy")]


@pytest.mark.parametrize("command", deploy_commands(), ids=str)
def test_the_stack_accepts_every_documented_setting(command: Command) -> None:
    context = top_commands()["deploy"].make_context("deploy", list(command.words[2:]))
    given = context.params
    read_wishes(parameters_of(TEMPLATE), None, given["set_"] or (), given["unset"] or ())


def test_documents_have_deploy_commands() -> None:
    assert {command.place for command in deploy_commands()} >= {
        "README.md",
        "docs/deploying.md",
        "docs/subscriptions.md",
    }
    assert len(deploy_commands()) > 10


def test_no_documented_value_is_cut_by_sam() -> None:
    """`sam` cuts an override at its first space, unless it is quoted within its quotes."""
    for document in DOCUMENTS:
        for line in re.findall(r"sam deploy .*", document.read_text(encoding="utf-8")):
            for word in shlex.split(line.replace("`", ""), comments=True):
                assert " " not in re.sub(r'"[^"]*"', "", word), f"{document.name}: {line}"
