"""Find the exception of a structured log in the fields that common loggers use."""

from typing import Any

from msgspec import Struct


class ExceptionField(Struct, frozen=True, gc=False):
    """The exception of a structured log and its field."""

    text: str
    """The type, the message and the stack trace."""
    path: tuple[str, ...]
    """The path of the field with the stack trace if `text` contains all of it; else empty."""


# Fields that contain a stack trace: a string, or a list of lines.
_TRACES = (
    "stack_trace",  # logstash-logback-encoder, Elastic Common Schema
    "stackTrace",  # AWS Lambda (lines), Java
    "stacktrace",  # zap, OpenTelemetry
    "stack",  # Node.js: pino, bunyan, winston, AWS Lambda (lines)
    "extendedStackTrace",  # log4j2
    "exc_info",  # python-json-logger
    "traceback",
    "backtrace",  # Ruby
    "trace",  # Monolog
    "errorVerbose",  # zap with github.com/pkg/errors
    "throwableInformation",  # Managed Service for Apache Flink
    "throwable",  # Tomcat (lines)
)
# The same with dots in their names, and names that stand for an exception on their own.
_TRACES_AT_THE_TOP = (
    "error.stack_trace",
    "exception.stacktrace",
    "error.stack",
    "err.stack",
    "_error_stack_trace",  # GELF of Spring Boot
    "@x",  # Serilog, compact format
    "exception",  # Powertools for Python, structlog, Logstash layouts
    "Exception",  # .NET's JSON console, Serilog
    *_TRACES,
)
# Names that other fields have, too: these count as stack traces only with more than one line.
_AMBIGUOUS = frozenset({"stack", "trace", "traceback", "error", "err"})

_HOLDERS = (
    "error",
    "err",
    "exception",
    "Exception",
    "thrown",
    "throwable",  # Logback's JsonEncoder
    "exc_info",
    "attributes",
    "message",
    "context",
)

_TYPES = (
    "errorType",
    "type",
    "name",
    "class",
    "className",  # Logback's JsonEncoder
    "exceptionType",  # JBoss LogManager: WildFly, Quarkus
    "exception_class",
    "exc_type",
    "exception.type",
    "error.type",
)
_MESSAGES = (
    "errorMessage",
    "message",
    "exception_message",
    "exc_value",
    "exception.message",
    "error.message",
)
_TYPES_AT_THE_TOP = ("errorType", "error.type", "exception.type", "exception_name", "_error_type")
_MESSAGES_AT_THE_TOP = (
    "errorMessage",
    "error.message",
    "exception.message",
    "_error_message",
    "error",
    "err",
)

_ANY_FIELD = frozenset({*_TRACES_AT_THE_TOP, *_HOLDERS, "errorType"}) - {"message"}


_NONE = frozenset(("", "none", "null", "nil", "undefined", "false", "no", "n/a", "0", "-", "{}", "[]"))
"""Values of programs without an exception, in lower case."""


def exception_of(fields: dict[str, Any]) -> ExceptionField | None:
    """Return the exception of a structured log, or None if it has none."""
    if _ANY_FIELD.isdisjoint(fields) and not isinstance(fields.get("message"), dict):
        return None
    for field in _TRACES_AT_THE_TOP:
        if field in fields and (trace := _trace(field, fields[field])):
            heading = _heading(fields, _TYPES_AT_THE_TOP, _MESSAGES_AT_THE_TOP)
            return ExceptionField(_below(heading, trace), (field,))
    for field in _HOLDERS:
        if field in fields and (found := _exception_inside(field, fields[field])):
            return found
    if "errorType" in fields and (heading := _heading(fields, ("errorType",), ("errorMessage",))):
        return ExceptionField(heading, ())
    return None


def without(path: tuple[str, ...], fields: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `fields` without the field at `path`."""
    if not path:
        return fields.copy()
    first, *rest = path
    others = {name: value for name, value in fields.items() if name != first}
    if rest and (inside := without(tuple(rest), fields[first])):
        others[first] = inside
    return others


def _exception_inside(field: str, holder: object) -> ExceptionField | None:
    match holder:
        case str() if field in _AMBIGUOUS and (trace := _trace(field, holder)):
            return ExceptionField(trace, (field,))
        case [dict() as innermost, *_] if heading := _heading(innermost, _TYPES, _MESSAGES):
            return ExceptionField(heading, ())  # structlog's dict_tracebacks
        case dict():
            return _exception_of_holder(field, holder)
    return None


def _exception_of_holder(field: str, holder: dict[str, Any]) -> ExceptionField | None:
    heading = _heading(holder, _TYPES, _MESSAGES)
    for name in _TRACES_AT_THE_TOP:
        if name in holder and (trace := _trace(name, holder[name])):
            return ExceptionField(_below(heading, trace), (field, name))
    inner = holder.get("exception") if field != "exception" else None
    if isinstance(inner, dict) and (found := _exception_of_holder("exception", inner)):
        return ExceptionField(found.text, (field, *found.path) if found.path else ())
    if field in {"message", "attributes", "context"}:
        return None  # they may hold anything, so only a stack trace counts
    return ExceptionField(heading, ()) if heading else None


def _trace(field: str, value: object) -> str | None:
    match value:
        case str() if value.strip().lower() not in _NONE and (field not in _AMBIGUOUS or "\n" in value):
            return value
        case [str(), *_] as lines if all(isinstance(line, str) for line in lines):
            return "\n".join(str(line).rstrip("\n") for line in lines)
    return None


def _heading(fields: dict[str, Any], types: tuple[str, ...], messages: tuple[str, ...]) -> str:
    kind = next((value for name in types if _says(value := fields.get(name))), "")
    message = next((value for name in messages if _says(value := fields.get(name))), "")
    return ": ".join(part for part in (kind, message) if part)


def _says(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() not in _NONE


def _below(heading: str, trace: str) -> str:
    """Return the heading and the trace, or only the trace if it names the exception itself."""
    _, _, message = heading.partition(": ")
    return trace if not heading or (message or heading) in trace else f"{heading}\n{trace}"
