"""The resources and functions that all steps of a run use."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smoke.ingest import Ingest

PROJECT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A step failed. The text says what it observed."""


@dataclass(frozen=True, slots=True)
class World:
    """One run: an account, a unique name, and an ingest API."""

    name: str
    region: str
    is_emulated: bool
    environment: Mapping[str, str]
    """The environment variables with which programs access the account."""
    client: Callable[[str], Any]
    """Returns the boto3 client of the account for a service."""
    ingest: Ingest
    key: str
    artefacts: Path
    """The output of `sam build`."""
    log: Path

    @property
    def log_group(self) -> str:
        """Return the log group whose logs are shipped from the start."""
        return f"/smoke/{self.name}/app"

    @property
    def bucket(self) -> str:
        """Return the bucket for the code and the template, which is removed after the run."""
        return f"{self.name}-code"

    def shipctl(self, *words: str, typed: str = "", seconds: float = 900) -> "Done":
        """Run a command of shipctl on the stack of this run."""
        program = str(Path(sys.executable).parent / "shipctl")
        command = [program, *words, "--stack", self.name, "--region", self.region]
        done = subprocess.run(
            command,
            input=typed,
            env=dict(self.environment),
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"\n$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        return Done(done.returncode, done.stdout, done.stderr)

    def deploy(self, *words: str, typed: str = "") -> "Done":
        """Run `shipctl deploy` with the build."""
        how = ("--yes", "--bucket", self.bucket, "--artefacts", str(self.artefacts))
        done = self.shipctl("deploy", *how, *words, typed=typed)
        if self.is_emulated and done.status == 0:
            self._mend_the_emulated_trigger()
        return done

    def _mend_the_emulated_trigger(self) -> None:
        """Set the maximum concurrency again, since the emulator stores a parameter's number as text."""
        client = self.client("lambda")
        found = client.list_event_source_mappings(FunctionName=self.outputs()["ReplayFunctionName"])
        for mapping in found["EventSourceMappings"]:
            scaling = {"MaximumConcurrency": int(mapping["ScalingConfig"]["MaximumConcurrency"])}
            client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)

    def outputs(self) -> dict[str, str]:
        """Return the outputs of the stack."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def write(self, messages: list[str], log_group: str = "") -> float:
        """Write log events into a log group of this run, and return the time in seconds since 1970."""
        logs, now = self.client("logs"), time.time()
        where = {
            "logGroupName": log_group or self.log_group,
            "logStreamName": f"stream-{time.monotonic_ns()}",
        }
        logs.create_log_stream(**where)
        events = [{"timestamp": int(now * 1000), "message": each} for each in messages]
        logs.put_log_events(**where, logEvents=events)
        return now

    def wait_for(self, what: str, seconds: float, look: Callable[[], bool]) -> float:
        """Wait until a condition is true, and return how many seconds that took.

        Raises:
            Failed: The condition was not true in time.
        """
        begin = time.monotonic()
        pause = 0.2 if self.is_emulated else 5.0
        while not look():
            if time.monotonic() - begin > seconds:
                raise Failed(f"{what} did not appear within {seconds:.0f} s")
            time.sleep(pause)
        return time.monotonic() - begin

    def waiting(self, queue: str) -> int:
        """Return the number of messages in a queue, including those in flight and delayed ones."""
        found = self.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs()[queue],
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        return sum(map(int, found.values()))


@dataclass(frozen=True, slots=True)
class Done:
    """The result of a program."""

    status: int
    out: str
    err: str

    def expect(self, status: int = 0) -> "Done":
        """Return the result. Raises `Failed` if the exit status differs."""
        if self.status != status:
            lines = [line for line in f"{self.out}\n{self.err}".splitlines() if line.strip()]
            raise Failed(f"exit status {self.status}, not {status}: {(lines or ['it said nothing'])[-1]}")
        return self
