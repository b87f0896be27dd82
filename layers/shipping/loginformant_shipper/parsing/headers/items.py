"""Read the items of a header one by one: times, numbers, groups in brackets, names, marks and levels.

See `headers` for the definition of a header.
"""

import re

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_marks import LevelMark
from loginformant_shipper.parsing.headers.level_words import (
    BRACKETED_WORDS,
    CUT_WORDS,
    LETTERS,
    LEVEL_WORDS,
    NAMES_TOO,
    PLURALS,
)

MAX_HEADER = 300
"""The maximum length of a header."""

AFTER_CAPITALS = frozenset("]:|>)},![;#~*/")
"""The characters that may follow a level in capitals without a space."""
AFTER_LETTER = frozenset("!|/>:")
"""The characters that may follow a level of one letter."""
SEPARATES = frozenset("])>}|:,;")
COUNT = re.compile(r"\s{0,4}0\s{0,4}(?:[,;)|]|\Z)")
"""The rest of a count after its word: `error: 0`."""


def is_closed(space: str, following: str) -> bool:
    """Return whether a word is separated from the rest by a mark, a tab, several spaces or ` - `."""
    return following in SEPARATES or "\t" in space or len(space) > 1 or (following == "-" and bool(space))


_ITEM = re.compile(
    r"(?:(?P<group>\[[^\[\]]{0,240}+(?:\[[^\[\]]{0,60}+\][^\[\]]{0,240}+){0,9}+\]"
    r"|\([^()]{0,140}+(?:\([^()]{0,60}+\)[^()]{0,140}+){0,9}+\)"
    r"|<[^<>]{0,140}+>|\{(?!\")[^{}]{0,140}+(?:\{[^{}]{0,60}+\}[^{}]{0,140}+){0,9}+\})"
    r"|(?P<word>(?:(?:TRACE|DEBUG|VERBOSE|INFO|WARN|ERROR)[+-]\d{1,2}+|[A-Za-z]{1,13}+\d{0,2}+)"
    r"(?![\w.$@/=+\\'\"-]|:[\w/:]))"
    r"|(?P<mark>[|,;:*#~>)\]}-]{1,12}|[\[(<]|\{(?!\"))"
    r"|(?P<token>[^\s\[\](){}<>|\"',;]{1,200}+)"
    r")(?P<gap>[ \t]{0,40})"
)
CALENDAR_WORDS = frozenset(
    (
        *("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        *("mon", "tue", "wed", "thu", "fri", "sat", "sun", "am", "pm"),
        *("z", "utc", "gmt", "cet", "cest", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"),
    )
)
_LETTER_IN = re.compile(r"[^\W\d_]")
_LEVEL_KEY = re.compile(
    r"(?:@|log|\w{0,20}[._-])?(?:[Ll]evel|LEVEL|[Ll]vl|LVL|LL|[Ss]everity|SEVERITY|[Ss]ev|at)="
)
_LEVEL_NAMES = frozenset(("level", "severity", "loglevel", "lvl"))
_COMPONENT = re.compile(r"(?:^(?:!|LOG_)?|[.:/#@])([A-Z]{3,11})(?:\d|_L[1-3])?(?=[:/]|$)")
"""A level in a name. Quill has `TRACE_L1`, and its examples write `LOG_` before its levels."""
_GTK = re.compile(r"(?:[A-Za-z][\w-]{0,40}-)?(DEBUG|INFO|MESSAGE|WARNING|CRITICAL|ERROR)\Z")
_GTK_WORDS = LEVEL_WORDS | {"message": Level.INFORMATION}
EXCEPTION_ENDS = ("Error", "Exception", "Throwable", "Fault", "Failure", "Warning")
"""The ends of the names of exceptions."""
_EXCEPTION = re.compile(rf"(?:{'|'.join(EXCEPTION_ENDS)})(?::|\Z)")
_LOGGER_NEXT = re.compile(r"[\[(\d]|[A-Za-z_$][\w$]*(?:(?:\.|::|/|\\)[\w$<>*]+)+|[\w.$-]+\[|\S{1,60} [-:|] ")
_MAX_PLAIN_WORDS = 2
"""The number of consecutive plain words that may be the names of a host and a program, or of a thread. More
are a sentence."""
_WORDS_OF_SENTENCES = frozenset(("info", "information", "notice", "success", "fine", "trace"))
"""After plain words these are plain words, too: `more info: it failed`."""

_ENDS_OF_TITLES = frozenset(("alert", "notice", "failure", "trace", "emergency"))
"""After another word in capitals these are plain words: `SERVICE ALERT`, `LINK FAILURE`."""
_CODE_NEXT = re.compile(r"[A-Z]{1,6}\d{2,5}: ")
_PROGRAM_NEXT = re.compile(r"[\w./-]{1,60}\[\d{1,10}\]: ")
_OF_COMPILERS = frozenset(("note", "remark"))
_PLACE_BEFORE = re.compile(r"(?::\d{1,6}: |\(\d{1,6}(?:,\d{1,6})?\): )(?:note|remark)\Z")
"""`orders.c:7:3: note: declared here` of GCC and Clang."""
_DEBUG_NUMBER = re.compile(r" \d{1,2}:")

_START, _STAMP, _NUMBER, _GROUP, _NAME, _MARK = range(6)


class HeaderWalk:
    """Reads a header item by item."""

    __slots__ = (
        "behind_colon",
        "behind_time",
        "dated",
        "evidence",
        "fallback",
        "head",
        "left",
        "logger",
        "plain",
        "telling",
        "text_start",
        "thread",
        "time",
        "time_start",
    )

    def __init__(self, head: str, telling: frozenset[bytes]) -> None:
        self.head = head
        self.telling = tuple([word.decode() for word in telling if len(word) > _LONGEST_LETTERS])
        """The words of the head that are levels somewhere, but for letters."""
        self.text_start = 0
        self.time: str | None = None
        self.thread: str | None = None
        self.logger: str | None = None
        self.time_start = _NOT_YET
        """The beginning of the first timestamp, while it may continue."""
        self.left = _START
        """The kind of the previous item."""
        self.plain = 0
        """The number of plain words before this item."""
        self.dated = False
        """Whether a time was read."""
        self.evidence = False
        """Whether anything was read with which a sentence does not begin."""
        self.behind_colon = False
        """Whether the name of a program or logger was closed by a colon."""
        self.behind_time = False
        """Whether the plain words before this item follow a time, as those of syslog do: host, program."""
        self.fallback: LevelMark | None = None
        """A word that may also be a name. It is the level if the header has no other."""

    def tells(self, content: str) -> bool:
        """Return whether the content of brackets, or a word, may contain a level.

        Args:
            content: The content or the word in lower case.
        """
        for word in self.telling:  # noqa: SIM110  # any() takes twice the time
            if word in content:
                return True
        return False

    def skip(self, stamp: str) -> int:
        """Skip times, numbers and marks at the beginning of a line."""
        for opener, closer in _BRACKETS:
            if opener in stamp and (opened := stamp.rfind(opener)) > stamp.rfind(closer):
                stamp = stamp[:opened]
        if stamp[-1:].isalnum():  # the rest of `0.123s` is not a separate word
            stamp = stamp[: stamp.rfind(" ") + 1]
        settled = stamp.rstrip(" \t")
        if not settled:
            return len(stamp)
        self.dated = self.evidence = TIME_IN_STAMP.search(stamp) is not None
        last = settled[-1]
        if last in "])>}":
            self.left, self.evidence = _GROUP, True
        elif last in _MARKS:
            self.left = _MARK
        else:
            self.left = _STAMP if self.dated else _NUMBER
        return len(stamp)

    def find_level(self, position: int = 0) -> LevelMark | None:
        """Return the first item that is a level, or None if the text begins before one is found."""
        head = self.head
        capitals = asked = False
        while item := _ITEM.match(head, position):
            start, position = position, item.end()
            group, word, mark, token, gap = item.groups()
            if group:
                if level := _level_in_group(group, start, head[position : position + 1], self):
                    return level
                self._group(group)
            elif mark:
                self._mark(mark)
            elif word:
                following = head[position : position + 1]
                lower = word.lower()
                if (len(word) == 1 or asked or self.tells(lower)) and (
                    level := _level_of_word(word, gap, following, item.end("word"), self, capitals, asked)
                ):
                    return level
                asked = following == ":" and self.dated and not self.plain and lower in _LEVEL_NAMES
                capitals = word.isupper() and len(word) > 1
                if not self._word(word, gap, following, start):
                    return self.fallback
            else:
                may_tell = self.left == _START or token != token.lower()
                if may_tell and (level := _level_of_token(token, gap, position, self)):
                    return level
                if not self._token(token, start, position):
                    return self.fallback
                if self.left == _STAMP and (container := _CRI.match(head, position)):
                    position = container.end()
            if not self.plain:
                self.text_start = position
        if self.evidence and head.startswith('{"', position) and head[position - 1] in " \t|:":
            self.text_start = position
        return self.fallback

    def read_names(self, level: LevelMark) -> None:
        """Read the names before and after a known level."""
        head = self.head
        position = 0
        while position < level.end and (item := _ITEM.match(head, position)):
            start, position = position, item.end()
            group, word, mark, token, gap = item.groups()
            if position - len(gap) >= level.end:  # the level, or brackets or a name with the level in it
                if group and (time := _TIME_IN.search(group)):
                    self.time = self.time or time[0].rstrip(":,.")
                if token:
                    position = level.end
                break
            if group:
                self._group(group)
            elif word:
                self._word(word, gap, head[position : position + 1], start)
            elif token:
                self._token(token, start, position)
            else:
                self._mark(mark)
        self._read_behind(level, max(level.end, position))

    def _read_behind(self, level: LevelMark, position: int) -> None:
        head = self.head
        if level.end == 1 and (
            file := _TO_THE_BRACKET.match(head, 1)
        ):  # glog: I0305 10:20:30.1 7 orders.go:12] text
            if self.time is None and (time := _TIME_IN.search(file[0])):
                self.time = time[0]
            self.text_start = file.end()
            return
        while True:
            if marks := _BEHIND_LEVEL.match(head, position):
                position = marks.end()
            item = _ITEM.match(head, position)
            if item is None or not (group := item["group"]):
                break
            self._group(group)
            position = item.end()
        joined = head[level.end : level.end + 1] == ":" == head[position - 1 : position]
        if (
            logger := (_LOGGER_JOINED if joined else _LOGGER).match(head, position)
        ) and not _EXCEPTION.search(logger["name"]):
            self.logger, position = logger["name"], logger.end()
        self.text_start = position

    def _group(self, group: str) -> None:
        content = group[1:-1]
        if time := _time_in(content):
            self.time = self.time or time[0].rstrip(":,.")
            self.dated = True
        elif self.thread is None and _LETTER_IN.search(content):
            self.thread = content.strip()
        self.left, self.plain, self.evidence, self.time_start = _GROUP, 0, True, _CLOSED

    def _mark(self, mark: str) -> None:
        if ":" in mark and self.left != _STAMP:
            self.behind_colon = True
        self.left = _MARK

    def _word(self, word: str, gap: str, following: str, start: int) -> bool:
        """Read a plain word. Return False if it belongs to the text."""
        if word == "Traceback":
            return False
        if word.lower() in CALENDAR_WORDS:
            if self.time is None and self.time_start == _NOT_YET:
                self.time_start = start
            self.left = _STAMP
            return True
        if not self.plain:
            self.behind_time = self.left == _STAMP
        self.left, self.time_start = _NAME, _CLOSED
        if (is_closed(gap, following) and following != ",") or (following == "[" and not gap):
            if word.endswith(EXCEPTION_ENDS):
                return False
            if self.plain >= _MAX_PLAIN_WORDS or (self.plain and following == ":" and not self.behind_time):
                return False
            self.logger, self.plain = word, 0
            return True
        self.plain += 1
        return self.plain <= _MAX_PLAIN_WORDS and not self.behind_colon

    def _token(self, token: str, start: int, end: int) -> bool:
        """Read a time, a number or a name. Return False if it belongs to the text."""
        first = token[0]
        if first.isdigit() and _TIME_TOKEN.match(token):
            if self.time_start == _NOT_YET:
                self.time_start = start
            if self.time_start >= 0:
                self.time = self.head[self.time_start : end].rstrip()
            self.left, self.plain, self.behind_colon = _STAMP, 0, False
            self.dated = self.evidence = True
            return True
        if not first.isalpha() and not _LETTER_IN.search(token):
            self.left = _NUMBER
            if self.time_start >= 0 and self.head[start - 1] == "," and self.head[start - 2].isdigit():
                self.time = self.head[self.time_start : end].rstrip()  # 10:20:30,123
                self.left = _STAMP
            return True
        if "=" in token and (token[-1] == "=" or _LEVEL_KEY.match(token)):
            return False
        if (token.endswith(EXCEPTION_ENDS) and not (self.dated and self.head[end : end + 1] == "[")) or (
            ":" in token and ("://" in token or _EXCEPTION.search(token))
        ):
            return False
        if token[-1] == ":":
            self.behind_colon = True
        elif self.behind_colon and "=" not in token:
            return False
        self.logger = token.rstrip(":")
        self.left, self.evidence, self.time_start = _NAME, True, _CLOSED
        return True


_LONGEST_LETTERS = 2
_NOT_YET, _CLOSED = -1, -2
_BRACKETS = (("[", "]"), ("(", ")"), ("<", ">"), ("{", "}"))
_MARKS = frozenset("|,;:*#~-=")
TIME_IN_STAMP = re.compile(
    r"[-/.:](?<=\d.)(?:(?<=:)\d\d|(?<=\d{4}[-/.])\d\d|(?<=[-/])\d\d?[-/]|(?<=\d\d-)\d\d )"
)
"""A mark between digits: 10:20, 2026-03, 1/3/26, `03-01 `."""
_TIME_TOKEN = re.compile(
    r"\d[\d.-]*[T_-]?\d*:\d\d[\d:.,T/+-]*(?:[AaPp][Mm]|Z)?\Z|\d{4}([-/.])\d\d\1\d\d(?:[T_-][\d:.,]+(?:Z|[+-][\d:]+)?)?\Z"
    r"|\d{1,2}[-/](?:\d\d|[A-Z][a-z]{2})(?:[-/]\d{2,4})?(?:[:T][\d:.]+)?\Z"
)
_TIME_IN = re.compile(
    r"\d{4}[-/.]\d\d[-/.]\d\d(?:,?[ T_-]\d\d[:.]\d\d[:.]\d\d[\d.,:]*(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?|\d\d:\d\d:\d\d[\d.,]*"
)
_DAY = re.compile(r"[-/.](?<=\d{4}[-/.])\d\d[-/.]\d\d")


def _time_in(content: str) -> re.Match[str] | None:
    return _TIME_IN.search(content) if ":" in content or _DAY.search(content) else None


_CRI = re.compile(r"std(?:out|err) [FP] ")
"""Kubernetes writes the stream, and whether the line is whole or a part, before what a container logs."""
_TO_THE_BRACKET = re.compile(r"[^\]\n]{6,160}\] ?")
_BEHIND_LEVEL = re.compile(r"(?:[\])>}|:,;*!#\s-]|\d{1,10} (?=---|\[)){1,40}")
_LOGGER_JOINED = re.compile(r"(?P<name>[\w$.-]{1,120}):")
"""The logger as Python's logging.basicConfig writes it: `INFO:orders:text`."""
_LOGGER = re.compile(r"(?P<name>[\w$.:/\\<>#@-]{1,120}?)(?:: | ?: | - |\s*\| )")


_ASKED_FOR = BRACKETED_WORDS | {"event": Level.INFORMATION}
"""The words that may follow `LEVEL:`. Db2 has `Event`."""
_TEXT_BEHIND_COLON = re.compile(r": +[^\s\d]")


def is_plural_level(head: str, end: int, dated: bool) -> bool:
    """Return whether a word in the plural is a level: before a colon, after a time, and not a count."""
    return dated and _TEXT_BEHIND_COLON.match(head, end) is not None


# --- levels of items ---

_DRIVES = (":\\", ":/")
"""What follows the letter of a drive in the path of a file."""


def _level_of_word(
    word: str, gap: str, following: str, end: int, walk: HeaderWalk, capitals: bool, asked: bool
) -> LevelMark | None:
    """Return the level that a word names.

    `capitals` and `asked` describe the word before: `Level:` if asked.
    """
    left, plain = walk.left, walk.plain
    if len(word) == 1:
        level = LETTERS.get(word.lower())
        behind_time = (
            (left == _STAMP or (left == _GROUP and word.isupper()))
            and walk.dated
            and not plain
            and (gap or (following in AFTER_LETTER and not walk.head.startswith(_DRIVES, end)))
        )
        is_column = (  # [10:20:30] OrderDesk     W   text; without the brackets, it may be a table
            walk.dated
            and len(gap) > 1
            and word.isupper()
            and walk.head.startswith("[")
            and walk.head[end - 3 : end - 1] == "  "
        )
        if level and (behind_time or is_column or (following == ">" and walk.evidence and word.isupper())):
            return LevelMark(level, "letter", end)
        return None
    lower = word.rstrip("0123456789+-").lower()
    if asked and (level := _ASKED_FOR.get(lower)):
        return LevelMark(level, "header", end)
    if following == ":" and lower in PLURALS and is_plural_level(walk.head, end, walk.dated):
        return LevelMark(PLURALS[lower], "header", end)
    level = BRACKETED_WORDS.get(lower)
    if level is None:
        return None
    closed = is_closed(gap, following) or (following == "[" and not gap and not word.istitle())
    if not closed and gap and _CODE_NEXT.match(walk.head, end + len(gap)):
        closed, following = True, ":"  # MSBuild: x.cs(7,3): warning CS0103: text
    if lower == "fatal" and walk.head.startswith("error:", end + len(gap)):
        closed, following = True, ":"  # Unbound: fatal error: text
    elif lower == "debug" and (number := _DEBUG_NUMBER.match(walk.head, end)):
        closed, following, gap = True, ":", ""
        end = number.end()
    if word.isupper():
        titled = capitals and plain
        if titled and (lower in _ENDS_OF_TITLES or not (walk.evidence or (following == ":" and not gap))):
            return None
        if lower not in LEVEL_WORDS:
            is_cut = lower in CUT_WORDS and (walk.behind_colon or not walk.dated)
            if (left == _MARK and following == "|") or (following == ":" and not gap and not is_cut):
                return LevelMark(level, "header", end)
            if walk.dated and not plain and gap and walk.fallback is None:
                walk.fallback = LevelMark(level, "header", end)
            return None
        if (
            closed
            or following in AFTER_CAPITALS
            or (left == _MARK and walk.head[end - len(word) - 1] in "|*#")
        ):
            return LevelMark(level, "header", end)
        if not gap and following:
            return None
        if left == _STAMP:
            return LevelMark(level, "header", end)
        follows = left in {_GROUP, _NUMBER} or _LOGGER_NEXT.match(walk.head, end + len(gap))
        return LevelMark(level, "header" if follows else "bare-word", end, bool(follows) or walk.evidence)
    if lower not in LEVEL_WORDS:
        if following == ":" and not gap and lower in _OF_COMPILERS and _PLACE_BEFORE.search(walk.head[:end]):
            return LevelMark(Level.INFORMATION, "header", end)
        return None
    if (
        walk.dated
        and gap
        and not closed
        and word.islower()
        and _PROGRAM_NEXT.match(walk.head, end + len(gap))
    ):
        return LevelMark(level, "header", end)  # F5: Mar  1 10:20:30 host err tmm[7]: text
    if left == _STAMP and walk.dated and not closed and (gap or not following):
        return LevelMark(level, "header", end, certain=word.islower())
    if not closed and gap and walk.dated and not plain and word.islower() and following in "[<(":
        before = walk.head[end - len(word) - 2 : end - len(word)]
        if before == "  " or before[-1:] == "\t":
            return LevelMark(level, "header", end)  # a column of its own: T:7    info <general>: text
    if not (closed and following not in ",;") or left == _START:
        return None
    if not walk.evidence and following == ":" and COUNT.match(walk.head, end + len(gap) + 1):
        return None
    padded = "\t" in gap or len(gap) > 1
    if plain:
        told = following == ":" and walk.evidence and lower not in _WORDS_OF_SENTENCES
        return LevelMark(level, "header", end) if told or (padded and walk.dated and word.islower()) else None
    return LevelMark(level, "header", end) if left != _NAME or walk.evidence else None


def _level_of_token(token: str, gap: str, end: int, walk: HeaderWalk) -> LevelMark | None:
    """Return the level in a name: `app.ERROR:`, `orders:WARN:`, `host/INFO/x`, `Gtk-WARNING **`."""
    if token[0] == "/" or walk.plain > (1 if walk.dated else 0):
        return None
    if (
        walk.left == _START
        and (last := _SMALL_COMPONENT.search(token))
        and _BEHIND_SMALL_COMPONENT.match(walk.head, end)
    ):
        # Zigbee2MQTT:info  2026-03-01 …, Knex:warning - text
        return LevelMark(LEVEL_WORDS[last[1]], "header", end - len(gap))
    if not _CAPITALS.search(token):
        return None
    for part in _COMPONENT.finditer(token.partition("://")[0]):
        word = part[1].lower()
        if level := LEVEL_WORDS.get(word) or (
            BRACKETED_WORDS.get(word) if token.endswith(f"{part[1]}:") else None
        ):
            return LevelMark(level, "header", end - len(gap) - len(token) + part.end())
    if walk.head.startswith("**", end) and (gtk := _GTK.match(token)):
        return LevelMark(_GTK_WORDS[gtk[1].lower()], "header", end)
    if walk.dated and "-" in token and walk.fallback is None and (joined := _JOINED.match(token)):
        level = LEVEL_WORDS[joined[1].lower()]
        walk.fallback = LevelMark(level, "header", end - len(gap) - len(token) + joined.end())
    return None


_CAPITALS = re.compile(r"[A-Z]{3}")
_JOINED = re.compile(
    r"[A-Za-z_][\w.]{0,80}(?<=[a-z\d_])-(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL)(?=-|:?\Z)"
)
"""A name and a level that a configuration joins, after a time: `…,123-shop.orders-ERROR-text`. It may also be
a name alone."""
_SMALL_COMPONENT = re.compile(r"\w:(debug|info|warn|warning|error)\Z")
_BEHIND_SMALL_COMPONENT = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|- ")

_WHOLE = re.compile(r"[\s=*_-]{0,12}([A-Za-z]{1,13})\d?[\s=*_-]{0,12}\Z")
_LEVEL_FIRST = re.compile(r"\s{0,4}([A-Za-z]{1,13})(?:\s{1,9}\d|\s{0,9}[|,]|::|: |#\w)")
_LETTER_AMONG = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d{3,6} ([DIWEFC]) \d{1,10} \d{1,10}\Z")
"""Ray, after the name of what it relays: `(raylet) [2026-03-01 10:20:30,123 W 7 8]`."""
_LETTER_OF_LOGGER = re.compile(r"([DVIWEF])(?::[a-z]\w{0,40}:| [A-Za-z][\w./-]{0,80}\.[a-z]{1,4}:\d{1,6}\Z)")
"""After a time: `[W:onnxruntime:Default, graph.cc:7 Resolve]` of ONNX Runtime, and `[E socket.cpp:7]` of
PyTorch before 2.2."""
_LEVEL_LAST = re.compile(r"(?:[:#|,;]\s?|[\w)]/|[.@](?=[A-Z]{3}))([A-Za-z]{3,13})\d?\Z")
_BLANK_LAST = re.compile(
    r" (TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|FATAL|CRITICAL|TRC|DBG|INF|WRN|ERR)\Z"
)
_AMONG = re.compile(r"\s(TRACE|DEBUG?|INFO|NOTI|WARN|WARNING|ERROR?|CRIT|FATAL)\s")
"""After a time, a thread and spaces: `[2026-03-01T10:20:30.123Z main  ERROR c.acme.Orders] text`."""
_LIST = re.compile(r"(?:[:,|])([A-Za-z]{3,13})(?=[:,|])")


def _level_in_group(group: str, start: int, following: str, walk: HeaderWalk) -> LevelMark | None:
    """Return the level in brackets."""
    opener, content = group[0], group[1:-1]
    end = start + len(group)
    if whole := _WHOLE.match(content):
        word = whole[1]
        if len(word) <= 2:
            return _letter_in_group(word, opener, end, walk)
        lower = word.lower()
        level = BRACKETED_WORDS.get(lower) if opener in "[<" else LEVEL_WORDS.get(lower)
        mark = LevelMark(level, "header", end) if level else None
        if mark and lower in NAMES_TOO and following != ":":
            walk.fallback = walk.fallback or mark
            return None
        return mark
    if opener == "[" and content[:4].isdigit() and (among := _LETTER_AMONG.match(content)):
        return LevelMark(LETTERS[among[1].lower()], "letter", end)
    if opener != "[":
        return None
    if not walk.tells(content.lower()) or content[1:2] == ":":
        return _letter_first(content, end, walk)
    if (among := _AMONG.search(content)) and _TIME_IN.search(content, 0, among.start()):
        return LevelMark(LEVEL_WORDS[among[1].lower()], "header", end)
    if first := _LEVEL_FIRST.match(content):
        if len(first[1]) == 1:
            if letter := _letter_first(content, end, walk):
                return letter
        elif level := LEVEL_WORDS.get(first[1].lower()):
            return LevelMark(level, "header", end)
    last = _LEVEL_LAST.search(content)
    if last and (level := LEVEL_WORDS.get(last[1].lower())):
        behind_slash = content[last.start() + 1] == "/"
        if not behind_slash or (last[1].isupper() and content.count("/") == 1):
            return LevelMark(level, "header", end)
    if walk.fallback is None:
        if blank := _BLANK_LAST.search(content):
            if _TIME_IN.search(content):
                return LevelMark(LEVEL_WORDS[blank[1].lower()], "header", end)
            walk.fallback = LevelMark(LEVEL_WORDS[blank[1].lower()], "header", end)
        elif content == "GIN-debug":  # of what gin logs in its mode for development
            walk.fallback = LevelMark(Level.DEBUG, "header", end)
    for part in _LIST.finditer(content):
        if (level := LEVEL_WORDS.get(part[1].lower())) and (part[1].isupper() or _TIME_IN.search(content)):
            return LevelMark(level, "header", end)
    return None


def _letter_first(content: str, end: int, walk: HeaderWalk) -> LevelMark | None:
    first = content.lstrip()[:1]
    if first not in _LETTERS_FIRST or walk.left not in (_START, _STAMP):
        return None
    match = _LEVEL_FIRST.match(content)
    if match is None and walk.dated:
        match = _LETTER_OF_LOGGER.match(content)
    return LevelMark(LETTERS[first.lower()], "letter", end) if match and match[1] == first else None


_LETTERS_FIRST = frozenset(letter.upper() for letter in LETTERS)


def _letter_in_group(letter: str, opener: str, end: int, walk: HeaderWalk) -> LevelMark | None:
    level = LETTERS.get(letter[0].lower())
    if (
        level is None
        or not letter.isupper()
        or letter[-1] != letter[0]
        or (opener == "(" and letter == "C")
        or opener == "{"
        or walk.plain
        or walk.behind_colon
        or walk.left == _NUMBER
        or (walk.left == _NAME and not walk.dated)
    ):
        return None
    return LevelMark(level, "letter", end)
