"""`shipctl doctor`: its output as text and JSON, and its exit status."""

import json
from collections.abc import Iterator

import pytest
from shipctl import options
from shipctl.doctor import command
from shipctl.doctor.findings import Check, Finding, Verdict, fault, notice, ok, unknown
from shipctl.errors import CommandError

from tests.unit.shipctl import fake_installation as fake
from tests.unit.shipctl.conftest import Run

LONG = "what is wrong is said in words of which there are many more than fit into sixty columns of a terminal"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> Iterator[Finding]:
        raise CommandError("access denied")

    checks = (
        Check("stack", "this", lambda _: iter([ok("all of it")])),
        Check("key", "that", lambda _: iter([fault(LONG, "shipctl key set"), notice("look")])),
        Check("policy", "these", failing),
        Check("sending", "one log", lambda _: iter([ok("sent")]), sends=True),
    )
    monkeypatch.setattr(command, "CHECKS", checks)
    monkeypatch.setattr(options, "find_stack", lambda *_: fake.stack())


@pytest.mark.usefixtures("checks")
class TestDoctor:
    def test_findings_are_printed_with_marks_and_remedies(self, shipctl: Run) -> None:
        result = shipctl("doctor")
        assert result.exit_code == 1
        assert [line.split() for line in result.stdout.splitlines()] == [
            ["✓", "stack", "all", "of", "it"],
            ["✗", "key", *LONG.split()],
            ["→", "shipctl", "key", "set"],
            ["!", "key", "look"],
            ["?", "policy", "access", "denied"],
            [],
            ["1", "fault;", "1", "not", "checked"],
        ]

    def test_findings_are_printed_as_json(self, shipctl: Run) -> None:
        document = json.loads(shipctl("doctor", "--json").stdout)
        assert (document["stack"], document["faults"], document["unknown"]) == ("loginformant-shipper", 1, 1)
        assert document["findings"][1] == {
            "check": "key",
            "reads": "that",
            "verdict": Verdict.FAULT,
            "what": LONG,
            "remedy": "shipctl key set",
        }

    def test_only_and_skip_choose_the_checks(self, shipctl: Run) -> None:
        assert shipctl("doctor", "--only", "stack").stdout.endswith("\nno faults\n")
        result = shipctl("doctor", "--skip", "key", "--skip", "policy")
        assert (result.exit_code, "key" in result.stdout) == (0, False)
        assert "'nope' is not a check" in shipctl("doctor", "--only", "nope", env={"COLUMNS": "200"}).output

    def test_what_could_not_be_checked_is_not_called_in_order(self, shipctl: Run) -> None:
        result = shipctl("doctor", "--only", "policy")
        assert result.exit_code == 3
        assert result.stdout.endswith("\nno faults; 1 not checked\n")

    def test_a_log_is_sent_only_with_the_send_option(self, shipctl: Run) -> None:
        assert "sending" not in shipctl("doctor").stdout
        assert "sending" in shipctl("doctor", "--send").stdout


def test_lines_break_between_words_at_sixty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    console = Console(width=60, force_terminal=True, color_system=None, highlight=False)
    check = Check("stack", "", lambda _: iter(()))
    with console.capture() as captured:
        command.write_finding(console, command.Found(check, unknown(LONG, "shipctl key set --stack orders")))
    lines = captured.get().splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert " ".join(" ".join(lines[:-1]).split()) == f"? stack {LONG}"
    assert lines[-1].strip() == "→ shipctl key set --stack orders"
