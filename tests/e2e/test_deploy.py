"""`shipctl deploy` and plain `sam deploy`, as people and pipelines run them, in an emulated account."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from loginformant_shipper import __version__
from shipctl.deploy.account import Account as DeployAccount
from shipctl.deploy.artefacts import load_artefacts
from shipctl.deploy.change_set import discard, make_change_set, refuse_other_values
from shipctl.deploy.live_stack import find_live_stack
from shipctl.deploy.parameters import parameters_of
from shipctl.deploy.settings_plan import plan_settings
from shipctl.deploy.upload import upload

from local.account import REGION, Account, emulated_account
from local.build import local_build
from local.sam import SAM
from local.stack import PROJECT
from tests.e2e.terminal import at_terminal

pytestmark = pytest.mark.e2e

LOG = PROJECT / ".build" / "local" / "test-deploy.log"
KEY = "li-0123456789abcdef"
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:000000000000:secret:api-key-AbCdEf"
ELSEWHERE = "arn:aws:sns:us-east-1:000000000000:on-call"
TAGS = [{"Key": "team", "Value": "Order Management"}]
TOO_LARGE = [
    *(f"{name}=[{'x' * 1022}]" for name in ("IncludePattern", "ExcludePattern", "RedactPattern")),
    f"Properties=a={'x' * 256},b={'x' * 256}",
]
"""Each value is allowed, but together they are too large for the environment of a function."""


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """A user's working environment: an account, a build, and the commands."""

    account: Account
    build: Path

    def command(self, *arguments: str, build: Path | None = None) -> list[str]:
        shipctl = str(Path(SAM).parent / "shipctl")
        return [shipctl, "deploy", "--artefacts", str(build or self.build), *arguments]

    def deploy(self, *arguments: str, typed: str = "", build: Path | None = None) -> Done:
        """Run `shipctl deploy` without a terminal."""
        return self.run(self.command(*arguments, build=build), PROJECT, typed)

    def sam(self, *arguments: str, folder: Path = PROJECT) -> Done:
        """Run `sam deploy`, which takes what is built from the folder that is named."""
        return self.run([SAM, "deploy", *arguments], folder)

    def run(self, command: list[str], folder: Path, typed: str = "") -> Done:
        done = subprocess.run(
            command,
            input=typed,
            env=self.account.environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        with LOG.open("a") as log:
            log.write(f"\n$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        return Done(done.returncode, done.stdout, done.stderr)

    def sam_built(self, stack: str, *arguments: str) -> Done:
        template, config = str(self.build / "template.yaml"), str(PROJECT / "samconfig.toml")
        return self.sam(
            "--config-file", config, "--template-file", template, "--stack-name", stack, *arguments
        )

    def stack(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.account.client("cloudformation").describe_stacks(StackName=name)
        return dict(found["Stacks"][0])

    def exists(self, name: str) -> bool:
        try:
            return bool(self.stack(name)["StackStatus"] != "DELETE_COMPLETE")
        except ClientError:
            return False

    def values(self, name: str) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self.stack(name)["Parameters"]}

    def outputs(self, name: str) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.stack(name)["Outputs"]}

    def variables(self, name: str, function: str) -> dict[str, str]:
        """Return the environment variables of a deployed function."""
        found: dict[str, str] = self.account.client("lambda").get_function_configuration(
            FunctionName=self.outputs(name)[f"{function}FunctionName"]
        )["Environment"]["Variables"]
        return found

    def changes_of_functions(self, name: str) -> list[str]:
        """Return when each function was last changed."""
        client = self.account.client("lambda")
        names = [self.outputs(name)[f"{each}FunctionName"] for each in ("Shipper", "Replay", "Subscriber")]
        return [client.get_function_configuration(FunctionName=each)["LastModified"] for each in names]

    def uploaded(self) -> list[str]:
        client = self.account.client("s3")
        return [
            f"{bucket['Name']}/{each['Key']}"
            for bucket in client.list_buckets()["Buckets"]
            for each in client.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
        ]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    build = local_build(PROJECT, LOG)
    with emulated_account(LOG) as account:
        yield Desk(account, build)


@pytest.fixture(scope="module")
def stack(desk: Desk) -> str:
    """Create a stack with tags, as a pipeline does."""
    done = desk.deploy("--stack", "shipper", "--yes", "--api-key", "--set", "MaxReplays=7", typed=f"{KEY}\n")
    assert done.status == 0, done.err
    client = desk.account.client("cloudformation")
    client.update_stack(
        StackName="shipper",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": name, "UsePreviousValue": True} for name in desk.values("shipper")],
        Tags=TAGS,
    )
    client.get_waiter("stack_update_complete").wait(StackName="shipper", WaiterConfig={"Delay": 1})
    return "shipper"


# --- a new stack ---


def test_deploying_a_new_stack_at_a_terminal_asks_three_questions_and_checks_each_answer(desk: Desk) -> None:
    command = desk.command("--stack", "asked")
    with at_terminal(command, desk.account.environment, PROJECT) as person:
        person.sees("Account 000000000000, region eu-west-1")
        person.sees("1, 2 or 3")
        person.types("api-key")
        person.sees("Enter 1, 2 or 3. You are asked for the ARN or the name next.")
        person.types("2")
        person.sees("ARN of the secret")
        person.types("api-key")
        person.sees("complete ARN of a secret")
        person.types(SECRET_ARN)
        person.sees("Log groups to ship")
        person.types("/aws/lambda/*, orders")
        person.sees("without spaces")
        person.types("/aws/lambda/*,orders")
        person.sees("SNS topic")
        person.types(ELSEWHERE)
        person.sees("the stack's own region, eu-west-1")
        person.types("")
        shown = person.sees("Deploy this? [y/n]")
        assert SECRET_ARN in shown
        assert "LogGroups" in shown
        person.types("")
        person.sees("Deploy this? [y/n]")
        person.types("y")
        assert person.status() == 0, person.shown
    values = desk.values("asked")
    assert values["ApiKeySecretArn"] == SECRET_ARN
    assert values["LogGroups"] == "/aws/lambda/*,orders"
    assert "Stack asked is deployed." in person.shown
    assert "Next: shipctl doctor --stack asked, shipctl subscriptions list --stack asked" in person.shown


def test_the_api_key_is_neither_shown_nor_kept_in_a_file(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    environment = desk.account.environment | {"HOME": str(folder), "TMPDIR": str(folder)}
    with at_terminal(desk.command("--stack", "typed"), environment, PROJECT) as person:
        person.sees("1, 2 or 3")
        person.types("1")
        person.sees("(not shown while you type): ")
        person.types("****")
        person.sees("asterisks")
        person.sees("(not shown while you type): ")
        person.types(KEY)
        person.sees("Log groups")
        person.types("")
        person.sees("SNS topic")
        person.types("")
        person.sees("(hidden)")
        person.sees("Deploy this? [y/n]")
        person.types("n")
        assert person.status() == 1
    assert KEY not in person.shown
    kept = [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert kept == []
    assert not desk.exists("typed"), "what was begun for the change set is removed"


def test_ctrl_c_at_a_question_changes_nothing(desk: Desk) -> None:
    with at_terminal(desk.command("--stack", "left"), desk.account.environment, PROJECT) as person:
        person.sees("1, 2 or 3")
        person.interrupts()
        assert person.status() == 130
    assert not desk.exists("left")


def test_deploy_without_a_terminal_asks_nothing(desk: Desk) -> None:
    done = desk.deploy("--stack", "unasked", typed="y\n")
    assert done.status == 2
    assert "--yes" in done.err
    assert "(make deploy ARGS=--yes)" in done.err
    done = desk.deploy("--stack", "unasked", "--yes")
    assert done.status == 2
    assert "--api-key" in done.err
    assert "ApiKeyParameterName" in done.err
    assert not desk.exists("unasked")


def test_missing_credentials_are_noticed_before_any_question(desk: Desk) -> None:
    environment = {
        name: value for name, value in desk.account.environment.items() if "AWS_ACCESS" not in name
    }
    del environment["AWS_SECRET_ACCESS_KEY"]
    with at_terminal(desk.command("--stack", "nobody"), environment, PROJECT) as person:
        assert person.status() == 1
    assert "no AWS credentials" in person.shown
    assert "1, 2 or 3" not in person.shown


def test_a_key_in_an_argument_or_a_file_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"ApiKey": KEY}))
    for arguments in (("--set", f"ApiKey={KEY}"), ("--parameters", str(file))):
        done = desk.deploy("--stack", "leaked", "--yes", *arguments)
        assert done.status == 2
        assert "--api-key" in done.err
        assert KEY not in done.err


