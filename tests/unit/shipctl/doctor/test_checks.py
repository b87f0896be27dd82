"""Each check names its fault, and what to do about it; where all is in order it says so."""

from datetime import timedelta

import pytest
from loginformant_shipper.names import Metric
from loginformant_shipper.subscriptions.plan import Action, State
from shipctl.doctor.checks import CHECKS
from shipctl.doctor.command import found_by
from shipctl.doctor.findings import Check, Finding, Verdict
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.installation import Alarm, Installation, Invocation, Resource
from shipctl.installation.metrics import ERRORS, THROTTLES
from shipctl.installation.own_log import Line
from shipctl.installation.trigger import NO_TRIGGER, Trigger
from shipctl.key_store import KeyStoreError
from shipctl.terminal import one_line

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.fake_installation import FakeInstallation

BY_NAME = {check.name: check for check in CHECKS}


class Store:
    words = "secret k"
    trouble: KeyStoreError | None = None

    def read(self) -> str:
        if self.trouble:
            raise self.trouble
        return "key"


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    """The place of the API key; and an address that answers."""
    store = Store()
    monkeypatch.setattr("shipctl.doctor.key.key_store", lambda *_: store)
    monkeypatch.setattr("shipctl.doctor.address._trouble", lambda url: "")
    return store


def look(name: str, installation: Installation) -> list[Finding]:
    return [found.finding for found in found_by([BY_NAME[name]], installation)]


def only(name: str, installation: Installation) -> Finding:
    [finding] = look(name, installation)
    return finding


def test_names_are_of_one_word_and_there_once() -> None:
    assert len(BY_NAME) == len(CHECKS)
    assert all(check.name.isalpha() and check.reads for check in CHECKS)


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if not check.sends], ids=lambda check: check.name
)
def test_where_all_is_in_order_every_check_says_something_and_finds_no_fault(check: Check) -> None:
    found = [each.finding for each in found_by([check], FakeInstallation())]
    assert found
    assert {finding.verdict for finding in found} <= {Verdict.OK, Verdict.NOTICE}
    assert all(one_line(finding.what) == finding.what for finding in found)


def test_what_cannot_be_asked_is_said_and_the_next_check_is_made() -> None:
    class Denied(FakeInstallation):
        def invokers(self, function: Function) -> frozenset[str]:
            raise CommandError("access denied")

    found = list(found_by([BY_NAME["permission"], BY_NAME["policy"]], Denied()))
    assert [(each.finding.verdict, each.finding.what) for each in found] == [
        (Verdict.UNKNOWN, "access denied"),
        (Verdict.OK, "no account policy"),
    ]


class TestStack:
    @pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
    def test_a_deployment_that_failed(self, status: str) -> None:
        finding = only("stack", FakeInstallation(stack=fake.stack(status=status)))
        assert finding.verdict is Verdict.FAULT
        assert status in finding.what
        assert "describe-stack-events --stack-name loginformant-shipper" in finding.remedy

    def test_a_deployment_under_way(self) -> None:
        finding = only("stack", FakeInstallation(stack=fake.stack(status="UPDATE_IN_PROGRESS")))
        assert finding.verdict is Verdict.NOTICE

    def test_a_resource_that_failed(self) -> None:
        installation = FakeInstallation()
        installation.resources = [Resource("ParkedQueue", "the-queue", "UPDATE_FAILED")]
        assert look("stack", installation)[0].what == "ParkedQueue (the-queue): UPDATE_FAILED"

    def test_another_version(self) -> None:
        finding = only("version", FakeInstallation(stack=fake.stack(outputs={"Version": "9.9.9"})))
        assert finding.what.startswith("the stack has version 9.9.9, this is shipctl ")


