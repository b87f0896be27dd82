"""Levels that a format writes as a letter, a mark or a number, or in a place of its own.

Like level words, they are in the header of a line (`headers`), but each format has its own notation.
"""

import re
from re import Match

from msgspec import Struct

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import (
    BRACKETED_WORDS,
    LETTERS,
    LEVEL_WORDS,
    WORDS_ALONE,
    words_of,
)


class LevelMark(Struct, frozen=True, gc=False):
    """A level in the header of a line."""

    level: Level
    rule: str
    """The notation: `header` (a word), `bare-word`, `letter`, `redis-mark`, `npmlog` or `second-line`."""
    end: int
    """The position after the level in the line."""
    certain: bool = True
    """Whether the level is certain. If not, the word may belong to the text, and the line may have another
    level."""


def level_of_first_sign(head: str) -> LevelMark | None:
    """Return the level of a line whose first characters identify the format, or None."""
    first = head[:1]
    if first in _CAPITALS:
        if letter := _LETTER.match(head):
            return _of_letter(letter, head)
        if first == "P" and (php := _PHP.match(head)):
            return _of_php(php)
        if first in "CP" and (suricata := _SURICATA.match(head)):
            return LevelMark(Level.DEBUG, "header", suricata.end(1))
        if first == "D" and head.startswith("Deprecated: "):  # PHP, where it displays errors
            return LevelMark(Level.WARNING, "header", len("Deprecated"))
        if first == "L" and (unreal := _UNREAL.match(head)):
            return _of_unreal(unreal)
    elif first in _DIGITS:
        if head[4:5] != "-" and (redis := _REDIS.match(head)):
            return LevelMark(_REDIS_MARKS[redis[1]], "redis-mark", redis.end())
        if first == "[":
            if head[3:4] == "-" and (php := _PHP.match(head)):
                return _of_php(php)
            return _of_bracketed_sign(head)
    elif first in "#:":
        return _of_command(head) if head[1:2] == first else None
    elif first == "=":
        if erlang := _ERLANG.match(head):
            level = _ERLANG_WORDS.get(erlang[1].lower())
            return LevelMark(level, "header", erlang.end()) if level else None
    elif first.islower() and (npm := _NPMLOG.match(head)):
        level = _NPM_WORDS.get(npm[npm.lastindex or 0].lower())
        return LevelMark(level, "header" if npm.lastgroup else "npmlog", npm.end()) if level else None
    elif first == "S" and (slf4j := _SLF4J.match(head)):
        return LevelMark(LETTERS[slf4j[1].lower()], "letter", slf4j.end())
    return None


def level_of_known_layout(head: str) -> LevelMark | None:
    """Return the level of a line in a layout that can be identified by its beginning, or None."""
    if relayed := level_of_relayed_glog(head):
        return relayed
    if head[:1].isdigit():
        if head[29:32] == "##[":  # after the time that a runner of GitHub or Azure writes
            return _of_command(head[29:], 29)
        if match := _DATED.match(head):
            sign = match[match.lastindex or 0]
            level = _DATED_SIGNS.get(sign) or LETTERS[sign.lower()]
            return LevelMark(level, "redis-mark" if sign in _REDIS_MARKS else "letter", match.end())
        if head[19:24] == " UTC:" and (rds := RDS_POSTGRESQL.match(head)):
            return LevelMark(BRACKETED_WORDS[rds[1].lower()], "header", rds.end(1))
        if head[19:20] == "." and (csv := _POSTGRESQL_CSV.match(head)):
            return LevelMark(BRACKETED_WORDS[csv[1].lower()], "header", csv.end())
        if head[2:3] != ":":
            return None
    if "," in head[:60] and (topics := _ROUTEROS.match(head)):
        words = [LEVEL_WORDS[word] for word in topics[1].split(",") if word in LEVEL_WORDS]
        if words:
            return LevelMark(max(words, key=_ORDER.index), "header", topics.end(1))
    return None


def level_of_relayed_glog(head: str) -> LevelMark | None:
    """Return the level in glog's header behind a time, a host, a program or a container, or None.

    Ray writes the process in parentheses: `(pid=raylet, ip=10.0.0.7) E0301 …`. A level that stands before
    the header takes precedence.
    """
    if ".go:" not in head and ".cc:" not in head:
        return None
    glog = _RELAYED_GLOG.match(head)
    if glog is None or not WORDS_ALONE.isdisjoint(words_of(head[: glog.start(1)])):
        return None
    return LevelMark(LETTERS[glog[1].lower()], "letter", glog.end())


