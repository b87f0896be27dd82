"""The shipper decodes records of past log events like payloads from CloudWatch Logs."""

from loginformant_shipper.events import Source, SubscriptionMessage
from loginformant_shipper.wire.decoding import decode, source_of
from shipctl.backfill.history import Past
from shipctl.backfill.records import MAX_TEXT_BYTES, cut, left_of, records_of

MIB = 1024 * 1024


def past(identifier: str, stream: str = "a", message: str = "placed", timestamp: int = 5) -> Past:
    return Past(identifier, timestamp, None, stream, message)


def test_the_shipper_reads_each_log_stream_with_its_own_ids_and_times() -> None:
    events = [past("1"), past("2", "b", "ü\u2028\x00", 6), past("3", "a", "last", 7)]
    records = records_of(events, "123456789012", "/aws/lambda/orders")
    event = {"Records": list(records.values())}
    assert source_of(event) is Source.BACKFILL
    decoded = list(decode(event, MIB))
    assert [
        (each.origin.owner, each.origin.log_group, each.origin.log_stream)
        for each in decoded
        if isinstance(each, SubscriptionMessage)
    ] == [("123456789012", "/aws/lambda/orders", "a"), ("123456789012", "/aws/lambda/orders", "b")]
    assert [
        [(log.id, log.timestamp, log.message) for log in each.events]
        for each in decoded
        if isinstance(each, SubscriptionMessage)
    ] == [[("1", 5, "placed"), ("3", 7, "last")], [("2", 6, "ü\u2028\x00")]]


def test_record_ids_identify_their_log_events() -> None:
    events = [past("1"), past("2", "b"), past("3"), past("4", "c")]
    records = records_of(events, "", "orders")
    by_id = {identifier: left_of(events, frozenset({identifier})) for identifier in records}
    assert [[event.id for event in left] for left in by_id.values()] == [["1", "3"], ["2"], ["4"]]
    assert left_of(events, frozenset()) == []


def test_a_batch_is_bounded_in_log_events_and_in_text() -> None:
    events = [past(str(number)) for number in range(5)]
    assert [len(part) for part in cut(events, 2)] == [2, 3]
    assert [len(part) for part in cut(events, 5)] == [5, 0]
    assert [len(part) for part in cut(events, 9)] == [5, 0]
    large = [past(str(number), message="ä" * (MAX_TEXT_BYTES // 4)) for number in range(4)]
    assert [len(part) for part in cut(large, 9)] == [2, 2]
    assert [len(part) for part in cut([past("1", message="x" * 2 * MAX_TEXT_BYTES)], 9)] == [1, 0]
