import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.delivery.batching import Batch, batches, merged
from loginformant_shipper.entries.log_object import Entries
from loginformant_shipper.events import SourceRecord

from tests.unit.sample_data import ORDERS, PAYMENTS, Entry, a_batch, an_entry, batch_of, in_chunks

MIB = 1024 * 1024
SIZE_OF_EMPTY_BODY = len('{"logs":[]}')


def of_length(*lengths: int) -> list[Entry]:
    """Return entries whose bodies are JSON strings of these lengths in bytes, distinct unless short."""
    return [
        Entry(b'"%s"' % (b"%d" % number).rjust(length - 2, b"x")[: length - 2], (), ORDERS)
        for number, length in enumerate(lengths)
    ]


def lengths_of(made: list[Batch]) -> list[list[int]]:
    return [list(batch.lengths) for batch in made]


def lengths_with_limit(max_bytes: int, *lengths: int) -> list[list[int]]:
    return lengths_of(list(batches(in_chunks(of_length(*lengths)), 500, lambda: max_bytes)))


def logs_of(batch: Batch) -> list[str]:
    return json.loads(batch.body)["logs"]  # type: ignore[no-any-return]


entries = st.lists(st.integers(2, 40), max_size=30).map(lambda lengths: of_length(*lengths))


def test_a_body_is_what_the_ingest_api_documents() -> None:
    batch = batch_of([an_entry(body=b'{"level":"Error"}'), an_entry(body=b'{"level":"Debug"}')])
    assert json.loads(batch.body) == {"logs": [{"level": "Error"}, {"level": "Debug"}]}


def test_a_joined_log_counts_all_its_events() -> None:
    assert batch_of([an_entry("1"), an_entry("2", "3", "4")]).events() == 4


def test_log_events_are_counted_by_log_group() -> None:
    in_between = an_entry("3", origin=PAYMENTS)
    batch = batch_of([an_entry("1"), an_entry("2", "x", "y"), in_between, an_entry("4")])
    assert list(batch.by_log_group()) == [
        (ORDERS.log_group, 4),
        (PAYMENTS.log_group, 1),
        (ORDERS.log_group, 1),
    ]


def test_each_origin_of_a_batch_is_listed_once() -> None:
    batch = batch_of([an_entry("1"), an_entry("2", origin=PAYMENTS), an_entry("3")])
    assert batch.different_origins() == (ORDERS, PAYMENTS)
    assert batch_of([an_entry("1"), an_entry("2")]).different_origins() == (ORDERS,)
    nothing = batch.only(lambda origin: False)
    assert (nothing.different_origins(), list(nothing.by_log_group())) == ((), [])


def test_a_batch_without_its_body_keeps_only_events_and_origins() -> None:
    batch = batch_of([an_entry("1"), an_entry("2", "3", origin=PAYMENTS)], position=7)
    left = batch.without_body()
    assert left == batch._replace(body=b"")
    assert [[event.id for event in events] for events in left.logs] == [["1"], ["2", "3"]]
    assert (left.origins, left.position) == ((ORDERS, PAYMENTS), 7)


def test_the_logs_of_some_origins_are_selected_in_order() -> None:
    batch = batch_of([an_entry("1"), an_entry("2", origin=PAYMENTS), an_entry("3")], position=7)
    picked = batch.only(lambda origin: origin == ORDERS)
    alone = batch_of([an_entry("1"), an_entry("3")])
    assert picked == alone.without_body()._replace(positions=(7, 9))
    assert batch.only(lambda origin: False).logs == ()


def test_a_batch_has_at_most_the_maximum_number_of_logs() -> None:
    made = list(batches(in_chunks(of_length(*[10] * 1001)), 500, lambda: 10**6))
    assert [len(batch.logs) for batch in made] == [500, 500, 1]


def test_a_batch_has_at_most_the_maximum_number_of_bytes() -> None:
    two = SIZE_OF_EMPTY_BODY + 10 + len(",") + 10
    assert lengths_with_limit(two, 10, 10, 10) == [[10, 10], [10]]
    assert lengths_with_limit(two - 1, 10, 10, 10) == [[10], [10], [10]]


def test_a_log_above_the_byte_limit_has_a_batch_of_its_own() -> None:
    assert lengths_with_limit(100, 10, 900, 10, 10) == [[10], [900], [10, 10]]


def test_no_logs_make_no_batch() -> None:
    assert list(batches([], 500, lambda: 100)) == []


@given(entries, st.integers(1, 6), st.lists(st.integers(1, 120), min_size=1))
def test_order_and_limits_hold_while_the_byte_limit_goes_down(
    some: list[Entry], max_logs: int, limits: list[int]
) -> None:
    limits = sorted(limits)
    asked: list[int] = []

    def lowered() -> int:
        asked.append(limits.pop() if len(limits) > 1 else limits[0])
        return asked[-1]

    made = []
    for batch in batches(in_chunks(some), max_logs, lowered):
        made.append(batch)
        assert 1 <= len(batch.logs) <= max_logs
        # All but the newest entry were measured against a limit that was in force or higher.
        assert len(batch.logs) == 1 or len(batch.body) <= max(asked)
    assert list(chain.from_iterable(map(logs_of, made))) == [json.loads(entry.body) for entry in some]


