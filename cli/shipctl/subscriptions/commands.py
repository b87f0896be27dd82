"""`shipctl subscriptions`: the commands."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from loginformant_shipper.subscriptions.reconcile import Reconciled
from rich.console import Console

from shipctl.option_blocks import optional, with_blocks
from shipctl.options import SHOWN_PANEL, Place
from shipctl.subscriptions.deployed_settings import settings_of, with_patterns
from shipctl.subscriptions.outcomes import (
    WORDS,
    ReconcileCounts,
    is_wrong,
    outcomes,
    write_action,
    write_json,
    write_state,
)

EXAMPLES = """**Examples**

- `shipctl subscriptions list`

- `shipctl subscriptions list --only '/aws/lambda/*' --json | jq -r 'select(.trouble) | .logGroup'`

- `shipctl subscriptions plan --log-groups '/aws/*,orders' --exclude '/aws/lambda/noisy-*'`

- `shipctl subscriptions reconcile`
"""

WANTED_PANEL = "Settings to try (those that are not given are the stack's)"

Only = Annotated[
    list[str] | None,
    optional(
        "--only",
        "PATTERN",
        "Only this log group; * matches any text. May be given several times.",
        SHOWN_PANEL,
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON object per log group.", rich_help_panel=SHOWN_PANEL),
]


def list_(
    place: Place,
    only: Only = None,
    as_json: Json = False,
) -> None:
    """Show for every log group whether it is shipped, and if not, why.

    Filters with other destinations are named. Requests to CloudWatch Logs are limited by the stack's
    parameter SubscribeRequestsPerSecond.

    Exit status: 0 if every log group is in the state that the parameters ask for, else 1.
    """
    found = place.find()
    console = Console(highlight=False)
    counts = ReconcileCounts()
    wrong = 0
    for outcome in outcomes(found, settings_of(found), only or (), only_look=True):
        counts.count(outcome)
        wrong += is_wrong(outcome)
        if as_json:
            write_json(outcome)
        else:
            write_state(console, outcome)
    if not as_json and counts.states:
        console.print()
    summary = Console(stderr=as_json, highlight=False)
    for state, count in counts.states.most_common():
        summary.print(f"{count:>7,}  {WORDS[state]}", soft_wrap=True)
    if not counts.states:
        print("shipctl: no log group matches", file=sys.stderr)
    if wrong:
        raise typer.Exit(1)


def plan(
    place: Place,
    log_groups: Annotated[
        str | None,
        optional(
            "--log-groups",
            "PATTERNS",
            "Names and patterns for the parameter LogGroups, separated by commas.",
            WANTED_PANEL,
        ),
    ] = None,
    exclude: Annotated[
        str | None,
        optional(
            "--exclude",
            "PATTERNS",
            "Names and patterns separated by commas, as in the parameter ExcludeLogGroups.",
            WANTED_PANEL,
        ),
    ] = None,
    only: Only = None,
    as_json: Json = False,
) -> None:
    """Show what reconcile would change, with the stack's patterns or with others. Nothing is changed.

    `+` would be subscribed, `-` would be unsubscribed, `!` cannot be subscribed.
    """
    found = place.find()
    settings = with_patterns(settings_of(found), log_groups, exclude)
    _show(outcomes(found, settings, only or (), only_look=True), as_json, done=False)


def reconcile(
    place: Place,
    only: Only = None,
    as_json: Json = False,
) -> None:
    """Change the subscription filters to what the stack's parameters ask for, now, with your own credentials.

    It can be interrupted and run again. `+` was subscribed, `-` was unsubscribed, `!` could not be
    subscribed.

    Exit status: 0 if every log group is in the state that the parameters ask for, else 1.
    """
    found = place.find()
    counts = _show(outcomes(found, settings_of(found), only or (), only_look=False), as_json, done=True)
    if counts.troubles:
        raise typer.Exit(1)


def _show(each: Iterator[Reconciled], as_json: bool, *, done: bool) -> ReconcileCounts:
    console = Console(highlight=False)
    counts = ReconcileCounts()
    for outcome in each:
        counts.count(outcome)
        if as_json:
            if outcome.trouble or outcome.finding.action:
                write_json(outcome)
        else:
            write_action(console, outcome)
    Console(stderr=as_json, highlight=False).print(counts.changes(done), soft_wrap=True)
    return counts


subscriptions = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Show and change which log groups are shipped.",
    epilog=EXAMPLES,
)
subscriptions.command("list")(with_blocks(list_))
subscriptions.command()(with_blocks(plan))
subscriptions.command()(with_blocks(reconcile))
