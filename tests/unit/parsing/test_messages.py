import json
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.parsing.messages import ParsedMessage, parse
from msgspec.structs import replace

ID = "6573a3a0-2fb1-4e78-a582-2c769282e0bd"


def test_plain_text_is_its_own_body() -> None:
    assert parse("Order placed") == ParsedMessage("Order placed", "Order placed", None, None)


def test_white_space_is_removed_at_the_end_and_kept_at_the_beginning() -> None:
    assert parse("  at com.example.Order \r\n\t ").text == "  at com.example.Order"


@pytest.mark.parametrize("blank", ["", " ", "\n", " \r\n\t "])
def test_a_blank_message_is_empty_text(blank: str) -> None:
    assert parse(blank) == ParsedMessage("", "")


PREFIXED = {
    "Node.js": (f"2026-11-03T10:00:00.123Z\t{ID}\tINFO\tOrder placed", "INFO", ID),
    "Node.js before version 10": (f"2026-11-03T10:00:00.123Z\t{ID}\tOrder placed", None, ID),
    "Node.js initialising": ("2026-11-03T10:00:00.123Z\tundefined\tWARN\tOrder placed", "WARN", None),
    "Python": (f"[WARNING]\t2026-11-03T10:00:00.123Z\t{ID}\tOrder placed", "WARNING", ID),
    "Python, milliseconds unpadded": (f"[INFO]\t2026-11-03T10:00:00.5Z\t{ID}\tOrder placed", "INFO", ID),
    "Python initialising": ("[INFO]\t2026-11-03T10:00:00.123Z\t\tOrder placed", "INFO", None),
    "Python, a level of one's own": (
        f"[Level 25]\t2026-11-03T10:00:00.123Z\t{ID}\tOrder placed",
        "Level 25",
        ID,
    ),
    "Java, log4j": (f"2026-11-03 10:00:00 {ID} ERROR Orders:42 - Order placed", "ERROR", ID),
    "Java, log4j, padded": (f"2026-11-03 10:00:00 {ID} INFO  Orders - Order placed", "INFO", ID),
    "Java, log4j 1": (f"2026-11-03 10:00:00 <{ID}> INFO  Orders:42 - Order placed", "INFO", ID),
    ".NET": (f"2026-11-03T10:00:00.123Z\t{ID}\tfail\tOrder placed", "fail", ID),
    "Ruby": (f"E, [2026-11-03T10:00:00.689856 #8] ERROR {ID} -- : Order placed", "ERROR", ID),
    "Ruby, program name": (
        f"I, [2026-11-03T10:00:00.689856 #8]  INFO {ID} -- shop: Order placed",
        "INFO",
        ID,
    ),
    "Ruby without Lambda": ("W, [2026-11-03T10:00:00.689856 #8]  WARN -- : Order placed", "WARN", None),
    "platform": (f"2026-11-03T10:00:00.123Z {ID} Order placed", None, ID),
}


@pytest.mark.parametrize(("message", "level", "request_id"), PREFIXED.values(), ids=PREFIXED.keys())
def test_a_runtime_prefix_gives_level_and_request_id(
    message: str, level: str | None, request_id: str | None
) -> None:
    assert parse(message) == ParsedMessage(
        message, "Order placed", runtime_level=level, request_id=request_id
    )


@given(
    st.sampled_from(["INFO", "FATAL", "fail", "NOTICE", "info", ""]),
    st.sampled_from(["\t", " ", ""]),
    st.sampled_from(["", "Order placed", "Invoke Error \t{}", 'a\t{"b":1}', '{"a":1,"a":2}', " {}", "\t"]),
)
def test_the_usual_time_changes_nothing_but_the_time(level: str, separator: str, body: str) -> None:
    usual, other = (
        parse(f"2026-11-03T10:00:00.{milliseconds}Z\t{ID}\t{level}{separator}{body}")
        for milliseconds in ("123", "1230")
    )
    assert usual.request_id == ID
    assert usual == replace(other, text=usual.text)