# --- a change ---


def test_a_second_deployment_keeps_every_setting(desk: Desk, stack: str) -> None:
    """The values saved by the first guided run were once sent again, and the filters were lost."""
    assert desk.deploy("--stack", stack, "--yes", "--set", "Redact=email").status == 0
    before = desk.values(stack)
    done = desk.deploy("--stack", stack, "--yes")
    assert done.status == 0
    assert "nothing to change" in done.out
    assert desk.values(stack) == before
    assert (before["Redact"], before["MaxReplays"]) == ("email", "7")
    assert desk.variables(stack, "Shipper")["REDACT"] == "email"


def test_deploy_without_a_terminal_or_confirmation_changes_nothing(desk: Desk, stack: str) -> None:
    done = desk.deploy("--stack", stack)
    assert (done.status, done.err) == (0, "")
    assert "nothing to change" in done.out
    before = desk.values(stack)
    done = desk.deploy("--stack", stack, "--set", "MaxReplays=8")
    assert done.status == 2
    assert "confirmation requires a terminal" in done.err
    assert desk.values(stack) == before


def test_a_deployment_keeps_the_tags_of_the_stack(desk: Desk, stack: str) -> None:
    assert desk.deploy("--stack", stack, "--yes", "--set", "LogRetentionDays=14").status == 0
    assert desk.stack(stack)["Tags"] == TAGS