class TestFunctions:
    def test_a_memory_size_that_is_not_that_of_the_parameter(self) -> None:
        installation = FakeInstallation(
            stack=fake.stack(parameters={"MemorySize": "1024"}),
            configurations={Function.SHIPPER: {"MemorySize": 128}},
        )
        finding = look("settings", installation)[0]
        assert finding.what == "the-shipper: MemorySize is 128, the template says 1024"

    def test_a_time_out_that_somebody_changed(self) -> None:
        installation = FakeInstallation(configurations={Function.SHIPPER: {"Timeout": 3}})
        finding = look("settings", installation)[0]
        assert finding.what == "the-shipper: Timeout is 3, the template says 120"
        assert finding.remedy == (
            "aws lambda update-function-configuration --function-name the-shipper --region eu-west-1 "
            "--timeout 120"
        )

    def test_a_setting_that_somebody_changed(self) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"IngestUrl": "https://other.example"}))
        found = [finding.what for finding in look("settings", installation)]
        assert found[0] == (
            "the-shipper: the variable INGEST_URL is 'https://app.loginformant.com', the template says "
            "'https://other.example'"
        )
        assert len(found) == len(Function)

    def test_what_the_template_does_not_say_outright_is_not_compared(self) -> None:
        assert {finding.verdict for finding in look("settings", FakeInstallation())} == {Verdict.OK}

    @pytest.mark.parametrize("function", Function)
    def test_a_function_that_may_not_run(self, function: Function) -> None:
        finding = next(
            finding
            for finding in look("settings", FakeInstallation(reserved={function: 0}))
            if finding.verdict is Verdict.FAULT
        )
        assert "cannot run, since its reserved concurrency is 0" in finding.what
        name = f"the-{function.lower()}"
        assert finding.remedy == (
            f"aws lambda delete-function-concurrency --function-name {name} --region eu-west-1"
        )

    def test_a_reserved_concurrency_that_the_template_wants_is_put_back(self) -> None:
        installation = FakeInstallation(
            stack=fake.stack(parameters={"ReservedConcurrency": "20"}), reserved={Function.SHIPPER: 0}
        )
        remedy = look("settings", installation)[0].remedy
        assert remedy.endswith("--reserved-concurrent-executions 20")

    def test_a_function_whose_last_update_failed(self) -> None:
        configuration = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet"}
        finding = look("settings", FakeInstallation(configurations={Function.REPLAY: configuration}))[1]
        assert finding.what == "the-replay: Active, last update Failed: no subnet"

    def test_a_function_that_does_not_start(self) -> None:
        failed = Invocation("INGEST_URL is 'ftp://x'; it must be https://HOST", {}, "")
        finding = look("start", FakeInstallation(invocations={Function.SHIPPER: failed}))[0]
        assert (finding.verdict, finding.what) == (
            Verdict.FAULT,
            "the shipper fails: INGEST_URL is 'ftp://x'; it must be https://HOST",
        )

    def test_errors_in_the_log(self) -> None:
        fields = {"level": "ERROR", "errorMessage": "boom", "errorType": "LedgerError"}
        line = Line("1", fake.NOW, Function.SHIPPER, "", fields)
        finding = look("errors", FakeInstallation(logged={Function.SHIPPER: [line]}))[0]
        assert finding.what == "the shipper: 1 errors in 15 minutes, last: LedgerError: boom"
        assert finding.remedy == "shipctl logs shipper --since 1h"

    def test_errors_and_throttles_that_lambda_counted(self) -> None:
        installation = FakeInstallation()
        installation.hour = fake.activity(
            fake.series(Function.REPLAY, ERRORS, 2), fake.series(Function.REPLAY, THROTTLES, 7)
        )
        found = [finding.what for finding in look("errors", installation)]
        assert "replay: 2 invocations failed in the last hour" in found
        assert "replay: throttled 7 times in the last hour" in found


class TestKey:
    def test_it_is_not_there(self, store: Store) -> None:
        store.trouble = KeyStoreError("it is going to be deleted", "shipctl key set")
        finding = only("key", FakeInstallation())
        assert finding == Finding(Verdict.FAULT, "secret k: it is going to be deleted", "shipctl key set")

    def test_the_operator_may_not_read_it(self, store: Store) -> None:
        store.trouble = KeyStoreError("access denied", is_denied=True)
        assert only("key", FakeInstallation()).verdict is Verdict.UNKNOWN

    def test_it_was_refused(self) -> None:
        installation = FakeInstallation()
        installation.troubles = [fake.trouble("unauthorized", 401, "unknown key")]
        finding = only("key", installation)
        why = "LogInformant rejects the API key (unauthorized 401: unknown key)"
        assert finding.what.startswith(f"{why}, since 2026-")
        assert finding.remedy == "shipctl key set; the logs are then replayed automatically"