@given(entries, st.integers(1, 6), st.integers(1, 120), st.integers(1, 7))
def test_batches_do_not_depend_on_how_many_logs_arrive_together(
    some: list[Entry], max_logs: int, max_bytes: int, at_once: int
) -> None:
    together, apart = (
        list(batches(in_chunks(some, each), max_logs, lambda: max_bytes)) for each in (at_once, 1)
    )
    assert together == apart


def test_a_batch_is_yielded_as_soon_as_it_is_full() -> None:
    taken: list[int] = []

    def chunks() -> Iterator[Entries]:
        for number, chunk in enumerate(in_chunks(of_length(*[10] * 20), 5)):
            taken.append(number)
            yield chunk

    assert len(next(batches(chunks(), 10, lambda: 1000)).logs) == 10
    assert taken == [0, 1]


def test_a_lowered_limit_holds_from_the_next_log_on() -> None:
    limit = [1000]
    stream = batches(in_chunks(of_length(*[20] * 12)), 5, lambda: limit[0])
    assert len(next(stream).logs) == 5
    limit[0] = SIZE_OF_EMPTY_BODY + 20 + len(",") + 20
    assert lengths_of(list(stream)) == [[20, 20], [20, 20], [20, 20], [20]]


def test_batches_and_their_parts_keep_the_positions_of_their_logs() -> None:
    first, second, last = batches(in_chunks(of_length(*[10] * 12)), 5, lambda: 1000)
    assert [batch.position for batch in (first, second, last)] == [0, 5, 10]
    assert [half.position for half in second.halves()] == [5, 7]
    assert batch_of(of_length(10)).position == 0


@given(entries.filter(lambda some: len(some) >= 2))
def test_halves_together_hold_the_logs_of_the_whole_in_order(some: list[Entry]) -> None:
    middle = len(some) // 2
    assert batch_of(some, 7).halves() == (batch_of(some[:middle], 7), batch_of(some[middle:], 7 + middle))


# --- what is known of the logs of a replayed record ---


def of_record(name: str, *identifiers: str, **marks: Any) -> list[Entry]:
    origin = ORDERS._replace(record=SourceRecord(name, **marks))
    return [an_entry(identifier, origin=origin) for identifier in identifiers]


def ids_of(batch: Batch) -> list[str]:
    return [event.id for events in batch.logs for event in events]


def test_a_log_that_was_refused_alone_has_its_own_batch_and_ends_no_other() -> None:
    entries = [
        *of_record("m1", "1", "2"),
        *of_record("m2", "3", "4", refused_at="then"),
        *of_record("m3", "5"),
    ]
    made = list(batches(in_chunks(entries), 500, lambda: MIB))
    assert [ids_of(batch) for batch in made] == [["3"], ["4"], ["1", "2", "5"]]


def test_narrowed_logs_of_each_record_have_a_batch_of_their_own() -> None:
    entries = [
        *of_record("m1", "1"),
        *of_record("m2", "2", "3", is_narrowed=True),
        *of_record("m3", "4", "5", is_narrowed=True),
        *of_record("m4", "6"),
    ]
    made = list(batches(in_chunks(entries), 500, lambda: MIB))
    assert [ids_of(batch) for batch in made] == [["2", "3"], ["4", "5"], ["1", "6"]]
    assert [list(batch.positions) for batch in made] == [[1, 2], [3, 4], [0, 5]]


def test_a_batch_of_narrowed_logs_is_cut_at_the_limits() -> None:
    entries = of_record("m1", *map(str, range(5)), is_narrowed=True)
    assert [len(batch.logs) for batch in batches(in_chunks(entries), 2, lambda: MIB)] == [2, 2, 1]


# --- cutting batches ---


def test_records_that_fail_together_are_cut_apart() -> None:
    batch = batch_of([*of_record("m1", "1"), *of_record("m2", *"23456"), *of_record("m3", *"78")])
    left, right = batch.halves()
    assert (ids_of(left), ids_of(right)) == (list("123456"), list("78"))
    assert [ids_of(half) for half in left.halves()] == [["1"], list("23456")]
    assert [ids_of(half) for half in left.halves()[1].halves()] == [list("23"), list("456")]


@pytest.mark.parametrize("place", range(4))
def test_one_log_can_be_taken_out_of_a_batch(place: int) -> None:
    entries = [an_entry(str(number), body=b'{"n":%d}' % number) for number in range(4)]
    alone, rest = batch_of(entries, position=10).take_out(place)
    others = [entry for number, entry in enumerate(entries) if number != place]
    assert alone == batch_of([entries[place]], position=10 + place)
    assert rest._replace(positions=()) == batch_of(others)._replace(positions=())
    assert list(rest.positions) == [10 + number for number in range(4) if number != place]


def test_logs_that_were_taken_out_are_merged_in_their_order() -> None:
    whole = a_batch("1", "2", "3", "4", "5")
    last, rest = whole.take_out(4)
    second, rest = rest.take_out(1)
    first, _ = rest.take_out(0)
    together = merged([last, first, second])
    assert together.body == a_batch("1", "2", "5").body
    assert together.positions == (0, 1, 4)
    assert [event.id for events in together.logs for event in events] == ["1", "2", "5"]
    assert sum(together.lengths) == len(together.body) - len(b'{"logs":[]}') - 2
