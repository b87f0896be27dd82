"""Replay delivers, keeps or parks what waits in the dead-letter queue, and loses nothing.

A test that expects duplicates says why they cannot be avoided.
"""

import json
import socket
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from loginformant_shipper.dead_letters.messages import utc_text
from loginformant_shipper.dead_letters.sqs import MAX_POSTPONEMENT_SECONDS, MIN_POSTPONEMENT_SECONDS
from loginformant_shipper.pipeline import replay

from local.faults import Fault, Manner
from tests.integration.accounting import KEY, OTHER_KEY, ids_of
from tests.integration.conftest import Aws, MakeQueues, OnRequest
from tests.integration.dead_letter_queue import FAILED_AT, Queues, content, incompressible
from tests.integration.payloads import JsonObject, data_of, log_event, log_events, payload, subscription_event

EVER = None
POISON = Fault(status=400, body="a log is bad", marker="poison", times=EVER)


@pytest.fixture
def out_of_reach(aws: Aws) -> str:
    """Return the URL of a queue that does not exist."""
    url = aws.sqs.create_queue(QueueName=f"deleted-{uuid4()}")["QueueUrl"]
    aws.sqs.delete_queue(QueueUrl=url)
    return url


def ids(events: list[JsonObject]) -> list[str]:
    return [event["id"] for event in events]


class TestDelivery:
    def test_batches_are_filled_across_records(self, queues: Queues) -> None:
        for number in range(10):
            queues.put_letter(log_events(100, first=100 * number), logStream=f"stream-{number}")
        replayed = queues.replay_and_account()
        assert [len(request.logs) for request in replayed.requests] == [500, 500]
        assert replayed.counts() == (1000, 0, 0)
        assert queues.waiting == queues.parked == []

    def test_replay_of_ten_thousand_logs_takes_twenty_requests(self, queues: Queues) -> None:
        for number in range(100):
            queues.put_letter(log_events(100, first=100 * number))
        sizes = []
        while queues.waiting:
            sizes += [len(request.logs) for request in queues.replay_and_account().requests]
        assert sizes == [500] * 20
        delivered = Counter(identifier for log in queues.stack.api.logs for identifier in ids_of(log))
        assert delivered == Counter(ids(log_events(10_000)))

    def test_messages_of_the_shipper_are_delivered_as_the_shipper_delivers_them(self, queues: Queues) -> None:
        events = [
            log_event(0, "[ERROR] no stock left"),
            log_event(1, '{"level": "fatal", "message": "down"}'),
        ]
        queues.stack.api.fault(Fault(status=404, times=3))
        queues.stack.ship(subscription_event(events))
        queues.stack.senders.leap(60)  # before that a single log is sent first, either of them
        assert queues.replay_and_account().counts() == (2, 0, 0)
        queues.stack.ship(subscription_event(events))
        [first, second, first_again, second_again] = queues.stack.api.logs
        assert (first, second) == (first_again, second_again)
        assert [first["level"], second["level"]] == ["Error", "Fatal"]

    @pytest.mark.parametrize("kind", ["raw event", "failure envelope"])
    def test_messages_that_lambda_stored_are_delivered(self, queues: Queues, kind: str) -> None:
        event = subscription_event(log_events(3))
        envelope = {
            "version": "1.0",
            "timestamp": FAILED_AT,
            "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "Task timed out after 120.00 seconds"},
        }
        lambdas_own = {"RequestID": "a", "ErrorCode": "200", "ErrorMessage": "Task timed out"}
        queues.put(*((event, lambdas_own) if kind == "raw event" else (envelope,)))
        assert queues.replay_and_account().counts() == (3, 0, 0)
        assert queues.waiting == []

    def test_a_message_without_logs_is_acknowledged(self, queues: Queues) -> None:
        queues.put(subscription_event(["test"], messageType="CONTROL_MESSAGE"))
        queues.put_letter([])
        replayed = queues.replay_and_account()
        assert replayed.answer["received"] == 0
        assert replayed.requests == []
        assert queues.waiting == queues.parked == []

    def test_blank_logs_are_filtered(self, queues: Queues) -> None:
        queues.put_letter([log_event(0), log_event(1, " \n")])
        assert queues.replay_and_account(filtered=ids([log_event(1)])).counts() == (1, 0, 0)

    def test_the_stacks_own_logs_are_filtered_without_a_log_line(self, make_queues: MakeQueues) -> None:
        queues = make_queues(own_log_groups=frozenset({"/loginformant/shipper/replay"}))
        events = log_events(3)
        queues.put_letter(events, logGroup="/loginformant/shipper/replay")
        replayed = queues.replay_and_account(filtered=ids(events))
        assert (replayed.requests, replayed.output, queues.waiting) == ([], "", [])