class TestDelivery:
    def test_one_outage_is_one_fault(self) -> None:
        """What was not sent because of its Retry-After belongs to it; alone it is told."""
        waits = fake.trouble("unavailable", detail="an earlier Retry-After does not end in time")
        installation = FakeInstallation()
        installation.troubles = [fake.trouble("unavailable", 503, minutes_ago=2), waits]
        assert only("delivery", installation).what.startswith("LogInformant is down (unavailable 503)")
        installation.troubles = [waits]
        assert "sent Retry-After" in only("delivery", installation).what

    @pytest.mark.parametrize(("reason", "status"), [("unauthorized", 401), ("misconfigured", 404)])
    def test_an_outage_is_over_where_somebody_answers_again(self, reason: str, status: int) -> None:
        installation = FakeInstallation()
        installation.troubles = [
            fake.trouble("unavailable", 503, minutes_ago=3),
            fake.trouble(reason, status, minutes_ago=1),
        ]
        assert f"({reason} {status})" in only("delivery", installation).what
        installation.troubles = [
            fake.trouble(reason, status, minutes_ago=3),
            fake.trouble("unavailable", 503, minutes_ago=1),
        ]
        assert len(look("delivery", installation)) == 2

    def test_a_host_that_was_corrected_is_no_fault_beside_what_answers_now(self) -> None:
        """Nor is the new host said to be unknown, while nothing was sent to it yet."""
        unknown = fake.trouble("unavailable", detail="NameResolutionError: host='old'", minutes_ago=2)
        installation = FakeInstallation()
        installation.troubles = [unknown, fake.trouble("unavailable", 503, minutes_ago=1)]
        assert only("delivery", installation).what.startswith("LogInformant is down (unavailable 503)")
        installation.troubles = [unknown]
        assert only("delivery", installation).what.startswith("the host name old cannot be resolved (")

    @pytest.mark.parametrize(
        ("delivered_minutes_ago", "since_minutes_ago"), [(None, 9), (10, 9), (8, 7), (4, 3), (2, 1)]
    )
    def test_what_was_over_for_a_time_began_again_after_it(
        self, delivered_minutes_ago: int | None, since_minutes_ago: int
    ) -> None:
        installation = FakeInstallation()
        installation.troubles = [
            fake.trouble("unauthorized", 401, minutes_ago=minutes) for minutes in (9, 7, 5, 3, 1)
        ]
        if delivered_minutes_ago:
            installation.delivered_at = fake.NOW - timedelta(minutes=delivered_minutes_ago)
        since = fake.NOW - timedelta(minutes=since_minutes_ago)
        assert f", since {since:%Y-%m-%d %H:%M:%S} UTC, last" in only("delivery", installation).what

    def test_since_when_is_told_of_each_cause_by_itself(self) -> None:
        installation = FakeInstallation()
        installation.troubles = [
            fake.trouble("unavailable", detail="nothing was sent: an earlier Retry-After", minutes_ago=9),
            fake.trouble("unavailable", detail="NameResolutionError: x", minutes_ago=2),
        ]
        told = look("delivery", installation)
        since = [finding.what.partition("since ")[2][:19] for finding in told]
        assert [finding.what.split(" (")[0] for finding in told] == [
            "the host name app.loginformant.com cannot be resolved",
            "LogInformant was down and sent Retry-After",
        ]
        assert since[0] > since[1]

    @pytest.mark.parametrize(
        ("reason", "status", "detail", "what", "remedy"),
        [
            (
                "unavailable",
                503,
                "down",
                "LogInformant is down (unavailable 503: down)",
                "wait until it is back",
            ),
            (
                "unauthorized",
                401,
                "",
                "LogInformant rejects the API key (unauthorized 401)",
                "shipctl key set",
            ),
            ("no_key", None, "", "the API key cannot be read (no_key)", "shipctl key set"),
            (
                "misconfigured",
                404,
                "",
                "the server at https://app.loginformant.com is not the ingest API (misconfigured 404)",
                "check whether a proxy answers instead",
            ),
            (
                "unavailable",
                None,
                "NameResolutionError: Failed to resolve 'x'",
                "the host name app.loginformant.com cannot be resolved "
                "(unavailable: NameResolutionError: Failed to resolve 'x')",
                "check the functions' network, proxy and DNS",
            ),
            (
                "unavailable",
                None,
                "an earlier Retry-After does not end",
                "LogInformant was down and sent Retry-After "
                "(unavailable: an earlier Retry-After does not end)",
                "wait",
            ),
            (
                "unavailable",
                None,
                "refused",
                "https://app.loginformant.com cannot be reached (unavailable: refused)",
                "wait, or check the functions' network, proxy and DNS",
            ),
        ],
    )
    def test_why(self, reason: str, status: int | None, detail: str, what: str, remedy: str) -> None:
        installation = FakeInstallation()
        installation.troubles = [fake.trouble(reason, status, detail)]
        finding = only("delivery", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what.startswith(f"{what}, ")
        assert finding.remedy == f"{remedy}; the logs are then replayed automatically"

    def test_another_address_than_the_default_may_be_wrong(self) -> None:
        elsewhere = {"Environment": {"Variables": fake.VARIABLES | {"INGEST_URL": "https://other.example"}}}
        installation = FakeInstallation(configurations={Function.SHIPPER: elsewhere})
        installation.troubles = [fake.trouble("misconfigured", 404)]
        assert only("delivery", installation).remedy == (
            "check whether a proxy answers instead; if the address is wrong: "
            "shipctl deploy --set IngestUrl=https://app.loginformant.com; the logs are then replayed "
            "automatically"
        )

    def test_where_replay_is_by_command_the_command_is_named(self) -> None:
        installation = FakeInstallation(stack=fake.stack(options=("--stack", "orders")))
        installation.trigger = Trigger("uuid", "Disabled")
        installation.troubles = [fake.trouble("unavailable", 503)]
        assert only("delivery", installation).remedy == (
            "wait until it is back; then shipctl dlq replay --stack orders"
        )

    def test_of_each_kind_the_last_is_told(self) -> None:
        installation = FakeInstallation()
        installation.troubles = [
            fake.trouble("unavailable", 503, minutes_ago=9),
            fake.trouble("throttled", 429, minutes_ago=5),
            fake.trouble("unavailable", 503, minutes_ago=2),
        ]
        found = [finding.what for finding in look("delivery", installation)]
        assert [what.split(" (")[0] for what in found] == [
            "LogInformant is down",
            "LogInformant limits the rate",
        ]

    def test_what_was_over_before_something_else_began_is_not_told(self) -> None:
        installation = FakeInstallation(delivered_at=fake.NOW - timedelta(minutes=5))
        installation.troubles = [
            fake.trouble("unavailable", 503, minutes_ago=9),
            fake.trouble("unauthorized", 401, minutes_ago=1),
        ]
        assert only("delivery", installation).what.startswith("LogInformant rejects the API key")

    def test_what_is_over_is_no_fault(self) -> None:
        installation = FakeInstallation(delivered_at=fake.NOW)
        installation.troubles = [fake.trouble("unavailable", 503)]
        assert only("delivery", installation).verdict is Verdict.NOTICE

    def test_a_bad_log_is_told_by_what_waits(self) -> None:
        installation = FakeInstallation(queues={True: fake.counts(1)})
        installation.troubles = [fake.trouble("rejected", 400, "bad")]  # by replay
        assert only("delivery", installation).verdict is Verdict.OK
        bad, parked, waiting = look("backlog", installation)
        assert bad.what == "rejected: rejected individually"
        assert "shipctl dlq purge --parked --reason rejected" in bad.remedy
        assert parked.what == "1 message in the parked queue: not retried automatically"
        assert waiting.verdict is Verdict.OK

    def test_a_flood_of_malformed_payloads_is_told_by_the_metrics(self) -> None:
        installation = FakeInstallation(queues={False: fake.counts(200)})
        installation.trigger = Trigger("uuid", "Disabled")
        installation.day = fake.activity(
            fake.series(Function.SHIPPER, Metric.EVENTS_DEAD_LETTERED, 200, reason="malformed")
        )
        assert look("backlog", installation)[0].what == "malformed: not a CloudWatch Logs payload"

    def test_a_bad_log_that_is_tried_again_from_time_to_time_is_no_fault_yet(self) -> None:
        installation = FakeInstallation(queues={False: fake.counts(1)})
        installation.troubles = [fake.trouble("rejected", 400, "bad")]
        bad, waiting = look("backlog", installation)
        assert (bad.verdict, waiting.verdict) == (Verdict.NOTICE, Verdict.NOTICE)
        assert bad.what.startswith("rejected: rejected individually")

    def test_what_waits_without_a_trigger_waits_for_a_command(self) -> None:
        installation = FakeInstallation(queues={False: fake.counts(2, 1)})
        assert only("backlog", installation).verdict is Verdict.NOTICE
        installation.trigger = Trigger("uuid", "Disabled")
        finding = only("backlog", installation)
        assert finding == Finding(
            Verdict.FAULT,
            "dead-letter queue: 2 visible, 1 in flight; not replayed automatically",
            "shipctl dlq replay",
        )


class TestTrigger:
    @pytest.mark.parametrize(
        ("says", "state", "verdict", "remedy"),
        [
            ("true", "Enabled", Verdict.OK, ""),
            ("false", "Disabled", Verdict.OK, ""),
            ("true", "Disabled", Verdict.FAULT, "shipctl autoreplay on"),
            ("true", "Disabling", Verdict.FAULT, "shipctl autoreplay on"),
            ("false", "Enabled", Verdict.NOTICE, "shipctl autoreplay off"),
        ],
    )
    def test_what_is_said_and_what_is(self, says: str, state: str, verdict: Verdict, remedy: str) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"AutoReplay": says}))
        installation.trigger = Trigger("uuid", state)
        finding = only("trigger", installation)
        assert (finding.verdict, finding.remedy) == (verdict, remedy)

    def test_there_is_none(self) -> None:
        installation = FakeInstallation()
        installation.trigger = NO_TRIGGER
        assert only("trigger", installation).verdict is Verdict.FAULT

    def test_replay_cannot_run(self) -> None:
        finding = only("trigger", FakeInstallation(reserved={Function.REPLAY: 0}))
        assert (
            finding.what
            == "automatic replay is on, but its function cannot run: its reserved concurrency is 0"
        )


