"""A stack broken in every way that we know: doctor names it, status shows it, the remedy empties the queue.

Each fault with AutoReplay on and off. So that this takes minutes and not hours, the stack has other times
than the template: functions may run for 50 s and not 120, and messages come back after seconds, not after
minutes or a day. CloudWatch's metrics are made of the functions' own lines (`local.metrics`); of SQS and
Lambda there are none, and nothing is told by them.
"""

import base64
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from shipctl.__main__ import app
from typer.testing import CliRunner, Result

from local.faults import Fault as ApiFault
from local.ingest_api import LOCAL_KEY, IngestApi, ingest_api
from local.metrics import EmbeddedMetrics
from local.samples import POISON
from local.stack import PROJECT, Stack, deployed_stack, switch_auto_replay
from local.story import POISON_IS_REFUSED, Incomplete, wait

pytestmark = [pytest.mark.e2e, pytest.mark.trial]
LOG = PROJECT / ".build" / "local" / "broken.log"
LOG_GROUP = "/app/orders"
NEW_KEY = "another-key"
MALFORMED = 12
SECONDS = "50"
FUNCTIONS_WITH_TIMES = 2
"""How often the template names the time-out to a function: to all, and to that which checks the settings."""


OUTAGE = ApiFault(status=503, headers={"Retry-After": "30"}, times=None)
"""No invocation lasts as long; and soon afterwards LogInformant is asked again."""


