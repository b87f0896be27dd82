"""A server in front of the emulated CloudWatch Logs that answers some requests in its place."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from local.account import Account

Answer = tuple[int, dict[str, Any]]
"""Status and content."""


@contextmanager
def in_front_of_logs(
    account: Account, answered: Callable[[str, dict[str, Any]], Answer | None]
) -> Iterator[str]:
    """Serve CloudWatch Logs during a block; yields the address.

    `answered` gets operation and parameters; where it gives nothing, the account answers.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ours = answered(self.headers["X-Amz-Target"].rpartition(".")[2], json.loads(body))
            if ours:
                status, content = ours[0], json.dumps(ours[1]).encode()
            else:
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                response = urllib3.request("POST", account.endpoint, body=body, headers=headers)
                status, content = response.status, response.data
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
