"""Rules on the position of a level in a line of text: where the known formats put it.

Nothing here knows a single product's line by heart where a convention covers it: a level stands first, behind time
stamps and numbers; or between delimiters, behind hosts, threads and loggers; or last, in brackets.
"""

import re
from re import Match

from .vocabulary import BRACKETED_WORDS, LETTERS, LEVEL_WORDS, SYSLOG, Decision, Level

HEADER = 300
"""A level stands within this many characters of the first line."""


def decide_by_position(line: str) -> Decision | None:
    """The level that stands in the header of a line, marked off from the text; None where none does.

    `line` is one line, without terminal colours and without white space around it.
    """
    head = line[:HEADER]
    first = head[:1]
    if first == "<" and (priority := _PRIORITY.match(head)):
        severity = SYSLOG.level(int(priority[1]) & 7) or Level.DEBUG
        return decide_by_position(line[priority.end() :].lstrip()) or Decision(severity, "syslog-priority")
    if decision := _by_known_format(head, first):
        return decision
    leading = _LEADING.match(head)
    if leading and (decision := _by_leading_word(leading, line)):
        return decision
    return _by_last_word(line) or _by_delimited_word(head, leading.start("word") if leading else 0)


def decide_by_bare_word(line: str) -> Decision | None:
    """The level that a word in capitals gives, with nothing but spaces around it, at the start of a line or behind
    what looks like the names of hosts, threads and loggers; None where there is none.

    Weaker than a word that is marked off: "ERROR budget remaining" begins like this too.
    """
    if match := _CAPITALS.search(line[:HEADER]):
        prose = _is_prose(line[: match.start()])
        return None if prose else Decision(LEVEL_WORDS[match[0].lower()], "bare-word")
    return None


_PRIORITY = re.compile(r"<(\d{1,3})>")


# --- formats that are known as a whole --------------------------------------------------------------------------

_LETTER_FIRST = re.compile(
    r"([DIWEFCVTS])(?:"
    r"\d{4}(?:\d{4})? \d\d:"  # glog, klog, abseil: I0305 10:20:30.123456
    r"|/[\w.$ -]{1,60}(?:\(| ?:)"  # Android, brief: W/Tag( 123): text
    r"|[,:]? ?\[?\d{2,4}[-/]?\d\d[-/]?\d\d"  # D, [2026-…; E 2026-…; I 260101
    r"|: (?=\S)"  # apt: E: Unable to locate package
    r")"
)
_LETTER_IN_BRACKETS_BEHIND = re.compile(r"[^\n]{0,100}\]([DIWEFVT]): ")  # AWS DMS: [SOURCE_CAPTURE  ]I:  text
_REDIS = re.compile(r"\[?\d{1,8}(?::[A-Z])?\]? \d{1,2} [A-Z][a-z]{2} (?:\d{4} )?\d\d:\d\d:\d\d[.\d]{0,8} ([.*#-]) ")
_REDIS_MARKS = {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFORMATION, "#": Level.WARNING}
_ESXI = re.compile(r"\d\S{19,39} (?:Em|Al|Cr|Er|Wa|No|In|Db)\((\d{1,3})\) ")
_NPMLOG = re.compile(r"(?:[\w-]{1,20} )?(sill|verb|ERR!|http)[ ]|(?:npm|yarn|pnpm|gyp|lerna) ([a-z]{4,7}) ")

def _by_known_format(head: str, first: str) -> Decision | None:
    if first in "DIWEFCVTS":
        if letter := _LETTER_FIRST.match(head):
            return Decision(LETTERS[letter[1].lower()], "letter")
    elif first in "[0123456789":
        if redis := _REDIS.match(head):
            return Decision(_REDIS_MARKS[redis[1]], "redis-mark")
        if esxi := _ESXI.match(head):
            return Decision(SYSLOG.level(int(esxi[1]) & 7) or Level.DEBUG, "syslog-priority")
        if "]" in head and (letter := _LETTER_IN_BRACKETS_BEHIND.match(head)):
            return Decision(LETTERS[letter[1].lower()], "letter")
    if npmlog := _NPMLOG.match(head):
        level = _NPM_LEVELS.get((npmlog[1] or npmlog[2]).lower())
        return Decision(level, "npmlog") if level else None
    return None


_NPM_LEVELS = BRACKETED_WORDS | {"err!": Level.ERROR, "sill": Level.DEBUG, "verb": Level.DEBUG}


# --- the first word, behind time stamps, numbers and punctuation ------------------------------------------------

_CALENDAR = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun UTC GMT AM PM CET CEST T Z"
_LEADING = re.compile(
    r"(?P<stamp>(?:[^A-Za-z\"]++"
    r"|[A-Za-z]{1,4}+(?=\d)"
    rf"|(?:{'|'.join(_CALENDAR.split())})(?![A-Za-z])"
    r"|(?<=[\d-])[A-Fa-f]{1,12}+(?![A-Za-z])"
    r")*+)"
    r"(?P<word>[A-Za-z]{1,13})(?P<digits>\d{0,4})(?P<space>[ \t]{0,20})(?P<next>[^ \t]?)"
)


def _by_leading_word(match: Match[str], line: str) -> Decision | None:
    stamp, word, _, space, following = match.groups()
    if len(word) == 1:
        return _by_leading_letter(stamp, word, space, following)
    lower = word.lower()
    level = BRACKETED_WORDS.get(lower)
    if level is None:
        return None
    ends_there = following in _CLOSING or "\t" in space or len(space) > 1 or (following == "-" and space)
    if lower not in LEVEL_WORDS:
        bracketed = stamp[-1:] in _OPENING_BRACKETS and following in _CLOSING_BRACKETS
        in_capitals = word.isupper() and following == ":"
        return Decision(level, "header") if bracketed or in_capitals else None
    if ends_there:
        return None if _counts_nothing(line, match.end(), following) else Decision(level, "header")
    if word.isupper() and stamp[-1:] in _OPENING_BRACKETS:
        return Decision(level, "header")
    if (space or not following) and any(character.isdigit() for character in stamp):
        return _by_last_word(line) or Decision(level, "header")
    return None


