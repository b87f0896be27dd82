"""A local ingest API that checks requests strictly, stores accepted logs, and injects faults.

In a test or a demonstration:

    with ingest_api(keys={"a-key"}) as api:
        api.fault(Fault(status=429, headers={"Retry-After": "1"}))
        ...  # POST to api.url
        assert len(api.logs) == 500

As a separate process with a control URL: `python -m local.ingest_api --help`.
"""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any

import typer

from local.faults import Fault, Manner
from local.ingest_contract import Call, Log, Refusal, accepted_logs

LOOPBACK = "127.0.0.1"
LOCAL_KEY = "local-key"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
_CONTROL = "/control/"


@dataclass(frozen=True)
class Request:
    """A received request. The key is not stored."""

    number: int
    connection: int
    """The number of the TCP connection, the same for all its requests."""
    method: str
    path: str
    headers: dict[str, str]
    """The headers, with names in lower case."""
    size: int
    """The size of the body in bytes."""
    logs: tuple[Log, ...]
    """The logs of a valid request, with or without a fault; empty for an invalid one."""
    arrived: float
    """`time.monotonic()` when the request had been read."""
    status: int | None = None
    """The status of the response; None until a complete response has been sent."""


class IngestApi:
    """The state of the API. All members are thread-safe."""

    def __init__(self, keys: Iterable[str], on_request: Callable[[Request], None] | None = None) -> None:
        self.url = ""
        self._keys = frozenset(keys)
        self._on_request = on_request
        self._changed = threading.Condition()
        self._requests: list[Request] = []
        self._logs: list[Log] = []
        self._faults: list[tuple[Fault, int]] = []
        self._rotation: tuple[int, frozenset[str]] | None = None
        self._connections = 0
        self._in_flight = 0
        self._most_in_flight = 0
        self.stopping = threading.Event()

    @property
    def logs(self) -> list[Log]:
        """Return the accepted logs in order."""
        with self._changed:
            return list(self._logs)

    @property
    def requests(self) -> list[Request]:
        """Return all requests in the order of arrival."""
        with self._changed:
            return list(self._requests)

    @property
    def connections(self) -> int:
        """Return the number of TCP connections, including those whose TLS handshake failed."""
        with self._changed:
            return self._connections

    @property
    def most_in_flight(self) -> int:
        """Return the maximum number of concurrent requests."""
        with self._changed:
            return self._most_in_flight

    def fault(self, *faults: Fault) -> None:
        """Add faults. The first one that is not used up and whose conditions a request meets is applied."""
        with self._changed:
            self._faults += [(fault, 0) for fault in faults]

    def heal(self) -> None:
        """Remove all faults. Requests that hang continue to hang."""
        with self._changed:
            self._faults.clear()

    def rotate_keys(self, *keys: str, after: int = 0) -> None:
        """Accept these keys and no others, once `after` more requests have come in."""
        with self._changed:
            self._rotation = (len(self._requests) + after, frozenset(keys))

    def wait_for(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until `condition()` is true, and check it after each change; return False after `seconds`."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def connected(self) -> int:
        """Count a TCP connection, and return its number."""
        with self._changed:
            self._connections += 1
            return self._connections

    def received(self, connection: int, call: Call) -> tuple[Request, Fault | Refusal | None]:
        """Record a request, and return it with its fault or refusal."""
        fate: Fault | Refusal | None = None
        logs: list[Log] = []
        with self._changed:
            number = len(self._requests)
            if self._rotation is not None and number >= self._rotation[0]:
                self._keys, self._rotation = self._rotation[1], None
            try:
                logs = accepted_logs(call, self._keys)
                fate = self._next_fault(logs, len(call.body))
            except Refusal as refusal:
                fate = refusal
            headers = {
                name.lower(): value for name, value in call.headers.items() if name.lower() != "x-api-key"
            }
            request = Request(
                number,
                connection,
                call.method,
                call.path,
                headers,
                len(call.body),
                tuple(logs),
                time.monotonic(),
            )
            self._requests.append(request)
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            self._changed.notify_all()
        if self._on_request is not None:
            self._on_request(request)
        return request, fate

    def _next_fault(self, logs: list[Log], size: int) -> Fault | None:
        for index, (fault, met) in enumerate(self._faults):
            if (fault.times is None or met < fault.skip + fault.times) and fault.befalls(logs, size):
                self._faults[index] = (fault, met + 1)
                if met >= fault.skip:
                    return fault
        return None

    def accepted(self, request: Request) -> None:
        """Keep the logs of a request."""
        with self._changed:
            self._logs += request.logs
            self._changed.notify_all()

    def finished(self, request: Request, status: int | None) -> None:
        """Record the status of the response to a request, or None if it was not sent completely."""
        with self._changed:
            self._requests[request.number] = replace(request, status=status)
            self._in_flight -= 1
            self._changed.notify_all()


@contextmanager
def ingest_api(
    *,
    keys: Iterable[str] = (LOCAL_KEY,),
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    on_request: Callable[[Request], None] | None = None,
    control: bool = False,
    api: IngestApi | None = None,
) -> Iterator[IngestApi]:
    """Run the API on 127.0.0.1 in threads of this process during a block.

    Args:
        keys: The accepted API keys.
        port: The port. 0: a free one.
        tls: The server context for https. None: http.
        on_request: Called in the thread of each request before the response.
        control: Whether to serve the control URLs, which the help of the command describes.
        api: An existing API with its own keys and `on_request`. None: a new one.

    Raises:
        OSError: The port is in use.
    """
    api = api or IngestApi(keys, on_request)
    server = _Server(api, port, tls, control)
    api.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="ingest-api")
    thread.start()
    try:
        yield api
    finally:
        api.stopping.set()
        server.shutdown()
        server.hang_up()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for them
    request_queue_size = 128

    def __init__(self, api: IngestApi, port: int, tls: ssl.SSLContext | None, control: bool) -> None:
        self.api = api
        self.control = control
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((LOOPBACK, port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._tls is not None:  # the handshake is done in the thread of the connection, at its first read
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._open_lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
            if _to_be_reset(request):
                self.close_request(request)  # without the FIN that shutdown would send first
            else:
                super().shutdown_request(request)

    def hang_up(self) -> None:
        """Wake all threads that wait for a client."""
        with self._open_lock:
            for connection in self._open:
                try:
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                except OSError:
                    continue  # the client has already closed the connection

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors of clients that disconnect or do not use TLS, which tests cause."""


def _to_be_reset(connection: socket.socket) -> bool:
    linger = connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
    return struct.unpack("ii", linger) == (1, 0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._connection_number = self.server.api.connected()

    def _handle(self) -> None:
        length = self.headers.get("Content-Length", "0" if self.command in ("GET", "DELETE") else "")
        if not length.isdecimal():
            self.close_connection = True
            self._write(_response(411, _error("Content-Length is required")))
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True  # the client disconnected before the request was complete
        elif self.server.control and self.path.startswith(_CONTROL):
            self._write(_controlled(self.server.api, self.command, self.path.removeprefix(_CONTROL), body))
        else:
            self._ingest(Call(self.command, self.path, self.headers, body))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def _ingest(self, call: Call) -> None:
        request, fate = self.server.api.received(self._connection_number, call)
        match fate:
            case Refusal():
                self._answer(request, fate.status, _response(fate.status, _error(str(fate))))
            case Fault():
                self._misbehave(request, fate)
            case None:
                self.server.api.accepted(request)
                self._answer(request, 200, _response(200, _accepted(request)))

    def _misbehave(self, request: Request, fault: Fault) -> None:
        api = self.server.api
        api.stopping.wait(fault.delay)
        if fault.accepts:
            api.accepted(request)
        body = fault.body.encode() if fault.body is not None else _body(request, fault)
        response = _response(fault.status, body, fault.headers)
        self._write(INTERIM * fault.interim)
        match fault.manner:
            case Manner.ANSWER:
                self._answer(request, fault.status, response)
                return
            case Manner.DRIP:
                for byte in response[:-1]:
                    self._write(bytes([byte]))
                    api.stopping.wait(fault.pause)
                self._answer(request, fault.status, response[-1:])
                return
            case Manner.HANG:
                api.stopping.wait()
            case Manner.RESET:
                self._reset()
            case Manner.RESET_MIDWAY:
                self._write(response[: len(response) // 2])
                self._reset()
            case Manner.CUT:
                self._write(response[: len(response) // 2])
            case Manner.GARBAGE:
                self._write(b"\x00\xff this is no HTTP \r\n\r\n" * 8)
        api.finished(request, None)
        self.close_connection = True

    def _answer(self, request: Request, status: int, data: bytes) -> None:
        """Send the end of a response. It is recorded first, so that clients that have read it find it."""
        self.server.api.finished(request, status)
        self._write(data)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no access log."""


def _body(request: Request, fault: Fault) -> bytes:
    return _accepted(request) if fault.status == 200 else _error(f"told to answer {fault.status}")


def _accepted(request: Request) -> bytes:
    return json.dumps({"accepted": len(request.logs)}).encode()


def _error(reason: str) -> bytes:
    return json.dumps({"error": reason}).encode()


def _response(status: int, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    fields = {
        "Date": formatdate(usegmt=True),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unnamed"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _controlled(api: IngestApi, method: str, name: str, body: bytes) -> bytes:
    """Return the response to a control request."""
    answer: Any = {}
    try:
        match method, name:
            case "GET", "logs":
                answer = api.logs
            case "GET", "requests":
                answer = [asdict(request) for request in api.requests]
            case "POST", "faults":
                faults = json.loads(body)
                api.fault(
                    *(Fault.from_json(fault) for fault in (faults if isinstance(faults, list) else [faults]))
                )
            case "DELETE", "faults":
                api.heal()
            case "PUT", "keys":
                api.rotate_keys(*json.loads(body))
            case _:
                return _response(404, _error(f"there is no {method} {_CONTROL}{name}"))
    except (ValueError, TypeError) as error:
        return _response(400, _error(str(error)))
    return _response(200, json.dumps(answer).encode())


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    key: Annotated[str, typer.Option(help="The API key to accept.")] = LOCAL_KEY,
) -> None:
    """Run a local LogInformant ingest API, until Ctrl-C.

    GET /control/logs and GET /control/requests return the received logs and requests.

    POST /control/faults injects faults: a JSON object with the fields of local.faults.Fault, or a list of
    them. DELETE /control/faults removes them.

    PUT /control/keys with a JSON list sets the accepted keys.
    """
    try:
        with ingest_api(keys=[key], port=port, control=True) as api:
            typer.echo(f"ingest API at {api.url}, control at {api.url}{_CONTROL}")
            api.stopping.wait()
    except OSError as error:
        typer.echo(f"cannot listen on {LOOPBACK}:{port}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


if __name__ == "__main__":
    typer.run(main)