@pytest.mark.parametrize(("message", "level", "request_id"), PREFIXED.values(), ids=PREFIXED.keys())
def test_json_after_a_runtime_prefix_is_read(message: str, level: str | None, request_id: str | None) -> None:
    parsed = parse(message.replace("Order placed", '{"order": 17}'))
    assert parsed.body == '{"order": 17}'
    assert parsed.fields == {"order": 17}
    assert (parsed.runtime_level, parsed.request_id) == (level, request_id)


@pytest.mark.parametrize("message", [case[0] for name, case in PREFIXED.items() if name not in {"platform"}])
def test_a_runtime_prefix_without_text_is_a_runtime_prefix(message: str) -> None:
    parsed = parse(message.removesuffix("Order placed"))
    assert parsed.body != parsed.text


@pytest.mark.parametrize("what", ["Invoke Error", "Uncaught Exception", "Unhandled Promise Rejection"])
def test_an_uncaught_error_of_a_node_function_is_read_as_json(what: str) -> None:
    error = '{"errorType":"TypeError","errorMessage":"x is undefined","stack":["TypeError: x is undefined"]}'
    parsed = parse(f"2026-11-03T10:00:00.123Z\t{ID}\tERROR\t{what} \t{error}")
    assert parsed.fields is not None
    assert parsed.fields["errorType"] == "TypeError"
    assert (parsed.runtime_level, parsed.request_id) == ("ERROR", ID)


def test_json_after_the_level_of_the_java_runtime_is_read() -> None:
    assert parse('[ERROR] {"order": 17}').fields == {"order": 17}
    assert parse("[ERROR] order 17").runtime_level is None


@pytest.mark.parametrize(
    "message",
    [
        "2026-11-03T10:00:00.123Z INFO Order placed",
        "2026-11-03 10:00:00,123 ERROR Orders - Order placed",
        f"{ID} Order placed",
        f"request {ID} done",
        f"2026-11-03T10:00:00.123Z\t{ID}Order placed",
        "[INFO] Order placed",
        "[INFO]\tOrder placed",
        "I, robot",
        "404 not found",
        "[]",
    ],
)
def test_text_that_only_resembles_a_runtime_prefix_is_text(message: str) -> None:
    assert parse(message) == ParsedMessage(message, message, None, None)


def test_a_message_keeps_all_its_lines_after_the_prefix() -> None:
    parsed = parse(f"[ERROR]\t2026-11-03T10:00:00.123Z\t{ID}\tfailed\nTraceback (most recent call last):\n")
    assert parsed.body == "failed\nTraceback (most recent call last):"


# --- JSON ---


@pytest.mark.parametrize(
    "message",
    ['{"a": [1, {"b": null}]}', ' \t{"a": [1, {"b": null}]}\n', '\ufeff{"a": [1, {"b": null}]}'],
)
def test_an_object_is_read(message: str) -> None:
    assert parse(message).fields == {"a": [1, {"b": None}]}


def test_terminal_colours_around_an_object_are_ignored() -> None:
    parsed = parse('\x1b[1;32m{"a": 1}\x1b[0m\x1b[39m\n')
    assert parsed.fields == {"a": 1}
    assert parsed.text == '\x1b[1;32m{"a": 1}\x1b[0m\x1b[39m'


@pytest.mark.parametrize(
    "message", ['["a"]', '"a"', "1", "null", 'a {"b": 1}', "\x1b[32mgreen", "\x1b", " \x1b[0m"]
)
def test_json_that_is_no_object_is_text(message: str) -> None:
    assert parse(message).fields is None


@pytest.mark.parametrize(
    "body",
    [
        '{"a": 1',
        '{"a": 1} trailing',
        '{"a": 1}{"b": 2}',
        "{'a': 1}",
        "{order}",
        "{",
        "{}}",
        '{"a": nan}',
        '{"a": NaN',
        '{"a": "NaN}',
        '{"a": "\\ud800", "b": NaN}',
        '{"a": NaN, "b":' + "[" * 200_000,
        '{"a": 1e400}',
        '{"a": 1' + "0" * 400 + "}",
        '{"a": 1' + "0" * 5000 + "}",
        '{"a": "\\ud800"}',
        '{"a": "\ud800"}',
        '{"a":' * 200_000,
        '{"a":' * 2000 + "12345678901234567890123" + "}" * 2000,
    ],
)
def test_json_that_cannot_be_read_exactly_is_text(body: str) -> None:
    assert parse(body) == ParsedMessage(body, body, None, None)


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ('{"a":1,"b":"cu', True),
        ('{"a":"\\ud800"}', True),
        ('{"a":1}', False),
        ("{ a: 1 }", False),
        ("x", False),
    ],
)
def test_an_object_after_a_prefix_may_be_broken(body: str, broken: bool) -> None:
    prefix = "2026-11-03T10:00:00.000Z\t11111111-2222-4333-8444-555555555555\tINFO\t"
    assert parse(prefix + body).is_broken_object is broken


