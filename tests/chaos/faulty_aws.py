"""A fault injector in front of the emulated AWS account; all calls of the functions pass through it."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import urllib3

from local.account import LOOPBACK
from tests.chaos.copy_ledger import ids_of_body
from tests.chaos.simulated_sqs import Write
from tests.chaos.weather import WriteFate

SEND, HIDE, READ_KEY = "SendMessage", "ChangeMessageVisibilityBatch", "GetSecretValue"
MAX_CALL_SECONDS = 30
_NOT_FORWARDED = ("host", "connection", "transfer-encoding", "content-length")
_ERRORS = {
    WriteFate.THROTTLED: (400, "ThrottlingException"),
    WriteFate.SERVER_ERROR: (500, "InternalFailure"),
    WriteFate.DENIED: (403, "AccessDeniedException"),
}


@dataclass
class FaultyAws:
    """Forwards calls to `endpoint`; the next calls of an operation get the fates that are queued for it."""

    endpoint: str
    url: str = ""
    fates: dict[str, deque[WriteFate]] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    on_write: Callable[[int, str], None] = lambda number, moment: None
    """Called with the number of the write, just before and just after it takes effect."""
    healed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _taking_effect: int = 0
    _quiet: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def taking_effect(self) -> Iterator[None]:
        """Count a call that may still change something during a block."""
        with self._quiet:
            self._taking_effect += 1
        try:
            yield
        finally:
            with self._quiet:
                self._taking_effect -= 1
                self._quiet.notify_all()

    def wait_until_quiet(self) -> None:
        """Wait until every call that arrived has had its effect, also calls of a client that was killed."""
        with self._quiet:
            if not self._quiet.wait_for(lambda: not self._taking_effect, timeout=MAX_CALL_SECONDS):
                raise TimeoutError("a call to the emulated account takes too long")

    def heal(self) -> None:
        with self._lock:
            self.fates = {}
        self.healed.set()

    def begin(self, fates: dict[str, deque[WriteFate]]) -> None:
        with self._lock:
            self.fates, self.writes = fates, []
        self.healed.clear()

    def next_fate(self, operation: str) -> WriteFate:
        with self._lock:
            queued = self.fates.get(operation)
            return queued.popleft() if queued else WriteFate.STORED

    def write(self, body: bytes) -> tuple[int, Write]:
        write = Write(tuple(ids_of_body(json.loads(json.loads(body)["MessageBody"]))))
        with self._lock:
            self.writes.append(write)
            return len(self.writes), write


@contextmanager
def faulty_aws(endpoint: str) -> Iterator[FaultyAws]:
    """Run the injector on 127.0.0.1 in threads of this process until the block ends."""
    aws = FaultyAws(endpoint)
    pool = urllib3.PoolManager(maxsize=16)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            with aws.taking_effect():
                body = self.rfile.read(int(self.headers["Content-Length"]))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                fate = aws.next_fate(operation)
                number, write = aws.write(body) if operation == SEND else (0, Write(()))
                if operation == SEND:
                    # A delay is longer than any schedule; `show_all` makes delayed messages visible.
                    body = json.dumps(json.loads(body) | {"DelaySeconds": 0}).encode()
                if number:
                    aws.on_write(number, "before")
                answer = None
                if fate in (WriteFate.STORED, WriteFate.REPLY_LOST):
                    answer = self._forward(body)
                    write.stored += answer.status == 200
                    write.acknowledged = fate is WriteFate.STORED and answer.status == 200
                if number:
                    aws.on_write(number, "after")
            match fate:
                case WriteFate.STORED if answer is not None:
                    self._answer(answer.status, answer.headers.get("Content-Type", ""), answer.data)
                case WriteFate.NO_ANSWER:
                    aws.healed.wait(60)
                    self._reset()
                case WriteFate.REPLY_LOST | WriteFate.NO_CONNECTION:
                    self._reset()
                case _:
                    status, code = _ERRORS[fate]
                    error = json.dumps({"__type": code, "message": str(fate)}).encode()
                    self._answer(status, "application/x-amz-json-1.0", error)

        def _forward(self, body: bytes) -> urllib3.BaseHTTPResponse:
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in _NOT_FORWARDED
            }
            return pool.request("POST", aws.endpoint + self.path, body=body, headers=headers, retries=False)

        def _answer(self, status: int, media_type: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def log_message(self, format: str, *arguments: object) -> None:
            """Write no access log."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Print nothing, since clients that are killed are expected."""

    server = Server((LOOPBACK, 0), Handler)
    aws.url = f"http://{LOOPBACK}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="faulty-aws", daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        aws.heal()
        server.shutdown()
        server.server_close()
        thread.join()
