"""The application `shipctl`: its commands, its version, and its exit status."""

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Annotated, Any

import typer
from loginformant_shipper import __version__
from typer.core import TyperGroup

from shipctl.command_list import LISTED, Commands
from shipctl.errors import CommandError

INTERRUPTED = 128 + 2
"""The exit status that shells report for a program that SIGINT (signal 2) ended."""


class Shipctl(TyperGroup):
    """The group of all commands. Reports an error of any command as one line on standard error."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = Commands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.help) for name, listed in LISTED.items()])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with its status on `CommandError`, 130 on Ctrl-C."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # Logs contain any character. One that the terminal's encoding lacks is shown as its code
                # point.
                stream.reconfigure(errors="backslashreplace")
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
            return result
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # typer ends the command: nobody reads what it writes
            end, line = 1, f"{error.filename}: {error.strerror}" if error.filename else str(error)
            _drop_output()
        except CommandError as error:
            end, line = error.status, str(error)
        except KeyboardInterrupt:
            end, line = INTERRUPTED, "interrupted"
        except typer.Abort as unanswered:
            # typer raises Abort for both Ctrl-C and the end of the input at a question; the context says
            # which.
            if isinstance(unanswered.__context__, EOFError):
                end, line = 1, "the question was not answered; nothing was changed"
            else:
                end, line = INTERRUPTED, "interrupted"
        from shipctl.terminal import one_line

        print(f"shipctl: {one_line(line)}", file=sys.stderr)
        raise typer.Exit(end)


def _drop_output() -> None:
    """Write no more to standard output, such as a full disk; Python would try again at its end, and fail."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=Shipctl,
    no_args_is_help=True,
    # Plain text, since importing rich takes longer than everything else here. The help of each command uses
    # rich.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shipctl {__version__}")
        raise typer.Exit


@app.callback()
def shipctl(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Operate the LogInformant shipper for AWS CloudWatch Logs."""


if __name__ == "__main__":
    app()
