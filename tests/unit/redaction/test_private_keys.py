"""A private key is redacted in one log event or line by line in many; the text around it stays."""

import json
from collections.abc import Callable, Sequence
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.redaction.detectors.private_key import (
    REDACTED,
    reach_of_keys,
    redact_private_keys,
)

PKCS8, TRADITIONAL, OPENSSH = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH
RSA_KEY = rsa.generate_private_key(65537, 2048)


def pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, form: PrivateFormat
) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def redact_private_key(text: str) -> str:
    return redact_private_keys([text])[0]


KEYS = {
    "RSA": pem(RSA_KEY, TRADITIONAL),
    "PKCS 8": pem(RSA_KEY, PKCS8),
    "encrypted": RSA_KEY.private_bytes(Encoding.PEM, PKCS8, BestAvailableEncryption(b"x")).decode(),
    "encrypted RSA": RSA_KEY.private_bytes(Encoding.PEM, TRADITIONAL, BestAvailableEncryption(b"x")).decode(),
    "EC": pem(ec.generate_private_key(ec.SECP256R1()), TRADITIONAL),
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate(), PKCS8),
    "OpenSSH": pem(ed25519.Ed25519PrivateKey.generate(), OPENSSH),
    "OpenPGP": "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n"
    "lQOYBF2h0KQBCADGHs0vX3xNxXvkQWlJlQOYBF2h0KQBCADGHs0vX3xNxXvkQWlJ\n"
    "=njUN\n-----END PGP PRIVATE KEY BLOCK-----\n",
}
KEY = KEYS["RSA"]
BEGIN, *BODY, END = KEY.splitlines()


def secrets(key: str) -> list[str]:
    """Return the texts that must not be left: each line of the key, and parts of broken lines."""
    return [line[:16] for line in key.splitlines()[1:-1] if line and ":" not in line]


def is_gone(key: str, texts: Sequence[str]) -> bool:
    return not any(secret in "\n".join(texts) for secret in secrets(key))


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
class TestOneText:
    @pytest.mark.parametrize(
        "write",
        [
            str,
            lambda key: f"loaded:\n{key}done",
            lambda key: key.replace("\n", "\r\n"),
            lambda key: key.replace("\n", " "),
            lambda key: key.replace("\n", "\\n"),
            lambda key: key.replace("\n", "\\\\n"),
            lambda key: json.dumps({"key": key, "level": "info"}),
            lambda key: json.dumps({"lines": key.splitlines()}),
            lambda key: key.replace("\n", '\\n" +\n    "'),
            lambda key: "\n".join(f"2026-11-03T10:00:00Z stdout F {line}" for line in key.splitlines()),
        ],
    )
    def test_a_key_is_redacted_in_every_notation(self, key: str, write: Callable[[str], str]) -> None:
        redacted = redact_private_key(write(key))
        assert REDACTED in redacted
        long_lines = "\n".join(line for line in key.splitlines() if len(line) >= 40 or line.startswith("-"))
        assert is_gone(long_lines, [redacted])
        assert redact_private_key(redacted) == redacted

    def test_the_whole_key_is_redacted_and_nothing_else(self, key: str) -> None:
        begin, *_, end = key.splitlines()
        assert redact_private_key(f"loaded:\n{key}done") == f"loaded:\n{begin}\n{REDACTED}\n{end}\ndone"

    def test_a_key_with_each_line_in_its_own_event_is_redacted(self, key: str) -> None:
        begin, *body, end = key.splitlines()
        redacted = redact_private_keys(["before", begin, *body, end, "after"])
        assert redacted == ["before", begin, *[line and REDACTED for line in body], end, "after"]
        assert redact_private_keys(redacted) == redacted


def test_a_key_with_several_lines_in_each_event_is_redacted() -> None:
    events = [f"start\n{BEGIN}\n{BODY[0]}", "\n".join(BODY[1:9]), "\n".join([*BODY[9:], END, "done"])]
    redacted = redact_private_keys(events)
    assert is_gone(KEY, redacted)
    assert redacted[0].startswith(f"start\n{BEGIN}\n")
    assert redacted[-1].endswith(f"{END}\ndone")
    assert redact_private_keys(redacted) == redacted


def in_json(line: str) -> str:
    return json.dumps({"log": f"{line}\n", "stream": "stdout", "pid": "30"})


@pytest.mark.parametrize("last", ["8fQ=", "Zm9vYmFy1A==", BODY[-1]], ids=["short", "padded", "whole"])
def test_key_lines_in_the_json_of_a_container_log_driver_are_redacted(last: str) -> None:
    lines = [BEGIN, *BODY, last, END]
    redacted = redact_private_keys([*map(in_json, lines), in_json("8fQ=")])
    assert is_gone(KEY, redacted)
    assert [json.loads(text)["stream"] for text in redacted] == ["stdout"] * (len(lines) + 1)
    assert [json.loads(text)["log"] for text in redacted[-3:]] == [f"{REDACTED}\n", f"{END}\n", "8fQ=\n"]
    assert redact_private_keys(redacted) == redacted


def test_a_key_without_its_end_is_redacted_as_far_as_it_looks_like_one() -> None:
    hash_of_something = "d" * 64
    redacted = redact_private_keys([BEGIN, *BODY[:5], "a b", "c d", "e f", "g h", hash_of_something])
    assert redacted == [BEGIN, *[REDACTED] * 5, "a b", "c d", "e f", "g h", hash_of_something]
    assert redact_private_keys([f"{BEGIN}\n{BODY[0]}"]) == [f"{BEGIN}\n{REDACTED}"]
    assert redact_private_keys([BEGIN, BODY[0]]) == [BEGIN, REDACTED]


