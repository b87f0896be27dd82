"""Redacted values are in no request, no dead-letter message and no log line."""

import json
from collections.abc import Iterator
from threading import Event

import boto3
import pytest
from loginformant_shipper.events import Origin
from loginformant_shipper.names import Detector
from loginformant_shipper.pipeline import DeadLetterError, ship

from local.faults import Fault
from tests.integration.accounting import RESERVE, Shipment, Stack
from tests.integration.conftest import Aws, MakeStack
from tests.integration.payloads import (
    JsonObject,
    data_of,
    kinesis_event,
    log_event,
    log_events,
    payload,
    subscription_event,
)

EVER = None

KEY_LINES = [
    f"{number:02d}" + "MIIEowIBAAKCAQEAy8Dbv8prpJ/0kKhlGeJYozo2t60EG8L0561g13R29LvMR5"[:62]
    for number in range(5)
]
SECRETS = {
    "e-mail": "alice.b@example.com",
    "card": "4111111111111111",
    "card with blanks": "5555 5555 5555 4444",
    "AWS key id": "AKIAIOSFODNN7EXAMPLE",
    "AWS secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "bearer token": "mF9.B5f-4.1JqM",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9",
    "address": "203.0.113.77",
    "IPv6 address": "2001:db8::8a2e:370:7334",
    "social security number": "078-05-1120",
    "IBAN": "DE89370400440532013000",
    "what the pattern finds": "hunter2",
    **{f"key, line {number}": line for number, line in enumerate(KEY_LINES)},
}

SENTENCES = [
    f"mail to {SECRETS['e-mail']} from {SECRETS['address']}",
    f"paid with {SECRETS['card with blanks']}, IBAN {SECRETS['IBAN']}",
    f"aws_access_key_id={SECRETS['AWS key id']} aws_secret_access_key={SECRETS['AWS secret']}",
    f"Authorization: Bearer {SECRETS['bearer token']}",
    f"Cookie: session={SECRETS['JSON web token']}; SSN {SECRETS['social security number']}",
    f"connection from [{SECRETS['IPv6 address']}]:443 refused",
    "login of bob with password=hunter2",
]


def events_with_secrets() -> list[JsonObject]:
    """Return secrets as text, in JSON, in JSON in JSON, over several events, and in extracted fields."""
    fields = {
        "card": int(SECRETS["card"]),
        "mail": SECRETS["e-mail"].replace("@", "\\u0040"),
        "secretAccessKey": SECRETS["AWS secret"],
        "text": "\n".join(SENTENCES),
    }
    structured = json.dumps(fields).replace("\\\\u0040", "\\u0040").replace("/", "\\/")
    messages = [
        *SENTENCES,
        structured,
        json.dumps({"log": structured, "stream": "stdout"}),
        f"2026-11-03T10:00:00.000Z\t11111111-2222-4333-8444-555555555555\tERROR\t{structured}",
        *["-----BEGIN PRIVATE KEY-----", *KEY_LINES[:3], "-----END PRIVATE KEY-----"],
        "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(KEY_LINES[3:]),
        "Traceback (most recent call last):",
        '  File "/var/task/app.py", line 7, in handler',
        f"ValueError: {SECRETS['e-mail']} is no customer",
    ]
    events = [log_event(number, message) for number, message in enumerate(messages)]
    extracted = {"ip": SECRETS["address"], "card": SECRETS["card"], "user": "bob", "login": SENTENCES[-1]}
    return [*events, log_event(len(events), "GET / 200", extractedFields=extracted)]


@pytest.fixture
def stack(environ: dict[str, str], make_stack: MakeStack) -> Stack:
    environ["REDACT"] = ",".join(Detector)
    environ["REDACT_PATTERN"] = r"password=\S+"
    return make_stack()


def whatever_left(shipment: Shipment) -> Iterator[str]:
    for request in shipment.requests:
        assert request.logs
        yield json.dumps(request.logs, ensure_ascii=False)
    for letter in shipment.dead_letters:
        yield json.dumps(letter.attributes, ensure_ascii=False)
        yield json.dumps(letter.events, ensure_ascii=False)
        yield letter.body
    yield shipment.output
    yield json.dumps(shipment.answer)


