"""Measure the peak memory of an invocation above the idle process, by the size of its payload.

The idle process is a warm environment: it has imported everything including boto3, and has shipped and stored
some batches of the sample events. Freed memory is first returned to the system (`malloc_trim`), since it
would otherwise count as idle, and hide a part of the peak.
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.ingest_sink import ingest_sink
from benchmarks.payloads import event, mixed, payload, plain, short
from benchmarks.shipper import deliver, store, warm

MIB = 1024 * 1024
RUNS = {1: 5, 16: 1, 64: 1}
"""The sizes in MiB with the number of processes that measure each; the median is used. The values of Linux
have an error of a quarter of a MiB, which only matters at 1 MiB. The last size is the default of
MAX_DECOMPRESSED_BYTES."""
MESSAGES: dict[str, Callable[[], list[str]]] = {"plain": plain, "mixed": mixed, "short": short}
AWS = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


class Memory(NamedTuple):
    messages: str
    decompressed: float
    """MiB."""
    delivered: str
    """Whether everything was delivered. If not, everything was stored in the dead-letter queue."""
    idle: float
    """The memory of the idle process in MiB."""
    peak: float
    """The peak memory in MiB during the invocation, including its event."""

    @property
    def ratio(self) -> float:
        return (self.peak - self.idle) / self.decompressed


def peak_memory() -> list[Memory]:
    """Measure each size and kind of message, delivered and stored, in a separate process."""
    with ingest_sink() as url, TemporaryDirectory() as folder:
        found = []
        for name, messages in MESSAGES.items():
            for size, runs in RUNS.items():
                file = Path(folder, "event.json")
                decompressed = _write_event(file, messages(), size * MIB)
                for delivered in ("all", "nothing"):
                    command = [sys.executable, "-m", "benchmarks.memory", url, str(file), delivered]
                    measured = [
                        Memory(name, decompressed / MIB, delivered, *_run(command)) for _ in range(runs)
                    ]
                    found.append(sorted(measured, key=lambda memory: memory.ratio)[runs // 2])
    return found


def _run(command: list[str]) -> tuple[float, float]:
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    idle, peak = json.loads(output.splitlines()[-1])
    return idle, peak


def _write_event(file: Path, messages: list[str], size: int) -> int:
    """Write the event of a payload of at most `size` bytes, and return the exact size."""
    average = len(json.dumps(payload(messages), ensure_ascii=False).encode()) / len(messages)
    endless = cycle(messages)
    taken = [next(endless) for _ in range(int(size / average))]
    text = json.dumps(payload(taken), ensure_ascii=False).encode()
    file.write_text(json.dumps(event(taken)))
    return len(text)


def measure(url: str, file: str, delivered: str) -> tuple[float, float]:
    """Return the memory in MiB of the idle process, and its peak while it ships the event in `file`."""
    os.environ |= AWS | {"AWS_ENDPOINT_URL": url}
    up, down = warm(url), warm(f"{url}/down")
    deliver(event(mixed()), up)
    store(event(mixed()), down)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    idle = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak: proc(5)
    down.state.resume_at = 0.0
    shipped = json.loads(Path(file).read_bytes())
    if delivered == "all":
        deliver(shipped, up)
    else:
        store(shipped, down)
    return idle, _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
