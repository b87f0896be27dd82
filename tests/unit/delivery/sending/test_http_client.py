import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper import __version__
from loginformant_shipper.delivery.sending.http_client import (
    MAX_ANSWER_BYTES,
    MAX_BODY_BESIDE_HEADERS,
    MAX_DETAIL_CHARACTERS,
    Connection,
    Outcome,
    retry_after_seconds,
    tls_context,
)
from loginformant_shipper.settings import SettingsError

from local.faults import Fault, Manner
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from tests.unit.connect_proxy import connect_proxy
from tests.unit.sample_data import settings

BODY = json.dumps({"logs": [{"level": "Error", "message": "x"}]}).encode()
CLIENT = "loginformant_shipper.delivery.sending.http_client"
LONG = 60.0
"""Timeout in seconds for tests that hang."""


@pytest.fixture
def api() -> Iterator[IngestApi]:
    with ingest_api() as api:
        yield api


def connection_to(url: str) -> Connection:
    return Connection(settings(INGEST_URL=url), None)


def post(api: IngestApi, key: str = LOCAL_KEY) -> Outcome:
    return connection_to(api.url).post(BODY, key, LONG)


# --- one request, one outcome ---


def test_a_request_is_what_the_ingest_api_documents(api: IngestApi) -> None:
    connection = Connection(settings(INGEST_URL=api.url), None)
    assert connection.post(BODY, LOCAL_KEY, LONG).status == 200
    [request] = api.requests
    assert (request.method, request.path) == ("POST", "/api/ingest/batch")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(BODY))
    assert request.headers["user-agent"] == f"loginformant-shipper/{__version__}"
    assert "transfer-encoding" not in request.headers
    assert [log["message"] for log in api.logs] == ["x"]


