from datetime import UTC, datetime, timedelta

import pytest
from loginformant_shipper.dead_letters.messages import (
    REFUSED_ALONE,
    Addressed,
    DeadLetterMessage,
    utc_text,
)
from loginformant_shipper.dead_letters.replay import (
    MAY_PASS,
    NEEDS_A_PERSON,
    Turn,
    address,
    as_refusals,
    parked_queue_url,
    records_to_return,
    split_off,
    turn_of,
)
from loginformant_shipper.delivery.batching import Batch
from loginformant_shipper.delivery.progress import Failed
from loginformant_shipper.events import SourceRecord, Undecodable
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.settings import Settings, SettingsError

from tests.unit.sample_data import ORDERS, QUEUE_URL, a_batch, an_entry, batch_of, settings

PARKED_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/parked"
FIRST, SECOND = SourceRecord("m1", "handle 1"), SourceRecord("m2", "handle 2")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def batch_of_records(*records: SourceRecord) -> Batch:
    """Return a batch with one log of each record, without a body."""
    return batch_of(
        [an_entry(record.identifier, origin=ORDERS._replace(record=record)) for record in records]
    ).without_body()


def failed(reason: Reason, *records: SourceRecord) -> Failed:
    return Failed(batch_of_records(*records), Failure(reason))


def undecodable(record: SourceRecord | None) -> Undecodable:
    return Undecodable(Reason.MALFORMED, "not JSON", "rubbish", record)


def message(
    reason: Reason, replays: int | None = 0, since: str = "", status: int | None = 400
) -> DeadLetterMessage:
    """Return a message; `replays` is None if its logs came in no record."""
    record = None
    if replays is not None:
        record = SourceRecord("m1", "handle", replays=replays, refused_at=since or None)
    state = f"{replays or 0} since {since or utc_text(NOW)}"
    attributes = {"Reason": reason.value, "Replays": state, "FirstFailedAt": "then"}
    return DeadLetterMessage("body", attributes, Failure(reason, status), 1, record)


def to_be_addressed(message: DeadLetterMessage, settings: Settings) -> Addressed:
    [addressed] = address([message], settings, NOW, something_passed=True)
    return addressed


@pytest.fixture
def replay_settings() -> Settings:
    return settings(PARKED_QUEUE_URL=PARKED_URL, MAX_REPLAYS="3")


def test_each_reason_may_pass_or_needs_a_person_or_is_a_refusal() -> None:
    assert not MAY_PASS & NEEDS_A_PERSON
    assert not MAY_PASS & REFUSED_ALONE
    assert set(Reason) == MAY_PASS | NEEDS_A_PERSON | REFUSED_ALONE | {Reason.UNDETERMINED}


class TestRecordsToReturn:
    @pytest.mark.parametrize("reason", sorted(MAY_PASS | {Reason.UNDETERMINED}))
    def test_an_undelivered_record_whose_failure_may_pass_is_returned(self, reason: Reason) -> None:
        assert records_to_return([failed(reason, FIRST)], [], set(), NOW) == {FIRST}

    @pytest.mark.parametrize("reason", sorted(REFUSED_ALONE))
    def test_a_refused_record_is_not_returned(self, reason: Reason) -> None:
        assert records_to_return([failed(reason, FIRST)], [], set(), NOW) == set()

    def test_a_record_that_was_delivered_in_part_is_not_returned(self) -> None:
        assert records_to_return([failed(Reason.UNAVAILABLE, FIRST)], [], {FIRST}, NOW) == set()

    def test_an_unreadable_record_is_not_returned(self) -> None:
        assert records_to_return([], [undecodable(FIRST)], set(), NOW) == set()

    def test_a_partly_readable_record_is_not_returned(self) -> None:
        assert (
            records_to_return([failed(Reason.UNAVAILABLE, FIRST)], [undecodable(FIRST)], set(), NOW) == set()
        )

    def test_a_partly_refused_record_is_not_returned(self) -> None:
        failures = [failed(Reason.UNAVAILABLE, FIRST, SECOND), failed(Reason.REJECTED, FIRST)]
        assert records_to_return(failures, [], set(), NOW) == {SECOND}

    def test_a_record_with_several_failures_that_may_all_pass_is_returned(self) -> None:
        failures = [failed(Reason.UNAVAILABLE, FIRST), failed(Reason.OUT_OF_TIME, FIRST)]
        assert records_to_return(failures, [], set(), NOW) == {FIRST}

    def test_other_records_of_the_batch_do_not_matter(self) -> None:
        assert records_to_return([failed(Reason.THROTTLED, FIRST, SECOND)], [], {FIRST}, NOW) == {SECOND}

    def test_logs_that_came_in_no_record_cannot_be_returned(self) -> None:
        failures = [Failed(a_batch("a"), Failure(Reason.UNAVAILABLE))]
        assert records_to_return(failures, [undecodable(None)], set(), NOW) == set()