_RELAYED_GLOG = re.compile(
    r"(?:\([^()\n]{1,80}\) |(?:[^\s\"=]{1,80} ){1,6})"
    r"([DIWEF])(?:\d{4}|\d{6}|\d{8}) \d\d:\d\d:\d\d\.\d{3,6} {1,7}\d{1,9} "
    r"(?:\d{1,2}@)?[\w./-]{1,80}\.(?:go|cc):\d{1,5}(?:\] ?| )"  # CockroachDB: 1@util/log/log.go:7
)
_CAPITALS = frozenset("ADIWEFCVTNXPL")
_DIGITS = frozenset("[0123456789")

# --- a letter first ---

_LETTER = re.compile(
    r"([ADIWEFCVTNX])(?:"
    r" ?(?:\d{4}|\d{6}|\d{8})(?: \d\d:?\d\d"  # glog, klog, CockroachDB, tornado: I0305 10:20:30.123456
    r"|-\d\d:\d\d:\d\d\.\d{3}\()"  # Meteor: W20260301-10:20:30.123(0)? text
    r"| \(\d{1,10}\) [\w.-]{1,40}: "  # ESP-IDF: I (123) wifi: text
    r"|/[\w.$ -]{1,60}(?:\(| ?:)"  # Android, brief: W/Tag( 123): text
    r"|[,:|]? ?\[?\d{4}[-/]\d\d[-/]\d\d"  # Ruby: D, [2026-…; others: E 2026-…
    r"| \d\d:\d\d:\d\d"  # E 10:20:30 text
    r"| \d\d/\d\d/\d\d \d\d:\d\d:\d\d "  # HP ProCurve: W 03/01/26 10:20:30 00564 ports: text
    r"| \[\d\d/[A-Z][a-z]{2}/\d{4}:"  # CUPS: E [01/Mar/2026:10:20:30 +0000]
    r"| \| (?![^|\n]{0,40}\|)"  # E | text, but no row of a table
    r"| [a-z]\w{0,40}(?:\.[\w$]{1,60}){1,12} {0,40}: "  # Logback: E com.acme.Orders   : text
    r"|(?<=[DIWEFT]) \[[A-Za-z][\w.#/:-]{1,60}\] <[\w.$]{1,80}> "  # Logback: E [main] <c.a.Orders> text
    r"|(?P<apt>[:!] )(?=\S)"  # apt: E: Unable to locate package; Telegraf, CloudWatch agent: W! text
    r")"
)
_APT = frozenset("DIWE")
_CUPS = {"X": Level.FATAL, "A": Level.FATAL}
"""CUPS alone has these: error_log(5) names X emergency and A alert."""
_ABSL_CRITICAL = re.compile(r"E\d{4} [^\]]{1,120}\] CRITICAL - ")
"""absl-py writes a critical log with the letter of an error and this in front of the text (absl/logging)."""


def _of_letter(letter: Match[str], head: str) -> LevelMark | None:
    sign = letter[1]
    if letter["apt"] and sign not in _APT:
        return None
    if sign in _CUPS:
        # A, [2026-…] is Ruby's UNKNOWN, which is no level.
        is_cups = "[" in letter[0] and "," not in letter[0]
        return LevelMark(_CUPS[sign], "letter", 1) if is_cups else None
    if sign == "E" and (absl := _ABSL_CRITICAL.match(head)):
        return LevelMark(Level.FATAL, "header", absl.end())
    return LevelMark(LETTERS[sign.lower()], "letter", 1)


# --- a bracket first ---

