"""Rule `field`: the level in a field of a structured log."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from loginformant_shipper.levels.header import decide_inside
from loginformant_shipper.levels.platform import NAMES_IN_RECORDS
from loginformant_shipper.levels.vocabulary import (
    AZURE,
    DOTNET,
    FIELD_WORDS,
    FOUNDATIONDB,
    GOOGLE,
    JAVA_UTIL,
    LAGER,
    LOGBACK,
    MONOLOG,
    NEXTCLOUD,
    NXLOG,
    OCSF,
    OPENTELEMETRY,
    PYTHON,
    SEVERITY_WORDS,
    SURICATA,
    SYSLOG,
    TENS,
    WAZUH,
    WINDOWS,
    Decision,
    Scale,
)
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import LEVEL_WORDS

Fields = dict[str, Any]
_DECISIONS = {level: Decision(level, "field") for level in Level}
_DECISIONS_OF_WORDS = {word: _DECISIONS[level] for word, level in FIELD_WORDS.items()}


def decide_by_level_alone(fields: Fields, name: str) -> Decision | None:
    """Return the level of a JSON object in which one field can be a level, and no other matters.

    It decides most structured logs. `decide_by_platform_record` and `decide_by_field` give the same results.

    Args:
        fields: The JSON object.
        name: The only one of `TELLING_NAMES` that it has.
    """
    if name not in _SUFFICIENT_ALONE:
        return None
    value = fields[name]
    if isinstance(value, str):
        return _DECISIONS_OF_WORDS.get(value.lower())
    level = _level_of_value(name, value, fields)
    return _DECISIONS[level] if level else None


def decide_by_field(fields: Fields, names: frozenset[str] | None = None) -> Decision | None:
    """Return the level of a JSON object, or None if no field is a level.

    Fields that are named for a level and hold no severity (`"level": "Metadata"` of the Kubernetes audit log)
    are passed over.

    Args:
        fields: The JSON object.
        names: Its names that are in `TELLING_NAMES`; None if they are not known.
    """
    if names is None:
        names = TELLING_NAMES.intersection(fields)
    if names:
        if "apiVersion" in names and str(fields["apiVersion"]).startswith("audit.k8s.io/"):
            return None
        if ("rule" in names or "alert" in names) and (level := _level_of_alert(fields)):
            return _DECISIONS[level]
        if level := _level_of_names(names, fields):
            if "PRIORITY" in names and isinstance(message := fields.get("MESSAGE"), str):
                return decide_inside(message.lstrip()) or _DECISIONS[level]
            return _DECISIONS[level]
    if "resourceLogs" in fields and (level := _worst_of_otlp(fields["resourceLogs"])):
        return _DECISIONS[level]
    found = _CONTAINERS.intersection(fields)
    for container in found if len(found) < 2 else sorted(found, key=_RANKS.__getitem__):
        inner = fields[container]
        if isinstance(inner, dict) and (
            level := _level_in_event(inner) if container == "event" else _level_of(inner)
        ):
            return _DECISIONS[level]
    if level := _level_of_windows_event(fields):
        return _DECISIONS[level]
    if isinstance(tags := fields.get("tags"), list) and fields.get("type") in _TYPES_WITH_TAGS:
        words = [word for word in tags[:_MAX_TAGS] if isinstance(word, str) and word in SEVERITY_WORDS]
        if words:  # Kibana up to 7, hapi
            return _DECISIONS[FIELD_WORDS[words[0]]]
    if fields.keys() >= _WRITTEN_BY_KLOG:
        return _DECISIONS[Level.INFORMATION]  # "v" is a verbosity; errors have none
    if "@t" in fields and ("@m" in fields or "@mt" in fields):
        # The compact log event format of Serilog leaves "@l" out where the level is Information.
        return _DECISIONS[Level.INFORMATION]
    return None


def decide_by_array(text: str) -> Decision | None:
    """Return the worst level of the JSON objects in an array, or None.

    It is a batch of logs, or a record as Fluentd forwards it: `["app.web", 1772360430, {…}]`.
    """
    try:
        array = orjson.loads(text)
    except ValueError:
        return None
    decisions = filter(None, map(decide_by_field, _objects(array)[:_MAX_GLUED]))
    return max(decisions, key=lambda decision: _BADNESS[decision.level], default=None)


def decide_by_glued_objects(text: str) -> Decision | None:
    """Return the worst level of several JSON objects in one message, or of one before a comma, or None.

    log4js and others write an array without its brackets, an object with a comma on each line.
    """
    if not text.endswith("},") and ("}" not in text or not _GLUED.search(text)):
        return None
    worst: Decision | None = None
    position = 0
    for _ in range(_MAX_GLUED):
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        decision = decide_by_field(value) if isinstance(value, dict) else None
        if decision and (worst is None or _BADNESS[decision.level] > _BADNESS[worst.level]):
            worst = decision
        position = _BLANKS.match(text, position).end()  # type: ignore[union-attr]  # it matches nothing, too
    return worst


def decide_by_repeated_field(fields: Fields, body: str) -> Decision | None:
    """Return the worst level of a JSON object with several fields for its level, or None."""
    if len(body) > _MAX_REPEATED:
        return None
    members: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> Fields:
        nonlocal members
        members = pairs  # those of the outermost object come last
        return dict(pairs)

    try:
        json.loads(body, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return None
    values = [value for name, value in members if name == "level"]
    if len(values) <= 1:
        return None
    levels = [level for value in values if (level := _level_of_value("level", value, fields))]
    return _DECISIONS[max(levels, key=_BADNESS.__getitem__)] if levels else None


def level_of_broken_object(text: str) -> Level | None:
    """Return the level of JSON that cannot be read as an object, or None.

    It is cut short, or contains what JSON does not have: a lone surrogate, as JavaScript writes an emoji that
    was cut in two, or `undefined`. Members of objects inside are passed over.
    """
    members: Fields = {}
    depth = 0
    for token in _TOKEN.finditer(text):
        name, word, number, bracket = token.groups()
        if bracket:
            depth += 1 if bracket in "{[" else -1
        elif depth == 1 and name is not None:
            members.setdefault(name, word if number is None else int(number))
    return _level_of(members)


_TOKEN = re.compile(
    r"\"(?:([@\w.-]{1,40})\"\s{0,8}:\s{0,8}"
    r"(?:\"([^\"\\]{1,40})\"|\"?(-?\d{1,5})\"?(?=\s{0,8}[,}]))?"  # the rest of a number may be cut off
    r"|(?:[^\"\\]|\\.)*+\"?)"
    r"|([{}\[\]])",
    re.S,
)
"""A name with its value, if that is a short text or a whole number; another string; a bracket."""


def _level_of_alert(fields: Fields) -> Level | None:
    """Return the level of an intrusion detection system's alert, or None if the system is not known."""
    rule, alert = fields.get("rule"), fields.get("alert")
    if isinstance(rule, dict) and "agent" in fields and isinstance(number := rule.get("level"), int):
        return WAZUH.level(number)
    if (
        isinstance(alert, dict)
        and ("signature_id" in alert or fields.get("event_type") == "alert")
        and isinstance(number := alert.get("severity"), int)
    ):
        return SURICATA.level(number)
    return None


