"""docs/scaling.md: its sizing is computed from measured bytes and from performance.md."""

from pathlib import Path

import pytest
from loginformant_shipper.settings import PROPERTIES_TO_LEAVE_OUT

from benchmarks.payloads import plain
from benchmarks.sizing import (
    Load,
    loads,
    rows_of_bytes,
    rows_of_dollars,
    rows_of_properties,
    rows_of_sizes,
    sent_bytes,
    sizing,
)

DOCUMENT = (Path(__file__).parents[2] / "docs/scaling.md").read_text(encoding="utf-8")
LOADS = loads()


@pytest.mark.parametrize(
    "rows",
    [rows_of_bytes(LOADS), rows_of_properties(), rows_of_sizes(LOADS), rows_of_dollars(LOADS)],
    ids=["bytes", "properties", "sizes", "dollars"],
)
def test_the_tables_equal_the_computed_ones(rows: list[str]) -> None:
    """After a change, run `python -m benchmarks.sizing`."""
    assert rows
    assert "\n" + "\n".join(rows) + "\n" in DOCUMENT


def test_the_numbers_in_the_text_are_those_of_the_tables() -> None:
    load, size = LOADS[0], sizing(LOADS[0])
    document = " ".join(DOCUMENT.split())
    longer, requests = load.sent_bytes - load.message_bytes, size.events_a_second / 500
    for text in (
        f"a line of {load.message_bytes:.0f} bytes becomes {longer:.0f} bytes longer",
        f"are {size.events_a_second / 1000:.0f},000 log events a second",
        f"{load.microseconds + 12.5:.1f} µs together",
        f"keep {size.concurrency:.0f} invocations",
        f"{size.concurrency:.0f} ÷ {size.shards} is {size.factor}",
        f"{size.sent_terabytes_a_day:.1f} TB a day to LogInformant, {requests:,.0f} requests",
        f"payload {size.events_a_second * 86_400 / 1000 / 1e6:.0f} million times a day",
    ):
        assert text in document, text


def test_sizing_of_round_numbers_is_exact() -> None:
    """10 TB in events of 1,000 bytes, 100 in the stream, are 115,741 a second."""
    size = sizing(Load("round", message_bytes=1000, sent_bytes=2000, stream_bytes=100, microseconds=87.5))
    assert size.events_a_second == pytest.approx(115_741, abs=1)
    assert size.stream_megabytes_a_second == pytest.approx(34.72, abs=0.01)
    assert (size.shards, size.doublings, size.factor) == (35, 4, 1)
    assert size.concurrency == pytest.approx(115_741 * 3 * 100e-6, abs=0.1)
    assert size.events_a_batch == pytest.approx(45_000)
    assert size.sent_terabytes_a_day == pytest.approx(20)
    assert size.stream_dollars == pytest.approx(1000 * 0.12 + 0.96)
    assert size.transfer_dollars == pytest.approx(20_000 * 0.09)


def test_omitted_properties_do_not_count_as_sent_bytes() -> None:
    messages = plain(10)
    assert sent_bytes(messages, frozenset(PROPERTIES_TO_LEAVE_OUT)) < sent_bytes(messages) - 200
