import gzip
import json
import math
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple
from unittest import mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.events import LogEvent
from loginformant_shipper.failures import Reason
from loginformant_shipper.wire import payload_json
from loginformant_shipper.wire.decoding import _log_event
from loginformant_shipper.wire.payload_json import PIECE_OF_TEXT, Unreadable, load, read_payload

from tests.unit.sample_data import payload, raw_event

MIB = 1024 * 1024
COMPACT, SPACED = (",", ":"), (", ", ": ")


class Made(NamedTuple):
    """The type that these tests make of a log event."""

    raw: Any


def read(text: str | bytes, limit: int = 64 * MIB) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return as_made(read_payload(gzip.compress(data), limit, Made))


def as_made(value: Any) -> Any:
    """Return a payload with `Made` also for the events that were read straight into their type."""
    if isinstance(value, dict) and isinstance(events := value.get("logEvents"), list):
        made = [Made(event.raw) if isinstance(event, LogEvent) else event for event in events]
        return value | {"logEvents": made}
    return value


def unreadable(data: bytes, limit: int = 64 * MIB) -> Unreadable:
    with pytest.raises(Unreadable) as raised:
        read_payload(data, limit, Made)
    return raised.value


def messages(read_value: Any) -> list[str]:
    return [made.raw["message"] for made in read_value["logEvents"]]