_BRACKETED = re.compile(
    # c10: [W301 10:20:30.1 x.cpp:7] text, and without a time before PyTorch 2.2
    r"\[(?:rank\d{1,6}\]:\[)?(?P<torch>[DIWEFC])"
    r"(?:\d{3,4} \d\d:\d\d:\d\d| [A-Za-z][\w./-]{0,80}\.[a-z]{1,4}:\d{1,6}\])"
    r"|\[[A-Z_]{4,20} {0,12}\] ?(?P<dms>[DIWEFVT]): "  # AWS DMS, quoted without its time
    r"|\[\d{1,10}\] (?P<puma>! Unable|!) "
    r"|\[\d{1,2}/\d{1,2}/\d{2,4},? \d{1,2}:\d\d:\d\d:\d{3} [A-Z]{2,5}\] [0-9a-f]{8} \S{1,80} +"
    r"(?P<websphere>[FEWAICDOR123<>]) "
    r"|\[[\d:.]{8,12}\]\[(?P<esphome>[EWICDV])V?\]\[[\w.-]{1,60}:\d{1,5}\]: "
    r"|\[ {0,8}\d{1,10}\.\d{3}\] \((?P<xorg>--|\*\*|==|\+\+|!!|\?\?)\) "
    r"|\[(?:\d{10}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\] [A-Z ]{8,40}: (?:[^;\n]{1,80};){1,3}"
    r"(?P<nagios>OK|UP|WARNING|UNKNOWN|CRITICAL|DOWN|UNREACHABLE);"
    r"|\[\d{1,10} - [\w#-]{1,40}\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?P<suricata>Config|Perf): "
    r"|\[[\w.:-]{1,60}:\d{1,10}\] {1,6}(?P<dancer>core|debug|info|warning|error) @\d{4}-"
    r"|(?P<unreal>\[\d{4}\.\d\d\.\d\d-\d\d\.\d\d\.\d\d:\d{3}\]\[ {0,3}\d{1,3}\]Log[A-Z])"
)
_BRACKETED_SIGNS = {
    "torch": {letter.upper(): level for letter, level in LETTERS.items()},
    "dms": {letter.upper(): level for letter, level in LETTERS.items()},
    # Puma's marks, after its process (lib/puma): what it cannot do, and other warnings.
    "puma": {"! Unable": Level.ERROR, "!": Level.WARNING},
    # Its event types (WebSphere Application Server, "Interpreting the JVM logs" and "Trace output"). What a
    # program prints (O, R) is not judged by it.
    "websphere": {
        "F": Level.FATAL,
        "E": Level.ERROR,
        "W": Level.WARNING,
        **dict.fromkeys("AI", Level.INFORMATION),
        **dict.fromkeys("CD123<>", Level.DEBUG),
    },
    "esphome": {  # C: the configuration of a component
        "E": Level.ERROR,
        "W": Level.WARNING,
        "I": Level.INFORMATION,
        **dict.fromkeys("CDV", Level.DEBUG),
    },
    "dancer": {
        "core": Level.DEBUG,
        **{word: LEVEL_WORDS[word] for word in ("debug", "info", "warning", "error")},
    },
    "suricata": dict.fromkeys(("Config", "Perf"), Level.DEBUG),
    "xorg": dict.fromkeys(("--", "**", "==", "++", "!!", "??"), Level.INFORMATION),
    "nagios": {
        **dict.fromkeys(("OK", "UP"), Level.INFORMATION),
        **dict.fromkeys(("WARNING", "UNKNOWN"), Level.WARNING),
        **dict.fromkeys(("DOWN", "UNREACHABLE"), Level.ERROR),
        "CRITICAL": Level.FATAL,
    },
}


def _of_bracketed_sign(head: str) -> LevelMark | None:
    match = _BRACKETED.match(head)
    kind = match.lastgroup if match else None
    if match is None or kind is None:
        return None
    if kind == "unreal":
        unreal = _UNREAL.match(head, match.end() - len("LogX"))
        return _of_unreal(unreal) or LevelMark(Level.INFORMATION, "letter", match.end()) if unreal else None
    level = _BRACKETED_SIGNS[kind].get(match[kind])
    return (
        LevelMark(level, "letter" if len(match[kind]) == 1 else "header", match.end(kind)) if level else None
    )


_SURICATA = re.compile(r"(Config|Perf): [a-z][a-z0-9-]{1,40}: ")
"""Two of the levels of SCLogLevel (Suricata) that no other program has; `detect: ` is a module."""
_UNREAL = re.compile(r"Log[A-Z]\w{0,60}: (?:(Display|Log|Verbose|VeryVerbose|Warning|Error|Fatal): )?")
_UNREAL_WORDS = {
    **dict.fromkeys(("Display", "Log"), Level.INFORMATION),
    **dict.fromkeys(("Verbose", "VeryVerbose"), Level.DEBUG),
    "Warning": Level.WARNING,
    "Error": Level.ERROR,
    "Fatal": Level.FATAL,
}
"""The names of ELogVerbosity (Unreal Engine); `Log` itself is left out of a line."""