def test_numbers_that_json_does_not_have_are_strings() -> None:
    numbers = {"a": float("nan"), "b": [float("inf"), {"c": -float("inf")}], "d": 'NaN, "Infinity"', "e": 1.5}
    fields = {"a": "NaN", "b": ["Infinity", {"c": "-Infinity"}], "d": 'NaN, "Infinity"', "e": 1.5}
    body = json.dumps(numbers)
    assert parse(body) == ParsedMessage(body, body, fields)
    assert parse(f"\x1b[32m{body}\x1b[0m").fields == fields
    body = '{"a": NaN, "n": 12345678901234567890123, "a": 1}'
    assert parse(body) == ParsedMessage(body, body, {"a": 1, "n": "12345678901234567890123"}, {"a": "NaN"})


def test_json_with_a_deeply_nested_long_integer_is_exact_or_text() -> None:
    """Python 3.11 reads such a value only down to its recursion limit; later versions read it deeper."""
    digits = "12345678901234567890123"
    innermost = parse('{"a":' * 1020 + digits + "}" * 1020).fields
    while isinstance(innermost, dict):
        innermost = innermost["a"]
    assert innermost in (None, digits)


@pytest.mark.parametrize("number", [2**63 - 1, 2**64 - 1, -(2**63), 10**18, 0, -1])
def test_integers_of_64_bits_are_integers(number: int) -> None:
    assert parse(f'{{"n": {number}}}').fields == {"n": number}


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**20, 10**300, -(10**300)])
def test_integers_beyond_64_bits_stay_exact_as_strings(number: int) -> None:
    fields = parse(f'{{"n": {number}, "deep": [[{number}]], "small": 7}}').fields
    assert fields == {"n": str(number), "deep": [[str(number)]], "small": 7}


@pytest.mark.parametrize(
    "written",
    [
        "0.1234567890123456789012",
        "-3.14159265358979323846",
        "48.85661400000000001",
        "12345678901234567.25",
        "12345678901234567890e-3",
        "1.23456789012345678E+5",
    ],
)
def test_decimals_that_a_double_cannot_hold_stay_exact_as_strings(written: str) -> None:
    fields = parse(f'{{"n": {written}, "deep": [[{written}]], "double": 0.30000000000000004}}').fields
    assert fields == {"n": written, "deep": [[written]], "double": 0.30000000000000004}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_are_numbers(number: float) -> None:
    assert parse(json.dumps({"n": number})).fields == {"n": number}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=20, min_value=-1000, max_value=1000))
def test_no_decimal_loses_a_digit(number: Decimal) -> None:
    fields = parse(f'{{"n": {number:f}}}').fields
    assert fields is not None
    assert Decimal(str(fields["n"])) == number


@given(
    number=st.integers(),
    padding=st.text(alphabet="ab", max_size=9),
    separator=st.sampled_from(["", " ", "\n", "\t"]),
)
def test_no_integer_loses_a_digit(number: int, padding: str, separator: str) -> None:
    fields = parse(f'{{"{padding}":{separator}{number}}}').fields
    assert fields is not None
    assert str(fields[padding]) == str(number)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON_VALUES))
def test_fields_have_the_logged_values(fields: dict[str, object]) -> None:
    assert parse(json.dumps(fields)).fields == fields
    assert parse(orjson.dumps(fields).decode()).fields == fields


@given(
    st.text(st.characters())
    | st.builds(lambda a, b: a + b, st.sampled_from(["{", "[", "I, ", "2026-"]), st.text())
)
def test_no_message_raises_or_loses_text(message: str) -> None:
    parsed = parse(message)
    assert parsed.text == message.rstrip()
    assert parsed.text.endswith(parsed.body)
