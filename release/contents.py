"""Read the third-party packages of a layer from their metadata."""

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


@dataclass(frozen=True)
class Package:
    """A package and its licence."""

    name: str
    version: str
    licence: str
    """The licence in its metadata: an SPDX expression, or text."""
    texts: tuple[tuple[str, str], ...]
    """The name and the text of each licence file."""


def packages_in(folder: Path) -> list[Package]:
    """Return the packages that are installed in a folder, sorted by name.

    Raises:
        ValueError: There are no packages, or one has no licence.
    """
    found = [_package(each) for each in distributions(path=[str(folder)])]
    if not found:
        raise ValueError(f"there are no packages in {folder}")
    for package in found:
        if not package.licence or not package.texts:
            raise ValueError(f"{package.name} {package.version} has no licence")
    return sorted(found, key=lambda package: package.name)


def _package(found: Distribution) -> Package:
    metadata = found.metadata
    information = f"{metadata['Name'].replace('-', '_')}-{found.version}.dist-info"
    folder = Path(str(found.locate_file(information)))
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _LICENCE_FILE.search(path.name))
    licence = _first(found, "License-Expression") or _first(found, "License") or _classified(found)
    texts = tuple((path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files)
    return Package(metadata["Name"], found.version, licence, texts)


def _first(found: Distribution, field: str) -> str:
    return next(iter(found.metadata.get_all(field, [])), "")


def _classified(found: Distribution) -> str:
    """Return the licence in the classifiers, which older packages have instead of the licence field."""
    classifiers: list[str] = found.metadata.get_all("Classifier", [])
    return ", ".join(each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License :: "))
