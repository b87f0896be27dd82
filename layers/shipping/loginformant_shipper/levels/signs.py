"""Rules `symbol`, `coloured-word`, `code`, `level-last`, `marked-word`: a level that a text shows by a sign.

They are tried only if the header of the line names no level.
"""

import re
import string
from collections.abc import Set as AbstractSet

from loginformant_shipper.levels.vocabulary import (
    FIELD_WORDS,
    SURICATA,
    SYSLOG,
    WAZUH,
    Decision,
    Scale,
    decided,
)
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.items import MAX_HEADER
from loginformant_shipper.parsing.headers.level_words import (
    BRACKETED_WORDS,
    LEVEL_WORDS,
    NAMES_TOO,
    PLURALS,
    encoded,
)

# --- colours ---

_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_ESCAPED = re.compile(r"(?:\\x1[bB]|\\u001[bB]|\\033|\\e|#033)(?=\[)")
"""The escape character of a colour, as programs and log drivers write it: `#033` by rsyslog."""
_COLOURED = re.compile(r"\x1b\[[0-9;]{1,20}m[\s\[]{0,8}([A-Za-z]{3,13})[\s:\]]{0,8}\x1b\[")
_MAX_COLOURED = 600
"""The number of characters, with colours, within which a coloured level is searched."""


def with_real_colours(text: str) -> str:
    r"""Return a text with its escaped terminal colours (`\x1b[32m` as text) as real ones."""
    if ("\\" in text or ("#" in text and "#033[" in text)) and (
        "b[" in text or "B[" in text or "33[" in text or "\\e[" in text
    ):
        return _ESCAPED.sub("\x1b", text)
    return text


def without_colours(text: str) -> str:
    """Return a text without its terminal colours."""
    return _COLOURS.sub("", text).strip()


def decide_by_coloured_word(text: str) -> Decision | None:
    """Return the level of a word with its own colour, or None if there is none."""
    for word in _COLOURED.finditer(text[:_MAX_COLOURED]):
        words = BRACKETED_WORDS if word[1].isupper() else LEVEL_WORDS
        if level := words.get(word[1].lower()):
            return decided(level, "coloured-word")
    return None


# --- symbols ---

_SYMBOL = re.compile(r"(?:(?:\[[\w:. -]{1,40}\]|\d[\d:.,TZ+/-]{4,34}) ){0,2}([^\x00-\x7f])")
_SYMBOLS = {
    **dict.fromkeys("☠💀", Level.FATAL),
    **dict.fromkeys("✖✗✘❌⨯🚨⛔🛑🔴", Level.ERROR),
    **dict.fromkeys("⚠❗", Level.WARNING),
    **dict.fromkeys("ℹ✔✓✅", Level.INFORMATION),
    **dict.fromkeys("⚙🐛🐞→", Level.DEBUG),
}


def decide_by_first_symbol(line: str) -> Decision | None:
    """Return the level of a symbol that is the first character of a line, or None if it is none."""
    return decide_by_symbol(line) if line[:1] in _SYMBOLS else None


def decide_by_symbol(line: str) -> Decision | None:
    """Return the level of a symbol at the start of a line, or None if there is no symbol.

    Loggers of the command line write symbols for words: consola, signale, log-symbols, Next.js.
    """
    if line.isascii():
        return None
    symbol = _SYMBOL.match(line)
    level = _SYMBOLS.get(symbol[1]) if symbol else None
    if level is Level.ERROR and "0 " in line and (counts := _COUNTS.findall(line)):
        level = _level_of_counts(counts)
    return decided(level, "symbol") if level else None


_COUNTS = re.compile(r"(?<![\w.,:/-])(\d{1,9}) (error|fail|warning)")
"""The counts of a summary: `✖ 3 problems (0 errors, 3 warnings)` of ESLint, which has one symbol for both."""


def _level_of_counts(counts: list[tuple[str, str]]) -> Level:
    """Return the level of a summary: what it counts is more precise than the symbol before it."""
    found = {kind for number, kind in counts if int(number)}
    if not found:
        return Level.INFORMATION
    return Level.WARNING if found == {"warning"} else Level.ERROR


