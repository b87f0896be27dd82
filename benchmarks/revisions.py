"""Provide the files of an earlier revision, to measure it in the same run."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@contextmanager
def files_of_revision(revision: str, *paths: str) -> Iterator[Path]:
    """Provide a folder with the files of a revision during a block.

    Raises:
        subprocess.CalledProcessError: The repository has no such revision.
    """
    archive = subprocess.run(
        ["git", "archive", revision, *paths], cwd=PROJECT, capture_output=True, check=True
    ).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)
