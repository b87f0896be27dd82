"""Write the changes that a deployment would make."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from shipctl.deploy.settings_plan import Origin, Setting
from shipctl.table import BOLD, DIM, TROUBLE
from shipctl.terminal import one_line

_LAYER = "AWS::Lambda::LayerVersion"
_LAYER_HASH = re.compile(r"[0-9a-f]{10}$")
"""The suffix that the SAM transform adds to a layer's logical id, since each version is a separate
resource."""


def write_settings(console: Console, settings: Iterable[Setting], *, is_new_stack: bool) -> None:
    """Write the settings that change, with their old and new values."""
    changed = [each for each in settings if each.changes]
    console.print(Text("Settings", style=BOLD))
    if not changed:
        console.print("  all defaults" if is_new_stack else "  no changes")
    width = max((len(each.name) for each in changed), default=0)
    for each in changed:
        line = Text(f"  {each.name:<{width}}  ")
        if not is_new_stack and each.before is not None:
            line.append(_shown(each, each.before), style=DIM).append(" → ")
        line.append(_shown(each, each.after))
        if each.origin is Origin.NEW_DEFAULT:
            line.append("  (the default has changed)", style=DIM)
        console.print(line, soft_wrap=True)


def _shown(setting: Setting, value: str) -> str:
    if setting.parameter.secret and value:
        return "(hidden)"
    return one_line(value) if value else "(nothing)"


def write_removed_parameters(console: Console, names: Iterable[str]) -> None:
    """Write the parameters of the live stack that the new template no longer has."""
    for name in names:
        console.print(f"  {name}  is no longer a parameter", soft_wrap=True)


def write_resources(console: Console, changes: Iterable[Mapping[str, Any]], *, is_new_stack: bool) -> None:
    """Write the resources that are created, changed, replaced and removed."""
    kinds: dict[str, list[str]] = {"new": [], "changed": [], "replaced": [], "removed": []}
    for change in changes:
        kinds[_kind(change)].append(_name(change))
    versions = {name for name in kinds["new"] if name in kinds["removed"]}
    for kind in ("new", "removed"):
        kinds[kind] = [name for name in kinds[kind] if name not in versions]
    kinds["changed"] += [f"{name} (new version)" for name in sorted(versions)]
    console.print(Text("Resources", style=BOLD))
    if is_new_stack:
        console.print(f"  {len(kinds['new'])} new: functions, their roles and logs, two queues, alarms")
        return
    if not any(kinds.values()):
        console.print("  none")
    for kind, names in kinds.items():
        if names:
            style = TROUBLE if kind in ("replaced", "removed") else ""
            console.print(Text(f"  {kind:<9} ", style=style).append(", ".join(sorted(names))), soft_wrap=True)


def _kind(change: Mapping[str, Any]) -> str:
    if change["Action"] == "Add":
        return "new"
    if change["Action"] == "Remove":
        return "removed"
    return "replaced" if change.get("Replacement") == "True" else "changed"


def _name(change: Mapping[str, Any]) -> str:
    name = str(change["LogicalResourceId"])
    return _LAYER_HASH.sub("", name) if change["ResourceType"] == _LAYER else name
