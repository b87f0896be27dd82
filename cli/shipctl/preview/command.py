"""`shipctl preview`: show how logs would arrive at LogInformant, without sending them."""

import sys
from collections.abc import Generator, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from loginformant_shipper.events import Undecodable
from rich.console import Console

from shipctl.account import session
from shipctl.json_lines import JsonLines
from shipctl.log_group import read_log_group
from shipctl.option_blocks import optional
from shipctl.options import SHOWN_PANEL, STACK_PANEL
from shipctl.preview.arrivals import arrivals
from shipctl.preview.shown import Shown
from shipctl.preview.summary import PreviewCounts, write_summary
from shipctl.preview.tried_settings import Tried, not_applied, settings_for
from shipctl.reading import STANDARD_INPUT, opened, read_file
from shipctl.stack import find_stack
from shipctl.streams import Piece, Streams
from shipctl.table import LogTable
from shipctl.times import moment

DEFAULT_SINCE = timedelta(hours=1)
DEFAULT_LIMIT = 1000

FILES_PANEL = "Files and standard input"
ACCOUNT_PANEL = "A log group in an AWS account"

EXAMPLES = """**Examples**

- `shipctl preview app.log --log-group-name /aws/lambda/orders --exceptions`

- `kubectl logs deploy/orders | shipctl preview - --level Error --level Fatal`

- `shipctl preview --log-group /aws/lambda/orders --since 15m --region eu-west-1`

- `shipctl preview --stack loginformant-shipper --log-group orders --dropped --exclude-pattern 'GET /health'`

- `shipctl preview event.json --json | jq -r '[.level, .rule, .message] | @tsv'`
"""


def preview(
    tried: Tried,
    wanted: Shown,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE",
            help="The file to read; - is standard input. It may hold plain lines, JSON lines, a JSON "
            "array, a subscription event or its decoded payload, Kinesis or SQS records, or the "
            "output of `aws logs filter-log-events`.",
            show_default=False,
        ),
    ] = None,
    log_group_name: Annotated[
        str,
        optional(
            "--log-group-name",
            "NAME",
            "The log group of lines that do not name one.",
            FILES_PANEL,
        ),
    ] = "",
    stack_name: Annotated[
        str | None,
        optional(
            "--stack",
            "NAME",
            "Filter, sample, redact and add properties as this stack does. Without this option, none "
            "of that is done.",
            STACK_PANEL,
        ),
    ] = None,
    log_group: Annotated[
        str | None,
        optional("--log-group", "NAME", "Read this log group instead of files.", ACCOUNT_PANEL),
    ] = None,
    since: Annotated[
        datetime | None,
        optional(
            "--since",
            "TIME",
            "Start of the time range: a duration before now (90s, 15m, 1h, 2d, 1w) or a time in UTC "
            "(2026-11-03T09:00).  [default: 1h]",
            ACCOUNT_PANEL,
            parser=moment,
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        optional(
            "--until",
            "TIME",
            "End of the time range, in the same form.  [default: now]",
            ACCOUNT_PANEL,
            parser=moment,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        optional(
            "--limit",
            "NUMBER",
            f"Read at most this number of log events, the oldest first.  [default: {DEFAULT_LIMIT}]",
            ACCOUNT_PANEL,
            min=1,
        ),
    ] = None,
    region: Annotated[
        str | None,
        optional(
            "--region",
            "REGION",
            "The AWS region, as in the AWS CLI. For files: the region that they are from.",
            ACCOUNT_PANEL,
            envvar="AWS_REGION",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        optional("--profile", "PROFILE", "The AWS profile to use.", ACCOUNT_PANEL),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print the log objects that LogInformant would get, one in each line, with the rule "
            "that decided on the level. With --dropped, filteredBy says what drops a log. The "
            "summary goes to standard error.",
            rich_help_panel=SHOWN_PANEL,
        ),
    ] = False,
) -> None:
    """Show how logs would arrive at LogInformant, without sending any.

    The shipper's own code does everything, so this is what would be sent, with the rule that decided on each
    level. With `--stack` the settings of the deployed stack are applied, and the summary says how many logs
    each of them drops. Options such as `--exclude-pattern` try another setting before you deploy it. A stack
    trace that was written line by line is one log. Plain lines get the time at which they are read, as a log
    agent would do.

    On a terminal, a message that is too long is cut, with an ellipsis at its end. An ellipsis at the
    beginning stands for text that other columns show, such as a Lambda runtime's prefix. If the output is not
    a terminal, messages are complete.
    """
    stack = find_stack(stack_name, region, profile) if stack_name else None
    region = stack.region if stack else region
    given = tried.parameters()
    if log_group is None:
        _refuse_without_log_group(since=since, until=until, limit=limit)
        if profile and not stack:
            raise typer.BadParameter("--profile needs --log-group or --stack")
        paths = files or _piped_input()
        pieces = _of_files(paths, log_group_name)
        nothing = f"no logs in {_names(paths)}"
    else:
        if files or log_group_name:
            raise typer.BadParameter("--log-group cannot be used with FILE or --log-group-name")
        end = until or datetime.now(UTC)
        start = since or end - DEFAULT_SINCE
        if start >= end:
            raise typer.BadParameter("--since must be before --until")
        account = stack.session if stack else session(region, profile)
        region = account.region_name
        pieces = read_log_group(account, log_group, start, end, limit or DEFAULT_LIMIT)
        nothing = (
            f"no log events in {log_group} from {start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"
        )

    settings = settings_for(stack, given, region or "")
    seen = PreviewCounts()
    writer = JsonLines() if as_json else LogTable(Console(highlight=False), show_exceptions=wanted.exceptions)
    with closing(pieces):
        for piece in pieces:
            if isinstance(piece, Streams):
                outcomes = arrivals(piece, settings)
                writer.write(wanted.of(outcomes, seen))
            else:
                seen.count(piece)
                if isinstance(piece, Undecodable):
                    writer.write_undecodable(piece)
    if seen.is_empty:
        print(f"shipctl: {nothing}", file=sys.stderr)
        return
    write_summary(
        Console(stderr=as_json, highlight=False),
        seen,
        exceptions_shown=wanted.exceptions or as_json,
        remark=not_applied(stack, given),
    )


def _refuse_without_log_group(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(f"--{name} needs --log-group")


def _piped_input() -> list[str]:
    if sys.stdin is None or sys.stdin.isatty():
        raise typer.BadParameter("give a FILE, - for standard input, or --log-group")
    return [STANDARD_INPUT]


def _names(paths: list[str]) -> str:
    return ", ".join("standard input" if path == STANDARD_INPUT else path for path in paths)


def _of_files(paths: Iterable[str], log_group: str) -> Generator[Piece, None, None]:
    for path in paths:
        with opened(path) as file:
            yield from read_file(file, path, log_group)
