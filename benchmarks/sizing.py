"""`python -m benchmarks.sizing`: compute the tables of docs/scaling.md for 10 TB a day.

Only the bytes are measured here. The processor times are those of docs/performance.md. The prices are
constants.
"""

import base64
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import LogEvent, Origin
from loginformant_shipper.levels import decide_log
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.settings import MEMORY_OF_ONE_PROCESSOR, PROPERTIES_TO_LEAVE_OUT

from benchmarks.payloads import FIRST_TIMESTAMP, LOG_GROUP, mixed, payload, plain, structured
from events.wrap import encode

PERFORMANCE = Path(__file__).resolve().parent.parent / "docs/performance.md"
ORIGIN = Origin("123456789012", LOG_GROUP, "2026/11/03/[$LATEST]8f1d3c526a0b4c8e9d27", ("all@eu-west-1",))
REGION = "eu-west-1"
EVENTS = 1000
"""The number of log events in a payload. A payload of a busy log stream has thousands, of a quiet one one."""

PAYLOADS = {"plain lines": plain, "JSON": structured, "mixed": mixed}
ROWS_OF_PERFORMANCE = {
    "plain lines": "1,000 plain lines of Lambda",
    "JSON": "1,000 JSON logs",
    "mixed": "5,000 of the sample events",
}

BYTES_A_DAY = 10e12
SECONDS_A_DAY = 86_400
PEAK = 3
"""The assumed ratio of the busiest 15 minutes to the mean."""
API_SECONDS = 0.05
"""The assumed seconds from a request to its response."""
IN_FLIGHT, LOGS_A_REQUEST = 8, 500
BATCH_BYTES = 6e6
"""The maximum size of a batch, with records in base64 ("Lambda quotas", AWS Lambda Developer Guide)."""
SHARD_BYTES_A_SECOND, SHARD_RECORDS_A_SECOND = 1e6, 1000
"""The maximum throughput of a shard ("Quotas and limits", Amazon Kinesis Data Streams Developer Guide)."""
ON_DEMAND_BYTES_A_SECOND = 4e6
"""The maximum throughput of a new stream in on-demand mode (the same page)."""

