"""Read the header of a log line: its time, level, thread and logger, and where its text begins.

A line consists of a header and a text. The header consists of items: timestamps and numbers; groups in
brackets; names of hosts, threads and loggers; marks such as `|`, `:` and ` - ` between them; and a level. It
is read from the left, and the first item that is a level is the level of the line. The header ends where the
text begins: at a quotation mark, at a pair such as `level=warn`, at the third consecutive plain word, at the
name of an exception, and at a plain word after the colon that ends a name. Levels in the text are ignored
here.

Patterns match only in the first `MAX_HEADER` characters, so the time for a line is bounded.
"""

import re
from collections.abc import Set as AbstractSet
from re import Match
from typing import NamedTuple

from msgspec import Struct

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.items import (
    AFTER_CAPITALS,
    AFTER_LETTER,
    CALENDAR_WORDS,
    COUNT,
    EXCEPTION_ENDS,
    MAX_HEADER,
    SEPARATES,
    TIME_IN_STAMP,
    HeaderWalk,
    is_closed,
    is_plural_level,
)
from loginformant_shipper.parsing.headers.level_marks import (
    RDS_POSTGRESQL,
    LevelMark,
    level_of_first_sign,
    level_of_known_layout,
    level_of_relayed_glog,
)
from loginformant_shipper.parsing.headers.level_numbers import level_of_number
from loginformant_shipper.parsing.headers.level_words import (
    BRACKETED_WORDS,
    CUT_WORDS,
    LETTERS,
    LETTERS_AND_DOUBLES,
    LEVEL_WORDS,
    NAMES_TOO,
    PLURALS,
    SYSLOG_LEVELS,
    TRANSLATED_WORDS,
    WORDS_ALONE,
    encoded,
    holds_a_letter_alone,
    words_of,
)


class Header(Struct, frozen=True, gc=False):
    """The parts of a header."""

    time: str | None
    """The first timestamp, as it is written; None if there is none."""
    level: LevelMark | None
    thread: str | None
    """The content of the first brackets without a time, a number or a level; None if there are none."""
    logger: str | None
    """The last name before the text: the logger, or the program after a host; None if there is none."""
    text_start: int
    """The position of the text."""


def read_header(line: str) -> Header:
    """Return the header of a line.

    Args:
        line: One line, without terminal colours. A line that begins with white space has no header.
    """
    if line[:1].isspace():
        return Header(None, None, None, None, 0)
    level = find_level(line)
    head = line[:MAX_HEADER]
    walk = HeaderWalk(head, TELLING_WORDS.intersection(words_of(head)))
    if level is None:
        walk.find_level()
    else:
        walk.read_names(level)
    return Header(walk.time, level, walk.thread, walk.logger, walk.text_start)


def find_level(line: str, words: AbstractSet[bytes] | None = None) -> LevelMark | None:
    """Return the level in the header of a line, or None if it has none.

    Args:
        line: One line, without terminal colours and without white space before it.
        words: The words of the line; words that are not in `TELLING_WORDS` may be missing. None if they are
            not known.
    """
    head = line[:MAX_HEADER]
    if head.startswith("-", 4) and _is_dated_sentence(head):
        return level_of_relayed_glog(head)
    if sign := level_of_first_sign(head) or level_of_number(head):
        return sign
    if words is None or len(line) > MAX_HEADER:
        telling = TELLING_WORDS.intersection(words_of(head))
    else:
        telling = TELLING_WORDS & words
    if not telling or not _may_be_level(telling, head):
        return level_of_known_layout(head)
    leading = _LEADING.match(head)
    if leading and (level := _leading_level(leading)):
        return level
    if layout := level_of_known_layout(head):
        return layout
    walk = HeaderWalk(head, telling)
    return walk.find_level(walk.skip(leading["stamp"]) if leading else 0)


def _is_dated_sentence(head: str) -> bool:
    """Return whether three plain words, none of which can be a level, follow a time, or a time and a logger.

    The header ends there, and none of the signs, numbers and known layouts begins like this, but for glog's
    behind other words. So most lines without a level in the header, or with one at their end, need not be
    read item by item.
    """
    sentence = _DATED_SENTENCE.match(head)
    if sentence is None:
        return False
    logger, first, third = sentence.groups()
    if third.lower() in LEVEL_WORDS:
        return False
    return first.lower() not in LEVEL_WORDS if logger is None else _WORDS.isdisjoint(words_of(logger))


