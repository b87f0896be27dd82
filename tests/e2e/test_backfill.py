"""`shipctl backfill` in the deployed stack: past events arrive once, however often it is interrupted."""

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from shipctl.backfill.records import FIRST_EVENTS

from local.faults import Fault
from local.stack import PROJECT
from tests.e2e.conftest import Deployment, told
from tests.e2e.logs_front import in_front_of_logs
from tests.e2e.past import Past, past_events

pytestmark = [pytest.mark.e2e, pytest.mark.trial]

LOG_GROUP = "/aws/lambda/orders"
EVENTS = 100_000
BEGIN = 1_793_000_000_000
INTERRUPTED_AT_PAGES = (3, 7, 12)
SPAN = ("--since", "2026-10-25T00:00", "--until", "2026-11-28T00:00")
SECONDS = 300


@contextmanager
def at(deployment: Deployment, past: Past, state: Path) -> Iterator[dict[str, str]]:
    """Return the environment of a shell in which the log group has those past events."""
    account = deployment.stack.account
    with in_front_of_logs(account, past) as logs:
        yield account.environment | {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs, "XDG_STATE_HOME": str(state)}


class Process:
    """`shipctl backfill`, as it is started from a shell."""

    def __init__(self, environment: Mapping[str, str], *more: str) -> None:
        command = [sys.executable, "-m", "shipctl", "backfill", "--log-group", LOG_GROUP, "--json", *more]
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def interrupt(self) -> None:
        assert self._process.poll() is None, "it ended before it was interrupted"
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, dict[str, Any], str]:
        """Wait for the end; return exit status, document and standard error."""
        output, said = self._process.communicate(timeout=SECONDS)
        return self._process.returncode, json.loads(output) if output else {}, said


def test_100_000_log_events_arrive_once_when_the_command_is_interrupted_three_times(
    deployment: Deployment, tmp_path: Path
) -> None:
    events = past_events(EVENTS, BEGIN, 50)
    interrupted = {page: threading.Event() for page in INTERRUPTED_AT_PAGES}
    reached = {page: threading.Event() for page in INTERRUPTED_AT_PAGES}

    def before_page(number: int) -> None:
        if number in interrupted:
            reached[number].set()
            assert interrupted[number].wait(SECONDS)

    past = Past({LOG_GROUP: events}, before_page)
    with told(deployment) as story, at(deployment, past, tmp_path) as environment:
        done = 0
        for page in INTERRUPTED_AT_PAGES:
            process = Process(environment, *SPAN)
            assert reached[page].wait(SECONDS), process.end()
            process.interrupt()
            interrupted[page].set()
            status, document, said = process.end()
            assert status == 130, said
            assert "stopping after the current batch" in said
            assert done < document["delivered"] < EVENTS
            assert (document["byEarlierRuns"], document["uncertain"], document["isComplete"]) == (
                done,
                0,
                False,
            )
            done = document["delivered"]
        status, document, said = Process(environment, *SPAN).end()
        assert (status, document["delivered"], document["isComplete"]) == (0, EVENTS, True), said
        arrived = Counter(log["properties"]["eventId"] for log in story.logs)
        assert arrived == Counter(event["eventId"] for event in events)
        of_first = next(log for log in story.logs if log["properties"]["eventId"] == events[0]["eventId"])
        assert of_first["timestamp"] == "2026-10-26T07:33:20.000Z"
        assert of_first["properties"]["logStream"] == events[0]["logStreamName"]

        asked = past.pages
        status, document, said = Process(environment, *SPAN).end()
        assert (status, document["delivered"], past.pages) == (0, EVENTS, asked)
        assert "all of this has already been shipped" in said
        assert len(story.logs) == EVENTS


def test_undeliverable_events_wait_in_the_queue_and_are_not_shipped_again(
    deployment: Deployment, tmp_path: Path
) -> None:
    events = past_events(500, BEGIN, 50)
    first = {event["eventId"] for event in events[:FIRST_EVENTS]}
    past = Past({LOG_GROUP: events})
    with told(deployment) as story, at(deployment, past, tmp_path) as environment:
        story.api.fault(Fault(status=404, times=None))
        status, document, said = Process(environment, *SPAN).end()
        assert (status, document["deadLettered"], document["delivered"]) == (1, FIRST_EVENTS, 0), said
        assert "nothing was delivered: misconfigured 404" in said
        waiting = [identifier for letter in story.dead_letters() for identifier in letter.event_ids]
        assert Counter(waiting) == Counter(first)

        story.bring_up()
        status, document, said = Process(environment, *SPAN).end()
        assert (status, document["delivered"], document["isComplete"]) == (1, 400, True), said
        arrived = Counter(log["properties"]["eventId"] for log in story.logs)
        assert arrived == Counter(event["eventId"] for event in events[FIRST_EVENTS:])
