"""Every function and role has only the permissions that it needs."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

JsonObject = dict[str, Any]

NETWORK_INTERFACES = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


ROLE_OF_CLOUDWATCH_LOGS = "OrganizationDestinationRole"


def branches(value: object) -> Iterator[Any]:
    """Yield the values that `Fn::If` can select in `value`, without AWS::NoValue."""
    if isinstance(value, dict) and set(value) == {"Fn::If"}:
        for branch in value["Fn::If"][1:]:
            yield from branches(branch)
    elif value != {"Ref": "AWS::NoValue"}:
        yield value


def as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def of_type(stack: JsonObject, resource_type: str) -> list[JsonObject]:
    resources = stack["Resources"].values()
    return [resource["Properties"] for resource in resources if resource["Type"] == resource_type]


def roles(stack: JsonObject) -> list[JsonObject]:
    return [
        resource["Properties"]
        for resource in stack["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]


def roles_in_a_vpc(stack: JsonObject) -> list[JsonObject]:
    """Return the roles of the functions that ship logs; the other functions are never in a VPC."""
    outside = [role_of(stack, function) for function in ("SettingsCheckFunction", "SubscriberFunction")]
    outside.append(stack["Resources"][ROLE_OF_CLOUDWATCH_LOGS]["Properties"])
    assert "ec2:" not in json.dumps(outside)
    return [role for role in roles(stack) if role not in outside]


def statements(role: JsonObject, effect: str) -> list[JsonObject]:
    """Return every statement that the role's policies can have with any parameters."""
    return [
        statement
        for policy in role["Policies"]
        for variant in branches(policy)
        for entry in variant["PolicyDocument"]["Statement"]
        for statement in branches(entry)
        if statement["Effect"] == effect
    ]


