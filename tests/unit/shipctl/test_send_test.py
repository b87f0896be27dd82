"""`shipctl send-test` sends one log with the shipper, and reports the result with the cause."""

import json
from typing import Any

import pytest
from loginformant_shipper.events import ControlMessage, SubscriptionMessage
from loginformant_shipper.wire.decoding import decode
from shipctl import options, probes, send_test
from shipctl.installation.functions import Function
from shipctl.installation.installation import Invocation

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run

WHY = json.dumps({"reason": "unauthorized", "status": 401, "detail": "unknown key", "events": 1})


@pytest.fixture
def comes_of_it(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(options, "find_stack", lambda *_: fake.stack())

    def answer(invocation: Invocation) -> list[bytes]:
        sent: list[bytes] = []

        def invoke(stack: object, function: Function, payload: bytes) -> Invocation:
            assert function is Function.SHIPPER
            sent.append(payload)
            return invocation

        monkeypatch.setattr(send_test, "invoke", invoke)
        return sent

    return answer


def test_a_delivered_log_is_reported(shipctl: Run, comes_of_it: Any) -> None:
    [sent] = [comes_of_it(Invocation("", {"delivered": 1}, ""))]
    result = shipctl("send-test", "--message", "hello")
    assert result.exit_code == 0
    assert result.stdout.startswith("Delivered in ")
    [message] = decode(json.loads(sent[0]), 1 << 20)
    assert isinstance(message, SubscriptionMessage)
    assert (message.origin.log_group, message.events[0].message) == ("shipctl/send-test", "hello")


UNTRUSTED = '{"reason": "misconfigured", "detail": "SSLError: [SSL: CERTIFICATE_VERIFY_FAILED]"}'
REFUSED_BY_PROXY = '{"reason": "misconfigured", "detail": "ProxyError: Tunnel connection failed: 407"}'


@pytest.mark.parametrize(
    ("invocation", "why"),
    [
        (
            Invocation("", {"delivered": 0, "deadLettered": 1}, f"START\n{WHY}\nEND"),
            "LogInformant rejected the API key (unauthorized 401: unknown key)",
        ),
        (
            Invocation("", {"deadLettered": 1}, '{"reason": "unavailable", "status": 503}'),
            "LogInformant is down (unavailable 503)",
        ),
        (
            Invocation("", {"deadLettered": 1}, '{"reason": "unavailable", "detail": "Failed to resolve x"}'),
            "the host name of IngestUrl cannot be resolved (unavailable: Failed to resolve x)",
        ),
        (
            Invocation("", {"deadLettered": 1}, '{"reason": "unavailable", "detail": "a Retry-After lasts"}'),
            "LogInformant was down and sent Retry-After",
        ),
        (
            Invocation("", {"deadLettered": 1}, '{"reason": "unavailable", "detail": "ReadTimeout"}'),
            "LogInformant did not answer (unavailable: ReadTimeout)",
        ),
        (
            Invocation(
                "", {"deadLettered": 1}, '{"reason": "misconfigured", "status": 200, "detail": "<html>"}'
            ),
            "not LogInformant's ingest API (misconfigured 200: <html>)",
        ),
        (
            Invocation("", {"deadLettered": 1}, UNTRUSTED),
            "the certificate of what answers is not trusted (misconfigured: SSLError: ",
        ),
        (
            Invocation("", {"deadLettered": 1}, REFUSED_BY_PROXY),
            "the proxy refuses the connection (misconfigured: ProxyError: ",
        ),
        (Invocation("", {"deadLettered": 1}, ""), "see the shipper's log for the reason"),
        (Invocation("", {"filtered": 1}, ""), "it was filtered out"),
        (Invocation("no module named app", {}, ""), "the shipper failed: no module named app"),
    ],
)
def test_a_log_that_is_not_delivered_is_reported_with_the_cause(
    shipctl: Run, comes_of_it: Any, invocation: Invocation, why: str
) -> None:
    comes_of_it(invocation)
    result = shipctl("send-test")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"Not delivered: {why}")
    assert ("It was stored in the dead-letter queue." in result.stdout) is (
        "deadLettered" in invocation.answer
    )
    assert "→ shipctl doctor" in result.stdout


def test_json_has_the_result_and_the_seconds(shipctl: Run, comes_of_it: Any) -> None:
    comes_of_it(Invocation("", {"delivered": 1}, ""))
    document = json.loads(shipctl("send-test", "--json").stdout)
    assert (document["delivered"], document["why"]) == (True, None)
    assert isinstance(document["seconds"], float)


@pytest.mark.parametrize("function", [Function.SHIPPER, Function.REPLAY])
def test_the_control_message_ships_nothing(function: Function) -> None:
    assert not [
        decoded
        for decoded in decode(json.loads(probes.control_message(function)), 1 << 20)
        if not isinstance(decoded, ControlMessage)
    ]
