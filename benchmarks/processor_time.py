"""Processor time for each log event, against the naive shipper in the same run."""

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import urllib3

from benchmarks import naive
from benchmarks.ingest_sink import ingest_sink
from benchmarks.payloads import MESSAGES, event
from benchmarks.shipper import KEY, deliver, warm

ROUNDS = 15


class ProcessorTime(NamedTuple):
    payload: str
    events: int
    message_bytes: float
    """Of a message, on average."""
    ours: float
    """Microseconds for each log event, all threads of the process: the median of the rounds."""
    naive: float

    @property
    def ratio(self) -> float:
        return self.ours / self.naive


def processor_time(rounds: int = ROUNDS) -> list[ProcessorTime]:
    """Both shippers in turns, each with a connection that is open already; the API is another process."""
    with ingest_sink() as url:
        environment, pool = warm(url), urllib3.PoolManager()
        found = []
        for name, messages in MESSAGES.items():
            texts = messages()
            shipped = event(texts)

            def ours(shipped: dict[str, object] = shipped) -> None:
                deliver(shipped, environment)

            def theirs(shipped: dict[str, object] = shipped) -> None:
                naive.ship(shipped, pool, f"{url}/api/ingest/batch", KEY)

            ours()
            theirs()
            pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(rounds)]
            each = [median(column) / len(texts) * 1e6 for column in zip(*pairs, strict=True)]
            size = sum(len(text.encode()) for text in texts) / len(texts)
            found.append(ProcessorTime(name, len(texts), size, *each))
    return found


def _seconds(work: Callable[[], None]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start