_NO_TIME = rf"(?!(?i:{'|'.join(sorted(CALENDAR_WORDS))}) )"
_DATED_SENTENCE = re.compile(
    r"[0-9]{4}-[0-9][0-9]-[0-9][0-9] [0-9][0-9]:[0-9][0-9]:[0-9][0-9](?:[.,][0-9]{1,9})? "
    r"(?:(\[[A-Za-z][\w.$-]{2,80}\]|[A-Za-z]\w{0,40}(?:\.\w{1,40}){1,8}) )?"
    rf"(?!ffff){_NO_TIME}([A-Z]?[a-z]{{2,12}}) "  # ffff: an address, before a number of Ceph
    rf"(?:[a-z]{{0,12}}[0-9][a-z0-9]{{0,12}} )?{_NO_TIME}[A-Z]?[a-z]{{2,12}} "
    rf"(?:[a-z]{{0,12}}[0-9][a-z0-9]{{0,12}} )?{_NO_TIME}([A-Z]?[a-z]{{2,12}}) "
)

_WORDS = encoded((*BRACKETED_WORDS, *PLURALS, "message", "event"))
"""The words that may be a level, without the letters."""
TELLING_WORDS = LETTERS_AND_DOUBLES | _WORDS
"""No level is found in a head without one of these, but for signs and known layouts."""


_ZONES = "UTC|GMT|AM|PM|[CEPM][DES]?S?T|Z"
_MONTHS_AND_DAYS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_CALENDAR = f"{_MONTHS_AND_DAYS}|{_ZONES}"
"""The words that times contain."""


def _may_be_level(words: frozenset[bytes], head: str) -> bool:
    """Return whether a word in a head may be a level, to exclude most lines without a level quickly."""
    return (
        not WORDS_ALONE.isdisjoint(words)
        or (not LETTERS_AND_DOUBLES.isdisjoint(words) and holds_a_letter_alone(head))
        or _are_marked(words - LETTERS_AND_DOUBLES, head)
    )


def _are_marked(words: frozenset[bytes], head: str) -> bool:
    """Return whether a word in a head has the brackets, capitals or colon that it needs to be a level."""
    if "[" in head or "<" in head:
        for word in _ALONE_IN_BRACKETS.findall(head):
            if word.lower() in BRACKETED_WORDS:
                return True
    has_colon = ":" in head
    for each in words:
        capitals = each.decode().upper()
        if (
            capitals in head
            and _stands_in_capitals(capitals, head)
            and (has_colon or "|" in head or "**" in head or _DATE.search(head))
        ):
            return True
    if not has_colon:
        return False
    lower = head.lower()
    return not _PLURALS.isdisjoint(words) or (
        ("level" in lower or "severity" in lower or "lvl" in lower) and _ASKED.search(lower) is not None
    )


def _stands_in_capitals(word: str, head: str) -> bool:
    """Return whether a word occurs in a head other than as the beginning of a name, as in `HTTP/1.1`."""
    start = head.find(word)
    while start >= 0:
        end = start + len(word)
        if head[end : end + 1] not in _GOES_ON:
            return True
        start = head.find(word, end)
    return False


_GOES_ON = frozenset("/.$@=+\\'\"-")
_ALONE_IN_BRACKETS = re.compile(r"[\[<][\s=*_-]{0,12}([A-Za-z]{1,13})\d?[\s=*_-]{0,12}[\]>]")
_DATE = re.compile(r"[/.-](?:(?<=\d[/-])[\dA-Z]|(?<=\d{4}\.)\d\d)")
_PLURALS = encoded(PLURALS)
_ASKED = re.compile(r"(?:level|severity|lvl)[ \t]{0,40}:")
"""Db2 writes the name of the field before the level: `LEVEL: Error`."""


class PlainLevel(NamedTuple):
    """A level that is inferred only from the first characters of a line."""

    level: Level
    rule: str


