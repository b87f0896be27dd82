"""`shipctl audit` finds what CloudWatch Logs did not forward, and the backfill that it names repairs it.

Metrics of CloudWatch Logs and past log events are emulated here; the backfill, its deliveries and the metrics
of the shipper are those of the deployed stack.
"""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.stack import PROJECT
from local.story import wait
from tests.e2e.conftest import Deployment, told
from tests.e2e.insights import Insights, Told, put_metrics
from tests.e2e.logs_front import Answer, in_front_of_logs
from tests.e2e.past import Past

pytestmark = [pytest.mark.e2e, pytest.mark.trial]

LOG_GROUPS = [f"/aws/lambda/f{number:03}" for number in range(200)]
BROKEN = LOG_GROUPS[117]
A_MINUTE = 12
"""Log events of the broken log group in a minute; the others have one in five minutes."""
SECONDS = 300


def shipctl(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "shipctl", *arguments],
        cwd=PROJECT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def audit(environment: Mapping[str, str]) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Return the exit status, the document, and its entry for the broken log group."""
    status, output, said = shipctl(environment, "audit", "--since", "150m", "--json")
    assert output, said
    found = json.loads(output)
    return status, found, next(group for group in found["logGroups"] if group["name"] == BROKEN)


def logged(log_group: str, since: int, until: int) -> dict[int, int]:
    if log_group == BROKEN:
        return dict.fromkeys(range(since, until), A_MINUTE)
    first = LOG_GROUPS.index(log_group) % 5
    return {minute: 1 for minute in range(since, until) if minute % 5 == first}


def events_of(series: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return log events that arrived ten seconds after their own time."""
    return [
        {
            "eventId": f"{minute:040d}{number:016d}",
            "timestamp": minute * 60_000 + number * 4000 - 10_000,
            "ingestionTime": minute * 60_000 + number * 4000,
            "logStreamName": "a",
            "message": f"order {number} of minute {minute}",
        }
        for minute, count in sorted(series.items())
        for number in range(count)
    ]


def test_audit_finds_a_ten_minute_gap_in_one_of_200_log_groups_and_backfill_closes_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    stack = deployment.stack
    now = int(time.time()) // 60
    begin, gap = now - 300, range(now - 95, now - 85)
    history = []
    for log_group in LOG_GROUPS:
        series = logged(log_group, begin, now)
        arrived = {m: n for m, n in series.items() if log_group != BROKEN or m not in gap}
        put_metrics(stack, "IncomingLogEvents", {"LogGroupName": log_group}, series)
        about = {"LogGroupName": log_group, "DestinationType": "Lambda", "FilterName": "all"}
        put_metrics(stack, "ForwardedLogEvents", about, arrived)
        history += [
            Told(minute, log_group, "subscription", {"received": number, "delivered": number})
            for minute, number in arrived.items()
        ]
    past = Past({BROKEN: events_of(logged(BROKEN, begin, now))})
    insights = Insights(stack, history, now)

    def answered(operation: str, given: dict[str, Any]) -> Answer | None:
        return past(operation, given) or insights(operation, given)

    with told(deployment) as story, in_front_of_logs(stack.account, answered) as logs:
        environment = stack.account.environment | {
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": logs,
            "XDG_STATE_HOME": str(tmp_path),
        }
        status, found, broken = audit(environment)
        states = {group["name"]: group["state"] for group in found["logGroups"]}
        assert status == 1
        assert states == dict.fromkeys(LOG_GROUPS, "complete") | {BROKEN: "not-forwarded"}
        assert broken["missing"] == 10 * A_MINUTE
        assert broken["logged"] - broken["received"] == 10 * A_MINUTE
        assert broken["received"] == broken["forwarded"] == broken["delivered"]
        [repair] = broken["repairs"]

        status, output, _ = shipctl(environment, "audit", "--since", "150m")
        assert status == 1
        assert "log events are missing in 1 of 200 log groups" in output
        assert repair in output

        name, *arguments = shlex.split(repair)
        assert name == "shipctl"
        status, _, said = shipctl(environment, *arguments)
        assert status == 0, said
        shipped = {log["properties"]["eventId"] for log in story.logs}
        missing = {event["eventId"] for event in events_of(dict.fromkeys(gap, A_MINUTE))}
        assert missing <= shipped
        assert len(story.logs) == len(shipped) == 12 * A_MINUTE, "the gap, and a minute on both sides"

        wait("the shipper logs no metrics", lambda: any(row.source == "backfill" for row in insights.own()))
        status, found, broken = audit(environment)
        assert (status, broken["state"], broken["backfilled"]) == (0, "repaired", 12 * A_MINUTE)
