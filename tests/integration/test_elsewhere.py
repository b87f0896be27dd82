"""Logs and secrets of another region or account, and text that is not valid Unicode, over real HTTP."""

import tracemalloc

import boto3
from loginformant_shipper.settings import MIB

from tests.integration.accounting import KEY, Stack
from tests.integration.conftest import MakeStack
from tests.integration.emulated_queue import REGION
from tests.integration.payloads import log_event, log_events, subscription_event


def test_a_log_has_the_region_and_account_where_it_was_written(stack: Stack) -> None:
    system_fields = {"@aws.region": "us-east-1", "@aws.account": "210987654321"}
    elsewhere = log_event(0) | {"extractedFields": system_fields}
    shipment = stack.ship_and_account(subscription_event([elsewhere, log_event(1)], owner="123456789012"))
    places = {
        log["properties"]["eventId"]: (log["properties"]["region"], log["properties"]["accountId"])
        for log in shipment.logs
    }
    assert places == {
        elsewhere["id"]: ("us-east-1", "210987654321"),
        log_event(1)["id"]: (REGION, "123456789012"),
    }


def test_a_secret_of_another_region_is_read_from_that_region(
    make_stack: MakeStack, environ: dict[str, str]
) -> None:
    other_region = "us-east-1"
    assert other_region != REGION
    secrets = boto3.client("secretsmanager", region_name=other_region)
    environ["API_KEY_SECRET_ARN"] = secrets.create_secret(Name="elsewhere", SecretString=KEY)["ARN"]
    assert make_stack(key=None).ship_and_account(subscription_event(log_events(3))).counts() == (3, 0, 1)


def test_emoji_and_a_lone_surrogate_arrive_within_a_memory_bound(stack: Stack) -> None:
    text = "\N{GRINNING FACE}" * 50_000
    events = [log_event(number, text) for number in range(20)]
    events[7] = log_event(7, text + "\ud83d")
    event = subscription_event(events)
    inflated = sum(len(str(each["message"])) * 4 for each in events)
    tracemalloc.start()
    try:
        shipment = stack.ship_and_account(event)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert shipment.counts()[:2] == (20, 0)
    assert {log["message"].rstrip("�?") for log in shipment.logs} == {text}
    # The ingest API keeps the logs in the same process: measured 8. The shipper alone once took 14 times.
    assert peak < 10 * inflated, f"{peak / MIB:.0f} MiB for {inflated / MIB:.0f} MiB"
