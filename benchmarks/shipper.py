"""Run the shipper in a warm environment in this process, for measurements."""

import io
from contextlib import redirect_stdout
from typing import Any

from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.sending.senders import ThreadedSenders
from loginformant_shipper.pipeline import Environment, collecting_afterwards, freeze, ship
from loginformant_shipper.settings import load_settings

KEY = "a-key-that-nobody-checks"
REMAINING_SECONDS = 120.0
ENVIRON = {
    "API_KEY_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key",
    "DEAD_LETTER_QUEUE_URL": "http://127.0.0.1:9/123456789012/dead-letter",
    "AWS_REGION": "eu-west-1",
}
"""All settings except the address are the defaults. Nothing is read from or stored in these resources."""


def warm(url: str, **settings: str) -> Environment:
    """Return a warm environment, which has its API key."""
    environ = load_settings(ENVIRON | {"INGEST_URL": url} | settings)
    memory = EnvironmentState(byte_limit=environ.batch_max_bytes, key=KEY)
    policy = Policy(max_in_flight=environ.max_in_flight, request_timeout=environ.request_timeout_seconds)
    environment = Environment(environ, ThreadedSenders(environ), memory, policy)
    freeze()
    return environment


def deliver(event: dict[str, Any], environment: Environment) -> None:
    """Ship an event including metrics. Raises `AssertionError` unless everything is delivered or blank."""
    account = _ship(event, environment)
    assert account["delivered"] + account["filtered"] == account["received"], account


def store(event: dict[str, Any], environment: Environment) -> None:
    """Ship an event to an ingest API that is down. Raises `AssertionError` unless everything is stored."""
    account = _ship(event, environment)
    assert account["deadLettered"] + account["filtered"] == account["received"], account


def _ship(event: dict[str, Any], environment: Environment) -> dict[str, Any]:
    with redirect_stdout(io.StringIO()), collecting_afterwards():
        return ship(event, environment, REMAINING_SECONDS)
