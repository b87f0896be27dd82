"""Whether a build is of the sources as they are: `make build` leaves their digest in it.

`python -m shipctl.deploy.sources` prints the digest of this clone's.
"""

import hashlib
from pathlib import Path

from shipctl.deploy.files import digest_of, files_of
from shipctl.errors import CommandError

DIGEST_FILE = "sources.sha256"
"""In the folder of a build (Makefile). A plain `sam build` empties it: no earlier digest stays."""

_TEMPLATE = "template.yaml"
_FOLDERS = ("functions", "layers")


def digest_of_sources(clone: Path) -> str:
    """Return the digest of all that a build is made of."""
    template = hashlib.sha256((clone / _TEMPLATE).read_bytes()).hexdigest()
    parts = [template, *(digest_of(clone / folder) for folder in _FOLDERS)]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def refuse_other_sources(clone: Path, build: Path) -> None:
    """Raise `CommandError` unless a build is of the sources as they are.

    Without a digest, after a plain `sam build`, it is of older ones if a file is newer.
    """
    try:
        built_of = (build / DIGEST_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        _refuse_newer_sources(clone, build)
        return
    if built_of != digest_of_sources(clone):
        raise CommandError(
            f"the build is not of the sources as they are ({_TEMPLATE}, {', '.join(_FOLDERS)}): "
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
