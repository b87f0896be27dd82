"""Measure whether an invocation with 60 MiB, all detectors and a share of a processor ends in time.

A process ships one payload. Its parent stops and continues it (SIGSTOP, SIGCONT) fifty times a second, so
that its processor time in `/proc/PID/stat` does not exceed a share of the elapsed time, similar to Lambda.
The ingest API and the queue run in another process, and accept everything.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from loginformant_shipper.names import Detector
from loginformant_shipper.pipeline import ship

from benchmarks.ingest_sink import ingest_sink
from benchmarks.memory import AWS
from benchmarks.payloads import event, plain, structured
from benchmarks.shipper import warm

MIB = 1024 * 1024
SIZE = 60 * MIB
FUNCTION_SECONDS = 120.0
TICK_SECONDS = 0.02
SHARES = {512: 512 / 1769}
"""The share of a processor by MB of memory ("Configure Lambda function memory", AWS Lambda Developer
Guide)."""


def digits() -> list[str]:
    """Return long lines of digits: card numbers and similar numbers."""
    rng = random.Random("digits")
    return ["".join(rng.choices("0123456789", k=50_000)) for _ in range(8)]


def tables() -> list[str]:
    """Return rows of a table, ten per message, with numbers, dates, IP addresses and email addresses."""
    rng = random.Random("tables")

    def row() -> str:
        address = ".".join(str(rng.randrange(256)) for _ in range(4))
        number, day, user = rng.randrange(10**9), rng.randrange(1, 29), rng.randrange(999)
        return f"| {number} | 2026-11-{day:02d} | {address} | user{user}@example.com |"

    return ["\n".join(row() for _ in range(10)) for _ in range(500)]


KINDS: dict[str, Callable[[], list[str]]] = {
    "text": plain,
    "digits": digits,
    "JSON": structured,
    "tables": tables,
}


class Ending(NamedTuple):
    """How one invocation ended."""

    kind: str
    memory_mb: int
    events: int
    delivered: int
    stored: int
    """The number of log events in the dead-letter queue."""
    seconds: float
    processor_seconds: float
    share: float
    """The actual share of a processor."""


def endings() -> list[Ending]:
    """Ship one payload of each kind with each share of a processor."""
    with ingest_sink() as url, TemporaryDirectory() as folder:
        file = Path(folder, "event.json")
        found = []
        for kind, make in KINDS.items():
            events = _write_event(file, make())
            found += [_held_to(url, file, kind, events, memory) for memory in SHARES]
        return found


def _write_event(file: Path, messages: list[str]) -> int:
    endless, size, taken = cycle(messages), 0, []
    while size < SIZE:
        taken.append(next(endless))
        size += len(taken[-1]) + 120  # id, timestamp and names
    file.write_text(json.dumps(event(taken)))
    return len(taken)


def _held_to(url: str, file: Path, kind: str, events: int, memory_mb: int) -> Ending:
    share = SHARES[memory_mb]
    environ = os.environ | AWS | {"AWS_ENDPOINT_URL": url, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb)}
    command = [sys.executable, "-m", "benchmarks.deadline", url, str(file)]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()  # the environment is warm, and the event has been read
        started, before, is_stopped = time.monotonic(), _processor_seconds(child.pid), False
        child.stdin.write("go\n")
        child.stdin.flush()
        used = elapsed = 0.0
        while child.poll() is None and elapsed < 2 * FUNCTION_SECONDS:
            time.sleep(TICK_SECONDS)
            elapsed = time.monotonic() - started
            used = max(used, _processor_seconds(child.pid) - before)
            if (used > share * elapsed) != is_stopped:
                is_stopped = not is_stopped
                os.kill(child.pid, signal.SIGSTOP if is_stopped else signal.SIGCONT)
        if child.poll() is None:
            child.kill()
        answer = json.loads(child.stdout.readlines()[-1])
    return Ending(
        kind,
        memory_mb,
        events,
        answer["delivered"] + answer["filtered"],
        answer["deadLettered"],
        answer["seconds"],
        used,
        used / answer["seconds"],
    )


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far, or 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, IndexError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ship_once(url: str, file: str) -> dict[str, Any]:
    environment = warm(
        url,
        REDACT=",".join(Detector),
        DEAD_LETTER_QUEUE_URL=f"{url}/123456789012/dead-letter",
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    )
    shipped = json.loads(Path(file).read_bytes())
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.monotonic()
    answer = ship(shipped, environment, FUNCTION_SECONDS)
    return answer | {"seconds": time.monotonic() - started}


if __name__ == "__main__":
    print(json.dumps(_ship_once(*sys.argv[1:])))
