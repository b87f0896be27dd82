"""`shipctl audit`: find out whether everything that was logged arrived."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from shipctl.audit.findings import is_trouble
from shipctl.audit.report import document, not_compared, write_survey
from shipctl.audit.survey import survey, window_of
from shipctl.json_lines import print_json
from shipctl.options import SHOWN_PANEL, AsJson, Place
from shipctl.subscriptions.deployed_settings import logs_api, settings_of
from shipctl.times import moment

DEFAULT_SINCE = timedelta(hours=24)
MAX_SINCE = timedelta(days=14)
"""The maximum of --since. CloudWatch keeps values by minute for 15 days (GetMetricStatistics, API
Reference)."""

NOT_COMPARED = 3
"""The exit status if nothing is known to be missing, but a log group cannot be compared (as for `doctor`)."""

EXAMPLES = """**Examples**

- `shipctl audit --since 24h`

- `shipctl audit --since 2026-11-03 --log-group '/aws/lambda/*' --json | jq -r '.logGroups[].repairs[]'`
"""


def audit(
    place: Place,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=moment,
            metavar="TIME",
            help="Start of the time range: a duration before now (90s, 15m, 1h, 2d) or a time in UTC "
            "(2026-11-03T09:00), at most 14 days ago.  [default: 1d]",
            show_default=False,
        ),
    ] = None,
    log_groups: Annotated[
        list[str] | None,
        typer.Option(
            "--log-group",
            metavar="PATTERN",
            help="Only this log group; * matches any text. May be given several times.  [default: "
            "all log groups that LogGroups names, or that logs arrived from]",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Also show log groups in which nothing is missing.", rich_help_panel=SHOWN_PANEL
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what was logged with what arrived, for each log group, and say how to ship what is missing.

    The counts of CloudWatch Logs (logged, forwarded to the stack, errors, throttled) are shown beside those
    of the stack (received, filtered, delivered, waiting). Where they differ, the command names the minutes,
    and the `shipctl backfill` that ships what is missing. The last 15 minutes are left out, since log events
    may be under way. A gap of no more log events than arrive within three minutes is not seen.

    With a filter pattern, CloudWatch Logs forwards less than was logged: then only what was forwarded is
    compared. With an account policy, CloudWatch does not count for each log group what it forwarded: then
    what was logged is compared with what was received, and the sums are shown. With both, log groups cannot
    be compared unless everything arrived.

    AWS bills up to eight metrics for each log group, and a query of CloudWatch Logs Insights on the
    functions' own log groups.

    Exit status: 0 if nothing is missing, 1 if something is, 3 if nothing is known to be missing, but a log
    group cannot be compared.
    """
    now = datetime.now(UTC)
    begin = since or now - DEFAULT_SINCE
    if begin >= now - timedelta(minutes=16):
        raise typer.BadParameter("--since must be more than 15 minutes ago: the last 15 are not compared")
    if begin < now - MAX_SINCE:
        raise typer.BadParameter("--since must be at most 14 days ago: older values by minute are deleted")
    stack = place.find()
    settings = settings_of(stack)
    found = survey(stack, settings, logs_api(stack, settings), log_groups or (), window_of(begin, now))
    if as_json:
        print_json(document(found, stack))
    elif found.findings:
        write_survey(Console(highlight=False), found, stack, everything=everything)
    else:
        print(
            "shipctl: the stack ships no log groups, and nothing arrived. See: shipctl subscriptions list",
            file=sys.stderr,
        )
    if any(map(is_trouble, found.findings)):
        raise typer.Exit(1)
    if not_compared(found):
        raise typer.Exit(NOT_COMPARED)
