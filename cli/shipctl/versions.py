"""Compare versions of the shipper: that of the stack, and that of this program or of what it deploys."""

import re

UPGRADE = "upgrade shipctl (uv tool upgrade loginformant-shipper, or pipx upgrade loginformant-shipper)"

_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}")


def is_newer(version: str, other: str) -> bool:
    """Return whether a version is newer than another one.

    The parts are compared as numbers: 1.10.0 is newer than 1.9.0. A version that is not numbers with dots, or
    is empty, is not newer than another one, nor older.
    """
    numbers, others = _numbers(version), _numbers(other)
    return bool(numbers and others) and numbers > others


def _numbers(version: str) -> tuple[int, ...]:
    """Return the parts of a version without zeros at its end (1.0 is 1.0.0); empty if it cannot be read."""
    if not _NUMBERS.fullmatch(version):
        return ()
    parts = [int(part) for part in version.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