class TestQueues:
    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"Policy": ""}, "its policy does not deny unencrypted HTTP"),
            ({"SqsManagedSseEnabled": "false"}, "it is not encrypted"),
            ({"MessageRetentionPeriod": "60"}, "MessageRetentionPeriod is 60, the template says 1209600"),
        ],
    )
    def test_what_somebody_changed(self, change: dict[str, str], what: str) -> None:
        installation = FakeInstallation()
        installation.template = {
            "Resources": {"ParkedQueue": {"Properties": {"MessageRetentionPeriod": 1209600}}}
        }
        usual = installation.queue_attributes["ParkedQueue"]
        installation.queue_attributes = {"ParkedQueue": {**usual, **change}}
        assert only("queues", installation).what == f"ParkedQueue-1aB2: {what}"

    def test_a_kms_key_that_is_disabled(self) -> None:
        installation = FakeInstallation(
            stack=fake.stack(parameters={"KmsKeyArn": "the-arn"}), keys={"the-arn": "Disabled"}
        )
        finding = look("queues", installation)[-1]
        assert (finding.what, finding.remedy) == (
            "KmsKeyArn: the key is Disabled",
            "aws kms enable-key --key-id the-arn",
        )


class TestSubscriptions:
    def test_a_filter_that_somebody_removed(self) -> None:
        installation = FakeInstallation()
        installation.subscriptions = [
            fake.outcome("/a", State.SUBSCRIBED),
            fake.outcome("/b", State.MISSING, Action.PUT),
            fake.outcome("/c", State.UNLISTED),
        ]
        finding = only("subscriptions", installation)
        assert (finding.what, finding.remedy) == (
            "selected, not subscribed yet: /b",
            "shipctl subscriptions reconcile",
        )

    def test_of_many_some_are_named(self) -> None:
        installation = FakeInstallation()
        missing = [fake.outcome(f"/{number}", State.MISSING, Action.PUT) for number in range(9)]
        installation.subscriptions = [fake.outcome("/a", State.SUBSCRIBED), *missing]
        assert only("subscriptions", installation).what.endswith("/0, /1, /2, /3, /4 and 4 more")

    def test_what_is_wanted_and_not_subscribed_yet_is_said_once(self) -> None:
        installation = FakeInstallation()
        installation.subscriptions = [fake.outcome("/c", State.MISSING, Action.PUT)]
        finding = only("subscriptions", installation)
        assert finding.what == "selected, not subscribed yet: /c"
        assert finding.remedy == "shipctl subscriptions reconcile"

    def test_nothing_is_subscribed(self) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"LogGroups": ""}))
        installation.subscriptions = [fake.outcome("/c", State.UNLISTED)]
        assert (
            only("subscriptions", installation).what
            == "0 of 1 log groups are subscribed, so nothing is shipped"
        )

    def test_cloudwatch_may_not_invoke_the_shipper(self) -> None:
        assert only("permission", FakeInstallation(may_invoke=frozenset())).verdict is Verdict.FAULT

    def test_a_loop(self) -> None:
        installation = FakeInstallation()
        installation.looped = ["/loginformant/shipper"]
        finding = only("loops", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what.startswith("/loginformant/shipper is subscribed to the shipper")

    def test_another_vendor_s_account_policy(self) -> None:
        installation = FakeInstallation()
        installation.account_policies = {
            "vendor": '{"DestinationArn": "arn:aws:lambda:eu-west-1:1:function:v"}'
        }
        assert (
            "vendor also sends the events of all log groups to arn:aws:lambda"
            in only("policy", installation).what
        )

    def test_the_account_policy_is_missing(self) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"SubscribeAccount": "true"}))
        assert only("policy", installation).verdict is Verdict.FAULT
        installation.account_policies = {"ours": f'{{"DestinationArn": "{fake.ARN}"}}'}
        assert only("policy", installation).verdict is Verdict.OK


