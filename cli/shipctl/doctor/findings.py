"""What a check is, and what it finds."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from shipctl.installation.installation import Installation


class Verdict(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    NOTICE = "notice"
    """Nothing is broken, and somebody should know."""
    FAULT = "fault"
    UNKNOWN = "unknown"
    """It could not be asked."""


class Finding(NamedTuple):
    """What a check says of one thing."""

    verdict: Verdict
    what: str
    """One line."""
    remedy: str = ""
    """What to do: a line to copy where there is one. Empty where nothing is to be done."""


class Check(NamedTuple):
    """One thing that is looked at. A new one is one entry of `checks.CHECKS`."""

    name: str
    """One word, for --only and --skip."""
    reads: str
    """What it asks AWS, or the network, for."""
    look: Callable[[Installation], Iterator[Finding]]
    """Finds something at least. A `CommandError` that it raises is what could not be asked."""
    sends: bool = False
    """Whether it sends a log to LogInformant: only where that is wanted."""


def ok(what: str) -> Finding:
    """Return a finding that is in order."""
    return Finding(Verdict.OK, what)


def notice(what: str, remedy: str = "") -> Finding:
    """Return a finding that somebody should know of."""
    return Finding(Verdict.NOTICE, what, remedy)


def fault(what: str, remedy: str) -> Finding:
    """Return a finding that has to be mended."""
    return Finding(Verdict.FAULT, what, remedy)


def unknown(what: str, remedy: str = "") -> Finding:
    """Return that something could not be asked."""
    return Finding(Verdict.UNKNOWN, what, remedy)