def _of_unreal(unreal: Match[str]) -> LevelMark | None:
    return LevelMark(_UNREAL_WORDS[unreal[1]], "header", unreal.end(1)) if unreal[1] else None


# --- words and marks of one program ---

_REDIS = re.compile(
    r"(?:\[?\d{1,8}+(?::\d{1,8}+)?(?::[A-Z])?\]? )?"  # KeyDB: process, thread and role
    r"\d{1,2}+ [A-Z][a-z]{2} (?:\d{4} )?\d\d:\d\d:\d\d[.\d]{0,8} "
    r"([.*#-]) (?![\[(<]|[A-Z]{4})"
)
_REDIS_MARKS = {".": Level.DEBUG, "-": Level.DEBUG, "*": Level.INFORMATION, "#": Level.WARNING}

_NPMLOG = re.compile(
    r"(?:npm|yarn|pnpm|gyp|lerna) ([A-Za-z]{3,7}!?) |(sill|verb) |[\w-]{1,20} (ERR!) |(d) \[\d\d/[A-Z]"
    r"|(?P<kotlin>[ew]): (?:file:///|/|[A-Z]:\\)"  # its compiler: e: file:///App.kt:12:5 text
    r"|(?:[a-z0-9-]{1,20}-|g)?make(?:\[\d{1,4}\])?: (?P<make>\*\*\*) "
    r"|[a-z][a-z0-9-]{1,20}:(?P<topic>error|warn|warning|info|debug)(?: (?=\D)|\Z)"  # prisma:warn text
)
_NPM_WORDS = {
    **LEVEL_WORDS,
    **dict.fromkeys(("err!", "e", "***"), Level.ERROR),
    "w": Level.WARNING,
    **dict.fromkeys(("sill", "verb", "d"), Level.DEBUG),  # `d` is CUPS: debug2
    **dict.fromkeys(("http", "timing"), Level.INFORMATION),
}

_SLF4J = re.compile(r"SLF4J\(([DIWE])\): ")
"""What SLF4J reports of itself since 2.0.10 (org.slf4j.helpers.Reporter)."""

_PHP = re.compile(
    r"(?:\[\d\d-[A-Z][a-z]{2}-\d{4} [^\]]{1,50}\] )?PHP ([A-Z][A-Za-z]{4,10}(?: [A-Za-z]{5,9}){0,2}): "
)
_PHP_NAMES = {
    **dict.fromkeys(("Notice", "Strict Standards"), Level.INFORMATION),
    **dict.fromkeys(("Warning", "Deprecated"), Level.WARNING),
    **dict.fromkeys(("Recoverable fatal error", "Catchable fatal error"), Level.ERROR),
    **dict.fromkeys(("Fatal error", "Parse error"), Level.FATAL),
}
"""The names of php_error_cb (main/main.c of PHP); a script ends with a fatal error and with a parse error."""


def _of_php(php: Match[str]) -> LevelMark | None:
    level = _PHP_NAMES.get(php[1])
    return LevelMark(level, "header", php.end()) if level else None


_ERLANG = re.compile(r"=([A-Z]{4,10}) REPORT====")
_ERLANG_WORDS = LEVEL_WORDS | {
    **dict.fromkeys(("supervisor", "crash"), Level.ERROR),
    "progress": Level.INFORMATION,
}

# --- commands to a build server ---

_COMMAND = re.compile(
    r"##\[(?P<azure>[a-z]{4,10})\]|##vso\[task\.logissue type=(?P<issue>[a-z]{5,7})"
    r"|##teamcity\[(?:message (?:[^\n]{0,250}? )??status='(?P<status>[A-Z]{5,8})'"
    r"|(?P<teamcity>[A-Za-z]{4,40})\b)"
    r"|::(?P<github>[a-z-]{4,13})(?: [^\n]{0,250}?)??::"
)
_OF_COMMANDS = {
    **{word: LEVEL_WORDS[word] for word in ("debug", "notice", "warning", "error", "failure")},
    **dict.fromkeys(("group", "endgroup", "section", "command", "normal", "message"), Level.INFORMATION),
    **dict.fromkeys(("buildproblem", "testfailed"), Level.ERROR),
    **dict.fromkeys(("teststarted", "testfinished", "testsuitestarted"), Level.INFORMATION),
}
"""GitHub's "Workflow commands", Azure Pipelines' "Logging commands" and TeamCity's "Service messages"."""


