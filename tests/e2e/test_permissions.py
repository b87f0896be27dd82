"""The template's roles and queue policies, in an account that enforces them.

The other tests of this folder run in an account that allows everything. Here a function may do what the
template's role for it allows, SQS asks the policies of the queues, and everything is reached over TLS. What
should work does; and with one permission taken away, what needs it fails as it is meant to.

The emulator asks no role for what Lambda itself does: taking messages for replay, writing logs. A function of
these tests with the same role does so in its place.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import urllib3
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from shipctl.dlq.letters import record_of

from events.wrap import wrap
from local.ingest_api import LOCAL_KEY, ingest_api
from local.reckoning import dead_letters, own_log, reckon, waiting
from local.samples import EVENTS, POISON, Sample, now, samples
from local.stack import PROJECT, Stack, deployed_stack, switch_auto_replay, updated_stack
from local.story import Story, subscribe_all, wait
from tests.e2e.conftest import LONG_AGO, Deployment, refused_twice, told

pytestmark = pytest.mark.e2e

LOG = PROJECT / ".build" / "local" / "test-permissions.log"
LOG_GROUP = "/aws/lambda/orders"
WANTED = [f"/wanted/{number}" for number in range(3)]
HIDDEN_SECONDS = 720
"""The visibility timeout of the dead-letter queue."""
TIME_TO_STORE = 30
"""A timeout with only a few seconds beyond the time that is reserved for the dead-letter queue."""

FUNCTIONS = ("Shipper", "Replay", "Subscriber")
BATCHED = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:SendMessage")

JsonObject = dict[str, Any]

PROBE = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    call = getattr(boto3.client(event["service"]), event["operation"])
    try:
        call(**event["parameters"])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
"""


@pytest.fixture(scope="module")
def enforced() -> Iterator[Deployment]:
    with ingest_api() as api:
        parameters = {
            "ApiKey": LOCAL_KEY,
            "IngestUrl": api.url,
            "AutoReplay": "false",
            "LogGroups": "/wanted/*",
            "SubscribeRequestsPerSecond": "5",
        }
        with deployed_stack(parameters, log=LOG, enforced=True) as stack:
            for function in FUNCTIONS:
                reword_for_the_emulator(stack, function)
            yield Deployment(stack, api)


def reword_for_the_emulator(stack: Stack, function: str) -> None:
    """Spell out in the policies of a role what AWS implies and the emulator does not.

    An action of SQS is that on several messages, too ("Amazon SQS batch actions", Amazon SQS Developer
    Guide). The ARN of a log group in a policy ends with `:*` ("LogGroup", Amazon CloudWatch Logs API
    Reference).
    """
    iam, name = stack.account.client("iam"), role(stack, function).rpartition("/")[2]
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
            batches = [f"{action}Batch" for action in actions if action in BATCHED]
            log_groups = [each.removesuffix(":*") for each in resources if ":log-group:/" in each]
            statement |= {"Action": actions + batches, "Resource": resources + log_groups}
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.fixture
def stack(enforced: Deployment) -> Stack:
    return enforced.stack


@pytest.fixture
def story(enforced: Deployment) -> Iterator[Story]:
    with told(enforced) as story:
        subscribe_all(story.stack, stock())
        yield story


def stock() -> list[Sample]:
    """Return one log stream with a poisonous log."""
    return [sample for sample in samples(now(), LOG_GROUP) if sample.log_group == LOG_GROUP]


def payload() -> JsonObject:
    """Return an event as CloudWatch Logs passes it to the shipper."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(EVENTS.glob("*.json"))]
    (orders,) = (each for each in found if each["logGroup"] == LOG_GROUP)
    return wrap(orders)


def invoke(stack: Stack, function: str, event: JsonObject) -> tuple[JsonObject, str]:
    """Return the function's answer and the kind of its error, or an empty text."""
    answer = stack.account.client("lambda").invoke(
        FunctionName=stack.outputs[f"{function}FunctionName"], Payload=json.dumps(event)
    )
    return json.loads(answer["Payload"].read()), answer.get("FunctionError", "")


def role(stack: Stack, function: str) -> str:
    """Return the ARN of a function's role."""
    found: str = stack.account.client("lambda").get_function_configuration(
        FunctionName=stack.outputs[f"{function}FunctionName"]
    )["Role"]
    return found


