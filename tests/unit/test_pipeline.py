import gc
import io
import json
import math
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loginformant_shipper import pipeline, telemetry
from loginformant_shipper.dead_letters.messages import Addressed, DeadLetterMessage
from loginformant_shipper.dead_letters.sqs import Postponed
from loginformant_shipper.delivery.environment_state import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.entries.log_object import Frame, log_object
from loginformant_shipper.events import LogEvent, SubscriptionMessage
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.stack_traces import Log
from loginformant_shipper.pipeline import (
    DeadLetterError,
    Environment,
    collecting_afterwards,
    forget,
    replay,
    ship,
    warm_environment,
)
from loginformant_shipper.redaction.redact import redacted_events
from loginformant_shipper.settings import (
    QUEUE_WORST_CASE_SECONDS,
    RESERVE_MARGIN_SECONDS,
    Settings,
    SettingsError,
)
from loginformant_shipper.wire.decoding import decode

from tests.unit import sample_data
from tests.unit.sample_data import (
    ENVIRON,
    QUEUE_URL,
    awslogs_event,
    kinesis_record,
    payload,
    raw_event,
    sqs_record,
)
from tests.unit.simulated_senders import Answer, Sent, SimulatedSenders, answers

OWN = "/aws/lambda/shipper"
FUNCTION_TIME = 120.0


@dataclass
class Queue:
    """Replaces the dead-letter queue in these tests."""

    letters: list[Addressed] = field(default_factory=list)
    seconds: float = 0.0
    trouble: Callable[[DeadLetterMessage], str] = lambda message: ""

    def store(self, letters: Sequence[Addressed], seconds: float) -> list[str]:
        self.seconds = seconds
        troubles = [self.trouble(message) for message, *_ in letters]
        self.letters += [letter for letter, trouble in zip(letters, troubles, strict=True) if not trouble]
        return troubles

    @property
    def reasons(self) -> list[str]:
        return [message.attributes["Reason"] for message, *_ in self.letters]


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr(pipeline, "store", queue.store)
    return queue


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    log = io.StringIO()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", log)
    return log


@pytest.fixture
def senders() -> SimulatedSenders:
    return SimulatedSenders(answers())


def environment(senders: SimulatedSenders, **variables: str) -> Environment:
    return Environment(
        sample_data.settings(OWN_LOG_GROUPS=OWN, **variables),
        senders,
        EnvironmentState(byte_limit=1024 * 1024, key="the-key"),
        Policy(),
    )


def counts(**some: int) -> dict[str, int]:
    names = ("received", "filtered", "delivered", "deadLettered", "returned", "requests")
    return dict.fromkeys(names, 0) | some


# --- the ledger ---


def test_every_event_is_in_one_column(queue: Queue, senders: SimulatedSenders) -> None:
    senders.api = lambda sent: Answer(400 if "poison" in str(sent.logs) else 200)
    events = [raw_event("1"), raw_event("2", " \n"), raw_event("3", "poison"), {"id": "4"}, raw_event("5")]
    answer = ship(awslogs_event(payload(events)), environment(senders), FUNCTION_TIME)
    assert answer == counts(received=5, filtered=1, delivered=2, deadLettered=2, requests=4)
    assert sorted(queue.reasons) == ["malformed", "rejected"]
    assert {url for _, url, _ in queue.letters} == {QUEUE_URL}


def test_batches_are_filled_across_records(queue: Queue, senders: SimulatedSenders) -> None:
    records = [kinesis_record(str(number), payload([raw_event(str(number))])) for number in range(3)]
    answer = ship({"Records": records}, environment(senders), FUNCTION_TIME)
    assert answer == counts(received=3, delivered=3, requests=1) | {"batchItemFailures": []}
    assert [entry["properties"]["eventId"] for entry in senders.sent[0].logs] == ["0", "1", "2"]


