import json
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.delivery.batching import Batch, batch_of, batches
from loginformant_shipper.entries.log_object import Entry

from tests.unit.sample_data import ORDERS, PAYMENTS, an_entry

SIZE_OF_EMPTY_BODY = len('{"logs":[]}')


def of_length(*lengths: int) -> list[Entry]:
    """Entries whose bodies are JSON strings of so many bytes, no two alike unless they are short."""
    return [
        Entry(b'"%s"' % (b"%d" % number).rjust(length - 2, b"x")[: length - 2], (), ORDERS)
        for number, length in enumerate(lengths)
    ]


def lengths_of(made: list[Batch]) -> list[list[int]]:
    return [list(batch.lengths) for batch in made]


def logs_of(batch: Batch) -> list[str]:
    return json.loads(batch.body)["logs"]  # type: ignore[no-any-return]


entries = st.lists(st.integers(2, 40), max_size=30).map(lambda lengths: of_length(*lengths))


def test_a_body_is_what_the_ingest_api_documents() -> None:
    batch = batch_of([an_entry(body=b'{"level":"Error"}'), an_entry(body=b'{"level":"Debug"}')])
    assert json.loads(batch.body) == {"logs": [{"level": "Error"}, {"level": "Debug"}]}


def test_a_joined_log_counts_all_its_events() -> None:
    assert batch_of([an_entry("1"), an_entry("2", "3", "4")]).events() == 4


def test_a_batch_that_is_not_to_be_sent_keeps_its_events_and_their_origins_alone() -> None:
    batch = batch_of([an_entry("1"), an_entry("2", "3", origin=PAYMENTS)], position=7)
    left = batch.without_body()
    assert left == batch._replace(body=b"")
    assert [[event.id for event in events] for events in left.logs] == [["1"], ["2", "3"]]
    assert (left.origins, left.position) == ((ORDERS, PAYMENTS), 7)


def test_the_logs_of_some_origins_are_picked_out_in_order() -> None:
    batch = batch_of([an_entry("1"), an_entry("2", origin=PAYMENTS), an_entry("3")], position=7)
    picked = batch.only(lambda origin: origin == ORDERS)
    assert picked == batch_of([an_entry("1"), an_entry("3")], position=7).without_body()
    assert batch.only(lambda origin: False).logs == ()


def test_at_most_so_many_logs() -> None:
    made = list(batches(of_length(*[10] * 1001), 500, lambda: 10**6))
    assert [len(batch.logs) for batch in made] == [500, 500, 1]


def test_exactly_as_many_bytes_as_allowed_and_not_one_more() -> None:
    two = SIZE_OF_EMPTY_BODY + 10 + len(",") + 10
    assert lengths_of(list(batches(of_length(10, 10, 10), 500, lambda: two))) == [[10, 10], [10]]
    assert lengths_of(list(batches(of_length(10, 10, 10), 500, lambda: two - 1))) == [[10], [10], [10]]


def test_a_larger_log_goes_alone() -> None:
    assert lengths_of(list(batches(of_length(10, 900, 10, 10), 500, lambda: 100))) == [[10], [900], [10, 10]]


def test_no_logs_no_batches() -> None:
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
    for batch in batches(some, max_logs, lowered):
        made.append(batch)
        assert 1 <= len(batch.logs) <= max_logs
        # All but the newest entry were measured against a limit that was in force or higher.
        assert len(batch.logs) == 1 or len(batch.body) <= max(asked)
    assert list(chain.from_iterable(map(logs_of, made))) == [json.loads(entry.body) for entry in some]


def test_a_limit_lowered_in_between_holds_from_the_next_log_on() -> None:
    limit = [1000]
    stream = batches(of_length(*[20] * 12), 5, lambda: limit[0])
    assert len(next(stream).logs) == 5
    limit[0] = SIZE_OF_EMPTY_BODY + 20 + len(",") + 20
    assert lengths_of(list(stream)) == [[20, 20], [20, 20], [20, 20], [20]]


def test_batches_and_their_parts_know_their_place() -> None:
    first, second, last = batches(of_length(*[10] * 12), 5, lambda: 1000)
    assert [batch.position for batch in (first, second, last)] == [0, 5, 10]
    assert [half.position for half in second.halves()] == [5, 7]
    assert batch_of(of_length(10)).position == 0


@given(entries.filter(lambda some: len(some) >= 2))
def test_halves_hold_what_the_whole_holds_in_order(some: list[Entry]) -> None:
    middle = len(some) // 2
    assert batch_of(some, 7).halves() == (batch_of(some[:middle], 7), batch_of(some[middle:], 7 + middle))
