"""Replay in the deployed stack, both ways: by command, and by the dead-letter queue itself.

What is left out here since it takes minutes: with `AutoReplay` on while the outage lasts, messages come back
half a minute to two minutes after each failed try. So it is switched on when the outage is over.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

from local.ingest_contract import Log
from local.reckoning import DeadLetter, Reckoning, dead_letters, event_ids, reckon, waiting
from local.samples import POISON, Event, Sample, in_stream, now, samples
from local.stack import Stack, switch_auto_replay
from local.story import Story, command, subscribe_all, wait
from tests.e2e.conftest import LONG_AGO, Deployment, refused_twice, told

pytestmark = pytest.mark.e2e
POISONED = "/aws/lambda/orders"
LOG_GROUPS = (POISONED, "/ecs/checkout", "/ecs/shop-frontend")
MAX_REPLAYS = "3"
"""The template's default of `MaxReplays`."""


@pytest.fixture
def story(deployment: Deployment) -> Iterator[Story]:
    with told(deployment) as story:
        subscribe_all(story.stack, stock())
        yield story


def stock(poisoned: str | None = None) -> list[Sample]:
    return [sample for sample in samples(now(), poisoned) if sample.log_group in LOG_GROUPS]


def live_through_an_outage(story: Story) -> list[DeadLetter]:
    """Have an outage; return what is in the dead-letter queue when it is over."""
    story.bring_down()
    story.put(in_stream(sample, "during-the-outage") for sample in stock())
    stored = story.dead_letters()
    story.bring_up()
    return stored


def shipctl(stack: Stack, output: str) -> subprocess.CompletedProcess[str]:
    """Run a command from the outputs of the stack."""
    return subprocess.run(
        command(stack, output),
        env=stack.account.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def auto_replay(stack: Stack) -> Iterator[None]:
    switch_auto_replay(stack, True)
    try:
        yield
    finally:
        switch_auto_replay(stack, False)


def poisonous(events: list[Event]) -> list[Event]:
    return [event for event in events if event.message == POISON]


def ids(logs: list[Log]) -> Counter[str]:
    return Counter(identifier for log in logs for identifier in event_ids(log))


class Seen(NamedTuple):
    story: Story
    stored: list[DeadLetter]
    during: Reckoning
    stats: str
    replay: subprocess.CompletedProcess[str]
    after: Reckoning
    left: list[DeadLetter]


@pytest.fixture(scope="module")
def seen(deployment: Deployment) -> Iterator[Seen]:
    """Do what `make run` shows: a poisonous log, an outage, and replay by command when it is over."""
    with told(deployment) as story:
        subscribe_all(story.stack, stock())
        story.put(stock(POISONED))
        stored = live_through_an_outage(story)
        during = story.reckoning()
        stats = shipctl(story.stack, "DeadLetterStatsCommand").stdout
        replay = shipctl(story.stack, "ReplayCommand")
        yield Seen(story, stored, during, stats, replay, story.reckoning(), story.dead_letters())


def test_every_event_waits_in_the_queue_during_an_outage(seen: Seen) -> None:
    in_the_outage = [event for event in seen.story.events if event.log_stream == "during-the-outage"]

    assert in_the_outage
    assert seen.during.closes
    assert set(seen.during.dead_lettered) == {*in_the_outage, *poisonous(seen.story.events)}


def test_stats_says_how_many_wait_and_why(seen: Seen) -> None:
    visible = len(seen.during.dead_lettered) - 1

    assert f"\n{visible} log events wait in {len(seen.stored) - 1} messages\n" in seen.stats
    assert "\n1 message delayed: rejected by LogInformant" in seen.stats
    assert "unavailable" in seen.stats
    assert "503" in seen.stats
    assert "AutoReplay is off" in seen.stats


def test_the_command_delivers_every_event_exactly_once(seen: Seen) -> None:
    assert seen.after.closes
    assert seen.after.dead_lettered == poisonous(seen.story.events)
    assert len(seen.after.delivered) == len(seen.story.events) - 1


def test_exactly_the_events_that_waited_arrive(seen: Seen) -> None:
    waited = {
        identifier
        for letter in seen.stored
        if letter.attributes["Reason"] == "unavailable"
        for identifier in letter.event_ids
    }
    arrived = ids(seen.story.logs)

    assert waited <= set(arrived)
    assert set(arrived.values()) == {1}


def test_the_command_says_what_was_delivered_and_what_is_delayed(seen: Seen) -> None:
    delivered = len(seen.during.dead_lettered) - 1

    assert seen.replay.returncode == 1, "something is left"
    assert seen.replay.stdout.startswith(f"{delivered} log events delivered; ")
    assert "1 message delayed, not tried" in seen.replay.stdout


def test_the_poisonous_log_waits_for_its_next_replay(seen: Seen) -> None:
    (letter,) = seen.left

    assert [event.message for event in letter.events] == [POISON]
    assert letter.attributes["Reason"] == "rejected"
    assert letter.attributes["Replays"] == f"0 since {letter.attributes['FailedAt']}"


def test_the_command_empties_the_queue_after_an_outage_without_bad_logs(story: Story) -> None:
    stored = live_through_an_outage(story)
    replay = shipctl(story.stack, "ReplayCommand")
    reckoning = story.reckoning()

    assert waiting(story.stack) == waiting(story.stack, "ParkedQueueUrl") == 0
    assert replay.returncode == 0
    assert len(stored) == len(LOG_GROUPS)
    assert reckoning.closes
    assert len(reckoning.delivered) == len(story.events)


def test_auto_replay_empties_the_queue_after_an_outage_without_bad_logs(story: Story) -> None:
    stored = live_through_an_outage(story)
    before = story.logs
    with auto_replay(story.stack):
        wait("the queue did not empty itself", lambda: waiting(story.stack) == 0)
    reckoning = story.reckoning()

    assert before == []
    assert len(stored) == len(LOG_GROUPS)
    assert waiting(story.stack, "ParkedQueueUrl") == 0
    assert reckoning.closes
    assert len(reckoning.delivered) == len(story.events)
    assert ids(story.logs) == Counter(identifier for letter in stored for identifier in letter.event_ids)


def test_a_log_that_is_refused_repeatedly_is_parked_and_delays_no_other(story: Story) -> None:
    """Parking takes three refusals in half an hour; only the third happens in this test."""
    story.put(stock(POISONED))
    refused_twice(story)
    live_through_an_outage(story)
    with auto_replay(story.stack):
        wait("the queue did not empty itself", lambda: waiting(story.stack) == 0)
    (parked,) = dead_letters(story.stack, "ParkedQueueUrl")
    reckoning = reckon(story.events, story.logs, [parked])

    assert parked.attributes["Reason"] == "rejected"
    assert parked.attributes["Replays"] == f"{MAX_REPLAYS} since {LONG_AGO}"
    assert reckoning.closes
    assert reckoning.dead_lettered == poisonous(story.events)
    assert len(reckoning.delivered) == len(story.events) - 1
