"""A simulation of 100,000 log groups, in which time passes only during requests and pauses."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.subscriptions import subscriber
from loginformant_shipper.subscriptions.plan import STANDARD, LogGroup
from loginformant_shipper.subscriptions.staleness import Installation
from loginformant_shipper.subscriptions.subscriber import Dependencies, handle
from loginformant_shipper.subscriptions.turns import TURN_SECONDS, TURNS, in_order, is_due, turns_for

from tests.unit.subscriptions.logs_account import DESTINATION, ENVIRON, NAME
from tests.unit.subscriptions.test_custom_resource import event

PROJECT = Path(__file__).parents[3]
PAGE = 50
"""The most log groups in an answer ("DescribeLogGroups", Amazon CloudWatch Logs API Reference)."""
LATENCY_SECONDS = 0.05
FUNCTION_SECONDS = 900.0
MAX_REQUESTS_PER_SECOND = {"DescribeLogGroups": 10}
"""Other operations: 5 ("CloudWatch Logs quotas", Amazon CloudWatch Logs User Guide)."""
DEPLOYED_AT = 1_800_000_000 - 1_800_000_000 % TURN_SECONDS + 200.0


def names(count: int) -> list[str]:
    return [f"/aws/lambda/service-{number % 97}-function-{number:06}" for number in range(count)]


class LargeAccount:
    """Stand in for CloudWatch Logs and a clock, without botocore because of half a million requests."""

    def __init__(self, count: int) -> None:
        self.time = DEPLOYED_AT
        self.names = sorted(
            f"/aws/lambda/service-{number % 97}-function-{number:06}" for number in range(count)
        )
        self.created: dict[str, int] = {}
        self.subscribed: set[str] = set()
        self.requests: Counter[str] = Counter()
        self.fastest: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def describe_log_groups(self, **given: Any) -> dict[str, Any]:
        self._pass("DescribeLogGroups")
        start = int(given.get("nextToken", "0"))
        page = [
            {"logGroupName": name, "logGroupClass": STANDARD, "creationTime": self.created.get(name, 0)}
            for name in self.names[start : start + PAGE]
        ]
        more = {"nextToken": str(start + PAGE)} if start + PAGE < len(self.names) else {}
        return {"logGroups": page, **more}

    def describe_subscription_filters(self, **given: Any) -> dict[str, Any]:
        self._pass("DescribeSubscriptionFilters")
        ours = {"filterName": NAME, "destinationArn": DESTINATION, "filterPattern": ""}
        return {"subscriptionFilters": [ours] if given["logGroupName"] in self.subscribed else []}

    def put_subscription_filter(self, **given: Any) -> dict[str, Any]:
        self._pass("PutSubscriptionFilter")
        self.subscribed.add(given["logGroupName"])
        return {}

    def _pass(self, operation: str) -> None:
        self.requests[operation] += 1
        since = self.time - self._last.get(operation, 0.0)
        self.fastest[operation] = min(self.fastest.get(operation, since), since)
        self._last[operation] = self.time
        self.time += LATENCY_SECONDS

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def run(self, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke the subscriber once, and check that it ends before Lambda's timeout."""
        end = self.time + FUNCTION_SECONDS
        client: Any = self
        later: list[dict[str, Any]] = []
        dependencies = Dependencies(
            ENVIRON | {"LOG_GROUPS": "*", "SUBSCRIBE_REQUESTS_PER_SECOND": "4"},
            client,
            later.append,
            lambda: end - self.time,
            Installation(lambda: "UPDATE_COMPLETE", dict),
            now=lambda: self.time,
            monotonic=lambda: self.time,
            sleep=self.sleep,
        )
        result = handle(event, dependencies)
        assert self.time < end
        assert later == [], "no chain of continuations"
        return result

    def deploy(self) -> None:
        self.run(event())

    def tick(self) -> dict[str, Any]:
        """Wait until the schedule, cron(7/15 * * * ? *), and invoke the subscriber."""
        turn = int((self.time - 420) // TURN_SECONDS) + 1
        self.time = turn * TURN_SECONDS + 420.0
        return self.run({"reconcile": "share"})

    def keeps_to_the_quotas(self) -> bool:
        return all(
            seconds >= 1 / MAX_REQUESTS_PER_SECOND.get(operation, 5)
            for operation, seconds in self.fastest.items()
        )


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send no answers to CloudFormation."""
    monkeypatch.setattr(subscriber, "answer", lambda *_, **__: None)


def rows() -> list[tuple[int, int, float]]:
    """Return the document's log groups, those subscribed by the deployment, and hours until all are."""
    text = (PROJECT / "docs" / "subscriptions.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| ([\d.]+) h \|$", text, re.MULTILINE)
    return [
        (int(count.replace(",", "")), int(first.replace(",", "")), float(hours))
        for count, first, hours in found
    ]


@pytest.mark.usefixtures("unanswered")
@pytest.mark.parametrize(("count", "first", "hours"), rows())
def test_an_account_is_subscribed_in_the_documented_time(count: int, first: int, hours: float) -> None:
    """At four requests a second, 100,000 log groups take seven hours."""
    account = LargeAccount(count)
    account.deploy()
    assert round(len(account.subscribed), -2) == first
    while len(account.subscribed) < count:
        account.tick()
        assert account.time - DEPLOYED_AT < (hours + 1) * 3600, len(account.subscribed)
    assert round((account.time - DEPLOYED_AT) / 3600, 1) == hours
    assert account.keeps_to_the_quotas()


def test_a_new_log_group_in_a_large_account_is_subscribed_by_the_next_tick() -> None:
    account = LargeAccount(20_000)
    account.subscribed = set(account.names)
    account.names.append("/new/one")
    account.created["/new/one"] = int(account.time * 1000)
    account.tick()
    assert "/new/one" in account.subscribed


def test_the_document_has_rows_up_to_100000_log_groups() -> None:
    assert [count for count, _, _ in rows()] == [2_000, 5_000, 10_000, 30_000, 100_000]


def test_each_log_group_is_checked_and_repaired_once_in_eight_hours() -> None:
    account = LargeAccount(5_000)
    account.subscribed = set(account.names)
    account.tick()
    account.requests.clear()
    for _ in range(TURNS):
        account.tick()
    assert account.requests["DescribeSubscriptionFilters"] == 5_000
    assert account.requests["PutSubscriptionFilter"] == 0
    account.subscribed -= set(account.names[::500])
    for _ in range(TURNS):
        account.tick()
    assert account.subscribed == set(account.names)


def test_log_groups_of_a_missed_invocation_are_repaired_within_a_round() -> None:
    """The subscriber keeps no state that could be lost with an invocation."""
    account = LargeAccount(3_000)
    account.subscribed = set(account.names)
    account.tick()
    account.subscribed.clear()
    account.subscribed |= set(account.names[1:])
    account.time += 3 * TURN_SECONDS
    for _ in range(TURNS):
        account.tick()
    assert account.subscribed == set(account.names)


# --- turns ---


def test_log_groups_are_spread_evenly_over_turns() -> None:
    """A turn that had twice as many log groups as the others would not fit."""
    sizes = [sum(is_due(name, turn) for name in names(10_000)) for turn in range(TURNS)]
    assert sum(sizes) == 10_000
    assert max(sizes) < 1.2 * 10_000 / TURNS


@pytest.mark.parametrize(
    ("count", "fitting", "turns"),
    [
        (0, 100, 1),
        (100, 100, 1),
        (101, 100, 2),
        (399, 100, 4),
        (1600, 100, 16),
        (10**6, 100, TURNS),
        (5, 0, TURNS),
    ],
)
def test_the_number_of_turns_makes_a_share_fit(count: int, fitting: int, turns: int) -> None:
    assert turns_for(count, fitting) == turns


def test_a_larger_share_contains_the_smaller_one() -> None:
    for turn in range(TURNS):
        shares = [
            {name for name in names(1000) if is_due(name, turn, turns)} for turns in (1, 2, 4, 8, 16, 32)
        ]
        assert all(smaller <= larger for larger, smaller in pairwise(shares))


def test_log_groups_are_ordered_by_how_long_ago_their_turn_was() -> None:
    groups = [LogGroup(f"name-{number}", STANDARD, 0) for number in range(500)]
    ordered = [group.name for group in in_order(groups, 77, 8)]
    waits = [next(wait for wait in range(8) if is_due(name, 77 - wait, 8)) for name in ordered]
    assert waits == sorted(waits)
    later = [group.name for group in in_order(groups, 77 + 8, 8)]
    assert later != ordered, "within a turn the order is another one each time"
