"""Thirteen ways to break a stack, how doctor names each, and what its remedy is."""

import base64
import gzip
import json
import time
from contextlib import chdir
from tempfile import TemporaryDirectory

from local.faults import Fault as ApiFault
from local.ingest_api import LOCAL_KEY
from local.samples import POISON
from local.stack import switch_auto_replay
from local.story import POISON_IS_REFUSED, wait
from tests.e2e.broken_stack.trial import LOG_GROUP, SECONDS, Trial

NEW_KEY = "another-key"
MALFORMED = 12

OUTAGE = ApiFault(status=503, headers={"Retry-After": "15"}, times=None)
"""Longer than any invocation; a request is sent to LogInformant again soon afterwards."""


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
    check, words, remedy = "key", "LogInformant rejects the API key (unauthorized 401", "shipctl key set"

    def break_it(self, trial: Trial) -> None:
        trial.api.rotate_keys(NEW_KEY)
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        assert trial.shipctl("key", "set", input=NEW_KEY).exit_code == 0


class SecretDeleted(Fault):
    check, words, remedy = "key", "it is scheduled for deletion", "shipctl key set"

    def break_it(self, trial: Trial) -> None:
        secret = trial.stack.outputs["ApiKeySecretArn"]
        trial.client("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=7)
        trial.put("a", "b")
        trial.wait_for_letters()

    def mend(self, trial: Trial, remedy: str) -> None:
        assert trial.shipctl("key", "set", input=LOCAL_KEY).exit_code == 0


class Poison(Fault):
    check, words, remedy = "backlog", "rejected: rejected individually", "--reason rejected"

    def break_it(self, trial: Trial) -> None:
        trial.api.fault(POISON_IS_REFUSED)
        trial.put("a", POISON, "b")
        trial.wait_for_letters()
        if trial.replays_itself:
            wait("it was not parked", lambda: trial.waiting("ParkedQueueUrl") > 0)

    def mend(self, trial: Trial, remedy: str) -> None:
        export, purge = (command.split() for command in remedy.split("; ")[-2:])
        assert (export[2], purge[2]) == ("export", "purge")
        with TemporaryDirectory() as folder, chdir(folder):
            assert trial.shipctl(*export[1:]).exit_code == 0
            assert trial.shipctl(*purge[1:], "--yes").exit_code == 0


class MalformedFlood(Poison):
    check, words, remedy = "backlog", "malformed: not a CloudWatch Logs payload", "--reason malformed"

    def break_it(self, trial: Trial) -> None:
        for _ in range(MALFORMED):
            trial.client("lambda").invoke(
                FunctionName=trial.function("Shipper"), Payload=b'{"awslogs": {"data": "?"}}'
            )
        queue = "ParkedQueueUrl" if trial.replays_itself else "DeadLetterQueueUrl"
        wait("not all is in the queue", lambda: trial.waiting(queue) == MALFORMED)


class WrongHost(Fault):
    check, words, remedy = "address", "the host name no-such-host.invalid cannot be resolved", "IngestUrl"

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
            trial.configure(name, Timeout=int(remedy.split("--timeout ")[1].split()[0]))


class FilterRemoved(Fault):
    check, words = "subscriptions", f"selected, not subscribed yet: {LOG_GROUP}"
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
    """With AutoReplay off the trigger is disabled as intended, and waiting messages need the command."""

    @property
    def check(self) -> str:  # type: ignore[override]
        return "trigger"

    words, remedy = "automatic replay was switched off", "shipctl autoreplay on"

    def break_it(self, trial: Trial) -> None:
        switch_auto_replay(trial.stack, False)
        trial.api.fault(OUTAGE)
        trial.put("a", "b")
        trial.wait_for_letters()
        trial.api.heal()

    def mend(self, trial: Trial, remedy: str) -> None:
        assert trial.shipctl(*remedy.split()[1:]).exit_code == 0


class ConcurrencyZero(Fault):
    check, words = "settings", "cannot run, since its reserved concurrency is 0"
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
    check, words = "filtering", "were filtered out: MinimumLevel (3)"
    remedy = "MinimumLevel=Debug"

    def break_it(self, trial: Trial) -> None:
        trial.deploy(MinimumLevel="Fatal")
        trial.put("a", "b", "c")
        doctor = "doctor", "--only", "filtering"
        wait("doctor does not see it", lambda: trial.shipctl(*doctor).exit_code == 1)

    def mend(self, trial: Trial, remedy: str) -> None:
        trial.deploy(MinimumLevel="Debug")
        before = len(trial.api.logs)
        trial.put("a", "b")
        wait("logs are not shipped again", lambda: len(trial.api.logs) == before + 2)


class Crash(Fault):
    """Puts what Lambda stores after its attempts, which the emulator does late or never."""

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
        trial.configure("Shipper", Handler=remedy.split("--handler ")[1].split()[0])


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
