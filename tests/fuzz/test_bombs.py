"""Payloads made to fill the memory: as large as Lambda takes them, and what they would inflate to bounded.

Lambda's quotas: 1 MiB for an asynchronous event, 6 MiB for a synchronous one and for records, in base64.
"""

import base64
import gzip
import tracemalloc
import zlib
from typing import Any

import pytest
from loginformant_shipper.events import Decoded, SubscriptionMessage, Undecodable
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.decoding import decode

MIB = 1024 * 1024
LIMIT = 9 * MIB
ASYNCHRONOUS, SYNCHRONOUS = MIB, 6 * MIB


def within(quota: int, begins: bytes, goes_on: bytes) -> bytes:
    """Return as much data as an event of that size can hold in base64."""
    room = quota * 3 // 4 - 64
    return begins + goes_on * ((room - len(begins)) // len(goes_on))


def one_stream(text: bytes) -> tuple[bytes, bytes]:
    """Return endless gzip in two pieces, of which the second can be repeated any number of times."""
    compress = zlib.compressobj(9, wbits=31)
    return tuple(compress.compress(text) + compress.flush(zlib.Z_FULL_FLUSH) for _ in range(2))  # type: ignore[return-value]


MEMBER = gzip.compress(b"\0" * MIB)
BOMBS = {
    "one stream": within(ASYNCHRONOUS, *one_stream(b"\0" * MIB)),
    "one stream in Kinesis records": within(SYNCHRONOUS, *one_stream(b"\0" * MIB)),
    "members": within(ASYNCHRONOUS, MEMBER, MEMBER),
    "members of nothing, then one": within(ASYNCHRONOUS, gzip.compress(b"") * 9000, MEMBER),
    "log events, cut off": within(
        ASYNCHRONOUS, *one_stream(b'{"id":"1","timestamp":1,"message":"x"},' * 20_000)
    ),
    "nothing but objects": gzip.compress(b'{"logEvents":[' + b"{}," * (LIMIT // 3 - 8) + b"{}]}"),
}


def measured(data: bytes) -> tuple[list[Decoded], int]:
    """Return what is decoded, and the peak memory in bytes that this took in addition to the event."""
    event: dict[str, Any] = {"awslogs": {"data": base64.b64encode(data).decode()}}
    tracemalloc.start()
    try:
        found = list(decode(event, LIMIT))
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_a_decompression_bomb_is_kept_unchanged_and_memory_stays_near_the_limit(data: bytes) -> None:
    [found], most = measured(data)
    assert isinstance(found, Undecodable)
    assert found.reason is Reason.OVERSIZED
    assert base64.b64encode(data).decode() in found.body
    assert most < 2.2 * LIMIT + 8 * len(data)


@pytest.mark.parametrize(
    "message", ["x", "an order was placed " * 5, "😀" * 30], ids=["short", "text", "emoji"]
)
def test_memory_grows_no_faster_than_the_payload(message: str) -> None:
    def bytes_for_each_byte(events: int) -> float:
        event = f'{{"id":"{1:056d}","timestamp":1793700000000,"message":"{message}"}}'
        text = f'{{"messageType":"DATA_MESSAGE","logEvents":[{",".join([event] * events)}]}}'.encode()
        [found], most = measured(gzip.compress(text, 1))
        assert isinstance(found, SubscriptionMessage)
        assert len(found.events) == events
        return most / len(text)

    few, many = bytes_for_each_byte(5_000), bytes_for_each_byte(30_000)
    assert many < 1.2 * few
    assert many < 6.5
