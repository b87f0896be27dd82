"""Redaction of messages: every finding is gone, JSON stays JSON, and redacting again changes nothing."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.events import LogEvent, SubscriptionMessage
from loginformant_shipper.names import Detector
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.redaction import redact as redaction
from loginformant_shipper.redaction.json_values import MAX_NESTED_STRINGS
from loginformant_shipper.redaction.redact import redact, redact_text, redacted_events
from loginformant_shipper.settings import Settings
from loginformant_shipper.wire.encoding import json_text

from tests.unit.sample_data import ORDERS, log_event, settings

ALL = settings(REDACT=",".join(Detector))
EMAIL = settings(REDACT="email")
CARD = "4111111111111111"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def pattern(text: str) -> Settings:
    return settings(REDACT_PATTERN=text)


# --- what is configured ---


def test_nothing_is_redacted_by_default() -> None:
    message = SubscriptionMessage(ORDERS, (log_event(message=f"alice@example.com {CARD}"),))
    assert redact(message, settings()) is message
    assert redact_text("alice@example.com", settings()) == "alice@example.com"


def test_only_configured_detectors_redact() -> None:
    assert redact_text(f"alice@example.com {CARD}", EMAIL) == f"[redacted:email] {CARD}"
    assert redact_text(f"alice@example.com {CARD}", ALL) == "[redacted:email] [redacted:credit-card]"


# --- events ---


def redacted_event(event: LogEvent, by: Settings = ALL) -> LogEvent:
    [redacted] = redact(SubscriptionMessage(ORDERS, (event,)), by).events
    return redacted


def test_message_and_raw_event_are_redacted_alike() -> None:
    event = redacted_event(log_event("e7", "to alice@example.com"))
    assert event == log_event("e7", "to [redacted:email]")
    assert event.raw["message"] == event.message


def test_an_event_without_findings_is_the_same_value() -> None:
    event = log_event(message="Order placed", extractedFields={"ip": "none"})
    assert redacted_event(event) is event


def test_fields_that_the_subscription_filter_added_are_redacted() -> None:
    fields = {
        "mail": "alice@example.com",
        "card": CARD,
        "n": int(CARD),
        "ü": 12345678901234567890123,
        "f": 1.5,
    }
    event = redacted_event(log_event(message="x", extractedFields=fields, secretAccessKey=SECRET_KEY))
    assert event.raw["extractedFields"] == {
        "mail": "[redacted:email]",
        "card": "[redacted:credit-card]",
        "n": "[redacted:credit-card]",
        "ü": 12345678901234567890123,
        "f": 1.5,
    }
    assert event.raw["secretAccessKey"] == "[redacted:aws-key]"
    assert event.raw["timestamp"] == event.timestamp


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("field", [float("nan"), nested(100_000)], ids=["not in JSON", "too deep"])
def test_fields_that_cannot_be_searched_are_removed(field: object) -> None:
    event = redacted_event(log_event(message="x", extractedFields={"mail": "a@b.io", "x": field}))
    assert "a@b.io" not in json_text(event.raw["extractedFields"])


def json_in_strings(levels: int, by_code: bool) -> str:
    """Return JSON in JSON strings. Escapes by code take less space than doubled backslashes."""
    text = '{"card":4111111111111111}'
    for _ in range(levels):
        written = text.replace("\\", r"\u005c").replace('"', r"\u0022") if by_code else json.dumps(text)[1:-1]
        text = f'{{"text":"{written}"}}'
    return text


@pytest.mark.parametrize("by", [ALL, pattern("4111[0-9]+")])
@pytest.mark.parametrize("by_code", [True, False])
def test_json_in_several_strings_stays_json(by: Settings, by_code: bool) -> None:
    text = redact_text(json_in_strings(MAX_NESTED_STRINGS, by_code), by)
    for _ in range(MAX_NESTED_STRINGS):
        text = json.loads(text)["text"]
    assert json.loads(text)["card"].startswith("[redacted:")


@pytest.mark.parametrize("by", [ALL, pattern("4111[0-9]+")])
def test_json_in_very_many_strings_does_not_grow_exponentially(by: Settings) -> None:
    text = json_in_strings(50, by_code=True)
    redacted = redact_text(text, by)
    assert "4111" not in redacted
    assert len(redacted) < 3 * len(text)
    assert redact_text(redacted, by) == redacted
    json.loads(redacted)


def test_id_and_timestamp_are_never_redacted() -> None:
    event = redacted_event(log_event(CARD, "alice@example.com"))
    assert event.id == event.raw["id"] == CARD


def test_a_private_key_is_found_across_events() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", "M" * 64, "N" * 20, "-----END PRIVATE KEY-----"]
    message = SubscriptionMessage(ORDERS, tuple(log_event(str(n), line) for n, line in enumerate(lines)))
    once = redact(message, ALL)
    assert [event.message for event in once.events] == [lines[0], *["[redacted:private-key]"] * 2, lines[3]]
    assert redact(once, ALL) == once
    assert redact(message, EMAIL) == message


def test_redacting_again_changes_nothing_if_the_end_of_a_key_touches_another_finding() -> None:
    texts = ["-----BEGIN PRIVATE KEY-----", "M" * 64, "-----END PRIVATE KEY-----alice@example.com", "N" * 64]
    message = SubscriptionMessage(ORDERS, tuple(log_event(str(n), text) for n, text in enumerate(texts)))
    once = redact(message, ALL)
    assert redact(once, ALL) == once


# --- JSON ---


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f'{{"card":{CARD},"n":-1.50e3}}', '{"card":"[redacted:credit-card]","n":-1.50e3}'),
        (
            f'{{"cards": [ {CARD} , "{CARD}" ]}}',
            '{"cards": [ "[redacted:credit-card]" , "[redacted:credit-card]" ]}',
        ),
        (f"[{CARD}]", '["[redacted:credit-card]"]'),
        (f'{{"n":{CARD}.0}}', '{"n":"[redacted:credit-card].0"}'),
        (r'{"to":"alice\u0040example.com"}', '{"to":"[redacted:email]"}'),
        (r'{"text":"to\nalice@example.com\t\"x\""}', r'{"text":"to\n[redacted:email]\t\"x\""}'),
        ('{"alice@example.com": true}', '{"[redacted:email]": true}'),
        (f'{{"secretAccessKey" : "{SECRET_KEY}"}}', '{"secretAccessKey" : "[redacted:aws-key]"}'),
        (
            json.dumps({"secretAccessKey": SECRET_KEY}).replace("/", r"\/"),
            '{"secretAccessKey": "[redacted:aws-key]"}',
        ),
        (f'{{"hash":"{SECRET_KEY}"}}', f'{{"hash":"{SECRET_KEY}"}}'),
        (
            json.dumps({"log": json.dumps({"card": int(CARD)})}),
            json.dumps({"log": json.dumps({"card": "[redacted:credit-card]"}, separators=(",", ": "))}),
        ),
        (
            f'2026-11-03T10:00:00.000Z\talice@example.com\tINFO\t{{"card":{CARD}}}\n',
            '2026-11-03T10:00:00.000Z\t[redacted:email]\tINFO\t{"card":"[redacted:credit-card]"}\n',
        ),
        (f'\x1b[31m{{"card":{CARD}}}\x1b[0m', '\x1b[31m{"card":"[redacted:credit-card]"}\x1b[0m'),
        (f'{{"a":1,"a":"{CARD}","a":2}}', '{"a":1,"a":"[redacted:credit-card]","a":2}'),
        (f'{{"cut":"off","card":{CARD}', '{"cut":"off","card":[redacted:credit-card]'),
        (
            f'{{"ratio":NaN,"n":-Infinity,"card":{CARD}}}',
            '{"ratio":NaN,"n":-Infinity,"card":"[redacted:credit-card]"}',
        ),
        (f'{{"cut":"\\ud83d","card":{CARD}}}', '{"cut":"\\ud83d","card":"[redacted:credit-card]"}'),
        (
            f'{{"level":50,"card":{CARD}}}\n{{"a@b.io":1,"c@d.io":2}}',
            '{"level":50,"card":"[redacted:credit-card]"}\n{"[redacted:email]":1,"[redacted:email] 2":2}',
        ),
        (f'[{{main}}] {{"card":{CARD}}}', '[{main}] {"card":"[redacted:credit-card]"}'),
        (f'INFO [{{"card":{CARD}}},{{"n":1}}]', 'INFO [{"card":"[redacted:credit-card]"},{"n":1}]'),
        (f"paid by [{CARD}] in {{main}}", "paid by [[redacted:credit-card]] in {main}"),
        (
            json.dumps({"log": f'{{"n":NaN,"card":{CARD}}}\n{{"card":{CARD}}}'}),
            json.dumps(
                {"log": '{"n":NaN,"card":"[redacted:credit-card]"}\n{"card":"[redacted:credit-card]"}'}
            ),
        ),
    ],
)
def test_json_stays_json_and_is_otherwise_unchanged(text: str, redacted: str) -> None:
    assert redact_text(text, ALL) == redacted
    assert redact_text(redacted, ALL) == redacted


def test_a_number_in_one_of_very_many_objects_is_redacted() -> None:
    """In a long message, only JSON that is all of it stays valid, since anything else would take too long."""
    text = f'{{"card":{CARD}}}\n' * 4000
    assert redact_text(text, ALL) == '{"card":[redacted:credit-card]}\n' * 4000
    assert (
        redact_text(f'{{"all":[{text.replace(chr(10), ",")}0]}}', ALL).count('"[redacted:credit-card]"')
        == 4000
    )


@pytest.mark.parametrize(
    "text",
    [
        r'{"to":"john\u0040example.com","payload":"yyyy',
        '{"to":"john\\u0040example.com"}\n{"to":"eve\\u0040example.com"}',
        r'{"to":"john\u0040example.com"}{"to":"eve\u0040example.com"}',
        r'[{"to":"john\u0040example.com"},',
        r'INFO ["john\u0040example.com"]',
        r'INFO order=7 {"to":"john\u0040example.com"} done {"a":1}',
        r'"{\"to\":\"john\\u0040example.com\"',
    ],
    ids=[
        "cut",
        "several lines",
        "glued",
        "a cut array",
        "an array behind a prefix",
        "between",
        "nested and cut",
    ],
)
def test_escapes_are_read_in_incomplete_json(text: str) -> None:
    redacted = redact_text(text, ALL)
    assert "john" not in redacted
    assert "eve" not in redacted
    assert redacted == re.sub(r"(john|eve)\\+u0040example.com", "[redacted:email]", text)


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        (
            {"alice@example.com": 1, "bob@example.com": 2, "eve@example.com": {"10.0.0.1": 3, "10.0.0.2": 4}},
            {
                "[redacted:email]": 1,
                "[redacted:email] 2": 2,
                "[redacted:email] 3": {"[redacted:ip-address]": 3, "[redacted:ip-address] 2": 4},
            },
        ),
        (
            {"a@b.io": 1, "[redacted:email] 2": 2, "c@d.io": 3},
            {"[redacted:email]": 1, "[redacted:email] 2": 2, "[redacted:email] 3": 3},
        ),
        ({"by": [{"a@b.io": 1}, {"c@d.io": 2}]}, {"by": [{"[redacted:email]": 1}, {"[redacted:email]": 2}]}),
        ({"to a@b.io": 1, "to c@d.io": 2}, {"to [redacted:email]": 1, "to [redacted:email] 2": 2}),
    ],
    ids=["a map", "a name that is there", "several objects", "part of a name"],
)
def test_names_stay_distinct_and_no_value_is_lost(value: object, redacted: object) -> None:
    for text, expected in (
        (json.dumps(value), json.dumps(redacted)),
        (json.dumps({"log": json.dumps(value)}), json.dumps({"log": json.dumps(redacted)})),
    ):
        assert json.loads(redact_text(text, ALL)) == json.loads(expected)
        assert redact_text(redact_text(text, ALL), ALL) == redact_text(text, ALL)


def test_names_that_a_pattern_finds_stay_distinct() -> None:
    assert redact_text('{"user 1":1,"user 2":2}', pattern(r"user \d")) == (
        '{"[redacted:pattern]":1,"[redacted:pattern] 2":2}'
    )


AWS_SECRETS: list[Any] = [
    {"environment": [{"name": "AWS_SECRET_ACCESS_KEY", "value": SECRET_KEY}]},
    {"containers": [{"env": [{"name": "A", "value": "b"}, {"name": "aws_secret_key", "value": SECRET_KEY}]}]},
    {"secretAccessKeys": [SECRET_KEY, SECRET_KEY[::-1]]},
    {"Env": [f"AWS_SECRET_ACCESS_KEY={SECRET_KEY}"]},
    {"accessKey": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "status": "Active", "value": SECRET_KEY}},
]


@pytest.mark.parametrize("secret", AWS_SECRETS)
@pytest.mark.parametrize(
    "beside",
    [{}, {"to": "alice@example.com"}, {"n": int(CARD)}, {"path": "C:\\temp"}, {"text": "ü\n"}, {"x": [[]]}],
)
def test_findings_do_not_depend_on_other_fields(secret: Any, beside: dict[str, Any]) -> None:
    for value in ({**beside, **secret}, {**secret, **beside}, {"a": secret, "b": beside}):
        for text in (json.dumps(value), json.dumps({"log": json.dumps(value)}), json.dumps(value, indent=2)):
            redacted = redact_text(text, ALL)
            assert SECRET_KEY not in redacted
            assert SECRET_KEY[::-1] not in redacted
            assert "[redacted:aws-key]" in redacted
            json.loads(redacted)


ONE_OF_EACH = {
    Detector.EMAIL: "alice.b+c@example.com",
    Detector.CREDIT_CARD: "4111 1111 1111 1111",
    Detector.AWS_KEY: f"aws_secret_access_key={SECRET_KEY}",
    Detector.TOKEN: "Bearer mF_9.B5f-4.1JqM",
    Detector.IP_ADDRESS: "2001:db8::8a2e:370:7334",
    Detector.NATIONAL_ID: "DE89 3704 0044 0532 0130 00",
}


def percent_encoded(text: str) -> str:
    return "".join(character if character.isalnum() else f"%{ord(character):02X}" for character in text)


def unicode_escaped(text: str) -> str:
    return "".join(character if character.isalnum() else f"\\u{ord(character):04x}" for character in text)


def byte_escaped(text: str) -> str:
    return "".join(character if character.isalnum() else f"\\x{ord(character):02X}" for character in text)


@pytest.mark.parametrize("detector", ONE_OF_EACH)
@pytest.mark.parametrize(
    "write",
    [
        percent_encoded,
        lambda text: percent_encoded(percent_encoded(text)),
        unicode_escaped,
        lambda text: json.dumps(unicode_escaped(text)),
        lambda text: text.replace("/", r"\/"),
        lambda text: text.replace("/", r"\\\/"),
        byte_escaped,
        lambda text: rf"\x22{text}\x22",
        lambda text: f"#011{text}#012",
    ],
    ids=[
        "in a URL",
        "in a URL in a URL",
        "in JSON",
        "in JSON in JSON",
        "slashes",
        "slashes twice",
        "as bytes",
        "of nginx",
        "of rsyslog",
    ],
)
def test_every_detector_reads_escapes(detector: Detector, write: Callable[[str], str]) -> None:
    secret = ONE_OF_EACH[detector]
    redacted = redact_text(f"x {write(secret)} y", ALL)
    assert f"[redacted:{detector}]" in redacted
    assert secret[-6:] not in redacted
    assert redacted.startswith("x ")
    assert redacted.endswith(" y")


words = st.sampled_from(
    [
        *[
            "alice@example.com",
            CARD,
            f"{CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}",
            "10.0.0.1",
            "2001:db8::1",
        ],
        *[
            "Bearer ",
            "abcdef0123456789",
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
            "AKIAIOSFODNN7EXAMPLE",
        ],
        *[
            "secret_access_key=",
            SECRET_KEY,
            "123-45-6789",
            "DE89370400440532013000",
            "[redacted:email]",
            "[redacted:",
        ],
        *[
            "-----BEGIN PRIVATE KEY-----",
            "M" * 64,
            "-----END PRIVATE KEY-----",
            "\n",
            "\\n",
            "\\",
            '"',
            " ",
            "{",
            "}",
        ],
        *["password=hunter2", "@", ".", "-", ":", "]", "x\n", "\\x22"],
    ]
)
texts = st.lists(st.one_of(words, words, st.text(max_size=3)), max_size=12).map("".join)
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(texts, texts, st.just(int(CARD)), st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
messages = st.one_of(
    texts,
    values.map(json.dumps),
    values.map(lambda value: json.dumps({"log": json.dumps(value)})),
    st.lists(st.one_of(texts, values.map(json.dumps)), max_size=4).map(" ".join),
    st.tuples(values.map(json.dumps), st.integers(1, 9)).map(lambda cut: cut[0][: -cut[1]]),
)
ways = st.sampled_from(
    [
        ALL,
        EMAIL,
        *map(
            pattern,
            [
                r"password=\S+",
                ".*x",
                r"\w+",
                "^.",
                "[a-z]$",
                "a$",
                r"\s+$",
                "a|b.",
                r"\[",
                r'"[^"]*":',
                "redacted",
                "1+",
            ],
        ),
        settings(REDACT=",".join(Detector), REDACT_PATTERN=r"\d{4}|e|\.com"),
    ]
)


@example("2001:db8::1alice@example.com", ALL)
@given(messages, ways)
def test_redacting_a_text_again_changes_nothing(message: str, by: Settings) -> None:
    once = redact_text(message, by)
    assert redact_text(once, by) == once


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("2001:db8::1alice@example.com", "[redacted:ip-address][redacted:email]"),
        ("1:2:3:4:5:6:7:8:alice@example.com", "[redacted:ip-address]:[redacted:email]"),
        ("alice@example.com/139.0.0.0", "[redacted:email]/[redacted:ip-address]"),
        ("alice@example.com//10.0.0.0", "[redacted:email]//[redacted:ip-address]"),
        ("alice@example.com4111111111111111", "[redacted:email][redacted:credit-card]"),
        (
            f"B{CARD}^DOE alice.of.a.long.name@example.com^25121011?",
            "[redacted:credit-card]",
        ),
        (
            f"AKIAIOSFODNN7EXAMPLE}} the key: {SECRET_KEY}",
            "[redacted:aws-key]} the key: " + SECRET_KEY,
        ),
        (
            f"IQoJb3JpZ2lu{'x' * 40} {SECRET_KEY}",
            "[redacted:aws-key] [redacted:aws-key]",
        ),
    ],
)
def test_findings_that_appear_only_beside_a_placeholder_are_redacted_the_first_time(
    text: str, redacted: str
) -> None:
    assert redact_text(text, ALL) == redacted
    assert redact_text(redacted, ALL) == redacted


@given(st.lists(messages, max_size=6), ways)
def test_redacting_the_events_of_a_log_stream_again_changes_nothing(texts: list[str], by: Settings) -> None:
    events = tuple(log_event(str(number), text) for number, text in enumerate(texts))
    once = redact(SubscriptionMessage(ORDERS, events), by)
    assert redact(once, by) == once


@given(values, ways)
def test_redacted_json_can_still_be_parsed(value: Any, by: Settings) -> None:
    text = orjson.dumps({"value": value}, option=orjson.OPT_INDENT_2).decode() if fits(value) else "{}"
    redacted = orjson.loads(redact_text(text, by))
    assert isinstance(redacted, dict)
    assert parse(redact_text(text, by)).fields is not None


def fits(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:  # an integer beyond 64 bits, a lone surrogate
        return False
    return True


@given(texts)
def test_no_finding_of_a_detector_is_left(text: str) -> None:
    redacted = redact_text(text, ALL)
    for secret in ("alice@example.com", "AKIAIOSFODNN7EXAMPLE"):
        assert secret not in redacted.split()


# --- users' patterns ---


@pytest.mark.parametrize(
    ("pattern_text", "text", "redacted"),
    [
        (r"password=\S+", "login password=hunter2 ok", "login [redacted:pattern] ok"),
        (r"password=\S+", '{"m":"password=hunter2","n":1}', '{"m":"[redacted:pattern]","n":1}'),
        ("^hush$", '{"a":"hush","b":"hush hush"}', '{"a":"[redacted:pattern]","b":"hush hush"}'),
        (
            r'"pin":\s*\d+',
            '{"pin": 1234, "n": 5678}',
            '{"[redacted:pattern]": "[redacted:pattern]", "n": 5678}',
        ),
        (r"\b\d{4}\b", '{"pin": 1234, "n": 5}', '{"pin": "[redacted:pattern]", "n": 5}'),
        ("true", '{"a": true}', '{"a": "[redacted:pattern]"}'),
        ("käse", r'{"a": "k\u00e4se"}', '{"a": "[redacted:pattern]"}'),
        ("^hush$", '{"a":NaN,"b":"hush"}', '{"a":NaN,"b":"[redacted:pattern]"}'),
        ("NaN", '{"a":NaN,"b":-1}', '{"a":"[redacted:pattern]","b":-1}'),
        ("käse", r'{"a":"\ud83d","b":"k\u00e4se \ud83d"}', r'{"a":"\ud83d","b":"[redacted:pattern] \ud83d"}'),
        ("käse", '{"a":1}\n' r'{"b":"k\u00e4se"}', '{"a":1}\n{"b":"[redacted:pattern]"}'),
        ("käse", r'[{main}] {"b":"k\u00e4se"}', '[{main}] {"b":"[redacted:pattern]"}'),
        ("käse", r'INFO [{"b":"k\u00e4se"},{}] {', 'INFO [{"b":"[redacted:pattern]"},{}] {'),
        ("^hush$", r'{"a":"hush","b":"\x22"', r'{"a":"[redacted:pattern]","b":"\x22"'),
        (r"\s+$", '\n{"a":"b "}\n', '\n{"a":"b[redacted:pattern]"}\n'),
        ("käse", r'INFO {"b":"k\u00e4se","c":{"d":"cut', 'INFO {"b":"[redacted:pattern]","c":{"d":"cut'),
        (
            "^hush$",
            '[{"a":"hush"},{"a":"hush","b":tr',
            '[{"a":"[redacted:pattern]"},{"a":"[redacted:pattern]","b":tr',
        ),
        (
            "token: .*",
            'a token: {"a":"hush"} b',
            'a [redacted:pattern]{"[redacted:pattern]":"[redacted:pattern]"}[redacted:pattern]',
        ),
        ("redacted|x", "[redacted:pattern] x", "[redacted:pattern] [redacted:pattern]"),
        (r"id=\S+", "id=[redacted:email]hunter2", "[redacted:pattern]"),
        (r"\w+", "one two", "[redacted:pattern] [redacted:pattern]"),
        (r"password=\w+$", "password=hunter2\n", "[redacted:pattern]\n"),
        (r"password=\w+\z", "password=a password=hunter2 \r\n", "password=a [redacted:pattern] \r\n"),
        (r"password=\w+\s*$", "password=hunter2\n", "[redacted:pattern]"),
        (
            r"password=\w+$",
            r'{"log":"password=hunter2\n","stream":"stdout"}',
            r'{"log":"[redacted:pattern]\n","stream":"stdout"}',
        ),
        (
            "^hush$",
            '{"a":"hush\\r\\n","b":"hush\\nhush"}',
            '{"a":"[redacted:pattern]\\r\\n","b":"hush\\nhush"}',
        ),
    ],
)
def test_the_whole_match_of_a_pattern_is_redacted(pattern_text: str, text: str, redacted: str) -> None:
    assert redact_text(text, pattern(pattern_text)) == redacted
    assert redact_text(redacted, pattern(pattern_text)) == redacted


def test_matches_that_appear_only_after_redaction_are_redacted_too() -> None:
    text = "-".join("abcdef")
    assert redact_text(text, pattern("^[a-z]-?|\\]-?[a-z]-?")) == "[redacted:pattern]"


# --- cost ---

KIBIBYTE = 1024
SHAPES = [
    *(
        "a",
        "a.",
        "a@",
        "a@a.",
        "@a.a",
        "%40",
        "1",
        "1 ",
        "1-",
        "1 1",
        "1.",
        "1.1.",
        "1:",
        "a:",
        "::",
        "ip-1-",
    ),
    *(
        "A",
        "AKIA",
        "secret",
        "secret_key=",
        "secret_key=a",
        "IQoJb3JpZ2lu",
        "ABSK",
        "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t",
        "eyJ",
        "eyJa",
        "eyJaaaaaaaa.",
        ".eyJ",
    ),
    *(
        "bearer ",
        "bearer a",
        "bearer 1|",
        "bearer=",
        "Bearer token ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
    ),
    *(
        "-----BEGIN PRIVATE KEY-----\n",
        "a" * 20 + "\n",
        "-----BEGIN PRIVATE KEY-----a" + "a" * 20,
        "\\n",
        "\\",
        "\n",
    ),
    *(
        "DE89",
        "DE89 ",
        "AAAA ",
        "123-45-",
        "756.",
        "529.982.247-",
        "{",
        "[",
        '{"',
        '"',
        '{"a":',
        "4111 ",
        "411 1",
    ),
    *("[redacted:email]", "[redacted:", "Version:", "-----BEGIN PRIVATE KEY-----\nVersion: ", "/\\/", "0eE+"),
]
GROWTH = 4
TOLERANCE = 2.5


def redacts(by: Settings) -> Callable[[str], object]:
    return lambda text: redact_text(text, by)


def is_linear(
    work: Callable[[str], object], shape: str, length: int, ends: tuple[str, str] = ("", "")
) -> bool:
    """Tell whether four times the text takes about four times as long, and not sixteen times."""

    def seconds(length: int, runs: int) -> float:
        text = ends[0] + shape * (length // len(shape)) + ends[1]
        return min(once(text) for _ in range(runs))

    def once(text: str) -> float:
        start = time.process_time()
        work(text)
        return time.process_time() - start

    return any(
        seconds(length, runs) <= GROWTH * TOLERANCE * seconds(length // GROWTH, runs) + 0.01
        for runs in (1, 3, 7)
    )


@pytest.mark.parametrize(
    ("beginning", "length"),
    [("", 128 * KIBIBYTE), ("-----BEGIN PRIVATE KEY-----\n", 64 * KIBIBYTE), ("bearer ", 64 * KIBIBYTE)],
)
def test_redaction_of_a_text_of_any_shape_takes_linear_time(beginning: str, length: int) -> None:
    ends = (beginning, "")
    assert [shape for shape in SHAPES if not is_linear(redacts(ALL), shape, length, ends)] == []


@pytest.mark.parametrize("item", ['"a@b.io",', r'"\n",', f"{CARD},", '{"secret":"x"},', r'"{\"a\":1}",'])
def test_redaction_of_json_with_many_values_takes_linear_time(item: str) -> None:
    assert is_linear(redacts(ALL), item, 64 * KIBIBYTE, ("[", "0]"))


@pytest.mark.parametrize("by", [ALL, pattern(r"p=\S+|^4111\d+$")], ids=["detectors", "pattern"])
@pytest.mark.parametrize("item", [f'{{"a":{CARD}}}p=', '{"a":', '[{"a":', '{"a":{}', '{"'])
def test_redaction_of_several_or_incomplete_objects_takes_linear_time(item: str, by: Settings) -> None:
    assert is_linear(redacts(by), item, 64 * KIBIBYTE, ("", f"{CARD}]"))


@pytest.mark.parametrize("hostile", ["(x+x+)+y", r"(\w+\s?)*!", "a(?:.*b)?", "[xa]"])
def test_a_pattern_that_is_exponential_in_other_engines_takes_linear_time(hostile: str) -> None:
    assert is_linear(redacts(pattern(hostile)), "xa ", 64 * KIBIBYTE)


def test_quadratic_time_is_detected() -> None:
    def look_from_everywhere(text: str) -> None:
        for start in range(0, len(text), 16):
            text.find("b", start)

    assert not is_linear(look_from_everywhere, "a", 512 * KIBIBYTE)


# --- one event at a time ---


@pytest.mark.parametrize("chosen", [EMAIL, ALL], ids=["email", "all"])
def test_events_are_redacted_only_when_they_are_requested(
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    redacted: list[str] = []
    redact_one = redaction._redact

    def note(text: str, steps: Any) -> str:
        redacted.append(text)
        return redact_one(text, steps)

    monkeypatch.setattr(redaction, "_redact", note)
    events = [log_event(str(number), f"user{number}@example.com") for number in range(1000)]
    lazily = redacted_events(events, chosen)
    assert [next(lazily).message for _ in range(3)] == ["[redacted:email]"] * 3
    assert len(redacted) == 3


def test_events_in_the_reach_of_many_private_keys_are_redacted_only_when_they_are_requested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgwMbRvI0MBZhpI"
    key = ["-----BEGIN PRIVATE KEY-----", *[line] * 3, "-----END PRIVATE KEY-----", "of alice@example.com"]
    messages = key * 2000
    events = [log_event(str(number), message) for number, message in enumerate(messages)]
    lazily = redacted_events(events, ALL)
    first = next(lazily)
    monkeypatch.setattr(redaction, "_redact", lambda text, steps: pytest.fail("redacted before its time"))
    assert first.message == key[0]
    monkeypatch.undo()
    texts = [first.message, *(event.message for event in lazily)]
    assert texts[:6] == [key[0], *["[redacted:private-key]"] * 3, key[4], "of [redacted:email]"]
    assert len(texts) == len(messages)
    assert not any(line in text or "alice" in text for text in texts)
