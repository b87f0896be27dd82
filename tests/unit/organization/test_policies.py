"""An account of the organization may send logs, and an account outside may not.

The tests evaluate the templates' policies by IAM's documented rules, without a real organization.
"""

import json
from typing import Any

import pytest
from loginformant_shipper.entries.log_object import frame
from loginformant_shipper.events import Origin

from tests.unit.organization.policy_evaluation import Request, is_allowed, is_allowed_across_accounts
from tests.unit.organization.rendered import rendered

JsonObject = dict[str, Any]

CENTRAL, SENDER, OUTSIDER = "111111111111", "222222222222", "333333333333"
HOME, ELSEWHERE = "eu-west-1", "us-east-1"
ORGANIZATION, ANOTHER = "o-exampleorgid", "o-otherorganization"
NAME = "loginformant-shipper"
KEY = f"arn:aws:kms:{HOME}:{CENTRAL}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ADMINISTRATOR = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
"""What the role of a service-managed StackSet may do in a target account."""


def hub(**parameters: str) -> JsonObject:
    given = {"OrganizationId": ORGANIZATION, **parameters}
    return rendered("template.yaml", given, account=CENTRAL, region=HOME, stack=NAME)


def region() -> JsonObject:
    stack = hub()
    parameters = {
        "OrganizationId": ORGANIZATION,
        "StreamArn": stack["OrganizationDestination"]["TargetArn"],
        "RoleArn": stack["OrganizationDestination"]["RoleArn"],
    }
    return rendered("organization/region.yaml", parameters, account=CENTRAL, region=ELSEWHERE, stack="any")


def member(account: str = SENDER, place: str = HOME, **parameters: str) -> JsonObject:
    given = {"CentralAccountId": CENTRAL, **parameters}
    return rendered("organization/member.yaml", given, account=account, region=place, stack="any")


DESTINATIONS = {HOME: hub()["OrganizationDestination"], ELSEWHERE: region()["Destination"]}


def policy_of(destination: JsonObject) -> JsonObject:
    policy: JsonObject = json.loads(destination["DestinationPolicy"])
    return policy


def role_policies(role: JsonObject) -> list[JsonObject]:
    return [policy["PolicyDocument"] for policy in role["Policies"]]


# --- permission to send to a destination ---


def may_send(place: str, account: str, organization: str | None, action: str) -> bool:
    """Return whether the StackSet role of an account may subscribe to the destination of a region."""
    request = Request(
        action,
        f"arn:aws:logs:{place}:{CENTRAL}:destination:{NAME}",
        f"arn:aws:iam::{account}:role/stacksets-exec-1a2b3c",
        {} if organization is None else {"aws:PrincipalOrgID": organization},
    )
    return is_allowed_across_accounts([ADMINISTRATOR], policy_of(DESTINATIONS[place]), request)


@pytest.mark.parametrize("action", ["logs:PutSubscriptionFilter", "logs:PutAccountPolicy"])
@pytest.mark.parametrize("place", [HOME, ELSEWHERE])
def test_only_accounts_of_the_organization_may_send(place: str, action: str) -> None:
    assert may_send(place, SENDER, ORGANIZATION, action)
    assert not may_send(place, OUTSIDER, ANOTHER, action)
    assert not may_send(place, OUTSIDER, None, action), "an account without an organization"


@pytest.mark.parametrize(
    "action",
    ["logs:DeleteDestination", "logs:PutDestinationPolicy", "logs:PutDestination", "logs:PutLogEvents"],
)
@pytest.mark.parametrize("place", [HOME, ELSEWHERE])
def test_an_account_of_the_organization_may_do_nothing_else_to_a_destination(place: str, action: str) -> None:
    assert not may_send(place, SENDER, ORGANIZATION, action)


def test_the_former_policy_denies_account_policies() -> None:
    """The evaluation must find the fault of the former policy."""
    old = policy_of(DESTINATIONS[HOME])
    old["Statement"][0]["Action"] = "logs:PutSubscriptionFilter"
    arn = f"arn:aws:logs:{HOME}:{CENTRAL}:destination:{NAME}"
    principal, context = f"arn:aws:iam::{SENDER}:role/any", {"aws:PrincipalOrgID": ORGANIZATION}
    for action, passes in (("logs:PutSubscriptionFilter", True), ("logs:PutAccountPolicy", False)):
        request = Request(action, arn, principal, context)
        assert is_allowed_across_accounts([ADMINISTRATOR], old, request) == passes