def test_a_short_request_is_written_at_once_and_a_long_one_without_a_copy_of_its_body(
    api: IngestApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = socket.socket.sendall
    long = json.dumps({"logs": [{"level": "Error", "message": "x" * 2 * MAX_BODY_BESIDE_HEADERS}]}).encode()
    connection = connection_to(api.url)

    def sendall(sock: socket.socket, data: bytes) -> None:
        if threading.current_thread() is threading.main_thread():  # not the API's answers
            written.append(len(data))
        write(sock, data)

    monkeypatch.setattr(socket.socket, "sendall", sendall)
    assert [connection.post(body, LOCAL_KEY, LONG).status for body in (BODY, long, BODY)] == [200] * 3
    assert len(written) == 4
    assert written[2] == len(long) - MAX_BODY_BESIDE_HEADERS
    assert [log["message"][:1] for log in api.logs] == ["x"] * 3


def test_each_request_on_a_connection_has_its_own_length_and_key(api: IngestApi) -> None:
    """The other headers are made once for all requests with a key."""
    connection = connection_to(api.url)
    longer = BODY.replace(b"x", b"x" * 2 * MAX_BODY_BESIDE_HEADERS)
    sent = [(BODY, LOCAL_KEY), (longer, LOCAL_KEY), (BODY, "another-key"), (BODY, LOCAL_KEY)]
    statuses = [connection.post(body, key, LONG).status for body, key in sent]
    assert statuses == [200, 200, 401, 200]
    assert [list(request.headers.items()) for request in api.requests] == [
        [
            ("host", api.url.removeprefix("http://")),
            ("accept-encoding", "identity"),
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("user-agent", f"loginformant-shipper/{__version__}"),
        ]
        for body, _ in sent
    ]


def test_a_base_address_may_have_a_path(api: IngestApi) -> None:
    assert connection_to(f"{api.url}/gateway/").post(BODY, LOCAL_KEY, LONG).status == 404
    assert api.requests[0].path == "/gateway/api/ingest/batch"


def test_requests_share_one_connection(api: IngestApi) -> None:
    connection = connection_to(api.url)
    api.fault(Fault(status=429), Fault(status=400, body="x" * 1000))
    assert [connection.post(BODY, LOCAL_KEY, LONG).status for _ in range(3)] == [429, 400, 200]
    assert api.connections == 1


@pytest.mark.parametrize("status", [200, 202, 204, 302, 307, 400, 401, 404, 413, 429, 500, 503])
def test_the_status_is_returned_and_nothing_is_tried_again(api: IngestApi, status: int) -> None:
    api.fault(Fault(status=status, body="" if status == 204 else "so it is", headers={"Location": "/other"}))
    outcome = post(api)
    assert outcome.status == status
    assert outcome.detail == ("" if status == 204 else "so it is")
    assert outcome.retry_after is None
    assert outcome.seconds > 0
    assert len(api.requests) == 1  # no redirect is followed, nothing is tried again


@pytest.mark.parametrize("manner", [Manner.RESET, Manner.GARBAGE])
def test_no_http_answer_is_an_outcome_without_status(api: IngestApi, manner: Manner) -> None:
    api.fault(Fault(manner=manner))
    outcome = post(api)
    assert outcome.status is None
    assert outcome.detail
    assert " object at 0x" not in outcome.detail
    assert len(api.requests) == 1


def test_a_refused_connection_is_an_outcome_without_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = connection_to(f"http://127.0.0.1:{port}").post(BODY, LOCAL_KEY, LONG)
    assert outcome.status is None
    assert "Connection refused" in outcome.detail
    assert " object at 0x" not in outcome.detail


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have one address of the loopback interface"
)
def test_an_address_that_does_not_answer_leaves_time_for_the_next_one(
    api: IngestApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first address took the whole time of every request."""
    port = int(api.url.rpartition(":")[2])
    look_up = socket.getaddrinfo

    def two_addresses(host: str, *arguments: Any, **options: Any) -> Any:
        if host != "localhost":
            return look_up(host, *arguments, **options)
        kind = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, ""
        return [(*kind, ("127.0.0.2", port)), (*kind, ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    with ExitStack() as opened:
        full = opened.enter_context(socket.socket())
        full.bind(("127.0.0.2", port))
        full.listen(0)
        for _ in range(4):  # Linux drops SYN packets to a queue that is full
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.2", port))
        outcome = connection_to(f"http://localhost:{port}").post(BODY, LOCAL_KEY, 2.0)
    assert outcome.status == 200
    assert 1.0 <= outcome.seconds < 2.0


@pytest.mark.parametrize("place", ["urllib3.util.connection.create_connection", f"{CLIENT}._read_answer"])
def test_an_unexpected_error_is_an_outcome_that_names_only_its_type(
    api: IngestApi, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """It ended the thread of the request, which then had no outcome."""

    def fail(*arguments: object, **options: object) -> None:
        raise AttributeError("of http://user:pa55word@proxy")

    connection = connection_to(api.url)
    with monkeypatch.context() as patch:
        patch.setattr(place, fail)
        outcome = connection.post(BODY, LOCAL_KEY, LONG)
    assert (outcome.status, outcome.detail) == (None, "unexpected AttributeError")
    assert connection.post(BODY, LOCAL_KEY, LONG).status == 200


def test_a_connection_is_usable_after_a_failed_request(api: IngestApi) -> None:
    connection = connection_to(api.url)
    api.fault(Fault(manner=Manner.RESET), Fault(manner=Manner.GARBAGE))
    assert [connection.post(BODY, LOCAL_KEY, LONG).status for _ in range(3)] == [None, None, 200]


@pytest.mark.parametrize("header", ["garbage", "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"])
def test_an_invalid_header_raises_nothing(api: IngestApi, header: str) -> None:
    api.fault(Fault(status=503, headers={"Retry-After": header, "Date": header}))
    assert post(api).retry_after is None


# --- what is kept of an answer ---


def test_only_the_beginning_of_an_answer_is_read(api: IngestApi) -> None:
    connection = connection_to(api.url)
    api.fault(Fault(status=400, body="x" * (MAX_ANSWER_BYTES * 4)))
    outcome = connection.post(BODY, LOCAL_KEY, LONG)
    assert outcome.detail == "x" * MAX_DETAIL_CHARACTERS
    assert connection.post(BODY, LOCAL_KEY, LONG).status == 200
    assert api.connections == 2  # the rest was not read


def test_the_key_is_scrubbed_from_an_answer(api: IngestApi) -> None:
    body = "x" * (MAX_DETAIL_CHARACTERS - 4) + LOCAL_KEY
    api.fault(Fault(status=401, body=f"{LOCAL_KEY} is not {LOCAL_KEY}"), Fault(status=401, body=body))
    assert post(api).detail == "*** is not ***"
    assert post(api).detail.endswith("x***")


def test_the_key_is_scrubbed_from_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("cannot send X-API-Key: a-key")

    monkeypatch.setattr("urllib3.util.connection.create_connection", fail)
    outcome = connection_to("http://127.0.0.1:1").post(BODY, "a-key", LONG)
    assert "cannot send" in outcome.detail
    assert "a-key" not in outcome.detail


def test_an_answer_that_is_not_text_is_kept_without_its_control_characters(api: IngestApi) -> None:
    api.fault(Fault(status=500, body="\x00\x01\u20ac"))
    assert post(api).detail == "\x00\x01€"


# --- abandoned requests ---


def in_thread(connection: Connection) -> tuple[threading.Thread, list[Outcome]]:
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(connection.post(BODY, LOCAL_KEY, LONG)))
    thread.start()
    return thread, outcomes


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_an_abandoned_request_ends_at_once(api: IngestApi) -> None:
    api.fault(Fault(manner=Manner.HANG))
    connection = connection_to(api.url)
    thread, outcomes = in_thread(connection)
    assert api.wait_for(lambda: len(api.requests) == 1, LONG)
    assert connection.answered is None
    connection.abandon()
    thread.join(LONG / 2)
    assert [outcome.status for outcome in outcomes] == [None]


def test_the_status_is_known_of_an_answer_that_never_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = connection_to(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread, outcomes = in_thread(connection)
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 100\r\n\r\nbeg")
            wait_until(lambda: connection.answered is not None)
            assert connection.answered is not None
            assert (connection.answered.status, connection.answered.retry_after) == (429, 7.0)
            connection.abandon()
            thread.join(LONG / 2)
    assert [outcome.status for outcome in outcomes] == [429]


def test_a_request_that_was_abandoned_before_it_began_sends_no_logs(api: IngestApi) -> None:
    connection = connection_to(api.url)
    connection.abandon()
    outcome = connection.post(BODY, LOCAL_KEY, LONG)
    assert (outcome.status, outcome.detail) == (None, "Abandoned: abandoned before it was sent")
    assert api.logs == []
    assert api.requests == []


def test_a_request_that_was_abandoned_during_its_name_lookup_sends_no_logs(
    api: IngestApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connection_to(api.url)
    look_up = socket.getaddrinfo

    def abandoned_meanwhile(*arguments: Any, **options: Any) -> Any:
        connection.abandon()
        return look_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", abandoned_meanwhile)
    outcome = connection.post(BODY, LOCAL_KEY, LONG)
    assert (outcome.status, outcome.detail) == (None, "Abandoned: abandoned before it was sent")
    assert api.logs == []
    assert api.requests == []


# --- TLS and proxies ---


def test_http_needs_no_certificates() -> None:
    assert tls_context(settings(INGEST_URL="http://127.0.0.1:1")) is None


def test_certificates_and_host_names_are_checked() -> None:
    context = tls_context(settings())
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_api(authority: trustme.CA) -> Iterator[IngestApi]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    with ingest_api(tls=server) as api:
        yield api


def client_context(api: IngestApi, authority: trustme.CA) -> ssl.SSLContext:
    context = tls_context(settings(INGEST_URL=api.url))
    assert context is not None
    authority.configure_trust(context)
    return context


def test_a_request_over_tls_with_its_own_authority_succeeds(
    tls_api: IngestApi, authority: trustme.CA
) -> None:
    connection = Connection(settings(INGEST_URL=tls_api.url), client_context(tls_api, authority))
    assert [connection.post(BODY, LOCAL_KEY, LONG).status for _ in range(2)] == [200, 200]
    assert tls_api.connections == 1


def test_an_own_authority_is_trusted_beside_the_public_ones(
    tls_api: IngestApi, authority: trustme.CA, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca-bundle.pem"
    authority.cert_pem.write_to_path(bundle)
    chosen = settings(INGEST_URL=tls_api.url, CA_BUNDLE=str(bundle))
    context = tls_context(chosen)
    assert context is not None
    assert Connection(chosen, context).post(BODY, LOCAL_KEY, LONG).status == 200
    public = ssl.create_default_context().cert_store_stats()["x509_ca"]
    assert context.cert_store_stats()["x509_ca"] == public + 1


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_invalid_bundle_of_certificates_is_an_error_of_one_line(
    content: str | None, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca-bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(SettingsError, match=r"CA_BUNDLE: .*ca-bundle\.pem must be a PEM file") as refused:
        tls_context(settings(CA_BUNDLE=str(bundle)))
    assert "\n" not in str(refused.value)


def test_a_certificate_of_an_unknown_authority_gets_no_request(tls_api: IngestApi) -> None:
    chosen = settings(INGEST_URL=tls_api.url)
    outcome = Connection(chosen, tls_context(chosen)).post(BODY, LOCAL_KEY, LONG)
    assert outcome.status is None
    assert outcome.is_foreign
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.detail
    assert tls_api.requests == []


@pytest.mark.parametrize(("is_critical", "names_issuer"), [(True, True), (False, True), (True, False)])
def test_a_bundle_may_hold_an_authority_that_does_not_follow_rfc_5280_in_every_detail(
    tmp_path: Path, is_critical: bool, names_issuer: bool
) -> None:
    """Python 3.13 requires critical basic constraints, and certificates that name their issuer's key."""
    bundle, identity = write_certificates(tmp_path, is_critical=is_critical, names_issuer=names_issuer)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(identity)
    with ingest_api(tls=server) as api:
        chosen = settings(INGEST_URL=api.url, CA_BUNDLE=str(bundle))
        assert Connection(chosen, tls_context(chosen)).post(BODY, LOCAL_KEY, LONG).status == 200
        outcome = Connection(chosen, tls_context(settings(INGEST_URL=api.url))).post(BODY, LOCAL_KEY, LONG)
    assert outcome.is_foreign


def write_certificates(folder: Path, *, is_critical: bool, names_issuer: bool) -> tuple[Path, Path]:
    """Write an authority, and a certificate for 127.0.0.1 with its key; return both files."""
    key, own_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Company Proxy")])
    now = datetime.now(UTC)
    both = x509.CertificateBuilder().issuer_name(name).not_valid_before(now).serial_number(7)
    both = both.not_valid_after(now + timedelta(days=1))
    issuer = both.subject_name(name).public_key(key.public_key())
    issuer = issuer.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=is_critical)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    issuer = issuer.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = issuer.add_extension(identifier, critical=False)
    own = both.subject_name(x509.Name([])).public_key(own_key.public_key())
    address = x509.IPAddress(IPv4Address("127.0.0.1"))
    own = own.add_extension(x509.SubjectAlternativeName([address]), critical=True)
    if names_issuer:
        issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        own = own.add_extension(issued_by, critical=False)
    pem = Encoding.PEM
    bundle, identity = folder / "ca-bundle.pem", folder / "server.pem"
    bundle.write_bytes(issuer.sign(key, SHA256()).public_bytes(pem))
    private = own_key.private_bytes(pem, PrivateFormat.PKCS8, NoEncryption())
    identity.write_bytes(own.sign(key, SHA256()).public_bytes(pem) + private)
    return bundle, identity


