"""CloudWatch Logs with limits that the emulator lacks: of requests a second, of filters for a log group."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from local.account import Account

QUOTA = 2
THROTTLED_EVERY = 40
MESSAGES = {
    "LimitExceededException": "Resource limit exceeded.",
    "InvalidParameterException": "Could not execute the lambda function. Make sure you have given CloudWatch "
    "Logs permission to execute your function.",
}


@dataclass
class FaultyLogs:
    url: str
    throttled: Counter[str] = field(default_factory=Counter)
    """Refused requests, by operation."""
    not_yet: int = 0
    """Filters that were refused since the function could not be invoked yet."""
    refused_for_quota: list[str] = field(default_factory=list)
    """Log groups; twice, since botocore takes this refusal for throttling and tries again."""


@contextmanager
def faulty_logs(account: Account, not_yet: int = 0) -> Iterator[FaultyLogs]:
    """Stands in front of the account's CloudWatch Logs during a block.

    Each 40th request of an operation is throttled; a third filter for one log group is one too many. The
    first `not_yet` filters are refused as long as the function cannot be invoked.
    """
    logs = account.client("logs")
    requests: Counter[str] = Counter()
    lock = threading.Lock()

    def fault(operation: str, given: dict[str, Any]) -> str | None:
        with lock:
            requests[operation] += 1
            if requests[operation] % THROTTLED_EVERY == 0:
                faults.throttled[operation] += 1
                return "ThrottlingException"
        if operation == "PutSubscriptionFilter" and faults.not_yet < not_yet:
            faults.not_yet += 1
            return "InvalidParameterException"
        if operation == "PutSubscriptionFilter":
            there = logs.describe_subscription_filters(logGroupName=given["logGroupName"])
            names = {each["filterName"] for each in there["subscriptionFilters"]}
            if len(names - {given["filterName"]}) >= QUOTA:
                faults.refused_for_quota.append(given["logGroupName"])
                return "LimitExceededException"
        return None

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code = fault(self.headers["X-Amz-Target"].rpartition(".")[2], json.loads(body))
            if code:
                status, answer = 400, json.dumps({"__type": code, "message": MESSAGES.get(code, "")}).encode()
            else:
                headers = {name: value for name, value in self.headers.items() if name != "Host"}
                response = urllib3.request("POST", account.endpoint, body=body, headers=headers)
                status, answer = response.status, response.data
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        faults = FaultyLogs(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield faults
        finally:
            server.shutdown()
            thread.join()
