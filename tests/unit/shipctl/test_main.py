"""The application: help, version, and how it ends."""

import subprocess
import sys

import pytest

from tests.unit.shipctl.conftest import Run


def test_version(shipctl: Run) -> None:
    result = shipctl("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("shipctl 0.")


def test_without_arguments_it_shows_its_commands(shipctl: Run) -> None:
    result = shipctl(env={"COLUMNS": "120"})
    for command in ("preview", "dlq", "subscriptions"):
        assert command in result.output
    assert "without sending any" in result.output


def test_the_help_of_preview_names_every_way_in_and_has_examples(shipctl: Run) -> None:
    help_text = shipctl("preview", "--help", env={"COLUMNS": "120"}).stdout
    for word in ("FILE", "--log-group ", "--since", "--json", "standard input", "| jq -r '[.level"):
        assert word in help_text


def test_ctrl_c_ends_with_one_line(shipctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shipctl.preview.read_file", interrupted)
    result = shipctl("preview", "-", input="one\n")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "shipctl: interrupted\n")


def test_boto3_is_not_imported_where_no_account_is_needed() -> None:
    program = "import sys, shipctl.__main__; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
