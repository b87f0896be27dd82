"""The application `shipctl`: its commands, its version, and how it ends when a command cannot go on."""

import importlib.metadata
import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from shipctl.autoreplay import autoreplay
from shipctl.deploy.commands import EXAMPLES as DEPLOY_EXAMPLES
from shipctl.deploy.commands import deploy
from shipctl.dlq.commands import dlq
from shipctl.doctor.command import doctor
from shipctl.errors import CommandError
from shipctl.key import key
from shipctl.logs import logs
from shipctl.option_blocks import with_blocks
from shipctl.preview import EXAMPLES, preview
from shipctl.send_test import send_test
from shipctl.status.command import status
from shipctl.subscriptions.commands import subscriptions
from shipctl.terminal import one_line

INTERRUPTED = 128 + 2
"""What shells report of a program that SIGINT, signal 2, ended."""


class OneLineErrors(TyperGroup):
    """Ends with one line on standard error where a command cannot go on, whichever command it is."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with its status on `CommandError`, 130 on Ctrl-C."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A log holds any character; a terminal that has no sign for one shows its number.
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except CommandError as error:
            end, line = error.status, str(error)
        except KeyboardInterrupt:
            end, line = INTERRUPTED, "interrupted"
        print(f"shipctl: {one_line(line)}", file=sys.stderr)
        raise typer.Exit(end)


app = typer.Typer(
    cls=OneLineErrors,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=EXAMPLES)(preview)
app.command()(with_blocks(status))
app.command()(with_blocks(doctor))
app.command()(with_blocks(logs))
app.command("send-test")(with_blocks(send_test))
app.command()(with_blocks(autoreplay))
app.add_typer(key, name="key")
app.command(epilog=DEPLOY_EXAMPLES)(with_blocks(deploy))
app.add_typer(dlq, name="dlq")
app.add_typer(subscriptions, name="subscriptions")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"shipctl {importlib.metadata.version('loginformant-shipper')}")
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
