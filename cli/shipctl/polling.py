"""Repeat requests until Ctrl-C, although some of them fail for a while."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shipctl.account import is_temporary
from shipctl.errors import CommandError
from shipctl.terminal import one_line


@dataclass
class TemporaryErrors:
    """The temporary errors of a command that reads until Ctrl-C."""

    is_said: bool = False
    """Whether the current error was reported."""

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Report a temporary error of the block once, and let the command continue.

        Raises:
            CommandError: The error of the block is not temporary.
        """
        try:
            yield
        except CommandError as error:
            if not is_temporary(error.__cause__):
                raise
            if not self.is_said:
                print(f"shipctl: {one_line(str(error))}; trying again", file=sys.stderr)
            self.is_said = True
        else:
            self.is_said = False
