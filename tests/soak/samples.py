"""Sample the resources of a process over time, and report growth."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

import psutil

MIB = 1024 * 1024
WARM_UP = 0.1
"""The share of samples at the start that is left out, while caches fill."""
MORE_MEMORY_MIB = 8.0
MORE_MEMORY_SHARE = 0.05
MORE_THREADS = MORE_SOCKETS = 1


class Sample(NamedTuple):
    seconds: float
    """Since the start."""
    memory_mib: float
    """Resident set size."""
    threads: int
    sockets: int
    """TCP connections in any state."""
    delivered: int
    """Log events since the start."""


@contextmanager
def sampling(delivered: Callable[[], int], every: float = 1.0) -> Iterator[list[Sample]]:
    """Take a sample of this process in a thread at an interval during a block, and one at its end."""
    process, start, done = psutil.Process(), time.monotonic(), threading.Event()
    taken: list[Sample] = []

    def sample() -> None:
        ended = False
        while not ended:
            ended = done.wait(every)
            taken.append(
                Sample(
                    time.monotonic() - start,
                    process.memory_info().rss / MIB,
                    process.num_threads(),
                    len(process.net_connections(kind="tcp")),
                    delivered(),
                )
            )

    thread = threading.Thread(target=sample, name="sampling")
    thread.start()
    try:
        yield taken
    finally:
        done.set()
        thread.join()


class Halves(NamedTuple):
    """The median of the memory and the 95th percentile of the others in each half of the time."""

    memory_mib: tuple[float, float]
    threads: tuple[int, int]
    sockets: tuple[int, int]


def halves(samples: Sequence[Sample]) -> Halves:
    kept = samples[int(len(samples) * WARM_UP) :]
    first, second = kept[: len(kept) // 2], kept[len(kept) // 2 :]
    return Halves(
        (median(s.memory_mib for s in first), median(s.memory_mib for s in second)),
        (_most([s.threads for s in first]), _most([s.threads for s in second])),
        (_most([s.sockets for s in first]), _most([s.sockets for s in second])),
    )


def _most(values: Sequence[int]) -> int:
    return sorted(values)[int(len(values) * 0.95)]


def growth(found: Halves) -> list[str]:
    """Return one line for each resource that grew in the second half; none if all are flat."""
    (before, after), threads, sockets = found
    lines = []
    if after > before * (1 + MORE_MEMORY_SHARE) + MORE_MEMORY_MIB:
        lines.append(f"memory grew from {before:.0f} to {after:.0f} MiB")
    if threads[1] > threads[0] + MORE_THREADS:
        lines.append(f"threads grew from {threads[0]} to {threads[1]}")
    if sockets[1] > sockets[0] + MORE_SOCKETS:
        lines.append(f"sockets grew from {sockets[0]} to {sockets[1]}")
    return lines