def test_limits_of_a_batch_come_from_the_settings(queue: Queue, senders: SimulatedSenders) -> None:
    event = awslogs_event(payload([raw_event(str(number)) for number in range(5)]))
    ship(event, environment(senders, BATCH_MAX_LOGS="2"), FUNCTION_TIME)
    assert [len(sent.logs) for sent in senders.sent] == [2, 2, 1]


def test_a_control_message_is_acknowledged(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    event = awslogs_event(payload([raw_event()], messageType="CONTROL_MESSAGE"))
    assert ship(event, environment(senders), FUNCTION_TIME) == counts()
    assert (capsys.readouterr().out, log.getvalue(), queue.letters) == ("", "", [])


def test_the_line_of_metrics_counts_the_logs_of_each_log_group(
    queue: Queue, senders: SimulatedSenders, capsys: pytest.CaptureFixture[str]
) -> None:
    senders.api = lambda sent: Answer(400 if "poison" in str(sent.logs) else 200)
    queue.trouble = lambda message: "full" if message.attributes["LogGroup"] == "/c" else ""
    of_orders = payload([raw_event("1"), raw_event("2", " "), raw_event("3", "poison")])
    of_others = payload([raw_event("4"), {"id": "unreadable"}], logGroup="/b")
    returned = payload([raw_event("5", "poison")], logGroup="/c")
    own = payload([raw_event("6")], logGroup=OWN)
    contents = of_orders, of_others, returned, own
    records = [kinesis_record(str(number), content) for number, content in enumerate(contents)]
    ship({"Records": records}, environment(senders), FUNCTION_TIME)
    assert [line["logGroups"] for line in metrics_lines(capsys) if "logGroups" in line] == [
        [
            {"name": sample_data.ORDERS.log_group, "received": 3, "filtered": 1, "delivered": 1},
            {"name": "/b", "received": 2, "delivered": 1},
            {"name": "/c", "received": 1, "returned": 1},
        ]
    ]


def test_logs_that_replay_returns_are_counted_by_log_group(
    queue: Queue, senders: SimulatedSenders, capsys: pytest.CaptureFixture[str]
) -> None:
    senders.api = answers(then=503)
    body = json.dumps(awslogs_event(payload([raw_event("1"), raw_event("2")])))
    used = environment(senders, PARKED_QUEUE_URL="https://sqs.eu-west-1.amazonaws.com/1/parked")
    replay({"Records": [sqs_record("m", body)]}, used, FUNCTION_TIME)
    (line,) = (line for line in metrics_lines(capsys) if "logGroups" in line)
    assert line["logGroups"] == [{"name": sample_data.ORDERS.log_group, "received": 2, "returned": 2}]


def metrics_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_answer_to_a_backfill_lists_the_failures(
    queue: Queue, senders: SimulatedSenders, capsys: pytest.CaptureFixture[str]
) -> None:
    senders.api = answers(then=404)
    record = kinesis_record("0", payload([raw_event("1")])) | {"eventSource": "shipctl:backfill"}
    answer = ship({"Records": [record]}, environment(senders), FUNCTION_TIME)
    assert answer["batchItemFailures"] == []
    [failure] = answer["failures"]
    assert (failure["reason"], failure["status"], failure["events"]) == ("misconfigured", 404, 1)
    assert [line["Source"] for line in metrics_lines(capsys) if "logGroups" in line] == ["backfill"]


def test_the_stack_s_own_logs_are_filtered_and_nothing_is_written(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    event = awslogs_event(payload([raw_event(), {"id": "no text"}], logGroup=OWN))
    assert ship(event, environment(senders), FUNCTION_TIME) == counts(received=2, filtered=2)
    assert (capsys.readouterr().out, log.getvalue(), queue.letters) == ("", "", [])
    assert senders.sent == []


def test_an_undecodable_payload_is_stored_and_nothing_is_raised(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO
) -> None:
    answer = ship({"awslogs": {"data": "?"}}, environment(senders), FUNCTION_TIME)
    assert answer == counts(received=1, deadLettered=1)
    assert queue.reasons == ["malformed"]
    assert json.loads(log.getvalue())["reason"] == "malformed"


def test_metrics_count_events_requests_and_reasons(
    queue: Queue, senders: SimulatedSenders, capsys: pytest.CaptureFixture[str]
) -> None:
    senders.api = answers(503, 404)
    ship(awslogs_event(payload([raw_event()])), environment(senders), FUNCTION_TIME)
    line, by_reason, blocked = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["Source"], line["EventsReceived"], line["EventsDeadLettered"]) == (
        "subscription",
        [1.0],
        [1.0],
    )
    assert (line["Requests"], line["Retries"], len(line["IngestLatency"])) == ([2.0], [1.0], 2)
    assert (by_reason["Reason"], by_reason["EventsDeadLettered"]) == ("misconfigured", [1.0])
    assert blocked["EventsBlocked"] == [1.0]


def test_the_key_is_in_no_log_metric_message_or_repr(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    senders.api = answers(then=401)
    used = environment(senders)
    ship(awslogs_event(payload([raw_event()])), used, FUNCTION_TIME)
    assert used.state.key
    shown = (
        repr(used.state),
        repr(used.settings),
        log.getvalue(),
        capsys.readouterr().out,
        str(queue.letters),
    )
    assert not [text for text in shown if "the-key" in text]


# --- the dead-letter queue is unreachable ---


def test_subscription_events_that_cannot_be_delivered_or_stored_raise(
    queue: Queue, senders: SimulatedSenders
) -> None:
    senders.api = answers(then=404)
    queue.trouble = lambda message: "EndpointConnectionError: no route"
    with pytest.raises(DeadLetterError, match=r"misconfigured.*EndpointConnectionError: no route"):
        ship(awslogs_event(payload([raw_event()])), environment(senders), FUNCTION_TIME)


def test_only_the_kinesis_record_that_cannot_be_delivered_or_stored_is_returned(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO
) -> None:
    senders.api = lambda sent: Answer(400 if "poison" in str(sent.logs) else 200)
    queue.trouble = lambda message: "not stored in time" if message.events > 1 else ""
    records = [
        kinesis_record("7", payload([raw_event("1"), raw_event("2", "poison")])),
        kinesis_record("8", payload([raw_event("3", "poison"), raw_event("4", "poison")])),
    ]
    answer = ship({"Records": records}, environment(senders), FUNCTION_TIME)
    assert answer | {"requests": 0} == counts(received=4, delivered=1, deadLettered=1, returned=2) | {
        "batchItemFailures": [{"itemIdentifier": "8"}]
    }
    assert "returned to their source" in log.getvalue()
    assert "not stored in time" in log.getvalue()


# --- time ---


def test_the_time_reserved_for_storing_is_not_used_for_sending(
    queue: Queue, senders: SimulatedSenders
) -> None:
    senders.api = answers(then=Answer(after=500.0))
    patient = replace(environment(senders), policy=Policy(request_timeout=500.0))
    ship(awslogs_event(payload([raw_event()])), patient, FUNCTION_TIME)
    assert senders.now() - 1000 == FUNCTION_TIME - QUEUE_WORST_CASE_SECONDS - RESERVE_MARGIN_SECONDS
    assert queue.reasons == ["out_of_time"]
    assert queue.seconds == pytest.approx(QUEUE_WORST_CASE_SECONDS)


def test_everything_is_stored_if_there_is_no_time(queue: Queue, senders: SimulatedSenders) -> None:
    answer = ship(awslogs_event(payload([raw_event()])), environment(senders), 3.0)
    assert answer == counts(received=1, deadLettered=1)
    assert queue.reasons == ["not_begun"]


# --- processor time ---


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, senders: SimulatedSenders) -> Callable[[float], None]:
    """Return a function that sets the processor time of redacting one log event, in seconds."""

    def set_seconds(seconds: float) -> None:
        def redact_slowly(events: Sequence[LogEvent], settings: Settings) -> Iterator[LogEvent]:
            for event in redacted_events(events, settings):
                senders.work(seconds)
                yield event

        monkeypatch.setattr(pipeline, "redacted_events", redact_slowly)

    return set_seconds


def secrets(first: int, count: int) -> dict[str, Any]:
    """Return log events of 70,000 characters, of which four are redacted together."""
    padding = "." * 70_000
    return payload([raw_event(str(n), f"{padding} user{n}@example.com") for n in range(first, count)])


def ids_of_letters(queue: Queue, reason: str) -> list[str]:
    letters = [message for message, *_ in queue.letters if message.attributes["Reason"] == reason]
    return [event.id for letter in letters for event in events_of(letter)]


def events_of(letter: DeadLetterMessage) -> list[LogEvent]:
    [decoded] = decode(json.loads(letter.body), 10**8)
    assert isinstance(decoded, SubscriptionMessage)
    return list(decoded.events)


def test_the_rest_of_a_direct_payload_is_stored_unchanged_when_the_time_is_up(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None]
) -> None:
    slow(1.0)
    event = awslogs_event(secrets(0, 200))
    answer = ship(event, environment(senders, REDACT="email", BATCH_MAX_LOGS="10"), FUNCTION_TIME)
    assert senders.now() - 1000 < FUNCTION_TIME
    not_begun = ids_of_letters(queue, "not_begun")
    assert not_begun == [str(number) for number in range(200 - len(not_begun), 200)]
    assert 50 < len(not_begun) < 150
    assert answer["received"] == 200
    assert answer["delivered"] >= 50
    assert answer["delivered"] + answer["deadLettered"] == 200
    for message, *_ in queue.letters:
        if message.attributes["Reason"] == "not_begun":
            assert message.attributes["Detail"] == "the time was up; stored unchanged, not redacted"
            assert all("@example.com" in event.message for event in events_of(message))
        else:
            assert not any("@example.com" in event.message for event in events_of(message))
    assert "@example.com" not in str(senders.sent)