@contextmanager
def without(stack: Stack, function: str, policy: str) -> Iterator[None]:
    """Remove a policy from the function's role during a block."""
    iam, name = stack.account.client("iam"), role(stack, function).rpartition("/")[2]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    iam.delete_role_policy(RoleName=name, PolicyName=policy)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


@contextmanager
def denied(stack: Stack, function: str, action: str, resource: str) -> Iterator[None]:
    """Deny the function's role one action on one resource during a block."""
    iam, name = stack.account.client("iam"), role(stack, function).rpartition("/")[2]
    statement = {"Effect": "Deny", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="Denied", PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="Denied")


@contextmanager
def timing_out_after(stack: Stack, function: str, seconds: int) -> Iterator[None]:
    client, name = stack.account.client("lambda"), stack.outputs[f"{function}FunctionName"]
    before = client.get_function_configuration(FunctionName=name)["Timeout"]
    client.update_function_configuration(FunctionName=name, Timeout=seconds)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Timeout=before)


# --- shipper ---


def test_the_shipper_delivers_and_stores_what_it_cannot_deliver(story: Story) -> None:
    story.put(stock())
    reckoning = story.reckoning()

    assert reckoning.closes
    assert [event.message for event in reckoning.dead_lettered] == [POISON]
    assert len(reckoning.delivered) == len(story.events) - 1


def test_without_the_dead_letter_queue_the_invocation_raises(story: Story) -> None:
    story.bring_down()
    with without(story.stack, "Shipper", "StoreDeadLetters"):
        answer, error = invoke(story.stack, "Shipper", payload())

    assert error == "Unhandled"
    assert "neither delivered" in answer["errorMessage"]
    assert "AccessDenied" in answer["errorMessage"]
    assert "sqs:SendMessage" in answer["errorMessage"]
    assert waiting(story.stack) == 0


def test_without_the_key_no_request_is_made_and_everything_is_stored(story: Story) -> None:
    with (
        without(story.stack, "Shipper", "ReadApiKey"),
        timing_out_after(story.stack, "Shipper", TIME_TO_STORE),
    ):
        answer, error = invoke(story.stack, "Shipper", payload())
    (letter,) = story.dead_letters()

    assert error == ""
    assert answer["deadLettered"] == answer["received"] == len(letter.events)
    assert story.requests == []
    assert letter.attributes["Reason"] == "no_key"
    assert "AccessDenied" in letter.attributes["Detail"]


# --- replay ---


def test_replay_delivers_writes_back_and_finally_parks_refused_logs(story: Story) -> None:
    story.bring_down()
    story.put(stock())
    story.bring_up()
    switch_auto_replay(story.stack, True)
    try:
        wait("the queue did not empty itself", lambda: waiting(story.stack) == 0)
    finally:
        switch_auto_replay(story.stack, False)
    (refused,) = story.dead_letters()
    refused_twice(story)
    switch_auto_replay(story.stack, True)
    try:
        wait("the queue did not empty itself", lambda: waiting(story.stack) == 0)
    finally:
        switch_auto_replay(story.stack, False)
    (parked,) = dead_letters(story.stack, "ParkedQueueUrl")
    reckoning = reckon(story.events, story.logs, [parked])

    assert refused.attributes["Replays"].startswith("1 since "), "it was written to the dead-letter queue"
    assert parked.attributes["Replays"] == f"3 since {LONG_AGO}"
    assert [event.message for event in parked.events] == [POISON]
    assert reckoning.closes
    assert len(reckoning.delivered) == len(story.events) - 1


def test_replay_sets_when_the_messages_that_it_returns_become_visible(story: Story) -> None:
    record, hidden_until = taken_in_an_outage(story)
    answer, error = invoke(story.stack, "Replay", {"Records": [record]})

    assert error == ""
    assert answer["batchItemFailures"] == [{"itemIdentifier": record["messageId"]}]
    # Not at the end of its visibility timeout, but when the Retry-After of the outage is over.
    assert visible_at(story.stack) != hidden_until


