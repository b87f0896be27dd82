"""A block of options is one parameter of a command, and several options on the command line."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from shipctl.option_blocks import with_blocks
from typer.testing import CliRunner

Name = Annotated[str, typer.Option("--name", help="Whose.")]


@dataclass(frozen=True, kw_only=True)
class Inherited:
    name: Name = "nobody"


@dataclass(frozen=True, kw_only=True)
class Block(Inherited):
    loud: Annotated[bool, typer.Option("--loud")] = False


@pytest.fixture
def app() -> typer.Typer:
    def greet(
        greeting: Annotated[str, typer.Argument()], block: Block, times: Annotated[int, typer.Option()] = 1
    ) -> None:
        """Greet somebody."""
        print((greeting.upper() if block.loud else greeting) * times, block.name)

    app = typer.Typer()
    app.command()(with_blocks(greet))
    return app


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["hi"], "hi nobody"),
        (["hi", "--loud", "--name", "you", "--times", "2"], "HIHI you"),
        (["--name", "you", "hi"], "hi you"),
    ],
)
def test_the_command_gets_a_block_with_the_values_of_its_options(
    app: typer.Typer, arguments: list[str], output: str
) -> None:
    assert CliRunner().invoke(app, arguments).stdout == f"{output}\n"


def test_help_shows_the_options_of_the_block(app: typer.Typer) -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "100"}).stdout
    assert all(words in shown for words in ("Greet somebody.", "--name", "Whose.", "--loud", "--times"))
    assert "--block" not in shown
