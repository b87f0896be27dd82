import gc
import threading
from queue import SimpleQueue

import boto3
import pytest
from loginformant_shipper.delivery.senders import THREAD, KeyFetched, SendEnded, ThreadedSenders
from loginformant_shipper.settings import load_settings

from local.faults import Fault, Manner
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from tests.unit.sample_data import ENVIRON, settings

BODY = b'{"logs":[{"level":"Error","message":"x"}]}'
LONG = 60.0


def senders_to(api: IngestApi) -> ThreadedSenders:
    return ThreadedSenders(settings(INGEST_URL=api.url))


def status_of(senders: ThreadedSenders, ticket: int) -> int | None:
    senders.send(ticket, BODY, LOCAL_KEY, LONG)
    ended = senders.wait(LONG)
    assert isinstance(ended, SendEnded)
    assert ended.ticket == ticket
    return ended.outcome.status


def test_consecutive_requests_share_a_connection() -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        assert [status_of(senders, ticket) for ticket in (1, 2, 3)] == [200, 200, 200]
        assert api.connections == 1


def test_concurrent_requests_complete_in_any_order() -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        for ticket in (1, 2, 3):
            senders.send(ticket, BODY, LOCAL_KEY, LONG)
        ended = [senders.wait(LONG) for _ in range(3)]
        assert {it.ticket for it in ended if it} == {1, 2, 3}
        assert len(api.logs) == 3


def sender_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == THREAD}


def test_a_connection_keeps_its_thread_and_the_thread_ends_with_it() -> None:
    with ingest_api() as api:
        before = sender_threads()
        senders = senders_to(api)
        assert [status_of(senders, ticket) for ticket in (1, 2)] == [200, 200]
        [thread] = sender_threads() - before
        del senders
        gc.collect()
        thread.join(LONG)
        assert not thread.is_alive()


def test_waiting_ends_after_its_time_without_a_completion() -> None:
    senders = ThreadedSenders(settings())
    assert senders.wait(0.0) is None
    assert senders.wait(-5.0) is None


def test_the_completion_of_an_abandoned_request_is_ignored_and_its_connection_is_not_used_again() -> None:
    with ingest_api() as api:
        before = sender_threads()
        senders = senders_to(api)
        api.fault(Fault(manner=Manner.HANG))
        senders.send(1, BODY, LOCAL_KEY, LONG)
        assert api.wait_for(lambda: len(api.requests) == 1, LONG)
        assert senders.abandon(1) is None
        [thread] = sender_threads() - before
        late = senders.wait(LONG)
        assert isinstance(late, SendEnded)
        assert (late.ticket, late.outcome.status) == (1, None)
        thread.join(LONG)
        assert not thread.is_alive()
        assert status_of(senders, 2) == 200
        assert api.connections == 2


def test_the_status_of_an_answer_that_was_not_yet_seen_counts_when_its_request_is_abandoned() -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        senders.send(1, BODY, LOCAL_KEY, LONG)
        completed = senders._completions.get(timeout=LONG)
        assert isinstance(completed, SendEnded)
        answered = senders.abandon(1)
        assert answered is not None
        assert answered.status == 200


def test_the_answer_to_an_earlier_request_does_not_count_for_one_that_never_began(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ingest_api() as api:
        senders = senders_to(api)
        assert status_of(senders, 1) == 200
        monkeypatch.setattr(senders._idle[0], "_requests", SimpleQueue())  # its thread never runs
        senders.send(2, BODY, LOCAL_KEY, LONG)
        assert senders.abandon(2) is None


def test_a_request_that_could_not_begin_can_be_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivery abandons every request that it began; an exhausted memory must not be hidden by that."""

    def exhausted(*arguments: object) -> None:
        raise MemoryError

    senders = ThreadedSenders(settings())
    monkeypatch.setattr("loginformant_shipper.delivery.senders.Connection", exhausted)
    with pytest.raises(MemoryError):
        senders.send(1, BODY, LOCAL_KEY, LONG)
    assert senders.abandon(1) is None


def test_a_fetched_key_is_a_completion(aws: None) -> None:
    arn = boto3.client("secretsmanager").create_secret(Name="key", SecretString="k-1")["ARN"]
    senders = ThreadedSenders(load_settings({**ENVIRON, "API_KEY_SECRET_ARN": arn}))
    senders.fetch_key(5)
    assert senders.wait(LONG) == KeyFetched(5, "k-1", "")


def test_a_key_that_cannot_be_read_is_a_completion(aws: None) -> None:
    senders = ThreadedSenders(settings())
    senders.fetch_key(5)
    completion = senders.wait(LONG)
    assert isinstance(completion, KeyFetched)
    assert completion.key is None
    assert completion.detail.startswith("secret arn:")
