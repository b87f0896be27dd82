"""Options that several commands share, written once: a block of them is a dataclass, a field an option."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def with_blocks(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command for typer in which each parameter that is a dataclass is its fields as options.

    Their order is that of the parameters. The command itself gets the dataclass, made of what was given.
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

    del expanded.__wrapped__  # typer would read the options of `command`
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