LARGE = json.dumps(payload([raw_event(message="order")] * (PIECE_OF_TEXT // 8))).encode()


def test_each_item_of_log_events_is_made_a_log_event() -> None:
    content = payload([raw_event("1"), 5, None])
    assert read(json.dumps(content)) == content | {"logEvents": [Made(raw_event("1")), Made(5), Made(None)]}


@pytest.mark.parametrize("value", [{}, [], 5, None, "text", {"logEvents": 5}, {"logEvents": {"a": 1}}])
def test_any_other_value_is_unchanged(value: object) -> None:
    assert read(json.dumps(value)) == value


# --- events that are read straight into their type ---

NUMBERS = [
    *(
        "0",
        "-0",
        "1",
        "-1",
        "01",
        "1.0",
        "1e3",
        "1E400",
        "0.1",
        "NaN",
        "Infinity",
        "true",
        "null",
        "1793697121118",
    ),
    *(str(number) for number in (2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**40)),
]
STRINGS = st.sampled_from(
    [
        *(
            "id",
            "timestamp",
            "message",
            "unusual",
            "raw",
            "",
            "\\u0069d",
            "\\ud800",
            "\\ud83d\\ude00",
            "\\q",
            "\\",
        )
    ]
) | st.text(max_size=20)
VALUES = st.sampled_from([*NUMBERS, "{}", "[]", "[1]", '{"a":1}']) | STRINGS.map('"{}"'.format)
MEMBERS = st.lists(st.tuples(STRINGS, VALUES), max_size=4)
USUAL = st.tuples(
    st.permutations(["id", "timestamp", "message"]), STRINGS, st.sampled_from(NUMBERS), STRINGS
).map(
    lambda it: [
        (name, {"id": f'"{it[1]}"', "timestamp": it[2], "message": f'"{it[3]}"'}[name]) for name in it[0]
    ]
)


@given(
    st.lists((USUAL | MEMBERS | st.tuples(USUAL, MEMBERS).map(lambda both: both[0] + both[1])), max_size=4),
    st.sampled_from(["", " ", "\n", "\ufeff", "\x00"]),
    st.integers(0, 400),
    st.sampled_from([b"", b"\x01", b"\xff", b"\xed\xa0\x80", b"x", b"]"]),
)
def test_an_event_read_straight_into_its_type_equals_the_one_that_orjson_reads(
    events: list[list[tuple[str, str]]], space: str, place: int, odd: bytes
) -> None:
    objects = ["{" + ",".join(f'"{name}":{space}{value}' for name, value in event) + "}" for event in events]
    data = f"[{','.join(objects)}]{space}".encode("utf-8", "surrogatepass")
    if odd:
        data = data[:place] + odd + data[place:]
    assert outcome(lambda: list(payload_json._read_array(data, _log_event))) == outcome(
        lambda: [_log_event(raw) for raw in payload_json._load_array(data)]
    )


def outcome(read: Callable[[], list[object]]) -> object:
    try:
        return [(type(event), event, getattr(event, "raw", None)) for event in read()]
    except (ValueError, RecursionError, payload_json._OfAnotherShape) as error:
        return type(error)


@pytest.mark.parametrize(
    ("timestamp", "is_usual"),
    [
        (2**63 - 1, True),
        (-(2**63), True),
        (2**63, False),
        (2**64, False),
        (-(2**63) - 1, False),
        (10**30, False),
    ],
)
def test_a_timestamp_beyond_64_bits_is_unchanged(timestamp: int, is_usual: bool) -> None:
    data = json.dumps([{"id": "a", "timestamp": timestamp, "message": "x"}]).encode()
    [event] = payload_json._read_array(data, _log_event)
    assert isinstance(event, LogEvent)
    assert event.timestamp == (timestamp if -(2**63) <= timestamp < 2**64 else str(timestamp))
    try:
        payload_json._EVENTS_AS_USUAL.decode(data)
    except ValueError:
        assert not is_usual
    else:
        assert is_usual


def test_a_deeply_nested_value_is_read_as_orjson_reads_it() -> None:
    deep = "[" * 5000 + "]" * 5000
    data = f'[{{"id": "a", "timestamp": 1, "message": "x", "more": {deep}}}]'.encode()
    expected = outcome(lambda: [_log_event(raw) for raw in payload_json._load_array(data)])
    assert outcome(lambda: list(payload_json._read_array(data, _log_event))) == expected


# --- large payloads ---


@pytest.mark.parametrize("separators", [COMPACT, SPACED], ids=["compact", "spaced"])
@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("plain", {}),
        ('a string that looks like the next event: "},{"id":"7"', {}),
        ("braces in a string }, {", {}),
        ("another array of objects", {"@extracted": [{"a": 1}, {"b": 2}] * 9}),
        ("not a number: orjson refuses", {"@number": math.inf}),
    ],
)
def test_a_large_payload_read_in_pieces_is_the_same_as_read_whole(
    text: str, others: dict[str, object], separators: tuple[str, str]
) -> None:
    raws = [
        {"id": str(number), "timestamp": number, "message": f"{text} {number}", **others}
        for number in range(PIECE_OF_TEXT // 32)
    ]
    whole = json.dumps(payload(raws), separators=separators)
    assert len(whole) > PIECE_OF_TEXT
    made = [Made(raw) for raw in json.loads(json.dumps(raws), parse_constant=str)]
    assert read(whole) == payload(raws) | {"logEvents": made}


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), max_size=20),
    st.integers(1, 900),
    st.sampled_from([COMPACT, SPACED]),
)
def test_a_payload_cut_anywhere_is_the_same_as_read_whole(
    texts: list[str], piece: int, separators: tuple[str, str]
) -> None:
    raws = [raw_event(str(number), text) for number, text in enumerate(texts)]
    text = json.dumps(payload(raws), separators=separators, ensure_ascii=False)
    with mock.patch.object(payload_json, "PIECE_OF_TEXT", piece):
        assert messages(read(text)) == texts


