"""`shipctl deploy`: the command and its options."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from loginformant_shipper.settings_check.environments import Place as StackPlace
from loginformant_shipper.settings_check.validation import validate_parameters
from rich.console import Console

from shipctl.deploy.account import find_account
from shipctl.deploy.artefacts import find_artefacts
from shipctl.deploy.deployment import Deployment, remove_failed_stack
from shipctl.deploy.live_stack import FAILED_FIRST, find_live_stack, refuse_downgrade
from shipctl.deploy.parameters import Parameter, parameters_of
from shipctl.deploy.questions import KEYS, ask, ask_api_key, confirm, is_terminal, refuse_without_terminal
from shipctl.deploy.refused import Refused
from shipctl.deploy.settings_plan import plan_settings, refuse_what_cannot_work
from shipctl.deploy.wishes import read_wishes
from shipctl.dlq.signals import ended_by_signals
from shipctl.option_blocks import optional
from shipctl.options import Place
from shipctl.stack import options_for

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

EXAMPLES = """**Examples**

- `shipctl deploy`

- `shipctl deploy --set 'ExcludePattern=GET /health' --set Redact=email`

- `shipctl deploy --unset HttpsProxy --dry-run`

- `shipctl deploy --parameters settings.json --yes`

Exit status: 0 if the stack is as requested, 1 if it is not, 2 if the request is not valid (then the stack was
not touched), 130 after Ctrl-C.
"""
WANTED_PANEL = "Settings (those that are not named keep their values)"
HOW_PANEL = "How"

Set = Annotated[
    list[str] | None,
    optional(
        "--set",
        "NAME=VALUE",
        "Set a parameter to exactly this value. May be given several times.",
        WANTED_PANEL,
    ),
]
Unset = Annotated[
    list[str] | None,
    optional("--unset", "NAME", "Set a parameter to its default. May be given several times.", WANTED_PANEL),
]
ParametersFile = Annotated[
    Path | None,
    optional(
        "--parameters",
        "FILE",
        'Set the parameters in a JSON file: {"NAME": "VALUE"}. --set and --unset take precedence.',
        WANTED_PANEL,
    ),
]
ApiKey = Annotated[
    bool,
    typer.Option(
        "--api-key",
        help="Ask for the API key, or read it from standard input if that is not a terminal.",
        rich_help_panel=WANTED_PANEL,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Deploy without asking.", rich_help_panel=HOW_PANEL)]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show what would change, and stop. Code and template are uploaded.",
        rich_help_panel=HOW_PANEL,
    ),
]
Downgrade = Annotated[
    bool,
    typer.Option(
        "--downgrade",
        help="Deploy even if the stack has a newer version. Settings that only the newer one has are lost.",
        rich_help_panel=HOW_PANEL,
    ),
]
Bucket = Annotated[
    str | None,
    optional(
        "--bucket",
        "NAME",
        "The S3 bucket for code and template. Without this option, a bucket is created in the account.",
        HOW_PANEL,
    ),
]
ArtefactsFolder = Annotated[
    Path | None,
    optional(
        "--artefacts",
        "FOLDER",
        "The folder to deploy, built by make package or sam build, instead of the stack that this "
        "shipctl carries.",
        HOW_PANEL,
    ),
]


def deploy(
    place: Place,
    set_: Set = None,
    unset: Unset = None,
    parameters: ParametersFile = None,
    api_key: ApiKey = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    downgrade: Downgrade = False,
    bucket: Bucket = None,
    artefacts: ArtefactsFolder = None,
) -> None:
    """Deploy the stack, or change it. Settings that are not named keep their values.

    For a new stack it asks for the API key, the log groups to ship, and whom to notify of alarms. Values are
    checked before anything is uploaded, by the code that will read them. It shows what would change, and asks
    before it deploys.
    """
    console = Console(highlight=False)
    account = find_account(place.region, place.profile)
    console.print(f"Account {account.id}, region {account.region}, as {account.arn}", soft_wrap=True)
    what = find_artefacts(artefacts)
    known = parameters_of(what.template)
    wishes = read_wishes(known, parameters, set_ or (), unset or ())
    client: CloudFormationClient = account.client("cloudformation")
    live = find_live_stack(account, client, place.stack)
    if live and not downgrade:
        refuse_downgrade(place.stack, live, what.template)
    stack_place = StackPlace(account.region, place.stack)
    is_new = live is None or live.status == FAILED_FIRST
    if is_new and not (yes or dry_run):
        refuse_without_terminal()
    wishes |= _answers(console, known, wishes, stack_place, is_new=is_new, api_key=api_key)
    settings = plan_settings(known, wishes, None if is_new else live)
    refuse_what_cannot_work(what.template, settings, stack_place)
    if live and is_new:
        _refuse_to_remove_unasked(place.stack, yes=yes, dry_run=dry_run)
    with ended_by_signals():
        if live and is_new:
            remove_failed_stack(console, client, place.stack, live)
            live = None
        options = options_for(place.stack, place.region, place.profile)
        deployment = Deployment(console, account, client, place.stack, what, settings, live, options)
        deployment.run(bucket, yes=yes, dry_run=dry_run)


def _refuse_to_remove_unasked(stack: str, *, yes: bool, dry_run: bool) -> None:
    """Ask before removing a stack whose first deployment failed, since it cannot be updated."""
    left = f"stack {stack} is empty, since its first deployment failed"
    if dry_run:
        raise Refused(f"{left}. It must be removed first: run the command without --dry-run")
    if not yes and not confirm(f"{left[0].upper()}{left[1:]}. Remove it?"):
        raise typer.Exit(1)


def _answers(
    console: Console,
    known: dict[str, Parameter],
    wishes: dict[str, str],
    place: StackPlace,
    *,
    is_new: bool,
    api_key: bool,
) -> dict[str, str]:
    def check(name: str, value: str) -> str | None:
        if complaint := known[name].complaint(value):
            return complaint
        return next(iter(validate_parameters({name: value}, place)), None)

    answers: dict[str, str] = {}
    if api_key:
        answers["ApiKey"] = ask_api_key(console, check) if is_terminal() else _read_api_key()
    if not is_new:
        return answers
    if is_terminal():
        return answers | ask(console, wishes | answers, check)
    if not any((wishes | answers).get(name) for name, _ in KEYS.values()):
        raise Refused(
            "a new stack needs the API key: give it on standard input with --api-key, or say where it is "
            "stored with --set ApiKeySecretArn=ARN or --set ApiKeyParameterName=NAME"
        )
    return answers


def _read_api_key() -> str:
    if key := sys.stdin.readline().strip():
        return key
    raise Refused("--api-key: there is no API key on standard input")
