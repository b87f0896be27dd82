"""Properties of the decoder, the level rules, the trace joiner, redaction and replay for any input.

Each target is a property that hypothesis draws input for; `python -m tests.fuzz` lets a fuzzer choose the
bytes that the input is drawn from.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.message import Message
from time import thread_time
from typing import Any
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper import pipeline
from loginformant_shipper.dead_letters.messages import MAX_MESSAGE_BYTES, Addressed
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import (
    ControlMessage,
    LogEvent,
    SubscriptionMessage,
    Undecodable,
    UnusualEvent,
)
from loginformant_shipper.filtering import is_blank
from loginformant_shipper.levels import END, START, decide_log, explain_level, infer_level
from loginformant_shipper.names import Detector, Level
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.stack_traces import MAX_JOINED_BYTES, MAX_JOINED_EVENTS, join
from loginformant_shipper.pipeline import Environment
from loginformant_shipper.redaction.escapes import read
from loginformant_shipper.redaction.redact import redact, redact_text
from loginformant_shipper.wire import payload_json
from loginformant_shipper.wire.decoding import decode
from loginformant_shipper.wire.encoding import encode

from local.ingest_contract import SINGLE, Call, accepted_logs
from tests.fuzz import shapes
from tests.fuzz.shapes import MIB, Secret
from tests.integration.payloads import events_in
from tests.unit import sample_data
from tests.unit.sample_data import ORDERS
from tests.unit.simulated_senders import Answer, SimulatedSenders, answers

MAX_SECONDS = 10.0
"""Processor time for one input of a few MiB at most. Code that is not linear would take hours."""

LIMIT = 4 * MIB

HEADERS = Message()
HEADERS["X-API-Key"], HEADERS["Content-Type"] = "a-key", "application/json"

ALL_DETECTORS = sample_data.settings(REDACT=",".join(Detector), REDACT_PATTERN=shapes.USERS_PATTERN)
PARKED = "https://sqs.eu-west-1.amazonaws.com/123456789012/parked"
REPLAY = sample_data.settings(PARKED_QUEUE_URL=PARKED)


@contextmanager
def bounded_time() -> Iterator[None]:
    start = thread_time()
    yield
    assert thread_time() - start < MAX_SECONDS, "takes more than its time"


@given(event=shapes.events)
def fuzz_decode(event: Any) -> None:
    """Decode any data: nothing raises, readable log events are decoded, and the rest is kept unchanged.

    Also where a payload is so large that it is read in pieces.
    """
    with bounded_time():
        found = list(decode(event, LIMIT))
    with mock.patch.object(payload_json, "PIECE_OF_TEXT", 400):
        assert repr(list(decode(event, LIMIT))) == repr(found)
    for it in found:
        if isinstance(it, Undecodable):
            assert it.body in _bodies(event) or _is_ascii_json(it.body)
        elif isinstance(it, SubscriptionMessage):
            _is_encoded_and_decoded_again(it)
    read = events_in(event, LIMIT)
    if read is None:
        return
    if any(isinstance(it, Undecodable) and it.origin is None for it in found):
        # What only Python's JSON module reads is nested too deep to be written again.
        assert [it.detail for it in found if isinstance(it, Undecodable)] == ["JSON: nested too deeply"]
        return
    assert read == [] or not any(isinstance(it, ControlMessage) for it in found)
    counted = sum(len(it.events) for it in found if isinstance(it, SubscriptionMessage))
    counted += sum(it.events for it in found if isinstance(it, Undecodable))
    assert counted == len(read)


def _bodies(event: Any) -> list[str]:
    """Return the bodies of messages in the queue, which are unchanged except for lone surrogates."""
    records = event.get("Records") if isinstance(event, dict) else None
    bodies = [record.get("body") for record in records or () if isinstance(record, dict)]
    return [body.encode("utf-8", "replace").decode() for body in bodies if isinstance(body, str)]


def _is_ascii_json(text: str) -> bool:
    return text.isascii() and _is_json(text)


def _is_encoded_and_decoded_again(message: SubscriptionMessage) -> None:
    body = encode(message.origin, [event.raw for event in message.events])
    assert body.isascii()
    [again] = decode(json.loads(body), 8 * LIMIT)
    assert isinstance(again, SubscriptionMessage)
    assert [(e.id, e.message) for e in again.events] == [(e.id, e.message) for e in message.events]


@given(message=shapes.long_messages, log_group=st.none() | st.sampled_from(["/aws/rds/x/error", "/a", ""]))
def fuzz_levels(message: str, log_group: str | None) -> None:
    """Check that every message always has the same level, by a rule with a name."""
    with bounded_time():
        decision = explain_level(message, log_group)
    assert isinstance(decision.level, Level)
    assert decision.rule
    assert infer_level(message, log_group) is decision.level
    text = message if parse(message).fields is None else "x"
    first, last = text[:START].ljust(START, "x"), text[-END:].rjust(END, "x")
    parsed = parse(whole := f"{first}one thing{last}")
    if parsed.body == parsed.text and parsed.fields is None:
        assert explain_level(whole, log_group) == explain_level(f"{first}{'another' * 9}{last}", log_group)


@given(
    lines=shapes.streams,
    gaps=st.lists(st.sampled_from([0, 0, 0, 1, 999, 1000, 1001, -1]), max_size=8),
    odd=shapes.timestamps,
)
def fuzz_joiner(lines: list[str], gaps: list[int], odd: object) -> None:
    """Check that every event is in one log, in order, and that the ingest API accepts the log."""
    times = [shapes.NOW]
    for number in range(len(lines)):
        times.append(times[-1] + (gaps[number % len(gaps)] if gaps else 0))
    events = []
    for number, (line, time) in enumerate(zip(lines, times, strict=False)):
        events.append(LogEvent(str(number), odd if number == 7 else time, line))
    with bounded_time():
        logs = list(join(events))
    assert [event for log in logs for event in log.events] == events
    for log in logs:
        assert 1 <= len(log.events) <= MAX_JOINED_EVENTS
        if len(log.events) > 1:
            assert len(log.parsed.text.encode("utf-8", "replace")) <= MAX_JOINED_BYTES
        else:
            assert log.parsed == parse(log.events[0].message)
        if is_blank(log):
            assert not "".join(event.message for event in log.events).rpartition("\t")[2].strip()
            continue
        level = decide_log(log).level
        sent = log_object(log, level, frame(ORDERS, "eu-west-1", {"team": "shop"}))
        [body] = accepted_logs(Call("POST", SINGLE, HEADERS, sent), frozenset({"a-key"}))
        assert {event.id for event in log.events} == set(
            body["properties"].get("eventIds") or [body["properties"]["eventId"]]
        )


@given(found=shapes.texts_with_a_secret())
def fuzz_secrets(found: tuple[str, Secret]) -> None:
    """Check that a secret is removed, however it is wrapped, and that JSON stays JSON."""
    text, secret = found
    redacted = redact_text(text, ALL_DETECTORS)
    assert secret.hidden not in redacted
    assert secret.hidden not in read(redacted).text
    assert secret.hidden not in json.dumps(_unwrapped(redacted), ensure_ascii=False)
    assert _is_object(text) == _is_object(redacted)


def _unwrapped(text: object) -> object:
    """Return the values inside JSON in JSON."""
    match text:
        case str():
            start = text.find("{")
            return _unwrapped(json.loads(text[start:])) if start >= 0 and _is_json(text[start:]) else text
        case dict():
            return {name: _unwrapped(value) for name, value in text.items()}
        case list():
            return [_unwrapped(value) for value in text]
        case _:
            return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_object(text: str) -> bool:
    return _is_json(text) and isinstance(json.loads(text), (dict, list))


@given(raws=st.lists(shapes.raw_events, max_size=6), long_message=st.none() | shapes.repeated())
def fuzz_redaction(raws: list[dict[str, Any]], long_message: str | None) -> None:
    """Check that redaction never raises, loses no event, is idempotent, and treats raw events alike."""
    if long_message is not None:
        raws = [*raws, {"id": "long", "timestamp": 0, "message": long_message}]
    events = [UnusualEvent(raw["id"], raw["timestamp"], raw["message"], raw) for raw in raws]
    message = SubscriptionMessage(ORDERS, tuple(events))
    with bounded_time():
        redacted = redact(message, ALL_DETECTORS)
    assert [(e.id, str(e.timestamp)) for e in redacted.events] == [(e.id, str(e.timestamp)) for e in events]
    assert all(event.raw["message"] == event.message for event in redacted.events)
    assert all(event.raw.keys() == raw.keys() for event, raw in zip(redacted.events, raws, strict=True))
    again = redact(redacted, ALL_DETECTORS)
    assert [event.message for event in again.events] == [event.message for event in redacted.events]


@given(
    event=shapes.queue_events(),
    statuses=st.lists(st.sampled_from([200, 200, 400, 401, 404, 413, 429, 503, None]), max_size=6),
    last=st.sampled_from([200, 200, 400, 503]),
    not_written=st.sets(st.integers(0, 6), max_size=2),
)
def fuzz_replay(event: dict[str, Any], statuses: list[int | None], last: int, not_written: set[int]) -> None:
    """Check that the counts balance, and that every record is delivered, written back or returned."""
    letters: list[Addressed] = []

    def store(addressed: Sequence[Addressed], seconds: float) -> list[str]:
        troubles: list[str] = []
        for letter in addressed:
            assert letter.message.size() <= MAX_MESSAGE_BYTES
            assert all(letter.message.attributes.values())
            assert letter.message.body in _bodies(event) or _is_ascii_json(letter.message.body)
            trouble = "out of reach" if len(letters) + len(troubles) in not_written else ""
            troubles.append(trouble)
            letters.extend([] if trouble else [letter])
        return troubles

    senders = SimulatedSenders(answers(*map(Answer, statuses), then=last))
    environment = Environment(REPLAY, senders, EnvironmentState(MIB, key="the-key"), Policy(max_in_flight=2))
    with (
        mock.patch.object(pipeline, "store", store),
        mock.patch.object(pipeline, "postpone"),
        mock.patch.object(pipeline, "put_metrics"),
        mock.patch.multiple(pipeline, log_dead_lettered=_silent, log_parked=_silent, log_returned=_silent),
        bounded_time(),
    ):
        answer = pipeline.replay(event, environment, 120.0)
    parts = ("filtered", "delivered", "deadLettered", "returned")
    assert answer["received"] == sum(answer[part] for part in parts)
    assert answer["deadLettered"] == sum(letter.message.events for letter in letters) or not_written
    assert answer["parked"] <= answer["deadLettered"]
    returned = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
    known = [record["messageId"] for record in event["Records"]]
    assert set(returned) <= set(known)
    assert max(Counter(returned).values(), default=0) <= 1
    if not returned:
        assert answer["returned"] == 0
    for letter in letters:
        record = letter.message.record
        assert record is not None
        assert record.identifier in known


def _silent(*_: object) -> None:
    pass


TARGETS: dict[str, Callable[[], None]] = {
    "decode": fuzz_decode,
    "levels": fuzz_levels,
    "joiner": fuzz_joiner,
    "secrets": fuzz_secrets,
    "redaction": fuzz_redaction,
    "replay": fuzz_replay,
}