def role_of(stack: JsonObject, function: str) -> JsonObject:
    assert stack["Resources"][function]["Properties"]["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    role: JsonObject = stack["Resources"][f"{function}Role"]["Properties"]
    return role


def permissions_on(stack: JsonObject, function: str) -> list[JsonObject]:
    permissions = of_type(stack, "AWS::Lambda::Permission")
    return [each for each in permissions if each["FunctionName"] == {"Ref": function}]


LOG_GROUPS = {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"}
OWN_STACK = {
    "Fn::Sub": "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}"
    ":stack/${AWS::StackName}/*"
}
"""The stack of this name; its id follows the name."""

# --- permissions to invoke the functions ---


def test_only_log_groups_of_this_account_and_region_may_invoke_the_shipper(
    stack: JsonObject,
) -> None:
    assert permissions_on(stack, "ShipperFunction") == [
        {
            "FunctionName": {"Ref": "ShipperFunction"},
            "Action": "lambda:InvokeFunction",
            "Principal": "logs.amazonaws.com",
            "SourceAccount": {"Ref": "AWS::AccountId"},
            "SourceArn": LOG_GROUPS,
        }
    ]


def test_only_the_rules_of_the_stack_may_invoke_the_subscriber(stack: JsonObject) -> None:
    rules = [name for name, each in stack["Resources"].items() if each["Type"] == "AWS::Events::Rule"]
    assert len(rules) == 2
    assert permissions_on(stack, "SubscriberFunction") == [
        {
            "FunctionName": {"Ref": "SubscriberFunction"},
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
        }
        for rule in rules
    ]


def test_no_other_function_has_an_invoke_permission(stack: JsonObject) -> None:
    functions = {
        permission["FunctionName"]["Ref"] for permission in of_type(stack, "AWS::Lambda::Permission")
    }
    assert functions == {"ShipperFunction", "SubscriberFunction"}


# --- permissions of the functions ---


API_KEY_PARAMETER = {
    "Fn::Join": [
        "/",
        {
            "Fn::Split": [
                "//",
                {
                    "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}"
                    ":parameter/${ApiKeyParameterName}"
                },
            ]
        },
    ]
}
DEAD_LETTER_QUEUE = {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
KINESIS_STREAM = {"Ref": "KinesisStreamArn"}
ORGANIZATION_STREAM = {"Fn::GetAtt": ["OrganizationStream", "Arn"]}
PARKED_QUEUE = {"Fn::GetAtt": ["ParkedQueue", "Arn"]}
ANY_KEY = {"Fn::Sub": "arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*"}

SERVICES_WITH_KEYS = ("kinesis", "secretsmanager", "sqs", "ssm")

WHAT_EVERY_FUNCTION_MAY_DO: list[tuple[str, JsonObject]] = [
    ("secretsmanager:GetSecretValue", {"Fn::GetAtt": ["ApiKeySecret", "Id"]}),
    ("secretsmanager:GetSecretValue", {"Ref": "ApiKeySecretArn"}),
    ("ssm:GetParameter", API_KEY_PARAMETER),
    ("kms:GenerateDataKey", {"Ref": "KmsKeyArn"}),
    ("kms:Decrypt", {"Ref": "KmsKeyArn"}),
    ("kms:Decrypt", {"Ref": "ApiKeyKmsKeyArn"}),
]


def allowed(role: JsonObject) -> set[tuple[str, str]]:
    """Return each action that `role` allows with its resource as JSON, except on network interfaces."""
    return {
        (action, json.dumps(resource))
        for statement in statements(role, "Allow")
        for action in as_list(statement["Action"])
        for resource in branches(statement["Resource"])
        if action not in NETWORK_INTERFACES
    }


@pytest.mark.parametrize(
    ("function", "log_group", "on_its_way"),
    [
        (
            "ShipperFunction",
            "ShipperLogGroup",
            [
                *(
                    (f"kinesis:{action}", stream)
                    for stream in (KINESIS_STREAM, ORGANIZATION_STREAM)
                    for action in (
                        "DescribeStream",
                        "DescribeStreamSummary",
                        "GetRecords",
                        "GetShardIterator",
                        "ListShards",
                    )
                ),
                ("kinesis:SubscribeToShard", {"Fn::GetAtt": ["KinesisStreamConsumer", "ConsumerARN"]}),
                ("kms:Decrypt", {"Ref": "KinesisKmsKeyArn"}),
                ("sqs:SendMessage", DEAD_LETTER_QUEUE),
            ],
        ),
        (
            "ReplayFunction",
            "ReplayLogGroup",
            [
                ("sqs:ChangeMessageVisibility", DEAD_LETTER_QUEUE),
                ("sqs:DeleteMessage", DEAD_LETTER_QUEUE),
                ("sqs:GetQueueAttributes", DEAD_LETTER_QUEUE),
                ("sqs:ReceiveMessage", DEAD_LETTER_QUEUE),
                ("sqs:SendMessage", DEAD_LETTER_QUEUE),
                ("sqs:SendMessage", PARKED_QUEUE),
                ("kms:Decrypt", ANY_KEY),
            ],
        ),
    ],
)
def test_a_function_has_exactly_the_listed_permissions(
    function: str, log_group: str, on_its_way: list[tuple[str, JsonObject]], stack: JsonObject
) -> None:
    own_log = {"Fn::GetAtt": [log_group, "Arn"]}
    on_log = [("logs:CreateLogStream", own_log), ("logs:PutLogEvents", own_log)]
    assert allowed(role_of(stack, function)) == {
        (action, json.dumps(resource))
        for action, resource in [*WHAT_EVERY_FUNCTION_MAY_DO, *on_log, *on_its_way, READS_TAGS]
    }


KNOWN_WITHOUT_RESOURCES = {"logs:DescribeAccountPolicies", "logs:DescribeLogGroups", "logs:TestMetricFilter"}
"""Actions without resource types (Service Authorization Reference)."""
READS_TAGS = ("logs:ListTagsForResource", LOG_GROUPS)
ON_ANY_LOG_GROUP = {
    "logs:ListTagsForResource",
    "logs:DeleteSubscriptionFilter",
    "logs:DescribeSubscriptionFilters",
    "logs:PutSubscriptionFilter",
}
WITH_WILDCARDS = {
    json.dumps(LOG_GROUPS): ON_ANY_LOG_GROUP,
    json.dumps(OWN_STACK): {"cloudformation:DescribeStacks"},
}


def test_the_subscriber_may_change_filters_but_not_read_the_api_key(
    stack: JsonObject,
) -> None:
    own_log = {"Fn::GetAtt": ["SubscriberLogGroup", "Arn"]}
    assert allowed(role_of(stack, "SubscriberFunction")) == {
        ("logs:CreateLogStream", json.dumps(own_log)),
        ("logs:PutLogEvents", json.dumps(own_log)),
        *((action, json.dumps("*")) for action in KNOWN_WITHOUT_RESOURCES),
        *((action, json.dumps(LOG_GROUPS)) for action in ON_ANY_LOG_GROUP - {READS_TAGS[0]}),
        ("cloudformation:DescribeStacks", json.dumps(OWN_STACK)),
    }


def test_the_settings_check_may_only_describe_its_own_stack(stack: JsonObject) -> None:
    own_log = {"Fn::GetAtt": ["SettingsCheckLogGroup", "Arn"]}
    assert allowed(role_of(stack, "SettingsCheckFunction")) == {
        ("logs:CreateLogStream", json.dumps(own_log)),
        ("logs:PutLogEvents", json.dumps(own_log)),
        ("cloudformation:DescribeStacks", json.dumps({"Ref": "AWS::StackId"})),
    }


def test_the_subscriber_may_invoke_itself_and_read_its_own_configuration(stack: JsonObject) -> None:
    (policy,) = of_type(stack, "AWS::IAM::Policy")
    assert policy["Roles"] == [{"Ref": "SubscriberFunctionRole"}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": ["lambda:GetFunctionConfiguration", "lambda:InvokeFunction"],
        "Resource": {"Fn::GetAtt": ["SubscriberFunction", "Arn"]},
    }


MESSAGES_UNDER_A_FORMER_KEY = {
    "Effect": "Allow",
    "Action": "kms:Decrypt",
    "Resource": ANY_KEY,
    "Condition": {
        "StringEquals": {
            "kms:ViaService": {"Fn::Sub": "sqs.${AWS::Region}.${AWS::URLSuffix}"},
            "kms:EncryptionContext:aws:sqs:arn": DEAD_LETTER_QUEUE,
        }
    },
}


def test_replay_can_decrypt_messages_stored_under_a_former_key(stack: JsonObject) -> None:
    """Messages keep their encryption if KmsKeyArn is changed or removed."""
    (policy,) = (
        each
        for each in role_of(stack, "ReplayFunction")["Policies"]
        if each.get("PolicyName") == "ReplayDeadLetters"
    )
    assert MESSAGES_UNDER_A_FORMER_KEY in policy["PolicyDocument"]["Statement"]


def test_tags_can_be_read_only_with_tag_properties(stack: JsonObject) -> None:
    assert stack["Conditions"]["HasTagProperties"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "TagProperties"}, ""]}]
    }
    for function in ("ShipperFunction", "ReplayFunction"):
        policies = [each["Fn::If"] for each in role_of(stack, function)["Policies"] if "Fn::If" in each]
        (reading,) = [each for each in policies if each[0] == "HasTagProperties"]
        assert reading[1]["PolicyName"] == "ReadTagsOfLogGroups"
        assert reading[2] == {"Ref": "AWS::NoValue"}


