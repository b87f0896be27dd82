"""Interim, surplus, malformed and early answers of a raw server, with TLS and without."""

import random
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

import pytest
import trustme
from loginformant_shipper.delivery.policy import Policy

from tests.integration.accounting import KEY, Shipment, Stack
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
    return ship_events(make_stack, server, log_events(logs), **options)


def ship_events(
    make_stack: MakeStack, server: RawServer, events: Sequence[Mapping[str, object]], **options: object
) -> dict[str, int]:
    """Ship log events, one request at a time."""
    stack: Stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True, **options)
    return stack.ship(subscription_event(events))


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
            counts = ship_events(make_stack, server, large)
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
            counts = ship_events(make_stack, server, large)
        assert counts["delivered"] == 100
        assert counts["requests"] <= 7

    def test_an_early_200_delivers_nothing(
        self,
        make_stack: MakeStack,
        tls: ssl.SSLContext | None,
        large: list[dict[str, object]],
        environ: dict[str, str],
    ) -> None:
        """The server cannot have accepted logs that it has not received. All 100 counted as delivered."""
        environ["BATCH_MAX_LOGS"] = "500"

        def serve(server: RawServer, connection: RawConnection) -> None:
            headers = connection.read_headers()
            if headers is not None and connection.number == 0:
                connection.write(answer(200, b"{}", b"Connection: close"))
            elif headers is not None:
                connection.drain(int(headers["content-length"]))
                connection.write(OK)

        with raw_server(serve, tls) as server:
            counts = ship_events(make_stack, server, large)
        assert (counts["delivered"], counts["requests"]) == (100, 2)


HTML = b"Content-Type: text/html; charset=utf-8"
CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n"
PAGES = {
    "a page that asks for a log-in": answer(200, b"<html>please log in</html>", HTML),
    "an error page of a content delivery network": answer(
        200, b"\n<!DOCTYPE html>\n<title>Sorry</title>", HTML
    ),
    "a page that begins with a byte order mark": answer(
        200, b"\xef\xbb\xbf<HTML>", b"content-type: TEXT/HTML"
    ),
    "a page that begins with a comment": answer(201, b"<!-- blocked --><html></html>", HTML),
    "XHTML": answer(200, b"<?xml version='1.0'?><html/>", b"Content-Type: application/xhtml+xml"),
    "a page that is cut off": CUT_OFF,
    "a challenge of AWS WAF, without a page": answer(202, b"", b"x-amzn-waf-action: challenge"),
}
NO_PAGES = {
    "JSON that is called HTML": answer(200, b'{"accepted": 10}', HTML),
    "an empty answer that is called HTML": answer(200, b"", HTML),
    "HTML that is called JSON": answer(200, b"<html>", b"Content-Type: application/json"),
}


class TestPages:
    """A 2xx with an HTML page is not an answer of the ingest API: a firewall or a proxy sent it."""

    @staticmethod
    def reach(make_stack: MakeStack, page: bytes, blocked: Callable[[list[str]], bool]) -> Shipment:
        """Ship thirty logs to an API with something before it that answers blocked requests with a page."""

        def serve(server: RawServer, connection: RawConnection) -> None:
            while (found := connection.read_ids()) is not None:
                if not blocked(found):
                    server.accepted += found
                    connection.write(OK)
                    continue
                connection.write(page)
                if page is CUT_OFF:
                    return

        rng = random.Random(1).random
        with raw_server(serve) as server:
            stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True, rng=rng)
            counts = stack.ship(subscription_event(log_events(30)))
            shipment = stack.look(counts, 0.0)
            assert Counter(server.accepted) == Counter(set(ids(30)) - set(shipment.dead))
        return shipment

    @pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
    def test_no_log_that_was_answered_by_a_page_counts_as_delivered(
        self, make_stack: MakeStack, page: bytes
    ) -> None:
        shipment = self.reach(make_stack, page, lambda found: True)
        assert shipment.by_reason() == {"misconfigured": 30}

    @pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
    def test_only_the_log_that_a_firewall_blocks_is_not_delivered(
        self, make_stack: MakeStack, page: bytes
    ) -> None:
        """All ten logs of its batch counted as delivered."""
        shipment = self.reach(make_stack, page, lambda found: ids(30)[17] in found)
        assert shipment.dead == [ids(30)[17]]

    @pytest.mark.parametrize("answered", NO_PAGES.values(), ids=NO_PAGES)
    def test_an_answer_that_is_no_page_counts_as_delivered(
        self, make_stack: MakeStack, answered: bytes
    ) -> None:
        with raw_server(serving(lambda number: answered)) as server:
            counts = ship_to(make_stack, server, 20)
        assert counts["delivered"] == 20

    def test_an_html_page_with_an_error_status_is_reported_like_any_other(
        self, make_stack: MakeStack
    ) -> None:
        page = answer(503, b"<html>nothing here</html>", b"Content-Type: text/html")
        with raw_server(serving(lambda number: page)) as server:
            stack = make_stack(ingest_url=server.url, policy=ONE_AT_A_TIME, real_clock=True)
            shipment = stack.look(stack.ship(subscription_event(log_events(10)), seconds=3), 0.0)
        assert shipment.by_reason() == {"unavailable": 10}


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
