"""The files of a folder of code in a fixed order, and their digest."""

import hashlib
from pathlib import Path


def digest_of(folder: Path) -> str:
    """Return the digest of a folder: of the names, the contents and the executable bits of its files.

    Equal code has the same digest, regardless of where and when it was built, so that CloudFormation sees no
    change.
    """
    digest = hashlib.sha256()
    for path in files_of(folder):
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{mode_of(path)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return the files in a folder and its subfolders, without the bytecode that Python caches.

    The bytecode that a build adds to a layer is included (`layers/compile-bytecode`).
    """
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts or _is_built_bytecode(path))


def _is_built_bytecode(path: Path) -> bool:
    """Return whether a build compiled this bytecode, unlike bytecode that Python caches itself.

    A build compiles hash-based pycs that are not checked against the source. Their flags, after the magic
    number, are 1 (PEP 552).
    """
    with path.open("rb") as file:
        return file.read(8)[4:] == b"\x01\x00\x00\x00"


def mode_of(path: Path) -> int:
    """Return the mode of a file in an archive. Only the executable bit of the file is kept."""
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
