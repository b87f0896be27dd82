import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.parsing.json_objects import json_members, json_object, repeated_values


@pytest.mark.parametrize(
    ("body", "repeated"),
    [
        ('{"level":"error","a":1,"level":"info"}', {"level": "error"}),
        ('{"a":1,"a":2,"a":3}', {"a": [1, 2]}),
        ('{"a" : 1, "a" : 2}', {"a": 1}),
        ('{"a" :1,"b":1,"b":2}', {"b": 1}),
        ('{"a"\n:{"b":1,"b":2}}', {"a.b": 1}),
        ('{"a":"\\u0022:","b":{"c":{"d":1,"d":2}}}', {"b.c.d": 1}),
        ('{"a":1,"b":{"a":2},"c":[{"a":3}]}', {}),
        ('{"a":"\\"b\\":1","c":2}', {}),
        ('{"a":"\\"b\\":1","a":2}', {"a": '"b":1'}),
        ('{"a":36893488147419103232,"a":2}', {"a": "36893488147419103232"}),
        ('{"a":{"b":1,"b":2},"c":[{"d":{"x":1,"x":2},"d":3}]}', {"a.b": 1, "c.0.d": {"x": 2}}),
        ('{"a":[1,{"b":[{"c":1}],"b":2,"b":3}]}', {"a.1.b": [[{"c": 1}], 2]}),
        ("{}", {}),
    ],
)
def test_earlier_values_of_a_repeated_name_are_found(body: str, repeated: dict[str, Any]) -> None:
    fields = json_object(body)
    assert fields is not None
    assert repeated_values(body, fields) == (repeated or None)


NUMBERS = st.one_of(
    st.integers(-(10**21), 10**21).map(str),
    st.sampled_from([2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64]).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: f"{number:f}"[:60]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@given(
    st.lists(NUMBERS, min_size=1, max_size=4), st.sampled_from(("{}", " {} ", "[{}]", '{{"b":\t{}}}', '"{}"'))
)
def test_no_digit_of_a_number_is_lost(numbers: list[str], around: str) -> None:
    members = ",".join(f'"{index}":{around.format(number)}' for index, number in enumerate(numbers))
    for value, number in zip((json_object(f"{{{members}}}") or {}).values(), numbers, strict=True):
        inner = value[0] if isinstance(value, list) else value["b"] if isinstance(value, dict) else value
        written = inner if isinstance(inner, str) else repr(inner)
        assert Decimal(written) == Decimal(number)


def test_repeated_names_are_found_in_the_largest_log_event() -> None:
    body = '{"order":1,"items":"' + "x" * 1_048_500 + '","order":2}'
    fields, repeated = json_members(body)
    assert (fields or {})["order"] == 2
    assert repeated == {"order": 1}


def test_objects_nested_too_deep_have_no_repeated_names() -> None:
    body = '{"a":' * 900 + "1" + "}" * 900
    assert repeated_values(body, json_object(body) or {}) is None


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.integers() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(max_size=3), inner)
        ),
        max_size=5,
    )
)
def test_json_written_from_fields_has_no_repeated_names(fields: dict[str, Any]) -> None:
    body = json.dumps(fields)
    assert repeated_values(body, json_object(body) or {}) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", 'c"', "d\\"]),
            st.recursive(
                st.integers(-(2**70), 2**70)
                | st.floats(allow_nan=False, allow_infinity=False)
                | st.text(max_size=4)
                | st.sampled_from([None, True, 1.50, 1e22, -0.0]),
                lambda inner: (
                    st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
                ),
                max_leaves=4,
            ),
        ),
        max_size=4,
    ),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", ":"), (",", " :"), (",\n", "\t:")]),
    st.booleans(),
    st.sampled_from(["", " ", "\x1b[32m"]),
)
def test_members_and_repeated_names_are_read_at_once_as_separately(
    members: list[tuple[str, Any]], separators: tuple[str, str], ascii_only: bool, before: str
) -> None:
    comma, colon = separators

    def written(value: Any) -> str:
        return json.dumps(value, separators=separators, ensure_ascii=ascii_only)

    body = before + "{" + comma.join(written(name) + colon + written(value) for name, value in members) + "}"
    fields = json_object(body)
    assert fields is not None
    assert json_members(body) == (fields, repeated_values(body, fields))
