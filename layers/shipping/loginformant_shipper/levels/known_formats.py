"""Rules `letter`, `redis-mark`, `npmlog`, `syslog-priority`, `code`: formats without a word for the level."""

import re

from loginformant_shipper.levels.prose import is_prose
from loginformant_shipper.levels.vocabulary import LETTERS, LEVEL_WORDS, SYSLOG, Decision
from loginformant_shipper.names import Level

_LETTER_FIRST = re.compile(
    r"([DIWEFCVT])(?:"
    r" ?(?:\d{4}|\d{6}|\d{8}) \d\d:"  # glog, klog, CockroachDB, tornado: I0305 10:20:30.123456
    r"|/[\w.$ -]{1,60}(?:\(| ?:)"  # Android, brief: W/Tag( 123): text
    r"|[,:]? ?\[?\d{4}[-/]\d\d[-/]\d\d"  # Ruby: D, [2026-…; others: E 2026-…
    r"|(?<=[EWI]): (?=\S)"  # apt: E: Unable to locate package
    r")"
)
_LETTER_BEHIND_TIME = re.compile(
    r"\d{4}-\S{10,30} (?:\[[A-Z_ ]{1,30}\](?P<dms>[DIWEFVT]): "  # AWS DMS: 2026-… [SOURCE_CAPTURE  ]I:  text
    r"|(?P<mongo>[DIWEF])\d? +[A-Z-]{1,12} +\[)"  # MongoDB before 4.4: 2026-… D2 QUERY    [conn1] text
)
_LETTER_IN_BRACKETS = re.compile(r"\[[-=* ]{0,4}([TDVIWEFC])[-=* ]{0,4}\]")  # spdlog: [---W---]
_REDIS = re.compile(
    r"\[?\d{1,8}(?::[A-Z])?\]? \d{1,2} [A-Z][a-z]{2} (?:\d{4} )?\d\d:\d\d:\d\d[.\d]{0,8} ([.*#-]) "
)
_REDIS_MARKS = {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFORMATION, "#": Level.WARNING}
_ESXI = re.compile(r"\d\S{19,39} (?:Em|Al|Cr|Er|Wa|No|In|Db)\((\d{1,3})\) ")
_NPMLOG = re.compile(r"(sill|verb) |[\w-]{1,20} (ERR!) |(?:npm|yarn|pnpm|gyp|lerna) ([a-z]{4,7}) ")
_NPM_LEVELS = LEVEL_WORDS | {
    "err!": Level.ERROR,
    "sill": Level.DEBUG,
    "verb": Level.DEBUG,
    "http": Level.INFORMATION,
}


def decide_by_known_format(head: str) -> Decision | None:
    """The level of a line in one of the formats that put a letter, a mark or a number in place of a word."""
    first = head[:1]
    if first in _LETTERS_FIRST:
        if letter := _LETTER_FIRST.match(head):
            return _letter(letter[1])
    elif first in _DIGITS_FIRST:
        if mark := _REDIS.match(head):
            return Decision(_REDIS_MARKS[mark[1]], "redis-mark")
        if priority := _ESXI.match(head):
            return syslog_priority(priority[1])
        if letter := _LETTER_BEHIND_TIME.match(head):
            return _letter(letter["dms"] or letter["mongo"])
    elif first.islower() and (npmlog := _NPMLOG.match(head)):
        level = _NPM_LEVELS.get(npmlog[npmlog.lastindex or 0].lower())
        return Decision(level, "npmlog") if level else None
    letter = _LETTER_IN_BRACKETS.search(head) if "[" in head else None
    return _letter(letter[1]) if letter and not is_prose(head[: letter.start()]) else None


_LETTERS_FIRST = frozenset("DIWEFCVT")
_DIGITS_FIRST = frozenset("[0123456789")


def syslog_priority(priority: str) -> Decision:
    """The level of a syslog priority: the severity is the priority modulo 8 (RFC 5424, 6.2.1)."""
    return Decision(SYSLOG.level(int(priority) & 7) or Level.DEBUG, "syslog-priority")


_CODE = re.compile(  # daemon.err, LOG_ERR of syslog.h, %LINK-3-UPDOWN:, CWWKF0011I:
    r"(?<![\w.])(?:kern|user|mail|daemon|auth|authpriv|security|syslog|lpr|news|uucp|cron|ftp|local[0-7])"
    r"\.(?P<priority>emerg|alert|crit|err|error|warning|warn|notice|info|debug)(?![\w.])"
    r"|(?<!\S)LOG_(?P<constant>[A-Z]{3,8})(?!\S)"
    r"|%[A-Z][A-Z\d_]{1,30}-(?:[A-Z\d_]{1,30}-)?(?P<severity>[0-7])(?:-[A-Z\d_]{2,40})?:"
    r"|(?<!\S)[A-Z]{3,8}\d{4,5}(?P<letter>[IWET]): "
)
_PART_OF_A_CODE = re.compile(r"%[A-Z]|LOG_|\.(?:emerg|alert|crit|err|warn|notice|info|debug)|\d[IWET]: ")
"""One search that most heads end with: no code is without one of these."""
_DIGIT = re.compile(r"\d")
_CODE_LETTERS = {"I": Level.INFORMATION, "W": Level.WARNING, "E": Level.ERROR, "T": Level.FATAL}


def decide_by_code(head: str) -> Decision | None:
    """The level in the code that stands before a text; None where there is none.

    Codes are the facility and priority of syslog as words, the messages of Cisco and Juniper, which number
    severities as syslog does, and those of IBM, which end with a letter (I, W, E, T for terminated).
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
        return Decision(_CODE_LETTERS[code["letter"]], "code")
    level = LEVEL_WORDS.get((code["priority"] or code["constant"]).lower())
    return Decision(level, "code") if level else None


def _letter(letter: str) -> Decision:
    return Decision(LETTERS[letter.lower()], "letter")
