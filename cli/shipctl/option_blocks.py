"""Blocks of options that several commands share. A block is a dataclass, and each field is an option."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from typer.models import OptionInfo


def optional(name: str, metavar: str, words: str, panel: str, **more: Any) -> "OptionInfo":
    """Return an option with a value that may be omitted.

    Args:
        name: The option, such as `--since`.
        metavar: The placeholder of its value in the help.
        words: Its help, which also says what the default is.
        panel: The heading of the help under which it is listed.
        more: Further arguments of `typer.Option`.
    """
    option: OptionInfo = typer.Option(
        name, metavar=metavar, help=words, rich_help_panel=panel, show_default=False, **more
    )
    return option


def one_of(kind: str, allowed: Sequence[str]) -> Callable[[str], str]:
    """Return a parser for an option whose value is one of the `allowed` words, called `kind` in errors."""

    def parse(text: str) -> str:
        if text in allowed:
            return text
        raise typer.BadParameter(f"{text!r} is not a {kind}: give one of {', '.join(allowed)}")

    return parse


def with_blocks(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for typer in which the fields of each dataclass parameter are options.

    The options keep the order of the parameters. The command receives instances of the dataclasses.
    """
    hints = get_type_hints(command, include_extras=True)
    own = inspect.signature(command).parameters
    blocks = {name: hints[name] for name in own if is_dataclass(hints[name])}
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        if name in blocks:
            parameters += _options(blocks[name])
        else:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name]))

    @wraps(command)
    def expanded(**given: Any) -> None:
        for name, block in blocks.items():
            given[name] = block(**{field.name: given.pop(field.name) for field in fields(block)})
        command(**given)

    del expanded.__wrapped__  # otherwise typer would read the signature of `command` instead
    expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    expanded.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return expanded


def _options(block: type) -> list[inspect.Parameter]:
    hints = get_type_hints(block, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(block)
    ]
