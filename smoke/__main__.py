"""`make smoke`: test in an AWS account what cannot be tested without one, and remove everything afterwards.

Without `--account` it is a rehearsal in an emulated account on this machine. Steps that the emulator does not
support are reported and skipped.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from local.account import REGION, Account, emulated_account
from local.build import local_build
from local.ingest_api import IngestApi, ingest_api
from local.processes import ProgramFailed, Terminated, unwinding_when_terminated
from smoke.cleanup import remove_everything, what_stays
from smoke.ingest import FunctionUrl, OnThisMachine
from smoke.steps import STEPS, Step, carried_out
from smoke.world import PROJECT, Failed, World

LOG = PROJECT / ".build" / "smoke.log"
NOTHING_WITHOUT = {"ingest-api", "deploy"}
"""Steps after whose failure all later steps would fail, too."""


class Result(StrEnum):
    """The result of a step."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step and its result."""

    step: str
    proves: str
    result: Result
    text: str
    """What was observed, what was wrong, or why the step was skipped."""
    seconds: float = 0.0


def run_steps(world: World, steps: tuple[Step, ...], outcomes: list[Outcome]) -> None:
    """Run the steps in order. Their outcomes are added to `outcomes`, also if the run is interrupted."""
    is_pointless = False
    for step in steps:
        if is_pointless:
            outcomes.append(Outcome(step.name, step.proves, Result.NOT_REACHED, "an earlier step failed"))
            continue
        if world.is_emulated and not step.is_emulated:
            outcomes.append(Outcome(step.name, step.proves, Result.SKIPPED, step.why_not_emulated))
            _say(f"- {step.name}: skipped, not supported by the emulator: {step.why_not_emulated}")
            continue
        _say(f"… {step.name}: {step.proves}")
        begin = time.monotonic()
        try:
            seen = carried_out(step, world)
            result, text = Result.PASSED, seen.text
        except (
            Failed,
            BotoCoreError,
            ClientError,
            WaiterError,
            subprocess.TimeoutExpired,
            LookupError,
            ValueError,
        ) as error:
            result, text = Result.FAILED, f"{type(error).__name__}: {error}"
            is_pointless = step.name in NOTHING_WITHOUT
        outcomes.append(Outcome(step.name, step.proves, result, text, round(time.monotonic() - begin, 1)))
        _say(f"{'✓' if result is Result.PASSED else '✗'} {step.name}: {text}")


def prepare(world: World) -> None:
    """Create the bucket, the log group and the ingest API's stack, which the steps need."""
    s3, cloudformation = world.client("s3"), world.client("cloudformation")
    place = {} if world.region == "us-east-1" else {"LocationConstraint": world.region}
    s3.create_bucket(Bucket=world.bucket, **({"CreateBucketConfiguration": place} if place else {}))
    world.client("logs").create_log_group(logGroupName=world.log_group)
    template = (PROJECT / "smoke/ingest_api.yaml").read_text(encoding="utf-8")
    name = f"{world.name}-ingest"
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[{"ParameterKey": "ApiKey", "ParameterValue": world.key}],
        Capabilities=["CAPABILITY_IAM"],
    )
    delay = 1 if world.is_emulated else 5
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": delay, "MaxAttempts": 300 // delay}
    )


def carry_out(world: World, steps: tuple[Step, ...], outcomes: list[Outcome]) -> int:
    """Run all steps and remove everything. Return the exit status."""
    status = 0
    try:
        _say(f"Creating resources for the steps with the name {world.name}")
        prepare(world)
        run_steps(world, steps, outcomes)
    except Terminated:
        status = 143
    except KeyboardInterrupt:
        status = 130
    except (BotoCoreError, ClientError, WaiterError) as error:
        _say(f"✗ {error}")
        status = 1
    finally:
        left = _removed(world)
    if status in (130, 143):
        _say("Interrupted.")
    elif any(each.result is Result.FAILED for each in outcomes):
        status = 1
    return status or (1 if left else 0)


