"""`python -m benchmarks.ingest_sink`: an ingest API and an SQS that accept everything, in a separate process.

The servers in `local/` check and store requests, which would take longer than the measured code. The program
prints its port, and ends at the end of standard input. With a path that begins with `/after/<milliseconds>`,
responses are delayed. With `/down`, they have the status 503 and a Retry-After of an hour.
"""

import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
DOWN = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        match self.path.split("/"):
            case ["", "after", milliseconds, *_]:
                time.sleep(int(milliseconds) / 1000)
            case ["", "down", *_]:
                self.wfile.write(DOWN)
                return
        self.wfile.write(ANSWER)

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log."""


@contextmanager
def ingest_sink(certificate: Path | None = None) -> Iterator[str]:
    """Run the sink during a block, and yield its URL, to which `/after/50` or `/down` can be appended.

    Args:
        certificate: A PEM file with the certificate of 127.0.0.1 and its key, for TLS.
    """
    command = [sys.executable, "-m", "benchmarks.ingest_sink", *([str(certificate)] if certificate else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdin
        assert sink.stdout
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{sink.stdout.readline().strip()}"
        sink.stdin.close()


@contextmanager
def tls_sink() -> Iterator[tuple[str, Path]]:
    """Run the sink with TLS during a block, and yield its URL and the file of its certificate authority."""
    with tempfile.TemporaryDirectory() as folder:
        authority, certificate = Path(folder, "authority.pem"), Path(folder, "certificate.pem")
        issuer = trustme.CA()
        issuer.cert_pem.write_to_path(authority)
        issuer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        with ingest_sink(certificate) as url:
            yield url, authority


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
