"""Release files: the same bytes from the same sources, installed and deployed without a clone."""

import json
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from loginformant_shipper import __version__

from local.account import emulated_account
from local.ingest_api import LOCAL_KEY, ingest_api
from local.samples import now, samples
from local.stack import PROJECT, STACK_NAME, Stack
from local.story import Story, subscribe_all, wait
from release.package import CHECKSUMS, STACK
from tests.e2e.released import LOG, Installed, install, made_in

pytestmark = [pytest.mark.e2e, pytest.mark.trial]

MAX_MEGABYTES = 60


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_bytes(b"")
    return made_in(tmp_path_factory.mktemp("one") / "clone")


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(dist, tmp_path_factory.mktemp("installed") / "environment", sys.executable)


def test_two_builds_in_two_folders_give_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    other = made_in(tmp_path / "a folder of another name")
    assert (other / CHECKSUMS).read_text() == (dist / CHECKSUMS).read_text()
    assert len((dist / CHECKSUMS).read_text().splitlines()) > 10


def test_the_checksums_match_the_files_and_name_the_toolchain(dist: Path) -> None:
    first = (dist / CHECKSUMS).read_text().splitlines()[0]
    assert re.fullmatch(rf"# built with Python {platform.python_version()} with zlib [\d.]+", first)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", CHECKSUMS], cwd=dist, check=True)


def test_the_bill_of_materials_is_valid_and_lists_each_package_of_the_layers(dist: Path) -> None:
    text = (dist / STACK / "bom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    pinned = (PROJECT / "layers/dependencies/requirements.txt").read_text()
    expected = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", pinned, re.MULTILINE))
    found = {each["name"].replace("_", "-"): each["version"] for each in json.loads(text)["components"]}
    assert found == expected
    licences = (dist / STACK / "LICENSES.txt").read_text()
    for each in json.loads(text)["components"]:
        assert f"\n{each['name']} {each['version']}: " in licences


def test_the_template_without_the_macro_uses_no_transform(dist: Path) -> None:
    template = json.loads((dist / STACK / "template-transformed.json").read_text())
    assert "Transform" not in template
    types = {resource["Type"] for resource in template["Resources"].values()}
    assert not {each for each in types if each.startswith("AWS::Serverless::")}
    keys = set(re.findall(r"\$\{CodePrefix\}([0-9a-f]{64}\.zip)", json.dumps(template)))
    assert keys == {path.name for path in (dist / STACK / "code").iterdir()}
    done = subprocess.run(
        [
            "cfn-lint",
            "--ignore-checks",
            "W1030",
            "W1033",
            "--",
            str(dist / STACK / "template-transformed.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_release_has_what_the_serverless_application_repository_requires(dist: Path) -> None:
    template = json.loads((dist / STACK / "template.json").read_text())
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]
    assert application["SemanticVersion"] == __version__
    for name in ("LicenseUrl", "ReadmeUrl"):
        assert (dist / STACK / application[name]).is_file()
    assert len(application["Description"]) <= 256, "CreateApplication, its API reference"


# --- installed ---


def pythons() -> dict[str, str]:
    """Return every available Python that the project supports."""
    found = {platform.python_version()[:4]: sys.executable}
    for version in ("3.11", "3.12", "3.13", "3.14"):
        own = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
        for candidate in (*map(str, own), shutil.which(f"python{version}")):
            if candidate and version not in found and _works(candidate):
                found[version] = candidate
    return found


def _works(python: str) -> bool:
    return subprocess.run([python, "-c", "import venv"], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(("version", "python"), sorted(pythons().items()))
def test_an_installed_shipctl_runs(version: str, python: str, dist: Path, tmp_path: Path) -> None:
    installed = install(dist, tmp_path / "environment", python)
    _look_at(installed)


def test_shipctl_runs_with_the_oldest_packages_that_it_allows(dist: Path, tmp_path: Path) -> None:
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    oldest = [re.sub(r"([a-z0-9-]+)>=([^,]+).*", r"\1==\2", each) for each in declared]
    assert all("==" in each for each in oldest)
    _look_at(install(dist, tmp_path / "environment", sys.executable, *oldest))


def _look_at(installed: Installed) -> None:
    assert installed.run("--version") == f"shipctl {__version__}\n"
    log = json.loads(installed.run("preview", "-", "--json", typed="ERROR order 7 failed\n"))
    assert (log["level"], log["message"]) == ("Error", "ERROR order 7 failed")
    for command in ("status", "doctor", "deploy", "dlq", "subscriptions"):
        assert "--help" in installed.run(command, "--help")


def test_the_wheel_installs_only_what_shipctl_needs(installed: Installed) -> None:
    (packages,) = installed.folder.glob("lib/python*/site-packages")
    ours = {path.name for path in packages.iterdir()} & {"local", "release", "tests", "functions", "samcli"}
    assert not ours
    assert {"shipctl", "loginformant_shipper"} <= {path.name for path in packages.iterdir()}
    for package in ("shipctl", "loginformant_shipper"):
        assert (packages / package / "py.typed").is_file()
    blocks = sum(
        path.lstat().st_blocks for path in installed.folder.rglob("*") if "__pycache__" not in path.parts
    )
    assert blocks * 512 < MAX_MEGABYTES * 1024 * 1024


def test_every_command_imports_only_what_is_declared(installed: Installed) -> None:
    program = "from shipctl.command_list import Commands; [Commands()[name] for name in Commands()]"
    python = installed.folder / "bin" / "python"
    subprocess.run([python, "-c", program], cwd=installed.folder, check=True)


# --- deployed from the wheel ---


@contextmanager
def deployed(installed: Installed) -> Iterator[tuple[Story, dict[str, str]]]:
    with ingest_api() as api, emulated_account(LOG) as account:
        out = installed.run(
            *("deploy", "--yes", "--api-key", "--set", f"IngestUrl={api.url}", "--set", "AutoReplay=false"),
            environment=account.environment,
            typed=f"{LOCAL_KEY}\n",
        )
        assert f"Stack {STACK_NAME} is deployed." in out
        (stack,) = account.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        assert outputs["Version"] == __version__
        story = Story(Stack(account, STACK_NAME, outputs, installed.folder), api)
        yield story, account.environment


def test_an_installed_wheel_deploys_a_stack_that_delivers_logs(installed: Installed) -> None:
    """Deploy without clone, SAM or build, deliver logs, then have an outage and replay."""
    stock = [sample for sample in samples(now(), None) if sample.log_group == "/ecs/checkout"]
    with deployed(installed) as (story, environment):
        subscribe_all(story.stack, stock)
        story.put(stock)
        assert story.logs
        story.bring_down()
        arrived = len(story.logs)
        story.put(stock)
        wait("nothing waits", lambda: bool(story.dead_letters()))
        status = json.loads(installed.run("status", "--json", environment=environment))
        assert (status["version"], status["shipctlVersion"]) == (__version__, __version__)
        assert status["deadLetterQueue"]["visible"] == len(story.dead_letters())
        story.bring_up()
        installed.run("dlq", "replay", environment=environment)
        assert not story.dead_letters()
        assert len(story.logs) == 2 * arrived
        again = installed.run("deploy", "--yes", environment=environment)
        assert "nothing to change" in again
