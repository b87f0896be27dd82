"""Which log groups are wanted: names and patterns, and what is never subscribed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

DELIVERY_PATH = "/loginformant/*"
"""Log groups of this and of other stacks like it: two stacks that ship each other's logs would never stop."""

EVERYTHING = "*"


class Unwanted(StrEnum):
    """Why a log group is not to have a filter of the subscriber."""

    OWN = "own"
    """It belongs to the delivery path: shipping it would make new logs, without end."""
    EXCLUDED = "excluded"
    UNLISTED = "unlisted"
    """Nothing names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants to be subscribed. In patterns `*` is any text, slashes too; all else is literal."""

    log_groups: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    """Log groups of the functions of the stack."""

    def why_not(self, log_group: str) -> Unwanted | None:
        """`None` for a log group that is wanted."""
        if log_group in self.own or matches(log_group, [DELIVERY_PATH]):
            return Unwanted.OWN
        if matches(log_group, self.excluded):
            return Unwanted.EXCLUDED
        return None if matches(log_group, self.log_groups) else Unwanted.UNLISTED


def matches(log_group: str, patterns: Iterable[str]) -> bool:
    """Whether the whole name matches one of the patterns, which have no `?` and no `[` (`parse_patterns`)."""
    return any(fnmatchcase(log_group, pattern) for pattern in patterns)


_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.#*")
"""Those of a log group's name ("CreateLogGroup", Amazon CloudWatch Logs API Reference), and `*`."""
_LONGEST = 512


def parse_patterns(text: str) -> tuple[str, ...]:
    """Names and patterns separated by commas; blanks around them do not count.

    Raises `ValueError`, which says what is allowed, for one that no log group could have.
    """
    patterns = tuple(part for part in map(str.strip, text.split(",")) if part)
    for pattern in patterns:
        if not _CHARACTERS.issuperset(pattern) or len(pattern) > _LONGEST:
            raise ValueError(
                "names of log groups (letters, digits and _ - / . #) and patterns with * for any text, "
                f"separated by commas; {pattern!r} is neither"
            )
    return patterns
