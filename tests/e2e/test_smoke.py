"""`make smoke` in an emulated account: it ends, says what it left out, and removes what it made.

The emulated account outlives the run, so that what is left can be looked for from outside. The step `outage`
is begun only, and interrupted: the shipper tries for a minute and a half before it stores what was answered
with 500.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.account import Account, emulated_account
from local.stack import PROJECT
from smoke.steps import STEPS

pytestmark = [pytest.mark.e2e, pytest.mark.trial]

LOG = PROJECT / ".build" / "local" / "test-smoke.log"
CARRIED_OUT = ("ingest-api", "deploy", "plain", "many", "refused", "parked", "refused-setting", "same-again")
SECONDS = 400
"""Seconds for a run on a busy machine."""


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    with emulated_account(LOG) as account:
        yield account


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "smoke", "--running", *words]


def what_is_there(account: Account) -> dict[str, list[str]]:
    """Return everything in the account of the kinds that a run creates, whatever its name."""
    stacks = account.client("cloudformation").list_stacks()["StackSummaries"]
    return {
        "stacks": [each["StackName"] for each in stacks if each["StackStatus"] != "DELETE_COMPLETE"],
        "functions": [
            each["FunctionName"] for each in account.client("lambda").list_functions()["Functions"]
        ],
        "layers": [each["LayerName"] for each in account.client("lambda").list_layers()["Layers"]],
        "roles": [each["RoleName"] for each in account.client("iam").list_roles()["Roles"]],
        "queues": account.client("sqs").list_queues().get("QueueUrls", []),
        "log groups": [
            each["logGroupName"] for each in account.client("logs").describe_log_groups()["logGroups"]
        ],
        "secrets": [each["Name"] for each in account.client("secretsmanager").list_secrets()["SecretList"]],
        "parameters": [each["Name"] for each in account.client("ssm").describe_parameters()["Parameters"]],
        "buckets": [each["Name"] for each in account.client("s3").list_buckets()["Buckets"]],
    }


def test_a_complete_run_says_what_it_left_out_and_removes_what_it_created(
    account: Account, tmp_path: Path
) -> None:
    before, file = what_is_there(account), tmp_path / "outcomes.json"
    skipped = tuple(step.name for step in STEPS if not step.is_emulated)
    words = ("--only", ",".join((*CARRIED_OUT, *skipped)), "--json", str(file))
    done = subprocess.run(
        command(*words),
        cwd=PROJECT,
        env=account.environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = {each["step"]: each for each in json.loads(file.read_text(encoding="utf-8"))}
    assert {name: outcomes[name]["result"] for name in outcomes} == {
        **dict.fromkeys(CARRIED_OUT, "passed"),
        **dict.fromkeys(skipped, "skipped"),
    }
    for step in STEPS:
        if step.name in skipped:
            assert outcomes[step.name]["text"] == step.why_not_emulated
            assert step.name in done.stdout.partition("only a real account can: ")[2]
    assert what_is_there(account) == before


@pytest.mark.parametrize("line", ["Creating resources for the steps", "… deploy:", "… outage:"])
def test_an_interrupted_run_removes_what_it_created(line: str, account: Account) -> None:
    before = what_is_there(account)
    with subprocess.Popen(
        command("--only", "outage"),  # the step lasts a minute and a half, so it is under way a second later
        cwd=PROJECT,
        env=account.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        seen = []
        for said in run.stdout:
            seen.append(said)
            if said.startswith(line):
                time.sleep(1)  # the step was interrupted
                os.killpg(run.pid, signal.SIGINT)  # a terminal sends the signal to the whole process group
                break
        seen += run.stdout.read().splitlines(keepends=True)
        assert run.wait(SECONDS) == 130, "".join(seen)
    assert any(said.startswith("Everything of smoke-") for said in seen), "".join(seen)
    assert what_is_there(account) == before