class DoubtfulLevel(PlainLevel):
    """A plain level that does not count if the line has the Common Log Format."""

    __slots__ = ()


WHOLE_LINE = 1_000_000
"""The number of needed characters if the whole line, including its digits, was needed: more than any
beginning. A name that is the first word, for example, may be a thread or a logger in other lines."""


def find_plain_level(line: str) -> PlainLevel | None:
    """Return the level of a line with one of the most common headers, or None for other lines.

    The level is first, after a time, or after a time and the name of a thread or a logger. The result is that
    of `find_level`, in a fraction of its time.
    """
    return find_plain_header(line)[0]


def find_plain_header(line: str) -> tuple[PlainLevel | None, int]:
    """Return the level of `find_plain_level`, and how many characters of the line were needed.

    Lines that begin with the same characters, that many and apart from digits, have the same level. The
    number is `WHOLE_LINE` if no beginning is sufficient.
    """
    match = _PLAIN.match(line)
    if match is None:  # only for the type checker: the pattern matches every line
        return None, WHOLE_LINE
    stamp, thread, logger, word, following, bracketed, suffix, small, letter, other = match.groups()
    end = match.end()
    if other is not None:
        if line[19:24] == " UTC:" and (rds := RDS_POSTGRESQL.match(line)):
            return _MARKED_CAPITALS[rds[1]], rds.end()
        if other:
            return None, end
        return _level_in_next_brackets(line, stamp) if stamp[-1:] == "[" else (None, WHOLE_LINE)
    if thread:
        if level := _CAPITALS.get(thread) or _THREADS.get(thread):
            return level, end + _READ_AFTER
        if (level := _BRACKETED.get(thread)) and _has_known_time(line, stamp[:-1]):
            return level, end + _READ_AFTER
        if small or letter or thread.lower() in BRACKETED_WORDS or len(thread) <= _MAX_LETTERS:
            return None, end
    if logger and (
        logger.lower() in BRACKETED_WORDS or logger.endswith(EXCEPTION_ENDS) or _THREE_CAPITALS.search(logger)
    ):
        return None, end
    if stamp.endswith("- ") and not stamp.isupper() and stamp.upper() != stamp:
        return None, end  # Redis: 01 Mar 10:20:30 - text
    if word:
        level = _CAPITALS.get(word)
        if level is None:
            if following == ":" and not thread and not logger:
                level = _MARKED_CAPITALS.get(word)
            elif following == " " and stamp[-2:] == "| ":
                return _level_of_agent(line, stamp, word, end)
        elif following == " " and ":" not in stamp and (after := line[end : end + 1]) not in _CLOSED:
            level = None if stamp or after in _NOT_BARE or after.isspace() else _BARE[word]
    elif bracketed:
        level = _BRACKETED.get(bracketed)
        if type(level) is DoubtfulLevel and not _has_known_time(line, stamp[:-1]):
            level = None
    elif suffix:
        level = _CAPITALS.get(suffix)
    elif small and not thread and stamp[-1:] == "[" and small not in _SMALL:
        return _level_in_next_brackets(line, stamp)
    elif small and not thread and not logger and (after := line[end]) in "/:":
        return _level_of_first_word(line, stamp, small, after, end)
    elif logger or ":" not in stamp or not _TIME.search(stamp):
        level = None
    elif small:
        level = _SMALL.get(small)
    else:
        return _PLAIN_LETTERS[letter], WHOLE_LINE if stamp[-2:] == "- " else end + _READ_AFTER
    if level:
        return level, end + _READ_AFTER
    return None, WHOLE_LINE if stamp[-1:] == "[" or stamp[-2:] == "- " else end + _READ_AFTER


def _level_of_agent(line: str, stamp: str, name: str, end: int) -> tuple[PlainLevel | None, int]:
    """Return the level of the Datadog agent: `time | CORE | ERROR | text`."""
    agent = _AGENT.match(line, end)
    if agent is None or name.lower() in BRACKETED_WORDS or not _has_known_time(line, stamp):
        return None, WHOLE_LINE
    return _DOUBTFUL.get(agent[1]), agent.end() + _READ_AFTER