def _level_of_windows_event(fields: Fields) -> Level | None:
    """Return the level of an event of Windows as Wazuh and converters of EVTX nest it, or None.

    Audits have level 0, which is none.
    """
    for outer, inner in _WINDOWS_EVENTS:
        event = fields.get(outer)
        system = event.get(inner) if isinstance(event, dict) else None
        if isinstance(system, dict):
            word = system.get("severityValue", system.get("SeverityValue"))
            number = system.get("level", system.get("Level"))
            if isinstance(word, str) and (level := FIELD_WORDS.get(word.lower())):
                return level
            if isinstance(number, (int, str)) and str(number) in _NUMBERS_OF_WINDOWS:
                return WINDOWS.level(int(number))
    return None


_WINDOWS_EVENTS = (("win", "system"), ("WinEvtChannel", "System"), ("Event", "System"))
_NUMBERS_OF_WINDOWS = ("1", "2", "3", "4", "5")
_TYPES_WITH_TAGS = ("log", "error", "ops")
_MAX_TAGS = 20
_GLUED = re.compile(r"\}\s{0,8}\{")
_BLANKS = re.compile(r"\s*")
_DECODER = json.JSONDecoder()
_MAX_GLUED = 100
_MAX_REPEATED = 16 * 1024
_BADNESS = {level: badness for badness, level in enumerate(Level)}
_MAX_OTLP_RECORDS = 1000


