"""The stack for an organization, in an emulated account, as far as that knows the types.

It knows streams, roles and mappings. It does not know the type AWS::Logs::Destination, so that the
destination is made by its API, with the properties that the template gives it; nor the API of account
policies, so that of organization/member.yaml the role alone is made. It leaves a stream unencrypted whatever
the template says, and its conditions know no AWS::AccountId, so that every account is a sender. Policies are
stored and not enforced. What all these come to is decided by tests/unit/organization.
"""

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from events.wrap import encode
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from local.reckoning import event_ids
from local.samples import EVENTS
from local.stack import PROJECT, Stack, deployed_stack
from local.story import wait
from tests.e2e.conftest import LOG
from tests.unit.organization.rendered import rendered

pytestmark = [pytest.mark.e2e, pytest.mark.trial]

ORGANIZATION = "o-exampleorgid"
UNKNOWN_TO_THE_EMULATOR = {"AWS::Logs::Destination", "AWS::Logs::AccountPolicy"}


def without_unknown_types(template: str, unknown: set[str] = UNKNOWN_TO_THE_EMULATOR) -> str:
    """Return a JSON template without resources of these types and without outputs that name them."""
    document = yaml_parse(template)
    gone = {name for name, it in document["Resources"].items() if it["Type"] in unknown}
    document["Resources"] = {name: it for name, it in document["Resources"].items() if name not in gone}
    outputs = document.get("Outputs", {})
    document["Outputs"] = {
        name: it for name, it in outputs.items() if not any(f'"{each}"' in json.dumps(it) for each in gone)
    }
    return json.dumps(document)


@pytest.fixture(scope="module")
def api() -> Iterator[IngestApi]:
    with ingest_api() as api:
        yield api


@pytest.fixture(scope="module")
def hub(api: IngestApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    def adapt(build: Path) -> Path:
        copy = tmp_path_factory.mktemp("organization") / "build"
        shutil.copytree(build, copy, symlinks=True)
        template = copy / "template.yaml"
        template.write_text(
            without_unknown_types(template.read_text("utf-8"), {"AWS::Logs::Destination"}), encoding="utf-8"
        )
        return copy

    parameters = {"ApiKey": LOCAL_KEY, "IngestUrl": api.url, "OrganizationId": ORGANIZATION}
    with deployed_stack(parameters, log=LOG.with_name("organization.log"), adapt=adapt) as stack:
        yield stack


def test_the_stack_creates_an_on_demand_stream(hub: Stack) -> None:
    arn = hub.outputs["OrganizationStreamArn"]
    found = hub.account.client("kinesis").describe_stream_summary(StreamARN=arn)["StreamDescriptionSummary"]
    assert found["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
    assert found["StreamStatus"] == "ACTIVE"


def test_cloudwatch_logs_accepts_the_destination(hub: Stack) -> None:
    account = hub.outputs["OrganizationStreamArn"].split(":")[4]
    given = {"OrganizationId": ORGANIZATION}
    resources = rendered("template.yaml", given, account=account, region="eu-west-1", stack=hub.name)
    wanted = resources["OrganizationDestination"]
    logs = hub.account.client("logs")
    logs.put_destination(
        destinationName=wanted["DestinationName"],
        targetArn=hub.outputs["OrganizationStreamArn"],
        roleArn=hub.outputs["OrganizationDestinationRoleArn"],
    )
    logs.put_destination_policy(
        destinationName=wanted["DestinationName"], accessPolicy=wanted["DestinationPolicy"]
    )
    (found,) = logs.describe_destinations()["destinations"]
    assert found["targetArn"] == hub.outputs["OrganizationStreamArn"]
    policy = json.loads(found["accessPolicy"])
    assert policy["Statement"][0]["Resource"] == found["arn"]


def test_logs_of_another_account_arrive_with_the_id_of_that_account(hub: Stack, api: IngestApi) -> None:
    payload: dict[str, Any] = json.loads((EVENTS / "ecs-nginx.json").read_text(encoding="utf-8"))
    payload["owner"] = "222222222222"
    hub.account.client("kinesis").put_record(
        StreamARN=hub.outputs["OrganizationStreamArn"],
        Data=base64.b64decode(encode(payload)),
        PartitionKey="any",
    )
    wanted = {event["id"] for event in payload["logEvents"]}
    wait(
        "not every log event came out of the organization's stream",
        lambda: {identifier for log in api.logs for identifier in event_ids(log)} >= wanted,
    )
    assert {log["properties"]["accountId"] for log in api.logs} == {"222222222222"}


def test_a_member_gets_a_role_of_its_own(hub: Stack) -> None:
    cloudformation, name = hub.account.client("cloudformation"), "member"
    template = (PROJECT / "organization/member.yaml").read_text(encoding="utf-8")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=without_unknown_types(template),
        Parameters=[{"ParameterKey": "CentralAccountId", "ParameterValue": "111111111111"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
    made = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
    assert made.keys() == {"Placeholder", "Role"}
    role = hub.account.client("iam").get_role(RoleName=made["Role"])["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "logs.amazonaws.com"}
