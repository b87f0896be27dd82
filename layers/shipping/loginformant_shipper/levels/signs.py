"""Rules `symbol`, `coloured-word`, `code`, `level-last`, `marked-word`: a level that a text shows by a sign.

They are asked only where the header of the line is silent.
"""

import re
import string

from loginformant_shipper.levels.vocabulary import SYSLOG, Decision, decided
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.items import MAX_HEADER
from loginformant_shipper.parsing.headers.level_words import BRACKETED_WORDS, LEVEL_WORDS, NAMES_TOO

# --- colours ----------------------------------------------------------------------------------------------

_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_ESCAPED = re.compile(r"(?:\\x1[bB]|\\u001[bB]|\\033|\\e|#033)(?=\[)")
"""How programs and log drivers write the character that begins a colour: rsyslog writes `#033`."""
_COLOURED = re.compile(r"\x1b\[[0-9;]{1,20}m[\s\[]{0,8}([A-Za-z]{3,13})[\s:\]]{0,8}\x1b\[")
_MAX_COLOURED = 600
"""A coloured level stands within this many characters, colours included."""


def with_real_colours(text: str) -> str:
    r"""Return a text with its escaped terminal colours (`\x1b[32m` as text) as real ones."""
    if ("\\" in text or "#033[" in text) and (
        "b[" in text or "B[" in text or "33[" in text or "\\e[" in text
    ):
        return _ESCAPED.sub("\x1b", text)
    return text


def without_colours(text: str) -> str:
    """Return a text without its terminal colours."""
    return _COLOURS.sub("", text).strip()


def decide_by_coloured_word(text: str) -> Decision | None:
    """Return the level that a word with a colour of its own gives; None where none does."""
    for word in _COLOURED.finditer(text[:_MAX_COLOURED]):
        words = BRACKETED_WORDS if word[1].isupper() else LEVEL_WORDS
        if level := words.get(word[1].lower()):
            return decided(level, "coloured-word")
    return None


# --- symbols ----------------------------------------------------------------------------------------------

_SYMBOL = re.compile(r"(?:(?:\[[\w:. -]{1,40}\]|\d[\d:.,TZ+/-]{4,34}) ){0,2}([^\x00-\x7f])")
_SYMBOLS = {
    **dict.fromkeys("☠💀", Level.FATAL),
    **dict.fromkeys("✖✗✘❌⨯🚨⛔🛑🔴", Level.ERROR),
    **dict.fromkeys("⚠❗", Level.WARNING),
    **dict.fromkeys("ℹ✔✓✅", Level.INFORMATION),
    **dict.fromkeys("⚙🐛🐞→", Level.DEBUG),
}


def decide_by_symbol(line: str) -> Decision | None:
    """Return the level that a symbol at the start of a line gives; None where there is none.

    Loggers of the command line write symbols for words: consola, signale, log-symbols, Next.js.
    """
    if line.isascii():
        return None
    symbol = _SYMBOL.match(line)
    level = _SYMBOLS.get(symbol[1]) if symbol else None
    return decided(level, "symbol") if level else None


# --- words ------------------------------------------------------------------------------------------------

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
    """Return the level that stands in brackets behind what is not quite a header; None where none does."""
    if "[" in line or "<" in line:
        for word in _IN_BRACKETS.finditer(line[:MAX_HEADER].partition('"')[0]):
            lower = word[1].lower()
            if (level := BRACKETED_WORDS.get(lower)) and lower not in NAMES_TOO:
                return decided(level, "marked-word")
    return None


# --- codes ------------------------------------------------------------------------------------------------

