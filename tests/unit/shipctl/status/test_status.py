"""`shipctl status`: its output as text and as JSON, with the numbers of the metrics."""

import json
from datetime import timedelta
from typing import Any

import pytest
from loginformant_shipper import __version__
from loginformant_shipper.names import Metric
from shipctl import options
from shipctl.dlq.queue import Counts
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.status import command, state

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.fake_installation import FakeInstallation

SHIPPER, REPLAY = Function.SHIPPER, Function.REPLAY


class Store:
    words = "secret k"

    def read(self) -> str:
        return "key"


@pytest.fixture(autouse=True)
def installation(monkeypatch: pytest.MonkeyPatch) -> FakeInstallation:
    installation = FakeInstallation(queues={False: fake.counts(1, 12)})
    installation.hour = fake.activity(
        fake.series(SHIPPER, Metric.EVENTS_RECEIVED, 40),
        fake.series(SHIPPER, Metric.EVENTS_FILTERED, 4),
        fake.series(SHIPPER, Metric.EVENTS_DELIVERED, 30),
        fake.series(SHIPPER, Metric.EVENTS_DEAD_LETTERED, 6, reason="unauthorized"),
        fake.series(REPLAY, Metric.EVENTS_RETURNED, 60, reason="unauthorized"),
        fake.series(SHIPPER, Metric.INGEST_LATENCY, 120, statistic="p50"),
        fake.series(SHIPPER, Metric.INGEST_LATENCY, 900, statistic="p99"),
    )
    installation.day = fake.activity(
        fake.series(SHIPPER, Metric.EVENTS_RECEIVED, 4000), *installation.hour.series[1:]
    )
    installation.filtering = [fake.left_out(level=4)]
    installation.let_through_at = [fake.NOW]
    installation.troubles = [fake.trouble("unauthorized", 401)]
    monkeypatch.setattr(options, "find_stack", lambda *_: installation.stack)
    monkeypatch.setattr(command, "Installation", lambda _: installation)
    for module in ("shipctl.status.state", "shipctl.doctor.key"):
        monkeypatch.setattr(f"{module}.key_store", lambda *_: Store())
    monkeypatch.setattr("shipctl.doctor.address._trouble", lambda url: "")
    return installation


def test_status_is_printed_as_text(shipctl: Run) -> None:
    result = shipctl("status")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for line in (
        "loginformant-shipper eu-west-1 UPDATE_COMPLETE",
        "to https://app.loginformant.com",
        "key secret k",
        "received 40 4,000",
        "filtered out 4 4",
        "delivered 30 30",
        "not delivered 6 6 unauthorized",
        "replay: returned 60 60 unauthorized",
        "filtered out in the last hour by: MinimumLevel 4",
        "Dead-letter queue 1 visible, 12 in flight",
        "Parked queue empty",
        "AutoReplay on, event source mapping Enabled",
    ):
        assert line in lines
    assert "answers in 0.12 s (median), 0.90 s (p99)" in result.stdout
    assert "✗ key" in result.stdout
    assert "→ shipctl key set; the logs are then replayed automatically" in result.stdout


def test_quick_omits_faults(shipctl: Run) -> None:
    assert "✗" not in shipctl("status", "--quick").stdout


def test_json_has_numbers(shipctl: Run) -> None:
    document = json.loads(shipctl("status", "--json").stdout)
    assert document["lastHour"] == {
        "received": 40,
        "filtered": 4,
        "delivered": 30,
        "replayed": 0,
        "deadLettered": {"unauthorized": 6},
        "storedAgain": {},
        "returned": {"unauthorized": 60},
    }
    assert document["lastDay"]["received"] == 4000
    assert document["deadLetterQueue"] == {"visible": 1, "inFlight": 12, "delayed": 0}
    assert (document["autoReplay"], document["trigger"]) == (True, "Enabled")
    assert {fault["check"] for fault in document["faults"]} == {"key", "delivery"}


def test_a_day_without_deliveries_is_reported(shipctl: Run, installation: FakeInstallation) -> None:
    installation.hour = installation.day = fake.activity()
    assert "nothing was delivered in the last day" in shipctl("status").stdout


