"""The function as Lambda calls it: settings from the environment, the time left from the context."""

import importlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from loginformant_shipper.pipeline import forget

from local.ingest_api import IngestApi, ingest_api
from tests.integration.accounting import KEY, ids_of
from tests.integration.payloads import (
    JsonObject,
    data_of,
    kinesis_event,
    log_events,
    payload,
    subscription_event,
)

pytestmark = pytest.mark.usefixtures("batches_of_ten")
Handler = Callable[[JsonObject], dict[str, Any]]


@dataclass(frozen=True)
class Context:
    """The attributes of a Lambda context that the handler reads."""

    milliseconds: int = 120_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture(params=["http", "https"])
def address(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[IngestApi]:
    context = None
    if request.param == "https":
        ca, file = trustme.CA(), tmp_path / "ca.pem"
        ca.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(context)
    with ingest_api(keys={KEY}, tls=context) as api:
        yield api


@pytest.fixture
def handler(
    address: IngestApi, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Handler]:
    for name, value in (environ | {"INGEST_URL": address.url}).items():
        monkeypatch.setenv(name, value)
    forget()
    app = importlib.import_module("functions.shipper.app")
    yield lambda event: app.handler(event, Context())
    forget()


def test_warm_invocations_share_one_connection_and_one_key(
    handler: Handler, address: IngestApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = handler(subscription_event(log_events(10)))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # discard: the key is not fetched again
    second = handler(subscription_event(log_events(10, first=10)))
    assert (
        first
        == second
        == {
            "received": 10,
            "filtered": 0,
            "delivered": 10,
            "deadLettered": 0,
            "returned": 0,
            "requests": 1,
        }
    )
    assert [request.connection for request in address.requests] == [1, 1]
    assert address.connections == 1
    assert [i for log in address.logs for i in ids_of(log)] == [event["id"] for event in log_events(20)]


def test_the_handler_returns_a_partial_batch_response_to_kinesis(
    handler: Handler, address: IngestApi
) -> None:
    answer = handler(kinesis_event(data_of(payload(log_events(3)))))
    assert answer["delivered"] == len(address.logs) == 3
    assert answer["batchItemFailures"] == []
