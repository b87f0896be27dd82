"""`shipctl doctor`: run the checks and show their findings."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.padding import Padding
from rich.style import Style
from rich.text import Text

from shipctl.doctor.checks import CHECKS
from shipctl.doctor.findings import Check, Finding, Verdict, unknown
from shipctl.errors import CommandError
from shipctl.installation.installation import Installation
from shipctl.json_lines import print_json
from shipctl.option_blocks import one_of, optional
from shipctl.options import AsJson, Place
from shipctl.table import BOLD, DIM
from shipctl.terminal import one_line

SIGNS = {
    Verdict.OK: ("✓", Style(color="green")),
    Verdict.NOTICE: ("!", Style(color="yellow")),
    Verdict.FAULT: ("✗", Style(color="red", bold=True)),
    Verdict.UNKNOWN: ("?", Style(color="magenta")),
}
NOT_CHECKED = 3
"""The exit status if no fault was found, but something could not be checked (2 is a wrong option)."""
WHICH_PANEL = "Which checks"
_NAME = max(len(check.name) for check in CHECKS)


_check_name = one_of("check", [check.name for check in CHECKS])

Names = Annotated[
    list[str] | None,
    optional(
        "--only",
        "CHECK",
        f"Run only this check: {', '.join(check.name for check in CHECKS)}. May be given several times.",
        WHICH_PANEL,
        parser=_check_name,
    ),
]
Skipped = Annotated[
    list[str] | None,
    optional(
        "--skip",
        "CHECK",
        "Leave out this check, one of those above. May be given several times.",
        WHICH_PANEL,
        parser=_check_name,
    ),
]


class Found(NamedTuple):
    """A finding and its check."""

    check: Check
    finding: Finding


def found_by(checks: Iterable[Check], installation: Installation) -> Iterator[Found]:
    """Run checks one after the other. An error in a check is a finding, too."""
    for check in checks:
        try:
            for finding in check.look(installation):
                yield Found(check, finding)
        except CommandError as error:
            yield Found(check, unknown(str(error)))


def doctor(
    place: Place,
    only: Names = None,
    skip: Skipped = None,
    send: Annotated[
        bool,
        typer.Option("--send", help="Also ship one log, as send-test does. No other check sends anything."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every part of the installation, and say what to do where something is wrong.

    The command changes nothing and receives no messages. It invokes the shipper and replay once each with a
    control message of CloudWatch Logs, which ships nothing.

    `✓` is in order, `!` is worth knowing, `✗` is wrong, `?` could not be checked.

    Exit status: 0 if nothing is wrong, 1 if something is wrong or there is no such stack, 3 if nothing is
    known to be wrong, but something could not be checked.
    """
    installation = Installation(place.find())
    checks = [check for check in CHECKS if _is_wanted(check, only, skip, send)]
    console = Console(highlight=False)
    faults = unchecked = 0
    all_found: list[Found] = []
    for found in found_by(checks, installation):
        faults += found.finding.verdict is Verdict.FAULT
        unchecked += found.finding.verdict is Verdict.UNKNOWN
        all_found.append(found)
        if not as_json:
            write_finding(console, found)
    if as_json:
        print_json(
            {
                "stack": installation.stack.name,
                "faults": faults,
                "unknown": unchecked,
                "findings": documents(all_found),
            }
        )
    else:
        words = f"{faults} faults" if faults > 1 else "1 fault" if faults else "no faults"
        words += f"; {unchecked} not checked" if unchecked else ""
        console.print(Text(f"\n{words}", style=BOLD))
    if faults:
        raise typer.Exit(1)
    if unchecked:
        raise typer.Exit(NOT_CHECKED)


def documents(found: Sequence[Found]) -> list[dict[str, str]]:
    """Return the findings as a JSON document."""
    return [
        {
            "check": check.name,
            "reads": check.reads,
            "verdict": finding.verdict,
            "what": finding.what,
            "remedy": finding.remedy,
        }
        for check, finding in found
    ]


def write_finding(console: Console, found: Found) -> None:
    """Write a finding, and its remedy on a separate line that is not wrapped, so that it can be copied."""
    check, finding = found
    sign, style = SIGNS[finding.verdict]
    head = Text(f"{sign} ", style=style).append(
        f"{check.name:<{_NAME}}  ", style=Style(color="cyan", bold=False)
    )
    what = one_line(finding.what)
    if console.is_terminal:
        lines = Text(what).wrap(console, max(console.width - len(head), 20))
        head.append(str(lines[0]) if lines else "", style=Style(bold=False))
        console.print(head)
        for line in lines[1:]:
            console.print(Padding(line, (0, 0, 0, len(head.plain) - len(str(lines[0])))))
    else:
        console.print(head.append(what, style=Style(bold=False)), soft_wrap=True)
    if finding.remedy:
        indent = " " * (_NAME + 4)
        console.print(Text(f"{indent}→ {one_line(finding.remedy)}", style=DIM), soft_wrap=True)


def _is_wanted(check: Check, only: list[str] | None, skip: list[str] | None, send: bool) -> bool:
    if only:
        return check.name in only
    return check.name not in (skip or ()) and (send or not check.sends)
