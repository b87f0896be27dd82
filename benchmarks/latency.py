"""Measure how long an invocation takes with a slow ingest API, with several concurrent requests and one."""

import time
from statistics import median
from typing import NamedTuple

from benchmarks.ingest_sink import ingest_sink
from benchmarks.payloads import event, plain
from benchmarks.shipper import deliver, warm

BATCHES = 20
LATENCIES = (0, 10, 50)
"""The latencies of the ingest API in milliseconds."""
ROUNDS = 5


class WallTime(NamedTuple):
    latency: int
    several: float
    """The seconds with the default of MAX_IN_FLIGHT, the median of all rounds."""
    one: float
    """The results with MAX_IN_FLIGHT=1."""

    @property
    def share(self) -> float:
        return self.several / self.one


def wall_times(rounds: int = ROUNDS) -> list[WallTime]:
    """Measure 20 batches of 500 plain lines alternately with both settings."""
    shipped = event(plain(BATCHES * 500))
    found = []
    with ingest_sink() as url:
        for latency in LATENCIES:
            address = f"{url}/after/{latency}"
            several, one = warm(address), warm(address, MAX_IN_FLIGHT="1")
            pairs = []
            for number in range(rounds + 1):  # the first opens the connections
                times = []
                for environment in (several, one):
                    start = time.perf_counter()
                    deliver(shipped, environment)
                    times.append(time.perf_counter() - start)
                if number:
                    pairs.append(times)
            found.append(WallTime(latency, *(median(column) for column in zip(*pairs, strict=True))))
    return found