# --- words ---

_LAST = re.compile(r"[\[(<]([A-Za-z]{3,13})[\])>]\Z|(?:- |[|,;\t] ?)([A-Z]{3,13})\Z")
_LAST_CHARACTERS = frozenset("])>" + string.ascii_uppercase)


def decide_by_last_word(line: str) -> Decision | None:
    """Return the level at the end of a line: `… (WARN)`, `… [ERROR]`, `… - INFO`; None without one."""
    if line[-1:] not in _LAST_CHARACTERS:
        return None
    last = _LAST.search(line, max(0, len(line) - 18))
    level = LEVEL_WORDS.get((last[1] or last[2]).lower()) if last else None
    return decided(level, "level-last") if level else None


_IN_BRACKETS = re.compile(r"[\[<]\s{0,8}([A-Za-z]{3,13})\s{0,8}[\]>]")


def decide_by_marked_word(line: str) -> Decision | None:
    """Return the level in brackets after an incomplete header, or None if there is none."""
    if "[" in line or "<" in line:
        for word in _IN_BRACKETS.finditer(line[:MAX_HEADER].partition('"')[0]):
            lower = word[1].lower()
            if (level := BRACKETED_WORDS.get(lower)) and lower not in NAMES_TOO:
                return decided(level, "marked-word")
    return None


# --- codes ---

_CODE = re.compile(  # daemon.err, LOG_ERR of syslog.h, %LINK-3-UPDOWN:, CWWKF0011I:
    r"(?<![\w.])(?:kern|user|mail|daemon|auth|authpriv|security|syslog|lpr|news|uucp|cron|ftp|local[0-7])"
    r"\.(?P<priority>emerg|alert|crit|err|error|warning|warn|notice|info|debug)(?![\w.])"
    r"|(?<!\S)LOG_(?P<constant>[A-Z]{3,8})(?:_L\d)?(?!\S)"
    r"|%[A-Z][A-Z\d_]{1,30}-(?:[A-Z\d_]{1,30}-)?(?P<severity>[0-7])(?:-[A-Z\d_]{2,40})? ?:"
    r"|%%\d\d[A-Z][A-Z\d_]{1,30}/(?P<huawei>[0-7])/"
    r"|(?<!\S)[A-Z]{3,8}\d{4,5}(?P<letter>[IWESTA]): "
    r"|%[A-Z][a-z]{2} {1,2}\d{1,2} [\d:]{8,12} \d{4} \S{1,80} [A-Z][A-Z\d_]{1,30}/(?P<comware>[0-7])/[A-Z]"
    r"|(?<![\w-])system-(?P<netscreen>[a-z]{5,13})-\d{5}(?![\w-])"
    r"|(?<!\S)(?P<node>ERR)_[A-Z\d_]{3,60}(?=: |  )"
    r"|(?:(?<!\S)kernel: (?:\[[ \d.]{5,20}\] )?|\A\[[ \d.]{5,20}\] )<(?P<printk>[0-7])>"
)
_DIGIT = re.compile(r"\d")
_PROGRAM = re.compile(r" (?:[\w./-]{1,60}\[\d{1,10}\]: |: )")
"""What follows a priority of syslog that is first in a line: a program with its process id, or none."""
_LETTERS_OF_CODES = {
    **dict.fromkeys("AI", Level.INFORMATION),
    "W": Level.WARNING,
    **dict.fromkeys("ES", Level.ERROR),
    "T": Level.FATAL,
}