def test_a_proxy_gets_the_decoded_credentials_and_the_ingest_api_does_not(
    tls_api: IngestApi, authority: trustme.CA
) -> None:
    with connect_proxy("us er", "p@ss:/word") as proxy:
        proxied = replace(
            settings(INGEST_URL=tls_api.url), proxy_url=f"http://us%20er:p%40ss%3A%2Fword@{proxy.url}"
        )
        connection = Connection(proxied, client_context(tls_api, authority))
        assert [connection.post(BODY, LOCAL_KEY, LONG).status for _ in range(2)] == [200, 200]
    assert len(proxy.requests) == 1
    assert proxy.requests[0].startswith(f"CONNECT {tls_api.url.removeprefix('https://')} ")
    assert LOCAL_KEY not in proxy.requests[0]
    assert "proxy-authorization" not in tls_api.requests[0].headers


def through_a_proxy(tls_api: IngestApi, authority: trustme.CA, interim: bytes) -> Outcome:
    """Return the outcome of a request through a proxy that sends `interim` before its answer to CONNECT."""
    with connect_proxy("user", "right", interim) as proxy:
        proxied = replace(settings(INGEST_URL=tls_api.url), proxy_url=f"http://user:right@{proxy.url}")
        return Connection(proxied, client_context(tls_api, authority)).post(BODY, LOCAL_KEY, LONG)


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n",
    ],
)
def test_interim_answers_of_a_proxy_are_skipped(
    tls_api: IngestApi, authority: trustme.CA, interim: bytes
) -> None:
    assert through_a_proxy(tls_api, authority, interim).status == 200