def _level_in_next_brackets(line: str, stamp: str) -> tuple[PlainLevel | None, int]:
    """Return the level after the name of a module in brackets, or after brackets with any name.

    Apache writes `[time] [core:error] text`; others `time [thread name] ERROR text`.
    """
    match = _NEXT_BRACKETS.match(line, len(stamp))
    kind = match.lastindex if match else None
    if (
        match is None
        or kind is None
        or not _has_known_time(line, stamp[:-1])
        or not TELLING_WORDS.isdisjoint(words_of(line[len(stamp) : match.start(kind)]))
    ):
        return None, WHOLE_LINE
    return _DOUBTFUL.get(match[kind]), match.end() + _READ_AFTER


def _level_of_first_word(
    line: str, stamp: str, word: str, after: str, end: int
) -> tuple[PlainLevel | None, int]:
    """Return the level of a first word before a slash or a colon, or after it.

    Icinga writes `warning/Component: text`, BIND `category: error: text`, and many programs `error: text`. A
    number after the colon may be a count.
    """
    if after == ":" and ":" in stamp and word in _SMALL and _TIME.search(stamp):
        return _SMALL[word], end + _READ_AFTER
    if stamp and not _has_known_time(line, stamp):
        return None, WHOLE_LINE
    if level := _DOUBTFUL.get(word):
        is_level = after == "/" or stamp or _TEXT_AFTER.match(line, end)
        return level if is_level else None, end + _READ_AFTER
    category = _CATEGORY.match(line, end) if stamp and word not in BRACKETED_WORDS else None
    if category is None or word in PLURALS:
        return None, WHOLE_LINE
    return _DOUBTFUL.get(category[1]), category.end() + _READ_AFTER


def _has_known_time(line: str, stamp: str) -> bool:
    """Return whether a line begins with a time that is in no format of `level_marks` or `level_numbers`.

    Args:
        line: The line.
        stamp: Its beginning up to the first name, in which no bracket may be open.
    """
    if "(" in stamp or "<" in stamp or stamp.rfind("[") > stamp.rfind("]"):
        return False
    if line[0] == "[":
        return line[5:6] == "-" or line[1:4] in _MONTH_OR_DAY
    return line[:1].isdecimal() and (line[4:5] == "-" or (line[2:3] == "-" and line[3:6] in _MONTH_OR_DAY))


