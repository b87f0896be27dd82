"""`shipctl key set`: store a new API key that is typed or read from standard input."""

import sys

import typer

from shipctl.errors import CommandError
from shipctl.installation.functions import Function
from shipctl.installation.installation import Installation
from shipctl.json_lines import print_json
from shipctl.key_store import KeyStoreError, key_store, unusable
from shipctl.option_blocks import with_blocks
from shipctl.options import AsJson, Place

MAX_CHARACTERS = 4096

key = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Change the API key.")


def set_(place: Place, as_json: AsJson = False) -> None:
    """Store a new API key in the stack's secret or SSM parameter.

    The key is typed without being shown, or read from standard input (`shipctl key set < FILE`). It cannot be
    an argument, since other users of this machine can see arguments, and the shell keeps them in its history.

    A secret that is scheduled for deletion is restored. Nothing needs to be restarted: the functions read the
    key again when it is refused, at most every 30 seconds.
    """
    stack = place.find()
    store = key_store(stack, Installation(stack).variables(Function.SHIPPER))
    text = _given(store.words)
    if trouble := unusable(text):
        raise CommandError(f"{trouble}; nothing was changed")
    try:
        store.write(text)
    except KeyStoreError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        raise CommandError(f"{store.words}: {error}{remedy}") from None
    if as_json:
        print_json({"stored": True, "place": store.words})
        return
    print(f"{store.words}: the API key was stored. To test it, run: {stack.command('send-test')}")


def _given(where: str) -> str:
    if sys.stdin is None:  # `<&-` in a shell
        return ""
    if sys.stdin.isatty():
        given: str = typer.prompt(f"API key for {where}", hide_input=True, err=True)
    else:
        given = sys.stdin.read(MAX_CHARACTERS)
    return given.strip()


@key.callback()
def _group() -> None:
    """Change the API key."""


key.command("set")(with_blocks(set_))
