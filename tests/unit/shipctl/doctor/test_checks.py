"""Each check reports its fault with a remedy, or that it found no fault."""

import json
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from loginformant_shipper.names import METRICS_NAMESPACE, Metric
from loginformant_shipper.subscriptions.plan import Action, State
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]
from shipctl.doctor.checks import CHECKS
from shipctl.doctor.command import found_by
from shipctl.doctor.findings import Check, Finding, Verdict
from shipctl.doctor.flow import FROM_THE_LOG
from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.installation import AccountPolicy, Alarm, Installation, Invocation, Resource
from shipctl.installation.metrics import ERRORS, THROTTLES
from shipctl.installation.own_log import Line
from shipctl.installation.trigger import NO_TRIGGER, Trigger
from shipctl.key_store import KeyStoreError
from shipctl.terminal import one_line

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.fake_installation import FakeInstallation

PROJECT = Path(__file__).parents[4]
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
    """Replace the store of the API key, and let the address answer."""
    store = Store()
    monkeypatch.setattr("shipctl.doctor.key.key_store", lambda *_: store)
    monkeypatch.setattr("shipctl.doctor.address._trouble", lambda url: "")
    return store


def look(name: str, installation: Installation) -> list[Finding]:
    return [found.finding for found in found_by([BY_NAME[name]], installation)]


def only(name: str, installation: Installation) -> Finding:
    [finding] = look(name, installation)
    return finding


def own_policy(*left_out: str, pattern: str = "ERROR") -> AccountPolicy:
    document = {"DestinationArn": fake.ARN, "FilterPattern": pattern}
    own = "/loginformant/shipper", "/loginformant/replay", "/aws/lambda/the-shipper"
    criteria = f"LogGroupName NOT IN {json.dumps([*own, *left_out])}"
    return AccountPolicy("ours", json.dumps(document), criteria)


def test_check_names_are_unique_single_words() -> None:
    assert len(BY_NAME) == len(CHECKS)
    assert all(check.name.isalpha() and check.reads for check in CHECKS)


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if not check.sends], ids=lambda check: check.name
)
def test_every_check_reports_a_result_without_fault_for_a_healthy_installation(check: Check) -> None:
    found = [each.finding for each in found_by([check], FakeInstallation())]
    assert found
    assert {finding.verdict for finding in found} <= {Verdict.OK, Verdict.NOTICE}
    assert all(one_line(finding.what) == finding.what for finding in found)


def test_a_check_that_fails_is_reported_and_does_not_stop_the_next() -> None:
    class Denied(FakeInstallation):
        def invokers(self, function: Function) -> frozenset[str]:
            raise CommandError("access denied")

    found = list(found_by([BY_NAME["permission"], BY_NAME["policy"]], Denied()))
    assert [(each.finding.verdict, each.finding.what) for each in found] == [
        (Verdict.UNKNOWN, "access denied"),
        (Verdict.OK, "no account policy"),
    ]


class TestStack:
    @pytest.mark.parametrize(
        ("status", "what"),
        [
            ("UPDATE_ROLLBACK_COMPLETE", "the last deployment failed, and the previous one is active: "),
            ("UPDATE_FAILED", "the last deployment failed: "),
            ("ROLLBACK_FAILED", "the last deployment failed: "),
        ],
    )
    def test_a_failed_deployment_is_a_fault(self, status: str, what: str) -> None:
        finding = only("stack", FakeInstallation(stack=fake.stack(status=status)))
        assert finding.verdict is Verdict.FAULT
        assert finding.what == what + status
        assert "describe-stack-events --stack-name loginformant-shipper" in finding.remedy

    def test_a_running_deployment_is_a_notice(self) -> None:
        finding = only("stack", FakeInstallation(stack=fake.stack(status="UPDATE_IN_PROGRESS")))
        assert finding.verdict is Verdict.NOTICE

    def test_a_failed_resource_is_reported(self) -> None:
        installation = FakeInstallation()
        installation.resources = [Resource("ParkedQueue", "the-queue", "UPDATE_FAILED")]
        assert look("stack", installation)[0].what == "ParkedQueue (the-queue): UPDATE_FAILED"

    @pytest.mark.parametrize(
        ("version", "remedy"),
        [
            ("999.0.0", "upgrade shipctl (uv tool upgrade"),
            ("0.9.0", "deploy again, or use that shipctl"),
            ("main", "deploy again, or use that shipctl"),
        ],
    )
    def test_a_version_other_than_that_of_shipctl_is_reported(self, version: str, remedy: str) -> None:
        """A newer stack is not to be deployed again, since its newer settings would be lost."""
        finding = only("version", FakeInstallation(stack=fake.stack(outputs={"Version": version})))
        assert finding.what.startswith(f"the stack has version {version}, this is shipctl ")
        assert finding.remedy.startswith(remedy)


