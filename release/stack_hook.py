"""Puts the built stack into wheel and sdist, where there is one.

`make package` names it in SHIPPER_STACK; a wheel that is made of the sdist finds it there. Any other build,
such as `pip install .` in a clone, carries none: what lies around in a clone may be of other sources.
"""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_IN_SDIST = "built-stack"
_IN_WHEEL = "shipctl/deploy/built"
VARIABLE = "SHIPPER_STACK"


class StackHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it builds ("Custom build hook", Hatch's documentation)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder of the stack, and where it goes."""
        if version == "editable":
            return
        folder = Path(os.environ.get(VARIABLE) or Path(self.root) / _IN_SDIST)
        if folder.is_dir():
            target = _IN_WHEEL if self.target_name == "wheel" else _IN_SDIST
            build_data["force_include"][str(folder.resolve())] = target