def test_replay_returns_the_record_unchanged_without_access_to_its_queues(story: Story) -> None:
    """Some logs are delivered and the rest cannot be written: duplicates rather than loss."""
    record, hidden_until = taken_in_an_outage(story)
    story.bring_up()
    with without(story.stack, "Replay", "ReplayDeadLetters"):
        answer, error = invoke(story.stack, "Replay", {"Records": [record]})

    assert error == ""
    assert answer["batchItemFailures"] == [{"itemIdentifier": record["messageId"]}]
    assert answer["returned"] == 1
    assert answer["deadLettered"] == 0
    assert "AccessDenied" in json.dumps(answer["failures"])
    assert visible_at(story.stack) == hidden_until


def taken_in_an_outage(story: Story) -> tuple[JsonObject, int]:
    """Return a record received for replay in an outage, and the second until which it is hidden."""
    story.bring_down()
    story.put(stock())
    (message,) = story.stack.account.client("sqs").receive_message(
        QueueUrl=story.stack.outputs["DeadLetterQueueUrl"],
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
        VisibilityTimeout=HIDDEN_SECONDS,
    )["Messages"]
    record = {**record_of(message), "receiptHandle": message["ReceiptHandle"]}
    return record, visible_at(story.stack)


def visible_at(stack: Stack) -> int:
    """Return the Unix time when the message in the dead-letter queue is visible, which SQS does not show."""
    account, url = stack.account, stack.outputs["DeadLetterQueueUrl"]
    with urllib3.PoolManager(ca_certs=account.environment["AWS_CA_BUNDLE"]) as pool:
        answer = pool.request("GET", f"{account.endpoint}/_ministack/sqs/messages", fields={"QueueUrl": url})
    (regions,) = answer.json()["messages"].values()
    (queues,) = regions.values()
    ((message,),) = queues.values()
    found: int = message["VisibleAt"]
    return found


# --- subscriber ---


@pytest.fixture
def subscribed(stack: Stack) -> Callable[[], list[str]]:
    """Configure three log groups without a filter; return a function that lists those that have one."""
    logs, name = stack.account.client("logs"), f"{stack.name}-subscriber"
    for log_group in WANTED:
        with suppress(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName=log_group)
        logs.create_log_group(logGroupName=log_group)

    def found() -> list[str]:
        groups = logs.describe_log_groups()["logGroups"]
        return [group["logGroupName"] for group in groups if name in filters(stack, group["logGroupName"])]

    return found


def filters(stack: Stack, log_group: str) -> list[str]:
    found = stack.account.client("logs").describe_subscription_filters(logGroupName=log_group)
    return [each["filterName"] for each in found["subscriptionFilters"]]


EVERYTHING = {"reconcile": "everything"}


def test_the_subscriber_creates_and_removes_filters(
    stack: Stack, subscribed: Callable[[], list[str]]
) -> None:
    logs = stack.account.client("logs")
    logs.create_log_group(logGroupName="/not-wanted-any-more")
    logs.put_subscription_filter(
        logGroupName="/not-wanted-any-more",
        filterName=f"{stack.name}-subscriber",
        filterPattern="",
        destinationArn=stack.outputs["ShipperFunctionArn"],
    )
    answer, error = invoke(stack, "Subscriber", EVERYTHING)

    assert error == ""
    assert (answer["subscribed"], answer["unsubscribed"], answer["troubles"]) == (3, 1, 0)
    assert subscribed() == WANTED


def test_a_log_group_that_denies_access_is_named_and_stops_no_other(
    stack: Stack, subscribed: Callable[[], list[str]]
) -> None:
    with denied(stack, "Subscriber", "logs:PutSubscriptionFilter", f"arn:aws:logs:*:*:log-group:{WANTED[1]}"):
        answer, error = invoke(stack, "Subscriber", EVERYTHING)
    reports = [
        json.loads(line)
        for line in own_log(stack, "Subscriber")
        if "could not be subscribed as configured" in line
    ]

    assert error == ""
    assert (answer["subscribed"], answer["troubles"]) == (2, 1)
    assert subscribed() == [WANTED[0], WANTED[2]]
    (trouble,) = reports[-1]["log_groups"].items()
    assert trouble[0] == WANTED[1]
    assert trouble[1].startswith("denied: ")


