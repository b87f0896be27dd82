"""A stack for each test: real HTTP to a local ingest API, AWS emulated in this process."""

import io
import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from loginformant_shipper import telemetry
from loginformant_shipper.dead_letters import sqs
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.sending.senders import ThreadedSenders
from loginformant_shipper.log_group_tags import LogGroupTags
from loginformant_shipper.pipeline import Environment
from loginformant_shipper.settings import load_settings
from moto import mock_aws

from local.ingest_api import IngestApi, Request, ingest_api
from tests.emulated_services import VARIABLES, emulated_services
from tests.integration.accounting import KEY, Stack
from tests.integration.dead_letter_queue import VISIBILITY_TIMEOUT, Queues
from tests.integration.emulated_queue import REGION
from tests.integration.leaping_clock import LeapingSenders

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

DEFAULT_POLICY = Policy()
ONE_AT_A_TIME = Policy(max_in_flight=1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make an uncaught exception in a thread fail the test, not warn."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"))


@dataclass(frozen=True)
class Aws:
    """An AWS account in this process, empty except for what tests create."""

    sqs: "SQSClient"
    secrets: "SecretsManagerClient"
    ssm: "SSMClient"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as environ, mock_aws(), emulated_services() as address:
        for variable in VARIABLES:
            environ.setenv(variable, address)
        environ.setenv("AWS_CONFIG_FILE", "/dev/null")
        environ.setenv("AWS_DEFAULT_REGION", REGION)
        environ.setenv("AWS_REGION", REGION)
        # A client for each endpoint: a Lambda environment has only one, these tests have several.
        make_client = cache(lambda endpoint, make=sqs._sqs_client.__wrapped__: make())
        environ.setattr(sqs, "_sqs_client", lambda: make_client(os.environ.get("AWS_ENDPOINT_URL_SQS")))
        yield Aws(boto3.client("sqs"), boto3.client("secretsmanager"), boto3.client("ssm"))


@pytest.fixture
def secret_arn(aws: Aws) -> str:
    """Create a secret with the API key; return its ARN."""
    return aws.secrets.create_secret(Name=f"api-key-{uuid4()}", SecretString=KEY)["ARN"]


@pytest.fixture
def queue_url(aws: Aws) -> str:
    return aws.sqs.create_queue(QueueName=f"dead-letter-queue-{uuid4()}")["QueueUrl"]


@pytest.fixture
def batches_of_ten(environ: dict[str, str]) -> None:
    """Limit batches to ten logs, for tests that need several batches of few logs."""
    environ["BATCH_MAX_LOGS"] = "10"


OnRequest = list[Callable[[Request], None]]


@pytest.fixture
def on_request() -> OnRequest:
    """Return a list of functions that are called in the thread of each request before it is answered."""
    return []


@pytest.fixture
def api(on_request: OnRequest) -> Iterator[IngestApi]:
    def call(request: Request) -> None:
        for each in on_request:
            each(request)

    with ingest_api(keys={KEY}, on_request=call) as api:
        yield api


@pytest.fixture
def environ(api: IngestApi, secret_arn: str, queue_url: str) -> dict[str, str]:
    """Return the environment variables of the function."""
    return {
        "AWS_REGION": REGION,
        "INGEST_URL": api.url,
        "API_KEY_SECRET_ARN": secret_arn,
        "DEAD_LETTER_QUEUE_URL": queue_url,
    }


class CurrentStandardOutput(io.TextIOBase):
    """Writes to the current `sys.stdout`; a log handler would keep the one from when it was created."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)


@pytest.fixture
def read_output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Return a function that returns what was written to standard output and error since its last call."""
    for handler in telemetry.logger.handlers:
        monkeypatch.setattr(handler, "stream", CurrentStandardOutput())

    def read() -> str:
        captured = capsys.readouterr()
        return captured.out + captured.err

    return read


MakeStack = Callable[..., Stack]


@pytest.fixture
def make_stack(
    api: IngestApi, aws: Aws, environ: dict[str, str], read_output: Callable[[], str]
) -> MakeStack:
    """Return a function that creates a stack with its API key; arguments replace defaults and settings."""

    def make(
        *,
        policy: Policy = DEFAULT_POLICY,
        to: IngestApi = api,
        key: str | None = KEY,
        real_clock: bool = False,
        rng: Callable[[], float] = random.random,
        **settings: Any,
    ) -> Stack:
        chosen = replace(load_settings(environ), **{"ingest_url": to.url, **settings})
        threaded = ThreadedSenders(chosen)
        senders = threaded if real_clock else LeapingSenders(threaded, to)
        memory = EnvironmentState(byte_limit=chosen.batch_max_bytes, key=key)
        tags = LogGroupTags(chosen.tag_properties, chosen.log_group_arns)
        return Stack(to, Environment(chosen, senders, memory, policy, tags, rng), aws.sqs, read_output)

    return make


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    return make_stack()


@pytest.fixture
def parked_url(aws: Aws) -> str:
    return aws.sqs.create_queue(QueueName=f"parked-queue-{uuid4()}")["QueueUrl"]


class MakeQueues:
    def __init__(self, make_stack: MakeStack, aws: Aws, queue_url: str, parked_url: str) -> None:
        self._make_stack, self._queue_url, self._parked_url = make_stack, queue_url, parked_url
        aws.sqs.set_queue_attributes(
            QueueUrl=queue_url, Attributes={"VisibilityTimeout": str(VISIBILITY_TIMEOUT)}
        )

    def __call__(self, **named: Any) -> Queues:
        """Create queues before a stack; arguments replace defaults, as for `make_stack`."""
        usual = {"policy": ONE_AT_A_TIME, "parked_queue_url": self._parked_url, "batch_max_logs": 500}
        return Queues(self._make_stack(**usual | named), self._parked_url, self._queue_url)


@pytest.fixture
def make_queues(make_stack: MakeStack, aws: Aws, queue_url: str, parked_url: str) -> MakeQueues:
    return MakeQueues(make_stack, aws, queue_url, parked_url)


@pytest.fixture
def queues(make_queues: MakeQueues) -> Queues:
    return make_queues()
