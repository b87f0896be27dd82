import pytest
from loginformant_shipper.dead_letters.messages import Addressed, DeadLetterMessage
from loginformant_shipper.dead_letters.replay import (
    MAY_PASS,
    NEEDS_A_PERSON,
    address,
    parked_queue_url,
    records_to_return,
    split_off,
)
from loginformant_shipper.delivery.batching import Batch, batch_of
from loginformant_shipper.delivery.dispatcher import Failed
from loginformant_shipper.events import SourceRecord, Undecodable
from loginformant_shipper.failures import Failure, Reason
from loginformant_shipper.settings import Settings, SettingsError

from tests.unit.sample_data import ORDERS, QUEUE_URL, a_batch, an_entry, settings

PARKED_URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/parked"
FIRST, SECOND = SourceRecord("m1", "handle 1"), SourceRecord("m2", "handle 2")
REFUSALS = set(Reason) - MAY_PASS - NEEDS_A_PERSON


def batch_of_records(*records: SourceRecord) -> Batch:
    """A batch with one log of each record, not to be sent any more."""
    return batch_of(
        [an_entry(record.identifier, origin=ORDERS._replace(record=record)) for record in records]
    ).without_body()


def failed(reason: Reason, *records: SourceRecord) -> Failed:
    return Failed(batch_of_records(*records), Failure(reason))


def undecodable(record: SourceRecord | None) -> Undecodable:
    return Undecodable(Reason.MALFORMED, "not JSON", "rubbish", record)


def message(reason: Reason, replays: int | None = 0) -> DeadLetterMessage:
    """`replays` is None for what came in no record."""
    record = None if replays is None else SourceRecord("m1", replays=replays)
    attributes = {"Reason": reason.value, "Replays": str(replays or 0), "FirstFailedAt": "then"}
    return DeadLetterMessage("body", attributes, Failure(reason), 1, record)


@pytest.fixture
def replay_settings() -> Settings:
    return settings(PARKED_QUEUE_URL=PARKED_URL, MAX_REPLAYS="3")


def test_a_failure_passes_or_it_needs_a_person_or_it_is_a_refusal() -> None:
    assert not MAY_PASS & NEEDS_A_PERSON
    assert {Reason.REJECTED, Reason.UNDETERMINED, Reason.TOO_LARGE} == REFUSALS


class TestRecordsToReturn:
    @pytest.mark.parametrize("reason", sorted(MAY_PASS))
    def test_one_of_which_nothing_was_delivered_and_whose_failure_may_pass(self, reason: Reason) -> None:
        assert records_to_return([failed(reason, FIRST)], [], set()) == {FIRST}

    @pytest.mark.parametrize("reason", sorted(REFUSALS))
    def test_none_that_was_refused(self, reason: Reason) -> None:
        assert records_to_return([failed(reason, FIRST)], [], set()) == set()

    def test_none_that_was_delivered_in_part(self) -> None:
        assert records_to_return([failed(Reason.UNAVAILABLE, FIRST)], [], {FIRST}) == set()

    def test_none_that_cannot_be_read(self) -> None:
        assert records_to_return([], [undecodable(FIRST)], set()) == set()

    def test_none_that_can_be_read_in_part_only(self) -> None:
        assert records_to_return([failed(Reason.UNAVAILABLE, FIRST)], [undecodable(FIRST)], set()) == set()

    def test_none_of_which_one_part_was_refused(self) -> None:
        failures = [failed(Reason.UNAVAILABLE, FIRST, SECOND), failed(Reason.REJECTED, FIRST)]
        assert records_to_return(failures, [], set()) == {SECOND}

    def test_one_that_failed_in_several_ways_which_may_all_pass(self) -> None:
        failures = [failed(Reason.UNAVAILABLE, FIRST), failed(Reason.OUT_OF_TIME, FIRST)]
        assert records_to_return(failures, [], set()) == {FIRST}

    def test_its_neighbour_in_the_batch_does_not_matter(self) -> None:
        assert records_to_return([failed(Reason.THROTTLED, FIRST, SECOND)], [], {FIRST}) == {SECOND}

    def test_what_came_in_no_record_cannot_go_back(self) -> None:
        failures = [Failed(a_batch("a"), Failure(Reason.UNAVAILABLE))]
        assert records_to_return(failures, [undecodable(None)], set()) == set()


class TestSplitOff:
    def test_a_batch_of_several_records_is_taken_apart_in_order(self) -> None:
        whole = failed(Reason.UNAVAILABLE, FIRST, SECOND, FIRST)
        inside, outside = split_off([whole], {SECOND})
        assert inside == [failed(Reason.UNAVAILABLE, SECOND)]
        assert outside == [failed(Reason.UNAVAILABLE, FIRST, FIRST)]

    def test_no_batch_is_left_empty(self) -> None:
        failures = [failed(Reason.UNAVAILABLE, FIRST), failed(Reason.REJECTED, SECOND)]
        assert split_off(failures, {FIRST}) == (failures[:1], failures[1:])
        assert split_off(failures, set()) == ([], failures)

    def test_what_came_in_no_record_is_with_the_others(self) -> None:
        failures = [Failed(a_batch("a", "b").without_body(), Failure(Reason.UNAVAILABLE))]
        assert split_off(failures, {FIRST}) == ([], failures)


class TestAddress:
    @pytest.mark.parametrize("reason", sorted(MAY_PASS))
    def test_what_may_pass_waits_on_and_counts_no_replay(
        self, reason: Reason, replay_settings: Settings
    ) -> None:
        it = message(reason, replays=99)
        assert list(address([it], replay_settings)) == [Addressed(it, QUEUE_URL)]

    @pytest.mark.parametrize("reason", sorted(NEEDS_A_PERSON))
    def test_what_needs_a_person_is_parked_at_once(self, reason: Reason, replay_settings: Settings) -> None:
        it = message(reason)
        assert list(address([it], replay_settings)) == [Addressed(it, PARKED_URL)]

    @pytest.mark.parametrize("reason", sorted(REFUSALS))
    @pytest.mark.parametrize(
        ("replays", "counted", "queue_url"),
        [
            (0, "1", QUEUE_URL),
            (1, "2", QUEUE_URL),
            (2, "3", PARKED_URL),
            (7, "8", PARKED_URL),
            (None, "1", QUEUE_URL),
        ],
    )
    def test_a_refusal_counts_and_the_last_one_parks(
        self, reason: Reason, replays: int | None, counted: str, queue_url: str, replay_settings: Settings
    ) -> None:
        it = message(reason, replays)
        [(addressed, url)] = address([it], replay_settings)
        assert url == queue_url
        assert addressed.attributes == {**it.attributes, "Replays": counted}
        assert addressed._replace(attributes=it.attributes) == it

    def test_without_a_parked_queue_nothing_is_addressed(self) -> None:
        with pytest.raises(SettingsError, match="PARKED_QUEUE_URL is not set"):
            list(address([message(Reason.UNAVAILABLE)], settings()))
        with pytest.raises(SettingsError, match="PARKED_QUEUE_URL is not set"):
            parked_queue_url(settings())
