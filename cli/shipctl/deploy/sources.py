"""Check that a build is up to date with the sources, by a digest that `make build` stores in the build.

`python -m shipctl.deploy.sources` prints the digest of the sources in this clone.
"""

import hashlib
from pathlib import Path

from shipctl.deploy.files import digest_of, files_of
from shipctl.errors import CommandError

DIGEST_FILE = "sources.sha256"
"""The file with the digest in the folder of a build (Makefile). A plain `sam build` removes it."""

_TEMPLATE = "template.yaml"
_FOLDERS = ("functions", "layers")


def digest_of_sources(clone: Path) -> str:
    """Return the digest of all sources of a build."""
    template = hashlib.sha256((clone / _TEMPLATE).read_bytes()).hexdigest()
    parts = [template, *(digest_of(clone / folder) for folder in _FOLDERS)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def refuse_other_sources(clone: Path, build: Path) -> None:
    """Raise `CommandError` unless a build is up to date with the sources.

    A build without a digest, after a plain `sam build`, is out of date if a source file is newer.
    """
    try:
        built_of = (build / DIGEST_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        _refuse_newer_sources(clone, build)
        return
    if built_of != digest_of_sources(clone):
        raise CommandError(
            f"the build is out of date with the sources ({_TEMPLATE}, {', '.join(_FOLDERS)}): "
            "run make build, or make deploy"
        )


def _refuse_newer_sources(clone: Path, build: Path) -> None:
    built = (build / _TEMPLATE).stat().st_mtime
    for path in [clone / _TEMPLATE, *(file for folder in _FOLDERS for file in files_of(clone / folder))]:
        if path.stat().st_mtime > built:
            raise CommandError(
                f"{path.relative_to(clone)} is newer than the build: run make build, or make deploy"
            )


if __name__ == "__main__":
    print(digest_of_sources(Path(__file__).resolve().parents[3]))
