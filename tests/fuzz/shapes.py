"""Hostile input in the shape of real input: log lines, traces, JSON, secrets, payloads, queue records.

Drawn by hypothesis, so that a fuzzer's bytes become input of the right structure, and a finding shrinks.
"""

import ast
import base64
import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from hypothesis import strategies as st

JsonObject = dict[str, Any]

PROJECT = Path(__file__).parents[2]
MIB = 1024 * 1024
ID = "6573a3a0-2fb1-4e78-a582-2c769282e0bd"
NOW = 1_793_700_000_000


def _sample_messages() -> list[str]:
    payloads = [json.loads(path.read_text()) for path in sorted((PROJECT / "events").glob("*.json"))]
    return [event["message"] for payload in payloads for event in payload["logEvents"]]


def _fields(message: str) -> JsonObject | None:
    return json.loads(message) if message.startswith("{") else None


def _trace_lines() -> list[str]:
    traces = sorted((PROJECT / "tests" / "unit" / "parsing" / "stack_traces").glob("*.txt"))
    return [line for path in traces for line in path.read_text().splitlines()]


def _known_names() -> list[str]:
    """Return every string in the code of parsing, levels and entries that may be the name of a field."""
    package = PROJECT / "layers" / "shipping" / "loginformant_shipper"
    modules = [path for stage in ("parsing", "levels", "entries") for path in (package / stage).rglob("*.py")]
    nodes = (node for path in modules for node in ast.walk(ast.parse(path.read_text())))
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return sorted(text for text in texts if text.replace(".", "").removeprefix("@").isidentifier())


SAMPLES = _sample_messages()
OBJECTS = [fields for fields in map(_fields, SAMPLES) if fields]
KNOWN_NAMES = _known_names()
TRACE_LINES = _trace_lines()

# --- text ---

