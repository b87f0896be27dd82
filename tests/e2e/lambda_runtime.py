"""Lambda's own runtime on this machine: the Runtime Interface Emulator of sam, and `awslambdaric`.

Both are what AWS's base image for Python runs (AWS Lambda Developer Guide, "Deploy Python Lambda functions
with container images").
"""

import json
import platform
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import urllib3

from local.account import LOOPBACK
from local.processes import ProgramFailed, last_line, running

_EMULATOR = (
    f"samcli/local/rapid/aws-lambda-rie-{'arm64' if platform.machine() in ('arm64', 'aarch64') else 'x86_64'}"
)
_OF_THE_RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py", "boto3", "botocore", "s3transfer")
_NEEDED_BY_BOTO3 = ("python-dateutil", "six")


@dataclass(frozen=True)
class Runtime:
    url: str
    log: Path

    def invoke(self, event: Any) -> Any:
        """Return what the caller of the function gets, parsed from JSON; plain text after a timeout."""
        response = urllib3.request("POST", self.url, json=event, timeout=120, retries=False)
        try:
            return response.json()
        except json.JSONDecodeError:
            return response.data.decode()


@contextmanager
def lambda_runtime(
    build: Path,
    variables: Mapping[str, str],
    *,
    timeout_seconds: int,
    folder: Path,
    function: str = "ShipperFunction",
    around: Path | None = None,
) -> Iterator[Runtime]:
    """Run the built function during a block, with `variables` and nothing else in its environment.

    The function sees its own code, its layers and what the runtime brings along, and no other package:
    neither this project nor its environment. `folder` takes the runtime's packages and its output. If there
    is a module `around`, its handler takes the place of the function's.
    """
    api, control = _free_ports(2)
    log = folder / "runtime.log"
    environment = {
        **variables,
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": function_path(build, folder, function) + (f":{around.parent}" if around else ""),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
    }
    command = [
        str(metadata.distribution("aws-sam-cli").locate_file(_EMULATOR)),
        *("--runtime-interface-emulator-address", f"{LOOPBACK}:{api}"),
        *("--runtime-api-address", f"{LOOPBACK}:{control}"),
        *(sys.executable, "-S", "-m", "awslambdaric", f"{around.stem if around else 'app'}.handler"),
    ]
    with running(command, environment=environment, folder=build / function, log=log) as emulator:
        deadline = time.monotonic() + 30
        while not _listens(api):
            if emulator.poll() is not None or time.monotonic() > deadline:
                raise ProgramFailed(f"the Runtime Interface Emulator did not start: {last_line(log)}")
            time.sleep(0.05)
        yield Runtime(f"http://{LOOPBACK}:{api}/2015-03-31/functions/function/invocations", log)


def function_path(build: Path, folder: Path, function: str = "ShipperFunction") -> str:
    """Return the module search path of the function in Lambda's order: function, layers, runtime."""
    runtime = folder / "runtime"
    if not runtime.exists():
        runtime.mkdir()
        for name in (*_OF_THE_RUNTIME, *_NEEDED_BY_BOTO3):
            distribution = metadata.distribution(name)
            for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] != ".."}:
                (runtime / top).symlink_to(Path(str(distribution.locate_file(top))))
    layers = (build / layer / "python" for layer in ("DependenciesLayer", "ShippingLayer"))
    return ":".join(map(str, (build / function, *layers, runtime)))


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