def leaks(shipment: Shipment) -> list[str]:
    left = "\n".join(whatever_left(shipment))
    unescaped = left.replace("\\", "")
    return [name for name, secret in SECRETS.items() if secret in left or secret in unescaped]


def test_leaks_are_found_without_redaction(make_stack: MakeStack) -> None:
    stack = make_stack()
    shipment = stack.ship_and_account(subscription_event(events_with_secrets()))
    assert leaks(shipment) == list(SECRETS)


def test_requests_contain_no_secrets(stack: Stack) -> None:
    shipment = stack.ship_and_account(subscription_event(events_with_secrets()))
    assert shipment.counts()[:2] == (len(events_with_secrets()), 0)
    assert leaks(shipment) == []


def test_a_redacted_log_keeps_its_level_and_its_fields(stack: Stack) -> None:
    shipment = stack.ship_and_account(subscription_event(events_with_secrets()))
    structured = [log for log in shipment.logs if log["properties"].get("card")]
    assert [log["properties"]["card"] for log in structured] == ["[redacted:credit-card]"] * len(structured)
    assert "Error" in [log["level"] for log in structured]
    [trace] = [log for log in shipment.logs if "exception" in log]
    assert trace["level"] == "Error"
    assert str(trace["exception"]).endswith("ValueError: [redacted:email] is no customer")


def test_redaction_keeps_the_values_of_redacted_map_keys_and_all_digits_of_numbers(stack: Stack) -> None:
    text = (
        '{"logins":{"alice@example.com":1,"bob@example.com":2,"203.0.113.7":3,"203.0.113.8":4},'
        '"share":0.1234567890123456789012345,"id":12345678901234567890123}'
    )
    [log] = stack.ship_and_account(subscription_event([log_event(0, text)])).logs
    assert log["properties"]["logins"] == {
        "[redacted:email]": 1,
        "[redacted:email] 2": 2,
        "[redacted:ip-address]": 3,
        "[redacted:ip-address] 2": 4,
    }
    sent = json.dumps(log)
    assert "0.1234567890123456789012345" in sent
    assert "12345678901234567890123" in sent


@pytest.mark.parametrize("status", [400, 401, 404, 413, 503])
def test_dead_letters_and_log_lines_contain_no_secrets_that_an_answer_quotes(
    status: int, stack: Stack
) -> None:
    quoted = (
        "not valid: "
        + "; ".join(SENTENCES)
        + f' {{"card":{SECRETS["card"]}}} '
        + "\n".join(["-----BEGIN PRIVATE KEY-----", *KEY_LINES])
    )
    stack.api.fault(Fault(status=status, body=quoted, times=EVER))
    shipment = stack.ship_and_account(subscription_event(events_with_secrets()))
    assert shipment.counts()[:2] == (0, len(events_with_secrets()))
    assert leaks(shipment) == []
    assert {letter.detail[:32] for letter in shipment.dead_letters} == {"not valid: mail to [redacted:ema"}
    assert shipment.output


def test_redaction_applies_to_kinesis_and_to_replay(stack: Stack) -> None:
    stack.api.fault(Fault(status=404, times=3))
    shipment = stack.ship_and_account(kinesis_event(data_of(payload(events_with_secrets()))))
    assert leaks(shipment) == []
    [letter] = shipment.dead_letters
    again = stack.ship_and_account(json.loads(letter.body))
    assert leaks(again) == []
    assert again.counts()[:2] == (len(events_with_secrets()), 0)


def test_an_exception_that_lambda_logs_contains_no_secrets(stack: Stack, aws: Aws, queue_url: str) -> None:
    stack.api.fault(Fault(status=404, body="; ".join(SENTENCES), times=EVER))
    aws.sqs.delete_queue(QueueUrl=queue_url)
    with pytest.raises(DeadLetterError) as raised:
        ship(subscription_event(events_with_secrets()), stack.environment, RESERVE + 10)
    assert not [name for name, secret in SECRETS.items() if secret in str(raised.value)]


