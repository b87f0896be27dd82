"""An audit reads AWS's counts, which the tests supply, and reports each log group."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from loginformant_shipper.events import Source
from loginformant_shipper.subscriptions.plan import Filter, LogGroup
from loginformant_shipper.subscriptions.subscription_settings import SubscriptionSettings
from shipctl import options
from shipctl.audit import cloudwatch, command, own_counts
from shipctl.audit.cloudwatch import AwsMetric
from shipctl.audit.own_counts import Row, pieces
from shipctl.stack import Stack

from tests.unit.shipctl import fake_installation
from tests.unit.shipctl.conftest import Run

NOW = int(datetime.now(UTC).timestamp()) // 60
STEADY = dict.fromkeys(range(NOW - 400, NOW), 10)
GAP = {minute: number for minute, number in STEADY.items() if not NOW - 90 <= minute < NOW - 80}
OURS = "loginformant-shipper-subscriber"


@dataclass
class Account:
    """Hold an account's series by log group: `logged`, `forwarded` by filter, `told` by source."""

    settings: dict[str, Any] = field(default_factory=dict)
    logged: dict[str, Mapping[int, int]] = field(default_factory=dict)
    forwarded: dict[tuple[str, str], Mapping[int, int]] = field(default_factory=dict)
    told: dict[tuple[str, Source], Mapping[int, int]] = field(default_factory=dict)
    there: dict[str, list[Filter]] = field(default_factory=dict)
    by_minutes: set[str] = field(default_factory=set)
    """Log groups whose minutes were read, except minutes after the last whole hour."""

    def subscribe(self, name: str, arrived: Mapping[int, int], logged: Mapping[int, int] = STEADY) -> None:
        self.logged[name] = logged
        self.forwarded[name, OURS] = arrived
        self.told[name, Source.SUBSCRIPTION] = arrived
        self.there[name] = [Filter(OURS, fake_installation.ARN, "")]

    def subscription_settings(self) -> SubscriptionSettings:
        given: dict[str, Any] = {
            "stack_name": "loginformant-shipper",
            "log_groups": ("*",),
            "excluded": (),
            "own_log_groups": frozenset(),
            "filter_name": OURS,
            "filter_pattern": "",
            "destination_arn": fake_installation.ARN,
            "account_wide": False,
            "requests_per_second": 4,
        }
        return SubscriptionSettings(**given | self.settings)

    # The methods of `LogsApi`:

    def log_groups(self) -> Iterator[LogGroup]:
        return (LogGroup(name, "STANDARD", 0) for name in self.logged)

    def filters(self, name: str) -> list[Filter]:
        return self.there.get(name, [])

    # The replacements of the functions that read AWS:

    def list_metrics(self, stack: Stack) -> list[AwsMetric]:
        return [_forwarded(name, filter_name) for name, filter_name in self.forwarded]

    def read(
        self, stack: Stack, metrics: Iterable[AwsMetric], since: int, until: int, minutes: int
    ) -> Mapping[AwsMetric, Mapping[int, int]]:
        found = {}
        for metric in metrics:
            if metric.name == cloudwatch.INCOMING:
                series = self.logged.get(metric.log_group, {})
                if minutes == 1 and since < NOW // 60 * 60:
                    self.by_minutes.add(metric.log_group)
            else:
                series = self.forwarded[metric.log_group, dict(metric.dimensions)["FilterName"]]
            found[metric] = summed(series, since, until, minutes)
        return found

    def names(self, stack: Stack, since: int, until: int) -> frozenset[str]:
        return frozenset(name for name, _ in self.told)

    def rows(self, stack: Stack, names: Sequence[str], since: int, until: int, minutes: int) -> Iterator[Row]:
        for (name, source), series in self.told.items():
            if name in names:
                for minute, number in summed(series, since, until, minutes).items():
                    yield Row(name, source, minute, number, 0, number, 0)