def decide_by_code(head: str) -> Decision | None:
    """Return the level in the code before a text, or None if there is no code.

    Codes are the facility and priority of syslog as words, after a time or before a program, the messages of
    Cisco, Juniper, Huawei and H3C, which number severities as syslog does (HPE, "System information formats"
    of Comware; older switches of H3C counted from 1), those of NetScreen, which name them, those of IBM,
    which end with a letter (I, W, E, S for severe, T for terminated), those of Node.js, pnpm and Chromium,
    which begin with `ERR_`, and the priority that Linux puts before a message.
    """
    code = _CODE.search(head)
    if (
        code is None
        or is_prose(left := head[: code.start()].rpartition("\n")[2])
        or (code["priority"] and not _DIGIT.search(left) and (left or not _PROGRAM.match(head, code.end())))
    ):
        return None
    if severity := code["severity"] or code["huawei"] or code["comware"] or code["printk"]:
        return decided(SYSLOG.level(int(severity)) or Level.DEBUG, "code")
    if code["letter"]:
        return decided(_LETTERS_OF_CODES[code["letter"]], "code")
    word = (code["priority"] or code["constant"] or code["netscreen"] or code["node"]).lower()
    level = LEVEL_WORDS.get(word) or PLURALS.get(word) or PLURALS.get(f"{word}s")
    return decided(level, "code") if level else None


_PRIORITIES = encoded(
    ("emerg", "alert", "crit", "err", "error", "warning", "warn", "notice", "info", "debug")
)
_LETTERS = encoded("iwesta")
WORDS_OF_CODES = _PRIORITIES | _LETTERS | encoded(("log", "system"))
"""Words in lower case. Each code that has no percent sign contains one of them, but for that of Linux."""


def may_have_code(head: str, words: AbstractSet[bytes]) -> bool:
    """Return whether a code may be in a head, to exclude most texts quickly.

    Args:
        head: The beginning of a text.
        words: The words of the text; words that are not in `WORDS_OF_CODES` may be missing.
    """
    return (
        ("%" in head and _PERCENT.search(head) is not None)
        or ("<" in head and _PRINTK.search(head) is not None)
        or (
            not WORDS_OF_CODES.isdisjoint(words)
            and (
                (b"log" in words and "LOG_" in head)
                or (b"err" in words and "ERR_" in head)
                or (b"system" in words and "system-" in head)
                or ("." in head and not _PRIORITIES.isdisjoint(words) and _FACILITY.search(head) is not None)
                or (":" in head and not _LETTERS.isdisjoint(words) and _NUMBERED.search(head) is not None)
            )
        )
    )


_PRINTK = re.compile(r" <(?:(?<=kernel: <)|(?<=\] <))[0-7]>")
_PERCENT = re.compile(r"%(?:[A-Z]|%\d)")
_NUMBERED = re.compile(r": (?<=\d[IWESTA]: )")
_FACILITY = re.compile(r"\.(?:emerg|alert|crit|err|warn|notice|info|debug)")
_IN_ANY_BRACKETS = re.compile(r"\[[^\[\]]*+\]|\([^()]*+\)|<[^<>]*+>")
_PLAIN_WORD = re.compile(r"(?<!\S)[A-Za-z']+[,;]?(?!\S)")
_MAX_PLAIN_WORDS = 2


def is_prose(left: str) -> bool:
    """Return whether this is running text.

    A host and a program, or a thread and a logger, may be plain words; more are a sentence.
    """
    return len(_PLAIN_WORD.findall(_IN_ANY_BRACKETS.sub("-", left))) > _MAX_PLAIN_WORDS


# --- the severities of security products ---

_RISK = Scale(0, ((3.9, Level.INFORMATION), (6.9, Level.WARNING), (8.9, Level.ERROR), (10, Level.FATAL)))
"""The severity of CEF: 0 to 3 is low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high (Elastic, "Decode CEF
processor fields"). The `sev` of LEEF is grouped in the same way (Janrain Identity Cloud, "Log Event Extended
Format (LEEF)")."""

_SQL_SERVER = Scale(0, ((10, Level.INFORMATION), (19, Level.ERROR), (25, Level.FATAL)))
"""Its severities: up to 10 is information, from 20 on the connection ends (Microsoft, "Database Engine Error
Severities")."""
_MESSAGE_OF_SQL_SERVER = re.compile(r"Msg \d{1,6}, Level (\d{1,2}), State \d")

