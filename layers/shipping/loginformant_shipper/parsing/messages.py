"""Parse each log event once into text, or into text and fields."""

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.containers import Unwrapped, innermost, out_of_line, unwrap_record
from loginformant_shipper.parsing.json_objects import BEFORE_JSON, json_members, json_object


class Wrapper(Struct, frozen=True, gc=False):
    """The wrapper that a container driver, a log router or syslog added to a message."""

    properties: dict[str, Any]
    level: Level | None
    """The level of the wrapper, which is used if the text has none itself."""
    message: str
    """The original message."""


class ParsedMessage(Struct, frozen=True, gc=False):
    """The parsed message of a log event."""

    text: str
    """The program's message including its runtime prefix, without trailing white space."""
    body: str
    """The text after the runtime prefix; the same as `text` if there is none."""
    fields: dict[str, Any] | None = None
    """The members of `body` if it is a JSON object, else None."""
    repeated: dict[str, Any] | None = None
    """The earlier values of names that occur more than once in `body`; `fields` has the last ones."""
    runtime_level: str | None = None
    """The level in the prefix that a Lambda runtime added, as it is written there; None without one."""
    request_id: str | None = None
    """The request ID in that prefix."""
    wrapper: Wrapper | None = None
    """The wrapper, or None. All other fields describe its content."""
    is_broken_object: bool = False
    """Whether `body`, after a prefix, begins like a JSON object and cannot be read as one."""


def parse(message: str) -> ParsedMessage:
    """Parse the message of one log event, or of several that belong together.

    The content of its wrapper is parsed with `parse_bare`. Nothing is raised.
    """
    text = message.rstrip()
    if not text:
        return ParsedMessage(text, text)
    first = text[0]
    parse_special = _PARSERS.get(first)
    if parse_special is not None:
        return parse_special(text, message)
    outermost = out_of_line(message, first)
    if outermost is not None:
        return parse_unwrapped(innermost(outermost), message)
    return ParsedMessage(text, text)


def _parse_object(text: str, message: str) -> ParsedMessage:
    """Parse a message that begins with a brace."""
    fields, repeated = json_members(text)
    if fields is None:
        return ParsedMessage(text, text)
    unwrapped = unwrap_record(fields, message)
    if unwrapped is not None:
        return parse_unwrapped(unwrapped, message)
    return ParsedMessage(text, text, fields, repeated)


def _parse_time_first(text: str, message: str) -> ParsedMessage:
    """Parse a message that begins with a digit, as times do."""
    if text.startswith("Z\t", 23):
        parsed = _behind_usual_time(text)
        if parsed is not None:  # no wrapper begins like this
            return parsed
    outermost = None
    if text.startswith("T", 10) or "|" in text:  # "|": Docker Compose, whose names may begin with a digit
        outermost = out_of_line(message, text[0])
    if outermost is not None:
        return parse_unwrapped(innermost(outermost), message)
    parsed = _behind_time(text)
    return ParsedMessage(text, text) if parsed is None else parsed


def _parse_line(text: str, message: str) -> ParsedMessage:
    """Parse a message that may be more than text, or be in a wrapper."""
    first = text[0]
    outermost = out_of_line(message, first)
    if outermost is not None:
        return parse_unwrapped(innermost(outermost), message)
    parsed = _READERS[first](text)
    return ParsedMessage(text, text) if parsed is None else parsed


def parse_unwrapped(unwrapped: Unwrapped, message: str) -> ParsedMessage:
    """Parse the content of the wrapper `message`."""
    wrapper = wrapper_of(unwrapped, message)
    if unwrapped.members is not None:
        text = unwrapped.text.rstrip()
        members, repeated = unwrapped.members
        return ParsedMessage(text, text, members, repeated, wrapper=wrapper)
    bare = parse_bare(unwrapped.text)
    fields = bare.fields if unwrapped.fields is None else unwrapped.fields
    return replace(bare, fields=fields, wrapper=wrapper)