@pytest.mark.parametrize(
    "values",
    [
        {
            "ExcludePattern": "GET /health",
            "SubscriptionFilterPattern": "?ERROR ?WARN",
            "Properties": "team=Order Management,stage=a=b",
            "IncludePattern": " two  blanks ",
        },
        {
            "ExcludePattern": r"""^GET \"/health\"\s+$|'it''s'|\$HOME|%d|`id`""",
            "SubscriptionFilterPattern": '{ $.level = "ERROR" }',
            "IncludePattern": "ü, comma; -- dash",
        },
    ],
)
def test_values_arrive_exactly_as_typed(values: dict[str, str], desk: Desk, stack: str) -> None:
    """sam once cut `GET /health` at the blank, and good logs were dropped."""
    words = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    done = desk.deploy("--stack", stack, "--yes", *words)
    assert done.status == 0, done.err
    assert desk.values(stack) | values == desk.values(stack)


def test_values_reach_the_function_exactly_as_typed(desk: Desk, stack: str, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"ExcludePattern": "GET /health", "SamplePercent": 12.50}))
    done = desk.deploy("--stack", stack, "--yes", "--parameters", str(file), "--unset", "Properties")
    assert done.status == 0, done.err
    variables = desk.variables(stack, "Shipper")
    assert (variables["EXCLUDE_PATTERN"], variables["SAMPLE_PERCENT"]) == ("GET /health", "12.5")
    assert desk.values(stack)["Properties"] == ""


def test_changing_one_parameter_keeps_all_others(desk: Desk, stack: str) -> None:
    """Change sets of the real command, one for each parameter, read and not executed.

    Executing forty takes ten minutes; what is executed is in the other tests.
    """
    client = desk.account.client("cloudformation")
    what = load_artefacts(desk.build)
    session = boto3.Session("test", "test", region_name=REGION)
    account = DeployAccount("000000000000", "", session)
    object.__setattr__(account, "client", desk.account.client)
    url = upload(account, what, None)
    known = parameters_of(what.template)
    live = find_live_stack(account, client, stack)
    assert live is not None
    for name in known:
        settings = plan_settings(known, {name: OTHER_VALUES[name]}, live)
        found = make_change_set(client, stack, url, settings, live)
        try:
            refuse_other_values(found, settings)
            values = {each: parameter["ParameterValue"] for each, parameter in found.parameters.items()}
            for other in set(known) - {name, "ApiKey"}:
                assert values[other] == live.parameters[other], f"{other}, when {name} is changed"
            assert values[name] == OTHER_VALUES[name]
            if name != "ApiKey":
                assert values["ApiKey"] == KEY, "the emulator shows it; AWS does not"
        finally:
            discard(client, found)


