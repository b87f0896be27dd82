import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.parsing.json_objects import json_object, repeated_values


@pytest.mark.parametrize(
    ("body", "repeated"),
    [
        ('{"level":"error","a":1,"level":"info"}', {"level": "error"}),
        ('{"a":1,"a":2,"a":3}', {"a": [1, 2]}),
        ('{"a" : 1, "a" : 2}', {"a": 1}),
        ('{"a":1,"b":{"a":2},"c":[{"a":3}]}', {}),
        ('{"a":"\\"b\\":1","c":2}', {}),
        ('{"a":"\\"b\\":1","a":2}', {"a": '"b":1'}),
        ('{"a":36893488147419103232,"a":2}', {"a": "36893488147419103232"}),
        ('{"a":{"b":1,"b":2},"c":[{"d":{"x":1,"x":2},"d":3}]}', {"a.b": 1, "c.0.d": {"x": 2}}),
        ('{"a":[1,{"b":[{"c":1}],"b":2,"b":3}]}', {"a.1.b": [[{"c": 1}], 2]}),
        ("{}", {}),
    ],
)
def test_the_earlier_values_of_names_that_are_there_more_than_once(
    body: str, repeated: dict[str, Any]
) -> None:
    fields = json_object(body)
    assert fields is not None
    assert repeated_values(body, fields) == (repeated or None)


def test_what_is_nested_too_deep_repeats_nothing() -> None:
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
def test_what_a_program_writes_of_its_fields_repeats_none(fields: dict[str, Any]) -> None:
    body = json.dumps(fields)
    assert repeated_values(body, json_object(body) or {}) is None