def test_no_role_allows_wildcards_beyond_the_listed_ones(stack: JsonObject) -> None:
    for role in roles(stack):
        for statement in statements(role, "Allow"):
            actions = as_list(statement["Action"])
            assert not [action for action in actions if "*" in action]
            assert not {"NotAction", "NotResource"} & set(statement)
            for resource in branches(statement["Resource"]):
                if resource == ANY_KEY:
                    assert statement in [MESSAGES_UNDER_A_FORMER_KEY]
                elif "*" in json.dumps(resource):
                    narrowest = WITH_WILDCARDS.get(json.dumps(resource), KNOWN_WITHOUT_RESOURCES)
                    assert set(actions) <= NETWORK_INTERFACES | narrowest, f"{actions} on {resource}"


def test_code_is_denied_the_network_interface_actions_of_lambda(stack: JsonObject) -> None:
    """Lambda requires these actions on all resources when it checks the role; code never needs them."""
    for role in roles_in_a_vpc(stack):
        wide = {
            action
            for statement in statements(role, "Allow")
            if statement["Resource"] == "*"
            for action in as_list(statement["Action"])
        }
        denied = {
            action
            for statement in statements(role, "Deny")
            if statement["Resource"] == "*"
            and statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}
            for action in as_list(statement["Action"])
        }
        assert wide - KNOWN_WITHOUT_RESOURCES == denied == NETWORK_INTERFACES


