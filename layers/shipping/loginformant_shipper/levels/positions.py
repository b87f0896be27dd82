"""Rules on the position of a level in a line of text.

Hardly any product is known by name here. Loggers follow a few conventions: the level stands first, behind
time stamps and numbers; or between delimiters, behind the names of hosts, threads and loggers; or last.
A word that is marked off (`[ERROR]`, `ERROR:`, `| ERROR |`) is worth more than a bare one: texts too begin
with "ERROR budget …".
"""

import re
import string
from re import Match

from loginformant_shipper.levels.known_formats import decide_by_known_format, syslog_priority
from loginformant_shipper.levels.prose import ends_a_header, is_prose
from loginformant_shipper.levels.vocabulary import BRACKETED_WORDS, LETTERS, LEVEL_WORDS, Decision

HEADER = 300
"""A level stands within this many characters of the first line."""


def decide_by_position(line: str) -> Decision | None:
    """The level that stands in the header of a line, marked off from the text; None where none does.

    `line` is one line, without terminal colours and without white space around it.
    """
    if line[:1] == "<" and (priority := _PRIORITY.match(line)):
        return _by_header(line[priority.end() :].lstrip()) or syslog_priority(priority[1])
    if line[:1] == '"':  # comma-separated values, all of them quoted
        line = line[: 2 * HEADER].replace('"', "")
    return _by_header(line)


def _by_header(line: str) -> Decision | None:
    head = line[:HEADER]
    if decision := decide_by_known_format(head):
        return decision
    leading = _LEADING.match(head)
    if leading and (decision := _by_leading_word(leading, line)):
        return decision
    return _by_last_word(line) or _by_delimited_word(head)


_PRIORITY = re.compile(r"<(\d{1,3})>")
_SETTING = re.compile(r"level[:= ]{1,3}[A-Z]{2,13}\Z", re.I)  # Log level: ERROR


def decide_by_bare_word(line: str) -> Decision | None:
    """The level that a word in capitals gives, with nothing but spaces around it; None where there is none.

    It stands at the start of a line or behind what looks like the names of hosts, threads and loggers.
    """
    bare = _word_in_capitals(line[:HEADER])
    if bare is None or is_prose(line[: bare.start()]) or _SETTING.search(line):
        return None
    return Decision(LEVEL_WORDS[bare[0].lower()], "bare-word")


def decide_by_second_line(text: str, line: str) -> Decision | None:
    """The level of a log of java.util.logging's SimpleFormatter; None where this is none.

    It writes date, class and method on the first line, and `SEVERE: text` on the second.
    """
    word = text[len(line) + 1 : len(line) + 20].partition(":")[0]
    level = LEVEL_WORDS.get(word.lower()) if word.isupper() else None
    return Decision(level, "second-line") if level else None


# --- the first word, behind time stamps, numbers and punctuation ------------------------------------------

_CALENDAR = (
    "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|UTC|GMT|AM|PM|CES?T|T|Z"
)
_LEADING = re.compile(
    r"(?P<stamp>(?:[^A-Za-z\"]++"
    r"|[A-Za-z]{1,4}+(?=\d)"  # hexadecimal numbers, 2026-01-02T10:20
    rf"|(?:{_CALENDAR})(?![A-Za-z])"
    r"|PHP(?= [A-Z][a-z]{3,12}:)"  # PHP Notice: text
    r"|(?<=[\d-])[A-Fa-f]{1,12}+(?![A-Za-z])"
    r")*+)"
    r"(?P<word>[A-Za-z]{1,13})\d{0,4}(?P<space>[ \t]{0,20})(?P<next>[^ \t]?)"
)
_CLOSING = frozenset("]:|>)},![;#~*")
_CLOSING_BRACKETS = frozenset("])>}|")
_OPENING_BRACKETS = frozenset("[(<{|")
_BEFORE_CAPITALS = _OPENING_BRACKETS | {"="}  # Erlang: =ERROR REPORT====


def _by_leading_word(match: Match[str], line: str) -> Decision | None:
    stamp, word, space, following = match.groups()
    if len(word) == 1:
        return _by_leading_letter(stamp, word, space, following)
    lower = word.lower()
    level = BRACKETED_WORDS.get(lower)
    if level is None:
        return None
    decision = Decision(level, "header")
    if word == "info" and not stamp and space:
        return decision  # yarn and npm's loggers: info text
    if word == "LOG" and space and _has_digit(stamp):
        return decision  # what works as PostgreSQL does: 2026-03-01 10:20:30 [7] LOG text
    if lower not in LEVEL_WORDS:
        in_brackets = stamp[-1:] in _OPENING_BRACKETS and following in _CLOSING_BRACKETS
        return decision if in_brackets or (word.isupper() and following == ":") else None
    if following == "[" and word.istitle() and not space:
        return None  # Trace[77]: of Kubernetes is the name of what follows
    if _is_closed(space, following) or following in _CLOSING or (following == "/" and not space):
        return None if _counts_nothing(line, match.end(), following) else decision
    if stamp[-1:] in _BEFORE_CAPITALS and word.isupper():
        return decision
    if (space or not following) and _has_digit(stamp):
        return _by_last_word(line) or decision
    return None


