"""A cold start: a whole process from its start to its first request, against boto3 and two of its clients.

Both processes see the same emulated account; the shipper reads its API key from its Secrets Manager.
"""

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.payloads import event, plain
from local.account import emulated_account

PROJECT = Path(__file__).resolve().parent.parent
FUNCTION = PROJECT / "functions" / "shipper"
BOTO3 = 'import boto3; boto3.client("sqs"); boto3.client("secretsmanager")'
SHIPPER = """
import json, sys, app
class Context:
    get_remaining_time_in_millis = staticmethod(lambda: 120_000)
app.handler(json.load(open(sys.argv[1])), Context)
"""
KEY_FROM_LOCALHOST = """
import os, urllib3
import loginformant_shipper.delivery.senders as senders
senders.fetch_api_key = lambda settings: urllib3.request("GET", os.environ["INGEST_URL"]).data.decode()
"""
"""As an extension of Lambda would hand it out; what starting the extension takes is not measured."""
ROUNDS = 15


class ColdStart(NamedTuple):
    shipper: float
    """Seconds from the start of the process to the arrival of its first request: the median of the rounds."""
    boto3: float
    """Seconds that the whole boto3 process takes."""
    shipper_processor: float
    """Seconds of processor time, all of the process."""
    boto3_processor: float
    local_key: float
    """Seconds to the first request, were the key to be had on this machine, without botocore."""

    @property
    def ratio(self) -> float:
        return self.shipper / self.boto3

    @property
    def processor_ratio(self) -> float:
        return self.shipper_processor / self.boto3_processor


class Import(NamedTuple):
    package: str
    milliseconds: float
    """What its modules take by themselves, without those of other packages."""
    modules: int


class _FirstRequest(BaseHTTPRequestHandler):
    arrivals: Sequence[float] = ()

    def do_POST(self) -> None:
        type(self).arrivals = [*self.arrivals, time.monotonic()]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"a-key")

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log."""


def cold_start(rounds: int = ROUNDS) -> tuple[ColdStart, list[Import]]:
    """Both in turns; and what the shipper's handler imports, package by package."""
    with _environment() as (environment, file):
        runs = []
        for number in range(rounds + 1):
            arrived, ours = _first_request(SHIPPER, environment, file)
            boto3, boto3_processor = _run([sys.executable, "-c", BOTO3], environment)
            local_key, _ = _first_request(KEY_FROM_LOCALHOST + SHIPPER, environment, file)
            run = ColdStart(arrived, boto3, ours, boto3_processor, local_key)
            if number:  # the first one compiles what is not compiled yet
                runs.append(run)
        return ColdStart(*map(median, zip(*runs, strict=True))), _imports(environment)


def _first_request(script: str, environment: Mapping[str, str], file: Path) -> tuple[float, float]:
    """Seconds to the arrival of the first request, and of processor time of the whole process."""
    started = time.monotonic()
    _, processor = _run([sys.executable, "-c", script, str(file)], environment)
    return _FirstRequest.arrivals[-1] - started, processor


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Wall time and processor time of a process, in seconds."""
    before, start = _processor_time_of_children(), time.monotonic()
    subprocess.run(command, env=environment, cwd=FUNCTION, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start, _processor_time_of_children() - before


def _processor_time_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def _environment() -> Iterator[tuple[Mapping[str, str], Path]]:
    """Provide the variables of the function, and the file with its event."""
    with tempfile.TemporaryDirectory() as folder, emulated_account(Path(folder, "log.txt")) as account:
        secret = account.client("secretsmanager").create_secret(Name="key", SecretString="a-key")["ARN"]
        file = Path(folder, "event.json")
        file.write_text(json.dumps(event(plain(100))))
        server = HTTPServer(("127.0.0.1", 0), _FirstRequest)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield (
                {
                    **account.environment,
                    "INGEST_URL": f"http://127.0.0.1:{server.server_port}",
                    "API_KEY_SECRET_ARN": secret,
                    "DEAD_LETTER_QUEUE_URL": f"{account.endpoint}/123456789012/dead-letter",
                },
                file,
            )
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _imports(environment: Mapping[str, str]) -> list[Import]:
    """Return what `python -X importtime` says of the handler: the fastest of five runs."""
    runs = [_import_times(environment) for _ in range(5)]
    return sorted(min(runs, key=lambda run: sum(found.milliseconds for found in run)), key=lambda it: -it[1])


def _import_times(environment: Mapping[str, str]) -> list[Import]:
    command = [sys.executable, "-X", "importtime", "-c", "import app"]
    run = subprocess.run(
        command, env=environment, cwd=FUNCTION, check=True, stderr=subprocess.PIPE, text=True
    )
    found: dict[str, list[int]] = {}
    for line in run.stderr.splitlines():
        itself, _, module = line.removeprefix("import time:").split("|")
        if itself.strip().isdigit():
            package = module.strip().partition(".")[0]
            known = package in sys.stdlib_module_names or package.startswith("_") or package == "site"
            found.setdefault("Python's own" if known else package, []).append(int(itself))
    return [Import(package, sum(each) / 1000, len(each)) for package, each in found.items()]
