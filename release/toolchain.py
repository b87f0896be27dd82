"""The toolchain on which the bytes of a release depend: the micro version of Python, and zlib.

Bytecode differs between micro versions, and compressed data differs between versions of zlib. Both are pinned
in `pyproject.toml` and listed in SHA256SUMS.
"""

import platform
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path


class OtherToolchain(Exception):
    """The toolchain is not the pinned one. The text is one line that says what to do."""


@dataclass(frozen=True)
class Toolchain:
    """The full versions of the toolchain."""

    python: str
    zlib: str

    def __str__(self) -> str:
        return f"Python {self.python} with zlib {self.zlib}"


def at_hand() -> Toolchain:
    """Return the toolchain of this process."""
    return Toolchain(platform.python_version(), zlib.ZLIB_RUNTIME_VERSION)


def pinned(project: Path) -> Toolchain:
    """Return the pinned toolchain."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return Toolchain(**table["tool"]["loginformant-shipper"]["toolchain"])


def refuse_another(project: Path) -> None:
    """Raise `OtherToolchain` unless the toolchain of this process is the pinned one."""
    found, wanted = at_hand(), pinned(project)
    if found != wanted:
        raise OtherToolchain(
            f"this is {found}, but releases are built with {wanted}, so that they are reproducible. Use that "
            "version (make package PYTHON=/path/to/python), or change it in pyproject.toml"
        )
