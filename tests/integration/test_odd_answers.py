"""Interim, surplus, malformed and early answers of a raw server, with TLS and without."""

import ssl
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import trustme
from loginformant_shipper.delivery.policy import Policy

from tests.integration.accounting import KEY, Stack
from tests.integration.conftest import Aws, MakeStack
from tests.integration.payloads import log_events, subscription_event
from tests.integration.raw_server import RawConnection, RawServer, answer, raw_server

pytestmark = pytest.mark.usefixtures("batches_of_ten")

OK = answer(200)
UNAVAILABLE = answer(503)
ONE_AT_A_TIME = Policy(max_in_flight=1)
Serve = Callable[[RawServer, RawConnection], None]


def ids(count: int) -> list[str]:
    return [event["id"] for event in log_events(count)]


def ship_to(make_stack: MakeStack, server: RawServer, logs: int, **options: object) -> dict[str, int]:
    """Ship a number of logs, ten in a request, one request at a time."""
    stack: Stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True, **options)
    return stack.ship(subscription_event(log_events(logs)))


def serving(answers: Callable[[int], bytes], *, keeps: Callable[[int], bool] = lambda number: True) -> Serve:
    """Return a server that answers each request by its number, and keeps its logs if `keeps` says so."""
    numbers = count()

    def serve(server: RawServer, connection: RawConnection) -> None:
        while (found := connection.read_ids()) is not None:
            number = next(numbers)
            if keeps(number):
                server.accepted += found
            connection.write(answers(number))

    return serve


INTERIM = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nContent-Length: 7\r\n\r\n",
    "104 and 199": b"HTTP/1.1 104 Named\r\nServer: x\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n",
    "many": b"HTTP/1.1 102 Processing\r\n\r\n" * 20,
}


class TestInterimAnswers:
    """RFC 9110, section 15.2: a client parses one or more of them before the final answer."""

    @pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
    def test_interim_answers_are_skipped_and_the_final_answer_counts(
        self, make_stack: MakeStack, interim: bytes
    ) -> None:
        with raw_server(serving(lambda number: interim + OK)) as server:
            counts = ship_to(make_stack, server, 80)
        assert (counts["delivered"], counts["requests"]) == (80, 8)
        assert server.accepted == ids(80)
        assert server.connections == 1

    @pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
    def test_no_log_is_lost_if_the_final_answer_is_an_error(
        self, make_stack: MakeStack, interim: bytes
    ) -> None:
        """Ten of eighty were lost: the next batch took the 200 of the previous batch as its own."""
        bad = 3

        def answers(number: int) -> bytes:
            return interim + (UNAVAILABLE if number == bad else OK)

        with raw_server(serving(answers, keeps=lambda number: number != bad)) as server:
            counts = ship_to(make_stack, server, 80)
        assert (counts["delivered"], counts["requests"]) == (80, 9)
        assert Counter(server.accepted) == Counter(ids(80))

    def test_no_log_is_lost_if_an_answer_comes_after_a_503(self, make_stack: MakeStack) -> None:
        """A gateway answers 503 for a server whose own answer arrives together with the next request."""

        def serve(server: RawServer, connection: RawConnection) -> None:
            is_late = False
            while (found := connection.read_ids()) is not None:
                if is_late:
                    connection.write(OK)  # the late answer: nothing of this request was kept
                elif len(server.accepted) == 30 and server.connections == 1:
                    is_late = True
                    connection.write(UNAVAILABLE)
                else:
                    server.accepted += found
                    connection.write(OK)

        with raw_server(serve) as server:
            counts = ship_to(make_stack, server, 80)
        assert counts["delivered"] == 80
        assert Counter(server.accepted) == Counter(ids(80))

    def test_an_answer_that_switches_protocols_does_not_count_as_an_answer(
        self, make_stack: MakeStack
    ) -> None:
        """The client did not ask to switch: RFC 9110, section 15.2.2."""

        def serve(server: RawServer, connection: RawConnection) -> None:
            found = connection.read_ids()
            if connection.number == 0:
                connection.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", OK)
            elif found is not None:
                server.accepted += found
                connection.write(OK)

        with raw_server(serve) as server:
            counts = ship_to(make_stack, server, 10)
        assert (counts["delivered"], counts["requests"]) == (10, 2)
        assert (server.accepted, server.connections) == (ids(10), 2)


