"""Rule `key-value`: a level that text gives as a pair, `level=warn`.

In a text that is pairs from its start on, such as the logs of firewalls, the content of a quoted value is
text; numbers count, and so do `pri`, `prio` and `priority`:

- words: `pri=notice` of FortiMail and FortiWeb, `priority=Critical` of Sophos, `prio="Error"` of PowerDNS
  Recursor beside `level="0"`, which is its verbosity;
- the word of Loki4j, `l=ERROR h=web1 c=c.acme.Orders t=main | text`;
- the numbers of syslog: `pri=1` beside `fw=` in the WebTrends Enhanced Log Format (SonicWall, Stormshield,
  TopSec, HP TMS), `severity=3`, and `PRIORITY=3` beside `MESSAGE=` in the journal's export format.
"""

import re
from collections.abc import Set as AbstractSet

from loginformant_shipper.levels.fields import level_of_broken_object
from loginformant_shipper.levels.vocabulary import (
    FIELD_WORDS,
    SEVERITY_WORDS,
    SYSLOG,
    WINDOWS,
    Decision,
    decided,
)
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import encoded

_NAME = r"(?:@|log[._]?)?(?:[Ll]evel(?:_?[Nn]ame)?|[Ll]ev|LEVEL|[Ll]vl|LVL|LL|[Ss]everity|SEVERITY|[Ss]ev|at)"
_VALUE = r"([A-Za-z]{1,16})(?!\w|/(?!\d\b))"
"""Cisco's VPN client writes a number after its word, which adds nothing: `Sev=Warning/2`. Faults are 1,
warnings 2 and 3, informational events 4 to 6 (its help, "Event Types and Severity Levels")."""
_PAIR = re.compile(rf"[@aLlSs](?<![\w.$\"'?&/;-].)(?<=(?={_NAME}(?:=|:\S)).)[^=:]{{0,20}}[=:][\"']?{_VALUE}")
"""A name and a value. The pattern begins with the first character of a name, since a search for it takes a
third of the time of a search that begins with what must not precede the name."""
_MEMBER = re.compile(rf"[\"'{{,\s:]{_NAME}[\"']?\s{{0,4}}(?::|=>)\s{{0,4}}[\"':]{{0,2}}{_VALUE}")
_ELEMENT = re.compile(r"<(?:\w{1,20}:)?[Ll]evel>\s{0,4}(\w{1,16})\s{0,4}</")
_PAIR_OF_RECORD = re.compile(
    r"\"(?:[^\"\\]|\\.)*+\"?"  # a quoted value of another name
    rf"|(?<![\w.$'?&/;-])(?P<name>{_NAME}|[Pp]ri(?:o|ority)?|PRI(?:O|ORITY)?)(?:=|:(?=\S))[\"']?"
    r"(?:(?P<word>[A-Za-z]{1,16})(?!\w|/(?!\d\b))|(?P<number>[0-7])(?![\w.:/-]))[\"']?",
    re.S,
)
_LINE_OF_RECORD = re.compile(
    r"(?:^|, )(?:Level|LEVEL|Severity|SEVERITY):[ \t]{1,40}(?:([A-Za-z]{1,16})|([0-7]))"
    r"[ \t\r]{0,20}(?:$|,(?! State))",
    re.M,
)
"""`Level:   Error` of Windows' event text, `…, SEVERITY: Major` of Solaris' FMA. `State` is SQL Server's."""
_TWO_NAMES = re.compile(r"(?:[A-Za-z][\w.-]{0,60} ){1,2}")
_MAX_NAMES = 170
_RECORD = re.compile(r"(?:[^A-Za-z]{1,40})?[A-Z][\w. -]{1,60}:[ \t]{1,40}\S")
"""A text that begins with a name and its value."""
_NAMES = ("level", "levelname", "lev", "lvl", "ll", "severity", "sev")
_NAMES_IN_JSON = ("levelno", "levelnumber", "levelvalue", "severitynumber", "severitytext", "severitylevel")
WORDS_OF_PAIRS = encoded((*_NAMES, *(f"log{name}" for name in _NAMES), "at", "logat", "l"))
_PRIORITIES = encoded(("pri", "prio", "priority"))
WORDS_OF_PAIRS |= _PRIORITIES | encoded(_NAMES_IN_JSON)
"""The names in lower case. Each pair contains one as a word: no letter may precede or follow its name."""
_SELDOM_NAMES = encoded(("at", "logat", "l")) | _PRIORITIES
_LOKI4J = re.compile(r"l=(TRACE|DEBUG|INFO|WARN|ERROR) [a-z]=\S")
"""The layout that Loki4j (loki-logback-appender) has by default: `l=%level h=… c=… t=… | text`."""
_PRIORITY = re.compile(r"(?i:pri(?:o|ority)?)[=:]")
_FIRST = re.compile(r"[\w.@-]{1,40}=")
_FIRST_BEHIND_HEADER = re.compile(r"(?<!\S)[\w.@-]{1,40}=")
_FIRST_BEHIND_TIME = re.compile(
    r"(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z? (?=[\w.@-]{1,40}=)"
)


def begins_with_pair(text: str) -> bool:
    """Return whether the text is logfmt or a map from its first word on."""
    return ("=" in text and _FIRST.match(text) is not None) or text.startswith("{")


