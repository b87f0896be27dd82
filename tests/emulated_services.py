"""AWS APIs on a port of this machine, for requests that do not go through botocore; moto answers."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError

VARIABLES = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS")


@contextmanager
def emulated_services() -> Iterator[str]:
    """Give the address of APIs that speak JSON, of whatever region a request is signed for."""

    @cache
    def client(service: str, region: str) -> Any:
        address = f"https://{service}.{region}.amazonaws.com"
        return botocore.session.get_session().create_client(service, region, endpoint_url=address)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parameters = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _, region, service, _ = (
                self.headers["Authorization"].partition("Credential=")[2].split("/", 4)[1:]
            )
            operation = xform_name(self.headers["X-Amz-Target"].partition(".")[2])
            if "SecretBinary" in parameters:
                parameters["SecretBinary"] = base64.b64decode(parameters["SecretBinary"])
            try:
                call: Callable[..., Any] = getattr(client(service, region), operation)
                status, answer = 200, call(**parameters)
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                answer = {
                    "__type": error.response["Error"]["Code"],
                    "message": error.response["Error"]["Message"],
                }
            except Exception as error:  # a test makes botocore fail
                status, answer = 500, {"__type": "InternalFailure", "message": str(error)}
            content = json.dumps(answer, default=_as_json).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Write no access log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
