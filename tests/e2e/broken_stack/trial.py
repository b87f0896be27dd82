"""A deployed stack, and the ways to break and repair it.

So that this takes minutes and not hours, the stack has other times than the template: functions may run for
24 s and not 120, and messages come back after seconds, not after minutes or a day. The emulator has no
metrics, so doctor works without them here.
"""

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipctl.__main__ import app
from typer.testing import CliRunner, Result

from local.ingest_api import LOCAL_KEY, IngestApi
from local.stack import Stack, switch_auto_replay
from local.story import wait

LOG_GROUP = "/app/orders"
SECONDS = "24"
"""Long enough for a request of 10 s and for writing to the queue, which takes up to 12 s here."""
FUNCTIONS_WITH_TIMES = 2
"""How often the template gives a function its timeout: for all, and for the check of the settings."""


@dataclass
class Trial:
    """A stack, its ingest API, and actions on them."""

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
        """Change a function's configuration, which gives it new environments."""
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


def put_in_order(trial: Trial) -> None:
    """Repair the stack, whatever was done to it before."""
    switch_auto_replay(trial.stack, False)
    trial.api.heal()
    trial.api.rotate_keys(LOCAL_KEY)
    trial.deploy(IngestUrl=trial.api.url, MinimumLevel="Debug")
    if not trial.client("logs").describe_subscription_filters(logGroupName=LOG_GROUP)["subscriptionFilters"]:
        trial.shipctl("subscriptions", "reconcile")
    secrets, secret = trial.client("secretsmanager"), trial.stack.outputs["ApiKeySecretArn"]
    if "DeletedDate" in secrets.describe_secret(SecretId=secret):
        secrets.restore_secret(SecretId=secret)
    secrets.put_secret_value(SecretId=secret, SecretString=LOCAL_KEY)
    for name in ("Shipper", "Replay"):
        trial.configure(name, Timeout=int(SECONDS), Handler="app.handler")
        trial.client("lambda").delete_function_concurrency(FunctionName=trial.function(name))
    # The running functions have ended, so nothing more is written to the queues.
    for queue in ("DeadLetterQueueUrl", "ParkedQueueUrl"):
        trial.client("sqs").purge_queue(QueueUrl=trial.stack.outputs[queue])
    switch_auto_replay(trial.stack, trial.replays_itself)


def faults_told(result: Result, member: str) -> list[dict[str, str]]:
    assert result.stdout, result.output
    found = json.loads(result.stdout)[member]
    return [finding for finding in found if finding["verdict"] == "fault"]


def quicker(folder: Path) -> Callable[[Path], Path]:
    """Return a function that copies a build with shorter times into another folder."""

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
            ("template.yaml", r"VisibilityTimeout: 720\b", "VisibilityTimeout: 25", 1),
            (
                "ShippingLayer/python/loginformant_shipper/settings.py",
                r"QUEUE_CONNECT_SECONDS = 2.0\nQUEUE_READ_SECONDS = 5.0",
                r"QUEUE_CONNECT_SECONDS = 1.0\nQUEUE_READ_SECONDS = 2.0",
                1,
            ),
            (
                "ShippingLayer/python/loginformant_shipper/delivery/policy.py",
                r"(key_refresh_interval|key_memory|doubt_memory): float = \d+\.0",
                r"\1: float = 3.0",
                3,
            ),
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
            # Python does not compare the layers' bytecode with the source.
            for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
                compiled.unlink()
        return quick

    return adapt