_RISK_WORDS = {"unknown": Level.INFORMATION, "very-high": Level.FATAL}
_CEF = re.compile(
    r"CEF:\d{1,2}\|(?:(?:[^|\\\n]|\\.){0,512}+\|){5}(?:(\d{1,2}(?:\.\d{1,2})?)|([A-Za-z-]{3,13}))\|"
)
_LEEF = re.compile(r"LEEF:\d\.\d\|[^\n]{1,4000}?[|\t^ ]sev=(\d{1,2})(?!\d)")
_PAN_OS = re.compile(r",\d{4}/\d\d/\d\d \d\d:\d\d:\d\d,\w{1,20},(SYSTEM|THREAT),")
_SEVERITIES = {
    "SYSTEM": re.compile(r",(informational|low|medium|high|critical),"),
    "THREAT": re.compile(r",(informational|low|medium|high|critical),(?:client-to-server|server-to-client),"),
}
"""The severity of a threat is followed by its direction. A word before it may be the name of a rule."""
_PRIORITY_OF_ALERT = re.compile(r"\[\d{1,6}:\d{1,10}:\d{1,6}\] [^{}]{1,400}?\[Priority: (\d{1,3})\]")
"""The priority after the generator, the rule and its revision: `[1:2013504:5]`."""
_RULE = re.compile(r"Rule: \d{1,9} (?:fired )?\(level (\d{1,2})\) ->|Alert Level: (\d{1,2}); Rule: \d")


WORDS_OF_RISKS = encoded(("cef", "leef", "system", "threat", "priority", "level"))
"""Words in lower case. Each text with a severity contains one of them."""


def decide_by_risk(text: str) -> Decision | None:
    """Return the level of the severity that a security product gives; None for other texts.

    CEF has it in the seventh field of its header, from 0 to 10 or as a word, LEEF in `sev`, PAN-OS in a field
    of its logs SYSTEM and THREAT (PAN-OS, "Syslog Field Descriptions"), Snort and Suricata in `[Priority:
    1]`, where 1 is the most severe (Snort, "priority"), Wazuh and OSSEC in `Rule: 5712 (level 10) ->`
    (Wazuh, "Rules classification"), and SQL Server in `Msg 208, Level 16, State 1`.
    """
    level = None
    if (start := text.find("EF:", 1, MAX_HEADER)) > 0:
        level = _of_event_format(text, start)
    elif ",SYSTEM," in text or ",THREAT," in text:
        level = _of_pan_os(text)
    elif "[Priority: " in text:
        level = SURICATA.level(int(match[1])) if (match := _PRIORITY_OF_ALERT.search(text)) else None
    elif " (level " in text or "Alert Level: " in text:
        level = WAZUH.level(int(match[1] or match[2])) if (match := _RULE.search(text)) else None
    elif text.startswith("Msg "):
        level = _SQL_SERVER.level(int(match[1])) if (match := _MESSAGE_OF_SQL_SERVER.match(text)) else None
    return decided(level, "code") if level else None


def _of_pan_os(text: str) -> Level | None:
    kind = _PAN_OS.search(text, 0, MAX_HEADER)
    if kind is None:
        return None
    severity = _SEVERITIES[kind[1]].search(text, kind.end(), kind.end() + _MAX_FIELDS)
    return FIELD_WORDS[severity[1]] if severity else None


_MAX_FIELDS = 4000
"""The distance from the type of a log of PAN-OS to its severity, with the URL of a threat in between."""


def _of_event_format(text: str, found: int) -> Level | None:
    """Return the level of CEF or LEEF, whose names end at `EF:`."""
    for pattern, length in ((_CEF, 1), (_LEEF, 2)):
        start = found - length
        if start < 0 or not (match := pattern.match(text, start)):
            continue
        left = text[:start].rpartition("\n")[2]
        if (left and not left[-1].isspace()) or is_prose(left):
            return None
        if match[1]:
            return _RISK.level(float(match[1]))
        word = match[2].lower()
        return _RISK_WORDS.get(word) or FIELD_WORDS.get(word)
    return None