ODD = {
    "a second answer in the same breath": OK + OK,
    "half of a second answer": OK + OK[:20],
    "bytes behind the answer": OK + b"\r\n",
    "a body with 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
    "a header that is none": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno header\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_a_connection_with_an_odd_answer_is_not_used_again(make_stack: MakeStack, odd: bytes) -> None:
    with raw_server(serving(lambda number: odd)) as server:
        counts = ship_to(make_stack, server, 40)
    assert (counts["delivered"], counts["requests"]) == (40, 4)
    assert server.accepted == ids(40)
    assert server.connections == 4


def test_a_surplus_answer_is_not_taken_for_that_of_the_next_request(make_stack: MakeStack) -> None:
    """It comes in two parts, the second when the next request is under way."""

    def serve(server: RawServer, connection: RawConnection) -> None:
        if (found := connection.read_ids()) is None:
            return
        if connection.number > 0:
            server.accepted += found
            connection.write(OK)
            return
        server.accepted += found
        connection.write(OK, b"HTTP/1.1 200 ")
        connection.read_ids()  # would be lost
        connection.write(b"OK\r\nContent-Length: 0\r\n\r\n")

    with raw_server(serve) as server:
        counts = ship_to(make_stack, server, 20)
    assert (counts["delivered"], counts["requests"]) == (20, 2)
    assert Counter(server.accepted) == Counter(ids(20))


class TestAnswersThatComeEarly:
    """The server has read the headers, answers and closes, while the body is still being written."""

    @pytest.fixture(params=["http", "https"])
    def tls(
        self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> ssl.SSLContext | None:
        if request.param == "http":
            return None
        ca, file = trustme.CA(), tmp_path / "ca.pem"
        ca.cert_pem.write_to_path(str(file))
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(context)
        return context

    @pytest.fixture
    def large(self, environ: dict[str, str]) -> list[dict[str, object]]:
        """Return log events whose body is too large for a socket's buffer."""
        environ["BATCH_MAX_BYTES"] = str(32 * 1024 * 1024)
        return [event | {"message": "x" * 200_000} for event in log_events(100)]

    def test_an_early_401_is_read_and_a_new_key_is_fetched(
        self,
        make_stack: MakeStack,
        aws: Aws,
        secret_arn: str,
        tls: ssl.SSLContext | None,
        large: list[dict[str, object]],
        environ: dict[str, str],
    ) -> None:
        environ["BATCH_MAX_LOGS"] = "500"
        aws.secrets.put_secret_value(SecretId=secret_arn, SecretString="a-fresh-key")

        def serve(server: RawServer, connection: RawConnection) -> None:
            while (headers := connection.read_headers()) is not None:
                if headers["x-api-key"] == KEY:
                    connection.write(answer(401, b"who are you?", b"Connection: close"))
                    return
                connection.drain(int(headers["content-length"]))
                connection.write(OK)

        with raw_server(serve, tls) as server:
            stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True)
            counts = stack.ship(subscription_event(large))
        assert (counts["delivered"], counts["requests"]) == (100, 2)

    def test_an_early_413_is_read_and_the_batch_is_halved(
        self,
        make_stack: MakeStack,
        tls: ssl.SSLContext | None,
        large: list[dict[str, object]],
        environ: dict[str, str],
    ) -> None:
        environ["BATCH_MAX_LOGS"] = "500"

        def serve(server: RawServer, connection: RawConnection) -> None:
            while (headers := connection.read_headers()) is not None:
                if int(headers["content-length"]) > 6_000_000:
                    connection.write(answer(413, b"too large", b"Connection: close"))
                    return
                connection.drain(int(headers["content-length"]))
                connection.write(OK)

        with raw_server(serve, tls) as server:
            stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True)
            counts = stack.ship(subscription_event(large))
        assert counts["delivered"] == 100
        assert counts["requests"] <= 7


class TestHtml:
    """An HTML page with the status 200, as of a proxy that asks for a log-in or of a wrong address."""

    def test_an_html_page_with_status_200_counts_as_delivered_and_is_logged_once(
        self, make_stack: MakeStack
    ) -> None:
        page = answer(200, b"<html>please log in</html>", b"Content-Type: text/html; charset=utf-8")
        with raw_server(serving(lambda number: page)) as server:
            stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True)
            stack.read_output()
            counts = [stack.ship(subscription_event(log_events(20)))["delivered"] for _ in range(3)]
            output = stack.read_output()
        assert counts == [20, 20, 20]
        assert output.count("answered with 2xx and HTML") == 1
        assert server.url in output

    def test_an_html_page_with_an_error_status_is_reported_like_any_other(
        self, make_stack: MakeStack
    ) -> None:
        page = answer(404, b"<html>nothing here</html>", b"Content-Type: text/html")
        with raw_server(serving(lambda number: page)) as server:
            stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True)
            stack.read_output()
            stack.ship(subscription_event(log_events(10)))
            output = stack.read_output()
        assert "answered 2xx" not in output


class TestConnectionsThatBreak:
    """Connections break while a large body is written; the cause may be its size or the key."""

    @pytest.fixture
    def large(self, environ: dict[str, str]) -> list[dict[str, object]]:
        environ["BATCH_MAX_LOGS"] = "500"
        environ["BATCH_MAX_BYTES"] = str(8 * 1024 * 1024)
        return [event | {"message": "x" * 50_000} for event in log_events(200)]

    def test_batches_are_halved_until_they_are_accepted(
        self, make_stack: MakeStack, large: list[dict[str, object]]
    ) -> None:
        def serve(server: RawServer, connection: RawConnection) -> None:
            while (headers := connection.read_headers()) is not None:
                if int(headers["content-length"]) > 1_500_000:
                    connection.reset()
                    return
                connection.drain(int(headers["content-length"]))
                connection.write(OK)

        with raw_server(serve) as server:
            stack = make_stack(ingest_url=server.url, real_clock=True)
            counts = stack.ship(subscription_event(large))
        assert counts["delivered"] == 200

    def test_a_new_key_is_fetched_if_connections_break(
        self, make_stack: MakeStack, aws: Aws, secret_arn: str, large: list[dict[str, object]]
    ) -> None:
        aws.secrets.put_secret_value(SecretId=secret_arn, SecretString="a-fresh-key")

        def serve(server: RawServer, connection: RawConnection) -> None:
            while (headers := connection.read_headers()) is not None:
                is_old, length = headers["x-api-key"] == KEY, int(headers["content-length"])
                if is_old and length > 200_000:
                    connection.reset()
                    return
                connection.drain(length)
                connection.write(answer(401) if is_old else OK)

        with raw_server(serve) as server:
            stack = make_stack(ingest_url=server.url, real_clock=True)
            counts = stack.ship(subscription_event(large))
        assert counts["delivered"] == 200
        assert counts["requests"] <= 20
