"""A signed request without botocore: what is sent, what is retried, and what is left to botocore."""

import json
import string
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest import mock

import botocore.auth
import botocore.session
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper import aws_request
from loginformant_shipper.aws_request import (
    GET_PARAMETER,
    GET_SECRET_VALUE,
    LIST_TAGS_FOR_RESOURCE,
    Credentials,
    NotAnswered,
    NotPossible,
    Operation,
    Throttled,
    call,
    signed_headers,
)

OPERATIONS = [GET_SECRET_VALUE, GET_PARAMETER, LIST_TAGS_FOR_RESOURCE]
SERVICE_IDS = {"secretsmanager": "secretsmanager", "ssm": "ssm", "logs": "logs"}
PRINTABLE = st.text(string.ascii_letters + string.digits + "/+=", min_size=1, max_size=200)


@given(
    access_key=PRINTABLE,
    secret_key=PRINTABLE,
    token=st.just("") | PRINTABLE,
    operation=st.sampled_from(OPERATIONS),
    region=st.from_regex(r"[a-z]{2}(-gov)?-[a-z]{4,9}-[0-9]", fullmatch=True),
    host=st.from_regex(r"[a-z0-9.-]{1,60}(:[1-9][0-9]{3})?", fullmatch=True),
    body=st.binary(max_size=300),
    now=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
)
def test_the_signature_equals_that_of_botocore(
    access_key: str,
    secret_key: str,
    token: str,
    operation: Operation,
    region: str,
    host: str,
    body: bytes,
    now: datetime,
) -> None:
    now = now.replace(tzinfo=UTC)
    ours = signed_headers(Credentials(access_key, secret_key, token), operation, region, host, body, now)
    request = AWSRequest(
        "POST",
        f"https://{host}/",
        {"Content-Type": ours["content-type"], "Host": host, "X-Amz-Target": operation.target},
        body,
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
        botocore.auth.SigV4Auth(
            BotocoreCredentials(access_key, secret_key, token or None), operation.service, region
        ).add_auth(request)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert ours == theirs


class Server:
    """Answers each request with the next of its answers and keeps the requests."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    kept = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            kept.headers.append({name.lower(): value for name, value in self.headers.items()})
            kept.may_answer.wait(30)
            status, answer = kept.answers.pop(0)
            if not status:
                self.close_connection = True
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Write no access log."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", f"http://127.0.0.1:{http.server_port}")
    yield kept
    kept.may_answer.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that Lambda sets, and no pause between attempts."""
    with_tls = aws_request._FOR_BOTOCORE_WITH_TLS
    for name in (
        *aws_request._FOR_BOTOCORE,
        *with_tls,
        "AWS_SECURITY_TOKEN",
        "AWS_ENDPOINT_URL",
        "HTTP_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")
    monkeypatch.setattr(aws_request, "MAX_PAUSE_SECONDS", 0.0)


def ask(region: str | None = None, read_seconds: float = 30, attempts: int = 2) -> Any:
    return call(
        GET_PARAMETER,
        {"Name": "/a/key"},
        region,
        connect_seconds=30,
        read_seconds=read_seconds,
        attempts=attempts,
    )


def test_one_signed_request_returns_the_answer(server: Server) -> None:
    server.answers = [(200, {"Parameter": {"Value": "k"}})]
    assert ask() == {"Parameter": {"Value": "k"}}
    assert server.bodies == [{"Name": "/a/key"}]
    [headers] = server.headers
    assert headers["x-amz-target"] == "AmazonSSM.GetParameter"
    assert headers["x-amz-security-token"] == "a-token"
    assert "/eu-west-1/ssm/aws4_request" in headers["authorization"]
    assert "hush" not in str(headers)


def test_a_request_is_signed_for_the_given_region(server: Server) -> None:
    server.answers = [(200, {})]
    ask("ap-southeast-2")
    assert "/ap-southeast-2/ssm/aws4_request" in server.headers[0]["authorization"]


@pytest.mark.parametrize(
    "trouble",
    [(500, b""), (503, b"<html>"), (400, {"__type": "ThrottlingException"}), (429, b"SlowDown"), (0, b"")],
)
def test_a_failure_that_may_pass_is_retried_once(trouble: tuple[int, Any], server: Server) -> None:
    server.answers = [trouble, (200, {"Parameter": {}})]
    assert ask() == {"Parameter": {}}
    server.answers = [trouble, trouble, (200, {})]
    with pytest.raises(NotAnswered):
        ask()
    assert len(server.bodies) == 4


@pytest.mark.parametrize(
    ("last", "is_throttled"),
    [
        ((400, {"__type": "ThrottlingException"}), True),
        ((429, b"SlowDown"), True),
        ((500, b""), False),
        ((0, b""), False),
    ],
)
def test_throttling_is_told_from_other_failures_by_the_last_answer(
    last: tuple[int, Any], is_throttled: bool, server: Server
) -> None:
    server.answers = [(400, {"__type": "ThrottlingException"}), last]
    with pytest.raises(NotAnswered) as raised:
        ask()
    assert isinstance(raised.value, Throttled) is is_throttled


@pytest.mark.parametrize("status", [400, 403, 404, 301])
def test_a_refusal_is_reported_and_not_retried(status: int, server: Server) -> None:
    server.answers = [(status, {"__type": "com.amazonaws.ssm#AccessDenied", "message": "not allowed to"})]
    with pytest.raises(NotAnswered, match=rf"^HTTP {status}, AccessDenied: not allowed to$"):
        ask()
    assert len(server.bodies) == 1


@pytest.mark.parametrize("answer", [b"", b"[]", b"{", b"\xff"])
def test_an_answer_that_is_no_json_object_is_an_error(answer: bytes, server: Server) -> None:
    server.answers = [(200, answer)]
    with pytest.raises(NotAnswered, match="not a JSON object"):
        ask()


def test_a_request_without_an_answer_in_time_is_not_retried(server: Server) -> None:
    server.may_answer.clear()
    server.answers = [(200, {}), (200, {})]
    with pytest.raises(NotAnswered, match=r"http://127\.0\.0\.1:\d+ did not answer in time"):
        ask(read_seconds=0.05)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_address_equals_that_of_botocore_in_every_region(operation: Operation) -> None:
    session = botocore.session.Session()
    config = Config(signature_version=botocore.UNSIGNED)
    certain = 0
    for partition in session.get_available_partitions():
        regions = session.get_available_regions(
            SERVICE_IDS[operation.service], partition, allow_non_regional=True
        )
        for region in regions:
            try:
                ours = aws_request._endpoint(operation, region, {})
            except NotPossible:
                assert partition not in ("aws", "aws-us-gov") or "fips" in region, region
                continue
            certain += 1
            assert partition in ("aws", "aws-us-gov")
            if certain % 12 == 1:  # making a client is slow, and the addresses have the same form
                client = session.create_client(operation.service, region, config=config)
                assert ours == client.meta.endpoint_url
    assert certain > 20


@pytest.mark.parametrize(
    "region", ["", "cn-north-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", "x"]
)
def test_regions_of_other_partitions_are_left_to_botocore(region: str) -> None:
    with pytest.raises(NotPossible):
        aws_request._endpoint(GET_SECRET_VALUE, region, {})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *((name, "1") for name in aws_request._FOR_BOTOCORE),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_DEFAULT_REGION", ""),
        ("AWS_CONFIG_FILE", __file__),
        ("AWS_ENDPOINT_URL_SSM", "nowhere"),
        ("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1/a/path"),
        ("AWS_ENDPOINT_URL_SSM", "http://user@127.0.0.1:1"),
        ("HTTP_PROXY", "http://127.0.0.1:1"),
    ],
)
def test_unusual_configuration_is_left_to_botocore(
    variable: str, value: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(NotPossible):
        ask()
    assert server.bodies == []


@pytest.mark.parametrize("variable", aws_request._FOR_BOTOCORE_WITH_TLS)
def test_own_authorities_are_left_to_botocore(variable: str) -> None:
    with pytest.raises(NotPossible, match=variable):
        aws_request._pool("https://127.0.0.1:1", {variable: "/opt/ca-bundle.pem"}, None)


def test_the_address_for_all_services_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    address = aws_request._endpoint(GET_PARAMETER, "eu-west-1", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert address == "http://127.0.0.1:9"


def test_the_variable_no_proxy_is_compared_with_the_host_of_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_PROXY may name the host of the ingest API and not that of the service, or the reverse."""
    environ = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "ssm.eu-west-1.amazonaws.com"}
    direct = aws_request._pool("https://ssm.eu-west-1.amazonaws.com", environ, None)
    through = aws_request._pool("https://logs.eu-west-1.amazonaws.com", environ, None)
    assert direct.proxy is None
    assert str(through.proxy) == "http://127.0.0.1:9"
