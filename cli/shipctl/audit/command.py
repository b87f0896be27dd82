"""`shipctl audit`: whether everything that was logged arrived."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from shipctl.audit.findings import is_trouble
from shipctl.audit.report import document, write_survey
from shipctl.audit.survey import survey, window_of
from shipctl.json_lines import print_json
from shipctl.options import SHOWN_PANEL, AsJson, Place
from shipctl.subscriptions.deployed_settings import logs_api, settings_of
from shipctl.times import moment

DEFAULT_SINCE = timedelta(hours=24)
MAX_SINCE = timedelta(days=14)
"""CloudWatch keeps values of single minutes for 15 days (GetMetricStatistics, CloudWatch API Reference)."""

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
            help="From when on: so long ago (90s, 15m, 1h, 2d), or a time (2026-11-03T09:00, UTC); at most "
            "14 days ago.  [default: 1d]",
            show_default=False,
        ),
    ] = None,
    log_groups: Annotated[
        list[str] | None,
        typer.Option(
            "--log-group",
            metavar="PATTERN",
            help="Log groups of this name; * is any text. May be given several times.  [default: all that "
            "the stack wants, or that logs arrived from]",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Show log groups in which nothing is missing, too.", rich_help_panel=SHOWN_PANEL
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare what was logged with what arrived, log group by log group, and say what repairs a gap.

    What CloudWatch Logs counts (logged, forwarded to the stack, errors, throttled) stands beside what the
    stack counts (received, filtered, delivered, waiting). Where they differ it is said in which minutes, and
    which `shipctl backfill` ships what is missing. The last 15 minutes are left out: of them something may be
    under way; so may be what comes in within three minutes, and a gap of no more log events is not seen.

    With a filter pattern, less is forwarded than logged: then only what was forwarded is compared. With an
    account policy CloudWatch does not tell log groups apart in what it forwarded: what was logged is compared
    with what was received, and the sums are shown.

    It asks for up to eight metrics of each log group, and lets CloudWatch Logs Insights read the functions'
    own log groups: both cost something.

    Exit status: 0 if nothing is missing, else 1.
    """
    now = datetime.now(UTC)
    begin = since or now - DEFAULT_SINCE
    if begin >= now - timedelta(minutes=16):
        raise typer.BadParameter("--since must be more than 15 minutes ago: the last 15 are left out")
    if begin < now - MAX_SINCE:
        raise typer.BadParameter("--since must be at most 14 days ago: CloudWatch keeps minutes no longer")
    stack = place.find()
    settings = settings_of(stack)
    found = survey(stack, settings, logs_api(stack, settings), log_groups or (), window_of(begin, now))
    if as_json:
        print_json(document(found, stack))
    elif found.findings:
        write_survey(Console(highlight=False), found, stack, everything=everything)
    else:
        print(
            "shipctl: no log group is wanted by the stack, and nothing arrived: shipctl subscriptions list",
            file=sys.stderr,
        )
    if any(map(is_trouble, found.findings)):
        raise typer.Exit(1)
