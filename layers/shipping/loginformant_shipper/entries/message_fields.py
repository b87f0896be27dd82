"""Find the message of a structured log."""

from loginformant_shipper.entries.bounded_json import Fields, json_or_none
from loginformant_shipper.parsing.messages import parse

_MESSAGE_FIELDS = (
    "formattedMessage",  # Logback's JsonEncoder; `message` is then its template
    "message",
    "msg",  # pino, bunyan, slog, zap, logrus, mongod
    "@m",  # Serilog, compact format: the message, and its template
    "@mt",
    "event",  # structlog
    "short_message",  # GELF
    "Message",  # .NET's JSON console
    "MESSAGE",  # the journal of systemd
    "RenderedMessage",  # Serilog, JSON formatter
    "MessageTemplate",
    "log.message",
    "log",  # container log drivers, Fluent Bit
    "text",
    "body",  # OpenTelemetry
    "Body",
    "textPayload",
    "errorMessage",  # AWS Lambda
    "error.message",  # Elastic Common Schema
)


_MESSAGE_FIELDS_INSIDE = (
    ("log", "message"),
    ("error", "message"),
    ("err", "message"),
    ("jsonPayload", "message"),
    ("fields", "message"),  # tracing-subscriber, and with it Rust on Lambda
)


_ANY_OUTER_MESSAGE_FIELD = frozenset(outer for outer, _ in _MESSAGE_FIELDS_INSIDE)


def message_of(fields: Fields, levels: int = 2) -> tuple[str | None, str | None]:
    """Return the message of a structured log, and the name of its field if that contains nothing else.

    If a message is an object, or JSON text of one (as in structured logs from Fluent Bit), its own message is
    returned, else its JSON.

    Args:
        fields: The fields of the log.
        levels: How many levels of nested messages are searched.

    Returns:
        The message, or None if there is none or it is empty; and the field, or None.
    """
    for field in _MESSAGE_FIELDS:
        value = fields.get(field)
        if value is None:
            continue
        if isinstance(value, str):
            if text := value.rstrip():
                within = parse(text).fields if text[0] == "{" and levels else None
                inner = message_of(within, levels - 1)[0] if within else None
                return (inner, None) if inner else (text, field)
        elif field == "message" and value not in ({}, []):
            inner = message_of(value, levels - 1)[0] if isinstance(value, dict) and levels else None
            if json := inner or json_or_none(value):
                return json, None
    if not _ANY_OUTER_MESSAGE_FIELD.isdisjoint(fields):
        for outer, inner_field in _MESSAGE_FIELDS_INSIDE:
            holder = fields.get(outer)
            inner_text = holder.get(inner_field) if isinstance(holder, dict) else None
            if isinstance(inner_text, str) and (inner_text := inner_text.rstrip()):
                return inner_text, None
    return None, None