OTHER_VALUES = {
    "ApiKey": "another-key",
    # these two need the key to be removed; the rules of the template have a test of their own
    "ApiKeySecretArn": "",
    "ApiKeyParameterName": "",
    "ApiKeyKmsKeyArn": "",
    "IngestUrl": "https://logs.example.com:8443/tenant",
    "ReplayConcurrency": "4",
    "DefaultLevel": "Debug",
    "LogGroups": "/aws/lambda/*,orders",
    "ExcludeLogGroups": "/aws/lambda/noisy",
    "SubscriptionFilterPattern": "?ERROR ?WARN",
    "SubscribeAccount": "false",
    "MinimumLevel": "Warning",
    "IncludePattern": 'order [0-9]+, "quoted"',
    "ExcludePattern": "GET /ready",
    "SamplePercent": "50.25",
    "Redact": "email,token",
    "RedactPattern": "order-[0-9]+",
    "Properties": "team=Order Management",
    "AutoReplay": "false",
    "MaxReplays": "5",
    "NotificationEmail": "on-call@example.com",
    "Monitoring": "basic",
    "NotificationTopicArn": f"arn:aws:sns:{REGION}:000000000000:on-call",
    "LogRetentionDays": "90",
    "KinesisStreamArn": f"arn:aws:kinesis:{REGION}:000000000000:stream/logs",
    "KinesisKmsKeyArn": f"arn:aws:kms:{REGION}:000000000000:key/1234",
    "KinesisParallelizationFactor": "2",
    "KinesisStartingPosition": "LATEST",
    "KinesisStartingTimestamp": "1793000000",
    "KinesisBatchSize": "500",
    "KinesisBatchingWindowSeconds": "10",
    "KinesisEnhancedFanOut": "true",
    "VpcSubnetIds": "",
    "VpcSecurityGroupIds": "",
    "HttpsProxy": "http://proxy.example.com:3128",
    "NoProxy": ".amazonaws.com,10.0.0.1",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:000000000000:key/1234",
    "PermissionsBoundaryArn": "arn:aws:iam::000000000000:policy/boundary",
    "BatchMaxLogs": "100",
    "BatchMaxBytes": "524288",
    "MaxInFlight": "12",
    "RequestTimeoutSeconds": "20",
    "MaxDecompressedBytes": "33554432",
    "SubscribeRequestsPerSecond": "3",
    "ReservedConcurrency": "20",
    "Architecture": "x86_64",
    "MemorySize": "1024",
    "CaBundleLayerArn": f"arn:aws:lambda:{REGION}:000000000000:layer:authorities:1",
    "TagProperties": "team,environment",
    "LeaveOutProperties": "eventId,logStream",
    # the emulator knows no AWS::Logs::Destination, nor the saved queries of Monitoring=full
    "OrganizationId": "",
}


def test_sam_deploy_and_shipctl_deploy_keep_each_others_settings(desk: Desk) -> None:
    parameters = ["--parameter-overrides", f"ApiKey={KEY}", "MaxInFlight=12"]
    done = desk.sam_built("both", *parameters)
    assert done.status == 0, done.err
    done = desk.deploy("--stack", "both", "--yes", "--set", "ExcludePattern=GET /health")
    assert done.status == 0, done.err
    assert "MaxInFlight" not in done.out, "it does not change"
    done = desk.sam_built("both", "--parameter-overrides", "Redact=email")
    assert done.status == 0, done.err
    values = desk.values("both")
    assert (values["MaxInFlight"], values["ExcludePattern"], values["Redact"]) == (
        "12",
        "GET /health",
        "email",
    )
    assert desk.variables("both", "Shipper")["EXCLUDE_PATTERN"] == "GET /health"