def wrapper_of(unwrapped: Unwrapped, message: str) -> Wrapper:
    """Return the wrapper of `message` with the properties in `unwrapped`."""
    return Wrapper(unwrapped.properties, unwrapped.level, message)


def parse_bare(message: str) -> ParsedMessage:
    """Parse a message without a wrapper.

    The result has the message without trailing white space, its runtime prefix, and its fields if the text
    after the prefix is a JSON object, possibly inside terminal colours. Integers beyond 64 bits become
    strings. If the body looks like JSON but cannot be parsed exactly (truncated, numbers beyond a double,
    nested more than 1,024 levels), it is text, and `fields` is None. Nothing is raised.
    """
    text = message.rstrip()
    read = _READERS.get(text[:1])
    parsed = None if read is None else read(text)
    return ParsedMessage(text, text) if parsed is None else parsed


def _object(text: str) -> ParsedMessage:
    fields, repeated = json_members(text)
    return ParsedMessage(text, text, fields, repeated)


def _object_inside(text: str) -> ParsedMessage | None:
    return _object(text) if "{" in text else None


def _time_first(text: str) -> ParsedMessage | None:
    parsed = _behind_usual_time(text) if text.startswith("Z\t", 23) else None
    return parsed or _behind_time(text)


def _behind_usual_time(text: str) -> ParsedMessage | None:
    usual = _USUAL_TIME_FIRST.match(text)
    if usual is None:
        return None
    request_id, level, body = usual.groups()
    if "{" not in body:
        return ParsedMessage(text, body, None, None, level, request_id)
    if "\t{" in body:  # text before JSON may belong to the prefix
        return _behind_time(text)
    return _behind(text, level, request_id, body)


def _behind_time(text: str) -> ParsedMessage | None:
    # In most lines no request id is behind the time. It would begin at 20 to 32.
    hyphen = text.find("-", 28, 41)
    if (hyphen < 0 or not text.startswith("-", hyphen + 5)) and text.find("undefined", 20, 41) < 0:
        return None
    prefix = _TIME_FIRST.match(text)
    if prefix is None:
        return None
    request_id, level, body = prefix.groups()
    return _behind(text, level, None if request_id == "undefined" else request_id, body)


def _bracket_first(text: str) -> ParsedMessage | None:
    end = text.find("]", 2, 34) + 1
    if not end or not text.startswith(("\t", " {"), end):
        return None
    prefix = _USUAL_BRACKET_FIRST.match(text) or _BRACKET_FIRST.match(text)
    return _behind(text, *prefix.groups()) if prefix else None


def _letter_first(text: str) -> ParsedMessage | None:
    prefix = _LETTER_FIRST.match(text) if text.startswith(", [", 1) else None
    return _behind(text, *prefix.groups()) if prefix else None


def _behind(text: str, level: str | None, request_id: str | None, body: str) -> ParsedMessage:
    """Parse the body of a text with a prefix."""
    if "{" not in body:
        return ParsedMessage(text, body, None, None, level, request_id)
    fields, repeated = json_members(body) if body[0] in BEFORE_JSON else (None, None)
    if fields is None and body.endswith("}"):
        fields = _fields_behind_text(body)
    if fields is None and body.startswith('{"'):
        return ParsedMessage(text, body, None, None, level, request_id, is_broken_object=True)
    return ParsedMessage(text, body, fields, repeated, level, request_id)


def _fields_behind_text(body: str) -> dict[str, Any] | None:
    r"""Return the fields of `<text>\t<JSON>` of pino-lambda, or None if the JSON has another message."""
    text, tab, written = body.partition("\t{")
    fields = json_object("{" + written) if tab else None
    if fields is None:
        return None
    message = next((fields[name] for name in ("message", "msg") if name in fields), None)
    if message is None:
        return {"message": text} | fields
    return fields if isinstance(message, str) and message.strip() == text.strip() else None


# --- runtime prefixes ---

# The groups of these patterns are the level, the request id and the body. Behind a time, the id is the first.

