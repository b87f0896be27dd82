"""docs/operations.md names every reason and alarm, and no command or option that is not there."""

import re
from pathlib import Path

import pytest
from loginformant_shipper.failures import Reason
from shipctl.__main__ import app
from shipctl.dlq.letters import CRASHED
from typer.main import get_command

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/operations.md").read_text()
COMMANDS = re.findall(r"shipctl ([a-z]+)((?:[ \n][^\n`#|]*)?)", DOCUMENT)


def rows_of(heading: str) -> list[str]:
    """What the first column of the table below a heading names."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_reason_is_explained_once() -> None:
    assert sorted(rows_of("The reasons")) == sorted([*Reason, CRASHED])


def test_every_alarm_is_explained_once() -> None:
    template = (ROOT / "template.yaml").read_text()
    names = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", template, re.MULTILINE)
    assert sorted(rows_of("The alarms")) == sorted(names)


@pytest.mark.parametrize(("group", "rest"), COMMANDS)
def test_every_command_and_option_is_there(group: str, rest: str) -> None:
    command = get_command(app).commands[group]  # type: ignore[attr-defined]
    words = rest.split()
    if group == "dlq":
        command = command.commands[words[0]]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_links_within_the_document_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT)) <= anchors