class TestOutage:
    @pytest.mark.parametrize(
        ("status", "reason"),
        [(503, "unavailable"), (429, "throttled"), (401, "unauthorized"), (404, "misconfigured")],
    )
    def test_a_record_of_which_nothing_is_delivered_stays_unchanged(
        self, queues: Queues, status: int, reason: str
    ) -> None:
        queues.put_letter(log_events(3), replays=2)
        before = queues.waiting
        queues.stack.api.fault(Fault(status=status, times=EVER))
        replayed = queues.replay_and_account(seconds=30)
        assert replayed.counts() == (0, 0, 3)
        assert [failure["reason"] for failure in replayed.answer["failures"]] == [reason]
        assert queues.waiting == before
        assert "are returned to their source" in replayed.output
        lines = [json.loads(line) for line in replayed.output.splitlines()]
        assert [line["EventsReturned"] for line in lines if line.get("Reason") == reason] == [[3.0]]

    def test_no_request_is_made_without_a_key(self, make_queues: MakeQueues, aws: Aws) -> None:
        queues = make_queues(key=None, api_key_secret_arn="arn:aws:secretsmanager:eu-central-1:1:secret:none")
        queues.put_letter(log_events(3))
        replayed = queues.replay_and_account(seconds=10)
        assert replayed.counts() == (0, 0, 3)
        assert replayed.requests == []
        assert [failure["reason"] for failure in replayed.answer["failures"]] == ["no_key"]

    def test_a_returned_record_is_visible_again_after_30_to_120_seconds(self, queues: Queues) -> None:
        for number in range(10):
            queues.put_letter(log_events(1, first=number))
        queues.stack.api.fault(Fault(status=404, times=EVER))
        replayed = queues.replay_and_account()
        assert len(replayed.returned) == 10
        seconds = queues.hidden_seconds()
        assert all(MIN_POSTPONEMENT_SECONDS - 20 < each <= MAX_POSTPONEMENT_SECONDS for each in seconds), (
            seconds
        )
        assert len({round(each) for each in seconds}) > 1, "all come again at once"
        assert queues.receive() == []

    def test_a_long_outage_parks_nothing_and_each_log_is_delivered_once(self, queues: Queues) -> None:
        for number in range(5):
            queues.put_letter(log_events(10, first=10 * number))
        queues.stack.api.fault(Fault(status=503, times=EVER))
        for _ in range(8):
            assert queues.replay_and_account(seconds=5).counts() == (0, 0, 50)
            queues.let_time_pass()
        assert {message.attributes["Replays"] for message in queues.waiting} == {"0"}
        queues.stack.api.heal()
        assert queues.replay_and_account().counts() == (50, 0, 0)
        assert queues.waiting == queues.parked == []

    def test_two_single_logs_are_sent_during_an_outage(self, queues: Queues) -> None:
        for number in range(10):
            queues.put_letter(log_events(100, first=100 * number))
        queues.stack.api.fault(Fault(status=503, times=EVER))
        queues.replay_and_account(seconds=5)
        queues.let_time_pass()
        assert [len(request.logs) for request in queues.replay_and_account().requests] == [1, 1]

    def test_undelivered_logs_are_written_back_if_the_api_fails_half_way(self, queues: Queues) -> None:
        """Ten logs of the eighth record arrive; its other sixty are written to a message of their own."""
        for number in range(10):
            queues.put_letter(log_events(70, first=70 * number), replays=1)
        before = queues.waiting
        queues.stack.api.fault(Fault(status=503, skip=1, times=EVER, body="in repair"))
        replayed = queues.replay_and_account(seconds=5)
        assert replayed.counts() == (500, 60, 140)
        assert queues.waiting[:2] == before[8:]
        [rest] = queues.waiting[2:]
        assert rest.ids == ids(log_events(60, first=500))
        failed_at = rest.attributes.pop("FailedAt")
        assert failed_at > FAILED_AT
        assert rest.attributes == {
            "Reason": "unavailable",
            "Status": "503",
            "Detail": "in repair",
            "LogGroup": "/aws/lambda/orders",
            "LogStream": "2026/11/03/[$LATEST]0123456789abcdef",
            "EventCount": "60",
            "FirstEventTime": "2026-11-03T10:00:00.500Z",
            "FirstFailedAt": FAILED_AT,
            "Replays": "1",
        }
        queues.stack.api.heal()
        queues.let_time_pass()
        assert queues.replay_and_account().counts() == (200, 0, 0)
        delivered = Counter(identifier for log in queues.stack.api.logs for identifier in ids_of(log))
        assert delivered == Counter(ids(log_events(700)))

    def test_a_retry_after_beyond_the_deadline_returns_all_records_at_once(self, queues: Queues) -> None:
        for number in range(10):
            queues.put_letter(log_events(100, first=100 * number))
        queues.stack.api.fault(Fault(status=429, headers={"Retry-After": "300"}, times=EVER))
        assert queues.replay_and_account().counts() == (0, 0, 1000)
        queues.let_time_pass()
        assert queues.replay_and_account().requests == [], "it was asked to wait"

    def test_a_changed_key_is_fetched(self, queues: Queues, aws: Aws) -> None:
        queues.put_letter(log_events(3))
        queues.stack.api.rotate_keys(OTHER_KEY)
        arn = queues.stack.environment.settings.api_key_secret_arn
        assert arn is not None
        aws.secrets.put_secret_value(SecretId=arn, SecretString=OTHER_KEY)
        assert queues.replay_and_account().counts() == (3, 0, 0)


