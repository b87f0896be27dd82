"""Levels that a format writes in the header of a line as a number on its own scale.

Each layout is identified as a whole, including the time, since a number alone is not a level:

| program | its number |
|---|---|
| sssd | `(0x0020)`, a bit of its debug level, or its place |
| Samba | `[2026/03/01 10:20:30.123,  1]`: 0 error, 1 warning, 3 notice, 5 info, 10 debug |
| Ceph | after time and thread: -1 for errors, otherwise from terse (1) to verbose (20) |
| Eclipse, Equinox | `!ENTRY plug-in 4 0 time`: 0 ok, 1 info, 2 warning, 4 error, 8 cancel |
| OpenPBS, TORQUE | `…;0001;`, kinds of events as bits: 1 error, 20 security, 80, 100, 400 and 800 debug |

Their sources: sssd.conf(5), `debug_level`; lib/util/debug.h of Samba; "Logging and Debugging" of Ceph, with
`lderr` of src/common/dout.h and the layout of src/log/Log.cc; IStatus.java and EclipseLogWriter.java of
Equinox; src/include/log.h of OpenPBS and of TORQUE.
"""

import re
from collections.abc import Callable

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_marks import LevelMark


def level_of_number(head: str) -> LevelMark | None:
    """Return the level of a line in one of these layouts, or None."""
    reader = _READERS.get(head[:1])
    return reader(head) if reader else None


_SSSD = re.compile(
    r"(?:\* {1,2})?\((?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?::\d{6})? \d{4}"
    r"|\d{4}-\d\d-\d\d {1,2}\d{1,2}:\d\d:\d\d(?::\d{6})?)\):? "
    r"\[[^\n]{1,100}?\] \[[^\]\n]{1,80}\] \((?:0x(?P<bit>[0-9a-f]{4,5})|(?P<place>\d))\): "
)
_SSSD_BITS = {
    **dict.fromkeys((0x10, 0x20), Level.FATAL),  # fatal and critical failures
    0x40: Level.ERROR,  # serious failures
    0x80: Level.WARNING,  # minor failures
    **dict.fromkeys((0x100, 0x200), Level.INFORMATION),  # configuration, data of functions
}
_SSSD_PLACES = (
    *(Level.FATAL,) * 2,
    Level.ERROR,
    Level.WARNING,
    *(Level.INFORMATION,) * 2,
    *(Level.DEBUG,) * 4,
)


def _of_sssd(head: str) -> LevelMark | None:
    match = _SSSD.match(head)
    if match is None:
        return None
    if bit := match["bit"]:
        return LevelMark(_SSSD_BITS.get(int(bit, 16), Level.DEBUG), "number", match.end())
    return LevelMark(_SSSD_PLACES[int(match["place"])], "number", match.end())


_SAMBA = re.compile(
    r"\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?, {1,2}(?P<level>\d{1,2})(?:,[^\]\n]{0,120})?\]"
    r"(?! \S{1,120}\(main\))"  # what Samba writes when it starts has level 0, too (DBG_STARTUP_NOTICE)
)
_SAMBA_NOTICES = 5


def _of_samba(head: str) -> LevelMark | None:
    match = _SAMBA.match(head) if head[5:6] == "/" else None
    if match is None:
        return None
    number = int(match["level"])
    if number <= 1:
        level = (Level.ERROR, Level.WARNING)[number]
    else:
        level = Level.INFORMATION if number <= _SAMBA_NOTICES else Level.DEBUG
    return LevelMark(level, "number", match.end())


_CEPH = re.compile(
    r"(?:debug )?"  # `log_stderr_prefix`, as Rook and cephadm set it
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{3,6}(?:[+-]\d{4}|Z)? "
    # the thread is an address, which begins with 7 on x86-64, mostly with 7f, and with ffff on ARM
    r"(?:(?:7f|ffff)[0-9a-f]{6,14}|7[0-9a-e](?=\d{0,9}[a-f])[0-9a-f]{10}) {1,2}(?P<level>-1|\d{1,2}) "
    r"(?:log_channel\(\w{1,20}\) log \[(?P<word>[A-Z]{3})\] )?(?=\S)"
)

_CLOG_WORDS = {
    "DBG": Level.DEBUG,
    "INF": Level.INFORMATION,
    "WRN": Level.WARNING,
    "ERR": Level.ERROR,
    "SEC": Level.FATAL,
}
"""The levels of the cluster log. SEC is syslog's critical (`clog_type_to_syslog_level` of
src/common/LogEntry.cc)."""


def _of_ceph(head: str) -> LevelMark | None:
    match = _CEPH.match(head)
    if match is None:
        return None
    if (word := match["word"]) and (named := _CLOG_WORDS.get(word)):
        return LevelMark(named, "header", match.end())
    number = int(match["level"])
    level = Level.ERROR if number < 0 else Level.INFORMATION if number <= 1 else Level.DEBUG
    return LevelMark(level, "number", match.end())


_PBS = re.compile(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d(?:\.\d{6})?;(?P<bits>[0-9a-f]{4});[^;\n]{1,80};")
_PBS_ERROR, _PBS_SECURITY, _PBS_DEBUG = 0x1, 0x20, 0xD80


def _of_pbs(head: str) -> LevelMark | None:
    match = _PBS.match(head)
    if match is None:
        return None
    bits = int(match["bits"], 16)
    if bits & _PBS_ERROR:
        level = Level.ERROR
    elif bits & _PBS_SECURITY:
        level = Level.WARNING
    else:
        level = Level.DEBUG if bits & _PBS_DEBUG else Level.INFORMATION
    return LevelMark(level, "number", match.end("bits"))


_ENTRY = re.compile(r"!(?:ENTRY|SUBENTRY \d{1,3}) [\w.-]{1,120} ([01248]) -?\d{1,6} \d{4}-\d\d-\d\d ")
_ENTRIES = {"2": Level.WARNING, "4": Level.ERROR}


def _of_entry(head: str) -> LevelMark | None:
    entry = _ENTRY.match(head)
    return LevelMark(_ENTRIES.get(entry[1], Level.INFORMATION), "number", entry.end(1)) if entry else None


def _of_digit(head: str) -> LevelMark | None:
    if head[2:3] == "/":
        return _of_pbs(head) if ";" in head[19:27] else None
    return _of_ceph(head) if " 7" in head[18:34] or " ffff" in head[18:36] else None


def _of_prefix(head: str) -> LevelMark | None:
    return _of_ceph(head) if head.startswith("debug 2") else None


_READERS: dict[str, Callable[[str], LevelMark | None]] = {
    "(": _of_sssd,
    "*": _of_sssd,
    "[": _of_samba,
    "!": _of_entry,
    "d": _of_prefix,
    **dict.fromkeys("0123456789", _of_digit),
}