_UUID = r"[0-9a-fA-F]{8}+-[0-9a-fA-F]{4}+-[0-9a-fA-F]{4}+-[0-9a-fA-F]{4}+-[0-9a-fA-F]{12}+"
_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_LEVEL = (
    r"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL"  # Node.js and log4j
    r"|trce|dbug|info|warn|fail|crit)"  # .NET
)
_BODY = r"((?s:.*))"

# Node.js (aws-lambda-nodejs-runtime-interface-client, LogPatch.js):
#     `<ISO time>\t<request id>\t<LEVEL>\t<text>`; the request id is the word "undefined" while a function
#     initialises, and Node.js 8 wrote no level. An error that a function did not catch has `<what> \t<JSON>`
#     for its text, such as "Invoke Error \t{…}".
# .NET (aws-lambda-dotnet, DefaultLogMessageFormatter.cs): the same with levels of four letters.
# Java (the log4j layout of the AWS Lambda developer guide; its first edition had the id in angle brackets):
#     `<date> <time> <request id> <LEVEL> <class>:<line> - <text>`
# The platform: `<ISO time> <request id> Task timed out after 3.00 seconds`.
_TIME_FIRST = re.compile(
    rf"{_DATE}[T ]{_TIME}Z?[\t ]<?({_UUID}|undefined)>?"
    rf"(?:[\t ](?:({_LEVEL})(?:\t| {{1,2}}\S{{1,200}} - |$))?"
    rf"(?:[A-Z][A-Za-z ]{{1,40}} \t(?=\{{))?|$){_BODY}"
)

_USUAL_TIME = r"[0-9]{4}+-[0-9]{2}+-[0-9]{2}+T[0-9]{2}+:[0-9]{2}+:[0-9]{2}+\.[0-9]{3}+Z\t"
_USUAL_TIME_FIRST = re.compile(rf"{_USUAL_TIME}({_UUID})\t({_LEVEL})\t{_BODY}")
"""What Node.js and .NET write for nearly every log. Without options, it is matched in half the time."""

# Python (awslambdaric, bootstrap.py): `[<LEVEL>]\t<ISO time>\t<request id>\t<text>`, the id empty while a
# function initialises. Java (aws-lambda-java-libs, TextLogFormatter.java): `[<LEVEL>] <text>`. Many other
# programs write this, so it counts as the prefix only if JSON follows.
_BRACKET_FIRST = re.compile(
    rf"\[([^\]\n\t]{{1,32}})\]"
    rf"(?:\t{_DATE}T{_TIME}Z(?:\t({_UUID})?(?:\t|$)|$)| (?=\{{)){_BODY}"
)

_USUAL_BRACKET_FIRST = re.compile(rf"\[([A-Z]{{1,32}})\]\t{_USUAL_TIME}({_UUID})\t{_BODY}")
"""What Python writes for nearly every log."""

# Ruby (aws-lambda-ruby-runtime-interface-client, lambda_log_formatter.rb; Ruby's own Logger writes no id):
#     `I, [<ISO time> #<pid>]  INFO <request id> -- <program>: <text>`
_LETTER_FIRST = re.compile(
    rf"[DIWEFA], \[{_DATE}T{_TIME} ?#\d{{1,10}}\] {{1,2}}(DEBUG|INFO|WARN|ERROR|FATAL|ANY) "
    rf"({_UUID})? ?-- [^:\n]{{0,200}}:(?: |$){_BODY}"
)

_READERS: dict[str, Callable[[str], ParsedMessage | None]] = {
    **dict.fromkeys(BEFORE_JSON, _object_inside),
    "{": _object,
    **dict.fromkeys("0123456789", _time_first),
    "[": _bracket_first,
    **dict.fromkeys("DIWEFA", _letter_first),
}
"""The functions that parse messages without a wrapper that may be more than text, by the first character.
They return None for text."""

_PARSERS: dict[str, Callable[[str, str], ParsedMessage]] = {
    **dict.fromkeys(_READERS, _parse_line),
    **dict.fromkeys("0123456789", _parse_time_first),
    "{": _parse_object,
}
"""The same for messages that may have a wrapper. The arguments are the message without trailing white space,
and the message."""