@pytest.mark.parametrize("interim", [b"HTTP/1.1 101 Upgrade\r\n\r\n", b"HTTP/1.1 102 Wait\r\n\r\n" * 200])
def test_a_proxy_without_a_final_answer_is_an_outcome_without_status(
    tls_api: IngestApi, authority: trustme.CA, interim: bytes
) -> None:
    assert through_a_proxy(tls_api, authority, interim).status is None
    assert tls_api.requests == []


@pytest.mark.parametrize(
    ("refusal", "is_foreign"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 302 Found\r\nLocation: http://log.in\r\n\r\n<html>", True),
        (b"HTTP/1.1 429 Slow\r\n\r\n", False),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<html>blocked</html>", False),
        (b"garbage\r\n\r\n", False),
        (b"", False),
    ],
)
def test_a_proxy_that_opens_no_connection_is_an_outcome_without_status(
    tls_api: IngestApi, authority: trustme.CA, refusal: bytes, is_foreign: bool
) -> None:
    """Bytes behind the answer to CONNECT ended the thread of the request, which then had no outcome."""
    with connect_proxy("user", "right", refusal=refusal or b" ") as proxy:
        proxied = replace(settings(INGEST_URL=tls_api.url), proxy_url=f"http://user:right@{proxy.url}")
        outcome = Connection(proxied, client_context(tls_api, authority)).post(BODY, LOCAL_KEY, LONG)
    assert (outcome.status, outcome.is_foreign) == (None, is_foreign)
    assert outcome.detail
    assert "unexpected" not in outcome.detail
    assert tls_api.requests == []


