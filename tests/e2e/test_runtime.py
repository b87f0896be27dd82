"""The built shipper under Lambda's own runtime, with the environment that the deployed stack gives it."""

import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.faults import Fault, Manner
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from local.reckoning import DeadLetter, dead_letters
from tests.e2e.conftest import Deployment
from tests.e2e.lambda_runtime import function_path, lambda_runtime

pytestmark = pytest.mark.e2e
OF_LAMBDA = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
)
MODULES_OF_THE_HANDLER = """
import app, json, sys
print(json.dumps({name: getattr(module, "__file__", None) for name, module in sys.modules.items()}))
"""
GROUP = "/aws/lambda/under-the-runtime"


@pytest.fixture
def api() -> Iterator[IngestApi]:
    with ingest_api(keys={LOCAL_KEY}) as api:
        yield api


@pytest.fixture
def variables(deployment: Deployment, api: IngestApi) -> dict[str, str]:
    """Return the variables of the deployed function with those of Lambda, and another ingest API."""
    account, outputs = deployment.stack.account, deployment.stack.outputs
    function = account.client("lambda").get_function_configuration(
        FunctionName=outputs["ShipperFunctionName"]
    )
    return {
        **function["Environment"]["Variables"],
        **{name: account.environment[name] for name in OF_LAMBDA},
        "INGEST_URL": api.url,
    }


def subscription_event(*messages: str) -> dict[str, Any]:
    payload = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": GROUP,
        "logStream": "stream",
        "subscriptionFilters": ["filter"],
        "logEvents": [
            {"id": str(number), "timestamp": 1_793_699_410_000 + number, "message": message}
            for number, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()}}


def dead_letters_of_group(deployment: Deployment) -> list[DeadLetter]:
    return [letter for letter in dead_letters(deployment.stack) if letter.attributes["LogGroup"] == GROUP]


def test_the_shipper_ships_events_and_returns_its_counts(
    deployment: Deployment, api: IngestApi, variables: dict[str, str], tmp_path: Path
) -> None:
    with lambda_runtime(deployment.stack.build, variables, timeout_seconds=120, folder=tmp_path) as runtime:
        answer = runtime.invoke(subscription_event("[ERROR] no stock left", "INFO all well", " "))

    assert answer == {
        "received": 3,
        "filtered": 1,
        "delivered": 2,
        "deadLettered": 0,
        "returned": 0,
        "requests": 1,
    }
    assert [(log["message"], log["level"]) for log in api.logs] == [
        ("[ERROR] no stock left", "Error"),
        ("INFO all well", "Information"),
    ]


def test_warm_invocations_use_one_connection(
    deployment: Deployment, api: IngestApi, variables: dict[str, str], tmp_path: Path
) -> None:
    with lambda_runtime(deployment.stack.build, variables, timeout_seconds=120, folder=tmp_path) as runtime:
        for number in range(3):
            runtime.invoke(subscription_event(f"event {number}"))

    assert [log["message"] for log in api.logs] == ["event 0", "event 1", "event 2"]
    assert api.connections == 1


def test_the_function_ends_in_time_when_the_ingest_api_hangs(
    deployment: Deployment, api: IngestApi, variables: dict[str, str], tmp_path: Path
) -> None:
    api.fault(Fault(manner=Manner.HANG, times=None))
    with lambda_runtime(deployment.stack.build, variables, timeout_seconds=30, folder=tmp_path) as runtime:
        answer = runtime.invoke(subscription_event("nobody answers"))

    assert (answer["received"], answer["deadLettered"]) == (1, 1)
    (letter,) = dead_letters_of_group(deployment)
    assert letter.attributes["Reason"] == "out_of_time"
    assert [event.message for event in letter.events] == ["nobody answers"]


def test_a_function_that_takes_too_long_is_stopped_by_lambda(
    deployment: Deployment, variables: dict[str, str], tmp_path: Path
) -> None:
    too_much = subscription_event(*["one of very many log events"] * 500_000)
    with lambda_runtime(deployment.stack.build, variables, timeout_seconds=1, folder=tmp_path) as runtime:
        answer = runtime.invoke(too_much)

    assert "Task timed out after 1.00 seconds" in answer


def test_the_handler_starts_from_the_build_alone_and_without_boto3(
    deployment: Deployment, variables: dict[str, str], tmp_path: Path
) -> None:
    build = deployment.stack.build

    output = subprocess.run(
        [sys.executable, "-S", "-c", MODULES_OF_THE_HANDLER],
        env={**variables, "PYTHONPATH": function_path(build, tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout

    modules = json.loads(output)
    assert modules["app"] == str(build / "ShipperFunction" / "app.py")
    for name, layer in {
        "loginformant_shipper": "ShippingLayer",
        "orjson": "DependenciesLayer",
        "urllib3": "DependenciesLayer",
        "aws_lambda_powertools": "DependenciesLayer",
    }.items():
        assert modules[name].startswith(str(build / layer / "python"))
    assert {"boto3", "botocore.session"}.isdisjoint(modules)  # Powertools loads botocore's package only