@pytest.mark.parametrize("arguments", [(), ("--quick",)])
def test_what_cloudwatch_does_not_count_is_not_shown_as_zero(
    arguments: tuple[str, ...], shipctl: Run, installation: FakeInstallation
) -> None:
    installation.hour = installation.day = fake.activity()
    installation.let_through_at = [fake.NOW - timedelta(minutes=20)]
    output = shipctl("status", *arguments).stdout
    assert "? CloudWatch does not count log events: shipctl doctor --only flow" in output
    assert "received" not in output.partition("✗")[0]
    assert "nothing was delivered" not in output
    document = json.loads(shipctl("status", "--json").stdout)
    assert (document["lastHour"], document["lastDay"], document["lastDelivery"]) == (None, None, None)


def test_a_period_counts_shipper_and_replay_separately(installation: FakeInstallation) -> None:
    activity = fake.activity(
        fake.series(SHIPPER, Metric.EVENTS_DELIVERED, 3), fake.series(REPLAY, Metric.EVENTS_DELIVERED, 2)
    )
    period = state.period(activity)
    assert (period.delivered, period.replayed) == (3, 2)


def test_a_different_version_of_the_stack_is_reported(shipctl: Run, installation: FakeInstallation) -> None:
    installation.stack = fake.stack(outputs={"Version": "9.9.9"})
    assert f"the stack has version 9.9.9, this is shipctl {__version__}" in shipctl("status").stdout
    found = json.loads(shipctl("status", "--json").stdout)
    assert (found["version"], found["shipctlVersion"]) == ("9.9.9", __version__)


def test_an_equal_version_is_not_reported(shipctl: Run, installation: FakeInstallation) -> None:
    installation.stack = fake.stack(outputs={"Version": __version__})
    assert "this is shipctl" not in shipctl("status").stdout


# --- what the credentials may not read ---


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse each request for anything except the stack."""

    def refuse(what: str) -> Any:
        def read(*_: Any) -> Any:
            raise CommandError(f"{what}: not allowed")

        return read

    for name in ("function", "counts", "concurrency", "lines", "invokers", "let_through"):
        monkeypatch.setattr(FakeInstallation, name, refuse(name))
    for name in ("trigger", "hour", "day", "filtering", "resources", "template", "alarms", "troubles"):
        monkeypatch.setattr(FakeInstallation, name, property(refuse(name), lambda *_: None), raising=False)


@pytest.mark.usefixtures("denied")
def test_what_cannot_be_read_does_not_hide_the_rest(
    shipctl: Run, installation: FakeInstallation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options_ in ((), ("--quick",)):
        result = shipctl("status", *options_)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("loginformant-shipper  eu-west-1  UPDATE_COMPLETE")
        for line in ("? function: not allowed", "? counts: not allowed", "? trigger: not allowed"):
            assert result.stdout.splitlines().count(line) == 1
        for word in ("to   ", "AutoReplay", "Dead-letter queue", "nothing was delivered"):
            assert word not in result.stdout


@pytest.mark.usefixtures("denied")
def test_json_has_null_for_what_cannot_be_read(shipctl: Run) -> None:
    document = json.loads(shipctl("status", "--quick", "--json").stdout)
    assert document["stack"] == "loginformant-shipper"
    for member in ("address", "key", "lastHour", "lastDay", "deadLetterQueue", "parkedQueue", "trigger"):
        assert document[member] is None
    assert document["notAsked"] == [
        f"{what}: not allowed" for what in ("function", "hour", "day", "counts", "trigger")
    ]


def test_one_queue_that_cannot_be_read_leaves_all_else(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def counts(_: FakeInstallation, parked: bool) -> Counts:
        if parked:
            raise CommandError("Reading the parked queue: not allowed")
        return fake.counts(1)

    monkeypatch.setattr(FakeInstallation, "counts", counts)
    lines = [" ".join(line.split()) for line in shipctl("status", "--quick").stdout.splitlines()]
    assert any(line.startswith("Dead-letter queue 1") for line in lines)
    assert "? Reading the parked queue: not allowed" in lines
    assert "received 40 4,000" in lines
