"""Peak memory of an invocation above that of the idle process, against the size of what is decompressed."""

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.ingest_sink import ingest_sink
from benchmarks.payloads import event, mixed, payload, plain, short
from benchmarks.shipper import deliver, warm

MIB = 1024 * 1024
SIZES = (1, 16, 64)
"""MiB; the last is the default of MAX_DECOMPRESSED_BYTES."""
MESSAGES: dict[str, Callable[[], list[str]]] = {"plain": plain, "mixed": mixed, "short": short}


class Memory(NamedTuple):
    messages: str
    decompressed: float
    """MiB."""
    idle: float
    """MiB that the process holds when it has imported everything and shipped one event."""
    peak: float
    """MiB at most during the invocation, its event included."""

    @property
    def ratio(self) -> float:
        return (self.peak - self.idle) / self.decompressed


def peak_memory() -> list[Memory]:
    """A process of its own for each size and kind of message."""
    with ingest_sink() as url, TemporaryDirectory() as folder:
        found = []
        for name, messages in MESSAGES.items():
            for size in SIZES:
                file = Path(folder, "event.json")
                decompressed = _write_event(file, messages(), size * MIB)
                command = [sys.executable, "-m", "benchmarks.memory", url, str(file)]
                idle, peak = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                found.append(Memory(name, decompressed / MIB, idle, peak))
    return found


def _write_event(file: Path, messages: list[str], size: int) -> int:
    """Write the event of a payload of `size` bytes or a little less; gives the exact size."""
    average = len(json.dumps(payload(messages), ensure_ascii=False).encode()) / len(messages)
    endless = cycle(messages)
    taken = [next(endless) for _ in range(int(size / average))]
    text = json.dumps(payload(taken), ensure_ascii=False).encode()
    file.write_text(json.dumps(event(taken)))
    return len(text)


def measure(url: str, file: str) -> tuple[float, float]:
    """What the process holds at rest, and at most while it ships the event in `file`: MiB."""
    environment = warm(url)
    deliver(event(["first"]), environment)
    idle = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew: proc(5)
    deliver(json.loads(Path(file).read_bytes()), environment)
    return idle, _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
