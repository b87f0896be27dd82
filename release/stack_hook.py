"""Add the built stack to the wheel and the sdist.

`make package` names its folder in SHIPPER_STACK; a wheel that is built from the sdist finds the stack there.
Other builds, such as `pip install .` in a clone, do not include a stack, since a build in a clone may be out
of date.
"""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_IN_SDIST = "built-stack"
_IN_WHEEL = "shipctl/deploy/built"
VARIABLE = "SHIPPER_STACK"


class StackHook(BuildHookInterface):  # type: ignore[type-arg]
    """The hook that hatchling calls before a build ("Custom build hook", Hatch documentation)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include the folder of the stack."""
        if version == "editable":
            return
        folder = Path(os.environ.get(VARIABLE) or Path(self.root) / _IN_SDIST)
        if folder.is_dir():
            target = _IN_WHEEL if self.target_name == "wheel" else _IN_SDIST
            build_data["force_include"][str(folder.resolve())] = target