_CLOSING = frozenset("]:|>)}/,![;")
_CLOSING_BRACKETS = frozenset("])>}|")
_OPENING_BRACKETS = frozenset("[(<{|")
_NOTHING = re.compile(r"\s{0,4}(?:0|none|null|nil|false)\b(?![.\d])", re.I)


def _counts_nothing(line: str, end: int, following: str) -> bool:
    """Whether a word is the name of a value that says there is nothing of it: `errors: 0`."""
    return following == ":" and _NOTHING.match(line, end) is not None


def _by_leading_letter(stamp: str, letter: str, space: str, following: str) -> Decision | None:
    level = LETTERS.get(letter.lower())
    if level is None or letter in "Aa":
        return None
    bracketed = stamp[-1:] in _OPENING_BRACKETS and (following in _CLOSING_BRACKETS or following.isdigit())
    if letter.islower() and following.isupper():
        return None
    behind_time = bool(stamp) and stamp[-1] in " \t|]" and any(character.isdigit() for character in stamp)
    return Decision(level, "letter") if bracketed or (behind_time and (space or following in "!|/")) else None


# --- a word further on: behind threads, loggers, hosts ----------------------------------------------------------


def _any_of(words: dict[str, Level], *cases: str) -> str:
    return "|".join(getattr(word, case)() for word in sorted(words, reverse=True) for case in cases)


_MARKED = re.compile(
    rf"(?<![\w\"'/$@=-])(?P<word>{_any_of(BRACKETED_WORDS, 'upper', 'lower', 'capitalize')})\d?"
    r"(?![\w\"'./$=-])(?P<space>[ \t]{0,20})(?P<next>.?)"
)
_OPENS = frozenset("[(<{|:,;\t]#.")
_CLOSES = frozenset("])>}|:,;")


def _by_delimited_word(head: str, start: int) -> Decision | None:
    """A level between two delimiters: `[main] ERROR: `, `app.ERROR: `, ` - INFO - `, `[core:error]`."""
    quote = head.find('"')
    if quote >= 0:
        head = head[:quote]
    bare = _CAPITALS.search(head)
    for match in _MARKED.finditer(head, start):
        if bare and bare.start() < match.start():
            return None
        word, space, following = match["word"], match["space"], match["next"]
        left = head[: match.start()]
        opened = _opens(left) or (word.isupper() and _ENDS_A_HEADER.search(left) and not _is_prose(left))
        closed = following in _CLOSES or "\t" in space or len(space) > 1 or (following == "-" and bool(space))
        if not (opened and closed) or _counts_nothing(head, match.end(), following):
            continue
        if word.lower() in LEVEL_WORDS or following in _CLOSING_BRACKETS or word.isupper():
            return Decision(BRACKETED_WORDS[word.lower()], "header")
    return None


def _opens(left: str) -> bool:
    before = left.rstrip(" ")[-1:]
    return before in _OPENS or left.endswith(" - ") or not (before.isascii() or before.isalnum())


_ENDS_A_HEADER = re.compile(r"(?<![A-Z])[ \t]{1,20}\Z")


# --- a word in capitals -----------------------------------------------------------------------------------------

_CAPITALS = re.compile(rf"(?<!\S)(?:{_any_of(LEVEL_WORDS, 'upper')})(?![^\s\[])")
_PROSE = re.compile(r"(?<!\S)[A-Za-z']+[,;]?(?!\S)")
_GROUPS = re.compile(r"\[[^\[\]]*+\]|\([^()]*+\)|<[^<>]*+>")
_MOST_WORDS = 2
"""A host and a program, or a thread and a logger, may be plain words."""


def _is_prose(left: str) -> bool:
    return len(_PROSE.findall(_GROUPS.sub("", left))) > _MOST_WORDS


# --- the last word ----------------------------------------------------------------------------------------------

_LAST = re.compile(rf"[\[(<]([A-Za-z]{{3,13}})[\])>]\Z|(?:- |[|,;\t] ?)({_any_of(LEVEL_WORDS, 'upper')})\Z")


def _by_last_word(line: str) -> Decision | None:
    """A level at the very end: `… (WARN)`, `… [ERROR]`, `… - INFO`."""
    last = _LAST.search(line, max(0, len(line) - 18))
    level = LEVEL_WORDS.get((last[1] or last[2]).lower()) if last else None
    return Decision(level, "level-last") if level else None


# --- symbols ----------------------------------------------------------------------------------------------------


def decide_by_symbol(line: str) -> Decision | None:
    """The level that a symbol at the start of a line gives, as command-line loggers write them."""
    if line.isascii():
        return None
    symbol = _SYMBOL.match(line)
    level = _SYMBOLS.get(symbol[1]) if symbol else None
    return Decision(level, "symbol") if level else None


_SYMBOL = re.compile(r"(?:\[[\w: -]{1,40}\] ){0,2}(\W)")
_SYMBOLS = {
    **dict.fromkeys("✖✗✘❌⨯🚨⛔", Level.ERROR),
    **dict.fromkeys("⚠❗", Level.WARNING),
    **dict.fromkeys("ℹ✔✓✅", Level.INFORMATION),
    **dict.fromkeys("⚙🐛→", Level.DEBUG),
}
"""What command-line loggers write instead of a word: consola, signale, log-symbols, Next.js."""