def _worst_of_otlp(resource_logs: object) -> Level | None:
    """Return the worst level of the records of an OTLP request (opentelemetry-proto, logs.proto, as JSON)."""
    records = [
        record
        for resource in _objects(resource_logs)
        for scope in _objects(resource.get("scopeLogs"))
        for record in _objects(scope.get("logRecords"))
    ]
    levels = filter(None, map(_level_of, records[:_MAX_OTLP_RECORDS]))
    return max(levels, key=_BADNESS.__getitem__, default=None)


def _objects(value: object) -> list[Fields]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


# --- names ---


def _spellings(*words: str) -> Iterator[str]:
    """Yield how a name is written: `log_level`, `logLevel`, `log.level`, `LOG_LEVEL`, `@log_level`."""
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
    ("message", "type"),
    ("event", "type"),
    ("entry", "type"),
    ("activity", "type"),
    ("lev",),
    ("sev",),
)
_NAMES = {spelling: rank for rank, words in enumerate(_WORDS_FIRST) for spelling in _spellings(*words)}
_NAMES |= {
    "@l": -1,
    "severity_id": 90,
    "SeverityValue": 91,
    "L": 92,
    "l": 93,
    "at": 94,
    "s": 95,
    "PRIORITY": 96,
    "priority": 97,
    "status": 98,
    "type": 99,
}
"""The names of fields that hold a level, the most specific first: if a log has both, `level_name` is a word
and `level` a number on some scale. `@l` is Serilog's, `L` zap's, `at` Heroku's, `s` MongoDB's, `PRIORITY` the
journal's, `priority` Falco's, `status` Datadog's."""
_KNOWN = frozenset(_NAMES)

_RANKS = {
    container: rank
    for rank, container in enumerate(
        (
            *("log", "record", "level", "Level", "severity", "@fields", "fields", "log_processed"),
            *("jsonPayload", "logEvent", "_meta", "_logMeta", "meta", "syslog", "otel", "attributes"),
            *("context", "@metadata", "metadata", "extra", "logger", "info", "properties", "body"),
            *("line", "message", "event"),
        )
    )
}
"""Fields that hold an object with the level in it, the most specific first: ECS, winston, loguru, tslog,
log4js, roarr; `line` of Docker's Splunk driver, `event` of Splunk's HTTP event collector."""
_CONTAINERS = frozenset(_RANKS)
_NAMES_INSIDE_LEVEL = ("name", "Name", "levelStr", "label", "Label", "text", "DisplayName")


# --- values ---


def _level_of(fields: Fields) -> Level | None:
    return _level_of_names(_KNOWN.intersection(fields), fields)


def _level_in_event(fields: Fields) -> Level | None:
    """Return the level in an object that may be a log or any event: only common words for one count."""
    for name in sorted(_NAMES_IN_EVENT.intersection(fields)):
        value = fields[name]
        if isinstance(value, str) and value.lower() in SEVERITY_WORDS:
            return FIELD_WORDS[value.lower()]
    return None


_NAMES_IN_EVENT = frozenset((*_spellings("level"), *_spellings("log", "level"), *_spellings("severity")))


def _level_of_names(names: frozenset[str], fields: Fields) -> Level | None:
    """Return the level of the most specific of some fields that has one."""
    if len(names) == 1:
        [name] = names
        return _level_of_value(name, fields[name], fields) if name in _KNOWN else None
    for name in sorted(_PLAIN_LEVEL & names):  # `level_name` may be anything where `level` is a word
        value = fields[name]
        if isinstance(value, str) and (level := LEVEL_WORDS.get(value.lower())):
            return level
    for name in sorted(sorted(_KNOWN & names), key=_NAMES.__getitem__):
        if level := _level_of_value(name, fields[name], fields):
            return level
    return None


_PLAIN_LEVEL = frozenset(_spellings("level"))
TELLING_NAMES = _KNOWN | NAMES_IN_RECORDS | {"apiVersion", "rule", "alert"}
"""The names of fields that may be a level, or that decide whether another field is one."""


def _level_of_value(name: str, value: object, fields: Fields) -> Level | None:
    if isinstance(value, str):
        return _level_of_text(name, value, fields)
    if isinstance(value, dict):
        inside = (value.get(inner) for inner in _NAMES_INSIDE_LEVEL)
        return next((FIELD_WORDS.get(word.lower()) for word in inside if isinstance(word, str)), None)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value in LAGER and name not in _OTHER_SCALES and name not in _NO_NUMBERS:
            return LAGER[int(value)]
        scale = _scale(name, value, fields)
        return scale.level(value) if scale else None
    return None