PIECES = [
    *(
        "",
        " ",
        "\t",
        "\n",
        "\r\n",
        "\x00",
        "\x1b[31m",
        "\x1b[0m",
        "\ud800",
        "\udfff",
        "\ufffe",
        "\u2028",
        "é",
        "😀",
    ),
    *("{", "}", "[", "]", '"', "'", "\\", "\\n", '\\"', ":", ",", "=", "|", "<", ">", "(", ")", "-----"),
    *(
        "ERROR",
        "warn",
        "INFO",
        "[error]",
        "level=",
        '"level":"error"',
        "<3>",
        "E0101 ",
        "0 errors",
        "Exception",
    ),
    *(
        "Traceback (most recent call last):",
        '  File "a.py", line 1, in f',
        "\tat a.B.c(D.java:1)",
        "Caused by: x",
    ),
    *("panic: x", "goroutine 1 [running]:", "thread 'main' panicked", "#0 /a.php(1): f()", "\t... 3 more"),
    *("START RequestId: ", "REPORT RequestId: ", "Task timed out after", "HTTP/1.1", '" 500 12', ID),
    *(
        f"2026-11-03T10:00:00.000Z\t{ID}\tERROR\t",
        "2026-11-03 10:00:00,123 ",
        "[redacted:email]",
        "[redacted:",
    ),
    *(
        "alice@example.com",
        "4111 1111 1111 1111",
        "AKIAIOSFODNN7EXAMPLE",
        "10.0.0.1",
        "::1",
        "eyJhbGciOi.eyJzdWIi",
    ),
    *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj"),
    *("NaN", "1e999", "9" * 400, "-0", "null", "\\ud83d", "\\u0000"),
]
characters = st.characters(exclude_categories=())  # lone surrogates and NUL included
pieces = st.sampled_from(PIECES) | st.text(characters, max_size=6)
patched = st.lists(pieces, max_size=12).map("".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Draw a genuine line with a piece left out, repeated, or inserted."""
    text = draw(st.sampled_from(SAMPLES) | st.sampled_from(TRACE_LINES))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(start + 64, len(text))))
    return text[:start] + draw(pieces | st.just(text[start:end] * 2)) + text[end:]


@st.composite
def repeated(draw: st.DrawFn) -> str:
    """Draw repetitions of one piece, up to what CloudWatch accepts as one log event."""
    piece, size = draw(patched.filter(bool)), draw(st.sampled_from([64, 4096, 20_000, 300_000, MIB]))
    return draw(pieces) + piece * (size // len(piece)) + draw(pieces)


numbers = (
    st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**400, 1_793_700_000_000])
)
names = st.sampled_from(KNOWN_NAMES) | st.text(characters, max_size=4)
values = st.recursive(
    st.none() | st.booleans() | numbers | patched,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=10,
)


@st.composite
def objects_with_odd_members(draw: st.DrawFn) -> JsonObject:
    """Draw a genuine object with other values of any type, under its own and other known names."""
    fields = draw(st.sampled_from(OBJECTS))
    own = draw(st.lists(st.sampled_from(sorted(fields)), max_size=3))
    others = draw(st.lists(names, max_size=2))
    return fields | {name: draw(values) for name in (*own, *others)}


json_texts = st.builds(
    lambda prefix, value, suffix: prefix + json.dumps(value) + suffix,
    st.sampled_from(["", "", f"2026-11-03T10:00:00.000Z\t{ID}\tINFO\t", "[INFO]\t", "x "]),
    st.dictionaries(names, values, max_size=5) | values | objects_with_odd_members(),
    st.sampled_from(["", "", "\n", "}", " tail"]),
)
messages = st.one_of(patched, mutated(), json_texts, st.sampled_from(TRACE_LINES))
long_messages = st.one_of(messages, repeated())

# --- log events ---

timestamps = st.one_of(
    st.integers(0, 3000).map(lambda after: NOW + after),
    st.just(NOW),
    numbers,
    st.none(),
    patched,
    st.lists(numbers),
)
raw_events = st.builds(
    lambda number, timestamp, message, more: {
        "id": f"{number:056d}",
        "timestamp": timestamp,
        "message": message,
        **more,
    },
    st.integers(0, 10**9),
    timestamps,
    messages,
    st.just({}) | st.fixed_dictionaries({"extractedFields": values}),
)
streams = st.one_of(
    st.lists(messages, max_size=30),
    st.lists(st.sampled_from(TRACE_LINES), max_size=60),
    st.builds(
        lambda piece, count, rest: piece * count + rest,
        st.lists(st.sampled_from(TRACE_LINES) | messages, min_size=1, max_size=5),
        st.sampled_from([1, 10, 300]),
        st.lists(messages, max_size=3),
    ),
)

# --- payloads ---

odd: st.SearchStrategy[Any] = st.sampled_from([None, 0, "", [], {}, [[]], "DATA_MESSAGE"])


@st.composite
def contents(draw: st.DrawFn) -> JsonObject:
    """Draw a payload before compression, sometimes with a missing or odd member or odd log events."""
    content: JsonObject = {
        "messageType": draw(st.sampled_from(["DATA_MESSAGE"] * 4 + ["CONTROL_MESSAGE", "OTHER"])),
        "owner": "123456789012",
        "logGroup": draw(
            st.sampled_from(["/aws/lambda/orders", "API-Gateway-Execution-Logs_a/b", "/ecs/web"])
        ),
        "logStream": draw(patched),
        "subscriptionFilters": draw(st.lists(patched, max_size=2)),
        "logEvents": draw(st.lists(raw_events | values if draw(st.booleans()) else raw_events, max_size=12)),
    }
    name = draw(st.sampled_from([None, None, None, *content]))
    if name and draw(st.booleans()):
        del content[name]
    elif name:
        content[name] = draw(odd | values)
    return content


@st.composite
def compressed(draw: st.DrawFn) -> bytes:
    """Draw gzip of a payload: whole, in several members, truncated, with a changed byte or trailing data."""
    text = json.dumps(draw(contents())).encode()
    cut = draw(st.integers(0, len(text)))
    match draw(
        st.sampled_from(["one", "one", "one", "members", "cut", "changed", "behind", "nested", "text"])
    ):
        case "members":
            return b"".join(gzip.compress(part, 1) for part in (text[:cut], b"", text[cut:]))
        case "cut":
            return gzip.compress(text, 1)[: cut + 1]
        case "changed":
            data = bytearray(gzip.compress(text, 1))
            data[cut % len(data)] ^= draw(st.integers(1, 255))
            return bytes(data)
        case "behind":
            return gzip.compress(text, 1) + draw(st.binary(min_size=1, max_size=8))
        case "nested":
            return gzip.compress(
                text[:cut] + b"[" * draw(st.sampled_from([1, 1100, 300_000])) + text[cut:], 1
            )
        case "text":
            return gzip.compress(text[:cut] + draw(patched).encode("utf-8", "surrogatepass") + text[cut:], 1)
        case _:
            return gzip.compress(text, 1)


datas = st.one_of(
    compressed().map(lambda data: base64.b64encode(data).decode()),
    st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode()),
    patched,
    odd,
)
awslogs_events = datas.map(lambda data: {"awslogs": {"data": data}})
envelopes = awslogs_events.map(
    lambda event: {"requestContext": {}, "requestPayload": event, "responsePayload": {}}
)
bodies = st.one_of(
    (awslogs_events | envelopes).map(json.dumps),
    awslogs_events.map(lambda event: json.dumps(json.dumps(event))),
    values.map(json.dumps),
    patched,
)
attributes = st.dictionaries(
    st.sampled_from(["Reason", "Replays", "FirstFailedAt", "EventCount"]),
    st.one_of(
        st.sampled_from(["0", "1", "2", "3", "-1", "9" * 30, "²", "", "2026-11-03T10:00:00.000Z"]).map(
            lambda text: {"dataType": "String", "stringValue": text}
        ),
        odd,
    ),
    max_size=3,
)


@st.composite
def queue_events(draw: st.DrawFn) -> JsonObject:
    """Draw what Lambda passes to replay: each record has an identifier of its own."""
    records = [
        {
            "messageId": f"message-{number}",
            "receiptHandle": f"handle-{number}",
            "body": draw(bodies),
            "messageAttributes": draw(attributes | odd),
            "eventSource": "aws:sqs",
        }
        for number in range(draw(st.integers(1, 4)))
    ]
    return {"Records": records}


kinesis_events = st.lists(datas, min_size=1, max_size=4).map(
    lambda all_data: {
        "Records": [
            {"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": str(number), "data": data}}
            for number, data in enumerate(all_data)
        ]
    }
)
events = st.one_of(awslogs_events, envelopes, kinesis_events, queue_events(), values)

# --- secrets ---


class Secret(NamedTuple):
    """A value that must not be left in a redacted text."""

    text: str
    hidden: str


SECRETS = [
    Secret("alice.b+c@example.co.uk", "alice.b+c@"),
    Secret("4111 1111 1111 1111", "4111 1111 1111"),
    Secret("4111111111111111", "4111111111111111"),
    Secret("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    Secret("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG"),
    Secret("Bearer mF_9.B5f-4.1JqM8aK2", "mF_9.B5f-4.1JqM8aK2"),
    Secret("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.dBjftJeZ4CVPmB92K27", "eyJzdWIiOiIxMjM0NTYifQ"),
    Secret("10.21.32.43", "10.21.32.43"),
    Secret("ec2-203-0-113-7.compute-1.amazonaws.com", "203-0-113-7"),
    Secret(
        '{"name": "AWS_SECRET_ACCESS_KEY", "value": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}', "wJalrXUt"
    ),
    Secret("DE89 3704 0044 0532 0130 00", "3704 0044 0532"),
    Secret("2001:db8::8a2e:370:7334", "8a2e:370"),
    Secret("hunter2-4711", "hunter2"),
]
"""Secrets; the last one is redacted by a pattern of the user, `hunter[0-9]`."""
USERS_PATTERN = "hunter[0-9]"

beside_a_secret = st.text(st.sampled_from(" \n\t;ab\"'{}"), max_size=8).map(lambda text: f" {text} ")


@st.composite
def texts_with_a_secret(draw: st.DrawFn) -> tuple[str, Secret]:
    """Draw a message with a secret: in plain text, a URL, JSON, JSON in JSON, after a prefix, truncated."""
    secret = draw(st.sampled_from(SECRETS))
    is_by_pattern = secret is SECRETS[-1]
    written = secret.text if is_by_pattern or draw(st.booleans()) else quote(secret.text, safe="")
    text = draw(st.just("") | beside_a_secret) + written + draw(st.just("") | beside_a_secret)
    for _ in range(draw(st.integers(0, 3))):
        wrapped: object = text
        if draw(st.booleans()):
            wrapped = [draw(st.just(0) | st.just("x")), text]
        text = json.dumps({draw(st.sampled_from(["message", "a b", "error", "q\"'\\"])): wrapped, "n": 1})
    prefix = draw(st.sampled_from(["", "INFO ", f"2026-11-03T10:00:00.000Z\t{ID}\tINFO\t", "\n"]))
    cut = 0 if is_by_pattern else draw(st.sampled_from([0, 0, 1, 5]))
    return prefix + (text[:-cut] if cut and text.endswith('"n": 1}') else text), secret
