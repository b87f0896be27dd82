"""Measure the processor time of each step of the pipeline separately."""

import gc
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import NamedTuple

import urllib3
from loginformant_shipper.delivery.batching import batches
from loginformant_shipper.entries.log_object import Entries, frame, log_object
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.filtering import is_blank
from loginformant_shipper.levels import decide_log
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.pipeline import LOGS_AT_ONCE, Environment
from loginformant_shipper.wire.decoding import decode

from benchmarks import naive
from benchmarks.payloads import MESSAGES, event
from benchmarks.shipper import KEY, deliver, warm

ROUNDS = 11
MIB = 1024 * 1024


class Stages(NamedTuple):
    """The microseconds for each log event, medians of alternate rounds."""

    payload: str
    decode: float
    join: float
    """The time to join and parse."""
    level: float
    blank: float
    entry: float
    batch: float
    rest: float
    """The rest of the total: threads, HTTP, decisions of delivery, metrics, and interaction of the steps."""
    whole: float
    naive: float


def stages(url: str) -> Iterator[Stages]:
    """Yield the times of the steps and the total for each payload; `url` is that of an ingest API."""
    environment, pool = warm(url), urllib3.PoolManager()
    for name, messages in MESSAGES.items():
        yield _stages(name, messages(), environment, pool, f"{url}/api/ingest/batch")


def _stages(
    name: str, texts: list[str], environment: Environment, pool: urllib3.PoolManager, url: str
) -> Stages:
    shipped = event(texts)
    [message] = decode(shipped, 64 * MIB)
    assert isinstance(message, SubscriptionMessage)
    origin, events = message.origin, message.events
    logs = list(join(events))
    levels = [decide_log(log, origin.log_group).level for log in logs]
    where = frame(origin, "")
    bodies = [log_object(log, level, where) for log, level in zip(logs, levels, strict=True)]
    entries = [
        Entries(origin, bodies[start:end], [log.events for log in logs[start:end]])
        for start, end in ((start, start + LOGS_AT_ONCE) for start in range(0, len(logs), LOGS_AT_ONCE))
    ]
    work: list[Callable[[], object]] = [
        lambda: list(decode(shipped, 64 * MIB)),
        lambda: list(join(events)),
        lambda: [decide_log(log, origin.log_group) for log in logs],
        lambda: [is_blank(log) for log in logs],
        lambda: [log_object(log, level, where) for log, level in zip(logs, levels, strict=True)],
        lambda: list(batches(entries, 500, lambda: MIB)),
        lambda: deliver(shipped, environment),
        lambda: naive.ship(shipped, pool, url, KEY),
    ]
    rounds = [[_seconds(step) for step in work] for _ in range(ROUNDS)]
    decoding, joining, level, blank, making, batching, whole, theirs = (
        median(step) / len(texts) * 1e6 for step in zip(*rounds, strict=True)
    )
    rest = whole - decoding - joining - level - blank - making - batching
    return Stages(name, decoding, joining, level, blank, making, batching, rest, whole, theirs)


def _seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start
