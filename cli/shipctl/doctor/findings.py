"""The types of checks and their findings."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from shipctl.installation.installation import Installation


class Verdict(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    NOTICE = "notice"
    """A warning: nothing is broken, but an operator should know."""
    FAULT = "fault"
    UNKNOWN = "unknown"
    """It could not be checked."""


class Finding(NamedTuple):
    """One result of a check."""

    verdict: Verdict
    what: str
    """The result, in one line."""
    remedy: str = ""
    """What to do, if possible as a command to copy; empty if nothing is to be done."""


class Check(NamedTuple):
    """One check. Each check has an entry in `checks.CHECKS`."""

    name: str
    """Its name for --only and --skip, one word."""
    reads: str
    """What it reads from AWS or the network."""
    look: Callable[[Installation], Iterator[Finding]]
    """Yields at least one finding. A `CommandError` says what could not be read."""
    sends: bool = False
    """Whether it sends a log to LogInformant, which only happens with --send."""


def ok(what: str) -> Finding:
    """Return the finding that something is in order."""
    return Finding(Verdict.OK, what)


def notice(what: str, remedy: str = "") -> Finding:
    """Return a warning."""
    return Finding(Verdict.NOTICE, what, remedy)


def fault(what: str, remedy: str) -> Finding:
    """Return a fault that must be fixed."""
    return Finding(Verdict.FAULT, what, remedy)


def unknown(what: str, remedy: str = "") -> Finding:
    """Return the finding that something could not be checked."""
    return Finding(Verdict.UNKNOWN, what, remedy)
