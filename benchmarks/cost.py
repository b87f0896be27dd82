"""Estimate the cost of shipping in AWS Lambda from example prices and measured figures."""

from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.processor_time import ProcessorTime


@dataclass(frozen=True, kw_only=True)
class Model:
    """The parameters of the estimate. The prices are examples; look up those of your region."""

    gb_second_dollars: float = 0.0000133334
    """The price of Lambda on arm64, first tier of us-east-1, according to guides of 2024."""
    million_requests_dollars: float = 0.20
    memory_mb: int = 512
    """The default of the template."""
    vcpu_mb: int = 1769
    """The memory with one vCPU ("Configure function memory", AWS Lambda Developer Guide)."""
    events_an_invocation: int = 1000
    latency_seconds: float = 0.05
    """The latency of the ingest API."""
    in_flight: int = 8
    """The default of MAX_IN_FLIGHT."""


class Cost(NamedTuple):
    payload: str
    million_events: float
    """The dollars for a million log events."""
    gigabyte: float
    """The dollars for a gigabyte of messages, as CloudWatch Logs measures ingestion."""


def cost(measured: ProcessorTime, model: Model) -> Cost:
    """Return the cost of a payload on a processor like this machine's, including waiting for the API."""
    processor = measured.ours / 1e6 * model.events_an_invocation * model.vcpu_mb / model.memory_mb
    requests = -(-model.events_an_invocation // 500)
    waiting = -(-requests // model.in_flight) * model.latency_seconds
    gb_seconds = (processor + waiting) * model.memory_mb / 1024
    invocation = gb_seconds * model.gb_second_dollars + model.million_requests_dollars / 1e6
    event = invocation / model.events_an_invocation
    return Cost(measured.payload, event * 1e6, event / measured.message_bytes * 1e9)