def test_at_most_one_piece_of_a_large_payload_is_parsed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = []

    def loads(text: bytes) -> Any:
        sizes.append(len(text))
        return json.loads(text)

    monkeypatch.setattr(orjson, "loads", loads)
    odd = json.dumps(payload([raw_event(message="order", odd=1)] * (PIECE_OF_TEXT // 8)))
    assert len(messages(read(odd))) == PIECE_OF_TEXT // 8
    assert len(sizes) > 5
    assert max(sizes) < 2 * PIECE_OF_TEXT


@pytest.mark.parametrize("odd", ['"lone \\ud83d"', "NaN"], ids=["a lone surrogate", "NaN"])
@pytest.mark.parametrize("between", [",", " ,\n    "], ids=["compact", "indented"])
def test_only_the_piece_that_orjson_refuses_is_read_with_the_standard_library(odd: str, between: str) -> None:
    """A payload of emoji took fourteen times its size when it was read as one text."""
    event = json.dumps(raw_event(message="\N{GRINNING FACE}" * 200), ensure_ascii=False)
    events = [event] * 2000
    events[1000] = f'{{"id": "odd", "timestamp": 1, "message": "x", "field": {odd}}}'
    with mock.patch("json.loads", wraps=json.loads) as loads:
        value = read('{"messageType": "DATA_MESSAGE", "logEvents": [' + between.join(events) + "\n ] }")
    assert len(value["logEvents"]) == 2000
    assert value["logEvents"][1000].raw["field"] == (
        "lone \N{REPLACEMENT CHARACTER}" if odd != "NaN" else "NaN"
    )
    [(text,)] = [call.args for call in loads.call_args_list]
    assert len(text) <= 2 * PIECE_OF_TEXT


def test_a_large_payload_is_never_completely_in_memory_as_text_or_as_json_values() -> None:
    text = json.dumps(payload([raw_event(message="x" * 10_000)] * 800)).encode()
    data = gzip.compress(text)
    tracemalloc.start()
    try:
        found = read_payload(data, 64 * MIB, Made)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(messages(found)) == 800
    assert kept > len(text)  # the messages themselves
    assert most - kept < len(text) / 4


@pytest.mark.parametrize(
    "text",
    [
        LARGE[: 2 * PIECE_OF_TEXT] + b"]}",
        LARGE.removesuffix(b"}"),
        LARGE.removesuffix(b"]}"),
        LARGE.removesuffix(b"]}") + b",]}",
        LARGE.removesuffix(b'"order"}]}') + b"]}",
        LARGE + b"}",
    ],
    ids=["in an event", "no brace", "no end", "a comma too many", "in a field", "a brace too many"],
)
def test_a_large_payload_that_is_not_json_is_malformed(text: bytes) -> None:
    it = unreadable(gzip.compress(text))
    assert it.reason is Reason.MALFORMED
    assert str(it).startswith("JSON: ")


def test_a_large_payload_that_is_not_all_utf_8_is_read_with_replacement_characters() -> None:
    first, second, *_ = messages(read(LARGE.replace(b'"order"', b'"or\xffder"', 1)))
    assert (first, second) == ("or\N{REPLACEMENT CHARACTER}der", "order")


def test_fields_after_the_events_of_a_large_payload_are_read() -> None:
    found = read(LARGE.removesuffix(b"}") + b',"policyLevel":"ACCOUNT_LEVEL_POLICY"}')
    assert found == read(LARGE) | {"policyLevel": "ACCOUNT_LEVEL_POLICY"}


def test_a_large_payload_without_log_events_is_read() -> None:
    assert read(json.dumps({"message": "x" * PIECE_OF_TEXT})) == {"message": "x" * PIECE_OF_TEXT}


@pytest.mark.parametrize("split", [1, 20, PIECE_OF_TEXT, len(LARGE) - 1])
def test_a_large_payload_in_several_members_is_read_as_one(split: int) -> None:
    data = gzip.compress(LARGE[:split]) + gzip.compress(LARGE[split:])
    assert as_made(read_payload(data, 64 * MIB, Made)) == read(LARGE)


@pytest.mark.parametrize("told", [0, PIECE_OF_TEXT + 1, len(LARGE) - 1, len(LARGE) + 1, 2**32 - 1])
def test_a_large_payload_with_a_wrong_size_is_malformed(told: int) -> None:
    it = unreadable(gzip.compress(LARGE)[:-4] + told.to_bytes(4, "little"))
    assert it.reason is Reason.MALFORMED
    assert str(it).startswith("gzip: ")


def test_a_log_event_larger_than_any_piece_is_read() -> None:
    texts = ["before", "x" * (3 * MIB), "behind"]
    assert messages(read(json.dumps(payload([raw_event(message=text) for text in texts])))) == texts


@pytest.mark.parametrize("text", [LARGE, b" " * (MIB // 2)], ids=["log events", "blanks"])
def test_no_more_than_the_limit_is_read(text: bytes) -> None:
    it = unreadable(gzip.compress(text), limit=len(text) - 1)
    assert it.reason is Reason.OVERSIZED
    assert str(it) == f"the decompressed payload has more than {len(text) - 1} bytes"


def test_exactly_as_much_as_the_limit_is_read() -> None:
    assert read(LARGE, limit=len(LARGE)) == read(LARGE)


# --- payloads made to exhaust the memory ---


def filled(piece: str, size: int) -> str:
    return '{"logEvents":[' + ",".join([piece] * (size // (len(piece) + 1))) + "]}"


@pytest.mark.parametrize(
    "piece",
    ["{}", "[]", "1", '""', '{"":0}', '"\\""', '{"message":"x"}', '{"abcdefgh":0}', "[123456]", '"abcdefgh"'],
)
def test_a_large_payload_of_hardly_anything_but_structure_is_oversized(piece: str) -> None:
    it = unreadable(gzip.compress(filled(piece, 9 * MIB).encode()))
    assert it.reason is Reason.OVERSIZED
    assert "one value for every 6 of its 94371" in str(it)


@pytest.mark.parametrize(
    "message", ["x", "1,2,3,4,5,6,7,8,9," * 20, "[[[[{{{{" * 20, '{"a":"b"},' * 20, '\\"\\' * 60]
)
def test_a_large_payload_of_log_events_is_read_whatever_they_contain(message: str) -> None:
    found = messages(read(filled(json.dumps(raw_event("0" * 56, message)), 9 * MIB)))
    assert set(found) == {message}


def test_a_large_payload_of_log_events_is_read_even_if_it_cannot_be_read_in_pieces() -> None:
    text = filled(json.dumps(raw_event("0" * 56, "order")), 9 * MIB).removesuffix("}") + ',"last":1}'
    assert set(messages(read(text))) == {"order"}


def test_a_large_string_without_an_end_is_scanned_once() -> None:
    it = unreadable(gzip.compress(b'"' + b'\\"' * (5 * MIB)))
    assert str(it).startswith("JSON: ")


# --- values that orjson refuses ---


def test_a_payload_that_orjson_refuses_is_read_with_the_standard_library() -> None:
    assert load(b'{"a": [1, NaN, 1e999, 98765432109876543210, "\\ud800"]}') == {
        "a": [1, "NaN", "1e999", "98765432109876543210", "\N{REPLACEMENT CHARACTER}"]
    }


@pytest.mark.parametrize("number", [-(10**17), 2**63, 2**64 - 1, -(2**63)])
def test_both_parsers_read_every_integer_of_64_bits_as_an_integer(number: int) -> None:
    assert load(f'[{number}, "\\ud800"]'.encode()) == [number, "\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
@pytest.mark.parametrize("other", ["order", "\ud800"], ids=["orjson", "standard-library"])
@pytest.mark.parametrize("padding", [0, 2 * PIECE_OF_TEXT], ids=["at-once", "in-pieces"])
def test_an_integer_beyond_64_bits_in_a_field_keeps_its_digits(number: int, other: str, padding: int) -> None:
    events = [
        raw_event("1", "x" * padding),
        raw_event("2", other),
        raw_event("3", "order") | {"extra": number},
    ]
    assert read(json.dumps(payload(events)))["logEvents"][2].raw["extra"] == str(number)


@pytest.mark.parametrize("member", ["id", "timestamp", "message"])
@pytest.mark.parametrize("holder", ["[%s]", '{"at":%s}'])
@pytest.mark.parametrize("padding", [0, PIECE_OF_TEXT])
def test_an_integer_beyond_64_bits_inside_a_member_of_another_type_keeps_its_digits(
    member: str, holder: str, padding: int
) -> None:
    digits = "9" * 40
    events = [raw_event("1", message="x" * padding), {**raw_event("2"), member: "HERE"}]
    text = json.dumps({"logEvents": events}).replace('"HERE"', holder % digits)
    odd = read(text)["logEvents"][1].raw[member]
    assert odd in ([digits], {"at": digits})


@pytest.mark.parametrize("padding", [0, PIECE_OF_TEXT])
@pytest.mark.parametrize("extra", [0, 10**40], ids=["usual-events", "an-unusual-event"])
def test_an_integer_beyond_64_bits_before_the_events_keeps_its_digits(padding: int, extra: int) -> None:
    events = [raw_event("1", "x" * padding), raw_event("2") | {"extra": extra}]
    content = {"owner": 10**40, "subscriptionFilters": [10**39], "logEvents": events}
    found = read(json.dumps(content))
    assert (found["owner"], found["subscriptionFilters"]) == (str(10**40), [str(10**39)])
