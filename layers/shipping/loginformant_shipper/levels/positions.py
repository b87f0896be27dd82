"""Rules on the position of a level in a line of text: where the known formats put it."""

import re
from re import Match

from .vocabulary import BRACKETED_WORDS, LETTERS, LEVEL_WORDS, SYSLOG, Decision, Level

HEADER = 300
"""A level stands within this many characters of the first line."""


def decide_by_position(line: str) -> Decision | None:
    """The level that stands in the header of a line, or in brackets at its end; None where none does.

    `line` is the first line of a message without terminal colours.
    """
    head = line[:HEADER]
    first = head[:1]
    if first == "<" and (priority := _PRIORITY.match(head)):
        level = SYSLOG.level(int(priority[1]) & 7)
        return decide_by_position(line[priority.end() :]) or (
            Decision(level, "syslog-priority") if level else None
        )
    if known := _by_known_format(head, first):
        return known
    leading = _LEADING.match(head)
    if leading and (decision := _by_leading_word(leading, line)):
        return decision
    return _by_delimited_word(head, leading.end() if leading else 0) or _by_last_word(line)


_PRIORITY = re.compile(r"<(\d{1,3})>")


# --- formats that are known as a whole --------------------------------------------------------------------------

_LETTER_FORMATS = re.compile(
    r"([DIWEFCVTAS])(?:"
    r"\d{4}(?:\d{4})? \d\d:"  # glog, klog, abseil: I0305 10:20:30.123456
    r"|/[\w.$ -]{1,60}(?:\(| ?:)"  # Android, brief: W/Tag( 123): text
    r"|[,:]? ?\[?\d{2,4}[-/]?\d\d[-/]?\d\d"  # D, [2026-…; E 2026-…; I 260101
    r"|: (?=\S)"  # apt: E: Unable to locate package
    r")"
)
_REDIS = re.compile(
    r"\[?\d{1,8}(?::[A-Z])?\]? \d{1,2} [A-Z][a-z]{2} (?:\d{4} )?\d\d:\d\d:\d\d[.\d]{0,8} ([.*#-]) "
)
_REDIS_MARKS = {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFORMATION, "#": Level.WARNING}
_NPM = re.compile(r"(?:npm|gyp|node-gyp|lerna|yarn|pnpm) ([A-Za-z]{3,8})[! ]")
_ESXI = re.compile(r"[^ ]{20,40} (?:Em|Al|Cr|Er|Wa|No|In|Db)\((\d{1,3})\) ")


def _by_known_format(head: str, first: str) -> Decision | None:
    if first in "DIWEFCVTAS":
        if letter := _LETTER_FORMATS.match(head):
            return Decision(LETTERS[letter[1].lower()], "letter") if letter[1] != "A" else None
    elif first in "[0123456789":
        if redis := _REDIS.match(head):
            return Decision(_REDIS_MARKS[redis[1]], "redis-mark")
        if esxi := _ESXI.match(head):
            level = SYSLOG.level(int(esxi[1]) & 7)
            return Decision(level, "syslog-priority") if level else None
    elif first in "npgly" and (npm := _NPM.match(head)):
        npm_level = LEVEL_WORDS.get(npm[1].lower()) or BRACKETED_WORDS.get(npm[1].lower())
        return Decision(npm_level, "npm") if npm_level else None
    return None


# --- the first word, behind time stamps, numbers and punctuation ------------------------------------------------

_CALENDAR = (
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun UTC GMT AM PM CET CEST T Z"
)
_LEADING = re.compile(
    r"(?P<stamp>(?:[^A-Za-z\"]++"
    r"|[A-Za-z]{1,12}+(?=\d)"
    rf"|(?:{'|'.join(_CALENDAR.split())})(?![A-Za-z])"
    r"|(?<=[\d-])[A-Fa-f]{1,12}+(?![A-Za-z])"
    r")*+)"
    r"(?P<word>[A-Za-z]{1,13})(?P<digits>\d{0,4})(?P<space>[ \t]{0,20})(?P<next>[^ \t]?)"
)