class TestFunctions:
    def test_a_memory_size_that_differs_from_the_parameter_is_reported(self) -> None:
        installation = FakeInstallation(
            stack=fake.stack(parameters={"MemorySize": "1024"}),
            configurations={Function.SHIPPER: {"MemorySize": 128}},
        )
        finding = look("settings", installation)[0]
        assert finding.what == "the-shipper: MemorySize is 128, the template says 1024"

    def test_a_changed_time_out_is_reported_with_its_remedy(self) -> None:
        installation = FakeInstallation(configurations={Function.SHIPPER: {"Timeout": 3}})
        finding = look("settings", installation)[0]
        assert finding.what == "the-shipper: Timeout is 3, the template says 120"
        assert finding.remedy == (
            "aws lambda update-function-configuration --function-name the-shipper --timeout 120 "
            "--region eu-west-1"
        )

    def test_a_changed_variable_is_reported_for_every_function(self) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"IngestUrl": "https://other.example"}))
        found = [finding.what for finding in look("settings", installation)]
        assert found[0] == (
            "the-shipper: the variable INGEST_URL is 'https://app.loginformant.com', the template says "
            "'https://other.example'"
        )
        assert len(found) == len(Function)

    def test_values_that_the_template_computes_are_not_compared(self) -> None:
        assert {finding.verdict for finding in look("settings", FakeInstallation())} == {Verdict.OK}

    @pytest.mark.parametrize("function", Function)
    def test_a_reserved_concurrency_of_0_is_a_fault(self, function: Function) -> None:
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

    def test_the_remedy_restores_the_reserved_concurrency_of_the_template(self) -> None:
        installation = FakeInstallation(
            stack=fake.stack(parameters={"ReservedConcurrency": "20"}), reserved={Function.SHIPPER: 0}
        )
        remedy = look("settings", installation)[0].remedy
        assert remedy.endswith("--reserved-concurrent-executions 20 --region eu-west-1")

    def test_a_failed_update_of_a_function_is_reported(self) -> None:
        configuration = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet"}
        finding = look("settings", FakeInstallation(configurations={Function.REPLAY: configuration}))[1]
        assert finding.what == "the-replay: Active, last update Failed: no subnet"

    def test_a_function_that_does_not_start_is_a_fault(self) -> None:
        failed = Invocation("INGEST_URL is 'ftp://x'; it must be https://HOST", {}, "")
        finding = look("start", FakeInstallation(invocations={Function.SHIPPER: failed}))[0]
        assert (finding.verdict, finding.what) == (
            Verdict.FAULT,
            "the shipper fails: INGEST_URL is 'ftp://x'; it must be https://HOST",
        )

    @pytest.mark.parametrize(
        ("code", "verdict"),
        [
            ("AccessDeniedException", Verdict.UNKNOWN),
            ("ResourceNotFoundException", Verdict.FAULT),
            ("KMSDisabledException", Verdict.FAULT),
        ],
    )
    def test_a_function_that_the_operator_may_not_invoke_is_unknown(
        self, code: str, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object) -> Invocation:
            raise CommandError("no") from ClientError({"Error": {"Code": code}}, "Invoke")

        monkeypatch.setattr(FakeInstallation, "invoke", refused)
        assert [finding.verdict for finding in look("start", FakeInstallation())] == [verdict] * 2

    def test_errors_in_the_log_are_reported(self) -> None:
        fields = {"level": "ERROR", "errorMessage": "boom", "errorType": "LedgerError"}
        line = Line("1", fake.NOW, Function.SHIPPER, "", fields)
        finding = look("errors", FakeInstallation(logged={Function.SHIPPER: [line]}))[0]
        assert finding.what == "the shipper: 1 errors in 15 minutes, last: LedgerError: boom"
        assert finding.remedy == "shipctl logs shipper --since 1h"

    def test_errors_and_throttles_counted_by_lambda_are_reported(self) -> None:
        installation = FakeInstallation()
        installation.hour = fake.activity(
            fake.series(Function.REPLAY, ERRORS, 2), fake.series(Function.REPLAY, THROTTLES, 7)
        )
        found = [finding.what for finding in look("errors", installation)]
        assert "replay: 2 invocations failed in the last hour" in found
        assert "replay: throttled 7 times in the last hour" in found


