import json
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.batching import Batch, batches
from loginformant_shipper.entries import Entry

from tests.unit.sample_data import ORDERS, an_entry

SIZE_OF_EMPTY_BODY = len('{"logs":[]}')


def of_length(*lengths: int) -> list[Entry]:
    """Entries whose bodies are JSON strings of so many bytes."""
    return [Entry(b'"%s"' % (b"x" * (length - 2)), (), ORDERS) for length in lengths]


def lengths_of(made: list[Batch]) -> list[list[int]]:
    return [[len(entry.body) for entry in batch.entries] for batch in made]


entries = st.lists(st.integers(2, 40), max_size=30).map(lambda lengths: of_length(*lengths))


def test_a_body_is_what_the_ingest_api_documents() -> None:
    batch = Batch((an_entry(body=b'{"level":"Error"}'), an_entry(body=b'{"level":"Debug"}')))
    assert json.loads(batch.body()) == {"logs": [{"level": "Error"}, {"level": "Debug"}]}


def test_a_joined_log_counts_all_its_events() -> None:
    assert Batch((an_entry("1"), an_entry("2", "3", "4"))).events() == 4


def test_a_batch_that_is_not_to_be_sent_keeps_its_events_and_their_origins_alone() -> None:
    [batch] = batches([an_entry("1"), an_entry("2", "3")], 500, lambda: 10**6)
    left = batch._replace(position=7).without_bodies()
    assert left == Batch((an_entry("1", body=b""), an_entry("2", "3", body=b"")), 7)


def test_at_most_so_many_logs() -> None:
    made = list(batches(of_length(*[10] * 1001), 500, lambda: 10**6))
    assert [len(batch.entries) for batch in made] == [500, 500, 1]


def test_exactly_as_many_bytes_as_allowed_and_not_one_more() -> None:
    two = SIZE_OF_EMPTY_BODY + 10 + len(",") + 10
    assert lengths_of(list(batches(of_length(10, 10, 10), 500, lambda: two))) == [[10, 10], [10]]
    assert lengths_of(list(batches(of_length(10, 10, 10), 500, lambda: two - 1))) == [[10], [10], [10]]


def test_a_larger_log_goes_alone() -> None:
    assert lengths_of(list(batches(of_length(10, 900, 10, 10), 500, lambda: 100))) == [[10], [900], [10, 10]]


def test_no_logs_no_batches() -> None:
    assert list(batches([], 500, lambda: 100)) == []


@given(entries)
def test_size_is_the_length_of_the_body(some: list[Entry]) -> None:
    for batch in batches(some, 5, lambda: 100):
        assert batch.size() == len(batch.body())


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
    for batch in batches(some, max_logs, lowered):
        made.append(batch)
        assert 1 <= len(batch.entries) <= max_logs
        # All but the newest entry were measured against a limit that was in force or higher.
        assert len(batch.entries) == 1 or len(batch.body()) <= max(asked)
    assert list(chain.from_iterable(batch.entries for batch in made)) == some


def test_a_limit_lowered_in_between_holds_from_the_next_log_on() -> None:
    limit = [1000]
    stream = batches(of_length(*[20] * 12), 5, lambda: limit[0])
    assert len(next(stream).entries) == 5
    limit[0] = SIZE_OF_EMPTY_BODY + 20 + len(",") + 20
    assert lengths_of(list(stream)) == [[20, 20], [20, 20], [20, 20], [20]]


def test_batches_and_their_parts_know_their_place() -> None:
    first, second, last = batches(of_length(*[10] * 12), 5, lambda: 1000)
    assert [batch.position for batch in (first, second, last)] == [0, 5, 10]
    assert [half.position for half in second.halves()] == [5, 7]


@given(entries.filter(lambda some: len(some) >= 2))
def test_halves_hold_what_the_whole_holds_in_order(some: list[Entry]) -> None:
    first, second = Batch(tuple(some)).halves()
    assert first.entries + second.entries == tuple(some)
    assert abs(len(first.entries) - len(second.entries)) <= 1
    assert first.entries
