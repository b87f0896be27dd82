"""The error with which a command ends, unless it can go on without what it could not read."""

from collections.abc import Callable
from typing import TypeVar

_Part = TypeVar("_Part")


class CommandError(Exception):
    """An error that is not a bug in shipctl. Its text is the line that the user sees."""

    status = 1
    """The exit status of the command."""


def told(read: Callable[[], _Part], untold: list[str]) -> _Part | None:
    """Return what `read` returns, or None if it raises a `CommandError`, which is added to `untold`."""
    try:
        return read()
    except CommandError as error:
        untold.append(str(error))
        return None