_CODE = re.compile(  # daemon.err, LOG_ERR of syslog.h, %LINK-3-UPDOWN:, CWWKF0011I:
    r"(?<![\w.])(?:kern|user|mail|daemon|auth|authpriv|security|syslog|lpr|news|uucp|cron|ftp|local[0-7])"
    r"\.(?P<priority>emerg|alert|crit|err|error|warning|warn|notice|info|debug)(?![\w.])"
    r"|(?<!\S)LOG_(?P<constant>[A-Z]{3,8})(?:_L\d)?(?!\S)"
    r"|%[A-Z][A-Z\d_]{1,30}-(?:[A-Z\d_]{1,30}-)?(?P<severity>[0-7])(?:-[A-Z\d_]{2,40})? ?:"
    r"|%%\d\d[A-Z][A-Z\d_]{1,30}/(?P<huawei>[0-7])/"
    r"|(?<!\S)[A-Z]{3,8}\d{4,5}(?P<letter>[IWESTA]): "
    r"|(?<!\S)CEF:\d\|(?:[^|\n]{0,100}\|){5}(?P<cef>\d{1,2}|Low|Medium|High|Very-High)\|"
    r"|(?<!\S)LEEF:\d\.\d\|[^\n]{1,250}?\bsev=(?P<leef>\d{1,2})\b"
)
_DIGIT = re.compile(r"\d")
_LETTERS_OF_CODES = {
    **dict.fromkeys("AI", Level.INFORMATION),
    "W": Level.WARNING,
    **dict.fromkeys("ES", Level.ERROR),
    "T": Level.FATAL,
}


_RISKS = {"Low": Level.INFORMATION, "Medium": Level.WARNING, "High": Level.ERROR, "Very-High": Level.FATAL}


def _level_of_risk(number: int) -> Level:
    """Return the level of a severity of CEF and LEEF, from 0 to 10 (ArcSight, "Implementing CEF")."""
    if number >= _VERY_HIGH:
        return Level.FATAL
    if number >= _HIGH:
        return Level.ERROR
    return Level.WARNING if number >= _MEDIUM else Level.INFORMATION


_MEDIUM, _HIGH, _VERY_HIGH = 4, 7, 9


def decide_by_code(head: str) -> Decision | None:
    """Return the level in the code that stands before a text; None where there is none.

    Codes are the facility and priority of syslog as words, the messages of Cisco and Juniper, which number
    severities as syslog does, and those of IBM, which end with a letter (I, W, E, S for severe, T for
    terminated).
    """
    code = _CODE.search(head) if _has_part(head) else None
    if (
        code is None
        or is_prose(left := head[: code.start()].rpartition("\n")[2])
        or (code["priority"] and not _DIGIT.search(left))
    ):
        return None
    if severity := code["severity"] or code["huawei"]:
        return decided(SYSLOG.level(int(severity)) or Level.DEBUG, "code")
    if risk := code["cef"] or code["leef"]:
        return decided(_RISKS[risk] if risk in _RISKS else _level_of_risk(int(risk)), "code")
    if code["letter"]:
        return decided(_LETTERS_OF_CODES[code["letter"]], "code")
    level = LEVEL_WORDS.get((code["priority"] or code["constant"]).lower())
    return decided(level, "code") if level else None


def _has_part(head: str) -> bool:
    """Whether a part of a code is in a head; most heads are done with here."""
    return (  # written out: any() costs more than all the rest
        ("%" in head and _PERCENT.search(head) is not None)
        or "LOG_" in head
        or "EF:" in head
        or (
            (
                "I: " in head
                or "W: " in head
                or "E: " in head
                or "S: " in head
                or "T: " in head
                or "A: " in head
            )
            and _NUMBERED.search(head) is not None
        )
        or ("." in head and _FACILITY.search(head) is not None)
    )


_PERCENT = re.compile(r"%(?:[A-Z]|%\d)")
_NUMBERED = re.compile(r"\d[IWESTA]: ")
_FACILITY = re.compile(r"\.(?:emerg|alert|crit|err|warn|notice|info|debug)")
_IN_ANY_BRACKETS = re.compile(r"\[[^\[\]]*+\]|\([^()]*+\)|<[^<>]*+>")
_PLAIN_WORD = re.compile(r"(?<!\S)[A-Za-z']+[,;]?(?!\S)")
_MAX_PLAIN_WORDS = 2


def is_prose(left: str) -> bool:
    """Return whether this is running text.

    A host and a program, or a thread and a logger, may be plain words; more are a sentence.
    """
    return len(_PLAIN_WORD.findall(_IN_ANY_BRACKETS.sub("-", left))) > _MAX_PLAIN_WORDS