_READ_AFTER = 6
"""The number of characters after a level that show whether it is a logger's name: `- ERROR - INFO`; or a
count: `error:   0`."""
_PLAIN = re.compile(
    rf"((?:[][0-9:.,/+ |(<\t-]{{1,48}}+|(?<=[0-9])T(?=[0-9])|(?:{_CALENDAR})(?![A-Za-z])){{0,16}}+)"
    r"(?:(?:(?<=\[)([A-Za-z][\w-]{0,60})\] |(?<= - )([A-Za-z_][\w.]{0,80}) - )?"
    r"(?:(?<![A-Z])(?!TRACE \| [A-Z]{4,8} \|)([A-Z]{3,9})([]:|>)},![;#~*/ \t])|(?<=\[)([A-Z]?[a-z]{2,12})\]"
    r"|(?<=\] )[a-z][a-z_-]{0,40}\.([A-Z]{4,9}): "
    r"|(?<![A-Z])([a-z]{3,13})(?=[: \t/])|(?<=[] \t|])([DIWEFCVTN])(?= {1,20}\S))"
    r"|([^A-Za-z_]?))"  # anything else; no name can follow
)
_CAPITALS = {word.upper(): PlainLevel(level, "header") for word, level in LEVEL_WORDS.items()}
_THREADS = {word: PlainLevel(level, "header") for word, level in LEVEL_WORDS.items()}
_DOUBTFUL = {
    spelling: DoubtfulLevel(level, "header")
    for word, level in LEVEL_WORDS.items()
    for spelling in (word, word.title(), word.upper())
}
_MAX_SMALL = 9
"""The maximum length of a word in lower case without brackets. Longer ones are left to `find_level`."""
_SMALL = {word: level for word, level in _THREADS.items() if len(word) <= _MAX_SMALL}
_BRACKETED = {
    spelling: DoubtfulLevel(level, "header")
    for word, level in BRACKETED_WORDS.items()
    if word not in NAMES_TOO
    for spelling in (word, word.title())
} | {word: each for word, each in _THREADS.items() if 4 <= len(word) <= 8}
"""Words in brackets. Level words of four to eight small letters count after any time, others after a known
one."""
_BARE = {word.upper(): DoubtfulLevel(level, "bare-word") for word, level in LEVEL_WORDS.items()}
_NOT_BARE = AFTER_CAPITALS | {"", "\x1b", "\\"}
"""What follows a word in capitals and a space if the word is not bare, or if a colour may come first."""
_PLAIN_LETTERS = {letter.upper(): PlainLevel(level, "letter") for letter, level in LETTERS.items()}
_MARKED_CAPITALS = {
    word.upper(): PlainLevel(level, "header")
    for word, level in BRACKETED_WORDS.items()
    if word not in CUT_WORDS
}
_CLOSED = frozenset((*SEPARATES, " ", "\t", "-"))
_MAX_LETTERS = 2
"""The maximum length of a word that may be a letter for a level, alone or doubled."""
_AGENT = re.compile(r" {0,20}\| ([A-Z]{3,9}) {0,9}\|")
_NEXT_BRACKETS = re.compile(
    r"[a-z]\w{1,30}:([a-z]{3,9})\]"
    r"|[^\[\]\"'\\\x1b\n]{1,80}+\] (?!(?:- )?TRACE \|)"
    r"(?:([A-Z]{3,9})(?=:? )|- ([A-Z]{3,9})(?::(?= )| {2,20}(?=[!\"$-\[\]-~])| (?=[]:|>)},![;~*/-])))"
)
_CATEGORY = re.compile(r": ([A-Za-z]{3,9}):(?= )")
_TEXT_AFTER = re.compile(r":[ \t]{0,4}[^\s\d\x1b\\#]")
"""A text that is no count. A colour could hide one."""
_MONTH_OR_DAY = frozenset(_MONTHS_AND_DAYS.split("|"))
_THREE_CAPITALS = re.compile(r"[A-Z][A-Z]{2}")


# --- the first word, after time stamps, numbers and punctuation ---

_LEADING = re.compile(
    r"(?P<stamp>(?:[^A-Za-z\"]++"
    r"|(?!DBG|LOG|ERR|INFO|WARN)[A-Za-z]{1,4}+(?=\d)"  # hexadecimal numbers, 2026-01-02T10:20
    rf"|(?:{_CALENDAR})(?![A-Za-z])"
    r"|(?<=[\d-])[A-Fa-f]{1,12}+(?![A-Za-z])"
    r")*+)"
    r"(?P<word>[A-Za-z]{1,13}+)(?P<digits>(?<=[A-Z])[+-]\d{1,2}+(?![\w.-])|\d{0,10})"  # INFO+2 of slog
    r"(?P<space>[ \t]{0,20})(?P<next>[^ \t]?)"
)
_TIME = re.compile(r"\d[:/.-]\d")
_OPENS = frozenset("[(<{|")
_BEFORE_CAPITALS = _OPENS | frozenset("=*#")  # Erlang: =ERROR REPORT====
_AFTER_SMALL = frozenset("]:|>)}[")
_CLOSES = frozenset("])>}|")
_SEPARATORS = frozenset("-=~@*")