class TestFiltering:
    def test_filtered_events_are_counted_and_their_cause_is_logged(
        self, environ: dict[str, str], make_stack: MakeStack
    ) -> None:
        environ |= {"MINIMUM_LEVEL": "Information", "EXCLUDE_PATTERN": "GET /health", "INCLUDE_PATTERN": "e"}
        events = [
            log_event(0, "[DEBUG] cache hit"),
            log_event(1, "GET /health 200"),
            log_event(2, "a word"),
            log_event(3, "ERROR: broken pipe"),
            log_event(4, "Order placed"),
            log_event(5, " "),
        ]
        dropped = [event["id"] for event in (*events[:3], events[5])]
        shipment = make_stack().ship_and_account(subscription_event(events), filtered=dropped)
        assert shipment.answer["filtered"] == 4
        [metrics] = [json.loads(line) for line in shipment.output.splitlines()]
        assert metrics["filteredBy"] == {"level": 1, "excludePattern": 1, "includePattern": 1, "blank": 1}

    def test_a_filter_pattern_is_applied_to_redacted_text(
        self, environ: dict[str, str], make_stack: MakeStack
    ) -> None:
        environ |= {"REDACT": "email", "EXCLUDE_PATTERN": "alice"}
        shipment = make_stack().ship_and_account(subscription_event([log_event(0, "to alice@example.com")]))
        assert [log["message"] for log in shipment.logs] == ["to [redacted:email]"]

    def test_sampling_the_same_events_again_gives_the_same_sample(
        self, environ: dict[str, str], make_stack: MakeStack
    ) -> None:
        environ["SAMPLE_PERCENT"] = "25"
        stack = make_stack()
        event = subscription_event(log_events(400))
        delivered = [set(stack.look(stack.ship(event), 0.0).delivered) for _ in range(2)]
        assert delivered[0] == delivered[1]
        assert 60 < len(delivered[0]) < 140

    def test_every_log_has_the_tags_of_its_log_group(
        self, environ: dict[str, str], make_stack: MakeStack
    ) -> None:
        environ["TAG_PROPERTIES"] = "team,stage,owner"
        environ["PROPERTIES"] = "stage=production"
        environ["LOG_GROUP_ARNS"] = f"arn:aws:logs:{environ['AWS_REGION']}:123456789012:log-group:"
        logs = boto3.client("logs", region_name=environ["AWS_REGION"])
        logs.create_log_group(logGroupName="/aws/lambda/orders", tags={"team": "orders", "stage": "x"})
        events = [log_event(0), log_event(1, **{"@aws.account": "210987654321"})]
        stack = make_stack()
        orders = Origin("123456789012", "/aws/lambda/orders", "stream")
        pause = Event()
        for _ in range(300):  # the first logs may have no tags if CloudWatch Logs answers late
            stack.environment.tags.begin_invocation()
            if stack.environment.tags.of(orders):
                break
            pause.wait(0.1)
        first, second = stack.ship_and_account(subscription_event(events)).logs
        assert (first["properties"]["team"], first["properties"]["stage"]) == ("orders", "production")
        assert "owner" not in first["properties"]
        assert "team" not in second["properties"]
        through_kinesis = kinesis_event(
            data_of(payload([log_event(2)])), data_of(payload([log_event(3)], owner="210987654321"))
        )
        ours, others = stack.ship_and_account(through_kinesis).logs
        assert ours["properties"]["team"] == "orders"
        assert "team" not in others["properties"]

    def test_every_log_has_the_configured_properties(
        self, environ: dict[str, str], make_stack: MakeStack
    ) -> None:
        environ["PROPERTIES"] = "stage=production,team=orders"
        events = [log_event(0), log_event(1, '{"message":"x","team":"payments"}')]
        first, second = make_stack().ship_and_account(subscription_event(events)).logs
        assert (first["properties"]["stage"], first["properties"]["team"]) == ("production", "orders")
        assert (second["properties"]["team"], second["properties"]["log.team"]) == ("orders", "payments")