def test_a_key_without_its_beginning_is_redacted_back_as_far_as_it_looks_like_one() -> None:
    redacted = redact_private_keys(["a b", *BODY[5:], "abc=", END, BODY[0]])
    assert redacted == ["a b", *[REDACTED] * len(BODY[5:]), REDACTED, END, BODY[0]]
    assert redact_private_keys(redacted) == redacted
    assert redact_private_key("a b\n" + "\n".join([*BODY[5:], END])) == f"a b\n{REDACTED}\n{END}"


@pytest.mark.parametrize(
    "prefix", ["2026-01-01T10:00:00.1Z stderr F ", "web_1  | ", "[app] ", "Jan  1 10:00:00 host app: "]
)
@pytest.mark.parametrize("last", ["8fQ=", "kR5xQmT9vB2sLw8e1aZc7dYfGh0=", "Zm9vYmFy"])
def test_the_last_line_is_redacted_after_a_prefix(prefix: str, last: str) -> None:
    texts = [f"{prefix}{line}" for line in [BEGIN, *BODY, last, END, "done"]]
    expected = [f"{prefix}{line}" for line in [BEGIN, *[REDACTED] * (len(BODY) + 1), END, "done"]]
    assert redact_private_keys(texts) == expected
    assert redact_private_keys(["\n".join(texts)]) == ["\n".join(expected)]
    assert redact_private_keys(expected) == expected


def test_the_last_line_is_redacted_after_a_prefix_if_the_beginning_is_missing() -> None:
    texts = [f"app | {line}" for line in ["started", *BODY[5:], "8fQ=", END]]
    assert redact_private_keys(texts) == [
        "app | started",
        *[f"app | {REDACTED}"] * (len(BODY) - 5 + 1),
        f"app | {END}",
    ]


def test_a_key_in_a_url_is_redacted() -> None:
    encoded = quote(f"{BEGIN}\n{BODY[0]}\n8fQ=\n{END}", safe="-")
    assert redact_private_key(f"?key={encoded}&x=1") == (
        f"?key={quote(BEGIN, safe='-')}%0A{REDACTED}%0A{quote(END, safe='-')}&x=1"
    )


def test_other_events_between_the_lines_of_a_key_stay() -> None:
    redacted = redact_private_keys([BEGIN, BODY[0], "GET /health 200", BODY[1], END])
    assert redacted == [BEGIN, REDACTED, "GET /health 200", REDACTED, END]


@pytest.mark.parametrize("number", [4, 50])
def test_many_other_events_between_the_lines_stay_if_the_key_has_its_end(number: int) -> None:
    others = ["GET /health 200"] * number
    redacted = redact_private_keys([BEGIN, BODY[0], *others, BODY[1], *others, BODY[2], END])
    assert redacted == [BEGIN, REDACTED, *others, REDACTED, *others, REDACTED, END]


def test_a_key_without_an_end_ends_where_four_other_events_follow_each_other() -> None:
    texts = [BEGIN, BODY[0], *["GET /health 200"] * 3, BODY[1], *["GET /health 200"] * 4, BODY[2]]
    assert [text == REDACTED for text in redact_private_keys(texts)] == [
        *[False, True, *[False] * 3],
        *[True, *[False] * 4, False],
    ]


def test_two_keys_are_redacted_and_the_text_between_them_stays() -> None:
    redacted = redact_private_key(f"{KEY}and {KEYS['EC']}")
    assert redacted.count(REDACTED) == 2
    assert "\nand " in redacted


def test_a_number_in_json_stays_a_number() -> None:
    text = json.dumps({"log": BEGIN, "n": int("1" * 50), "x": BODY[0]})
    assert json.loads(redact_private_key(text)) == {"log": BEGIN, "n": int("1" * 50), "x": REDACTED}


# --- which texts a key may span ---

BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
KEY_LINE = "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn/ygWyF8PbnGy0AHB7MhgwMbRvI0MBZhpI"
runs = st.tuples(
    st.sampled_from(
        [
            BEGIN,
            END,
            KEY_LINE,
            "Qk0tZw==",
            "",
            "tick",
            "order 5 was placed",
            f"{BEGIN}\n{KEY_LINE}\n{END} and more",
            f"order\n{KEY_LINE}",
            "rotate the PRIVATE KEY",
        ]
    ),
    st.sampled_from([1, 1, 1, 2, 4, 450]),
)


@given(st.lists(runs, max_size=12))
def test_redaction_in_the_reach_of_keys_depends_on_no_text_outside_it(drawn: list[tuple[str, int]]) -> None:
    texts = [text for text, times in drawn for _ in range(times)]
    apart: list[str] = []
    for start, end in reach_of_keys(texts):
        assert len(apart) <= start < end
        apart += [redact_private_keys([text])[0] for text in texts[len(apart) : start]]
        apart += redact_private_keys(texts[start:end])
    apart += [redact_private_keys([text])[0] for text in texts[len(apart) :]]
    assert apart == redact_private_keys(texts)


def test_texts_far_from_any_key_are_not_in_its_reach() -> None:
    texts = ["order placed"] * 1000 + [BEGIN, KEY_LINE, END] + ["order placed"] * 1000
    [(start, end)] = reach_of_keys(texts)
    assert start == 998
    assert end <= 1003 + 401
    assert list(reach_of_keys(["order placed"] * 1000)) == []
