"""Write the licences of everything that is released as one text."""

from collections.abc import Iterable
from pathlib import Path

from loginformant_shipper import __version__

from release.contents import Package

_RULE = "=" * 100
_INTRODUCTION = f"""The stack of the LogInformant shipper {__version__} contains the software below.

The compiled modules contain further libraries whose licences are not part of the packages: RE2 includes
Abseil (Apache-2.0, https://github.com/abseil/abseil-cpp) and pybind11 (BSD-3-Clause,
https://github.com/pybind/pybind11).
"""


def licences(packages: Iterable[Package], own: Path) -> str:
    """Return the licence of this project and those of the packages, with their texts."""
    parts = [
        _INTRODUCTION,
        _part("loginformant-shipper", __version__, "MIT", own.read_text(encoding="utf-8")),
    ]
    for package in packages:
        texts = "\n\n".join(f"--- {name}\n\n{text.strip()}" for name, text in package.texts)
        parts.append(_part(package.name, package.version, package.licence, texts))
    return "\n".join(parts)


def _part(name: str, version: str, licence: str, text: str) -> str:
    return f"{_RULE}\n{name} {version}: {licence}\n{_RULE}\n\n{text.strip()}\n"