def test_make_deploy_passes_a_setting_on_exactly_as_typed(desk: Desk, stack: str) -> None:
    """`make` would expand the dollar sign that ends a pattern. (Set-up and build have been done.)"""
    value = "^GET /health$"
    arguments = f"--artefacts {desk.build} --stack {stack} --yes"
    done = subprocess.run(
        ["make", "-o", "set-up", "-o", "build", "deploy", f"SET=ExcludePattern={value}", f"ARGS={arguments}"],
        env=desk.account.environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert desk.values(stack)["ExcludePattern"] == value


# --- without a build ---


def test_deploy_does_not_mistake_sources_for_a_build(desk: Desk, tmp_path: Path) -> None:
    """Layers of 6 KB without any package were once deployed successfully."""
    done = desk.deploy("--stack", "unbuilt", "--yes", "--api-key", build=PROJECT, typed=KEY)
    assert done.status == 1
    assert "run make build" in done.err
    done = desk.deploy("--stack", "unbuilt", "--yes", "--api-key", build=tmp_path, typed=KEY)
    assert done.status == 1
    assert f"there is no build in {tmp_path}" in done.err
    assert not desk.exists("unbuilt")


def test_sam_deploy_without_a_build_fails_with_one_line(desk: Desk, tmp_path: Path) -> None:
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    shutil.copytree(PROJECT / "functions", tmp_path / "functions")
    done = desk.sam("--stack-name", "unbuilt", "--parameter-overrides", f"ApiKey={KEY}", folder=tmp_path)
    assert done.status != 0
    assert "Template file not found" in done.err
    assert not desk.exists("unbuilt")


# --- values that cannot work ---

CANNOT_WORK = [
    ("IncludePattern", "(error"),
    ("Properties", "team=a,team=b"),
    ("MaxInFlight", "4.5"),
    ("Redact", "phone"),
]


@pytest.mark.parametrize(("name", "value"), CANNOT_WORK)
def test_an_invalid_value_is_refused_before_anything_is_uploaded(
    name: str, value: str, desk: Desk, stack: str
) -> None:
    before, uploaded = desk.values(stack), desk.uploaded()
    done = desk.deploy("--stack", stack, "--yes", "--set", f"{name}={value}")
    assert done.status == 2
    assert done.err.startswith(f"shipctl: {name}")
    assert len(done.err.splitlines()) == 1
    assert (desk.values(stack), desk.uploaded()) == (before, uploaded)


@pytest.mark.parametrize(
    "overrides",
    [
        ["IncludePattern=(error"],
        ["MaxInFlight=4.5"],
        TOO_LARGE,
    ],
)
def test_sam_deploy_refuses_an_invalid_value_before_it_changes_any_function(
    overrides: list[str], desk: Desk, stack: str
) -> None:
    before, changed = desk.values(stack), desk.changes_of_functions(stack)
    done = desk.sam_built(stack, "--parameter-overrides", *overrides)
    assert done.status != 0
    assert desk.stack(stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert desk.values(stack) == before
    assert desk.changes_of_functions(stack) == changed
    events = desk.account.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    refusals = [
        each["ResourceStatusReason"]
        for each in events
        if each["LogicalResourceId"] == "SettingsCheck" and each["ResourceStatus"] == "UPDATE_FAILED"
    ]
    assert overrides[0].partition("=")[0] in refusals[0]


def test_settings_too_large_for_a_function_environment_are_refused(desk: Desk, stack: str) -> None:
    done = desk.deploy("--stack", stack, "--yes", *(word for each in TOO_LARGE for word in ("--set", each)))
    assert done.status == 2
    assert "4,096" in done.err


def test_unknown_settings_and_invalid_combinations_are_refused(desk: Desk, stack: str) -> None:
    done = desk.deploy("--stack", stack, "--yes", "--set", "MaxInflight=8")
    assert done.status == 2
    assert "did you mean MaxInFlight?" in done.err
    done = desk.deploy("--stack", stack, "--yes", "--set", "VpcSubnetIds=subnet-0a1b")
    assert done.status == 2
    assert "VpcSecurityGroupIds" in done.err
    done = desk.deploy("--stack", stack, "--yes", "--set", f"ApiKeySecretArn={SECRET_ARN}")
    assert done.status == 2
    assert "exactly one" in done.err


def test_a_stack_can_change_from_an_api_key_to_a_secret(desk: Desk) -> None:
    assert desk.deploy("--stack", "moved", "--yes", "--api-key", typed=KEY).status == 0
    done = desk.deploy(
        "--stack", "moved", "--yes", "--set", f"ApiKeySecretArn={SECRET_ARN}", "--unset", "ApiKey"
    )
    assert done.status == 0, done.err
    assert desk.variables("moved", "Shipper")["API_KEY_SECRET_ARN"] == SECRET_ARN
    assert desk.deploy("--stack", "moved", "--yes", "--set", "MaxInFlight=2").status == 0


def stored_key(desk: Desk, stack: str) -> str:
    arn = desk.variables(stack, "Shipper")["API_KEY_SECRET_ARN"]
    found = desk.account.client("secretsmanager").get_secret_value(SecretId=arn)
    return str(found["SecretString"])


def test_updating_the_secret_keeps_a_key_that_was_stored_after_the_deployment(desk: Desk) -> None:
    assert desk.deploy("--stack", "rotated", "--yes", "--api-key", typed=KEY).status == 0
    shipctl = [str(Path(SAM).parent / "shipctl"), "key", "set", "--stack", "rotated"]
    assert desk.run(shipctl, PROJECT, "li-another-key").status == 0
    kms = desk.account.client("kms").create_key()["KeyMetadata"]["Arn"]
    done = desk.deploy("--stack", "rotated", "--yes", "--set", f"KmsKeyArn={kms}")
    assert done.status == 0, done.err
    assert "li-another-key" not in done.out + done.err
    assert stored_key(desk, "rotated") == "li-another-key"


# --- another version ---


def version(desk: Desk, folder: Path, **changes: Any) -> Path:
    """Return a build of another version with other declarations of these parameters; None removes one."""
    for part in desk.build.iterdir():
        if part.name != "template.yaml":
            (folder / part.name).symlink_to(part)
    template = yaml.safe_load((desk.build / "template.yaml").read_text())
    for name, change in changes.items():
        template["Parameters"][name].update(change)
    (folder / "template.yaml").write_text(yaml.safe_dump(template))
    return folder


def test_an_upgrade_reports_a_changed_default_and_keeps_a_value_that_was_set(
    desk: Desk, stack: str, tmp_path: Path
) -> None:
    assert desk.values(stack)["BatchMaxLogs"] == "500"
    newer = version(desk, tmp_path, BatchMaxLogs={"Default": 400}, MaxReplays={"Default": 4})
    done = desk.deploy("--stack", stack, "--dry-run", build=newer)
    assert done.status == 0, done.err
    assert "BatchMaxLogs  500 → 400  (the default has changed)" in done.out
    assert "MaxReplays" not in done.out
    assert "The stack was not changed (--dry-run). The code and the template are in bucket" in done.out
    assert desk.values(stack)["BatchMaxLogs"] == "500"


def test_an_upgrade_names_a_current_value_that_the_new_version_forbids(
    desk: Desk, stack: str, tmp_path: Path
) -> None:
    newer = version(desk, tmp_path, MaxReplays={"MaxValue": 6})
    done = desk.deploy("--stack", stack, "--yes", build=newer)
    assert done.status == 2
    assert "MaxReplays is '7'" in done.err
    assert "the stack has this value" in done.err


# --- what fails ---


def test_an_older_build_does_not_replace_a_newer_stack(desk: Desk, stack: str, tmp_path: Path) -> None:
    older = version(desk, tmp_path)
    template = yaml.safe_load((older / "template.yaml").read_text())
    template["Mappings"]["Shipper"]["Version"]["Number"] = "0.9.0"
    (older / "template.yaml").write_text(yaml.safe_dump(template))
    done = desk.deploy("--stack", stack, "--yes", build=older)
    assert done.status == 2
    assert f"stack {stack} has version {__version__}, and this would deploy 0.9.0" in done.err
    done = desk.deploy("--stack", stack, "--dry-run", "--downgrade", build=older)
    assert done.status == 0, done.err
    assert f"Stack {stack} would change." in done.out
    assert desk.outputs(stack)["Version"] == __version__


def broken(desk: Desk, folder: Path) -> Path:
    """Return a build whose stack cannot be created: nothing answers for its custom resource."""
    version(desk, folder)
    template = yaml.safe_load((folder / "template.yaml").read_text())
    template["Resources"]["Broken"] = {
        "Type": "Custom::Broken",
        "Properties": {"ServiceToken": f"arn:aws:lambda:{REGION}:000000000000:function:there-is-none"},
    }
    (folder / "template.yaml").write_text(yaml.safe_dump(template))
    return folder


def test_a_first_deployment_that_fails_leaves_no_stack(desk: Desk, tmp_path: Path) -> None:
    build = broken(desk, tmp_path)
    done = desk.deploy("--stack", "broken", "--yes", "--api-key", typed=KEY, build=build)
    assert done.status == 1
    assert "the deployment failed, and the stack was removed: Broken: " in done.err
    assert len(done.err.splitlines()) == 1
    assert not desk.exists("broken")


def test_a_failed_update_says_why_and_that_nothing_has_changed(
    desk: Desk, stack: str, tmp_path: Path
) -> None:
    before = desk.values(stack)
    done = desk.deploy("--stack", stack, "--yes", "--set", "MaxInFlight=3", build=broken(desk, tmp_path))
    assert done.status == 1
    assert "the deployment failed, and the stack was rolled back: Broken: " in done.err
    assert desk.values(stack) == before


def test_deploy_removes_what_a_failed_first_sam_deployment_left(desk: Desk) -> None:
    done = desk.sam_built("failed", "--parameter-overrides", f"ApiKey={KEY}", "MaxInFlight=4.5")
    assert done.status != 0
    assert desk.stack("failed")["StackStatus"] == "ROLLBACK_COMPLETE"
    done = desk.deploy("--stack", "failed", "--dry-run", "--api-key", typed=KEY)
    assert done.status == 2
    assert "must be removed first" in done.err
    assert desk.stack("failed")["StackStatus"] == "ROLLBACK_COMPLETE"
    done = desk.deploy("--stack", "failed", "--yes", "--api-key", typed=KEY)
    assert done.status == 0, done.err
    assert "Removing stack failed, whose first deployment failed" in done.out
    assert desk.values("failed")["MaxInFlight"] == "8"


def test_deploy_does_not_touch_a_foreign_stack(desk: Desk) -> None:
    client = desk.account.client("cloudformation")
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    client.create_stack(StackName="foreign", TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName="foreign", WaiterConfig={"Delay": 1})
    done = desk.deploy("--stack", "foreign", "--yes", "--api-key", typed=KEY)
    assert done.status == 1
    assert "stack foreign is not a LogInformant shipper" in done.err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_deployment_continues_and_says_how_to_follow_it(
    number: signal.Signals, status: int, desk: Desk, stack: str
) -> None:
    other = "6" if desk.values(stack)["MaxInFlight"] != "6" else "5"
    process = subprocess.Popen(
        desk.command("--stack", stack, "--yes", "--set", f"MaxInFlight={other}"),
        env=desk.account.environment,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not desk.stack(stack)["StackStatus"].endswith("_IN_PROGRESS"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == status
    assert "CloudFormation continues the deployment" in said
    assert f"--stack-name {stack}" in said
    deadline = time.monotonic() + 120
    while desk.stack(stack)["StackStatus"] != "UPDATE_COMPLETE":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert desk.values(stack)["MaxInFlight"] == other


# --- rights ---


def test_the_documented_policy_allows_every_call_of_shipctl(desk: Desk) -> None:
    """The account enforces permissions; but the emulator does not check those of CloudFormation."""
    text = (PROJECT / "docs" / "deploying-policy.json").read_text()
    for name, value in (("ACCOUNT", "000000000000"), ("REGION", REGION), ("STACK", "allowed")):
        text = text.replace(name, value)
    with emulated_account(LOG, enforced=True) as account:
        iam = account.client("iam")
        iam.create_user(UserName="deployer")
        iam.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=text)
        key = iam.create_access_key(UserName="deployer")["AccessKey"]
        account.environment["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
        account.environment["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]
        theirs = Desk(account, desk.build)
        for arguments in (("--api-key", "--yes"), ("--set", "Redact=email", "--yes"), ("--dry-run",)):
            done = theirs.deploy("--stack", "allowed", *arguments, typed=KEY)
            assert done.status == 0, done.err
        done = theirs.deploy("--stack", "another", "--api-key", "--yes", typed=KEY)
        assert done.status == 1
        assert "access denied" in done.err
