"""Select log groups by names and patterns, except those that are never subscribed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

DELIVERY_PATH = "/loginformant/*"
"""Log groups of this and of other shipper stacks. Two stacks that ship each other's logs would loop
forever."""

EVERYTHING = "*"

WEB_FUNCTIONS = "/aws/lambda/web/"
"""The prefix of the log groups of Lambda Web Functions, unless a function names another one."""

COMPANION_SUFFIX = ".local"
"""The suffix of the companion of a Web Function's log group. Lambda writes each log event to the companion in
the region where it occurred, copies it from there to the log group in the function's home region, and leaves
it in the companion ("Web Function logs in Amazon CloudWatch Logs", AWS Lambda Developer Guide)."""


class Unwanted(StrEnum):
    """Why a log group is not selected."""

    OWN = "own"
    """It is a log group of a stack of the shipper. Shipping it could cause new logs in a loop."""
    EXCLUDED = "excluded"
    UNLISTED = "unlisted"
    """No name and no pattern matches it."""
    COMPANION = "companion"
    """Lambda copies its log events to the log group of the Web Function. Both together would ship every log
    twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A selection of log groups. In patterns, `*` matches any text, including slashes.

    The companion of a Web Function's log group is selected only by names and patterns that end in its suffix.
    """

    log_groups: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    """Log groups of the stack's functions."""
    own_paths: tuple[str, ...] = (DELIVERY_PATH,)
    """Patterns for the log groups of all stacks of the shipper."""

    def why_not(self, log_group: str) -> Unwanted | None:
        """Return why a log group is not selected, or None if it is."""
        if log_group in self.own or matches(log_group, self.own_paths):
            return Unwanted.OWN
        if matches(log_group, self.excluded):
            return Unwanted.EXCLUDED
        if not matches(log_group, self.log_groups):
            return Unwanted.UNLISTED
        if matches(log_group, [WEB_FUNCTIONS + EVERYTHING + COMPANION_SUFFIX]):
            asked_for = [pattern for pattern in self.log_groups if pattern.endswith(COMPANION_SUFFIX)]
            return None if matches(log_group, asked_for) else Unwanted.COMPANION
        return None


def matches(log_group: str, patterns: Iterable[str]) -> bool:
    """Return whether the whole name matches a pattern; `parse_patterns` allows neither `?` nor `[`."""
    return any(fnmatchcase(log_group, pattern) for pattern in patterns)


_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/.#*")
"""The characters of log group names ("CreateLogGroup", Amazon CloudWatch Logs API Reference), and `*`."""
_LONGEST = 512


def parse_patterns(text: str) -> tuple[str, ...]:
    """Parse names and patterns separated by commas. Blanks around them are ignored.

    Raises:
        ValueError: A name contains a character that is not allowed. The text says what is allowed.
    """
    patterns = tuple(part for part in map(str.strip, text.split(",")) if part)
    for pattern in patterns:
        if not _CHARACTERS.issuperset(pattern) or len(pattern) > _LONGEST:
            raise ValueError(
                "names of log groups (letters, digits and _ - / . #) and patterns with * for any text, "
                f"separated by commas, but {pattern!r} is neither"
            )
    return patterns