STREAM_HOUR, GB_IN, GB_OUT = 0.04, 0.08, 0.04
GB_SECOND, MILLION_REQUESTS, GB_SENT, GB_STORED = 0.0000133334, 0.20, 0.09, 0.03
"""Prices in dollars. docs/scaling.md names their source."""


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of logs: the bytes of one log event, and its processor time."""

    name: str
    message_bytes: float
    sent_bytes: float
    stream_bytes: float
    """The bytes in a Kinesis record, as CloudWatch Logs compresses them."""
    microseconds: float
    """The processor time."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """The sizing for 10 TB a day."""

    events_a_second: float
    stream_megabytes_a_second: float
    """The throughput at the peak."""
    shards: int
    doublings: int
    """How often a new on-demand stream has to double until it takes the peak."""
    concurrency: float
    """The concurrent invocations at the peak, with 1,769 MB."""
    factor: int
    """The value of KinesisParallelizationFactor."""
    events_a_batch: float
    seconds_a_batch: float
    sent_terabytes_a_day: float
    stream_dollars: float
    lambda_dollars: float
    transfer_dollars: float
    """The three costs are for one day."""


def entries(messages: list[str], left_out: frozenset[str] = frozenset()) -> Iterator[bytes]:
    """Yield the log objects of a log stream, with one log event each except for stack traces."""
    where = frame(ORIGIN, REGION, left_out=left_out)
    events = [
        LogEvent(f"{number:056d}", FIRST_TIMESTAMP + number, message)
        for number, message in enumerate(messages)
    ]
    for log in join(events):
        yield log_object(log, decide_log(log, ORIGIN.log_group, Level.INFORMATION).level, where)


def sent_bytes(messages: list[str], left_out: frozenset[str] = frozenset()) -> float:
    """Return the bytes of a log event as it is sent, with the comma between two logs."""
    return sum(len(each) + 1 for each in entries(messages, left_out)) / len(messages)


def stream_bytes(messages: list[str]) -> float:
    """Return the bytes of a log event in a payload as CloudWatch Logs compresses it."""
    return len(base64.b64decode(encode(payload(messages)))) / len(messages)


def loads() -> list[Load]:
    """Measure the bytes of each kind of logs, and read the processor times from docs/performance.md."""
    table = PERFORMANCE.read_text(encoding="utf-8")
    found = []
    for name, make in PAYLOADS.items():
        messages = (make(EVENTS))[:EVENTS]
        row = re.search(rf"^\| {re.escape(ROWS_OF_PERFORMANCE[name])} \| ([\d.]+) \|", table, re.MULTILINE)
        assert row, f"docs/performance.md has no row {ROWS_OF_PERFORMANCE[name]!r}"
        message = sum(len(each.encode()) for each in messages) / len(messages)
        found.append(Load(name, message, sent_bytes(messages), stream_bytes(messages), float(row[1])))
    return found


def sizing(load: Load) -> Sizing:
    """Return the sizing for 10 TB of messages of one kind a day."""
    events = BYTES_A_DAY / load.message_bytes / SECONDS_A_DAY
    in_stream = events * load.stream_bytes
    records = events * PEAK / EVENTS
    shards = math.ceil(max(in_stream * PEAK / SHARD_BYTES_A_SECOND, records / SHARD_RECORDS_A_SECOND))
    seconds_an_event = load.microseconds / 1e6 + API_SECONDS / (IN_FLIGHT * LOGS_A_REQUEST)
    concurrency = events * PEAK * seconds_an_event
    batch = BATCH_BYTES * 3 / 4 / load.stream_bytes
    gigabytes_in_stream = in_stream * SECONDS_A_DAY / 1e9
    gb_seconds = events * SECONDS_A_DAY * seconds_an_event * MEMORY_OF_ONE_PROCESSOR / 1024
    requests = events * SECONDS_A_DAY / batch / 1e6
    sent = events * SECONDS_A_DAY * load.sent_bytes
    return Sizing(
        events_a_second=events,
        stream_megabytes_a_second=in_stream * PEAK / 1e6,
        shards=shards,
        doublings=max(0, math.ceil(math.log2(in_stream * PEAK / ON_DEMAND_BYTES_A_SECOND))),
        concurrency=concurrency,
        factor=min(10, math.ceil(concurrency / shards)),
        events_a_batch=batch,
        seconds_a_batch=batch * seconds_an_event,
        sent_terabytes_a_day=sent / 1e12,
        stream_dollars=gigabytes_in_stream * (GB_IN + GB_OUT) + 24 * STREAM_HOUR,
        lambda_dollars=gb_seconds * GB_SECOND + requests * MILLION_REQUESTS,
        transfer_dollars=sent / 1e9 * GB_SENT,
    )


def bytes_of_properties(messages: list[str]) -> Mapping[str, float]:
    """Return how many bytes fewer a log event is without each property, and without all of them."""
    whole = sent_bytes(messages)
    each = {name: whole - sent_bytes(messages, frozenset({name})) for name in sorted(PROPERTIES_TO_LEAVE_OUT)}
    return {name: saved for name, saved in each.items() if saved} | {
        "all of them": whole - sent_bytes(messages, frozenset(PROPERTIES_TO_LEAVE_OUT))
    }


def rows_of_bytes(found: list[Load]) -> list[str]:
    """Return the table of bytes in docs/scaling.md."""
    return [
        f"| {load.name} | {load.message_bytes:.0f} | {load.sent_bytes:.0f} | {load.stream_bytes:.0f} | "
        f"{load.microseconds:g} |"
        for load in found
    ]


def rows_of_properties() -> list[str]:
    """Return the table of properties in docs/scaling.md."""
    return [f"| `{name}` | {saved:.0f} |" for name, saved in bytes_of_properties(plain(EVENTS)).items()]


def rows_of_sizes(found: list[Load]) -> list[str]:
    """Return the table of sizes in docs/scaling.md."""
    return [
        f"| {load.name} | {size.events_a_second:,.0f} | {size.stream_megabytes_a_second:.0f} | "
        f"{size.shards} | {size.doublings} | {size.concurrency:.0f} | {size.factor} | "
        f"{size.events_a_batch:,.0f} in {size.seconds_a_batch:.1f} s | {size.sent_terabytes_a_day:.1f} |"
        for load in found
        for size in [sizing(load)]
    ]


def rows_of_dollars(found: list[Load]) -> list[str]:
    """Return the table of prices in docs/scaling.md."""
    return [
        f"| {load.name} | {size.stream_dollars:,.0f} | {size.lambda_dollars:,.0f} | "
        f"{size.transfer_dollars:,.0f} | {BYTES_A_DAY / 1e9 * GB_STORED / 30:,.0f} |"
        for load in found
        for size in [sizing(load)]
    ]


def main() -> None:
    """Print the rows of all tables."""
    found = loads()
    for rows in (rows_of_bytes(found), rows_of_properties(), rows_of_sizes(found), rows_of_dollars(found)):
        print("\n".join(rows), end="\n\n")


if __name__ == "__main__":
    main()