class TestSplitOff:
    def test_a_batch_of_several_records_is_split_in_order(self) -> None:
        whole = failed(Reason.UNAVAILABLE, FIRST, SECOND, FIRST)
        inside, outside = split_off([whole], {SECOND})
        assert [(failed.batch.origins, list(failed.batch.positions)) for failed in inside] == [
            (whole.batch.origins[1:2], [1])
        ]
        assert [(failed.batch.origins, list(failed.batch.positions)) for failed in outside] == [
            (whole.batch.origins[::2], [0, 2])
        ]
        assert {failed.failure for failed in inside + outside} == {whole.failure}

    def test_no_batch_is_left_empty(self) -> None:
        failures = [failed(Reason.UNAVAILABLE, FIRST), failed(Reason.REJECTED, SECOND)]
        assert split_off(failures, {FIRST}) == (failures[:1], failures[1:])
        assert split_off(failures, set()) == ([], failures)

    def test_logs_that_came_in_no_record_are_not_split_off(self) -> None:
        failures = [Failed(a_batch("a", "b").without_body(), Failure(Reason.UNAVAILABLE))]
        assert split_off(failures, {FIRST}) == ([], failures)

    def test_a_part_of_a_narrowed_batch_is_not_marked_as_narrowed(self) -> None:
        whole = failed(Reason.UNDETERMINED, FIRST, SECOND)._replace(is_narrowed=True)
        inside, outside = split_off([whole], {SECOND})
        assert not any(part.is_narrowed for part in inside + outside)
        assert split_off([whole], {FIRST, SECOND}) == ([whole], [])


class TestNarrowedRecords:
    def test_a_newly_narrowed_record_is_written_again(self) -> None:
        news = failed(Reason.UNDETERMINED, FIRST)._replace(is_narrowed=True)
        assert records_to_return([news], [], set(), NOW) == set()

    def test_a_record_that_is_already_marked_as_narrowed_is_returned(self) -> None:
        known = FIRST._replace(is_narrowed=True)
        same = failed(Reason.UNDETERMINED, known)._replace(is_narrowed=True)
        assert records_to_return([same], [], set(), NOW) == {known}


def test_a_record_is_written_again_from_its_13th_day_on() -> None:
    young, old = (
        record._replace(sent_at=(NOW - age).timestamp())
        for record, age in ((FIRST, 12.9 * DAY), (SECOND, 13.1 * DAY))
    )
    assert records_to_return([failed(Reason.UNAVAILABLE, young, old)], [], set(), NOW) == {young}


