"""Only an answer that SQS itself can have given counts as stored, and no answer ends an invocation."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5

import pytest
from loginformant_shipper.pipeline import DeadLetterError
from loginformant_shipper.settings import QUEUE_ATTEMPTS

from local.faults import Fault
from tests.integration.accounting import Stack
from tests.integration.conftest import MakeQueues
from tests.integration.dead_letter_queue import Queues
from tests.integration.payloads import log_events, subscription_event
from tests.integration.raw_server import RawConnection, RawServer, answer, raw_server

PAGE = b"<html><body>Please accept the acceptable use policy</body></html>"
NOT_FROM_SQS = {
    "a page": answer(200, PAGE, b"Content-Type: text/html"),
    "an empty 200": answer(200, b""),
    "204": answer(204, b""),
    "another JSON object": answer(200, b'{"error":"blocked"}'),
    "a wrong MD5": answer(200, json.dumps({"MessageId": "1", "MD5OfMessageBody": "0" * 32}).encode()),
    "a page in latin-1": answer(200, "<p>Zugriff f\xfcr Sie verweigert".encode("latin-1")),
    "a list": answer(200, b"[]"),
    "null": answer(200, b"null"),
}

Answers = Callable[[bytes], bytes]
"""Returns the answer to a request with this body."""


@contextmanager
def queue_that_answers(monkeypatch: pytest.MonkeyPatch, answers: Answers) -> Iterator[RawServer]:
    """Run a server instead of SQS; `accepted` has the operations that were requested."""

    def serve(server: RawServer, connection: RawConnection) -> None:
        while (headers := connection.read_headers()) is not None:
            server.accepted.append(headers["x-amz-target"].removeprefix("AmazonSQS."))
            body = connection.read_body(int(headers["content-length"]))
            connection.write(answers(body or b""))

    with raw_server(serve) as server, monkeypatch.context() as elsewhere:
        elsewhere.setenv("AWS_ENDPOINT_URL_SQS", server.url)
        yield server


@pytest.mark.parametrize("odd", NOT_FROM_SQS.values(), ids=NOT_FROM_SQS)
class TestAnswersThatAreNotFromSqs:
    def test_an_event_that_is_not_stored_is_left_to_lambda(
        self, stack: Stack, odd: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.api.fault(Fault(status=404, times=None))
        with (
            queue_that_answers(monkeypatch, lambda body: odd),
            pytest.raises(DeadLetterError, match="nor stored"),
        ):
            stack.ship(subscription_event(log_events(3)))

    def test_a_record_that_is_not_parked_is_returned(
        self, queues: Queues, odd: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Such a record was deleted before, and its only other copy was the one that SQS never received."""
        queues.put("not json")
        queues.put_letter(log_events(3))
        records = queues.receive()
        with queue_that_answers(monkeypatch, lambda body: odd) as server:
            replayed = queues.invoke(records)
        assert replayed.counts() == (3, 0, 1)
        assert replayed.returned == [records[0]["messageId"]]
        assert server.accepted == ["SendMessage", "ChangeMessageVisibilityBatch"]


def stored(body: bytes) -> bytes:
    """Return the answer of SQS to SendMessage."""
    text = json.loads(body)["MessageBody"]
    digest = md5(text.encode(), usedforsecurity=False).hexdigest()
    return answer(200, json.dumps({"MessageId": "1", "MD5OfMessageBody": digest}).encode())


def refused(code: str, query_error: str = "") -> bytes:
    """Return an error of SQS ("Making requests with the AWS JSON protocol", Amazon SQS Developer Guide)."""
    headers = [b"Content-Type: application/x-amz-json-1.0"]
    if query_error:
        headers.append(f"x-amzn-query-error: {query_error};Sender".encode())
    return answer(
        400, json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "no"}).encode(), *headers
    )


REFUSED_FOR_A_MOMENT = [
    refused("KmsThrottled", "KMS.ThrottlingException"),
    refused("KmsThrottled"),
    refused("InvalidSignatureException"),
]


class TestRefusals:
    @pytest.fixture(autouse=True)
    def no_pauses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(random, "uniform", lambda least, most: 0.0)

    @pytest.mark.parametrize("refusal", REFUSED_FOR_A_MOMENT, ids=["KMS", "KMS without header", "signature"])
    def test_a_refusal_that_passes_is_tried_again(
        self, make_queues: MakeQueues, refusal: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack = make_queues().stack
        stack.api.fault(Fault(status=404, times=None))
        answers = iter([refusal, refusal])
        with queue_that_answers(monkeypatch, lambda body: next(answers, None) or stored(body)) as server:
            assert stack.ship(subscription_event(log_events(3)))["deadLettered"] == 3
        assert server.accepted == ["SendMessage"] * 3

    @pytest.mark.parametrize(
        ("refusal", "attempts"),
        [(REFUSED_FOR_A_MOMENT[0], QUEUE_ATTEMPTS), (refused("InvalidMessageContents"), 1)],
    )
    def test_a_refusal_is_not_tried_again_forever_and_others_not_at_all(
        self, stack: Stack, refusal: bytes, attempts: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.api.fault(Fault(status=404, times=None))
        with queue_that_answers(monkeypatch, lambda body: refusal) as server, pytest.raises(DeadLetterError):
            stack.ship(subscription_event(log_events(3)))
        assert server.accepted == ["SendMessage"] * attempts
