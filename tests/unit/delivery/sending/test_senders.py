import gc
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

import boto3
import pytest
import trustme
from loginformant_shipper.delivery.sending.clock import Clock
from loginformant_shipper.delivery.sending.http_client import MAX_BODY_BESIDE_HEADERS, Connection, Outcome
from loginformant_shipper.delivery.sending.senders import THREAD, KeyFetched, SendEnded, ThreadedSenders
from loginformant_shipper.settings import load_settings

from local.faults import Fault, Manner
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from tests.unit.sample_data import ENVIRON, settings

BODY = b'{"logs":[{"level":"Error","message":"x"}]}'
LONG = 60.0


def senders_to(api: IngestApi) -> ThreadedSenders:
    return ThreadedSenders(settings(INGEST_URL=api.url))


def status_of(senders: ThreadedSenders, ticket: int) -> int | None:
    senders.send(ticket, BODY, LOCAL_KEY, LONG)
    ended = senders.wait(LONG)
    assert isinstance(ended, SendEnded)
    assert ended.ticket == ticket
    return ended.outcome.status


def test_consecutive_requests_share_a_connection() -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        assert [status_of(senders, ticket) for ticket in (1, 2, 3)] == [200, 200, 200]
        assert api.connections == 1


def test_concurrent_requests_complete_in_any_order() -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        for ticket in (1, 2, 3):
            senders.send(ticket, BODY, LOCAL_KEY, LONG)
        ended = [senders.wait(LONG) for _ in range(3)]
        assert {it.ticket for it in ended if it} == {1, 2, 3}
        assert len(api.logs) == 3


def sender_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == THREAD}


def test_a_connection_keeps_its_thread_and_the_thread_ends_with_it() -> None:
    with ingest_api() as api:
        before = sender_threads()
        senders = senders_to(api)
        assert [status_of(senders, ticket) for ticket in (1, 2)] == [200, 200]
        [thread] = sender_threads() - before
        del senders
        gc.collect()
        thread.join(LONG)
        assert not thread.is_alive()


def test_waiting_ends_after_its_time_without_a_completion() -> None:
    senders = ThreadedSenders(settings())
    assert senders.wait(0.0) is None
    assert senders.wait(-5.0) is None


def test_the_completion_of_an_abandoned_request_is_ignored_and_its_connection_is_not_used_again() -> None:
    with ingest_api() as api:
        before = sender_threads()
        senders = senders_to(api)
        api.fault(Fault(manner=Manner.HANG))
        senders.send(1, BODY, LOCAL_KEY, LONG)
        assert api.wait_for(lambda: len(api.requests) == 1, LONG)
        assert senders.abandon(1) is None
        [thread] = sender_threads() - before
        late = senders.wait(LONG)
        assert isinstance(late, SendEnded)
        assert (late.ticket, late.outcome.status) == (1, None)
        thread.join(LONG)
        assert not thread.is_alive()
        assert status_of(senders, 2) == 200
        assert api.connections == 2


def test_the_status_of_an_answer_that_was_not_yet_seen_counts_when_its_request_is_abandoned() -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        senders.send(1, BODY, LOCAL_KEY, LONG)
        completed = senders._completions.get(timeout=LONG)
        assert isinstance(completed, SendEnded)
        answered = senders.abandon(1)
        assert answered is not None
        assert answered.status == 200


def test_the_answer_to_an_earlier_request_does_not_count_for_one_that_never_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        assert status_of(senders, 1) == 200
        monkeypatch.setattr(senders._idle[0], "_requests", SimpleQueue())  # its thread never runs
        senders.send(2, BODY, LOCAL_KEY, LONG)
        assert senders.abandon(2) is None


def test_a_request_that_could_not_begin_can_be_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery abandons every request that it began; an exhausted memory must not be hidden by that."""

    def exhausted(*arguments: object) -> None:
        raise MemoryError

    senders = ThreadedSenders(settings())
    monkeypatch.setattr("loginformant_shipper.delivery.sending.senders.Connection", exhausted)
    with pytest.raises(MemoryError):
        senders.send(1, BODY, LOCAL_KEY, LONG)
    assert senders.abandon(1) is None


# Requests that `wait` sends in the calling thread


@pytest.fixture
def connected() -> Iterator[tuple[IngestApi, ThreadedSenders]]:
    """Return an ingest API, and senders with one open connection to it."""
    with ingest_api() as api:
        senders = senders_to(api)
        assert status_of(senders, 1) == 200
        yield api, senders


def threads_that_post(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the name of the thread of each request is added."""
    names: list[str] = []
    post = Connection.post

    def posting(self: Connection, body: bytes, key: str, seconds: float) -> Outcome:
        names.append(threading.current_thread().name)
        return post(self, body, key, seconds)

    monkeypatch.setattr(Connection, "post", posting)
    return names


