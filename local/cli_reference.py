"""Write `docs/cli.md`, the reference of `shipctl`, from the program itself (`make reference`)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from shipctl.__main__ import app
from typer.cli import get_docs_for_click
from typer.core import TyperGroup

PROJECT = Path(__file__).parents[1]
REFERENCE = PROJECT / "docs" / "cli.md"

_TYPE_OF_AN_ARGUMENT = re.compile(r"^(\* `[^` ]+) <[^`]+>`", re.MULTILINE)
_ABOUT = """\
<!-- Written by `make reference`; manual changes are overwritten. -->

"""


def cli_reference() -> str:
    """Return the reference of every command and option of `shipctl`, as Markdown."""
    command = typer.main.get_command(app)
    for each in _commands(command):
        each.short_help = (each.help or "").partition("\n\n")[0].replace("\n", " ")
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="shipctl")
    return _ABOUT + _TYPE_OF_AN_ARGUMENT.sub(r"\1`", text).strip() + "\n"


def _commands(command: Any) -> Iterator[Any]:
    yield command
    if isinstance(command, TyperGroup):
        for each in command.commands.values():
            yield from _commands(each)


if __name__ == "__main__":
    REFERENCE.write_text(cli_reference(), encoding="utf-8")