class TestFlow:
    def test_everything_is_filtered(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(50, level=30), fake.left_out(2, level=8, blank=2)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what == (
            "all 40 log events of the last hour were filtered out: they are blank (2), MinimumLevel (38)"
        )
        assert finding.remedy == "shipctl deploy --set MinimumLevel=Debug"

    def test_everything_is_filtered_since_a_deployment(self) -> None:
        """What was let through before, also by invocations that were under way then, does not hide it."""
        installation = FakeInstallation()
        installation.configurations = {Function.SHIPPER: {"LastModified": "2026-11-29T11:50:00.000+0000"}}
        installation.filtering = [fake.left_out(30, level=7), fake.left_out(5, excludePattern=3)]
        installation.let_through_at = [fake.NOW - timedelta(minutes=minutes) for minutes in (20, 9.5)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what == (
            "all 3 log events since the shipper was changed (2026-11-29 11:50:00 UTC) were filtered out: "
            "ExcludePattern (3)"
        )
        assert finding.remedy == "shipctl deploy --set ExcludePattern="

    def test_after_the_remedy_nothing_is_wrong(self) -> None:
        installation = FakeInstallation()
        installation.configurations = {Function.SHIPPER: {"LastModified": "2026-11-29T11:50:00.000+0000"}}
        installation.filtering = [fake.left_out(20, level=7)]
        assert only("filtering", installation).verdict is Verdict.OK

    def test_everything_is_filtered_lately_and_nobody_changed_anything(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(10, level=3)]
        installation.let_through_at = [fake.NOW - timedelta(minutes=40)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.NOTICE
        assert finding.what == (
            "all 3 log events of the last 15 minutes were filtered out, but not all before: MinimumLevel (3)"
        )

    def test_what_no_parameter_left_out_is_no_fault(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(10, blank=3)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.NOTICE
        assert finding.what == "all 3 log events of the last hour were filtered out: they are blank (3)"

    def test_some_are_filtered(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(10, sampling=4)]
        installation.let_through_at = [fake.NOW - timedelta(minutes=40), fake.NOW - timedelta(minutes=8)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.OK
        assert (
            finding.what == "4 log events of the last hour were filtered out, but not all: SamplePercent (4)"
        )

    def test_nothing_comes(self) -> None:
        finding = only("flow", FakeInstallation())
        assert finding.what == "no log events received in the last hour, 0 in the last day"
        assert "shipctl send-test" in finding.remedy


class TestAlarms:
    def test_one_is_on_and_nobody_is_told(self) -> None:
        installation = FakeInstallation()
        installation.alarms = [Alarm("ParkedQueueAlarm", "ALARM", None, False)]
        assert [finding.what for finding in look("alarms", installation)] == [
            "ParkedQueueAlarm is on",
            "1 of 1 alarms notify no one",
        ]

    def test_the_address_was_not_confirmed(self) -> None:
        outputs = {"NotificationEmailTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms"}
        parameters = {"NotificationEmail": "on-call@example.com"}
        installation = FakeInstallation(fake.stack(outputs=outputs, parameters=parameters))
        installation.email_is_confirmed = False
        finding = only("alarms", installation)
        assert finding.what == (
            "on-call@example.com is not notified of alarms: "
            "the link in the confirmation email from AWS Notifications has not been opened"
        )
        assert (
            "aws sns subscribe --region eu-west-1 --protocol email "
            "--topic-arn arn:aws:sns:eu-west-1:123456789012:alarms "
            "--notification-endpoint on-call@example.com"
        ) in finding.remedy