def test_without_its_policy_the_subscriber_raises(stack: Stack, subscribed: Callable[[], list[str]]) -> None:
    with without(stack, "Subscriber", "KeepSubscriptionFilters"):
        answer, error = invoke(stack, "Subscriber", EVERYTHING)

    assert error == "Unhandled"
    assert "AccessDenied" in answer["errorMessage"]
    assert "logs:DescribeLogGroups" in answer["errorMessage"]
    assert subscribed() == []


def test_without_the_status_of_its_stack_the_subscriber_changes_filters_and_says_so(
    stack: Stack, subscribed: Callable[[], list[str]]
) -> None:
    with without(stack, "Subscriber", "SeeOwnStack"):
        answer, error = invoke(stack, "Subscriber", EVERYTHING)
    said = [
        line for line in own_log(stack, "Subscriber") if "the state of the stack could not be read" in line
    ]

    assert error == ""
    assert answer["subscribed"] == 3
    assert subscribed() == WANTED
    assert len(said) == 1
    assert "cloudformation:DescribeStacks" in said[0]


DELETION = {
    "RequestType": "Delete",
    "RequestId": "1",
    "StackId": "arn:aws:cloudformation:eu-west-1:000000000000:stack/another/1",
    "ResponseURL": "http://127.0.0.1:9/",
    "ResourceType": "Custom::Subscriptions",
    "LogicalResourceId": "Subscriptions",
    "PhysicalResourceId": "another-Subscriptions",
    "ResourceProperties": {},
}


def test_the_subscriber_may_invoke_itself_to_continue(stack: Stack) -> None:
    """All of the 76 s are reserved for a last request and an answer, so no log group is processed."""
    with timing_out_after(stack, "Subscriber", 76):
        with without(stack, "Subscriber", "InvokeItself"):
            _, error = invoke(stack, "Subscriber", DELETION)
        last_round = {"request": DELETION, "round": 3}
        answer, no_error = invoke(stack, "Subscriber", last_round)

    assert error == "Unhandled"
    assert any("lambda:InvokeFunction" in line for line in own_log(stack, "Subscriber"))
    assert no_error == ""
    assert answer["continued"] is True


# --- what the roles allow and deny ---


