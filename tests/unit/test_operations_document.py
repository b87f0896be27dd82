"""docs/operations.md names every reason and alarm, and only commands and options that exist."""

import re
from pathlib import Path
from typing import Any

from loginformant_shipper.failures import Reason
from shipctl.__main__ import app
from shipctl.dlq.letters import CRASHED
from shipctl.doctor.checks import CHECKS
from typer.main import get_command

ROOT = Path(__file__).parents[2]
EXPLAINED_ELSEWHERE = {"deploy", "subscriptions"}
DOCUMENT = (ROOT / "docs/operations.md").read_text()
COMMANDS = re.findall(r"shipctl ([a-z-]+(?: [^\n`#|]+)?)", DOCUMENT)
"""The words after each `shipctl` in the document."""


def rows_of(heading: str) -> list[str]:
    """Return the names in the first column of the table below a heading."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"\w+", cell)]


def test_every_reason_is_explained_once() -> None:
    assert sorted(rows_of("The reasons")) == sorted([*Reason, CRASHED])


def test_every_alarm_is_explained_once() -> None:
    template = (ROOT / "template.yaml").read_text()
    names = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", template, re.MULTILINE)
    assert sorted(rows_of("The alarms")) == sorted(names)


def test_every_command_that_an_operator_needs_is_explained() -> None:
    top: Any = get_command(app)
    for name, command in top.commands.items():
        for words in [f"{name} {inner}" for inner in getattr(command, "commands", ())] or [name]:
            named = any(f"{line} ".startswith(f"{words} ") for line in COMMANDS)
            assert named or name in EXPLAINED_ELSEWHERE, words


def test_check_names_are_those_of_doctor() -> None:
    names = re.findall(r"--(?:only|skip) (\w+)", " ".join(re.findall(r"shipctl doctor[^`]*", DOCUMENT)))
    assert names
    assert set(names) <= {check.name for check in CHECKS}


def test_links_within_the_document_have_existing_targets() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT)) <= anchors