def _leading_level(match: Match[str]) -> LevelMark | None:
    """Return the level that the first word of a line is, with nothing but a time and numbers before it."""
    stamp, word, digits, space, following = match.groups()
    lower = word.lower()
    if (
        following == ":"
        and lower in PLURALS
        and is_plural_level(match.string, match.end("digits"), bool(stamp))
    ):
        return LevelMark(PLURALS[lower], "header", match.end("digits"))
    level = BRACKETED_WORDS.get(lower)
    if level is None:
        return _leading_letter(match) if len(word) <= 2 and not digits else None
    end = match.end("digits")
    if digits and word == "LOG":  # stunnel: LOG3[7]: text
        return LevelMark(SYSLOG_LEVELS[int(digits) & 7], "header", end) if following == "[" else None
    dated = len(stamp) > 3 and _TIME.search(stamp) is not None
    upper = word.isupper()
    if dated and following in _SEPARATORS and not space:
        joined = following == "-" and upper and _TIME_AND_HYPHEN.search(stamp) is not None
        if joined or _is_between_separators(match, end):
            return LevelMark(level, "header", end)
    if word == "DETAIL" and following == "(" and dated:
        return LevelMark(Level.DEBUG, "header", end)  # Aerospike's lowest level; PostgreSQL writes a colon
    if lower not in LEVEL_WORDS:
        in_brackets = stamp[-1:] in _OPENS and following in _CLOSES
        if (
            (in_brackets and lower not in NAMES_TOO)
            or (upper and following == ":" and (dated or not space) and not _is_name(lower, stamp))
            or (upper and not stamp and _TIME_NEXT.match(match.string, end))  # DEB [20260301-10:20:30.123]
            or (word == "LOG" and space and dated and "0x" not in stamp)  # PgBouncer: 2026-… [7] LOG text
        ):
            return LevelMark(level, "header", end)
        return None
    if following == "(" and not space and _SCOPE.match(match.string, end):
        return LevelMark(level, "header", end)  # Zig: info(server): text
    if upper:
        if word == "TRACE" and following == "|" and (agent := _TRACE_AGENT.match(match.string, end)):
            return LevelMark(LEVEL_WORDS[agent[1].lower()], "header", agent.end(1))
        if stamp[-1:] in _BEFORE_CAPITALS or following in AFTER_CAPITALS or not following:
            return LevelMark(level, "header", end)
        if space:
            return LevelMark(level, "header" if dated or is_closed(space, following) else "bare-word", end)
        return None
    if following == "[" and not space and word.istitle():
        return None  # Trace[77]: of Kubernetes is the name of what follows
    if is_closed(space, following) or following in _AFTER_SMALL or (following == "/" and not space):
        if not dated and following == ":" and COUNT.match(match.string, match.end()):
            return None  # error: 0
        return LevelMark(level, "header", end)
    if (space or not following) and dated:
        return LevelMark(level, "header", end, certain=word.islower())
    if word == "info" and not stamp and space:
        return LevelMark(level, "header", end)  # yarn's and npm's loggers: info text
    return None


def _is_between_separators(match: Match[str], end: int) -> bool:
    """Return whether the same mark precedes and follows a word that ends there."""
    separator = _SEPARATOR.search(match["stamp"])
    return separator is not None and match.string.startswith(separator[0], end)


def _is_name(lower: str, stamp: str) -> bool:
    """Return whether a word before a colon may be a name that only looks like a cut level: `FAT: x`."""
    return lower in CUT_WORDS and not TIME_IN_STAMP.search(stamp)


_NAME_NEXT = re.compile(r"(?<=:)[\d\\/]|(?<=T:)\w")  # Kodi: T:7; a drive: D:\orders
_TIME_AND_HYPHEN = re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?-\Z")
"""Before a level that a configuration joins to a time and a text: `10:20:30,123-ERROR-text`."""
_SEPARATOR = re.compile(r"(?:[-=]>|--|==|[*~@])\Z")
"""What may stand on both sides of a level after a time: `10:20:30->ERROR->text`, `10:20:30: *error* text`."""
_OPEN_TIME = re.compile(r"\[[^\]]{0,30}\d\d:\d\d:\d\d[^\]]{0,30} \Z")
_COPYRIGHT = re.compile(r"C\)(?! \d{4}-\d\d-\d\d)")  # (C) 2026 Acme
_BRACKETS_OF_LETTERS = {"[": "]", "(": ")", "<": ">"}


_TRACE_AGENT = re.compile(r" \| (TRACE|DEBUG|INFO|WARN|ERROR|CRITICAL) \| \(")
"""Datadog's trace agent writes its name before the level: `… UTC | TRACE | WARN | (run.go:7 in Run) | x`."""
_TIME_NEXT = re.compile(r" {1,2}\[?\d{4}[-/.]?\d\d[-/.]?\d\d")
_SCOPE = re.compile(r"\([\w.-]{1,40}\): ")