def start_behind_time(line: str) -> int | None:
    """Return the position of the first pair of a line if only a time precedes it, else None.

    It is that of `start_of_pairs`, whatever the header is: the header includes the time.
    """
    time = _FIRST_BEHIND_TIME.match(line)
    return time.end() if time else None


def start_of_pairs(line: str, text_start: int) -> int | None:
    """Return the position of the first pair of a line, or None if its text does not begin with a pair.

    Args:
        line: One line.
        text_start: Where its text begins. A pair may have been read as a name of the header, and names of the
            header, which are plain words, as text.
    """
    first = _FIRST_BEHIND_HEADER.search(line, 0, text_start + _MAX_NAMES)
    if first is None:
        return None
    is_text = first.start() > text_start and (
        text_start == 0 or _TWO_NAMES.fullmatch(line, text_start, first.start()) is None
    )
    return None if is_text else first.start()


def may_have_pair(text: str, words: AbstractSet[bytes]) -> bool:
    """Return whether a text may contain a pair with a level. Most texts are ruled out by this check.

    Args:
        text: A text.
        words: The words of the text; words that are not in `WORDS_OF_PAIRS` may be missing.
    """
    if WORDS_OF_PAIRS.isdisjoint(words):
        return False
    names = WORDS_OF_PAIRS & words
    return (
        not names <= _SELDOM_NAMES
        or text.startswith(("{", "l="))
        or "at=" in text
        or "at:" in text
        or (not names.isdisjoint(_PRIORITIES) and _PRIORITY.search(text) is not None)
    )


def decide_by_key_value(text: str) -> Decision | None:
    """Return the level in a pair of key and value, or None if there is no such pair.

    Text that begins with a brace is JSON that could not be read, or what a language prints for a map:
    Python's `{'level': 'INFO'}`, JavaScript's `{ level: 'info' }`, Ruby's `{:level=>"info"}`.
    """
    if "<" in text and "el>" in text and (decision := decide_by_element(text)):
        return decision
    is_map = text.startswith("{")
    if is_map and (level := level_of_broken_object(text)):
        return decided(level, "key-value")
    if text.startswith("l=") and (loki4j := _LOKI4J.match(text)):
        return decided(FIELD_WORDS[loki4j[1].lower()], "key-value")
    if not is_map and begins_with_pair(text) and (level := _level_of_record(text)):
        return decided(level, "key-value")
    for pair in _MEMBER.finditer(text) if is_map else _PAIR.finditer(text):
        level = FIELD_WORDS.get(pair[1].lower())
        if level is not None:
            return decided(level, "key-value")
    if ": " in text and (line := _LINE_OF_RECORD.search(text)) and _RECORD.match(text):
        level = SYSLOG.level(int(line[2])) if line[2] else FIELD_WORDS.get(line[1].lower())
        return decided(level, "key-value") if level else None
    return None


def decide_by_first_pair(line: str) -> Decision | None:
    """Return the level of a line that begins with a pair, if the first pair for a level has a word, or None.

    It decides most lines of logfmt. The rules before `decide_by_key_value`, and it, give the same results.
    """
    if (
        _FIRST.match(line) is None
        or "\n" in line
        or "\x1b" in line
        or "\\" in line  # perhaps of a colour, as is #033
        or "#" in line
        or "<" in line  # perhaps of an element
        or "}" in line  # perhaps of glued objects
    ):
        return None
    level = _first_level(line)
    return decided(level, "key-value") if level else None


def _first_level(text: str) -> Level | None:
    """Return the level in the first pair for one, if it is a word and not part of a quoted value."""
    first = _PAIR.search(text)
    if first and (level := FIELD_WORDS.get(first[1].lower())) and '"' not in text[: first.start()]:
        return level
    return None


def _level_of_record(text: str) -> Level | None:
    """Return the level of a text that is pairs: a word before a number, a level before a priority."""
    if level := _first_level(text):
        return level  # most pairs
    priority = number = None
    asked: set[str] = set()
    for pair in _PAIR_OF_RECORD.finditer(text):
        name, word, digit = pair.group("name", "word", "number")
        if name is None:
            continue
        is_priority = name.lower() in _PRIORITY_NAMES
        if digit:
            if number is None and name not in asked:
                asked.add(name)  # each name once: the other pairs are searched for
                number = SYSLOG.level(int(digit)) if _counts_as_syslog(name, is_priority, text) else None
        elif not is_priority:
            if level := FIELD_WORDS.get(word.lower()):
                return level
        elif priority is None and word.lower() in SEVERITY_WORDS:
            priority = FIELD_WORDS[word.lower()]
    return priority or number


_PRIORITY_NAMES = frozenset(("pri", "prio", "priority"))


def _counts_as_syslog(name: str, is_priority: bool, text: str) -> bool:
    """Return whether a number is a severity of syslog, judging by its name and by the other pairs."""
    if not is_priority:
        return name.lower() == "severity"  # `sev=3` is as often the severity of an incident
    return (name == "pri" and " fw=" in text) or (name == "PRIORITY" and "MESSAGE=" in text)


def decide_by_element(text: str) -> Decision | None:
    """Return the level in `<level>…</level>`: java.util.logging writes words there, Windows its numbers."""
    element = _ELEMENT.search(text)
    if element is None:
        return None
    value = element[1]
    level = WINDOWS.level(int(value)) if value.isdecimal() else FIELD_WORDS.get(value.lower())
    return decided(level, "key-value") if level else None