_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}m")
_WORD = re.compile(
    r"[^A-Za-z0-9]{0,4}(?:\w{1,40}(?:\.|::)|(?:(?:LOG|LEVEL|SEVERITY|NUMBER)_){1,2})?"
    r"([A-Za-z]{1,16})(?:[+-]?\d{1,2})?[^A-Za-z0-9]{0,4}\Z"
)
"""slog writes `INFO+2`, OpenTelemetry `ERROR3`, an enumeration `LogLevel.ERROR`, Zeek `Reporter::WARNING`,
protocol buffers `SEVERITY_NUMBER_WARN2` and `LOG_LEVEL_ERROR`."""
_NUMBER = re.compile(r"-?\d{1,5}\Z")
_TYPES = frozenset(("error", "warning", "warn", "info", "debug", "fatal", "critical", "normal", "trace"))
_PLAIN_WORDS = {
    "type": _TYPES,
    **dict.fromkeys(("status", "priority", "L", "l", "at"), SEVERITY_WORDS),
    **dict.fromkeys(_spellings("message", "type"), SEVERITY_WORDS),
    **dict.fromkeys((*_spellings("event", "type"), *_spellings("entry", "type")), SEVERITY_WORDS),
}
"""Names of fields that usually hold a subject rather than a level, so that only common words count."""
_SUFFICIENT_ALONE = _KNOWN - _PLAIN_WORDS.keys() - {"s", "PRIORITY"}
"""The names of fields whose level depends on no word in another field."""


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


# --- numeric scales ---

_OTHER_SCALES = {
    **dict.fromkeys(_spellings("severity", "number"), OPENTELEMETRY),
    **dict.fromkeys(_spellings("severity", "level"), AZURE),
    **dict.fromkeys((*_spellings("level", "no"), *_spellings("level", "number")), PYTHON),
    **dict.fromkeys((*_spellings("syslog", "severity"), "PRIORITY"), SYSLOG),
    "LogLevel": DOTNET,
    "severity_id": OCSF,
    "SeverityValue": NXLOG,
}
_SEVERITIES = frozenset(
    (*_spellings("severity"), *_spellings("log", "severity"), *_spellings("event", "severity"))
)
_NO_NUMBERS = frozenset(("@l", "s", *_PLAIN_WORDS))
_WRITTEN_BY_WINDOWS = ("EventID", "EventId", "Channel", "ProviderName", "Provider")
_WRITTEN_BY_NEXTCLOUD = ("remoteAddr", "app")
_WRITTEN_BY_FOUNDATIONDB = frozenset(("Type", "Machine", "Time"))
_WRITTEN_BY_KLOG = frozenset(("ts", "caller", "msg", "v"))
_WRITTEN_BY_SERILOG = ("MessageTemplate", "RenderedMessage", "@mt")
_WRITTEN_BY_PYTHON = ("levelno", "lineno", "funcName", "pathname")
_WRITTEN_AS_GELF = ("short_message", "full_message")


def _scale(name: str, number: float, fields: Fields) -> Scale | None:
    if scale := _OTHER_SCALES.get(name):
        return scale
    if name in _NO_NUMBERS:
        return None
    if name in _SEVERITIES:
        if name == "Severity" and fields.keys() >= _WRITTEN_BY_FOUNDATIONDB:
            return FOUNDATIONDB
        return SYSLOG if number <= 7 else TENS if number < 100 else GOOGLE
    return _scale_of_level(number, fields)


def _scale_of_level(number: float, fields: Fields) -> Scale | None:
    """Return the scale of a plain `level`. The ranges of the loggers that write numbers hardly overlap."""
    if number <= 7:
        if not fields.keys().isdisjoint(_WRITTEN_BY_WINDOWS):
            return WINDOWS
        if "reqId" in fields and not fields.keys().isdisjoint(_WRITTEN_BY_NEXTCLOUD):
            return NEXTCLOUD
        if not fields.keys().isdisjoint(_WRITTEN_BY_SERILOG):
            return DOTNET
        return SYSLOG if number > 0 or not fields.keys().isdisjoint(_WRITTEN_AS_GELF) else None
    if number < 100:
        return TENS if fields.keys().isdisjoint(_WRITTEN_BY_PYTHON) else PYTHON
    if number <= 600:
        return MONOLOG
    return JAVA_UTIL if number <= 1000 else LOGBACK