class TestTurnOf:
    """Records that may end the function are handled so that no other record is delivered again with them."""

    crashed = SourceRecord("m3", "handle 3")
    """Lambda stored it: it has no reason."""
    refused, unavailable, not_begun = (
        SourceRecord(reason.value, "handle", told=reason)
        for reason in (Reason.REJECTED, Reason.UNAVAILABLE, Reason.NOT_BEGUN)
    )

    def turn(self, *records: SourceRecord, rng: float = 0.0, suspects_at_once: int = 1) -> Turn:
        return turn_of(records, NOW, lambda: rng, suspects_at_once)

    def came_back(self, record: SourceRecord, age: timedelta = DAY) -> SourceRecord:
        return record._replace(receives=2, sent_at=(NOW - age).timestamp())

    def test_records_that_are_received_for_the_first_time_are_tried_together(self) -> None:
        records = self.crashed, self.refused, self.unavailable, self.not_begun
        assert self.turn(*records) == Turn(tried=set(records))

    @pytest.mark.parametrize("record", [crashed, not_begun])
    def test_a_record_that_was_never_processed_and_came_back_is_tried_alone(
        self, record: SourceRecord
    ) -> None:
        suspect = self.came_back(record)
        alone = Turn(tried={suspect}, returned={self.refused}, has_suspects=True)
        assert self.turn(self.refused, suspect) == alone
        assert self.turn(suspect) == Turn(tried={suspect}, has_suspects=True)

    @pytest.mark.parametrize("record", [refused, unavailable])
    def test_a_record_that_the_shipper_has_processed_is_tried_with_others(self, record: SourceRecord) -> None:
        """An outage returns each record hundreds of times. One at a time would take ten times as long."""
        records = self.came_back(record), self.crashed
        assert self.turn(*records) == Turn(tried=set(records))

    @pytest.mark.parametrize(("rng", "number"), [(0.0, 0), (0.34, 1), (0.99, 2)])
    def test_any_of_several_such_records_may_be_the_one(self, rng: float, number: int) -> None:
        suspects = [
            self.came_back(self.crashed._replace(identifier=text)) for text in ("first", "second", "third")
        ]
        assert self.turn(self.refused, *suspects, rng=rng).tried == {suspects[number]}

    @pytest.mark.parametrize(
        ("at_once", "rng", "tried"),
        [(2, 0.0, {0, 1}), (2, 0.99, {2, 0}), (3, 0.99, {0, 1, 2, "other"}), (16, 0.0, {0, 1, 2, "other"})],
    )
    def test_more_of_them_are_tried_at_once_where_the_function_has_survived_some(
        self, at_once: int, rng: float, tried: set[int | str]
    ) -> None:
        suspects: dict[int | str, SourceRecord] = {
            number: self.came_back(self.crashed._replace(identifier=str(number))) for number in range(3)
        }
        records: dict[int | str, SourceRecord] = {"other": self.refused, **suspects}
        turn = self.turn(*records.values(), rng=rng, suspects_at_once=at_once)
        assert turn.tried == {records[name] for name in tried}
        assert turn.tried | turn.returned == set(records.values())
        assert turn.has_suspects

    @pytest.mark.parametrize("record", [crashed, refused, unavailable, not_begun])
    def test_a_record_that_came_back_and_is_older_than_13_and_a_half_days_is_parked_untried(
        self, record: SourceRecord
    ) -> None:
        old, other = self.came_back(record, 13.6 * DAY), self.came_back(SourceRecord("other", "handle"))
        assert self.turn(other, old) == Turn(parked={old}, returned={other})
        young = self.came_back(record, 13.4 * DAY)
        assert young in self.turn(young).tried

    def test_an_old_record_that_is_received_for_the_first_time_is_tried(self) -> None:
        """AutoReplay may have been off."""
        old = self.came_back(self.refused, 13.6 * DAY)._replace(receives=1)
        assert self.turn(old) == Turn(tried={old})

    def test_a_replay_by_hand_tries_all_records(self) -> None:
        records = [
            self.came_back(record, 13.9 * DAY)._replace(receipt_handle="")
            for record in (self.crashed, self.refused)
        ]
        assert self.turn(*records) == Turn(tried=set(records))


class TestAsRefusals:
    refused = FIRST._replace(refused_at="2026-11-29T11:00:00.000Z", status="403")

    def outcome(self, reason: Reason, status: int, record: SourceRecord, *, was_sent: bool = True) -> Reason:
        it = Failed(batch_of_records(record), Failure(reason, status), was_sent=was_sent)
        [failed] = as_refusals([it])
        return failed.failure.reason

    def test_a_log_that_fails_alone_twice_in_the_same_way_is_refused(self) -> None:
        assert self.outcome(Reason.UNAUTHORIZED, 403, self.refused) is Reason.REJECTED

    def test_a_log_that_fails_in_another_way_is_not_refused(self) -> None:
        assert self.outcome(Reason.UNAUTHORIZED, 401, self.refused) is Reason.UNAUTHORIZED
        assert self.outcome(Reason.UNAVAILABLE, 503, self.refused) is Reason.UNAVAILABLE

    def test_a_log_that_never_failed_alone_is_not_refused(self) -> None:
        assert self.outcome(Reason.UNAUTHORIZED, 403, FIRST._replace(status="403")) is Reason.UNAUTHORIZED

    def test_a_log_that_was_not_sent_itself_is_not_refused(self) -> None:
        assert self.outcome(Reason.UNAUTHORIZED, 403, self.refused, was_sent=False) is Reason.UNAUTHORIZED

    def test_a_throttled_log_is_not_refused(self) -> None:
        throttled = self.refused._replace(status="429")
        assert self.outcome(Reason.THROTTLED, 429, throttled) is Reason.THROTTLED