LONG_AGO = "2026-11-02T10:00:00.000Z"


class TestRefusal:
    def test_poison_comes_back_until_it_is_parked(self, queues: Queues) -> None:
        events = [*log_events(9), log_event(9, "a poison log")]
        queues.put_letter(events)
        queues.stack.api.fault(POISON)

        assert queues.replay_and_account().counts() == (9, 1, 0)
        [rest] = queues.waiting
        since = rest.attributes["FailedAt"]
        delays = []
        for replays in (1, 2, 3):
            [rest] = queues.waiting
            assert rest.ids == ids(events[9:])
            attributes = rest.attributes
            assert (attributes["Reason"], attributes["Status"]) == ("rejected", "400")
            assert (attributes["Replays"], attributes["FirstFailedAt"]) == (
                f"{replays} since {since}",
                FAILED_AT,
            )
            assert attributes["Detail"] == "a log is bad"
            delays += queues.delayed_seconds()
            assert queues.receive() == [], "it is delayed"
            queues.let_time_pass()
            replayed = queues.replay_and_account()
            assert replayed.counts() == (0, 1, 0)
            assert replayed.answer["parked"] == 0, "half an hour has not passed"
        assert delays == pytest.approx([600, 900, 900], abs=20)

    @pytest.mark.parametrize(("hours", "parked"), [(0.4, 0), (0.6, 1)])
    def test_poison_is_parked_half_an_hour_after_its_first_refusal_if_others_are_accepted(
        self, queues: Queues, hours: float, parked: int
    ) -> None:
        queues.put_letter([log_event(0, "a poison log")], replays=2, since=_ago(hours))
        queues.put_letter(log_events(3, first=1))
        queues.stack.api.fault(POISON)
        replayed = queues.replay_and_account()
        assert replayed.counts() == (3, 1, 0)
        assert replayed.answer["parked"] == parked
        assert ("to the parked queue" in replayed.output) == bool(parked)

    @pytest.mark.parametrize("status", [403, 406, 500])
    @pytest.mark.parametrize(("hours", "parked"), [(23.5, 0), (24.5, 1)])
    def test_poison_is_parked_after_a_day_if_the_status_may_have_another_cause(
        self, queues: Queues, hours: float, parked: int, status: int
    ) -> None:
        queues.put_letter([log_event(0, "a poison log")], replays=9, since=_ago(hours), status=status)
        queues.stack.api.fault(Fault(status=status, marker="poison", times=EVER))
        replayed = queues.replay_and_account()
        assert replayed.counts() == (0, 1, 0)
        assert replayed.answer["parked"] == parked
        [message] = queues.parked if parked else queues.waiting
        assert message.attributes["Replays"].startswith("10 since ")
        assert message.attributes["Reason"] == "rejected"

    def test_a_bad_hour_at_loginformant_parks_nothing(self, queues: Queues) -> None:
        """Every request is answered with 400, and logs were refused alone an hour ago."""
        queues.put_letter(log_events(3), replays=5, since=_ago(1))
        queues.put_letter(log_events(100, first=3))
        queues.stack.api.fault(Fault(status=400, times=EVER))
        assert queues.replay_and_account().answer["parked"] == 0
        queues.stack.api.heal()
        for _ in range(3):
            queues.let_time_pass()
            if queues.waiting:
                queues.replay_and_account()
        assert queues.waiting == queues.parked == []

    def test_a_log_that_was_refused_alone_has_a_message_of_its_own(self, queues: Queues) -> None:
        queues.put_letter([log_event(0, "a poison log"), log_event(1)], since=LONG_AGO)
        queues.put_letter(log_events(10, first=2))
        queues.stack.api.fault(POISON)
        replayed = queues.replay_and_account()
        assert sorted(len(request.logs) for request in replayed.requests) == [1, 1, 10]
        assert replayed.counts() == (11, 1, 0)

    def test_a_refused_log_is_not_delayed_if_replayed_by_hand(self, queues: Queues) -> None:
        queues.put_letter([log_event(0, "a poison log")])
        queues.stack.api.fault(POISON)
        records = [{**record, "receiptHandle": ""} for record in queues.receive()]
        queues.invoke(records)
        assert queues.delayed_seconds()[1:] == [0]

    def test_max_replays_limits_the_number_of_replays(self, make_queues: MakeQueues) -> None:
        queues = make_queues(max_replays=1)
        queues.put_letter([log_event(0, "a poison log")], since=LONG_AGO)
        queues.stack.api.fault(POISON)
        assert queues.replay_and_account().answer["parked"] == 1

    def test_poison_does_not_delay_other_logs_of_its_batch(self, queues: Queues) -> None:
        queues.put_letter(log_events(100))
        queues.put_letter([log_event(100, "a poison log")], replays=2, since=LONG_AGO)
        queues.put_letter(log_events(100, first=101))
        queues.stack.api.fault(POISON)
        assert queues.replay_and_account().counts() == (200, 1, 0)
        assert queues.waiting == []
        assert [message.ids for message in queues.parked] == [ids([log_event(100)])]

    def test_only_refused_logs_are_written_back_during_an_outage(self, queues: Queues) -> None:
        queues.put_letter([log_event(0, "a poison log")], since=LONG_AGO)
        queues.put_letter(log_events(10, first=1))
        queues.stack.api.fault(POISON, Fault(status=503, times=EVER))
        replayed = queues.replay_and_account(seconds=5)
        assert replayed.counts() == (0, 1, 10)
        assert [message.attributes["Replays"] for message in queues.waiting] == ["0", f"1 since {LONG_AGO}"]

    def test_a_log_that_is_too_large_is_parked(self, queues: Queues) -> None:
        queues.put_letter([log_event(0, "x" * 50_000)], replays=2, since=LONG_AGO)
        queues.stack.api.fault(Fault(status=413, over_bytes=40_000, times=EVER))
        queues.replay_and_account()
        assert [message.attributes["Reason"] for message in queues.parked] == ["too_large"]

    def test_a_message_that_waits_on_its_13th_day_is_parked(self, queues: Queues) -> None:
        queues.put_letter(log_events(3))
        queues.put_letter(log_events(3, first=3))
        queues.stack.api.fault(Fault(status=503, times=EVER))
        young, old = queues.receive()
        old["attributes"]["SentTimestamp"] = str(int((time.time() - 13.1 * 24 * 3600) * 1000))
        replayed = queues.invoke([young, old], seconds=5)
        assert replayed.returned == [young["messageId"]]
        assert replayed.answer["parked"] == 3
        assert [message.attributes["Reason"] for message in queues.parked] == ["unavailable"]


