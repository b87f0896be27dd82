"""Rule `field`: the level that a structured log gives in a field of its own."""

import re
from collections.abc import Iterator
from typing import Any

from .vocabulary import (
    FIELD_WORDS,
    GOOGLE,
    JAVA_UTIL,
    LOGBACK,
    MONOLOG,
    OPENTELEMETRY,
    PYTHON,
    SYSLOG,
    TENS,
    WINDOWS,
    Decision,
    Level,
    Scale,
)

Fields = dict[str, Any]


def decide_by_field(fields: Fields) -> Decision | None:
    """The level of a JSON object; None where no field of it is a level.

    Fields that are named for a level and hold no severity (`"level": "Metadata"` of the Kubernetes audit log) are
    passed over.
    """
    for key in _present(fields):
        level = _level_of(key, fields[key], fields)
        if level is not None:
            return Decision(level, "field")
    for container in _CONTAINERS & fields.keys():
        inner = fields[container]
        if isinstance(inner, dict):
            for key in _present(inner):
                level = _level_of(key, inner[key], inner)
                if level is not None:
                    return Decision(level, "field")
    if "@t" in fields and ("@m" in fields or "@mt" in fields):
        # Compact log event format of Serilog: "@l … absence implies informational".
        return Decision(Level.INFORMATION, "field")
    return None


# --- names of fields --------------------------------------------------------------------------------------------


def _spellings(*words: str) -> Iterator[str]:
    """`log`, `level` → `log_level`, `logLevel`, `LogLevel`, `log.level`, `LOG_LEVEL`, `@log_level` …"""
    first, rest = words[0], words[1:]
    camel = first + "".join(word.capitalize() for word in rest)
    for joined in ("".join(words), *(mark.join(words) for mark in "_.-"), camel):
        for spelling in (joined, joined[0].upper() + joined[1:], joined.upper()):
            yield spelling
            yield f"@{spelling}"
            yield f"_{spelling}"


_NAMES = {
    spelling: rank
    for rank, words in enumerate(
        (
            ("level", "name"),
            ("log", "level", "name"),
            ("severity", "text"),
            ("severity", "label"),
            ("level", "label"),
            ("log", "level"),
            ("level",),
            ("l",),
            ("lvl",),
            ("log", "severity"),
            ("severity",),
            ("level", "display", "name"),
            ("syslog", "severity"),
            ("severity", "number"),
            ("level", "no"),
            ("level", "number"),
            ("level", "value"),
            ("level", "str"),
            ("lev",),
            ("sev",),
            ("error", "severity"),
            ("msg", "level"),
            ("message", "level"),
            ("event", "severity"),
            ("log", "type"),
        )
    )
    for spelling in _spellings(*words)
    if spelling not in ("l", "L", "@L", "_l", "_L")
} | {"s": 98, "PRIORITY": 99, "type": 100}
_KNOWN = frozenset(_NAMES)

_CONTAINERS = frozenset(
    (
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
        "Severity",
        "syslog",
    )
    + ("logEvent", "@metadata", "otel", "attributes", "context")
)
_NAMES_INSIDE_LEVEL = ("name", "label", "Label", "levelStr", "text")


def _present(fields: Fields) -> list[str]:
    """The fields that are named for a level, the most telling first."""
    names = _KNOWN & fields.keys()
    return sorted(names, key=_NAMES.__getitem__) if len(names) > 1 else list(names)


# --- values -----------------------------------------------------------------------------------------------------


def _level_of(key: str, value: object, fields: Fields) -> Level | None:
    if isinstance(value, str):
        return _level_of_text(key, value, fields)
    if isinstance(value, dict):
        names = (value.get(name) for name in _NAMES_INSIDE_LEVEL)
        return next((FIELD_WORDS.get(name.lower()) for name in names if isinstance(name, str)), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        scale = _scale(key, value, fields)
        return scale.level(value) if scale else None
    return None


_WORD = re.compile(r"[^A-Za-z0-9]{0,4}([A-Za-z]{1,16})(?:[+-]?\d{1,2})?[^A-Za-z0-9]{0,4}\Z")
"""slog writes `INFO+2`, OpenTelemetry `ERROR3`."""
_NUMBER = re.compile(r"-?\d{1,5}\Z")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")


def _level_of_text(key: str, value: str, fields: Fields) -> Level | None:
    level = FIELD_WORDS.get(value.lower())
    if level is None and 0 < len(value) <= 64:
        if "\x1b" in value:
            value = _COLOUR.sub("", value)
        if word := _WORD.match(value):
            level = FIELD_WORDS.get(word[1].lower())
        elif _NUMBER.match(value):
            return _level_of(key, int(value), fields)
    if level is None or (key == "type" and value.lower() not in _TYPES) or (key == "s" and "c" not in fields):
        return None
    return level


_TYPES = frozenset(("error", "warning", "warn", "info", "debug", "fatal", "critical", "normal", "trace"))
"""`type` says what a log is about more often than how bad it is: only plain words count."""


def _scale(key: str, number: float, fields: Fields) -> Scale | None:
    name = re.sub(r"[^a-z]", "", key.lower())
    if name == "severitynumber":
        return OPENTELEMETRY
    if name in ("levelno", "levelnumber"):
        return PYTHON
    if name in ("priority", "syslogseverity", "s", "type", "l"):
        return SYSLOG if name in ("priority", "syslogseverity") else None
    if name in ("severity", "logseverity", "eventseverity"):
        return SYSLOG if number <= 7 else TENS if number <= 60 else GOOGLE
    return _scale_of_level(number, fields)


def _scale_of_level(number: float, fields: Fields) -> Scale | None:
    """Which scale a bare `level` is on: the ranges of the loggers that write numbers hardly overlap."""
    if number <= 7:
        if not fields.keys().isdisjoint(("EventID", "EventId", "Channel", "ProviderName", "Provider")):
            return WINDOWS
        gelf = "short_message" in fields or "full_message" in fields
        return SYSLOG if gelf or number > 0 else None
    if number < 100:
        return PYTHON if not fields.keys().isdisjoint(("levelno", "lineno", "funcName", "pathname")) else TENS
    if number <= 600:
        return MONOLOG
    return JAVA_UTIL if number <= 1000 else LOGBACK