def _by_leading_letter(stamp: str, letter: str, space: str, following: str) -> Decision | None:
    level = LETTERS.get(letter.lower())
    if level is None or (letter.islower() and following.isupper()):
        return None
    in_brackets = stamp[-1:] == "[" and letter.isupper() and (following == "]" or following.isdigit())
    behind_time = stamp[-1:] in _BEHIND_TIME and _has_digit(stamp) and (space or following in "!|/")
    return Decision(level, "letter") if in_brackets or behind_time else None


_BEHIND_TIME = frozenset(" \t|]")
_NOTHING = re.compile(r"\s{0,4}(?:0|none|null|nil|false)\b(?![.\d])", re.I)


def _counts_nothing(line: str, end: int, following: str) -> bool:
    """Whether a word names a value that says there is nothing of it: `error: 0`."""
    return following == ":" and _NOTHING.match(line, end) is not None


_DIGIT = re.compile(r"\d")


def _has_digit(text: str) -> bool:
    return _DIGIT.search(text) is not None


# --- a word further on: behind hosts, threads, loggers ----------------------------------------------------


_SPELLINGS = frozenset(
    spelling for word in BRACKETED_WORDS for spelling in (word.upper(), word.lower(), word.capitalize())
)
_LETTERS = re.compile(r"[A-Za-z]{2,13}")
_DELIMITER = re.compile(r"[])>}|:,;\t]|  | -")
_MARKED = re.compile(
    r"(?<![\w\"'$@=-])(?P<word>[A-Za-z]{2,13}+)\d?+(?![\w\"'./$=-])"
    r"[ \t]{0,20}+(?:(?P<next>[])>}|:,;])|(?<=\t)|(?<=[ \t]{2})|(?<=[ \t])(?=-))"
)
_CAPITALS = re.compile(r"[A-Z](?<!\S.)[A-Z]{2,12}+(?![^\s\[])")
_OPENS = frozenset("[(<{|:,;\t]#")
_CLOSES = frozenset("])>}|:,;")


def _by_delimited_word(head: str) -> Decision | None:
    """A level between two delimiters: `[main] ERROR: `, `app.ERROR: `, ` - INFO - `, `[core:error]`.

    Quoted text is no header, and a bare word in capitals is the end of one.
    """
    head = head.partition('"')[0]
    if not _DELIMITER.search(head) or _SPELLINGS.isdisjoint(_LETTERS.findall(head)):
        return None
    for match in _MARKED.finditer(head):
        word, following = match.groups()
        if word not in _SPELLINGS:
            continue
        bare = _word_in_capitals(head)
        if bare and bare.start() < match.start():
            return None
        if _counts_nothing(head, match.end(), following):
            continue
        left = head[: match.start()]
        if left.endswith("/"):
            delimited = following == "]"  # [Server thread/WARN]
        elif word.lower() in LEVEL_WORDS:
            padded = following is None and head[match.end() : match.end() + 1] != "-"
            delimited = (
                _is_open(left)
                or (word.isupper() and (left[-1:] == "." or ends_a_header(left)))
                or (padded and word.islower() and _has_digit(left) and ends_a_header(left))
            )
        else:
            delimited = (following in _CLOSING_BRACKETS and _is_open(left)) or (
                following == ":" and word.isupper()
            )
        if delimited:
            return Decision(BRACKETED_WORDS[word.lower()], "header")
    return None


def _word_in_capitals(head: str) -> Match[str] | None:
    """The first level word in capitals that has nothing but spaces around it."""
    for word in _CAPITALS.finditer(head):
        if word[0].lower() in LEVEL_WORDS:
            return word
    return None


def _is_open(left: str) -> bool:
    before = left.rstrip(" ")[-1:]
    return before in _OPENS or left.endswith(" - ") or not (before.isascii() or before.isalnum())


def _is_closed(space: str, following: str) -> bool:
    return following in _CLOSES or "\t" in space or len(space) > 1 or (following == "-" and bool(space))


# --- the last word ----------------------------------------------------------------------------------------

_LAST = re.compile(r"[\[(<]([A-Za-z]{3,13})[\])>]\Z|(?:- |[|,;\t] ?)([A-Z]{3,13})\Z")
_LAST_CHARACTERS = frozenset("])>" + string.ascii_uppercase)


def _by_last_word(line: str) -> Decision | None:
    """A level at the very end: `… (WARN)`, `… [ERROR]`, `… - INFO`."""
    if line[-1:] not in _LAST_CHARACTERS:
        return None
    last = _LAST.search(line, max(0, len(line) - 18))
    level = LEVEL_WORDS.get((last[1] or last[2]).lower()) if last else None
    return Decision(level, "level-last") if level else None