class TestKey:
    def test_a_missing_key_is_a_fault(self, store: Store) -> None:
        store.trouble = KeyStoreError("it is going to be deleted", "shipctl key set")
        finding = only("key", FakeInstallation())
        assert finding == Finding(Verdict.FAULT, "secret k: it is going to be deleted", "shipctl key set")

    def test_a_key_that_the_operator_cannot_read_is_unknown(self, store: Store) -> None:
        store.trouble = KeyStoreError("access denied", is_unknown=True)
        assert only("key", FakeInstallation()).verdict is Verdict.UNKNOWN

    def test_a_rejected_key_is_reported(self) -> None:
        installation = FakeInstallation()
        installation.troubles = [fake.trouble("unauthorized", 401, "unknown key")]
        finding = only("key", installation)
        why = "LogInformant rejects the API key (unauthorized 401: unknown key)"
        assert finding.what.startswith(f"{why}, since 2026-")
        assert finding.remedy == "shipctl key set; the logs are then replayed automatically"


class TestDelivery:
    def test_an_outage_and_its_retry_after_are_one_fault(self) -> None:
        """Logs held back because of Retry-After are reported only without another failure."""
        waits = fake.trouble("unavailable", detail="an earlier Retry-After does not end in time")
        installation = FakeInstallation()
        installation.troubles = [fake.trouble("unavailable", 503, minutes_ago=2), waits]
        assert only("delivery", installation).what.startswith("LogInformant is down (unavailable 503)")
        installation.troubles = [waits]
        assert "sent Retry-After" in only("delivery", installation).what

    @pytest.mark.parametrize(("reason", "status"), [("unauthorized", 401), ("misconfigured", 404)])
    def test_an_outage_ends_with_a_later_answer(self, reason: str, status: int) -> None:
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

    def test_an_unknown_host_is_not_reported_once_another_host_answers(self) -> None:
        """The new host is not reported as unknown before anything was sent to it."""
        unknown = fake.trouble("unavailable", detail="NameResolutionError: host='old'", minutes_ago=2)
        installation = FakeInstallation()
        installation.troubles = [unknown, fake.trouble("unavailable", 503, minutes_ago=1)]
        assert only("delivery", installation).what.startswith("LogInformant is down (unavailable 503)")
        installation.troubles = [unknown]
        assert only("delivery", installation).what.startswith("the host name old cannot be resolved (")

    @pytest.mark.parametrize(
        ("delivered_minutes_ago", "since_minutes_ago"), [(None, 9), (10, 9), (8, 7), (4, 3), (2, 1)]
    )
    def test_a_cause_begins_with_its_first_failure_after_a_delivery(
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

    def test_each_cause_is_reported_with_its_own_beginning(self) -> None:
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
                "misconfigured",
                None,
                "SSLError: [SSL: CERTIFICATE_VERIFY_FAILED]",
                "the certificate of what answers at https://app.loginformant.com is not trusted "
                "(misconfigured: SSLError: [SSL: CERTIFICATE_VERIFY_FAILED])",
                "set CaBundleLayerArn to a layer with the authority of your company's proxy",
            ),
            (
                "misconfigured",
                None,
                "Tunnel connection failed: 403",
                "the proxy refuses the connection to https://app.loginformant.com "
                "(misconfigured: Tunnel connection failed: 403)",
                "allow it in the proxy",
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
    def test_each_cause_is_reported_with_its_remedy(
        self, reason: str, status: int | None, detail: str, what: str, remedy: str
    ) -> None:
        installation = FakeInstallation()
        installation.troubles = [fake.trouble(reason, status, detail)]
        finding = only("delivery", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what.startswith(f"{what}, ")
        assert finding.remedy == f"{remedy}; the logs are then replayed automatically"

    def test_the_default_is_proposed_if_another_address_may_be_wrong(self) -> None:
        elsewhere = {"Environment": {"Variables": fake.VARIABLES | {"INGEST_URL": "https://other.example"}}}
        installation = FakeInstallation(configurations={Function.SHIPPER: elsewhere})
        installation.troubles = [fake.trouble("misconfigured", 404)]
        assert only("delivery", installation).remedy == (
            "check whether a proxy answers instead; if the address is wrong: "
            "shipctl deploy --set IngestUrl=https://app.loginformant.com; the logs are then replayed "
            "automatically"
        )

    def test_the_replay_command_is_named_where_automatic_replay_is_off(self) -> None:
        installation = FakeInstallation(stack=fake.stack(options=("--stack", "orders")))
        installation.trigger = Trigger("uuid", "Disabled")
        installation.troubles = [fake.trouble("unavailable", 503)]
        assert only("delivery", installation).remedy == (
            "wait until it is back; then shipctl dlq replay --stack orders"
        )

    def test_only_the_last_failure_of_each_kind_is_reported(self) -> None:
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

    def test_a_failure_that_ended_before_another_began_is_not_reported(self) -> None:
        installation = FakeInstallation(delivered_at=fake.NOW - timedelta(minutes=5))
        installation.troubles = [
            fake.trouble("unavailable", 503, minutes_ago=9),
            fake.trouble("unauthorized", 401, minutes_ago=1),
        ]
        assert only("delivery", installation).what.startswith("LogInformant rejects the API key")

    def test_a_failure_that_ended_is_a_notice(self) -> None:
        installation = FakeInstallation(delivered_at=fake.NOW)
        installation.troubles = [fake.trouble("unavailable", 503)]
        assert only("delivery", installation).verdict is Verdict.NOTICE

    def test_a_rejected_log_is_reported_by_the_backlog_check(self) -> None:
        installation = FakeInstallation(queues={True: fake.counts(1)})
        installation.troubles = [fake.trouble("rejected", 400, "bad")]  # The replay function logged this.
        assert only("delivery", installation).verdict is Verdict.OK
        bad, parked, waiting = look("backlog", installation)
        assert bad.what == "rejected: rejected individually"
        assert "shipctl dlq purge --parked --exported rejected.jsonl" in bad.remedy
        assert parked.what == "1 message in the parked queue: not retried automatically"
        assert waiting.verdict is Verdict.OK

    def test_many_malformed_payloads_are_reported_from_the_metrics(self) -> None:
        installation = FakeInstallation(queues={False: fake.counts(200)})
        installation.trigger = Trigger("uuid", "Disabled")
        installation.day = fake.activity(
            fake.series(Function.SHIPPER, Metric.EVENTS_DEAD_LETTERED, 200, reason="malformed")
        )
        assert look("backlog", installation)[0].what == "malformed: not a CloudWatch Logs payload"

    def test_a_rejected_log_that_is_still_retried_is_a_notice(self) -> None:
        installation = FakeInstallation(queues={False: fake.counts(1)})
        installation.troubles = [fake.trouble("rejected", 400, "bad")]
        bad, waiting = look("backlog", installation)
        assert (bad.verdict, waiting.verdict) == (Verdict.NOTICE, Verdict.NOTICE)
        assert bad.what.startswith("rejected: rejected individually")

    def test_messages_without_automatic_replay_are_a_fault(self) -> None:
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
    def test_the_trigger_is_compared_with_the_parameter(
        self, says: str, state: str, verdict: Verdict, remedy: str
    ) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"AutoReplay": says}))
        installation.trigger = Trigger("uuid", state)
        finding = only("trigger", installation)
        assert (finding.verdict, finding.remedy) == (verdict, remedy)

    def test_a_missing_trigger_is_a_fault(self) -> None:
        installation = FakeInstallation()
        installation.trigger = NO_TRIGGER
        assert only("trigger", installation).verdict is Verdict.FAULT

    def test_a_trigger_whose_function_cannot_run_is_reported(self) -> None:
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
    def test_changed_attributes_of_a_queue_are_reported(self, change: dict[str, str], what: str) -> None:
        installation = FakeInstallation()
        installation.template = {
            "Resources": {"ParkedQueue": {"Properties": {"MessageRetentionPeriod": 1209600}}}
        }
        usual = installation.queue_attributes["ParkedQueue"]
        installation.queue_attributes = {"ParkedQueue": {**usual, **change}}
        assert only("queues", installation).what == f"ParkedQueue-1aB2: {what}"

    def test_a_disabled_kms_key_is_reported(self) -> None:
        installation = FakeInstallation(
            stack=fake.stack(parameters={"KmsKeyArn": "the-arn"}), keys={"the-arn": "Disabled"}
        )
        finding = look("queues", installation)[-1]
        assert (finding.what, finding.remedy) == (
            "KmsKeyArn: the key is Disabled",
            "aws kms enable-key --key-id the-arn --region eu-west-1",
        )

    def test_a_command_of_the_aws_cli_has_the_profile_that_was_given(self) -> None:
        stack = fake.stack(parameters={"KmsKeyArn": "the-arn"}, profile="prod")
        installation = FakeInstallation(stack=stack, keys={"the-arn": "Disabled"})
        assert look("queues", installation)[-1].remedy.endswith(" --region eu-west-1 --profile prod")