@pytest.mark.parametrize("place", [HOME, ELSEWHERE])
def test_the_policy_names_its_destination_and_is_within_the_quota(place: str) -> None:
    destination = DESTINATIONS[place]
    (statement,) = policy_of(destination)["Statement"]
    assert (
        statement["Resource"]
        == f"arn:aws:logs:{place}:{CENTRAL}:destination:{destination['DestinationName']}"
    )
    assert len(destination["DestinationPolicy"].encode()) <= 5120, "PutDestinationPolicy, CloudWatch Logs API"


# --- permission of CloudWatch Logs to write to the stream ---


def may_assume(role: JsonObject, principal: str, **context: str) -> bool:
    keys = {name.replace("__", ":"): value for name, value in context.items()}
    return is_allowed([role["AssumeRolePolicyDocument"]], Request("sts:AssumeRole", "*", principal, keys))


@pytest.mark.parametrize("place", [HOME, ELSEWHERE])
@pytest.mark.parametrize("account", [SENDER, CENTRAL])
def test_cloudwatch_logs_may_write_for_every_account_and_region(account: str, place: str) -> None:
    """The source is the account of the test message or of the logs, with or without aws:SourceOrgID."""
    role = hub()["OrganizationDestinationRole"]
    source = f"arn:aws:logs:{place}:{account}:log-group:orders"
    logs = "logs.amazonaws.com"
    assert may_assume(role, logs, aws__SourceArn=source)
    assert may_assume(role, logs, aws__SourceArn=source, aws__SourceOrgID=ORGANIZATION)
    assert not may_assume(role, logs, aws__SourceArn=source, aws__SourceOrgID=ANOTHER)
    assert not may_assume(role, logs)
    assert not may_assume(role, "lambda.amazonaws.com", aws__SourceArn=source)
    assert not may_assume(role, logs, aws__SourceArn=f"arn:aws:lambda:{place}:{account}:function:any")


def test_the_trust_policy_does_not_grow_with_the_organization() -> None:
    """The default quota is 2,048 characters ("IAM and AWS STS quotas", AWS IAM User Guide)."""
    trust = hub()["OrganizationDestinationRole"]["AssumeRolePolicyDocument"]
    assert len(json.dumps(trust)) < 512
    listed = [f"arn:aws:logs:eu-west-1:{account}:*" for account in range(10**11, 10**11 + 47)]
    trust["Statement"][0]["Condition"] = {"StringLike": {"aws:SourceArn": listed}}
    assert len(json.dumps(trust, separators=(",", ":"))) > 2048, "the list of the recipe ended before"


@pytest.mark.parametrize("key", ["", KEY])
def test_the_role_may_write_to_the_stream_and_use_its_key(key: str) -> None:
    stack = hub(KinesisKmsKeyArn=key)
    policies = role_policies(stack["OrganizationDestinationRole"])
    stream = stack["OrganizationDestination"]["TargetArn"]

    def may(action: str, resource: str, **context: str) -> bool:
        keys = {name.replace("__", ":"): value for name, value in context.items()}
        return is_allowed(policies, Request(action, resource, "any", keys))

    assert may("kinesis:PutRecord", stream)
    assert not may("kinesis:GetRecords", stream)
    assert not may("kinesis:PutRecord", f"{stream}-of-others")
    through_kinesis = may("kms:GenerateDataKey", KEY, kms__ViaService=f"kinesis.{HOME}.amazonaws.com")
    assert through_kinesis == bool(key), "Kinesis' own key needs no permission"
    assert not may("kms:GenerateDataKey", KEY)


@pytest.mark.parametrize("key", ["", KEY])
def test_the_stream_scales_on_demand_and_is_encrypted(key: str) -> None:
    stream = hub(KinesisKmsKeyArn=key)["OrganizationStream"]
    assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert stream["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": key or "alias/aws/kinesis"}


def test_the_shipper_reads_the_stream_of_the_organization() -> None:
    stack = hub()
    stream = stack["OrganizationDestination"]["TargetArn"]
    assert stack["KinesisEventSourceMapping"]["EventSourceArn"] == stream
    request = Request("kinesis:GetRecords", stream, "any")
    assert is_allowed(role_policies(stack["ShipperFunctionRole"]), request)


# --- a sending account ---


@pytest.mark.parametrize("place", [HOME, ELSEWHERE])
def test_an_account_sends_to_the_destination_of_its_region_with_its_own_role(place: str) -> None:
    stack = member(place=place)
    document = json.loads(stack["AccountPolicy"]["PolicyDocument"])
    name = DESTINATIONS[place]["DestinationName"]
    assert document["DestinationArn"] == f"arn:aws:logs:{place}:{CENTRAL}:destination:{name}"
    assert document["RoleArn"].startswith(f"arn:aws:iam::{SENDER}:role/Role-")
    assert document["Distribution"] == "Random"
    where = frame(Origin(SENDER, "orders", "any", (stack["AccountPolicy"]["PolicyName"],)), "the stack's own")
    assert where.properties["region"] == place
    assert (stack["AccountPolicy"]["PolicyType"], stack["AccountPolicy"]["Scope"]) == (
        "SUBSCRIPTION_FILTER_POLICY",
        "ALL",
    )