def _ago(hours: float) -> str:
    return utc_text(datetime.now(UTC) - timedelta(hours=hours))


FOREIGN = [
    "",
    "not json",
    "[]",
    "null",
    "7",
    '"text"',
    '{"Records": []}',
    '{"Records": [{"kinesis": {"data": "x"}}]}',
    '{"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}}}]}',
    '{"detail-type": "Scheduled Event"}',
    '{"awslogs": {}}',
    '{"awslogs": {"data": 7}}',
    '{"awslogs": {"data": "%%%"}}',
    '{"awslogs": {"data": "bm8gZ3ppcA=="}}',
    '{"requestPayload": {"awslogs": {"data": "bm8gZ3ppcA=="}}}',
    json.dumps({"awslogs": {"data": data_of(b"no json")}}),
    json.dumps({"awslogs": {"data": data_of([1, 2])}}),
    json.dumps({"awslogs": {"data": data_of(payload([]))[:40]}}),
    "[" * 100_000,
    "\N{SNOWMAN} \U0001f600 \t\r\n",
]


class TestParkedMessages:
    @pytest.mark.parametrize("body", [body for body in FOREIGN if body], ids=range(len(FOREIGN) - 1))
    def test_a_foreign_message_is_parked_and_delays_no_other(self, queues: Queues, body: str) -> None:
        queues.put(body)
        queues.put_letter(log_events(3))
        replayed = queues.invoke(records := queues.receive())
        queues.acknowledge(records, replayed.returned)
        assert replayed.counts() == (3, 1, 0)
        assert replayed.answer["parked"] == 1
        assert queues.waiting == []
        [parked] = queues.parked
        assert parked.attributes["Reason"] == "malformed"
        assert content(parked.body) == content(body)

    def test_several_foreign_messages_are_parked_in_one_invocation_during_an_outage(
        self, queues: Queues
    ) -> None:
        for body in FOREIGN[1:10]:
            queues.put(body)
        queues.put_letter(log_events(3))
        queues.stack.api.fault(Fault(status=503, times=EVER))
        replayed = queues.replay_and_account(seconds=5)
        assert replayed.counts() == (0, 9, 3)
        assert sorted(message.body for message in queues.parked) == sorted(FOREIGN[1:10])

    def test_an_oversized_payload_is_parked_unchanged(self, make_queues: MakeQueues) -> None:
        queues = make_queues(max_decompressed_bytes=100_000)
        queues.put_letter([log_event(0, "x" * 200_000)], replays=1)
        before = queues.waiting[0].body
        assert queues.replay_and_account().answer["parked"] == 1
        [parked] = queues.parked
        assert (content(parked.body), parked.attributes["Reason"]) == (content(before), "oversized")
        assert (parked.attributes["Replays"], parked.attributes["FirstFailedAt"]) == ("1", FAILED_AT)

    def test_only_the_unreadable_part_of_a_payload_is_parked(self, queues: Queues) -> None:
        events = [log_event(0), {"id": "no message"}, log_event(1)]
        queues.put_letter(events)
        assert queues.replay_and_account().counts() == (2, 1, 0)
        assert [message.ids for message in queues.parked] == [["no message"]]

    def test_the_readable_part_of_a_payload_waits_if_nothing_is_delivered(self, queues: Queues) -> None:
        queues.put_letter([log_event(0), {"id": "no message"}])
        queues.stack.api.fault(Fault(status=503, times=EVER))
        assert queues.replay_and_account(seconds=5).counts() == (0, 2, 0)
        assert [message.ids for message in queues.parked] == [["no message"]]
        assert [message.ids for message in queues.waiting] == [ids([log_event(0)])]

    def test_a_foreign_message_of_the_maximum_size_is_parked_in_parts(self, queues: Queues) -> None:
        """With the reason in its attributes it no longer fits into one message."""
        body = incompressible(1024 * 1024)
        queues.put(body)
        replayed = queues.invoke(records := queues.receive())
        queues.acknowledge(records, replayed.returned)
        assert (replayed.counts(), queues.waiting) == ((0, 1, 0), [])
        parts = queues.parked
        assert len(parts) > 1
        assert {part.attributes["Reason"] for part in parts} == {"malformed"}
        assert sorted(part.attributes["EventCount"] for part in parts) == ["0"] * (len(parts) - 1) + ["1"]

    def test_parts_of_an_unreadable_payload_are_never_sent(self, queues: Queues) -> None:
        """The shipper stores such parts of a Kinesis record that it cannot read and that fits no message."""
        body = incompressible(1536 * 1024)
        record = {"kinesis": {"sequenceNumber": "1", "data": body}, "eventSource": "aws:kinesis"}
        queues.stack.ship({"Records": [record]})
        stored = queues.waiting
        assert len(stored) > 1
        replayed = queues.invoke(records := queues.receive())
        queues.acknowledge(records, replayed.returned)
        assert (replayed.counts(), replayed.requests, queues.waiting) == ((0, 1, 0), [], [])
        assert sorted(part.body for part in queues.parked) == sorted(part.body for part in stored)
        assert {part.attributes["Reason"] for part in queues.parked} == {"malformed"}


