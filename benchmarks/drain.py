"""Estimate from measured figures how long replay takes to drain the backlog of an outage."""

import gc
import io
import json
import time
from contextlib import redirect_stdout
from statistics import median
from typing import Any, NamedTuple

from loginformant_shipper.pipeline import Environment, replay

from benchmarks.cost import Model
from benchmarks.ingest_sink import ingest_sink
from benchmarks.payloads import MESSAGES, event
from benchmarks.shipper import REMAINING_SECONDS, warm

ROUNDS = 7
MESSAGES_AT_A_TIME = 10
"""The batch size of the event source mapping in the template."""
EVENTS_IN_A_MESSAGE = 1000
"""The log events in a message that the shipper stores while LogInformant is down."""
OUTAGE_HOURS = 6.0
TERABYTES_A_DAY = (1.0, 10.0)
CONCURRENCIES = (2, 10, 100, 1000)


class ReplayTime(NamedTuple):
    payload: str
    message_bytes: float
    """The average size of a log event."""
    microseconds: float
    """The processor time for each log event, the median of all rounds."""


class Drain(NamedTuple):
    payload: str
    terabytes_a_day: float
    megabytes_a_second: float
    """The megabytes of messages that one invocation delivers in a second."""
    hours: tuple[float, ...]
    """The hours for each of `CONCURRENCIES`."""


def replay_times(rounds: int = ROUNDS) -> list[ReplayTime]:
    """Measure one replay of ten dead-lettered messages of 1,000 log events, with a warm environment."""
    with ingest_sink() as url:
        environment = warm(url, PARKED_QUEUE_URL="http://127.0.0.1:9/123456789012/parked")
        return [_measured(name, messages(), environment, rounds) for name, messages in MESSAGES.items()]


def _measured(name: str, texts: list[str], environment: Environment, rounds: int) -> ReplayTime:
    number = MESSAGES_AT_A_TIME * EVENTS_IN_A_MESSAGE
    chosen = (texts * (number // len(texts) + 1))[:number]
    records = {
        "Records": [
            {
                "messageId": f"message-{index}",
                "receiptHandle": "",
                "body": json.dumps(event(chosen[index::MESSAGES_AT_A_TIME])),
                "eventSource": "aws:sqs",
            }
            for index in range(MESSAGES_AT_A_TIME)
        ]
    }
    _replay(records, environment)
    seconds = median(_seconds(records, environment) for _ in range(rounds))
    return ReplayTime(name, sum(len(text.encode()) for text in chosen) / number, seconds / number * 1e6)


def _seconds(records: dict[str, Any], environment: Environment) -> float:
    gc.collect()
    start = time.process_time()
    _replay(records, environment)
    return time.process_time() - start


def _replay(records: dict[str, Any], environment: Environment) -> None:
    with redirect_stdout(io.StringIO()):
        answer = replay(records, environment, REMAINING_SECONDS)
    assert answer["delivered"] + answer["filtered"] == answer["received"], answer


def drain(measured: ReplayTime, model: Model, terabytes_a_day: float) -> Drain:
    """Return how long the backlog of six hours takes if LogInformant accepts everything.

    The function has a share of a processor like this machine's according to its memory. Processor time and
    waiting for the API are added, as in `cost`.
    """
    events = MESSAGES_AT_A_TIME * EVENTS_IN_A_MESSAGE
    processor = measured.microseconds / 1e6 * events * model.vcpu_mb / model.memory_mb
    requests = -(-events // 500)
    waiting = -(-requests // model.in_flight) * model.latency_seconds
    bytes_a_second = events * measured.message_bytes / (processor + waiting)
    backlog = terabytes_a_day * 1e12 * OUTAGE_HOURS / 24
    hours = tuple(backlog / bytes_a_second / concurrency / 3600 for concurrency in CONCURRENCIES)
    return Drain(measured.payload, terabytes_a_day, bytes_a_second / 1e6, hours)
