"""Escapes are decoded; each place in the decoded text has its place in the original text."""

import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.redaction import escapes
from loginformant_shipper.redaction.escapes import read
from loginformant_shipper.redaction.spans import cut_at, spans_of


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("plain", "plain"),
        ("a%40b%2Bc", "a@b+c"),
        ("a%2540b%252540c", "a@b@c"),
        ("a%C2%A0b%c2%a0c", "a\xa0b\xa0c"),
        ("100% sure %zz %B4 %00", "100% sure %zz %B4 %00"),
        (r"a\u0040b\/c\"d\n", 'a@b/c"d\n'),
        (r"a\\u0040b\\\/c\\n", "a@b/c\n"),
        (r"C:\apps\x", r"C:\apps\x"),
        (r"\x22a\x40b\\x40c\x4", r'"a@b@c\x4'),
        ("a#011b#012c#033[0md #08 #1", "a b\ncd #08 #1"),
        ("HTML: &#0061; &#012; &#x40;", "HTML: &#0061; &#012; &#x40;"),
        (r"\ud83d\u00fc", "\ufffdü"),
        (r"\u12", r"\u12"),
        ("\x1b[33ma\x1b[0m b\x1b[01;31m\x1b[Kc\x1b[38;2;1;2;3md\x1b[m", "a bcd"),
        (r"\u001b[33ma\\u001B[0m\x1b[1mb\033[0mc\e[0md\u{1b}[39m#033[0m", "abcd"),
        ("\x1b[33m100%25\x1b[0m", "100%"),
        ("\x1b[2J \x1b[ [33m [INFO] a[0m", "\x1b[2J \x1b[ [33m [INFO] a[0m"),
    ],
)
def test_escapes_are_decoded(text: str, means: str) -> None:
    assert read(text).text == means


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@given(texts, texts, texts, st.sampled_from([str, json.dumps, lambda text: quote(text, safe="")]))
def test_a_place_in_the_decoded_text_has_its_place_in_the_original(
    before: str, found: str, after: str, write: object
) -> None:
    assert callable(write)
    written = f"{write(before)}<a%40b>{write(found)}<c>{write(after)}"
    reading = read(written)
    start, end = reading.text.index("<a@b>"), reading.text.rindex("<c>") + 3
    [(raw_start, raw_end)] = reading.places([(start, end)])
    assert written[raw_start:].startswith("<a%40b>")
    assert written[:raw_end].endswith("<c>")


written = st.lists(
    st.sampled_from([*'\\\\\\"n/utbx0\n ', '\\"', "\\n", "\\u0040", "\\u005c", "x0", "\0", "%", "%2540"]),
    max_size=16,
).map("".join)


@given(written)
def test_decoding_does_not_depend_on_other_escapes_in_the_text(text: str) -> None:
    """JSON's escapes of one letter are decoded faster if there are no others."""
    assert read(f"{text} %40").text == f"{read(text).text} @"


of_few_and_of_many_kinds = st.lists(
    st.one_of(
        st.integers(0, 0xFFFF).map("\\u{:04x}".format),
        st.integers(0, 0xFF).map("%{:02X}".format),
        st.sampled_from(
            ["%25", "25", "%", "%C2", "%A0", "%c2%25a0", "\\u0025", "\\u0034", "\\u005c", "\\u005C", "u0041"]
        ),
        st.sampled_from(
            ["\\", "\\U0001f600", "\\u12", "\\u", "\x01", "\x1f", "40", "n", '"', "é", "中", "\ud83d", " "]
        ),
        st.sampled_from(
            [
                "\x1b[1m",
                "\x1b[",
                "\\u001b[33m",
                "\\\\x1b[K",
                "#033[0m",
                "\x1b",
                "#03",
                "3[1m",
                "[",
                "m",
                "\\u001f",
                "\\x5c",
                "\\x25",
                "\\x34",
                "\\x1f",
                "\\x01",
                "\\x",
                "#011",
                "#012",
                "&",
                "#0",
            ]
        ),
    ),
    max_size=60,
).map("".join)


@given(of_few_and_of_many_kinds, st.integers(1, 40))
def test_escapes_of_few_and_of_many_kinds_are_decoded_alike(text: str, times: int) -> None:
    """Escapes of few kinds are replaced one kind after the other, others where the text is split at them."""
    assert read(text * times).text == "".join(escapes._parts(text * times)[1])


coloured = st.lists(
    st.sampled_from(
        ["x0", "0 ", "n", "\x1b[0m", "\\u001b[1;3m", "\x1b", "[0m", "%40", "\\n", "\\x40", "#011", " "]
    ),
    max_size=16,
).map("".join)


@given(st.one_of(written, coloured))
def test_the_original_is_cut_at_the_same_places_as_the_decoded_text(text: str) -> None:
    reading = read(text)
    cut = re.split(r"(x0|0 |n)", reading.text)
    assert reading.cut(cut) == cut_at(text, reading.places(spans_of(cut)))


def test_many_backslashes_that_are_no_escape_take_linear_time() -> None:
    """In quadratic time, this would take hours."""
    text = "\\" * 2_000_000
    assert read(text).text == text
    assert read(f'{text}"').text == '"'
