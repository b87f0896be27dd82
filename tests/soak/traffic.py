"""Endless log events, and the faults of the ingest API in turn."""

import base64
import json
import zlib
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from local.faults import Fault, Manner

PROJECT = Path(__file__).parents[2]
NOW = 1_793_700_000_000
POISON = "soak-poison"
EVERY = 20_000
"""The number of log events of which the ingest API refuses one."""

SECONDS_BETWEEN_FAULTS = 5.0
FAULTS: list[list[Fault]] = [
    [Fault(status=503, times=6)],
    [Fault(delay=0.4, times=12)],
    [Fault(manner=Manner.RESET, times=4)],
    [Fault(status=429, headers={"Retry-After": "1"}, times=2)],
    [],
    [Fault(manner=Manner.RESET_MIDWAY, keeps_logs=True, times=2)],
    [Fault(status=500, times=3), Fault(status=502, body="<html>bad gateway</html>", times=3)],
    [Fault(manner=Manner.HANG)],
    [Fault(manner=Manner.CUT, keeps_logs=True), Fault(manner=Manner.GARBAGE, times=2)],
    [Fault(status=413, over_logs=400, times=2)],
    [Fault(manner=Manner.DRIP, pause=0.002, times=2)],
    [],
]
"""One row after the other, `SECONDS_BETWEEN_FAULTS` apart, and again from the start. What an earlier row has
left is forgotten. Beside these, the log events with `POISON` are always refused."""

ALWAYS = Fault(status=400, marker=POISON, times=None)


def fault_rows() -> Iterator[list[Fault]]:
    return cycle(FAULTS)


def payloads(events: int) -> Iterator[tuple[range, dict[str, Any]]]:
    """Yield payloads of a number of log events each, with the numbers that are their ids."""
    samples = [
        json.dumps(event["message"])
        for path in sorted((PROJECT / "events").glob("*.json"))
        if (payload := json.loads(path.read_text()))["messageType"] == "DATA_MESSAGE"
        for event in payload["logEvents"]
        if event["message"].rpartition("\t")[2].strip()  # blank events are filtered
    ]
    messages = cycle(samples)
    first = 0
    while True:
        numbers = range(first, first + events)
        yield numbers, _payload(numbers, list(islice(messages, events)))
        first += events


def _payload(numbers: range, messages: list[str]) -> dict[str, Any]:
    poisonous = json.dumps(f"{POISON} in the middle")
    log_events = ",".join(
        f'{{"id":"{number:056d}","timestamp":{NOW + number},'
        f'"message":{poisonous if number % EVERY == 0 else message}}}'
        for number, message in zip(numbers, messages, strict=True)
    )
    text = (
        '{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/orders",'
        f'"logStream":"stream-{numbers.start}","subscriptionFilters":["all"],"logEvents":[{log_events}]}}'
    )
    data = zlib.compress(text.encode(), 1, 31)
    return {"awslogs": {"data": base64.b64encode(data).decode()}}