class TestSubscriptions:
    def test_a_removed_filter_is_reported(self) -> None:
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

    def test_only_the_first_log_groups_are_named(self) -> None:
        installation = FakeInstallation()
        missing = [fake.outcome(f"/{number}", State.MISSING, Action.PUT) for number in range(9)]
        installation.subscriptions = [fake.outcome("/a", State.SUBSCRIBED), *missing]
        assert only("subscriptions", installation).what.endswith("/0, /1, /2, /3, /4 and 4 more")

    def test_a_log_group_that_is_not_subscribed_yet_is_reported_once(self) -> None:
        installation = FakeInstallation()
        installation.subscriptions = [fake.outcome("/c", State.MISSING, Action.PUT)]
        finding = only("subscriptions", installation)
        assert finding.what == "selected, not subscribed yet: /c"
        assert finding.remedy == "shipctl subscriptions reconcile"

    def test_an_account_without_subscriptions_is_reported(self) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"LogGroups": ""}))
        installation.subscriptions = [fake.outcome("/c", State.UNLISTED)]
        assert (
            only("subscriptions", installation).what
            == "0 of 1 log groups are subscribed, so nothing is shipped"
        )

    def test_a_missing_permission_to_invoke_the_shipper_is_a_fault(self) -> None:
        assert only("permission", FakeInstallation(may_invoke=frozenset())).verdict is Verdict.FAULT

    def test_a_log_group_of_the_stack_that_is_subscribed_is_a_fault(self) -> None:
        installation = FakeInstallation()
        installation.looped = ["/loginformant/shipper"]
        finding = only("loops", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what.startswith("/loginformant/shipper is subscribed to the shipper")

    @pytest.mark.parametrize(
        ("policy", "what"),
        [
            (own_policy(pattern="WARN"), "has another filter pattern than the stack's parameters say"),
            (own_policy("another"), "leaves out other log groups than the stack's parameters say"),
            (own_policy(), "leaves out other log groups than the stack's parameters say"),
        ],
    )
    def test_a_changed_account_policy_is_reported_with_the_command_that_restores_it(
        self, policy: AccountPolicy, what: str
    ) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"SubscribeAccount": "true"}))
        installation.account_policies = [policy]
        finding = only("policy", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what == f"the account policy ours {what}"
        words = shlex.split(finding.remedy)
        given = dict(zip(words[3::2], words[4::2], strict=True))
        restored = AccountPolicy("ours", given["--policy-document"], given["--selection-criteria"])
        installation.account_policies = [restored]
        assert only("policy", installation).verdict is Verdict.OK

    def test_an_account_policy_of_another_vendor_is_reported(self) -> None:
        installation = FakeInstallation()
        installation.account_policies = [
            AccountPolicy("vendor", '{"DestinationArn": "arn:aws:lambda:eu-west-1:1:function:v"}', "")
        ]
        assert (
            "vendor also sends the events of all log groups to arn:aws:lambda"
            in only("policy", installation).what
        )

    def test_a_missing_account_policy_is_a_fault(self) -> None:
        installation = FakeInstallation(stack=fake.stack(parameters={"SubscribeAccount": "true"}))
        assert only("policy", installation).verdict is Verdict.FAULT
        installation.account_policies = [own_policy("noisy")]
        assert only("policy", installation).verdict is Verdict.OK


class TestFlow:
    def test_filtering_of_all_events_is_a_fault(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(50, level=30), fake.left_out(2, level=8, blank=2)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what == (
            "all 40 log events of the last hour were filtered out: they are blank (2), MinimumLevel (38)"
        )
        assert finding.remedy == "shipctl deploy --set MinimumLevel=Debug"

    def test_filtering_of_all_events_since_a_deployment_is_a_fault(self) -> None:
        """Events let through before the deployment, or by invocations running during it, do not count."""
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

    def test_filtering_before_the_last_deployment_is_no_fault(self) -> None:
        installation = FakeInstallation()
        installation.configurations = {Function.SHIPPER: {"LastModified": "2026-11-29T11:50:00.000+0000"}}
        installation.filtering = [fake.left_out(20, level=7)]
        assert only("filtering", installation).verdict is Verdict.OK

    def test_recent_filtering_of_all_events_without_a_deployment_is_a_notice(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(10, level=3)]
        installation.let_through_at = [fake.NOW - timedelta(minutes=40)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.NOTICE
        assert finding.what == (
            "all 3 log events of the last 15 minutes were filtered out, but not all before: MinimumLevel (3)"
        )

    def test_filtering_of_blank_events_only_is_a_notice(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(10, blank=3)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.NOTICE
        assert finding.what == "all 3 log events of the last hour were filtered out: they are blank (3)"

    def test_filtering_of_some_events_is_ok(self) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(10, sampling=4)]
        installation.let_through_at = [fake.NOW - timedelta(minutes=40), fake.NOW - timedelta(minutes=8)]
        finding = only("filtering", installation)
        assert finding.verdict is Verdict.OK
        assert (
            finding.what == "4 log events of the last hour were filtered out, but not all: SamplePercent (4)"
        )

    @pytest.mark.parametrize("is_filtered", [True, False])
    def test_events_that_cloudwatch_does_not_count_are_a_fault(self, is_filtered: bool) -> None:
        """An account policy for metric extraction keeps alarms from going off."""
        outputs = {
            "KeyOrAddressAlarmName": "k",
            "LogGroupsRefusedAlarmName": "l",
            "ParkedQueueAlarmName": "p",
        }
        installation = FakeInstallation(fake.stack(outputs=outputs))
        if is_filtered:
            installation.filtering = [fake.left_out(20, level=3)]
        else:
            installation.let_through_at = [fake.NOW - timedelta(minutes=20)]
        finding = only("flow", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what == (
            "the shipper received log events in the last hour, but CloudWatch creates no metrics from the "
            "functions' log lines; these alarms cannot go off: KeyOrAddressAlarm, LogGroupsRefusedAlarm"
        )
        assert finding.remedy == (
            "aws logs describe-account-policies --policy-type METRIC_EXTRACTION_POLICY --region eu-west-1; "
            "exclude these log groups from such a policy: "
            "/loginformant/shipper, /loginformant/replay, /loginformant/subscriber"
        )

    def test_the_log_is_not_read_if_events_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FakeInstallation, "let_through", None)
        installation = FakeInstallation(fake.stack())
        installation.hour = fake.activity(fake.series(Function.SHIPPER, Metric.EVENTS_RECEIVED, 3))
        assert only("flow", installation).verdict is Verdict.OK

    @pytest.mark.parametrize("minutes", [1, 58])
    def test_events_may_be_counted_a_few_minutes_later_or_before_the_hour(self, minutes: int) -> None:
        installation = FakeInstallation()
        installation.filtering = [fake.left_out(minutes, level=3)]
        installation.let_through_at = [fake.NOW - timedelta(minutes=minutes)]
        assert only("flow", installation).verdict is Verdict.NOTICE

    def test_alarms_on_the_functions_metrics_are_known(self) -> None:
        template = yaml_parse((PROJECT / "template.yaml").read_text(encoding="utf-8"))
        assert set(FROM_THE_LOG) == {
            name
            for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::CloudWatch::Alarm" and METRICS_NAMESPACE in str(resource)
        }

    def test_an_hour_without_events_is_reported(self) -> None:
        finding = only("flow", FakeInstallation())
        assert finding.what == "no log events received in the last hour, 0 in the last day"
        assert "shipctl send-test" in finding.remedy


class TestAlarms:
    def test_active_alarms_and_alarms_without_recipients_are_reported(self) -> None:
        installation = FakeInstallation()
        installation.alarms = [Alarm("ParkedQueueAlarm", "ALARM", None, False)]
        assert [finding.what for finding in look("alarms", installation)] == [
            "ParkedQueueAlarm is on",
            "1 of 1 alarms notify no one",
        ]

    def test_deleted_alarms_are_a_fault(self) -> None:
        """Some clean-up tools delete alarms that have no data."""
        installation = FakeInstallation()
        installation.alarms = [Alarm("ParkedQueueAlarm", ""), Alarm("KeyOrAddressAlarm", "OK")]
        finding = only("alarms", installation)
        assert finding.verdict is Verdict.FAULT
        assert finding.what == "deleted, though the stack still names them: ParkedQueueAlarm"
        assert "a deployment does not create them again" in finding.remedy

    @pytest.mark.parametrize(
        ("evaluation", "verdict"),
        [
            ("EVALUATION_ERROR", Verdict.NOTICE),
            ("EVALUATION_FAILURE", Verdict.NOTICE),
            ("PARTIAL_DATA", Verdict.NOTICE),
            ("IN_WARM_UP", Verdict.OK),
            ("", Verdict.OK),
        ],
    )
    def test_alarms_that_cannot_be_evaluated_are_reported(self, evaluation: str, verdict: Verdict) -> None:
        installation = FakeInstallation()
        installation.alarms = [Alarm("ParkedQueueAlarm", "OK", evaluation=evaluation)]
        finding = only("alarms", installation)
        assert finding.verdict is verdict
        assert ("ParkedQueueAlarm may not go off" in finding.what) is (verdict is Verdict.NOTICE)

    def test_disabled_actions_are_not_a_missing_recipient(self) -> None:
        """The alarm EverythingFilteredAlarm is silenced in this way where it is intended."""
        installation = FakeInstallation()
        installation.alarms = [Alarm("EverythingFilteredAlarm", "OK", is_enabled=False)]
        finding = only("alarms", installation)
        assert finding.verdict is Verdict.NOTICE
        assert finding.what == "notify no one, since their actions are disabled: EverythingFilteredAlarm"
        assert "nothing, if this is intended" in finding.remedy
        assert "NotificationEmail" not in finding.remedy

    def test_an_unconfirmed_email_address_is_reported(self) -> None:
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