CALLER = "MainThread"


def test_a_short_request_on_an_open_connection_is_sent_by_the_thread_that_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = threads_that_post(monkeypatch)
    with ingest_api() as api:
        senders = senders_to(api)
        assert [status_of(senders, ticket) for ticket in (1, 2, 3)] == [200, 200, 200]
        assert (len(api.logs), api.connections) == (3, 1)
    assert threads == [THREAD, CALLER, CALLER]


def test_a_long_request_is_sent_by_its_thread(
    connected: tuple[IngestApi, ThreadedSenders], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, senders = connected
    threads = threads_that_post(monkeypatch)
    senders.send(2, BODY.replace(b"x", b"x" * MAX_BODY_BESIDE_HEADERS), LOCAL_KEY, LONG)
    assert isinstance(senders.wait(LONG), SendEnded)
    assert threads == [THREAD]


def test_concurrent_short_requests_are_sent_by_their_threads(
    connected: tuple[IngestApi, ThreadedSenders], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, senders = connected
    threads = threads_that_post(monkeypatch)
    for ticket in (2, 3, 4):
        senders.send(ticket, BODY, LOCAL_KEY, LONG)
    ended = [senders.wait(LONG) for _ in range(3)]
    assert {it.ticket for it in ended if it} == {2, 3, 4}
    assert len(api.logs) == 4
    assert threads == [THREAD] * 3


def test_waiting_for_less_than_the_time_of_a_request_does_not_wait_for_its_answer(
    connected: tuple[IngestApi, ThreadedSenders],
) -> None:
    api, senders = connected
    api.fault(Fault(manner=Manner.HANG))
    senders.send(2, BODY, LOCAL_KEY, LONG)
    assert senders.wait(0.01) is None
    assert api.wait_for(lambda: len(api.requests) == 2, LONG)
    assert senders.abandon(2) is None


def test_tls_inside_tls_is_left_to_the_thread_of_the_connection(
    connected: tuple[IngestApi, ThreadedSenders], monkeypatch: pytest.MonkeyPatch
) -> None:
    """urllib3's socket for an https proxy has no timeout for all that one read does."""
    _, senders = connected
    connection = senders._idle[0].connection
    assert connection.is_connected
    monkeypatch.setattr(connection._connection, "sock", object())
    assert not connection.is_connected


def test_a_connection_that_the_server_has_closed_is_opened_again_by_its_thread(
    connected: tuple[IngestApi, ThreadedSenders], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name lookup cannot be interrupted."""
    api, senders = connected
    connectors: list[str] = []
    connect = socket.getaddrinfo

    def connecting(*arguments: Any, **options: Any) -> Any:
        connectors.append(threading.current_thread().name)
        return connect(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", connecting)
    connection = senders._idle[0].connection._connection
    assert connection is not None
    connection.sock.shutdown(socket.SHUT_RDWR)
    assert status_of(senders, 2) == 200
    assert connectors == [THREAD]
    assert (len(api.logs), api.connections) == (2, 2)


@contextmanager
def slow_answer(beginning: bytes, then: bytes, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve requests, of which each but the first gets `beginning`, and then a byte of `then` every 10 ms."""
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            connection.recv(65536)
            connection.sendall(beginning)
            while not stop.wait(0.01):
                connection.sendall(then)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


@pytest.fixture(scope="module")
def tls_settings(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, dict[str, str]]:
    """Return the TLS of a server, and the settings with which it is trusted."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    bundle = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(bundle)
    return tls, {"CA_BUNDLE": str(bundle)}


@pytest.mark.parametrize("is_tls", [False, True])
@pytest.mark.parametrize(
    "beginning", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nX: "]
)
def test_an_answer_that_does_not_end_in_time_leaves_the_request_under_way_until_it_is_abandoned(
    beginning: bytes, is_tls: bool, tls_settings: tuple[ssl.SSLContext, dict[str, str]]
) -> None:
    """The timeout of a socket never passes, since each byte comes in time."""
    tls, trusting = tls_settings if is_tls else (None, {})
    with slow_answer(beginning, b"x", tls) as url:
        senders = ThreadedSenders(settings(INGEST_URL=url, **trusting))
        assert status_of(senders, 1) == 200
        senders.send(2, BODY, LOCAL_KEY, 0.5)
        begun = time.monotonic()
        assert senders.wait(0.5) is None
        assert 0.5 <= time.monotonic() - begun < LONG / 2
        assert senders.abandon(2) is None
        assert senders._idle == []


def test_the_thread_of_an_abandoned_request_ends_without_garbage_collection() -> None:
    """The collector is disabled during an invocation."""
    before = sender_threads()
    with slow_answer(b"HTTP/1.1 200 OK\r\nX: ", b"x") as url:
        senders = ThreadedSenders(settings(INGEST_URL=url))
        assert status_of(senders, 1) == 200
        [thread] = sender_threads() - before
        gc.disable()
        try:
            senders.send(2, BODY, LOCAL_KEY, 0.1)
            assert senders.wait(0.1) is None
            assert senders.abandon(2) is None
            thread.join(LONG)
            assert not thread.is_alive()
        finally:
            gc.enable()


def test_the_status_of_an_answer_whose_body_does_not_end_in_time_counts() -> None:
    with slow_answer(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 9999\r\n\r\n", b"x") as url:
        senders = ThreadedSenders(settings(INGEST_URL=url))
        assert status_of(senders, 1) == 200
        senders.send(2, BODY, LOCAL_KEY, 2.0)
        ended = senders.wait(2.0)
    assert isinstance(ended, SendEnded)
    assert (ended.outcome.status, ended.outcome.retry_after) == (429, 7.0)


def test_a_held_request_that_is_abandoned_is_not_sent(connected: tuple[IngestApi, ThreadedSenders]) -> None:
    api, senders = connected
    senders.send(2, BODY, LOCAL_KEY, LONG)
    assert senders.abandon(2) is None
    assert senders.wait(0.01) is None
    assert status_of(senders, 3) == 200
    assert len(api.requests) == 2


def test_a_held_request_whose_time_is_up_is_not_sent(connected: tuple[IngestApi, ThreadedSenders]) -> None:
    api, senders = connected
    senders.send(2, BODY, LOCAL_KEY, 0.0)
    assert senders.wait(0.0) is None
    assert senders.abandon(2) is None
    assert len(api.requests) == 1


def test_the_time_of_a_frozen_environment_counts_from_the_next_invocation_on() -> None:
    calendar = iter([1000.0, 1900.0])
    senders = ThreadedSenders(settings(), Clock(lambda: 5.0, lambda: next(calendar)))
    assert senders.now() == 5.0
    senders.begin_invocation()
    assert senders.now() == 905.0


def test_after_a_request_without_an_answer_no_idle_connection_is_used() -> None:
    """All may be dead if a firewall has forgotten them. One by one they took the time of an invocation."""
    with ingest_api() as api:
        senders = senders_to(api)
        for ticket in (1, 2, 3):
            senders.send(ticket, BODY, LOCAL_KEY, LONG)
        for _ in range(3):
            senders.wait(LONG)
        connections = api.connections
        assert connections > 1
        api.fault(Fault(manner=Manner.HANG))
        senders.send(4, BODY, LOCAL_KEY, LONG)
        assert senders.wait(0.1) is None
        senders.abandon(4)
        assert senders.wait(LONG)  # the end of the abandoned request
        assert status_of(senders, 5) == 200
        assert api.connections == connections + 1


def test_an_unexpected_error_while_the_key_is_read_is_a_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("with a key")

    monkeypatch.setattr("loginformant_shipper.delivery.sending.senders.fetch_api_key", fail)
    senders = ThreadedSenders(settings())
    senders.fetch_key(1)
    assert senders.wait(LONG) == KeyFetched(1, None, "unexpected RuntimeError")


def test_a_fetched_key_is_a_completion(aws: None) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="key", SecretString="k-1")["ARN"]
    senders = ThreadedSenders(load_settings({**ENVIRON, "API_KEY_SECRET_ARN": arn}))
    senders.fetch_key(5)
    assert senders.wait(LONG) == KeyFetched(5, "k-1", "")


def test_a_key_that_cannot_be_read_is_a_completion(aws: None) -> None:
    senders = ThreadedSenders(settings())
    senders.fetch_key(5)
    completion = senders.wait(LONG)
    assert isinstance(completion, KeyFetched)
    assert completion.key is None
    assert completion.detail.startswith("secret arn:")
