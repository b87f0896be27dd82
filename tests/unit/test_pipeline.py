import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loginformant_shipper import pipeline, telemetry
from loginformant_shipper.dead_letters.messages import Addressed, DeadLetterMessage
from loginformant_shipper.delivery.dispatcher import EnvironmentState
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.pipeline import DeadLetterError, Environment, forget, ship, warm_environment
from loginformant_shipper.settings import QUEUE_WORST_CASE_SECONDS, RESERVE_MARGIN_SECONDS, SettingsError

from tests.unit import sample_data
from tests.unit.sample_data import (
    ENVIRON,
    QUEUE_URL,
    awslogs_event,
    kinesis_record,
    payload,
    raw_event,
)
from tests.unit.simulated_senders import Answer, Sent, SimulatedSenders, answers

OWN = "/aws/lambda/shipper"
FUNCTION_TIME = 120.0


@dataclass
class Queue:
    """Stands where the dead-letter queue is written to."""

    letters: list[Addressed] = field(default_factory=list)
    seconds: float = 0.0
    trouble: Callable[[DeadLetterMessage], str] = lambda message: ""

    def store(self, letters: Sequence[Addressed], seconds: float) -> list[str]:
        self.seconds = seconds
        troubles = [self.trouble(message) for message, _ in letters]
        self.letters += [letter for letter, trouble in zip(letters, troubles, strict=True) if not trouble]
        return troubles

    @property
    def reasons(self) -> list[str]:
        return [message.attributes["Reason"] for message, _ in self.letters]


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


# The account


def test_every_event_is_in_one_column(queue: Queue, senders: SimulatedSenders) -> None:
    senders.api = lambda sent: Answer(400 if "poison" in str(sent.logs) else 200)
    events = [raw_event("1"), raw_event("2", " \n"), raw_event("3", "poison"), {"id": "4"}, raw_event("5")]
    answer = ship(awslogs_event(payload(events)), environment(senders), FUNCTION_TIME)
    assert answer == counts(received=5, filtered=1, delivered=2, deadLettered=2, requests=5)
    assert sorted(queue.reasons) == ["malformed", "rejected"]
    assert {url for _, url in queue.letters} == {QUEUE_URL}


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


def test_the_stack_s_own_logs_are_filtered_and_nothing_is_written(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    event = awslogs_event(payload([raw_event(), {"id": "no text"}], logGroup=OWN))
    assert ship(event, environment(senders), FUNCTION_TIME) == counts(received=2, filtered=2)
    assert (capsys.readouterr().out, log.getvalue(), queue.letters) == ("", "", [])
    assert senders.sent == []


def test_what_cannot_be_decoded_is_stored_and_never_raised(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO
) -> None:
    answer = ship({"awslogs": {"data": "?"}}, environment(senders), FUNCTION_TIME)
    assert answer == counts(received=1, deadLettered=1)
    assert queue.reasons == ["malformed"]
    assert json.loads(log.getvalue())["reason"] == "malformed"


def test_metrics_say_what_happened(
    queue: Queue, senders: SimulatedSenders, capsys: pytest.CaptureFixture[str]
) -> None:
    senders.api = answers(503, 404)
    ship(awslogs_event(payload([raw_event()])), environment(senders), FUNCTION_TIME)
    line, by_reason = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["Source"], line["EventsReceived"], line["EventsDeadLettered"]) == (
        "subscription",
        [1.0],
        [1.0],
    )
    assert (line["Requests"], line["Retries"], len(line["IngestLatency"])) == ([2.0], [1.0], 2)
    assert (by_reason["Reason"], by_reason["EventsDeadLettered"]) == ("misconfigured", [1.0])


def test_nothing_that_is_said_or_shown_holds_the_key(
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


# The dead-letter queue out of reach


def test_events_of_a_subscription_that_can_go_nowhere_raise(queue: Queue, senders: SimulatedSenders) -> None:
    senders.api = answers(then=404)
    queue.trouble = lambda message: "EndpointConnectionError: no route"
    with pytest.raises(DeadLetterError, match=r"misconfigured.*EndpointConnectionError: no route"):
        ship(awslogs_event(payload([raw_event()])), environment(senders), FUNCTION_TIME)


def test_a_kinesis_record_that_can_go_nowhere_is_returned_and_its_neighbours_are_not(
    queue: Queue, senders: SimulatedSenders, log: io.StringIO
) -> None:
    senders.api = lambda sent: Answer(400 if "poison" in str(sent.logs) else 200)
    queue.trouble = lambda message: "not written in time" if message.events > 1 else ""
    records = [
        kinesis_record("7", payload([raw_event("1"), raw_event("2", "poison")])),
        kinesis_record("8", payload([raw_event("3", "poison"), raw_event("4", "poison")])),
    ]
    answer = ship({"Records": records}, environment(senders), FUNCTION_TIME)
    assert answer | {"requests": 0} == counts(received=4, delivered=1, deadLettered=1, returned=2) | {
        "batchItemFailures": [{"itemIdentifier": "8"}]
    }
    assert "returned to their source" in log.getvalue()
    assert "not written in time" in log.getvalue()


# Time


def test_what_is_kept_for_storing_is_not_used_for_sending(queue: Queue, senders: SimulatedSenders) -> None:
    senders.api = answers(then=Answer(after=500.0))
    patient = replace(environment(senders), policy=Policy(request_timeout=500.0))
    ship(awslogs_event(payload([raw_event()])), patient, FUNCTION_TIME)
    assert senders.now() - 1000 == FUNCTION_TIME - QUEUE_WORST_CASE_SECONDS - RESERVE_MARGIN_SECONDS
    assert queue.reasons == ["out_of_time"]
    assert queue.seconds == pytest.approx(QUEUE_WORST_CASE_SECONDS)


def test_with_no_time_at_all_everything_is_stored(queue: Queue, senders: SimulatedSenders) -> None:
    answer = ship(awslogs_event(payload([raw_event()])), environment(senders), 3.0)
    assert answer == counts(received=1, deadLettered=1)
    assert queue.reasons == ["out_of_time"]


# Whatever comes

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
def test_the_account_closes_and_nothing_raises(
    contents: list[Any], statuses: list[int | None], then: int, full: bool, queue: Queue
) -> None:
    queue.letters.clear()
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
    assert answer["deadLettered"] == sum(message.events for message, _ in queue.letters)
    assert answer["requests"] == len(senders.sent)
    assert (answer["delivered"] > 0) == bool(accepted)
    assert (answer["returned"] > 0) == bool(answer["batchItemFailures"])


# The warm environment


def test_an_environment_is_made_once_and_can_be_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
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
        forget()
        assert warm_environment() is not first
    finally:
        forget()


def test_a_setting_that_cannot_be_used_fails_before_any_event_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BATCH_MAX_LOGS", "501")
    forget()
    with pytest.raises(SettingsError, match="BATCH_MAX_LOGS"):
        warm_environment()