def test_network_interfaces_are_allowed_only_within_a_vpc(stack: JsonObject) -> None:
    for role in roles_in_a_vpc(stack):
        (policy,) = (policy for policy in role["Policies"] if "ec2:" in json.dumps(policy))
        condition, _, otherwise = policy["Fn::If"]
        assert condition == "InVpc"
        assert otherwise == {"Ref": "AWS::NoValue"}


def test_kms_keys_can_be_used_only_through_the_services_that_hold_the_data(stack: JsonObject) -> None:
    services = set()
    for role in roles(stack):
        for statement in statements(role, "Allow"):
            if any(action.startswith("kms:") for action in as_list(statement["Action"])):
                via = statement["Condition"]["StringEquals"]["kms:ViaService"]
                services |= {as_list(variant["Fn::Sub"])[0] for variant in branches(via)}
    # The URL suffix differs in China.
    of_a_secret_elsewhere = "secretsmanager.${SecretRegion}.${AWS::URLSuffix}"
    in_this_region = {f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}" for name in SERVICES_WITH_KEYS}
    assert services == in_this_region | {of_a_secret_elsewhere}


def test_roles_belong_to_lambda_or_cloudwatch_logs_and_are_within_the_permissions_boundary(
    stack: JsonObject,
) -> None:
    boundary = {
        "Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]
    }
    of_logs = stack["Resources"][ROLE_OF_CLOUDWATCH_LOGS]["Properties"]
    for role in roles(stack):
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        service = "logs" if role is of_logs else "lambda"
        assert trust["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert role["PermissionsBoundary"] == boundary
        assert not {"ManagedPolicyArns", "RoleName"} & set(role)


# --- access to the queues ---


@pytest.mark.parametrize("queue", ["DeadLetterQueue", "ParkedQueue"])
def test_a_queue_refuses_requests_without_tls(queue: str, stack: JsonObject) -> None:
    policy = stack["Resources"][f"{queue}Policy"]["Properties"]
    assert policy["Queues"] == [{"Ref": queue}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert {name: value for name, value in statement.items() if name != "Sid"} == {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": {"Fn::GetAtt": [queue, "Arn"]},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


# --- the API key ---


def test_the_api_key_is_used_only_in_the_secret(template: JsonObject, stack: JsonObject) -> None:
    assert template["Parameters"]["ApiKey"]["NoEcho"] is True
    holders = [name for name, resource in stack["Resources"].items() if refers(resource, "ApiKey")]
    assert holders == ["ApiKeySecret"]
    assert not refers(stack["Outputs"], "ApiKey")
    assert stack["Resources"]["ApiKeySecret"]["Properties"]["SecretString"] == {"Ref": "ApiKey"}


def refers(value: object, parameter: str) -> bool:
    text = json.dumps(value)
    return json.dumps({"Ref": parameter}) in text or f"${{{parameter}}}" in text


# --- partitions ---


def test_no_partition_account_or_region_is_hard_coded(stack: JsonObject) -> None:
    text = json.dumps([stack["Resources"], stack["Outputs"]])
    assert "arn:aws" not in text
    assert "us-east-1" not in text
    assert not re.search(r"(sqs|ssm|kms|secretsmanager|kinesis)[^\"]*amazonaws\.com", text)