@pytest.fixture(scope="module")
def attempt(enforced: Deployment) -> Callable[..., str]:
    """Make a call with the role of a function; return `allowed` or the code of the error."""
    client = enforced.stack.account.client("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("probe.py", PROBE)
    for function in FUNCTIONS:
        client.create_function(
            FunctionName=f"as-{function}",
            Role=role(enforced.stack, function),
            Runtime="python3.13",
            Handler="probe.handler",
            Code={"ZipFile": code.getvalue()},
            Timeout=30,
        )

    def call(function: str, service: str, operation: str, **parameters: object) -> str:
        event = {"service": service, "operation": operation, "parameters": parameters}
        answer = client.invoke(FunctionName=f"as-{function}", Payload=json.dumps(event))
        found: str = json.loads(answer["Payload"].read())
        return found

    return call


def test_the_replay_role_allows_lambda_to_receive_from_the_dead_letter_queue(
    stack: Stack, attempt: Callable[..., str]
) -> None:
    sqs, queue = stack.account.client("sqs"), stack.outputs["DeadLetterQueueUrl"]
    sqs.purge_queue(QueueUrl=queue)
    sqs.send_message(QueueUrl=queue, MessageBody="to be taken")
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    handle = message["ReceiptHandle"]

    assert attempt("Replay", "sqs", "get_queue_attributes", QueueUrl=queue) == "allowed"
    assert attempt("Replay", "sqs", "receive_message", QueueUrl=queue) == "allowed"
    assert attempt("Replay", "sqs", "delete_message", QueueUrl=queue, ReceiptHandle=handle) == "allowed"
    assert waiting(stack) == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_role_of_a_function_allows_writing_only_its_own_log(
    function: str, stack: Stack, attempt: Callable[..., str]
) -> None:
    for other in FUNCTIONS:
        stream = {"logGroupName": stack.outputs[f"{other}LogGroupName"], "logStreamName": f"of-{function}"}
        line = {"timestamp": now(), "message": "written by the test of permissions"}
        expected = "allowed" if other == function else "AccessDeniedException"
        assert attempt(function, "logs", "create_log_stream", **stream) == expected
        assert attempt(function, "logs", "put_log_events", **stream, logEvents=[line]) == expected


def test_the_role_of_the_subscriber_allows_describing_only_its_own_stack(
    stack: Stack, attempt: Callable[..., str]
) -> None:
    client = stack.account.client("cloudformation")
    topic = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    client.create_stack(StackName="another", TemplateBody=topic)
    for name, expected in ((stack.name, "allowed"), ("another", "AccessDenied")):
        assert attempt("Subscriber", "cloudformation", "describe_stacks", StackName=name) == expected


def test_no_function_has_the_permissions_of_another(stack: Stack, attempt: Callable[..., str]) -> None:
    dead, parked = stack.outputs["DeadLetterQueueUrl"], stack.outputs["ParkedQueueUrl"]
    key = stack.outputs["ApiKeySecretArn"]
    another = stack.account.client("secretsmanager").create_secret(Name="another", SecretString="secret")
    subscription = {
        "logGroupName": stack.outputs["SubscriberLogGroupName"],
        "filterName": "own",
        "filterPattern": "",
        "destinationArn": stack.outputs["ShipperFunctionArn"],
    }
    shipper = stack.outputs["ShipperFunctionName"]
    forbidden = [
        attempt("Shipper", "sqs", "receive_message", QueueUrl=dead),
        attempt("Shipper", "sqs", "send_message", QueueUrl=parked, MessageBody="parked"),
        attempt("Shipper", "secretsmanager", "get_secret_value", SecretId=another["ARN"]),
        attempt("Shipper", "logs", "put_subscription_filter", **subscription),
        attempt("Replay", "sqs", "receive_message", QueueUrl=parked),
        attempt("Replay", "sqs", "purge_queue", QueueUrl=dead),
        attempt("Replay", "secretsmanager", "put_secret_value", SecretId=key, SecretString="other"),
        attempt("Subscriber", "secretsmanager", "get_secret_value", SecretId=key),
        attempt("Subscriber", "sqs", "send_message", QueueUrl=dead, MessageBody="dead"),
        attempt("Subscriber", "lambda", "invoke", FunctionName=shipper),
        attempt("Subscriber", "logs", "create_log_group", logGroupName="/made/by/the/subscriber"),
    ]
    assert {code.removesuffix("Exception") for code in forbidden} == {"AccessDenied"}, forbidden


# --- queue policies ---


@pytest.mark.parametrize("queue", ["DeadLetterQueueUrl", "ParkedQueueUrl"])
def test_a_queue_refuses_plain_http_even_from_the_root_user(queue: str, stack: Stack) -> None:
    client, url = stack.account.client("sqs"), stack.outputs[queue]
    client.send_message(QueueUrl=url, MessageBody="over TLS")
    client.meta.events.register("before-sign.sqs", over_http)
    try:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.send_message(QueueUrl=url, MessageBody="over http")
    finally:
        client.meta.events.unregister("before-sign.sqs", over_http)
    client.purge_queue(QueueUrl=url)


def over_http(request: AWSRequest, **_: object) -> None:
    """Send requests as if by plain http: the emulator serves only TLS, so a proxy says that it was http."""
    request.headers["X-Forwarded-Proto"] = "http"


# --- the key in a parameter: the last test, since it changes the stack ---


def test_the_key_is_read_from_an_encrypted_parameter(enforced: Deployment) -> None:
    enforced.stack.account.client("ssm").put_parameter(
        Name="/loginformant/api-key", Type="SecureString", Value=LOCAL_KEY
    )
    parameters = {"ApiKey": "", "ApiKeyParameterName": "/loginformant/api-key"}
    stack = updated_stack(enforced.stack, parameters, log=LOG)
    with told(Deployment(stack, enforced.api)) as story:
        answer, error = invoke(stack, "Shipper", payload())
        assert error == ""
        assert answer["delivered"] == answer["received"] - answer["filtered"] > 0
        with (
            without(stack, "Shipper", "ReadApiKey"),
            timing_out_after(stack, "Shipper", TIME_TO_STORE),
        ):
            answer, error = invoke(stack, "Shipper", payload())
        (letter,) = story.dead_letters()
        assert letter.attributes["Reason"] == "no_key"
        assert "ssm:GetParameter" in letter.attributes["Detail"]
