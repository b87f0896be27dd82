"""No input raises an exception, the ingest API accepts every request, and the counts balance."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from loginformant_shipper.delivery.environment_state import EnvironmentState

from local.faults import Fault
from tests.integration.accounting import KEY, Shipment, Stack
from tests.integration.conftest import MakeStack
from tests.integration.payloads import JsonObject, events_in

EVER = None
DEEP, HUGE = "@deep@", "@huge@"
"""Placeholders for what Python's JSON module does not write: endless nesting and endless numbers."""
DEPTHS = [30, 33, 120, 254, 255, 500, 900, 1023, 1024, 5000, 200_000]

characters = st.characters(exclude_categories=())  # lone surrogates and NUL included
texts = st.text(characters, max_size=40)
numbers = st.one_of(
    st.integers(),
    st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**400]),
    st.floats(),  # NaN and the infinities included
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars | st.sampled_from([DEEP, HUGE]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(
    st.sampled_from(["message", "msg", "level", "time", "error", "exception", "stack", "logGroup", "eventId"])
    | texts,
    values,
    max_size=6,
)


def as_json(value: object) -> str:
    return json.dumps(value)


blanks = st.text(st.sampled_from(" \t\r\n\x0b\x0c\x1c\x85\u00a0\u2003\u3000"), max_size=5)
traces = st.lists(
    st.sampled_from(
        [
            "Traceback (most recent call last):",
            '  File "app.py", line 3, in handler',
            "ValueError: no",
            "\tat com.example.Orders.place(Orders.java:7)",
            "Caused by: java.lang.IllegalStateException: x",
            "",
        ]
    ),
    min_size=1,
    max_size=6,
).map("\n".join)
prefixed = st.builds(
    "2026-11-03T10:00:00.000Z\t0f9c8c3e-27a5-4c1d-9d2b-8b1f7e1a2b3c\t{}\t{}".format,
    st.sampled_from(["INFO", "ERROR", "undefined"]),
    texts | objects.map(as_json),
)
long_messages = st.builds(
    lambda text, length: (text * (length // len(text) + 1))[:length],
    st.text(characters, min_size=1, max_size=8),
    st.integers(250_000, 1_048_576),
)
messages = st.one_of(texts, blanks, objects.map(as_json), values.map(as_json), prefixed, traces)
timestamps = st.one_of(st.integers(0, 2**42), numbers, st.none(), texts, st.sampled_from([-1, DEEP, HUGE]))


@st.composite
def log_events(draw: st.DrawFn) -> list[object]:
    """Draw log events; those with an id are identified by it, the others only counted."""
    events: list[object] = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(st.integers(0, 19))
        if kind == 0:
            events.append(draw(values))
            continue
        raw: JsonObject = {"id": f"event-{number}", "timestamp": draw(timestamps), "message": draw(messages)}
        if kind == 1:
            raw |= {"id": draw(values)}
        elif kind == 2:
            raw |= {"message": draw(values)}
        elif kind == 3:
            del raw[draw(st.sampled_from(["id", "timestamp", "message"]))]
        elif kind == 4:
            raw |= draw(objects)
        elif kind == 5:
            raw |= {"extractedFields": draw(values)}
        elif kind == 6 and number == 0:
            raw |= {"message": draw(long_messages)}
        events.append(raw)
    return events


@st.composite
def subscription_events(draw: st.DrawFn) -> JsonObject:
    content: JsonObject = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": draw(st.sampled_from(["/aws/lambda/orders", "/ecs/web", ""])),
        "logStream": draw(texts),
        "subscriptionFilters": ["all"],
        "logEvents": draw(log_events()),
    }
    for name in draw(st.sets(st.sampled_from([*content, "more"]), max_size=1)):
        if draw(st.booleans()) and name in content:
            del content[name]
        else:
            content[name] = draw(values)
    text = json.dumps(content)
    depth = draw(st.sampled_from(DEPTHS))
    for marker, value in ((DEEP, "[" * depth + "]" * depth), (HUGE, "9" * 5000)):
        quoted = json.dumps(marker)
        quoted_inside_a_message = json.dumps(quoted)[1:-1]
        text = text.replace(quoted, value).replace(quoted_inside_a_message, value)
    return {"awslogs": {"data": base64.b64encode(gzip.compress(text.encode(), 1)).decode()}}


faults = st.sampled_from(
    [
        (),
        (),
        (Fault(status=404, times=EVER),),
        (Fault(status=400, marker="e", times=EVER),),
        (Fault(status=413, over_bytes=600, times=EVER),),
        (Fault(status=503, times=2),),
    ]
)

through_the_pipeline = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture
def stack(make_stack: MakeStack) -> Iterator[Stack]:
    stack = make_stack()
    yield stack
    refused = [r for r in stack.api.requests if not r.logs]
    assert refused == [], "a request that the ingest API does not take"


def ship(stack: Stack, payload: Any) -> Shipment:
    memory = EnvironmentState(
        stack.environment.settings.batch_max_bytes, KEY, tickets=stack.environment.state.tickets
    )
    stack.environment = replace(stack.environment, state=memory)
    return stack.look(stack.ship(payload), 0.0)


def account_closes(shipment: Shipment) -> None:
    answer = shipment.answer
    delivered = sum(len(log["properties"].get("eventIds", [0])) for log in shipment.logs)
    assert delivered == answer["delivered"]
    assert sum(shipment.by_reason().values()) == answer["deadLettered"]
    assert answer["received"] == answer["filtered"] + answer["delivered"] + answer["deadLettered"]
    assert answer["returned"] == 0


def names(ids: list[object]) -> Counter[object]:
    return Counter(each for each in ids if isinstance(each, str) and each.startswith("event-"))


@given(payload=subscription_events(), faults=faults)
@through_the_pipeline
def test_any_subscription_event_is_shipped_without_an_exception(
    stack: Stack, payload: JsonObject, faults: tuple[Fault, ...]
) -> None:
    stack.api.heal()
    stack.api.fault(*faults)
    shipment = ship(stack, payload)
    account_closes(shipment)

    sent = events_in(payload, 2**30)
    whole = [letter for letter in shipment.dead_letters if json.loads(letter.body) == payload]
    if sent is None or (whole and whole[0].reason == "malformed"):
        event("stored unchanged")
        assert shipment.counts() == (0, 1, 0)
        assert len(whole) == 1
        return
    assert shipment.answer["received"] == len(sent)
    known = {raw["id"]: raw for raw in sent if isinstance(raw, dict) and "id" in raw if names([raw["id"]])}
    delivered = names(list(shipment.delivered))
    dead = names(
        [raw.get("id") for letter in shipment.dead_letters for raw in letter.events if isinstance(raw, dict)]
    )
    assert not delivered & dead
    assert set(delivered + dead) <= set(known)
    for identifier in set(known) - set(delivered + dead):
        assert is_blank(known[identifier]["message"])
    if not faults:
        assert set(shipment.by_reason()) <= {"malformed"}
    event(f"{min(len(sent), 3)} events, {bool(delivered)} delivered, {bool(dead)} dead")


def is_blank(message: str) -> bool:
    """Return whether a message is blank, also after the prefix of a runtime."""
    return not message.rpartition("\t")[2].strip()


@given(data=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(gzip.compress)))
@through_the_pipeline
def test_any_bytes_are_handled_without_an_exception(stack: Stack, data: bytes) -> None:
    payload = {"awslogs": {"data": base64.b64encode(data).decode()}}
    shipment = ship(stack, payload)
    account_closes(shipment)
    assert [json.loads(letter.body) for letter in shipment.dead_letters] == [payload]


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["awslogs", "data", "Records", "kinesis", "requestPayload"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(payload=anything)
@through_the_pipeline
def test_any_event_is_handled_without_an_exception(stack: Stack, payload: object) -> None:
    shipment = ship(stack, payload)
    account_closes(shipment)
    assert shipment.answer["received"] >= 1
    assert set(shipment.by_reason()) == {"malformed"}