@dataclass
class Trial:
    """A stack, its ingest API, and what is done to them."""

    stack: Stack
    api: IngestApi
    replays_itself: bool
    number: int = 0

    def client(self, service: str) -> Any:
        return self.stack.account.client(service)

    def shipctl(self, *arguments: str, input: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=input, env=self.stack.account.environment)

    def put(self, *messages: str) -> None:
        """Put log events into a subscribed log group."""
        self.number += 1
        stream = f"{self.replays_itself}-{self.number}"
        logs = self.client("logs")
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        now = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=LOG_GROUP,
            logStreamName=stream,
            logEvents=[{"timestamp": now + number, "message": text} for number, text in enumerate(messages)],
        )

    def function(self, name: str) -> str:
        return self.stack.outputs[f"{name}FunctionName"]

    def configure(self, name: str, **configuration: Any) -> None:
        """Change a function's configuration; whoever does so gets new environments."""
        self.client("lambda").update_function_configuration(FunctionName=self.function(name), **configuration)

    def deploy(self, **parameters: str) -> None:
        """Change parameters of the stack, as a deployment does."""
        client = self.client("cloudformation")
        [stack] = client.describe_stacks(StackName=self.stack.name)["Stacks"]
        now = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]}
        if all(now[name] == value for name, value in parameters.items()):
            return
        client.update_stack(
            StackName=self.stack.name,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": parameters[name]}
                if name in parameters
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in now
            ],
        )
        client.get_waiter("stack_update_complete").wait(
            StackName=self.stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        # The emulator enables a mapping that the template disables.
        switch_auto_replay(self.stack, self.replays_itself)

    def waiting(self, queue: str = "DeadLetterQueueUrl") -> int:
        """Return how many messages are in a queue, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        names.append("ApproximateNumberOfMessagesDelayed")
        answer = self.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.outputs[queue], AttributeNames=names
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def wait_for_letters(self) -> None:
        wait("nothing is in the dead-letter queue", lambda: self.waiting() > 0)


class Fault:
    """One way to break a stack. `check` and `words` are where and how doctor names it."""

    check: str
    words: str
    remedy: str
    """A part of the remedy that doctor names."""

    def break_it(self, trial: Trial) -> None:
        raise NotImplementedError

    def mend(self, trial: Trial, remedy: str) -> None:
        """Do what the remedy says."""
        raise NotImplementedError


class ApiDown(Fault):
    check, words, remedy = "delivery", "LogInformant is down (unavailable 503", "wait until it is back"

    def break_it(self, trial: Trial) -> None:
        trial.api.fault(OUTAGE)
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        trial.api.heal()


class KeyRotated(Fault):
    check, words, remedy = "key", "LogInformant refuses the API key (unauthorized 401", "shipctl key set"

    def break_it(self, trial: Trial) -> None:
        trial.api.rotate_keys(NEW_KEY)
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        assert trial.shipctl("key", "set", input=NEW_KEY).exit_code == 0


class SecretDeleted(Fault):
    check, words, remedy = "key", "it is going to be deleted", "shipctl key set"

    def break_it(self, trial: Trial) -> None:
        secret = trial.stack.outputs["ApiKeySecretArn"]
        trial.client("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=7)
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        assert trial.shipctl("key", "set", input=LOCAL_KEY).exit_code == 0


class Poison(Fault):
    check, words, remedy = "backlog", "rejected: refused, each for itself", "--reason rejected"

    def break_it(self, trial: Trial) -> None:
        trial.api.fault(POISON_IS_REFUSED)
        trial.put("a", POISON, "b")
        trial.wait_for_letters()
        if trial.replays_itself:
            patient_wait("it was not parked", lambda: trial.waiting("ParkedQueueUrl") > 0)

    def mend(self, trial: Trial, remedy: str) -> None:
        purge = remedy.split("; ")[-1].split()
        assert purge[:3] == ["shipctl", "dlq", "purge"]
        assert trial.shipctl(*purge[1:], "--yes").exit_code == 0


class MalformedFlood(Poison):
    check, words, remedy = "backlog", "malformed: no payload of CloudWatch's", "--reason malformed"

    def break_it(self, trial: Trial) -> None:
        for _ in range(MALFORMED):
            trial.client("lambda").invoke(
                FunctionName=trial.function("Shipper"), Payload=b'{"awslogs": {"data": "?"}}'
            )
        queue = "ParkedQueueUrl" if trial.replays_itself else "DeadLetterQueueUrl"
        wait("not all is in the queue", lambda: trial.waiting(queue) == MALFORMED)


class WrongHost(Fault):
    check, words, remedy = "address", "the host name no-such-host.invalid is not known", "IngestUrl"

    def break_it(self, trial: Trial) -> None:
        trial.deploy(IngestUrl="https://no-such-host.invalid")
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        trial.deploy(IngestUrl=trial.api.url)


class WrongPath(WrongHost):
    check, words, remedy = "delivery", "is not the ingest API (misconfigured 404", "IngestUrl"

    def break_it(self, trial: Trial) -> None:
        trial.deploy(IngestUrl=f"{trial.api.url}/wrong")
        trial.put("a", "b")
        trial.wait_for_letters()


class TimeOut(Fault):
    check, words = "settings", f"Timeout is 3, the template says {SECONDS}"
    remedy = f"--timeout {SECONDS}"

    def break_it(self, trial: Trial) -> None:
        for name in ("Shipper", "Replay"):
            trial.configure(name, Timeout=3)
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        for name in ("Shipper", "Replay"):
            trial.configure(name, Timeout=int(remedy.split()[-1]))


class FilterRemoved(Fault):
    check, words = "subscriptions", f"wanted, not subscribed yet: {LOG_GROUP}"
    remedy = "shipctl subscriptions reconcile"

    def break_it(self, trial: Trial) -> None:
        for found in trial.client("logs").describe_subscription_filters(logGroupName=LOG_GROUP)[
            "subscriptionFilters"
        ]:
            trial.client("logs").delete_subscription_filter(
                logGroupName=LOG_GROUP, filterName=found["filterName"]
            )

    def mend(self, trial: Trial, remedy: str) -> None:
        before = len(trial.api.logs)
        assert trial.shipctl(*remedy.split()[1:]).exit_code == 0
        trial.put("a", "b")
        wait("logs are not shipped again", lambda: len(trial.api.logs) == before + 2)


class TriggerDisabled(Fault):
    """With AutoReplay off that is as it should be; and what waits needs the command."""

    @property
    def check(self) -> str:  # type: ignore[override]
        return "trigger"

    words, remedy = "somebody switched its trigger off", "shipctl autoreplay on"

    def break_it(self, trial: Trial) -> None:
        switch_auto_replay(trial.stack, False)
        trial.api.fault(OUTAGE)
        trial.put("a", "b")
        trial.wait_for_letters()
        trial.api.heal()

    def mend(self, trial: Trial, remedy: str) -> None:
        assert trial.shipctl(*remedy.split()[1:]).exit_code == 0


class ConcurrencyZero(Fault):
    check, words = "settings", "cannot run, its reserved concurrency is 0"
    remedy = "aws lambda delete-function-concurrency --function-name"

    def break_it(self, trial: Trial) -> None:
        trial.client("lambda").put_function_concurrency(
            FunctionName=trial.function("Replay"), ReservedConcurrentExecutions=0
        )
        trial.api.fault(OUTAGE)
        trial.put("a", "b")
        trial.wait_for_letters()
        trial.api.heal()

    def mend(self, trial: Trial, remedy: str) -> None:
        name = remedy.split("--function-name ")[1].split()[0]
        trial.client("lambda").delete_function_concurrency(FunctionName=name)


class EverythingFiltered(Fault):
    check, words = "filtering", "were left out: MinimumLevel (3)"
    remedy = "MinimumLevel=Debug"

    def break_it(self, trial: Trial) -> None:
        trial.deploy(MinimumLevel="Fatal")
        metrics = EmbeddedMetrics(trial.stack, from_now=True)
        trial.put("a", "b", "c")

        def is_counted() -> bool:
            metrics.collect()
            return trial.shipctl("doctor", "--only", "filtering").exit_code == 1

        wait("nothing was filtered", is_counted)

    def mend(self, trial: Trial, remedy: str) -> None:
        trial.deploy(MinimumLevel="Debug")
        before = len(trial.api.logs)
        trial.put("a", "b")
        wait("logs are not shipped again", lambda: len(trial.api.logs) == before + 2)


class Crash(Fault):
    """What Lambda itself stores after its attempts is put here: the emulator does not, or minutes later."""

    check, words, remedy = "settings", "Handler is nothing.handler", "--handler app.handler"

    def break_it(self, trial: Trial) -> None:
        trial.configure("Shipper", Handler="nothing.handler")
        told = {"RequestID": "0a1b", "ErrorMessage": "Unable to import module 'nothing'"}
        trial.client("sqs").send_message(
            QueueUrl=trial.stack.outputs["DeadLetterQueueUrl"],
            MessageBody=subscription_event("a", "b"),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": text} for name, text in told.items()
            },
        )

    def mend(self, trial: Trial, remedy: str) -> None:
        trial.configure("Shipper", Handler=remedy.split()[-1])


FAULTS = (
    EverythingFiltered(),
    ApiDown(),
    KeyRotated(),
    SecretDeleted(),
    Poison(),
    MalformedFlood(),
    WrongHost(),
    WrongPath(),
    TimeOut(),
    FilterRemoved(),
    TriggerDisabled(),
    ConcurrencyZero(),
    Crash(),
)


def subscription_event(*messages: str) -> str:
    import gzip

    payload = {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": LOG_GROUP,
        "logStream": "invoked",
        "subscriptionFilters": ["trial"],
        "logEvents": [
            {"id": str(number), "timestamp": int(time.time() * 1000), "message": text}
            for number, text in enumerate(messages)
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()
    return json.dumps({"awslogs": {"data": data}})


def quicker(folder: Path) -> Callable[[Path], Path]:
    """Return what makes of a build one with shorter times, in another folder."""

    def adapt(build: Path) -> Path:
        quick = folder / "build"
        shutil.copytree(build, quick)
        for path, pattern, replacement, times in (
            ("template.yaml", r"(?m)^    Timeout: 120$", f"    Timeout: {SECONDS}", 1),
            (
                "template.yaml",
                r"FUNCTION_TIMEOUT_SECONDS: '120'",
                f"FUNCTION_TIMEOUT_SECONDS: '{SECONDS}'",
                FUNCTIONS_WITH_TIMES,
            ),
            ("template.yaml", r"VisibilityTimeout: 720\b", "VisibilityTimeout: 60", 1),
            (
                "ShippingLayer/python/loginformant_shipper/dead_letters/replay.py",
                r"REFUSAL_DELAYS_SECONDS = \(.*\)",
                "REFUSAL_DELAYS_SECONDS = (1, 1, 1)",
                1,
            ),
            (
                "ShippingLayer/python/loginformant_shipper/dead_letters/replay.py",
                r"(MIN_REFUSED\w*) = timedelta\(\w+=\d+\)",
                r"\1 = timedelta(seconds=1)",
                2,
            ),
            (
                "ShippingLayer/python/loginformant_shipper/dead_letters/sqs.py",
                r"(MIN_POSTPONEMENT_SECONDS, MAX_POSTPONEMENT_SECONDS) = \d+, \d+",
                r"\1 = 1, 2",
                1,
            ),
        ):
            file = quick / path
            text, found = re.subn(pattern, replacement, file.read_text())
            assert found == times, f"{path} is not as it is expected here"
            file.write_text(text)
        return quick

    return adapt


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, IngestApi]]:
    adapt = quicker(tmp_path_factory.mktemp("quicker"))
    with ingest_api() as api:
        parameters = {
            "ApiKey": LOCAL_KEY,
            "IngestUrl": api.url,
            "LogGroups": "/app/*",
            "SubscribeRequestsPerSecond": "5",
            "AutoReplay": "true",
        }
        with deployed_stack(parameters, log=LOG, adapt=adapt) as stack:
            stack.account.client("logs").create_log_group(logGroupName=LOG_GROUP)
            trial = Trial(stack, api, replays_itself=True)
            assert trial.shipctl("subscriptions", "reconcile").exit_code == 0
            yield stack, api


@pytest.fixture(scope="module", params=[True, False], ids=["auto-replay", "by-command"])
def mode(deployed: tuple[Stack, IngestApi], request: pytest.FixtureRequest) -> Trial:
    stack, api = deployed
    trial = Trial(stack, api, replays_itself=request.param)
    trial.deploy(AutoReplay=str(request.param).lower())
    return trial


def put_in_order(trial: Trial) -> None:
    """Make the stack as it should be, whatever was done to it before."""
    trial.api.heal()
    trial.api.rotate_keys(LOCAL_KEY)
    trial.deploy(IngestUrl=trial.api.url, MinimumLevel="Debug")
    if not trial.client("logs").describe_subscription_filters(logGroupName=LOG_GROUP)["subscriptionFilters"]:
        trial.shipctl("subscriptions", "reconcile")
    for queue in ("DeadLetterQueueUrl", "ParkedQueueUrl"):
        trial.client("sqs").purge_queue(QueueUrl=trial.stack.outputs[queue])
    secrets, secret = trial.client("secretsmanager"), trial.stack.outputs["ApiKeySecretArn"]
    if "DeletedDate" in secrets.describe_secret(SecretId=secret):
        secrets.restore_secret(SecretId=secret)
    secrets.put_secret_value(SecretId=secret, SecretString=LOCAL_KEY)
    for name in ("Shipper", "Replay"):
        trial.configure(name, Timeout=int(SECONDS), Handler="app.handler")
        trial.client("lambda").delete_function_concurrency(FunctionName=trial.function(name))
    switch_auto_replay(trial.stack, trial.replays_itself)


def patient_wait(trouble: str, is_over: Callable[[], bool]) -> None:
    """Wait as long as `wait` twice."""
    with suppress(Incomplete):
        return wait(trouble, is_over)
    return wait(trouble, is_over)


def faults_told(result: Result, member: str) -> list[dict[str, str]]:
    assert result.stdout, result.output
    found = json.loads(result.stdout)[member]
    return [finding for finding in found if finding["verdict"] == "fault"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_the_fault_is_named_shown_and_the_remedy_empties_the_queue(mode: Trial, fault: Fault) -> None:
    trial = mode
    if isinstance(fault, TriggerDisabled) and not trial.replays_itself:
        pytest.skip("with AutoReplay off the trigger is off, and that is no fault")
    put_in_order(trial)
    fault.break_it(trial)
    doctor = trial.shipctl("doctor", "--json")
    told = faults_told(doctor, "findings")
    named = [
        finding for finding in told if finding["check"] == fault.check and fault.words in finding["what"]
    ]
    assert named, told
    assert doctor.exit_code == 1
    assert fault.remedy in named[0]["remedy"]
    shown = faults_told(trial.shipctl("status", "--json"), "faults")
    assert any(finding["check"] == fault.check and fault.words in finding["what"] for finding in shown)
    fault.mend(trial, named[0]["remedy"])
    if not trial.replays_itself and trial.waiting():
        assert any("shipctl dlq replay" in finding["remedy"] for finding in told), told
        replay = trial.shipctl("dlq", "replay")
        assert replay.exit_code == 0, replay.output
    # The emulator ends a function at work when its configuration changes: messages come back after a minute.
    patient_wait("the dead-letter queue did not empty", lambda: trial.waiting() == 0)
    assert trial.waiting("ParkedQueueUrl") == 0


def test_a_stack_in_order_has_no_fault(mode: Trial) -> None:
    put_in_order(mode)
    before = len(mode.api.logs)
    mode.put("a", "b")
    wait("logs are not shipped", lambda: len(mode.api.logs) == before + 2)
    # The hour's metrics are those of the test that has everything filtered.
    doctor = mode.shipctl("doctor", "--json", "--send", "--skip", "filtering")
    assert faults_told(doctor, "findings") == []