def _forwarded(log_group: str, filter_name: str) -> AwsMetric:
    dimensions = {"LogGroupName": log_group, "DestinationType": "Lambda", "FilterName": filter_name}
    given = tuple((name, value) for name, value in dimensions.items() if value)
    return AwsMetric(cloudwatch.FORWARDED, log_group, given)


def summed(series: Mapping[int, int], since: int, until: int, minutes: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for minute, number in series.items():
        if since <= minute < until:
            period = minute // minutes * minutes
            found[period] = found.get(period, 0) + number
    return found


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    monkeypatch.setattr(options, "find_stack", lambda *_: fake_installation.stack())
    monkeypatch.setattr(command, "settings_of", lambda stack: made.subscription_settings())
    monkeypatch.setattr(command, "logs_api", lambda stack, settings: made)
    monkeypatch.setattr(cloudwatch, "list_metrics", made.list_metrics)
    monkeypatch.setattr(cloudwatch, "read", made.read)
    monkeypatch.setattr(own_counts, "names", made.names)
    monkeypatch.setattr(own_counts, "read", made.rows)
    return made


def audit(shipctl: Run, *arguments: str, status: int) -> dict[str, dict[str, Any]]:
    result = shipctl("audit", "--since", "5h", "--json", *arguments)
    assert result.exit_code == status, result.stderr or result.exception
    document = json.loads(result.stdout)
    assert document["isComplete"] == (status == 0)
    return {group["name"]: group for group in document["logGroups"]}


def test_minutes_are_read_only_for_log_groups_whose_counts_differ(account: Account, shipctl: Run) -> None:
    account.subscribe("broken", GAP)
    account.subscribe("whole", STEADY)
    found = audit(shipctl, status=1)
    assert account.by_minutes == {"broken"}
    assert (found["whole"]["state"], found["broken"]["state"]) == ("complete", "not-forwarded")
    assert found["broken"]["missing"] == 100
    [gap] = found["broken"]["gaps"]
    assert gap["since"] == f"{datetime.fromtimestamp((NOW - 91) * 60, UTC):%Y-%m-%dT%H:%MZ}"
    assert gap["until"] == f"{datetime.fromtimestamp((NOW - 79) * 60, UTC):%Y-%m-%dT%H:%MZ}"
    assert found["broken"]["repairs"] == [
        f"shipctl backfill --log-group broken --ingested-since {gap['since']} --ingested-until {gap['until']}"
    ]


def test_complete_log_groups_are_reported_in_one_line(account: Account, shipctl: Run) -> None:
    account.subscribe("orders", STEADY)
    result = shipctl("audit")
    assert result.exit_code == 0
    assert result.stdout.startswith("nothing is missing in 1 log group, from ")
    counts, summary = shipctl("audit", "--since", "5h", "--all").stdout.splitlines()[1:]
    logged = counts.split()[1].strip(",")
    assert counts == f"  logged {logged}, forwarded {logged}, received {logged}, delivered {logged}"
    assert summary.startswith("nothing is missing")


def test_missing_events_are_reported_with_the_backfill_command(account: Account, shipctl: Run) -> None:
    account.subscribe("/aws/lambda/orders", GAP)
    name, counts, gap, command, *summary = shipctl("audit", "--since", "5h").stdout.splitlines()
    assert name == "/aws/lambda/orders  not forwarded by CloudWatch Logs: 100 log events"
    assert counts.startswith("  logged ")
    assert gap.endswith(": 100 of 120 (the other 20 arrived, and would arrive twice)")
    assert command.startswith("  → shipctl backfill --log-group /aws/lambda/orders --ingested-since 20")
    assert summary[0].startswith("log events are missing in 1 of 1 log group, from ")
    assert summary[1].startswith("gaps are known to the minute")


def test_a_wanted_log_group_without_a_filter_is_not_forwarded(account: Account, shipctl: Run) -> None:
    account.logged["orders"] = STEADY
    assert audit(shipctl, status=1)["orders"]["state"] == "not-forwarded"


def test_events_forwarded_to_another_destination_do_not_count(account: Account, shipctl: Run) -> None:
    account.logged["orders"] = STEADY
    account.forwarded["orders", "archive"] = STEADY
    account.there["orders"] = [Filter("archive", "arn:aws:kinesis:eu-west-1:1:stream/archive", "")]
    found = audit(shipctl, status=1)["orders"]
    assert (found["state"], found["forwarded"]) == ("not-forwarded", 0)


def test_only_the_filter_of_the_stack_counts_where_there_are_two(account: Account, shipctl: Run) -> None:
    account.subscribe("orders", GAP)
    account.forwarded["orders", "archive"] = STEADY
    account.there["orders"].append(Filter("archive", "arn:aws:kinesis:eu-west-1:1:stream/archive", ""))
    assert audit(shipctl, status=1)["orders"]["state"] == "not-forwarded"


@pytest.mark.parametrize("pattern", ["", "ERROR"])
def test_a_filter_that_was_replaced_is_not_taken_for_a_gap(
    pattern: str, account: Account, shipctl: Run
) -> None:
    """A filter by hand led to the stack until it was deleted and the subscriber created its own."""
    account.subscribe("orders", STEADY)
    account.settings["filter_pattern"] = pattern
    account.forwarded["orders", "by-hand"] = {m: n for m, n in STEADY.items() if m < NOW - 120}
    account.forwarded["orders", OURS] = {m: n for m, n in STEADY.items() if m >= NOW - 120}
    assert audit(shipctl, status=0)["orders"]["state"] == "complete"


def test_a_loss_is_found_after_a_filter_by_hand_has_replaced_that_of_the_subscriber(
    account: Account, shipctl: Run
) -> None:
    account.subscribe("orders", GAP)
    account.settings["filter_pattern"] = "ERROR"
    account.forwarded["orders", OURS] = {m: n for m, n in STEADY.items() if m < NOW - 120}
    account.forwarded["orders", "by-hand"] = {m: n for m, n in STEADY.items() if m >= NOW - 120}
    account.there["orders"] = [Filter("by-hand", fake_installation.ARN, "ERROR")]
    assert audit(shipctl, status=1)["orders"]["state"] == "not-received"


def test_the_pattern_of_a_manual_filter_explains_fewer_events(account: Account, shipctl: Run) -> None:
    errors = dict.fromkeys(range(NOW - 400, NOW, 7), 1)
    account.logged["orders"] = STEADY
    account.forwarded["orders", "mine"] = errors
    account.told["orders", Source.SUBSCRIPTION] = errors
    account.there["orders"] = [Filter("mine", fake_installation.ARN, "ERROR")]
    found = audit(shipctl, status=0)["orders"]
    assert (found["state"], found["byPattern"]) == ("complete", True)


OWN_FILTERS = ("acme-logs-subscriber", "acme-logs", "loginformant", "loginformant-source")
"""Names of filters to the stack acme-logs: of the subscriber, of SubscribeCommand, and of the documents."""


def two_vendors(account: Account, monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    """Add a filter with a pattern, beside that of another vendor, to a log group that has lost events."""
    stack = replace(fake_installation.stack(), name="acme-logs")
    monkeypatch.setattr(options, "find_stack", lambda *_: stack)
    account.settings |= {
        "stack_name": "acme-logs",
        "filter_name": "acme-logs-subscriber",
        "filter_pattern": "ERROR",
    }
    account.logged["orders"] = STEADY
    account.forwarded |= {("orders", own): STEADY, ("orders", "datadog"): STEADY}
    account.told["orders", Source.SUBSCRIPTION] = GAP
    account.there["orders"] = [
        Filter(own, fake_installation.ARN, "ERROR"),
        Filter("datadog", "arn:aws:lambda:eu-west-1:123456789012:function:datadog", ""),
    ]


@pytest.mark.parametrize("own", OWN_FILTERS)
def test_a_filter_with_any_name_is_told_from_that_of_another_vendor(
    own: str, account: Account, shipctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_vendors(account, monkeypatch, own)
    found = audit(shipctl, "--stack", "acme-logs", status=1)["orders"]
    assert (found["state"], found["missing"]) == ("not-received", 100)


def test_a_second_filter_that_was_deleted_leaves_nothing_to_compare(
    account: Account, shipctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have led to this stack, too."""
    errors = dict.fromkeys(range(NOW - 400, NOW, 7), 1)
    two_vendors(account, monkeypatch, "loginformant")
    account.forwarded["orders", "loginformant"] = account.told["orders", Source.SUBSCRIPTION] = errors
    del account.there["orders"][1]
    found = audit(shipctl, status=3)["orders"]
    assert (found["state"], found["missing"], found["gaps"]) == ("not-compared", None, [])
    output = shipctl("audit", "--since", "5h").stdout
    assert "nothing is known to be missing in 1 log group" in output
    assert "1 of them cannot be compared" in output
    assert "orders  cannot be compared\n" in shipctl("audit", "--since", "5h", "--all").stdout
    account.forwarded["orders", "datadog"] = {NOW - 4000: 10}  # before the span, so that it does not matter
    assert audit(shipctl, status=0)["orders"]["state"] == "complete"


@pytest.mark.parametrize("output", ["OrganizationStreamArn", "OrganizationDestinationArn"])
def test_a_filter_to_the_stream_of_an_organization_leads_to_the_stack(
    output: str, account: Account, shipctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"
    monkeypatch.setattr(options, "find_stack", lambda *_: fake_installation.stack(outputs={output: arn}))
    account.subscribe("orders", GAP)
    account.forwarded["orders", OURS] = STEADY
    account.there["orders"] = [Filter(OURS, arn, "")]
    assert audit(shipctl, status=1)["orders"]["state"] == "not-received"


def test_log_groups_cannot_be_compared_under_an_account_policy_with_a_pattern(
    account: Account, shipctl: Run
) -> None:
    account.settings |= {"account_wide": True, "filter_pattern": "ERROR"}
    account.logged |= {"orders": STEADY, "payments": STEADY, "quiet": {}}
    account.told |= {("orders", Source.SUBSCRIPTION): GAP, ("payments", Source.SUBSCRIPTION): STEADY}
    account.forwarded["", OURS] = dict.fromkeys(STEADY, 20)
    account.there = NotRead()
    found = audit(shipctl, status=3)
    assert {name: group["state"] for name, group in found.items()} == {
        "orders": "not-compared",
        "payments": "complete",
        "quiet": "complete",
    }


def test_filters_of_others_do_not_count_under_an_account_policy(account: Account, shipctl: Run) -> None:
    account.settings |= {"account_wide": True, "filter_pattern": "ERROR"}
    account.logged["orders"] = account.forwarded["orders", "datadog"] = STEADY
    account.told["orders", Source.SUBSCRIPTION] = GAP
    account.there = NotRead()
    assert audit(shipctl, status=3)["orders"]["state"] == "not-compared"


class NotRead(dict[str, list[Filter]]):
    """Filters that nothing needs to read."""

    def get(self, *_: Any) -> Any:
        raise AssertionError("the filters of a log group were read")


def test_forwarded_events_are_shown_as_a_sum_under_an_account_policy(account: Account, shipctl: Run) -> None:
    account.settings["account_wide"] = True
    account.logged |= {"orders": STEADY, "payments": STEADY}
    account.told |= {("orders", Source.SUBSCRIPTION): STEADY, ("payments", Source.SUBSCRIPTION): GAP}
    account.forwarded["", OURS] = dict.fromkeys(STEADY, 20)
    found = audit(shipctl, status=1)
    assert (found["orders"]["state"], found["payments"]["state"]) == ("complete", "not-arrived")
    assert found["orders"]["forwarded"] is None
    output = shipctl("audit", "--since", "5h").stdout
    assert "account policy: " in output
    assert "does not count forwarded log events by log group" in output
    assert "shipctl dlq stats" in output


def test_no_backfill_is_recommended_for_crashed_invocations(account: Account, shipctl: Run) -> None:
    account.subscribe("orders", GAP)
    account.forwarded["orders", OURS] = STEADY
    found = audit(shipctl, status=1)["orders"]
    assert (found["state"], found["repairs"]) == ("not-received", [])
    output = shipctl("audit", "--since", "5h").stdout
    assert "shipctl dlq stats" in output
    assert "shipctl backfill" not in output


def test_a_backfill_is_named_for_what_lambda_may_have_lost(account: Account, shipctl: Run) -> None:
    """Lambda may lose events while it has no free execution, and has none after six hours."""
    lost = {minute: number for minute, number in STEADY.items() if not NOW - 390 <= minute < NOW - 380}
    account.subscribe("orders", lost)
    account.forwarded["orders", OURS] = STEADY
    output = shipctl("audit", "--since", "7h").stdout
    assert "If none of these log events is in the dead-letter queue, it has lost them" in output
    assert f"--ingested-until {datetime.fromtimestamp((NOW - 379) * 60, UTC):%Y-%m-%dT%H:%MZ}" in output


def test_a_backfill_repairs_a_gap(account: Account, shipctl: Run) -> None:
    account.subscribe("orders", GAP)
    account.told["orders", Source.BACKFILL] = {NOW: 120}
    found = audit(shipctl, status=0)["orders"]
    assert (found["state"], found["backfilled"], found["missing"]) == ("repaired", 120, 100)


def test_log_group_option_limits_the_audit(account: Account, shipctl: Run) -> None:
    account.subscribe("orders", GAP)
    account.subscribe("payments", GAP)
    assert set(audit(shipctl, "--log-group", "pay*", status=1)) == {"payments"}


def test_a_stack_without_log_groups_is_reported(account: Account, shipctl: Run) -> None:
    result = shipctl("audit")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "the stack ships no log groups, and nothing arrived" in result.stderr


@pytest.mark.parametrize(
    ("since", "words"), [("10m", "the last 15 are not compared"), ("20d", "at most 14 days ago")]
)
def test_a_start_time_that_cannot_be_audited_is_refused(
    since: str, words: str, account: Account, shipctl: Run
) -> None:
    result = shipctl("audit", "--since", since, env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_period_may_begin_in_the_middle_of_an_hour(account: Account, shipctl: Run) -> None:
    account.subscribe("orders", GAP)
    since = datetime.fromtimestamp((NOW - 90) * 60, UTC)
    result = shipctl("audit", "--since", f"{since:%Y-%m-%dT%H:%M}", "--json")
    assert json.loads(result.stdout)["logGroups"][0]["missing"] == 100
    since += timedelta(minutes=15)
    result = shipctl("audit", "--since", f"{since:%Y-%m-%dT%H:%M}", "--json")
    assert json.loads(result.stdout)["logGroups"][0]["state"] == "complete"


def test_no_query_exceeds_the_row_limit() -> None:
    names = [f"/aws/lambda/{number:040}" for number in range(500)]
    for minutes, since, until in ((60, 0, 14 * 24 * 60), (1, 7, 307)):
        asked: dict[str, set[int]] = {}
        for some, begin, end in pieces(names, since, until, minutes):
            assert len(some) * len(Source) * -(-(end - begin) // minutes) < own_counts.MAX_ROWS
            assert len(json.dumps(some)) <= own_counts.MAX_NAMES_CHARACTERS
            for name in some:
                assert not asked.setdefault(name, set()) & set(range(begin, end))
                asked[name] |= set(range(begin, end))
        assert all(asked[name] == set(range(since, until)) for name in names)