class TestAddress:
    @pytest.mark.parametrize("reason", sorted(MAY_PASS | {Reason.UNDETERMINED}))
    def test_a_message_that_was_not_refused_stays_in_the_queue_and_counts_no_replay(
        self, reason: Reason, replay_settings: Settings
    ) -> None:
        it = message(reason, replays=99)
        assert to_be_addressed(it, replay_settings) == Addressed(it, QUEUE_URL)

    @pytest.mark.parametrize("reason", sorted(MAY_PASS | {Reason.UNDETERMINED}))
    def test_a_message_is_parked_on_its_13th_day(self, reason: Reason, replay_settings: Settings) -> None:
        sent_at = (NOW - 13.1 * DAY).timestamp()
        it = message(reason)._replace(record=SourceRecord("m1", "handle", sent_at=sent_at))
        assert to_be_addressed(it, replay_settings) == Addressed(it, PARKED_URL)

    @pytest.mark.parametrize("reason", sorted(NEEDS_A_PERSON))
    def test_a_failure_that_needs_a_person_is_parked_at_once(
        self, reason: Reason, replay_settings: Settings
    ) -> None:
        it = message(reason)
        assert to_be_addressed(it, replay_settings) == Addressed(it, PARKED_URL)

    @pytest.mark.parametrize("reason", sorted(REFUSED_ALONE))
    @pytest.mark.parametrize(
        ("replays", "counted", "queue_url", "delay"),
        [
            (0, 1, QUEUE_URL, 600),
            (1, 2, QUEUE_URL, 900),
            (2, 3, PARKED_URL, 0),
            (7, 8, PARKED_URL, 0),
            (None, 1, QUEUE_URL, 600),
        ],
    )
    def test_each_refusal_is_counted_and_waits_longer_and_the_last_one_is_parked(
        self,
        reason: Reason,
        replays: int | None,
        counted: int,
        queue_url: str,
        delay: int,
        replay_settings: Settings,
    ) -> None:
        since = utc_text(NOW - timedelta(minutes=30))
        it = message(reason, replays, since)
        addressed, url, delay_seconds = to_be_addressed(it, replay_settings)
        assert (url, delay_seconds) == (queue_url, delay)
        assert addressed.attributes == {**it.attributes, "Replays": f"{counted} since {since}"}
        assert addressed._replace(attributes=it.attributes) == it

    @pytest.mark.parametrize(
        ("status", "something_passed", "minutes", "queue_url"),
        [
            (400, True, 29, QUEUE_URL),
            (400, True, 31, PARKED_URL),
            (422, True, 31, PARKED_URL),
            (413, True, 31, PARKED_URL),
            (400, False, 31, QUEUE_URL),
            (400, False, 24 * 60 + 1, PARKED_URL),
            (403, True, 23 * 60, QUEUE_URL),
            (403, True, 24 * 60 + 1, PARKED_URL),
            (500, True, 24 * 60 + 1, PARKED_URL),
            (None, False, 24 * 60 + 1, PARKED_URL),
        ],
    )
    def test_a_refusal_is_parked_only_after_the_time_for_its_status(
        self,
        status: int | None,
        something_passed: bool,
        minutes: int,
        queue_url: str,
        replay_settings: Settings,
    ) -> None:
        it = message(Reason.REJECTED, 50, utc_text(NOW - timedelta(minutes=minutes)), status)
        [(_, url, delay)] = address([it], replay_settings, NOW, something_passed=something_passed)
        assert url == queue_url
        assert delay == (900 if url == QUEUE_URL else 0)

    def test_a_manual_replay_delays_no_message(self, replay_settings: Settings) -> None:
        it = message(Reason.REJECTED)._replace(record=SourceRecord("m1"))
        assert to_be_addressed(it, replay_settings).delay_seconds == 0

    def test_without_a_parked_queue_nothing_is_addressed(self) -> None:
        with pytest.raises(SettingsError, match="PARKED_QUEUE_URL is not set"):
            to_be_addressed(message(Reason.UNAVAILABLE), settings())
        with pytest.raises(SettingsError, match="PARKED_QUEUE_URL is not set"):
            parked_queue_url(settings())
