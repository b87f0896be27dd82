"""The API key is masked however a response writes it."""

import json
import time
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.delivery.sending.key_mask import without_key

KEY = "q7Zk+9bX/4w=="


def json_codes(text: str) -> str:
    """Return a text as System.Text.Json and other serializers escape it in JSON."""
    return "".join(it if it.isalnum() else f"\\u{ord(it):04X}" for it in text)


FORMS = {
    "as it is": KEY,
    "in lower case": KEY.lower(),
    "in upper case": KEY.upper(),
    "JSON, codes": json_codes(KEY),
    "JSON, codes in lower case": json_codes(KEY).replace("002B", "002b"),
    "JSON, escaped slashes": KEY.replace("/", "\\/"),
    "JSON in JSON": json.dumps(json_codes(KEY))[1:-1],
    "JSON in JSON in JSON": json.dumps(json.dumps(KEY.replace("/", "\\/")))[3:-3],
    "percent": quote(KEY, safe=""),
    "percent in lower case": quote_plus(KEY).replace("%2B", "%2b"),
    "percent, twice": quote(quote(KEY, safe="")),
    "HTML, decimal": KEY.replace("+", "&#43;").replace("=", "&#0061;"),
    "HTML, hexadecimal": KEY.replace("+", "&#x2B;").replace("/", "&#x2f;"),
    "HTML, names": KEY.replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
    "HTML, twice": KEY.replace("+", "&amp;#x2B;"),
    "HTML in JSON": KEY.replace("+", "\\u0026#x2B;"),
    "mixed": KEY.replace("+", "\\u002B").replace("/", "%2F"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_key_is_masked_in_every_form(form: str) -> None:
    assert without_key(f'{{"was": "{form}", "again": "{form}", "cost": "5 %"}}', KEY) == (
        '{"was": "***", "again": "***", "cost": "5 %"}'
    )


@pytest.mark.parametrize("key", ["plain-key_1", "a&b<c>'\"d", "{[?#]}", "&&&&&&&&"])
def test_a_key_of_any_characters_is_masked_as_it_is_and_escaped(key: str) -> None:
    for form in (key, escape(key), quote(key, safe=""), json.dumps(key)[1:-1]):
        assert without_key(f"[{form}]", key) == "[***]", form


@pytest.mark.parametrize(
    "text", ["", "{}", '{"accepted": 500}', "q7Zk", "50 % off \\u002B &amp; more", "q7Zk 9bX"]
)
def test_a_text_without_the_key_is_unchanged(text: str) -> None:
    assert without_key(text, KEY) == text


@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from(sorted(FORMS.values())))
@example("&amp;", "%25", KEY)
def test_nothing_but_the_key_is_masked(before: str, after: str, form: str) -> None:
    masked = without_key(f"{before} {form} {after}", KEY)
    assert masked == f"{before} *** {after}"


@pytest.mark.parametrize(
    "unit", ["&", "&amp;", "&#0000", "%25", "\\", "\\u002", "q7Zk&amp;amp;", "+", "&#43;"]
)
@pytest.mark.parametrize("key", [KEY, "+" * 64, "&" * 64, "&amp;" * 12])
def test_the_search_takes_linear_time(unit: str, key: str) -> None:
    def seconds(characters: int) -> float:
        text = (unit * characters)[:characters]
        began = time.process_time()
        without_key(text, key)
        return time.process_time() - began

    seconds(1000)
    assert seconds(64 * 1024) < 1.0
