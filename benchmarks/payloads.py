"""Create the payloads that are measured. They are the same in every run."""

import json
import random
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from events.wrap import wrap

EVENTS = Path(__file__).resolve().parent.parent / "events"
LOG_GROUP = "/aws/lambda/orders"
FIRST_TIMESTAMP = 1_793_697_121_118
LEVELS = ("DEBUG", "INFO", "INFO", "INFO", "INFO", "INFO", "WARNING", "ERROR")

JsonObject = dict[str, Any]


def plain(number: int = 1000) -> list[str]:
    """Return lines of a Lambda function in Python: a prefix with the level, and a sentence."""
    rng = random.Random("plain")
    return [
        f"[{rng.choice(LEVELS)}]\t2026-11-03T09:12:{index % 60:02d}.118Z"
        f"\t8f1d3c52-6a0b-4c8e-9d27-{index:012x}\tOrder {10_000 + index} of customer"
        f" {rng.randrange(10_000)} was processed in {rng.randrange(1, 900)} ms, {index % 5} items\n"
        for index in range(number)
    ]


def structured(number: int = 1000) -> list[str]:
    """Return JSON objects of a structured logger, each with a nested object."""
    rng = random.Random("structured")
    return [
        json.dumps(
            {
                "timestamp": f"2026-11-03T09:12:{index % 60:02d}.118Z",
                "level": rng.choice(LEVELS),
                "message": f"Order {10_000 + index} was processed",
                "logger": "orders.api",
                "requestId": f"8f1d3c52-6a0b-4c8e-9d27-{index:012x}",
                "customer": {"id": rng.randrange(10_000), "tier": "gold"},
                "durationMs": round(rng.random() * 900, 3),
            }
        )
        for index in range(number)
    ]


def short(number: int = 10_000) -> list[str]:
    """Return messages of a few characters without a level."""
    return [f"tick {index}" for index in range(number)]


def mixed(number: int = 5000) -> list[str]:
    """Return the sample events of this project, repeated, one source after the other."""
    files = [json.loads(file.read_bytes()) for file in sorted(EVENTS.glob("*.json"))]
    messages = [
        event["message"]
        for payload in files
        if payload["messageType"] == "DATA_MESSAGE"
        for event in payload["logEvents"]
    ]
    return list(islice(cycle(messages), number))


def one_line() -> list[str]:
    """Return a single line, as a quiet log group sends it."""
    return plain(1)


MESSAGES: dict[str, Callable[[], list[str]]] = {
    "plain": plain,
    "JSON": structured,
    "short": short,
    "mixed": mixed,
}


def payload(messages: list[str]) -> JsonObject:
    """Return messages as an uncompressed payload of CloudWatch Logs, a millisecond apart."""
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": LOG_GROUP,
        "logStream": "2026/11/03/[$LATEST]3c1f0a9b7d5e4f62a8c0d1e2f3a4b5c6",
        "subscriptionFilters": ["loginformant-shipper"],
        "logEvents": [
            {"id": f"{index + 36 * 10**54}", "timestamp": FIRST_TIMESTAMP + index, "message": message}
            for index, message in enumerate(messages)
        ],
    }


def event(messages: list[str]) -> JsonObject:
    """Return the shipper's event with the messages."""
    return wrap(payload(messages))
