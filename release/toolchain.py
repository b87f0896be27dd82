"""What decides the bytes of a package, beside its sources: the micro version of Python, and zlib.

Bytecode differs between micro versions, and what is compressed between versions of zlib. Both are pinned in
`pyproject.toml`, and SHA256SUMS names them.
"""

import platform
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path


class OtherToolchain(Exception):
    """One line: what is at hand, what is pinned, what to do."""


@dataclass(frozen=True)
class Toolchain:
    """Versions, in full."""

    python: str
    zlib: str

    def __str__(self) -> str:
        return f"Python {self.python} with zlib {self.zlib}"


def at_hand() -> Toolchain:
    """Return what this process runs on."""
    return Toolchain(platform.python_version(), zlib.ZLIB_RUNTIME_VERSION)


def pinned(project: Path) -> Toolchain:
    """Return what releases are built with."""
    table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return Toolchain(**table["tool"]["loginformant-shipper"]["toolchain"])


def refuse_another(project: Path) -> None:
    """Raise `OtherToolchain` unless what is at hand is what is pinned."""
    found, wanted = at_hand(), pinned(project)
    if found != wanted:
        raise OtherToolchain(
            f"this is {found}: a package is built with {wanted}, so that its bytes are those of the release. "
            "Use that one (make package PYTHON=/path/to/python), or change the pin in pyproject.toml"
        )
