"""Split the aggregated records of the Kinesis Producer Library.

An aggregated record has a magic number, a protocol buffers message and the MD5 of that message ("KPL
Aggregated Record Format", aggregation-format.md of awslabs/amazon-kinesis-producer). CloudWatch Logs writes
one payload per record, but a program between it and the stream may aggregate them. The module of AWS
(aws-kinesis-agg) would add all of protobuf to the function.
"""

import hashlib
from collections.abc import Iterator

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16

_RECORDS = 3
"""The number of the field `records` in AggregatedRecord."""
_DATA = 3
"""The number of the field `data` in Record."""

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
"""Wire types ("Encoding", Protocol Buffers documentation)."""
_MAX_VARINT_BYTES = 10


class BrokenAggregate(ValueError):
    """A record that begins like an aggregated one is invalid. The text says why."""


def user_records(data: bytes) -> list[bytes] | None:
    """Return the records in an aggregated record in order, or None if it is not aggregated.

    Raises:
        BrokenAggregate: The checksum is wrong, or the message is truncated.
    """
    if not data.startswith(MAGIC):
        return None
    message, digest = data[len(MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        raise BrokenAggregate("KPL: the checksum of the aggregated record is wrong")
    return [_data_of(record) for number, record in _fields_of_bytes(message) if number == _RECORDS]


def _data_of(record: bytes) -> bytes:
    found = [value for number, value in _fields_of_bytes(record) if number == _DATA]
    if not found:
        raise BrokenAggregate("KPL: a record without data in the aggregated record")
    return found[-1]


def _fields_of_bytes(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the fields of `message` that are bytes, texts or messages; numbers are skipped."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        wire_type = key & 7
        if wire_type == _VARINT:
            _, at = _varint(message, at)
            continue
        if wire_type == _BYTES:
            length, at = _varint(message, at)
        elif wire_type in (_FIXED_64, _FIXED_32):
            length = 8 if wire_type == _FIXED_64 else 4
        else:
            raise BrokenAggregate(f"KPL: wire type {wire_type} in the aggregated record")
        if at + length > len(message):
            raise BrokenAggregate("KPL: the aggregated record is truncated")
        if wire_type == _BYTES:
            yield key >> 3, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a varint and its end."""
    value = 0
    for place, byte in enumerate(message[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise BrokenAggregate("KPL: a number in the aggregated record has no end")