def _removed(world: World) -> list[str]:
    """Remove everything, ignoring Ctrl-C, and return what is left."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _say("Removing everything that was created (Ctrl-C does not stop this)")
        begin = time.monotonic()
        for removed in remove_everything(world):
            _say(f"  {removed}")
        left = what_stays(world)
        for each in left:
            _say(f"✗ not removed: {each}")
        if not left:
            _say(f"Everything of {world.name} was removed ({time.monotonic() - begin:.0f} s).")
    except (BotoCoreError, ClientError) as error:
        left = [f"unknown: {error}"]
        _say(f"✗ not everything of {world.name} could be removed: {error}")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return left


def report(outcomes: list[Outcome], *, is_emulated: bool) -> None:
    """Report which steps passed, failed and were skipped."""
    by_result = {result: [each for each in outcomes if each.result is result] for result in Result}
    where = "an emulated account" if is_emulated else "a real account"
    passed = by_result[Result.PASSED]
    _say(f"\nProven in {where}: {len(passed)} of {len(STEPS)} steps: {_names(passed)}")
    if by_result[Result.SKIPPED]:
        _say(f"Not proven, since only a real account can: {_names(by_result[Result.SKIPPED])}")
        _say('For those: make smoke ARGS="--account ID"')
    for result in (Result.FAILED, Result.NOT_REACHED):
        if by_result[result]:
            _say(f"{result.value.capitalize()}: {_names(by_result[result])}")


def _names(outcomes: list[Outcome]) -> str:
    return ", ".join(each.step for each in outcomes) or "none"


def _say(line: str) -> None:
    print(line, flush=True)


# --- the account ---


@contextmanager
def emulated_world(running: Account | None) -> Iterator[World]:
    """Provide a world in an emulated account, which is started unless one is running."""
    build = local_build(PROJECT, LOG)
    with ingest_api(api=IngestApi([key := _new_key()])) as api:
        if running is not None:
            yield _world(running.client, dict(running.environment), REGION, build, OnThisMachine(api), key)
            return
        with emulated_account(LOG) as account:
            yield _world(account.client, account.environment, REGION, build, OnThisMachine(api), key)


@contextmanager
def real_world(account: str, region: str | None) -> Iterator[World]:
    """Provide a world in the real account that was named.

    Raises:
        Failed: The credentials are for another account, or there is no region.
    """
    session = boto3.Session(region_name=region)
    if not session.region_name:
        raise Failed("no AWS region: give --region, or set AWS_REGION")
    found = session.client("sts").get_caller_identity()["Account"]
    if found != account:
        raise Failed(f"the credentials are for account {found}, not {account}")
    subprocess.run(["make", "build"], cwd=PROJECT, check=True, stdout=sys.stderr)
    key = _new_key()

    @cache
    def client(service: str) -> Any:
        return session.client(service)  # type: ignore[call-overload]

    name = _new_name()
    ingest = FunctionUrl(f"{name}-ingest", key, client)
    build = PROJECT / ".aws-sam" / "build"
    yield World(name, session.region_name, False, dict(os.environ), client, ingest, key, build, LOG)


def _world(
    client: Any, environment: dict[str, str], region: str, build: Path, ingest: Any, key: str
) -> World:
    return World(_new_name(), region, True, environment, client, ingest, key, build, LOG)


def _new_name() -> str:
    return f"smoke-{secrets.token_hex(4)}"


def _new_key() -> str:
    return f"smoke-{secrets.token_hex(16)}"


def main(
    account: Annotated[
        str,
        typer.Option(
            help="The id of a real account, in which resources are created and billed. By default, the "
            "account is emulated."
        ),
    ] = "",
    region: Annotated[
        str, typer.Option(help="The region of the real account. By default, the region of the credentials.")
    ] = "",
    only: Annotated[
        str, typer.Option(help="The steps to run, separated by commas. deploy always runs.")
    ] = "",
    json_file: Annotated[
        str, typer.Option("--json", help="A file to write the outcomes to.", metavar="FILE")
    ] = "",
    show: Annotated[bool, typer.Option("--list", help="List the steps and exit.")] = False,
    endpoint: Annotated[
        bool, typer.Option("--running", help="Use the emulated account of AWS_ENDPOINT_URL.")
    ] = False,
) -> None:
    """Test in an AWS account what cannot be tested without one, and remove everything afterwards."""
    if show:
        for step in STEPS:
            there = (
                f"not supported by the emulator: {step.why_not_emulated}"
                if step.why_not_emulated
                else "supported by the emulator"
            )
            _say(f"{step.name:<16} {step.proves} ({there})")
        return
    names = {name for name in only.split(",") if name} | NOTHING_WITHOUT
    if unknown := names - {step.name for step in STEPS}:
        raise typer.BadParameter(f"no such step: {', '.join(sorted(unknown))}; --list shows them")
    steps = tuple(step for step in STEPS if not only or step.name in names)
    outcomes: list[Outcome] = []
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    try:
        with unwinding_when_terminated():
            chosen = (
                real_world(account, region or None)
                if account
                else emulated_world(_running() if endpoint else None)
            )
            with chosen as world:
                status = carry_out(world, steps, outcomes)
    except (Failed, ProgramFailed, BotoCoreError, ClientError, subprocess.CalledProcessError) as error:
        _say(f"✗ {error}")
        status = 1
    except KeyboardInterrupt as error:
        _say("Interrupted before anything was created.")
        status = 143 if isinstance(error, Terminated) else 130
    report(outcomes, is_emulated=not account)
    if json_file:
        Path(json_file).write_text(
            json.dumps([asdict(each) for each in outcomes], indent=1) + "\n", encoding="utf-8"
        )
    sys.exit(status)


def _running() -> Account:
    return Account(os.environ["AWS_ENDPOINT_URL"], dict(os.environ))


if __name__ == "__main__":
    typer.run(main)
