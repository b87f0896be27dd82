"""Aggregated records are split as AWS's own library writes them; broken ones are stored with the reason."""

import base64
import contextlib
import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.events import Decoded, SourceRecord, SubscriptionMessage, Undecodable
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire.decoding import decode, load_of
from loginformant_shipper.wire.gunzip import inflated_size
from loginformant_shipper.wire.kpl import MAGIC, BrokenAggregate, user_records

from tests.unit.sample_data import encoded, payload, raw_event, sqs_record

MIB = 1024 * 1024

WRITTEN_BY_THE_KPL = bytes.fromhex(
    "f3899ac2"
    "0a0161"  # partition_key_table: "a"
    "1a0b 0800 1a07 7265636f726431"  # records: partition_key_index 0, data "record1"
    "1a0d 0800 1000 1a07 7265636f726432"  # with explicit_hash_key_index 0, data "record2"
)
"""Put together by hand from the specification (aggregation-format.md), without its digest."""


def number(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def field_of_bytes(key: int, value: bytes) -> bytes:
    return bytes([key << 3 | 2]) + number(len(value)) + value


def with_digest(message: bytes) -> bytes:
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def aggregated(records: Sequence[bytes]) -> bytes:
    """Return an aggregate as the KPL writes it: tables of keys, then records with index, data and tag."""
    tag = field_of_bytes(4, field_of_bytes(1, b"key") + field_of_bytes(2, b"value"))
    written = [field_of_bytes(3, b"\x08\x00" + field_of_bytes(3, record) + tag) for record in records]
    return with_digest(field_of_bytes(1, b"partition") + field_of_bytes(2, b"42") + b"".join(written))


def kinesis_event(data: bytes) -> dict[str, object]:
    record = {"sequenceNumber": "7", "data": base64.b64encode(data).decode()}
    return {"Records": [{"eventSource": "aws:kinesis", "kinesis": record}]}


def payload_of(*identifiers: str) -> bytes:
    return base64.b64decode(encoded(payload([raw_event(each) for each in identifiers])))


def ids(found: Sequence[Decoded]) -> list[list[str]]:
    return [[event.id for event in it.events] for it in found if isinstance(it, SubscriptionMessage)]


def test_the_example_of_the_specification_is_read() -> None:
    message = WRITTEN_BY_THE_KPL[len(MAGIC) :]
    assert user_records(with_digest(message)) == [b"record1", b"record2"]


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_aggregated_records_are_returned_in_order(records: list[bytes]) -> None:
    assert user_records(aggregated(records)) == records


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_after_the_magic_number_are_read_or_refused_with_a_reason(
    rubbish: bytes, signed: bool
) -> None:
    data = with_digest(rubbish) if signed else MAGIC + rubbish
    with contextlib.suppress(BrokenAggregate):
        assert user_records(data) is not None


def test_data_without_the_magic_number_is_no_aggregate() -> None:
    assert user_records(payload_of("1")) is None
    assert user_records(b"") is None


def test_each_payload_of_an_aggregated_record_is_shipped_with_its_record() -> None:
    found = list(decode(kinesis_event(aggregated([payload_of("1", "2"), payload_of("3")])), MIB))
    assert ids(found) == [["1", "2"], ["3"]]
    assert {it.origin.record for it in found if isinstance(it, SubscriptionMessage)} == {SourceRecord("7")}


def test_a_user_record_that_is_no_payload_is_stored_alone_and_unchanged() -> None:
    found = list(
        decode(kinesis_event(aggregated([payload_of("1"), b"of another program", payload_of("2")])), MIB)
    )
    assert ids(found) == [["1"], ["2"]]
    (kept,) = (it for it in found if isinstance(it, Undecodable))
    assert (kept.reason, kept.detail[:6], kept.record) == (Reason.MALFORMED, "gzip: ", SourceRecord("7"))
    assert base64.b64decode(json.loads(kept.body)["awslogs"]["data"]) == b"of another program"


def test_an_aggregated_record_that_was_stored_before_it_was_begun_is_read_in_replay() -> None:
    data = base64.b64encode(aggregated([payload_of("1"), payload_of("2")])).decode()
    record = sqs_record("m1", json.dumps({"awslogs": {"data": data}}))
    assert ids(list(decode({"Records": [record]}, MIB))) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (MAGIC, "checksum"),
        (aggregated([b"x"])[:-1], "checksum"),
        (with_digest(b"\x1a\x7f"), "is truncated"),
        (with_digest(b"\x1a" + b"\xff" * 20), "has no end"),
        (with_digest(b"\x1b"), "wire type 3"),
        (with_digest(field_of_bytes(3, b"\x08\x00")), "without data"),
    ],
)
def test_a_broken_aggregate_is_stored_unchanged_with_the_reason(data: bytes, said: str) -> None:
    (kept,) = decode(kinesis_event(data), MIB)
    assert isinstance(kept, Undecodable)
    assert (kept.reason, kept.record) == (Reason.MALFORMED, SourceRecord("7"))
    assert kept.detail.startswith("KPL: ")
    assert said in kept.detail
    assert base64.b64decode(json.loads(kept.body)["awslogs"]["data"]) == data


def test_an_aggregate_within_an_aggregate_is_stored_and_not_split() -> None:
    """The KPL writes none, and splitting them would be a loop without a bound."""
    (kept,) = decode(kinesis_event(aggregated([aggregated([payload_of("1")])])), MIB)
    assert isinstance(kept, Undecodable)


def test_the_reserve_counts_the_inflated_size_of_all_payloads() -> None:
    parts = [payload_of("1", "2"), payload_of("3")]
    event = kinesis_event(aggregated(parts))
    assert load_of(event, MIB).inflated_bytes == sum(map(inflated_size, parts))