def _of_command(head: str, start: int = 0) -> LevelMark | None:
    """Return the level of a command to a build server: `##[section]`, `::warning file=x::`."""
    command = _COMMAND.match(head)
    level = _OF_COMMANDS.get(command[command.lastindex or 0].lower()) if command else None
    return LevelMark(level, "header", start + command.end()) if command and level else None


# --- layouts that begin with a time ---

_DATED = re.compile(
    r"\d{4}-\S{5,35}+ (?:"
    r"([DIWEF])\d? +[A-Z-]{1,12} +\["  # MongoDB before 4.4: D2 QUERY    [conn1]
    r"|[\d:.,]{8,12} [A-Z]{2,5} \[[A-Z0-9]{2,5}\.\d{4}\.\d{4}([CEWIDTV])\d?\] "  # webMethods
    r"|\S{1,60}+ (REPORT) \["  # timbre, whose time has no space in it
    r"|\[[A-Z_ ]{1,30}\]([DIWEFVT]): "  # AWS DMS: [SOURCE_CAPTURE  ]I:  text
    r"|(Em|Al|Cr|Er|Wa|No|In|Db)\(\d{1,3}\) "  # ESXi: In(182) vmkernel: text
    r"|[\d:.]{15}[+-]\d{4} 0x[0-9a-f]{1,8} +(Default|Activity|Fault) +0x"  # macOS: log show
    r"|[\d:.]{12} {1,3}\d{1,7}-\d{1,7}/[\w.:?-]{1,80} ([VDIWEFA])/"  # Android Studio: 7-8/com.acme E/Tag:
    r"|\d{1,8}(?::\d{1,8})?:[A-Z] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} ([.*#-]) "  # Redis
    r")|\d{1,2}:\d\d:\d\d\.\d{9} +\d+ +0x[0-9a-f]+ +(LOG|FIXME|MEMDUMP) "  # GStreamer
    r"|\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +[a-z][\w-]{0,20} +\d{1,7} +\d{1,7} ([VDIWEFA]) "  # Android: uid
    r"|\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\| {0,6}[\w.()-]{1,40}\|[\w.()-]{1,80}\|([CEWNIDP])\|"  # Grid Engine
)
_DATED_SIGNS = {
    **_REDIS_MARKS,
    **dict.fromkeys(("Em", "Al", "Cr", "Fault", "A"), Level.FATAL),  # A is Android's assert
    "Er": Level.ERROR,
    **dict.fromkeys(("Wa", "FIXME"), Level.WARNING),
    **dict.fromkeys(("No", "In", "REPORT", "Default"), Level.INFORMATION),
    **dict.fromkeys(("Db", "LOG", "MEMDUMP", "Activity", "P"), Level.DEBUG),
}
"""P is the profiling of Grid Engine (source/libs/uti/sge_log.c), which pads the name of a thread to six
characters. Its other letters are in `LETTERS`."""
_POSTGRESQL_CSV = re.compile(  # the twelfth field: error_severity (PostgreSQL, "Using CSV-Format Log Output")
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \w{1,5},[^\n]{1,220}?,"
    r"(DEBUG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|LOG)\d?,[0-9A-Z]{5},"
)
_NAME_IN_POSTGRESQL = r"(?:[\w.$-]{0,63}|\[unknown\])"
RDS_POSTGRESQL = re.compile(  # log_line_prefix %t:%r:%u@%d:[%p]: ("RDS for PostgreSQL database log files")
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC:(?:[\w.:-]{0,60}\(\d{1,5}\)|\[local\])?:"
    rf"{_NAME_IN_POSTGRESQL}@{_NAME_IN_POSTGRESQL}:\[\d{{1,10}}\]:"
    r"(DEBUG|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION): "
)
_ROUTEROS = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [\w.-]{1,60} )?"  # a host in between, with syslog
    r"(?:[A-Za-z]{3}/\d\d(?:/\d{4})? )?(?:\d\d:\d\d:\d\d )?"
    r"([a-z][a-z0-9-]{1,15}(?:,!?[a-z0-9-]{2,16}){1,5}) (?=\S)"
)
"""RouterOS writes topics, of which one or two are levels: `system,error,critical text`."""
_ORDER = tuple(Level)
