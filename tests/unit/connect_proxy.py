"""A proxy on 127.0.0.1 that supports only CONNECT."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class ConnectProxy:
    url: str
    interim: bytes = b""
    refusal: bytes = b""
    """The answer to all requests, instead of a connection."""
    requests: list[str] = field(default_factory=list)
    """The header of each request."""


@contextmanager
def connect_proxy(
    user: str, password: str, interim: bytes = b"", refusal: bytes = b""
) -> Iterator[ConnectProxy]:
    """Run a proxy that answers 407 without these credentials and sends `interim` before each 200."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = ConnectProxy(f"127.0.0.1:{listener.getsockname()[1]}", interim, refusal)
        allowed = base64.b64encode(f"{user}:{password}".encode()).decode()
        threading.Thread(target=_accept, args=(listener, proxy, allowed), daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, proxy: ConnectProxy, allowed: str) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, proxy, allowed), daemon=True).start()


def _serve(client: socket.socket, proxy: ConnectProxy, allowed: str) -> None:
    with client, suppress(OSError):
        header = b""
        while b"\r\n\r\n" not in header:
            header += client.recv(1)
        text = header.decode()
        proxy.requests.append(text)
        if f"Basic {allowed}" not in text:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        if proxy.refusal:
            client.sendall(proxy.refusal)
            return
        host, _, port = text.split()[1].rpartition(":")
        with socket.create_connection((host, int(port))) as target:
            client.sendall(proxy.interim + b"HTTP/1.1 200 Connected\r\n\r\n")
            threading.Thread(target=_pump, args=(target, client), daemon=True).start()
            _pump(client, target)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
