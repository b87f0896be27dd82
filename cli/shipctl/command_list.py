"""The commands of `shipctl` by name. A command is imported only when it is called.

Importing the dependencies of a command (rich, the shipper's code, RE2) takes several times as long as listing
all commands.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from shipctl.option_blocks import with_blocks


@dataclass(frozen=True)
class Listed:
    """Where to import a command from, and its line in the list of commands."""

    module: str
    attribute: str
    help: str
    """The first line of the command's own help."""

    def load(self, name: str) -> Any:
        """Import the command and return the object that typer made of it."""
        module = importlib.import_module(self.module)
        found = getattr(module, self.attribute)
        # The callback keeps typer from replacing a group that has one command by that command.
        holder = typer.Typer(rich_markup_mode="markdown", add_completion=False)
        holder.callback()(_nothing)
        if isinstance(found, typer.Typer):
            holder.add_typer(found, name=name)
        else:
            holder.command(name, epilog=getattr(module, "EXAMPLES", None))(with_blocks(found))
        commands: Mapping[str, Any] = typer.main.get_command(holder).commands  # type: ignore[attr-defined]
        return commands[name]


def _nothing() -> None:
    pass


LISTED = {
    "preview": Listed(
        "shipctl.preview.command",
        "preview",
        "Show how logs would arrive at LogInformant, without sending any.",
    ),
    "tail": Listed(
        "shipctl.preview.tail",
        "tail",
        "Show new logs as they arrive at LogInformant, until Ctrl-C.",
    ),
    "status": Listed(
        "shipctl.status.command",
        "status",
        "Show the state of the stack on one screen: deliveries, queues and problems.",
    ),
    "dashboard": Listed(
        "shipctl.dashboard",
        "dashboard",
        "Open the stack's dashboard in a browser.",
    ),
    "doctor": Listed(
        "shipctl.doctor.command",
        "doctor",
        "Check every part of the installation, and say what to do where something is wrong.",
    ),
    "logs": Listed(
        "shipctl.logs",
        "logs",
        "Show what the stack's own functions log: the shipper, replay and the subscriber.",
    ),
    "send-test": Listed(
        "shipctl.send_test",
        "send_test",
        "Ship one log to LogInformant, and say whether it arrived.",
    ),
    "autoreplay": Listed(
        "shipctl.autoreplay",
        "autoreplay",
        "Switch the automatic replay of the dead-letter queue on or off.",
    ),
    "deploy": Listed(
        "shipctl.deploy.commands",
        "deploy",
        "Deploy the stack, or change it. Settings that are not named keep their values.",
    ),
    "key": Listed(
        "shipctl.key",
        "key",
        "Change the API key.",
    ),
    "dlq": Listed(
        "shipctl.dlq.commands",
        "dlq",
        "Look at, replay, save and delete logs that could not be delivered.",
    ),
    "audit": Listed(
        "shipctl.audit.command",
        "audit",
        "Compare what was logged with what arrived, for each log group, and say how to ship what is missing.",
    ),
    "backfill": Listed(
        "shipctl.backfill.command",
        "backfill",
        "Ship log events of the past, with their own times and ids, through the stack's shipper.",
    ),
    "subscriptions": Listed(
        "shipctl.subscriptions.commands",
        "subscriptions",
        "Show and change which log groups are shipped.",
    ),
}


class Commands(Mapping[str, Any]):
    """All commands by name; a command is imported when it is first looked up."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = LISTED[name].load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(LISTED)

    def __len__(self) -> int:
        return len(LISTED)
