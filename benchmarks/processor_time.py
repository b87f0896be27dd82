"""Measure the processor time for each log event, compared with the naive shipper in the same run."""

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import urllib3
from loginformant_shipper.pipeline import Environment

from benchmarks import naive
from benchmarks.ingest_sink import ingest_sink, tls_sink
from benchmarks.payloads import MESSAGES, event, one_line
from benchmarks.shipper import KEY, deliver, warm

ROUNDS = 15


TIMES = {"one line": 50}
"""How often a payload is shipped in each round if a single time is too short to be measured."""
PAYLOADS: dict[str, Callable[[], list[str]]] = {"one line": one_line, **MESSAGES}
MAX_RATIOS = {"mixed": 1.8}
MAX_RATIO = 1.5


class ProcessorTime(NamedTuple):
    """The processor time of one kind of payload."""

    payload: str
    events: int
    message_bytes: float
    """The average size of a message."""
    ours: float
    """The microseconds for each log event in all threads, the median of all rounds."""
    naive: float

    @property
    def ratio(self) -> float:
        """Return the ratio to the naive shipper."""
        return self.ours / self.naive

    @property
    def max_ratio(self) -> float:
        """Return the maximum of the ratio."""
        return MAX_RATIOS.get(self.payload, MAX_RATIO)


def processor_time(rounds: int = ROUNDS) -> list[ProcessorTime]:
    """Measure both alternately with open connections. The API runs in another process."""
    with ingest_sink() as url:
        return [
            _measure(name, messages(), warm(url), urllib3.PoolManager(), url, rounds)
            for name, messages in PAYLOADS.items()
        ]


def processor_time_with_tls(rounds: int = ROUNDS) -> list[ProcessorTime]:
    """Measure the same over TLS."""
    with tls_sink() as (url, authority):
        return [
            _measure(
                name,
                messages(),
                warm(url, CA_BUNDLE=str(authority)),
                urllib3.PoolManager(ca_certs=str(authority)),
                url,
                rounds,
            )
            for name, messages in PAYLOADS.items()
        ]


def _measure(
    name: str,
    texts: list[str],
    environment: Environment,
    pool: urllib3.PoolManager,
    url: str,
    rounds: int,
) -> ProcessorTime:
    shipped, times = event(texts), range(TIMES.get(name, 1))

    def ours() -> None:
        for _ in times:
            deliver(shipped, environment)

    def theirs() -> None:
        for _ in times:
            naive.ship(shipped, pool, f"{url}/api/ingest/batch", KEY)

    ours()
    theirs()
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(rounds)]
    count = len(texts) * len(times)
    each = [median(column) / count * 1e6 for column in zip(*pairs, strict=True)]
    size = sum(len(text.encode()) for text in texts) / len(texts)
    return ProcessorTime(name, len(texts), size, *each)


def _seconds(work: Callable[[], None]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start