def test_the_role_of_a_sender_allows_only_its_own_log_groups() -> None:
    role = member()["Role"]
    assert "RoleName" not in role, "IAM has no regions: a name would be taken in the second one"
    policies = role_policies(role)
    own = f"arn:aws:logs:{HOME}:{SENDER}:log-group:"
    assert is_allowed(policies, Request("logs:PutLogEvents", f"{own}orders:*", "any"))
    assert not is_allowed(
        policies, Request("logs:PutLogEvents", f"arn:aws:logs:{HOME}:{OUTSIDER}:log-group:x", "any")
    )
    assert not is_allowed(policies, Request("logs:DeleteLogGroup", f"{own}orders", "any"))
    assert may_assume(role, "logs.amazonaws.com")
    assert may_assume(role, "logs.amazonaws.com", aws__SourceAccount=SENDER)
    assert not may_assume(role, "logs.amazonaws.com", aws__SourceAccount=OUTSIDER)
    assert not may_assume(role, f"arn:aws:iam::{SENDER}:user/someone")


def test_the_role_of_a_sender_has_the_permissions_boundary_of_its_own_account() -> None:
    assert "PermissionsBoundary" not in member()["Role"]
    role = member(PermissionsBoundaryName="teams/limits")["Role"]
    assert role["PermissionsBoundary"] == f"arn:aws:iam::{SENDER}:policy/teams/limits"


def test_the_central_account_gets_no_account_policy() -> None:
    assert member(account=CENTRAL).keys() == {"Placeholder"}


@pytest.mark.parametrize("pattern", ["", "?ERROR ?WARN", '{ $.level = "ERROR" }', r"%\d+ \"%"])
def test_the_policy_has_the_exact_filter_pattern(pattern: str) -> None:
    document = json.loads(member(SubscriptionFilterPattern=pattern)["AccountPolicy"]["PolicyDocument"])
    assert document["FilterPattern"] == pattern


def test_excluded_log_groups_are_in_the_selection_criteria() -> None:
    assert "SelectionCriteria" not in member()["AccountPolicy"]
    criteria = member(ExcludeLogGroups="orders,/aws/lambda/noisy")["AccountPolicy"]["SelectionCriteria"]
    assert criteria == 'LogGroupName NOT IN ["orders", "/aws/lambda/noisy"]'


# --- the evaluation itself ---


def statement(**elements: Any) -> JsonObject:
    return {"Statement": [{"Effect": "Allow", "Action": "a:*", "Resource": "*", **elements}]}


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (statement(), True),
        (statement(Action="b:*"), False),
        (statement(Resource=["x", "y*"]), True),
        (statement(Resource="Y*"), False),
        (statement(Effect="Deny"), False),
        (statement(Condition={"StringEquals": {"k": ["v", "w"]}}), True),
        (statement(Condition={"StringEquals": {"k": "w"}}), False),
        (statement(Condition={"StringEquals": {"missing": "v"}}), False),
        (statement(Condition={"StringEqualsIfExists": {"missing": "v"}}), True),
        (statement(Condition={"StringEqualsIfExists": {"k": "w"}}), False),
        (statement(Condition={"ArnLike": {"arn": "arn:aws:*:*:1:*"}}), True),
        (statement(Condition={"ArnLike": {"arn": "arn:*:1:x"}}), False),
        (statement(Principal={"AWS": "arn:aws:iam::1:root"}), True),
        (statement(Principal={"AWS": "arn:aws:iam::2:root"}), False),
        (statement(Principal={"Service": "logs.amazonaws.com"}), False),
    ],
)
def test_the_evaluation_follows_the_documented_rules(policy: JsonObject, allowed: bool) -> None:
    context = {"k": "v", "arn": "arn:aws:s:r:1:x"}
    assert is_allowed([policy], Request("a:b", "yy", "arn:aws:iam::1:role/r", context)) == allowed


def test_a_denial_wins_and_unknown_elements_are_errors() -> None:
    request = Request("a:b", "yy", "arn:aws:iam::1:role/r", {"k": "v"})
    assert not is_allowed([statement(), statement(Effect="Deny")], request)
    assert not is_allowed_across_accounts([], statement(Principal="*"), request)
    with pytest.raises(ValueError, match="NotAction"):
        is_allowed([statement(NotAction="x")], request)
    with pytest.raises(ValueError, match="NumericLessThan"):
        is_allowed([statement(Condition={"NumericLessThan": {"k": "1"}})], request)