def test_the_detail_does_not_mention_redaction_if_it_is_off(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None]
) -> None:
    slow(1.0)
    ship(awslogs_event(secrets(0, 200)), environment(senders), FUNCTION_TIME)
    assert {m.attributes["Detail"] for m, *_ in queue.letters if m.attributes["Reason"] == "not_begun"} == {
        "the time was up"
    }


def test_work_ends_in_time_even_if_every_log_is_filtered(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None]
) -> None:
    slow(1.0)
    used = environment(senders, REDACT="email", MINIMUM_LEVEL="Fatal")
    answer = ship(awslogs_event(secrets(0, 200)), used, FUNCTION_TIME)
    assert senders.now() - 1000 < FUNCTION_TIME
    assert answer["filtered"] > 0
    assert answer["filtered"] + answer["deadLettered"] == 200


def test_only_kinesis_records_that_were_not_begun_are_returned(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None]
) -> None:
    """Lambda retries all records from the lowest returned one on, so none after it may have been sent."""
    slow(1.0)
    records = [kinesis_record(str(n), secrets(20 * n, 20 * n + 20)) for n in range(10)]
    used = environment(senders, REDACT="email", BATCH_MAX_LOGS="10")
    answer = ship({"Records": records}, used, FUNCTION_TIME)
    returned = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
    assert returned == list(range(returned[0], 10))
    assert 1 < returned[0] < 10
    assert answer["returned"] == len(returned)
    sent = [int(log["properties"]["eventId"]) for request in senders.sent for log in request.logs]
    stored = [int(identifier) for m, *_ in queue.letters for identifier in (e.id for e in events_of(m))]
    assert sorted(sent + stored) == list(range(20 * returned[0]))


