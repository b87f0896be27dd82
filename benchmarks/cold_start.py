"""Measure a cold start: the time from the start of a process to its first request, including the API key.

The code and the layers are built, and boto3 is compiled, as in Lambda's runtime. Nothing can be written, and
no package of the development environment can be imported. The layers of an earlier revision, and a process
that creates two clients of boto3, are measured in the same run. All use the same emulated account.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.payloads import event, plain
from benchmarks.revisions import files_of_revision
from local.account import emulated_account

PROJECT = Path(__file__).resolve().parent.parent
BEFORE_BYTECODE = "0b35e19"
"""The last revision without bytecode in its layers, which reads the key with botocore."""
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
"""The packages of Lambda's Python runtime: boto3 and its dependencies ("Runtime-included SDK versions", AWS
Lambda Developer Guide)."""
BOTO3 = 'import boto3; boto3.client("sqs"); boto3.client("secretsmanager")'
SHIPPER = """
import json, sys, app
class Context:
    get_remaining_time_in_millis = staticmethod(lambda: 120_000)
app.handler(json.load(open(sys.argv[1])), Context)
"""
ROUNDS = 15


class ColdStart(NamedTuple):
    """The medians of all rounds in seconds."""

    shipper: float
    """The time from the start of the process to the arrival of its first request."""
    earlier: float
    """The same with the layers of the earlier revision."""
    boto3: float
    """The time of the whole process with boto3."""
    shipper_processor: float
    """The processor time of the whole process."""
    earlier_processor: float
    boto3_processor: float


class Import(NamedTuple):
    package: str
    milliseconds: float
    """The time of its modules, without imported modules of other packages."""
    modules: int


class _Code(NamedTuple):
    """The built folders of a revision."""

    function: Path
    layers: Sequence[Path]

    def environment(self, variables: Mapping[str, str], runtime: Path) -> dict[str, str]:
        """Return the environment of a function: its own code first, then the layers, then the runtime."""
        places = [self.function, *(layer / "python" for layer in self.layers), runtime]
        return {**variables, "PYTHONPATH": os.pathsep.join(map(str, places))}


class _FirstRequest(BaseHTTPRequestHandler):
    arrivals: Sequence[float] = ()

    def do_POST(self) -> None:
        type(self).arrivals = [*self.arrivals, time.monotonic()]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write no access log."""


def cold_start(rounds: int = ROUNDS, revision: str = BEFORE_BYTECODE) -> tuple[ColdStart, list[Import]]:
    """Measure all alternately, and the imports of the shipper's handler by package."""
    with tempfile.TemporaryDirectory() as folder, _variables(Path(folder)) as (variables, file):
        runtime = _runtime(Path(folder, "runtime"))
        ours = _built(PROJECT, Path(folder, "ours")).environment(variables, runtime)
        with files_of_revision(revision, "layers", "functions") as earlier_sources:
            earlier = _built(earlier_sources, Path(folder, "earlier")).environment(variables, runtime)
        runs = []
        for number in range(rounds + 1):
            new = _first_request(ours, file)
            old = _first_request(earlier, file)
            boto3 = _run([*_PYTHON, "-c", BOTO3], {**variables, "PYTHONPATH": str(runtime)})
            if number:  # the first round only fills the file cache
                runs.append((new[0], old[0], boto3[0], new[1], old[1], boto3[1]))
        return ColdStart(*map(median, zip(*runs, strict=True))), _imports(ours)


_PYTHON = (getattr(sys, "_base_executable", sys.executable), "-S")
"""Python without the packages of this environment."""


def _built(sources: Path, target: Path) -> _Code:
    """Build the layers for this machine, as `sam build` does."""
    layers = []
    for folder, layer in (("shipping", "ShippingLayer"), ("dependencies", "DependenciesLayer")):
        layers.append(target / layer)
        layers[-1].mkdir(parents=True)
        subprocess.run(
            ["make", "--silent", f"build-{layer}"],
            cwd=sources / "layers" / folder,
            env={
                **os.environ,
                "ARTIFACTS_DIR": str(layers[-1]),
                "LAYER_FOR": "this-machine",
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            check=True,
            capture_output=True,
        )
    function = target / "function"
    function.mkdir()
    (function / "app.py").write_bytes((sources / "functions/shipper/app.py").read_bytes())
    return _Code(function, layers)


def _runtime(folder: Path) -> Path:
    """Create a folder with the packages of Lambda's runtime, copied from this environment with bytecode."""
    folder.mkdir()
    for package in RUNTIME_PACKAGES:
        spec = find_spec(package)
        assert spec
        assert spec.origin
        origin = Path(spec.origin)
        place = origin.parent if origin.name == "__init__.py" else origin
        (folder / place.name).symlink_to(place)
    return folder


def _first_request(environment: Mapping[str, str], file: Path) -> tuple[float, float]:
    """Return the seconds until the first request arrives, and the processor time of the whole process."""
    started = time.monotonic()
    _, processor = _run([*_PYTHON, "-c", SHIPPER, str(file)], environment)
    return _FirstRequest.arrivals[-1] - started, processor


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the wall time and the processor time of a process in seconds."""
    before, start = _processor_time_of_children(), time.monotonic()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start, _processor_time_of_children() - before


def _processor_time_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def _variables(folder: Path) -> Iterator[tuple[dict[str, str], Path]]:
    """Provide the environment variables of the function and the file with its event."""
    with emulated_account(folder / "log.txt") as account:
        secret = account.client("secretsmanager").create_secret(Name="key", SecretString="a-key")["ARN"]
        file = folder / "event.json"
        file.write_text(json.dumps(event(plain(100))))
        server = HTTPServer(("127.0.0.1", 0), _FirstRequest)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield (
                {
                    **account.environment,
                    "AWS_SESSION_TOKEN": "test",  # a function always has one
                    "PYTHONDONTWRITEBYTECODE": "1",
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
    """Return the import times of the handler (`python -X importtime`), the fastest of five runs."""
    runs = [_import_times(environment) for _ in range(5)]
    return sorted(min(runs, key=lambda run: sum(found.milliseconds for found in run)), key=lambda it: -it[1])


def _import_times(environment: Mapping[str, str]) -> list[Import]:
    command = [*_PYTHON, "-X", "importtime", "-c", "import app"]
    run = subprocess.run(command, env=environment, check=True, stderr=subprocess.PIPE, text=True)
    found: dict[str, list[int]] = {}
    for line in run.stderr.splitlines():
        itself, _, module = line.removeprefix("import time:").split("|")
        if itself.strip().isdigit():
            package = module.strip().partition(".")[0]
            known = package in sys.stdlib_module_names or package.startswith("_") or package == "site"
            found.setdefault("Python's own" if known else package, []).append(int(itself))
    return [Import(package, sum(each) / 1000, len(each)) for package, each in found.items()]
