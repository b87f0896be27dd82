"""What shipping costs in AWS Lambda: a model of example prices and of figures that were measured here."""

from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.processor_time import ProcessorTime


@dataclass(frozen=True, kw_only=True)
class Model:
    """The prices are examples: look up those of your region."""

    gb_second_dollars: float = 0.0000133334
    """Lambda on arm64, first tier of us-east-1, as guides of 2024 give it."""
    million_requests_dollars: float = 0.20
    memory_mb: int = 512
    """The template's."""
    vcpu_mb: int = 1769
    """So much memory has one whole processor (AWS Lambda Developer Guide, "Configure function memory")."""
    events_an_invocation: int = 1000
    latency_seconds: float = 0.05
    """The ingest API's, from a request to its answer."""
    in_flight: int = 4


class Cost(NamedTuple):
    payload: str
    million_events: float
    """Dollars for a million log events."""
    gigabyte: float
    """Dollars for a gigabyte of messages, as CloudWatch Logs counts what it ingests."""


def cost(measured: ProcessorTime, model: Model) -> Cost:
    """Return what a payload costs on a processor like this machine's, waiting for the API included."""
    processor = measured.ours / 1e6 * model.events_an_invocation * model.vcpu_mb / model.memory_mb
    requests = -(-model.events_an_invocation // 500)
    waiting = -(-requests // model.in_flight) * model.latency_seconds
    gb_seconds = (processor + waiting) * model.memory_mb / 1024
    invocation = gb_seconds * model.gb_second_dollars + model.million_requests_dollars / 1e6
    event = invocation / model.events_an_invocation
    return Cost(measured.payload, event * 1e6, event / measured.message_bytes * 1e9)