def _leading_letter(match: Match[str]) -> LevelMark | None:
    stamp, letter, _, space, following = match.groups()
    level = LETTERS.get(letter[0].lower())
    if level is None or letter[-1] != letter[0]:
        return None
    opener = stamp.rstrip(" ")[-1:]
    closer = _BRACKETS_OF_LETTERS.get(opener)
    in_brackets = letter.isupper() and (
        (following == closer and not _COPYRIGHT.match(match.string, match.start("word")))
        or (opener == "[" and following.isdigit())  # [E 2026-…
        or (following == "]" and _OPEN_TIME.match(stamp))  # Qt: [20260301 10:20:30.123 UTC E] text
        or (following == "|" == stamp and match.string.startswith("| ", match.end("word")))  # |E| text
    )
    behind_time = (
        stamp[-1:] in " \t|]"
        and len(letter) == 1
        and (letter.isupper() or opener not in _CLOSES)  # [time] f b/s: a name
        and (bool(space) or (following in AFTER_LETTER and not _NAME_NEXT.match(match.string, match.end())))
        and _TIME.search(stamp) is not None
    )
    return LevelMark(level, "letter", match.end("word")) if in_brackets or behind_time else None


# --- the second line ---


def level_on_second_line(text: str, line_end: int) -> LevelMark | None:
    """Return the level that java.util.logging writes on the second line, or None.

    Its SimpleFormatter writes date, class and method on the first line, and `SEVERE: text` on the second.

    Args:
        text: A message of several lines.
        line_end: Where its first line ends.
    """
    if not _JAVA_UTIL_LOGGING.match(text[: min(line_end, MAX_HEADER)]):
        return None
    start = line_end + 1
    word, colon, _ = text[start : start + 20].partition(":")
    level = _ON_SECOND_LINE.get(word.upper()) or (LEVEL_WORDS.get(word.lower()) if word.isupper() else None)
    return LevelMark(level, "second-line", start + len(word)) if level and colon else None


_JAVA_UTIL_LOGGING = re.compile(
    r"(?:(?:[^\W\d]{2,9}\.?|\d{1,2}月) \d{1,2}, \d{4}|\d{1,2}[./ -][^\s]{1,9}[./ -]\d{4}),?"
    r" \d{1,2}:\d\d:\d\d(?:\s(?:[AP]M|[AP]\.\s?M\.|[午上下][前后後午]))? "
    r"(?:\[[^\]]{1,60}\] )?\S{1,200} \S{1,100}\s*\Z"  # a thread or a context in brackets
    r"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,6})? \[[^\]]{1,80}\] [\w.$<>]{1,200}\(\)\s*\Z"  # tinylog
)
_ON_SECOND_LINE = {
    **TRANSLATED_WORDS,
    **dict.fromkeys(("CONFIG", "FEIN", "KONFIGURATION"), Level.DEBUG),
    **dict.fromkeys(
        ("INFOS", "INFORMATION", "INFORMACIÓN", "INFORMAZIONI", "情報", "信息"), Level.INFORMATION
    ),
}


# --- other languages ---


def translated_level(line: str) -> LevelMark | None:
    """Return the level that a line has in another language, or None.

    It is the first word and before a colon, or after a time: before a colon, in brackets, or before brackets,
    as Tomcat writes it.

    Args:
        line: One line whose header has no other level.
    """
    match = _TRANSLATED.match(line)
    if match is None:
        return None
    word = match[1] or match[2] or match[3]
    return LevelMark(TRANSLATED_WORDS[word], "header", match.end())


_TRANSLATED_WORD = "|".join(TRANSLATED_WORDS)
_TRANSLATED = re.compile(
    rf"({_TRANSLATED_WORD}) ?:(?=\s)"
    r"|\[?\d{1,4}[-/.][^\s\"]{1,12}[ T]\d\d:\d\d:\d\d[^\s\"]{0,20} (?:"
    rf"\[?({_TRANSLATED_WORD})(?= {{0,8}}\]| \[)"
    rf"|(?:[^\s\"]{{1,80}} ){{0,4}}?(?:[^\s\"]{{0,80}}:)?({_TRANSLATED_WORD}):(?=\s))"
)
