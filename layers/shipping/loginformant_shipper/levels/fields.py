"""Rule `field`: the level that a structured log gives in a field of its own."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from loginformant_shipper.levels.codes import is_prose
from loginformant_shipper.levels.vocabulary import (
    AZURE,
    FIELD_WORDS,
    GOOGLE,
    JAVA_UTIL,
    LOGBACK,
    MONOLOG,
    NEXTCLOUD,
    OPENTELEMETRY,
    PYTHON,
    SYSLOG,
    TENS,
    WINDOWS,
    Decision,
    Scale,
)
from loginformant_shipper.names import Level

Fields = dict[str, Any]


def decide_by_field(fields: Fields) -> Decision | None:
    """The level of a JSON object; None where no field of it is a level.

    Fields that are named for a level and hold no severity (`"level": "Metadata"` of the Kubernetes audit log)
    are passed over.
    """
    if level := _level_of(fields):
        return Decision(level, "field")
    for container in _CONTAINERS.intersection(fields):
        inner = fields[container]
        if isinstance(inner, dict) and (level := _level_of(inner)):
            return Decision(level, "field")
    if "@t" in fields and ("@m" in fields or "@mt" in fields):
        # The compact log event format of Serilog leaves "@l" out where the level is Information.
        return Decision(Level.INFORMATION, "field")
    return None


_HEADER = 300
"""A header in front of a JSON object has at most this many characters."""
_STARTS_A_HEADER = re.compile(
    r"[\d\[<(]|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun) "
    r"|[\w.-]{1,60} {1,30}\|"
)


def decide_by_json_behind_header(text: str) -> Decision | None:
    """The level of a JSON object behind time stamps and names; None where there is no such object.

    Syslog, Docker Compose and others put a header before what a program writes. An object behind a
    sentence is what the sentence is about.
    """
    if text[-1:] != "}":
        return None
    start = text.find('{"', 1, _HEADER)
    if (
        start < 0
        or text[start - 1] not in " \t|"
        or not _STARTS_A_HEADER.match(text)
        or is_prose(text[:start])
    ):
        return None
    try:
        return decide_by_field(orjson.loads(text[start:]))
    except ValueError:
        return None


# --- names ------------------------------------------------------------------------------------------------


def _spellings(*words: str) -> Iterator[str]:
    """`log`, `level` → `log_level`, `logLevel`, `LogLevel`, `log.level`, `LOG_LEVEL`, `@log_level` …"""
    camel = words[0] + "".join(word.capitalize() for word in words[1:])
    for joined in {mark.join(words) for mark in ("", "_", ".", "-")} | {camel}:
        for spelling in (joined, joined[0].upper() + joined[1:], joined.upper()):
            yield from (spelling, f"@{spelling}", f"_{spelling}")


_WORDS_FIRST = (
    ("level", "name"),
    ("log", "level", "name"),
    ("severity", "text"),
    ("severity", "label"),
    ("level", "label"),
    ("level", "display", "name"),
    ("log", "level"),
    ("level",),
    ("lvl",),
    ("log", "severity"),
    ("severity",),
    ("syslog", "severity"),
    ("severity", "number"),
    ("severity", "level"),
    ("level", "no"),
    ("level", "number"),
    ("level", "value"),
    ("level", "str"),
    ("msg", "level"),
    ("message", "level"),
    ("event", "severity"),
    ("error", "severity"),
    ("log", "type"),
    ("activity", "type"),
    ("lev",),
    ("sev",),
)
_NAMES = {spelling: rank for rank, words in enumerate(_WORDS_FIRST) for spelling in _spellings(*words)}
_NAMES |= {"@l": -1, "s": 95, "PRIORITY": 96, "priority": 97, "status": 98, "type": 99}
"""The names of fields that hold a level, the most telling first: where a log has both, `level_name` is a word
and `level` a number on some scale. `@l` is Serilog's, `s` MongoDB's, `PRIORITY` the journal's, `priority`
Falco's, `status` Datadog's."""
_KNOWN = frozenset(_NAMES)

_CONTAINERS = frozenset(
    {
        "log",
        "@fields",
        "fields",
        "record",
        "_meta",
        "_logMeta",
        "meta",
        "level",
        "Level",
        "severity",
        "syslog",
    }
    | {"logEvent", "context", "attributes", "otel", "@metadata"}
    | {"logger", "metadata", "extra", "info", "properties", "body"}
)
"""Fields that hold an object with the level in it: ECS, winston, loguru, tslog, log4js, roarr."""
_NAMES_INSIDE_LEVEL = ("name", "levelStr", "label", "Label", "text")


# --- values -----------------------------------------------------------------------------------------------


def _level_of(fields: Fields) -> Level | None:
    names = _KNOWN.intersection(fields)
    if not names:
        return None
    for name in sorted(names, key=lambda name: (_NAMES[name], name)) if len(names) > 1 else names:
        if level := _level_of_value(name, fields[name], fields):
            return level
    return None


def _level_of_value(name: str, value: object, fields: Fields) -> Level | None:
    if isinstance(value, str):
        return _level_of_text(name, value, fields)
    if isinstance(value, dict):
        inside = (value.get(inner) for inner in _NAMES_INSIDE_LEVEL)
        return next((FIELD_WORDS.get(word.lower()) for word in inside if isinstance(word, str)), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        scale = _scale(name, value, fields)
        return scale.level(value) if scale else None
    return None


_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_WORD = re.compile(r"[^A-Za-z0-9]{0,4}([A-Za-z]{1,16})(?:[+-]?\d{1,2})?[^A-Za-z0-9]{0,4}\Z")
"""slog writes `INFO+2`, OpenTelemetry `ERROR3`."""
_NUMBER = re.compile(r"-?\d{1,5}\Z")
_TYPES = frozenset(("error", "warning", "warn", "info", "debug", "fatal", "critical", "normal", "trace"))
_SEVERITY_WORDS = frozenset(
    {"trace", "debug", "info", "notice", "warn", "warning", "error"}
    | {"critical", "alert", "emerg", "emergency", "fatal"}
)
_PLAIN_WORDS = {"type": _TYPES, "status": _SEVERITY_WORDS, "priority": _SEVERITY_WORDS}
"""These names say what a log is about more often than how bad it is: only plain words count."""


def _level_of_text(name: str, value: str, fields: Fields) -> Level | None:
    if name in _PLAIN_WORDS:
        word = value.lower()
        return FIELD_WORDS[word] if word in _PLAIN_WORDS[name] else None
    if name == "s" and "c" not in fields:
        return None
    level = FIELD_WORDS.get(value.lower())
    if level or len(value) > 64:
        return level
    if "\x1b" in value:
        value = _COLOUR.sub("", value)
    if match := _WORD.match(value):
        return FIELD_WORDS.get(match[1].lower())
    return _level_of_value(name, int(value), fields) if _NUMBER.match(value) else None


# --- numeric scales ---------------------------------------------------------------------------------------

_OTHER_SCALES = {
    **dict.fromkeys(_spellings("severity", "number"), OPENTELEMETRY),
    **dict.fromkeys(_spellings("severity", "level"), AZURE),
    **dict.fromkeys((*_spellings("level", "no"), *_spellings("level", "number")), PYTHON),
    **dict.fromkeys((*_spellings("syslog", "severity"), "PRIORITY"), SYSLOG),
}
_SEVERITIES = frozenset(
    (*_spellings("severity"), *_spellings("log", "severity"), *_spellings("event", "severity"))
)
_NO_NUMBERS = frozenset(("type", "status", "priority", "s", "@l"))
_WRITTEN_BY_WINDOWS = ("EventID", "EventId", "Channel", "ProviderName", "Provider")
_WRITTEN_BY_NEXTCLOUD = frozenset(("reqId", "remoteAddr"))
_WRITTEN_BY_PYTHON = ("levelno", "lineno", "funcName", "pathname")
_WRITTEN_AS_GELF = ("short_message", "full_message")


def _scale(name: str, number: float, fields: Fields) -> Scale | None:
    if scale := _OTHER_SCALES.get(name):
        return scale
    if name in _NO_NUMBERS:
        return None
    if name in _SEVERITIES:
        return SYSLOG if number <= 7 else TENS if number < 100 else GOOGLE
    return _scale_of_level(number, fields)


def _scale_of_level(number: float, fields: Fields) -> Scale | None:
    """Which scale a bare `level` is on: the ranges of the loggers that write numbers hardly overlap."""
    if number <= 7:
        if not fields.keys().isdisjoint(_WRITTEN_BY_WINDOWS):
            return WINDOWS
        if fields.keys() >= _WRITTEN_BY_NEXTCLOUD:
            return NEXTCLOUD
        return SYSLOG if number > 0 or not fields.keys().isdisjoint(_WRITTEN_AS_GELF) else None
    if number < 100:
        return TENS if fields.keys().isdisjoint(_WRITTEN_BY_PYTHON) else PYTHON
    if number <= 600:
        return MONOLOG
    return JAVA_UTIL if number <= 1000 else LOGBACK