def test_the_first_kinesis_record_is_settled_even_without_time(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None]
) -> None:
    records = [kinesis_record(str(n), secrets(20 * n, 20 * n + 20)) for n in range(3)]
    answer = ship({"Records": records}, environment(senders, REDACT="email"), 3.0)
    assert ids_of_letters(queue, "not_begun") == [str(number) for number in range(20)]
    assert answer["batchItemFailures"] == [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]
    assert (answer["received"], answer["deadLettered"], answer["returned"]) == (22, 20, 2)


def test_sqs_records_that_were_not_begun_are_returned(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "postpone", lambda records, queue_url, seconds: None)
    slow(1.0)
    bodies = [json.dumps(awslogs_event(secrets(20 * n, 20 * n + 20))) for n in range(10)]
    records = [sqs_record(str(number), body) for number, body in enumerate(bodies)]
    used = environment(senders, REDACT="email", BATCH_MAX_LOGS="10", PARKED_QUEUE_URL=QUEUE_URL + "-parked")
    answer = replay({"Records": records}, used, FUNCTION_TIME)
    returned = sorted(int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"])
    assert returned == list(range(returned[0], 10))
    assert 1 < returned[0] < 10
    sent = [int(log["properties"]["eventId"]) for request in senders.sent for log in request.logs]
    stored = [int(identifier) for m, *_ in queue.letters for identifier in (e.id for e in events_of(m))]
    assert sorted(sent + stored) == list(range(20 * returned[0]))


@dataclass
class Postponements:
    """Replaces the postponement of records in these tests."""

    calls: list[list[Postponed]] = field(default_factory=list)

    def __call__(self, records: Iterable[Postponed], queue_url: str, seconds: float) -> None:
        self.calls.append(list(records))

    def identifiers(self) -> list[list[str]]:
        return [[postponed.record.identifier for postponed in call] for call in self.calls]


@pytest.fixture
def postponements(monkeypatch: pytest.MonkeyPatch) -> Postponements:
    postponements = Postponements()
    monkeypatch.setattr(pipeline, "postpone", postponements)
    return postponements


PARKED_URL = QUEUE_URL + "-parked"
DAY_SECONDS = 24 * 3600


def received_record(
    identifier: str, *, reason: str = "", receives: int = 1, days: float = 0.0, message: str = "Order placed"
) -> dict[str, Any]:
    """Return a record of the dead-letter queue with 500 log events."""
    events = [raw_event(f"{identifier}-{number}", message) for number in range(500)]
    attributes = {"Reason": reason, "EventCount": "500"} if reason else {"RequestID": "0a1b"}
    sent = int((time.time() - days * DAY_SECONDS) * 1000)
    system = {"ApproximateReceiveCount": str(receives), "SentTimestamp": str(sent)}
    return sqs_record(identifier, json.dumps(awslogs_event(payload(events))), attributes) | {
        "attributes": system
    }


def returned_by(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_records_are_postponed_before_another_one_is_tried_alone(
    queue: Queue, senders: SimulatedSenders, postponements: Postponements
) -> None:
    """If the function is killed, they become visible again without the record that killed it."""
    before_sending: list[list[str]] = []

    def api(sent: Sent) -> Answer:
        before_sending.extend(postponements.identifiers())
        return Answer()

    senders.api = api
    crashed = received_record("crashed", receives=2)
    records = [received_record("1", reason="unavailable"), crashed, received_record("2")]
    answer = replay({"Records": records}, environment(senders, PARKED_QUEUE_URL=PARKED_URL), FUNCTION_TIME)
    assert before_sending == [["1", "2"]]
    assert postponements.identifiers() == [["1", "2"], []], "they are not postponed twice"
    assert returned_by(answer) == ["1", "2"]
    assert (answer["received"], answer["delivered"], answer["returned"]) == (500 + 500 + 1, 500, 500 + 1)


def test_a_record_for_which_the_function_is_killed_is_parked_and_no_other_log_is_delivered_again(
    queue: Queue, senders: SimulatedSenders, postponements: Postponements, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good logs were delivered 860 times before, every 12 minutes, until SQS deleted all five."""

    class Killed(BaseException):
        pass

    def redact_or_die(events: Sequence[LogEvent], settings: Settings) -> Iterator[LogEvent]:
        if events[0].message == "POISON":
            raise Killed
        return redacted_events(events, settings)

    monkeypatch.setattr(pipeline, "redacted_events", redact_or_die)
    used = environment(senders, PARKED_QUEUE_URL=PARKED_URL)
    waiting = {str(number): f"good {number}" for number in range(4)} | {"poison": "POISON"}
    visible = set(waiting)
    for round_number in range(14 * 24 * 5):
        days = round_number / (24 * 5)
        records = [
            received_record(name, receives=round_number + 1, days=days, message=waiting[name])
            for name in sorted(visible)
        ]
        postponements.calls.clear()
        try:
            done = visible.difference(returned_by(replay({"Records": records}, used, FUNCTION_TIME)))
            waiting = {name: text for name, text in waiting.items() if name not in done}
            visible = set(waiting)
        except Killed:
            used = environment(senders, PARKED_QUEUE_URL=PARKED_URL)
            # Without what was postponed, the record comes alone, or with all others.
            visible = {name for call in postponements.identifiers() for name in call} or set(waiting)
        if not waiting:
            break
    copies = Counter(log["properties"]["eventId"] for sent in senders.sent for log in sent.logs)
    assert len(copies) == 4 * 500
    assert max(copies.values()) <= 8, "some of them at once with the poison"
    [parked] = queue.letters
    assert (parked.queue_url, parked.message.body) == (PARKED_URL, received_body("poison", "POISON"))
    assert parked.message.attributes == {"RequestID": "0a1b"}
    assert waiting == {}


def test_the_records_of_a_night_in_which_no_function_started_are_soon_replayed_together(
    queue: Queue, senders: SimulatedSenders, postponements: Postponements
) -> None:
    used = environment(senders, PARKED_QUEUE_URL=PARKED_URL)
    waiting = [str(number) for number in range(27)]
    done: list[int] = []
    while waiting:
        records = [received_record(name, receives=9) for name in waiting[:10]]
        returned = returned_by(replay({"Records": records}, used, FUNCTION_TIME))
        done.append(len(records) - len(returned))
        waiting = [*waiting[10:], *returned]
    assert done == [1, 2, 4, 8, 10, 2]


def received_body(identifier: str, message: str) -> str:
    body: str = received_record(identifier, message=message)["body"]
    return body


def test_an_old_record_that_cannot_be_parked_is_returned(
    queue: Queue, senders: SimulatedSenders, postponements: Postponements
) -> None:
    queue.trouble = lambda message: "no route"
    records = [received_record("old", reason="unavailable", receives=9, days=13.6), received_record("young")]
    answer = replay({"Records": records}, environment(senders, PARKED_QUEUE_URL=PARKED_URL), FUNCTION_TIME)
    assert returned_by(answer) == ["old", "young"]
    assert (answer["received"], answer["returned"], answer["requests"]) == (501, 501, 0)


@pytest.mark.parametrize(
    ("status", "reason", "requests", "delays"),
    [(503, "unavailable", 2, (30, 120)), (429, "throttled", 1, (150, 600))],
)
def test_records_are_not_decoded_once_delivery_has_given_up(
    queue: Queue,
    senders: SimulatedSenders,
    postponements: Postponements,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    reason: str,
    requests: int,
    delays: tuple[int, int],
) -> None:
    """They would be returned unchanged, after all the work."""
    senders.api = answers(then=Answer(status, retry_after=300.0 if status == 429 else None))
    used = environment(senders, PARKED_QUEUE_URL=PARKED_URL, BATCH_MAX_LOGS="100")
    used.state.in_doubt_until = math.inf
    used = replace(used, policy=Policy(max_look_ahead=2))
    redacted: list[str] = []

    def redact(events: Sequence[LogEvent], settings: Settings) -> Iterator[LogEvent]:
        redacted.append(events[0].id)
        return redacted_events(events, settings)

    monkeypatch.setattr(pipeline, "redacted_events", redact)
    records = [received_record(str(number), reason="unavailable") for number in range(5)]
    answer = replay({"Records": records}, used, FUNCTION_TIME)
    assert redacted == ["0-0"]
    assert answer["requests"] == requests
    assert (answer["received"], answer["returned"]) == (2500, 2500)
    assert [failure["reason"] for failure in answer["failures"]] == [reason]
    assert sorted(returned_by(answer)) == list("01234")
    [_, last] = postponements.calls
    assert all(
        delays[0] <= postponed.seconds() - postponed.min_seconds <= delays[1] + 1 for postponed in last
    )


def test_a_batch_is_sent_before_the_next_one_is_made(
    queue: Queue, senders: SimulatedSenders, slow: Callable[[float], None]
) -> None:
    """Delivery does not wait for eight batches to fill its eight places, as making each may take seconds."""
    slow(1.0)
    ship(
        awslogs_event(secrets(0, 60)),
        environment(senders, REDACT="email", BATCH_MAX_LOGS="10"),
        FUNCTION_TIME,
    )
    began = [sent.at for sent in senders.sent]
    assert len(began) == 6
    assert began[0] < 1000 + 20
    assert all(later - earlier >= 8 for earlier, later in pairwise(began))


def test_every_sqs_record_is_returned_if_there_is_no_time(
    queue: Queue, senders: SimulatedSenders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "postpone", lambda records, queue_url, seconds: None)
    records = [sqs_record(str(number), json.dumps(awslogs_event(secrets(0, 5)))) for number in range(3)]
    used = environment(senders, PARKED_QUEUE_URL=QUEUE_URL + "-parked")
    answer = replay({"Records": records}, used, 3.0)
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0", "1", "2"]
    assert (answer["received"], answer["returned"], queue.letters) == (3, 3, [])


def test_logs_are_redacted_but_not_serialised_after_sending_has_stopped(
    queue: Queue, senders: SimulatedSenders, monkeypatch: pytest.MonkeyPatch
) -> None:
    senders.api = answers(then=404)
    made: list[Log] = []

    def note(log: Log, level: Level, frame: Frame) -> bytes:
        made.append(log)
        return log_object(log, level, frame)

    monkeypatch.setattr(pipeline, "log_object", note)
    used = environment(senders, REDACT="email", BATCH_MAX_LOGS="10")
    used = replace(used, policy=Policy(max_in_flight=4))
    answer = ship(awslogs_event(secrets(0, 200)), used, FUNCTION_TIME)
    assert answer["deadLettered"] == 200
    assert queue.reasons == ["misconfigured"]
    assert not any("@example.com" in event.message for m, *_ in queue.letters for event in events_of(m))
    assert len(made) < 100


# --- any payloads and answers ---

messages = st.text(max_size=40) | st.sampled_from(
    ["", " ", '{"level":"error"}', "\x00", "Traceback", "poison"]
)
events = st.fixed_dictionaries(
    {"id": st.text(max_size=3)}, optional={"message": messages, "timestamp": st.integers() | st.none()}
)
payloads = st.builds(
    payload,
    st.lists(events | st.none(), max_size=8),
    logGroup=st.sampled_from(["/a", "/b", OWN, ""]),
    messageType=st.sampled_from(["DATA_MESSAGE", "DATA_MESSAGE", "CONTROL_MESSAGE"]),
)
contents = payloads | st.binary(max_size=10) | st.sampled_from(["{", "[]", "null"])
statuses = st.lists(st.sampled_from([200, 200, 200, 400, 401, 404, 413, 429, 503, None]), max_size=20)


@given(
    contents=st.lists(contents, min_size=1, max_size=4),
    statuses=statuses,
    then=st.sampled_from([200, 400, 503]),
    full=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_closes_and_nothing_raises(
    contents: list[Any],
    statuses: list[int | None],
    then: int,
    full: bool,
    queue: Queue,
    capsys: pytest.CaptureFixture[str],
) -> None:
    queue.letters.clear()
    capsys.readouterr()
    queue.trouble = lambda message: "full" if full and message.events % 2 else ""
    script = answers(*statuses, then=then)
    accepted: list[Sent] = []

    def api(sent: Sent) -> Answer:
        answer = script(sent)
        if answer.status == 200:
            accepted.append(sent)
        return answer

    senders = SimulatedSenders(api)
    records = [kinesis_record(str(number), content) for number, content in enumerate(contents)]
    answer = ship({"Records": records}, environment(senders), FUNCTION_TIME)
    columns = answer["filtered"] + answer["delivered"] + answer["deadLettered"] + answer["returned"]
    assert answer["received"] == columns
    assert answer["deadLettered"] == sum(message.events for message, *_ in queue.letters)
    assert answer["requests"] == len(senders.sent)
    assert (answer["delivered"] > 0) == bool(accepted)
    assert (answer["returned"] > 0) == bool(answer["batchItemFailures"])
    by_log_group = [group for line in metrics_lines(capsys) for group in line.get("logGroups", ())]
    assert {group["name"] for group in by_log_group} <= {"/a", "/b", ""}
    for column in ("delivered", "returned", "filtered"):
        assert sum(group.get(column, 0) for group in by_log_group) <= answer[column]
    assert sum(group.get("delivered", 0) for group in by_log_group) == answer["delivered"]
    for group in by_log_group:
        others = group.get("filtered", 0) + group.get("delivered", 0) + group.get("returned", 0)
        assert others <= group["received"]


# --- the warm environment ---


def test_a_warm_environment_is_made_once_and_can_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MAX_IN_FLIGHT", "7")
    monkeypatch.setenv("BATCH_MAX_BYTES", "2048")
    forget()
    try:
        first = warm_environment()
        assert warm_environment() is first
        assert (first.policy.max_in_flight, first.policy.request_timeout) == (7, 10)
        assert (first.state.byte_limit, first.state.key) == (2048, None)
        assert first.tags._now == first.senders.now, "tags expire on the clock that is not frozen"
        forget()
        assert warm_environment() is not first
    finally:
        forget()


def test_what_an_environment_remembers_expires_while_it_is_frozen(
    queue: Queue, senders: SimulatedSenders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, an environment that works for a tenth of a second a minute obeyed a Retry-After for days."""
    monkeypatch.setattr(pipeline, "postpone", lambda records, queue_url, seconds: None)
    senders.api = answers(Answer(429, retry_after=900))
    used = environment(senders, PARKED_QUEUE_URL=QUEUE_URL + "-parked")
    event = awslogs_event(payload([raw_event()]))
    record = {"Records": [sqs_record("m1", json.dumps(event))]}
    assert ship(event, used, FUNCTION_TIME)["deadLettered"] == 1
    senders.freeze(600)
    assert replay(record, used, FUNCTION_TIME)["requests"] == 0, "15 minutes are not over"
    senders.freeze(300)
    assert replay(record, used, FUNCTION_TIME)["delivered"] == 1
    assert ship(event, used, FUNCTION_TIME)["delivered"] == 1


def test_an_invalid_setting_fails_before_any_event_is_handled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BATCH_MAX_LOGS", "501")
    forget()
    with pytest.raises(SettingsError, match="BATCH_MAX_LOGS"):
        warm_environment()


# --- garbage collection ---


class Circle:
    """Refers to itself, so that only the garbage collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_reference_cycles_of_an_invocation_are_freed_after_it() -> None:
    with collecting_afterwards():
        circle = weakref.ref(Circle())
        assert circle()
    assert circle() is None


def test_reference_cycles_that_outlive_their_invocation_are_freed_some_invocations_later() -> None:
    gc.collect()  # Otherwise the first collection might move the object to the oldest generation at once.
    with collecting_afterwards():
        kept = Circle()
    circle = weakref.ref(kept)
    del kept
    _invoke(2 * gc.get_threshold()[1])
    assert circle() is None


def test_reference_cycles_that_outlive_many_invocations_are_freed() -> None:
    gc.collect()
    _, of_second, of_oldest = gc.get_threshold()
    with collecting_afterwards():
        kept = Circle()
    _invoke(3 * (of_second + 1))
    circle = weakref.ref(kept)
    del kept
    _invoke((of_second + 1) * (of_oldest + 2))
    assert circle() is None


def _invoke(times: int) -> None:
    for _ in range(times):
        with collecting_afterwards():
            pass
