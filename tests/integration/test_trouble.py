"""An ingest API that hangs, drips, resets, answers garbage, is unreachable, or cannot be trusted."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from loginformant_shipper.delivery.policy import Policy

from local.faults import Fault, Manner
from local.ingest_api import IngestApi, ingest_api
from tests.integration.accounting import KEY, Stack
from tests.integration.conftest import MakeStack
from tests.integration.payloads import log_event, log_events, subscription_event

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")
BROKEN = [Manner.RESET, Manner.RESET_MIDWAY, Manner.CUT, Manner.GARBAGE]
LONG = "so long an answer that nobody reads it to its end" * 1000


class TestBrokenAnswers:
    @pytest.mark.parametrize("manner", BROKEN)
    def test_broken_answers_are_retried(self, stack: Stack, manner: Manner) -> None:
        stack.api.fault(Fault(status=503, manner=manner, times=2))
        assert stack.ship_and_account(subscription_event(log_events(10))).counts() == (10, 0, 4)

    @pytest.mark.parametrize("manner", BROKEN)
    def test_broken_answers_are_unavailable_when_the_time_is_up(self, stack: Stack, manner: Manner) -> None:
        stack.api.fault(Fault(status=503, manner=manner, times=EVER))
        shipment = stack.ship_and_account(subscription_event(log_events(20)), seconds=20)
        assert shipment.by_reason() == {"unavailable": 20}
        assert shipment.answer["requests"] >= 4

    def test_a_lost_answer_causes_duplicates(self, stack: Stack) -> None:
        """Delivery is at least once: the contract has no means to make a repeated request harmless."""
        events = log_events(10)
        stack.api.fault(Fault(manner=Manner.RESET, keeps_logs=True))
        shipment = stack.ship_and_account(
            subscription_event(events), delivered_unknowingly=[event["id"] for event in events]
        )
        assert shipment.counts() == (10, 0, 2)

    def test_a_200_with_a_truncated_body_counts_as_delivered(self, stack: Stack) -> None:
        stack.api.fault(Fault(manner=Manner.CUT, body=LONG, keeps_logs=True))
        assert stack.ship_and_account(subscription_event(log_events(10))).counts() == (10, 0, 1)

    def test_a_200_with_an_endless_body_counts_as_delivered(self, make_stack: MakeStack) -> None:
        stack = make_stack(policy=Policy(request_timeout=2), real_clock=True)
        stack.api.fault(Fault(manner=Manner.DRIP, pause=0.001, body=LONG))
        assert stack.ship_and_account(subscription_event(log_events(10))).counts() == (10, 0, 1)

    def test_only_the_beginning_of_a_long_answer_is_kept(self, stack: Stack) -> None:
        stack.api.fault(Fault(status=400, body="x" * 10_000_000, times=EVER))
        shipment = stack.ship_and_account(subscription_event(log_events(1)))
        assert shipment.dead_letters[0].detail == "x" * 1024

    @pytest.mark.parametrize("text", ["", "\x00\ud7ff\ufffe\uffff\r\n\t", "ÿ" * 2000, "\U0001f600" * 600])
    def test_characters_that_sqs_forbids_are_removed_from_the_detail(self, stack: Stack, text: str) -> None:
        stack.api.fault(Fault(status=400, body=text, times=EVER))
        shipment = stack.ship_and_account(subscription_event(log_events(1)))
        [letter] = shipment.dead_letters
        assert len(letter.detail.encode()) <= 1024
        assert set(letter.detail) <= set(text) - set("\x00\ufffe\uffff")


class TestSlowAnswers:
    def test_a_slow_answer_is_awaited(self, stack: Stack) -> None:
        stack.api.fault(Fault(delay=0.3, times=2))
        assert stack.ship_and_account(subscription_event(log_events(20))).counts() == (20, 0, 2)

    def test_a_hanging_request_is_abandoned_and_retried(self, stack: Stack) -> None:
        stack.api.fault(Fault(manner=Manner.HANG))
        stack.senders.hangs = lambda request: request.number == 0
        shipment = stack.ship_and_account(subscription_event(log_events(10)))
        assert shipment.counts() == (10, 0, 2)
        assert stack.senders.starts[1] - stack.senders.starts[0] >= stack.environment.policy.request_timeout

    def test_a_hanging_request_does_not_delay_the_others(self, stack: Stack) -> None:
        stack.api.fault(Fault(manner=Manner.HANG, marker="the stuck one", times=EVER))
        stack.senders.hangs = lambda request: request.logs[0]["message"] == "the stuck one"
        events = [log_event(0, "the stuck one"), *log_events(49, first=1)]
        shipment = stack.ship_and_account(subscription_event(events), seconds=5)
        assert shipment.counts()[:2] == (40, 10)

    def test_an_api_that_only_hangs_is_unavailable(self, stack: Stack) -> None:
        stack.api.fault(Fault(manner=Manner.HANG, times=EVER))
        stack.senders.hangs = lambda request: True
        shipment = stack.ship_and_account(subscription_event(log_events(30)), seconds=10.3)
        assert shipment.by_reason() == {"unavailable": 30}
        assert shipment.dead_letters[0].detail == "no answer within 10 s"

    @pytest.mark.parametrize("manner", [Manner.DRIP, Manner.HANG])
    def test_the_request_timeout_is_measured_by_the_wall_clock(
        self, make_stack: MakeStack, manner: Manner
    ) -> None:
        """A read timeout restarts with each byte."""
        stack = make_stack(
            policy=Policy(request_timeout=0.2, min_attempt_seconds=0.05, backoff_base=0.01), real_clock=True
        )
        stack.api.fault(Fault(status=503, manner=manner, pause=0.1, body=LONG, times=EVER))
        shipment = stack.ship_and_account(subscription_event(log_events(10)), seconds=1.5)
        assert shipment.counts()[:2] == (0, 10)
        assert shipment.answer["requests"] >= 2
        assert set(shipment.by_reason()) <= {"unavailable", "out_of_time"}


class TestUnreachable:
    def test_a_refused_connection_is_unavailable(self, make_stack: MakeStack) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        stack = make_stack(ingest_url=f"http://127.0.0.1:{port}")
        shipment = stack.ship_and_account(subscription_event(log_events(20)), seconds=20)
        assert shipment.by_reason() == {"unavailable": 20}
        assert "refused" in shipment.dead_letters[0].detail
        assert "object at 0x" not in shipment.dead_letters[0].detail

    def test_an_unknown_host_name_is_unavailable(self, make_stack: MakeStack) -> None:
        stack = make_stack(ingest_url="https://ingest.invalid")
        shipment = stack.ship_and_account(subscription_event(log_events(6)), seconds=2)
        assert shipment.by_reason() == {"unavailable": 6}


@contextmanager
def api_over_tls(ca: trustme.CA, identity: str, not_after: datetime | None = None) -> Iterator[IngestApi]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(identity, not_after=not_after).configure_cert(context)
    with ingest_api(keys={KEY}, tls=context) as api:
        yield api


class TestTls:
    @pytest.fixture
    def ca(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
        """Return the one certificate authority that this process trusts."""
        ca, file = trustme.CA(), tmp_path / "ca.pem"
        ca.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        return ca

    def test_batches_are_delivered_over_kept_alive_tls_connections(
        self, ca: trustme.CA, make_stack: MakeStack
    ) -> None:
        with api_over_tls(ca, "127.0.0.1") as api:
            stack = make_stack(to=api)
            for number in range(3):
                event = subscription_event(log_events(10, first=10 * number))
                assert stack.ship_and_account(event).counts() == (10, 0, 1)
            assert api.connections == 1

    @pytest.mark.parametrize("manner", [Manner.RESET, Manner.CUT, Manner.GARBAGE, Manner.HANG])
    def test_broken_answers_are_retried_over_tls(
        self, ca: trustme.CA, make_stack: MakeStack, manner: Manner
    ) -> None:
        with api_over_tls(ca, "127.0.0.1") as api:
            stack = make_stack(to=api)
            stack.senders.hangs = lambda request: manner is Manner.HANG and request.number == 0
            api.fault(Fault(status=503, manner=manner))
            assert stack.ship_and_account(subscription_event(log_events(10))).counts() == (10, 0, 2)

    def test_a_certificate_of_an_unknown_authority_is_not_trusted(
        self, ca: trustme.CA, make_stack: MakeStack
    ) -> None:
        with api_over_tls(trustme.CA(), "127.0.0.1") as api:
            self.is_not_trusted(make_stack(to=api))

    def test_a_certificate_of_another_host_is_not_trusted(
        self, ca: trustme.CA, make_stack: MakeStack
    ) -> None:
        with api_over_tls(ca, "ingest.example") as api:
            self.is_not_trusted(make_stack(to=api))

    def test_an_expired_certificate_is_not_trusted(self, ca: trustme.CA, make_stack: MakeStack) -> None:
        with api_over_tls(ca, "127.0.0.1", datetime(2020, 1, 1, tzinfo=UTC)) as api:
            self.is_not_trusted(make_stack(to=api))

    def test_a_host_without_tls_is_unavailable(self, api: IngestApi, make_stack: MakeStack) -> None:
        stack = make_stack(ingest_url=api.url.replace("http:", "https:"))
        shipment = stack.ship_and_account(subscription_event(log_events(10)), seconds=3)
        assert shipment.by_reason() == {"unavailable": 10}

    def is_not_trusted(self, stack: Stack) -> None:
        """To wait does not help, so that the alarm for key and address must go off."""
        shipment = stack.ship_and_account(subscription_event(log_events(10)), seconds=3)
        assert shipment.by_reason() == {"misconfigured": 10}
        assert "certificate verify failed" in shipment.dead_letters[0].detail
        assert shipment.requests == []
        assert stack.api.connections > 0
