"""A server that writes any bytes that a test needs, also those that break the rules of HTTP."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

LOOPBACK = "127.0.0.1"
MAX_SECONDS = 30.0
END_OF_HEADERS = b"\r\n\r\n"


@dataclass
class RawConnection:
    """One connection, as the server sees it."""

    sock: socket.socket
    number: int
    """0 for the first one."""
    _unread: bytes = b""

    def read_headers(self) -> dict[str, str] | None:
        """Read a request up to its body; return None if the client has closed the connection."""
        while END_OF_HEADERS not in self._unread:
            if not (data := self.sock.recv(65536)):
                return None
            self._unread += data
        head, _, self._unread = self._unread.partition(END_OF_HEADERS)
        lines = head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def read_ids(self) -> list[str] | None:
        """Read a whole request; return the ids of its log events, None if the connection was closed."""
        if (headers := self.read_headers()) is None:
            return None
        if (body := self.read_body(int(headers["content-length"]))) is None:
            return None
        return [log["properties"]["eventId"] for log in orjson.loads(body)["logs"]]

    def read_body(self, length: int) -> bytes | None:
        """Read a body of a number of bytes; return None if the connection was closed before its end."""
        body = self._unread
        while len(body) < length:
            if not (data := self.sock.recv(65536)):
                return None
            body += data
        self._unread = body[length:]
        return body[:length]

    def drain(self, length: int) -> None:
        """Read a body of a number of bytes and discard it."""
        left = length - len(self._unread)
        self._unread = self._unread[length:]
        while left > 0:
            data = self.sock.recv(65536)
            if not data:
                return
            left -= len(data)

    def reset(self) -> None:
        """Have the connection reset (RST) when it is closed."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def write(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))


@dataclass
class RawServer:
    url: str = ""
    connections: int = 0
    accepted: list[str] = field(default_factory=list)
    """Ids of the log events that the test's server has taken; for the test to fill."""
    trouble: list[BaseException] = field(default_factory=list)


def answer(status: int, body: bytes = b"{}", *headers: bytes) -> bytes:
    """Return a well-formed final answer."""
    lines = [b"HTTP/1.1 %d Named" % status, b"Content-Length: %d" % len(body), *headers, b"", b""]
    return b"\r\n".join(lines) + body


@contextmanager
def raw_server(
    serve: Callable[[RawServer, RawConnection], Any], tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """Run `serve` in a thread for each connection to 127.0.0.1, until the block ends; then it is closed."""
    server = RawServer()
    open_sockets: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def run(sock: socket.socket, number: int) -> None:
        try:
            sock.settimeout(MAX_SECONDS)
            if tls is not None:
                sock = tls.wrap_socket(sock, server_side=True)
                open_sockets.append(sock)
            serve(server, RawConnection(sock, number))
        except OSError:
            pass  # the client closed the connection first
        except BaseException as error:  # shown to the test
            server.trouble.append(error)
        finally:
            sock.close()

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_sockets.append(sock)
            thread = threading.Thread(target=run, args=(sock, server.connections), daemon=True)
            server.connections += 1
            threads.append(thread)
            thread.start()

    with socket.create_server((LOOPBACK, 0)) as listener:
        server.url = f"{'https' if tls else 'http'}://{LOOPBACK}:{listener.getsockname()[1]}"
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for sock in open_sockets:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            acceptor.join(MAX_SECONDS)
            for thread in threads:
                thread.join(MAX_SECONDS)
    assert not server.trouble, server.trouble
