"""Load the level inference of an earlier revision besides the current one in one process."""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from benchmarks.revisions import files_of_revision

PACKAGE = "loginformant_shipper"
LAYER = "layers/shipping"
BEFORE_THE_HEADER = "74426b0"
"""The last revision in which rules on text came before the header."""


class Inference(NamedTuple):
    """The functions of one revision."""

    infer_level: Callable[[str], object]
    parse: Callable[[str], Any]
    decide: Callable[[Any], object]
    forget: Callable[[], None]
    """Clear all caches of earlier messages."""


def today() -> Inference:
    """Return the current functions."""
    levels = importlib.import_module(f"{PACKAGE}.levels")
    messages = importlib.import_module(f"{PACKAGE}.parsing.messages")
    forget: Callable[[], None] = getattr(levels, "forget", _keep)
    if forget is _keep:  # an earlier revision
        cached = getattr(levels, "decide_by_beginning", None)
        forget = getattr(levels, "forget_beginnings", getattr(cached, "cache_clear", _keep))
    return Inference(levels.infer_level, messages.parse, levels.decide, forget)


def _keep() -> None:
    """Do nothing: the first revisions have no caches."""


def inference_of(revision: str) -> Inference:
    """Return the functions of a revision of this repository.

    Raises:
        subprocess.CalledProcessError: The repository has no such revision.
    """
    with files_of_revision(revision, LAYER) as folder:
        ours = _forget()
        sys.path.insert(0, f"{folder}/{LAYER}")
        try:
            found = today()
        finally:
            sys.path.pop(0)
            _forget()
            sys.modules.update(ours)
    return found


def _forget() -> dict[str, ModuleType]:
    """Remove the package from the imported modules, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}