class TestQueuesOutOfReach:
    def test_a_record_that_cannot_be_parked_is_returned_and_its_delivered_part_doubled(
        self, make_queues: MakeQueues, out_of_reach: str
    ) -> None:
        """A record is acknowledged as a whole: otherwise the poison would be lost."""
        queues = make_queues(parked_queue_url=out_of_reach)
        events = [*log_events(9), log_event(9, "a poison log")]
        queues.put_letter(events, replays=2, since=LONG_AGO)
        before = queues.waiting
        queues.stack.api.fault(POISON)
        replayed = queues.replay_and_account(doubled=ids(events[:9]))
        assert replayed.counts() == (9, 0, 1)
        [failure] = replayed.answer["failures"]
        assert failure["reason"] == "rejected"
        assert "they could not be stored in the queue" in failure["detail"]
        assert queues.waiting == before

    def test_a_foreign_message_that_cannot_be_parked_is_returned(
        self, make_queues: MakeQueues, out_of_reach: str
    ) -> None:
        queues = make_queues(parked_queue_url=out_of_reach)
        queues.put("not json")
        queues.put_letter(log_events(3))
        assert queues.replay_and_account().counts() == (3, 0, 1)
        assert [message.body for message in queues.waiting] == ["not json"]

    def test_a_record_that_cannot_be_written_back_is_returned(
        self, make_queues: MakeQueues, out_of_reach: str
    ) -> None:
        """It cannot be postponed, so it stays hidden for the visibility timeout of the queue."""
        queues = make_queues(dead_letter_queue_url=out_of_reach)
        events = log_events(700)
        queues.put_letter(events)
        queues.stack.api.fault(Fault(status=503, skip=1, times=EVER))
        replayed = queues.replay_and_account(seconds=5, doubled=ids(events[:500]))
        assert replayed.counts() == (500, 0, 200)
        assert len(queues.waiting) == 1
        assert queues.hidden_seconds()[0] > MAX_POSTPONEMENT_SECONDS

    def test_part_of_a_record_can_be_doubled_if_one_of_two_queues_fails(
        self, make_queues: MakeQueues, out_of_reach: str
    ) -> None:
        """The part that was written stays in its queue and is also in the returned record."""
        queues = make_queues(parked_queue_url=out_of_reach)
        events = [log_event(0), {"id": "no message"}]
        queues.put_letter(events)
        queues.stack.api.fault(Fault(status=503, times=EVER))
        replayed = queues.replay_and_account(seconds=5, doubled=ids(events[:1]))
        assert replayed.counts() == (0, 1, 1)

    def test_the_function_answers_in_time_if_a_queue_hangs(
        self, queues: Queues, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A timeout would double everything that was delivered."""
        queues.put_letter(log_events(3))
        records = queues.receive()
        remaining = 4.0
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", f"http://127.0.0.1:{silent.getsockname()[1]}")
            began = time.monotonic()
            answer = replay({"Records": records}, queues.stack.environment, remaining)
            assert time.monotonic() - began < remaining
        assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == [
            record["messageId"] for record in records
        ]


class TestTheSameMessageTwice:
    def test_a_message_received_in_two_invocations_is_delivered_twice(self, queues: Queues) -> None:
        """SQS delivers at least once, and no state outside an invocation records what was delivered."""
        events = log_events(3)
        queues.put_letter(events)
        first = queues.receive()
        queues.let_time_pass()
        second = queues.receive()
        assert queues.invoke(first).counts() == queues.invoke(second).counts() == (3, 0, 0)
        for records in (first, second):
            queues.acknowledge(records, [])
        assert queues.waiting == []

    def test_a_message_received_twice_in_one_invocation_is_counted_twice(self, queues: Queues) -> None:
        queues.put_letter(log_events(3))
        [first] = queues.receive()
        queues.let_time_pass()
        [second] = queues.receive()
        assert first["messageId"] == second["messageId"]
        queues.stack.api.fault(Fault(status=503, times=EVER))
        assert queues.invoke([first, second], seconds=5).returned == [first["messageId"]] * 2

    def test_a_message_with_a_delivered_and_a_returned_copy_comes_again(
        self, make_queues: MakeQueues
    ) -> None:
        """Both copies have the same message id, so the returned copy keeps the message in the queue."""
        queues = make_queues(batch_max_logs=3)
        queues.put_letter(log_events(3))
        [first] = queues.receive()
        queues.let_time_pass()
        [second] = queues.receive()
        queues.stack.api.fault(Fault(status=503, skip=1, times=EVER))
        replayed = queues.invoke([first, second], seconds=5)
        assert replayed.counts() == (3, 0, 3)
        queues.acknowledge([first, second], replayed.returned)
        assert len(queues.waiting) == 1


class TestTimeRunsOut:
    def test_a_request_without_an_answer_is_returned_and_may_be_doubled(self, queues: Queues) -> None:
        """Whether the logs arrived cannot be known. Here they did."""
        events = log_events(3)
        queues.put_letter(events)
        queues.stack.api.fault(Fault(manner=Manner.HANG, keeps_logs=True))
        queues.stack.senders.hangs = lambda request: True
        replayed = queues.replay_and_account(seconds=5, delivered_unknowingly=ids(events))
        assert replayed.counts() == (0, 0, 3)
        queues.stack.senders.hangs = lambda request: request.number == 0
        queues.let_time_pass()
        assert queues.replay_and_account().counts() == (3, 0, 0)

    def test_a_connection_that_breaks_after_the_logs_were_accepted_doubles_them(self, queues: Queues) -> None:
        """The request is retried, since the function cannot know that they were accepted."""
        events = log_events(3)
        queues.put_letter(events)
        queues.stack.api.fault(Fault(manner=Manner.RESET, keeps_logs=True))
        assert queues.replay_and_account(delivered_unknowingly=ids(events)).counts() == (3, 0, 0)

    def test_all_records_are_returned_without_a_request_if_there_is_no_time(self, queues: Queues) -> None:
        queues.put_letter(log_events(3))
        replayed = queues.replay_and_account(seconds=0)
        assert (replayed.counts(), replayed.requests) == ((0, 0, 3), [])


class TestCrash:
    def test_every_record_comes_again_if_the_function_is_killed(
        self, queues: Queues, on_request: OnRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Delivered logs are delivered again; logs that were written back are also in the record. Between the
        last write and the deletion both copies exist; in the other order neither would."""
        events = [*log_events(9), log_event(9, "a poison log")]
        queues.put_letter(events)
        queues.stack.api.fault(POISON)

        def crash(*arguments: object) -> None:
            raise MemoryError

        with monkeypatch.context() as crashing:
            crashing.setattr("loginformant_shipper.pipeline._conclude", crash)
            with pytest.raises(MemoryError):
                queues.invoke(queues.receive())
        queues.let_time_pass()
        assert len(queues.waiting) == 2
        replayed = queues.invoke(records := queues.receive())
        queues.acknowledge(records, replayed.returned)
        delivered = Counter(identifier for log in queues.stack.api.logs for identifier in ids_of(log))
        assert delivered == Counter(ids(events[:9]) * 2)
        assert [message.ids for message in queues.waiting] == [ids(events[9:])] * 2

    def test_a_record_without_an_identifier_returns_the_whole_batch(self, queues: Queues) -> None:
        """SQS sends none; if it did, all records would come again so that none is lost."""
        queues.put_letter(log_events(500))
        queues.put_letter(log_events(3, first=500))
        records = queues.receive()
        records[1]["messageId"] = ""
        queues.stack.api.fault(Fault(status=503, skip=1, times=EVER))
        replayed = queues.invoke(records, seconds=5)
        assert (replayed.counts(), replayed.returned) == ((500, 0, 3), [""])
        queues.acknowledge(records, replayed.returned)
        assert len(queues.waiting) == 2


def test_the_key_is_in_no_message_and_not_in_the_answer(queues: Queues) -> None:
    """That holds even if the ingest API repeats the key in an answer."""
    queues.put_letter([log_event(0, "a poison log")])
    queues.stack.api.fault(Fault(status=400, body=f"refused: {KEY}", marker="poison", times=EVER))
    replayed = queues.replay_and_account()
    assert replayed.answer["failures"][0]["detail"].startswith("refused: ")
    assert KEY not in str(queues.waiting) + json.dumps(replayed.answer)
