"""An older stack, with settings of its own and messages that wait, brought to this version by shipctl."""

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper import __version__

from local.account import Account, emulated_account, without_aws_settings
from local.build import local_build
from local.ingest_api import LOCAL_KEY, ingest_api
from local.processes import run
from local.reckoning import event_ids
from local.sam import SAM, sam_environment
from local.samples import now, put, samples, subscribe
from local.stack import PROJECT, STACK_NAME, Stack, switch_auto_replay
from local.story import OUTAGE, wait

pytestmark = [pytest.mark.e2e, pytest.mark.trial]

LOG = PROJECT / ".build" / "local" / "test-upgrade.log"
OLD = "bc985a8"
"""The commit that is used as the last release until there is one."""
STAYS = (
    *("DeadLetterQueue", "ParkedQueue", "ApiKeySecret"),
    *("ShipperFunction", "ReplayFunction", "SubscriberFunction"),
    *("ShipperLogGroup", "ReplayLogGroup", "SubscriberLogGroup"),
)
"""Resources that hold messages, a key or logs, or are the destination of subscriptions."""
SETTINGS = {"MaxReplays": "7", "Properties": "team=Order Management", "LogRetentionDays": "90"}


def checked_out(folder: Path) -> Path:
    """Write the sources of the older commit into a folder."""
    command = ["git", "archive", OLD, "template.yaml", "samconfig.toml", "functions", "layers"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"a shallow clone: commit {OLD} is not in it")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def old_build(folder: Path) -> Path:
    """Return what `sam build` makes of the older commit, for this machine."""
    sources, target = checked_out(folder / "sources"), folder / "build"
    run(
        [SAM, "build", "--no-cached", "--build-dir", str(target)],
        environment={**without_aws_settings(), **sam_environment(folder), "LAYER_FOR": "this-machine"},
        folder=sources,
        log=LOG,
    )
    return target


def shipctl(account: Account, *words: str, typed: str = "") -> str:
    done = subprocess.run(
        [str(Path(SAM).parent / "shipctl"), *words],
        input=typed,
        env=account.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def described(account: Account) -> dict[str, Any]:
    (stack,) = account.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
    return dict(stack)


def stack_of(account: Account) -> Stack:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described(account)["Outputs"]}
    return Stack(account, STACK_NAME, outputs, PROJECT)


def identifiers(account: Account) -> dict[str, str]:
    resources = account.client("cloudformation").describe_stack_resources(StackName=STACK_NAME)
    found = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources["StackResources"]}
    return {name: found[name] for name in STAYS}


def test_an_upgrade_replaces_nothing_and_loses_nothing(tmp_path: Path) -> None:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    old = old_build(tmp_path)
    new = local_build(PROJECT, LOG)
    stock = [sample for sample in samples(now(), None) if sample.log_group == "/ecs/checkout"]
    events = [event for sample in stock for event in sample.events]
    with ingest_api() as api, emulated_account(LOG) as account:
        wishes = {"IngestUrl": api.url, "AutoReplay": "false", **SETTINGS}
        words = [word for name, value in wishes.items() for word in ("--set", f"{name}={value}")]
        shipctl(
            account, "deploy", "--artefacts", str(old), "--yes", "--api-key", *words, typed=f"{LOCAL_KEY}\n"
        )
        stack = stack_of(account)
        assert stack.outputs.get("Version") != __version__
        switch_auto_replay(stack, False)
        before = identifiers(account)
        for sample in stock:
            subscribe(stack, sample.log_group)
        api.fault(OUTAGE)
        for sample in stock:
            put(stack, sample)
        queue = stack.outputs["DeadLetterQueueUrl"]
        wait("nothing waits", lambda: bool(account.queued(queue)))
        waiting = len(account.queued(queue))

        assert "is deployed" in shipctl(account, "deploy", "--artefacts", str(new), "--yes")
        assert identifiers(account) == before
        values = {each["ParameterKey"]: each["ParameterValue"] for each in described(account)["Parameters"]}
        assert values | wishes == values
        stack = stack_of(account)
        assert stack.outputs["Version"] == __version__
        switch_auto_replay(stack, False)
        assert len(account.queued(queue)) == waiting

        api.heal()
        shipctl(account, "dlq", "replay")
        assert not account.queued(queue)
        arrived = {identifier for log in api.logs for identifier in event_ids(log)}
        assert len(arrived) == len(events)
        status = json.loads(shipctl(account, "status", "--json"))
        assert status["version"] == status["shipctlVersion"] == __version__
