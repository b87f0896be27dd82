"""The application: help, version, imports, and interruption."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from loginformant_shipper import __version__
from shipctl.command_list import LISTED, Commands

from tests.unit.shipctl.conftest import Run


def test_version_is_printed(shipctl: Run) -> None:
    result = shipctl("--version")
    assert result.exit_code == 0
    assert result.stdout == f"shipctl {__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_the_listed_help_of_a_command_is_the_first_line_of_its_own_help() -> None:
    for name, command in Commands().items():
        assert LISTED[name].help == command.help.splitlines()[0], name


def test_help_imports_no_slow_modules() -> None:
    program = (
        "import sys\nfrom shipctl.__main__ import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "slow = ('boto3', 'rich', 'yaml', 'orjson', 'shipctl.preview.command')\n"
        "print([name for name in slow if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_shipctl_without_arguments_lists_its_commands(shipctl: Run) -> None:
    result = shipctl(env={"COLUMNS": "120"})
    for command in ("preview", "dlq", "subscriptions"):
        assert command in result.output
    assert "without sending any" in " ".join(result.output.split())


def test_the_help_of_preview_names_all_inputs_and_has_examples(shipctl: Run) -> None:
    help_text = shipctl("preview", "--help", env={"COLUMNS": "120"}).stdout
    for word in ("FILE", "--log-group ", "--since", "--json", "standard input", "| jq -r '[.level"):
        assert word in help_text


def test_ctrl_c_prints_one_line(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shipctl.preview.command.read_file", interrupted)
    result = shipctl("preview", "-", input="one\n")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "shipctl: interrupted\n")


def test_an_aborted_question_ends_like_ctrl_c(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def aborted(*arguments: object) -> None:
        raise typer.Abort

    monkeypatch.setattr("shipctl.preview.command.read_file", aborted)
    result = shipctl("preview", "-", input="one\n")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "shipctl: interrupted\n")


def test_importing_shipctl_does_not_import_boto3() -> None:
    program = "import sys, shipctl.__main__; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_full_disk_is_one_error_line(option: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "shipctl", "preview", "-", *option],
            input="one\n",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "shipctl: [Errno 28] No space left on device"
    assert "Traceback" not in done.stderr