def _by_leading_word(match: Match[str], line: str) -> Decision | None:
    stamp, word, digits, space, following = match.groups()
    if len(word) == 1:
        return _by_leading_letter(stamp, word, space, following)
    lower = word.lower()
    level = BRACKETED_WORDS.get(lower)
    if level is None:
        return None
    ends_it = following in _CLOSING or "\t" in space or len(space) > 1 or (following == "-" and space)
    if ends_it and following == ":" and _NOTHING.match(line, match.end()):
        return None
    upper = word.isupper()
    if lower not in LEVEL_WORDS:
        bracketed = stamp[-1:] in _OPENING and following in _BRACKETS
        return Decision(level, "header") if bracketed or (upper and following == ":") else None
    if ends_it:
        return Decision(level, "header")
    if not space and following in _CONTINUES_A_WORD:
        return None
    if upper or _DIGIT.search(stamp):
        return _by_last_word(line) or Decision(level, "header")
    return None


_CLOSING = frozenset("]:|>)}/,![;")
_BRACKETS = frozenset("])>}|")
_OPENING = frozenset("[(<{|")
_CONTINUES_A_WORD = frozenset("-_.=@$'\"")
_DIGIT = re.compile(r"\d")
_NOTHING = re.compile(r"\s{0,4}(?:0|none|null|nil|false)\b(?![.\d])", re.I)


def _by_leading_letter(stamp: str, letter: str, space: str, following: str) -> Decision | None:
    level = LETTERS.get(letter.lower())
    if level is None or letter == "A":
        return None
    bracketed = stamp[-1:] in _OPENING and (following in _BRACKETS or following.isdigit())
    behind_time = _DIGIT.search(stamp) and stamp[-1:] in " \t|]" and (space or following in "!|/")
    return Decision(level, "letter") if bracketed or behind_time else None


# --- a word further on: behind threads, loggers, hosts ------------------------------------------------------------


def _cases(words: dict[str, Level]) -> str:
    return "|".join(f"{word.upper()}|{word}|{word.capitalize()}" for word in sorted(words, reverse=True))


_DELIMITED = re.compile(
    rf"(?<![\w\"'./$@=-])(?P<word>{_cases(BRACKETED_WORDS)})\d?(?![\w\"'./$=-])(?P<space>[ \t]{{0,20}})(?P<next>.?)"
)
_PROSE = re.compile(r"(?<!\S)[A-Za-z']+[,;]?(?!\S)")
_GROUPS = re.compile(r"\[[^\[\]]*+\]|\([^()]*+\)|<[^<>]*+>")
_MOST_WORDS = 2


def _by_delimited_word(head: str, start: int) -> Decision | None:
    quote = head.find('"')
    if quote >= 0:
        head = head[:quote]
    for match in _DELIMITED.finditer(head, start):
        word, space, following = match["word"], match["space"], match["next"]
        left = head[: match.start()]
        opened = left.rstrip(" ")[-1:] in _OPENS or left.endswith(" - ")
        closed = following in _CLOSES or "\t" in space or (following == "-" and bool(space))
        plain = word.lower() in LEVEL_WORDS
        if following == ":" and _NOTHING.match(head, match.end()):
            continue
        if opened and closed and (plain or following in _BRACKETS or word.isupper()):
            return Decision(BRACKETED_WORDS[word.lower()], "header")
        if plain and word.isupper() and len(_PROSE.findall(_GROUPS.sub("", left))) <= _MOST_WORDS:
            return Decision(LEVEL_WORDS[word.lower()], "header")
    return None


_OPENS = frozenset("[(<{|:,;\t]")
_CLOSES = frozenset("])>}|:,;")


# --- the last word ----------------------------------------------------------------------------------------------

_LAST = re.compile(r"[\[(<]([A-Za-z]{3,13})[\])>]\Z")


def _by_last_word(line: str) -> Decision | None:
    if line[-1:] in _BRACKETS and (last := _LAST.search(line, max(0, len(line) - 20))):
        level = LEVEL_WORDS.get(last[1].lower())
        return Decision(level, "level-last") if level else None
    return None
