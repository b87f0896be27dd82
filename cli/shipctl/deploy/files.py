"""The files of a folder of code, in an order of their own, and the digest of all of them."""

import hashlib
from pathlib import Path


def digest_of(folder: Path) -> str:
    """Return the digest of a folder: of names, content and whether a file can be executed.

    Equal code has the same one, whenever and wherever it was built, so that CloudFormation sees no change.
    """
    digest = hashlib.sha256()
    for path in files_of(folder):
        content = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{mode_of(path)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Return the files in a folder and below, without what Python itself caches.

    The bytecode that a build puts into a layer belongs to it (`layers/compile-bytecode`).
    """
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts or _is_built_bytecode(path))


def _is_built_bytecode(path: Path) -> bool:
    """Return whether bytecode was compiled to be taken as it is, unlike what Python caches by itself.

    The flags follow the magic number, and 1 means so (PEP 552).
    """
    with path.open("rb") as file:
        return file.read(8)[4:] == b"\x01\x00\x00\x00"


def mode_of(path: Path) -> int:
    """Return the mode that a file has in an archive: only whether it can be executed is kept."""
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