def test_the_password_of_a_proxy_that_refuses_is_not_shown(tls_api: IngestApi, authority: trustme.CA) -> None:
    with connect_proxy("user", "right") as proxy:
        proxied = replace(settings(INGEST_URL=tls_api.url), proxy_url=f"http://user:wr0ng@{proxy.url}")
        outcome = Connection(proxied, client_context(tls_api, authority)).post(BODY, LOCAL_KEY, LONG)
    assert outcome.status is None
    assert outcome.is_foreign
    assert "407" in outcome.detail
    assert "wr0ng" not in outcome.detail
    assert tls_api.requests == []


# --- Retry-After ---

NOW = "Mon, 23 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("120", None, 120.0),
        (" 7 ", None, 7.0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", NOW, 30.0),
        ("Monday, 23-Nov-26 10:00:30 GMT", NOW, 30.0),
        ("Mon Nov 23 10:00:30 2026", "Mon Nov 23 10:00:00 2026", 30.0),
        ("Mon, 23 Nov 2026 11:00:30 +0100", NOW, 30.0),
        ("Mon, 23 Nov 2026 10:00:00 GMT", NOW, None),  # no wait
        ("Mon, 23 Nov 2026 09:59:59 GMT", NOW, None),  # past
        ("Mon, 23 Nov 2026 10:00:30 GMT", None, None),  # no date to compare with
        ("Mon, 23 Nov 2026 10:00:30 GMT", "now", None),
        ("Mon, 23 Nov 2026 10:00:30 -0000", NOW, None),  # only one of the two has no time zone
        ("-5", NOW, None),
        ("+5", NOW, None),
        ("1.5", NOW, None),
        ("５", NOW, None),
        ("soon", NOW, None),
        ("", NOW, None),
        (None, NOW, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    value: str | None, date: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(value, date) == seconds


@given(st.text(max_size=40), st.text(max_size=40) | st.none())
@example("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", NOW)
@example("1 Jan 2026 99999999999999999999:00:00 GMT", NOW)
@example("9" * 5000, None)
def test_retry_after_never_raises(value: str, date: str | None) -> None:
    seconds = retry_after_seconds(value, date)
    assert seconds is None or seconds >= 0
