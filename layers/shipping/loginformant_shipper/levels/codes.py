"""Rule `code`: the code that stands in front of a message."""

import re

from loginformant_shipper.levels.vocabulary import SYSLOG, Decision
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.level_words import LEVEL_WORDS

_CODE = re.compile(  # daemon.err, LOG_ERR of syslog.h, %LINK-3-UPDOWN:, CWWKF0011I:
    r"(?<![\w.])(?:kern|user|mail|daemon|auth|authpriv|security|syslog|lpr|news|uucp|cron|ftp|local[0-7])"
    r"\.(?P<priority>emerg|alert|crit|err|error|warning|warn|notice|info|debug)(?![\w.])"
    r"|(?<!\S)LOG_(?P<constant>[A-Z]{3,8})(?!\S)"
    r"|%[A-Z][A-Z\d_]{1,30}-(?:[A-Z\d_]{1,30}-)?(?P<severity>[0-7])(?:-[A-Z\d_]{2,40})?:"
    r"|(?<!\S)[A-Z]{3,8}\d{4,5}(?P<letter>[IWESTA]): "
)
_PART_OF_A_CODE = re.compile(r"%[A-Z]|LOG_|\.(?:emerg|alert|crit|err|warn|notice|info|debug)|\d[IWESTA]: ")
"""One search that most heads end with: no code is without one of these."""
_DIGIT = re.compile(r"\d")
_LETTERS = {
    **dict.fromkeys("AI", Level.INFORMATION),
    "W": Level.WARNING,
    **dict.fromkeys("ES", Level.ERROR),
    "T": Level.FATAL,
}


def decide_by_code(head: str) -> Decision | None:
    """Return the level in the code that stands before a text; None where there is none.

    Codes are the facility and priority of syslog as words, the messages of Cisco and Juniper, which number
    severities as syslog does, and those of IBM, which end with a letter (I, W, E, S for severe, T for
    terminated).
    """
    code = _CODE.search(head) if _PART_OF_A_CODE.search(head) else None
    if (
        code is None
        or is_prose(left := head[: code.start()])
        or (code["priority"] and not _DIGIT.search(left))
    ):
        return None
    if code["severity"]:
        return Decision(SYSLOG.level(int(code["severity"])) or Level.DEBUG, "code")
    if code["letter"]:
        return Decision(_LETTERS[code["letter"]], "code")
    level = LEVEL_WORDS.get((code["priority"] or code["constant"]).lower())
    return Decision(level, "code") if level else None


_GROUPS = re.compile(r"\[[^\[\]]*+\]|\([^()]*+\)|<[^<>]*+>")
_PLAIN_WORD = re.compile(r"(?<!\S)[A-Za-z']+[,;]?(?!\S)")
_MAX_PLAIN_WORDS = 2


def is_prose(left: str) -> bool:
    """Return whether this is running text.

    A host and a program, or a thread and a logger, may be plain words; more are a sentence.
    """
    return len(_PLAIN_WORD.findall(_GROUPS.sub("", left))) > _MAX_PLAIN_WORDS
