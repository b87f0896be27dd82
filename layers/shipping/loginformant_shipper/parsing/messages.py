"""Parse each log event once into text, or into text and fields."""

import re
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.containers import Unwrapped, may_be_wrapped, unwrap
from loginformant_shipper.parsing.json_objects import BEFORE_JSON, json_object, repeated_values


class RuntimePrefix(Struct, frozen=True, gc=False):
    """The prefix that a Lambda runtime adds to the text that a function logs."""

    level: str | None
    request_id: str | None


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
    prefix: RuntimePrefix | None = None
    wrapper: Wrapper | None = None
    """The wrapper, or None. All other fields describe its content."""
    repeated: dict[str, Any] | None = None
    """The earlier values of names that occur more than once in `body`; `fields` has the last ones."""


def parse(message: str) -> ParsedMessage:
    """Parse the message of one log event, or of several that belong together.

    The content of its wrapper is parsed with `parse_bare`. Nothing is raised.
    """
    unwrapped = unwrap(message) if may_be_wrapped(message) else None
    return parse_bare(message) if unwrapped is None else parse_unwrapped(unwrapped, message)


def parse_unwrapped(unwrapped: Unwrapped, message: str) -> ParsedMessage:
    """Parse the content of the wrapper `message`."""
    text, body, fields, prefix, _, repeated = astuple(parse_bare(unwrapped.text))
    if unwrapped.fields is not None:
        fields = unwrapped.fields
    return ParsedMessage(text, body, fields, prefix, wrapper_of(unwrapped, message), repeated)


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
    first = text[:1]
    if first not in _MORE_THAN_TEXT:
        return ParsedMessage(text, text)
    pattern = _PREFIX_BY_FIRST_CHARACTER.get(first)
    prefix = pattern.match(text) if pattern else None
    if prefix is None:
        fields = json_object(text) if first in BEFORE_JSON else None
        repeated = repeated_values(text, fields) if fields else None
        return ParsedMessage(text, text, fields, None, None, repeated)
    body = text[prefix.end() :]
    level, request_id = prefix.group("level", "request_id")
    fields = json_object(body) if body[:1] in BEFORE_JSON else None
    if fields is None and body[-1:] == "}":
        fields = _fields_behind_text(body)
    found = RuntimePrefix(level, None if request_id == "undefined" else request_id)
    repeated = repeated_values(body, fields) if fields else None
    return ParsedMessage(text, body, fields, found, None, repeated)


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

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_DATE = r"\d{4}-\d\d-\d\d"
_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_LEVEL = (
    r"(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL"  # Node.js and log4j
    r"|trce|dbug|info|warn|fail|crit)"  # .NET
)

# Node.js (aws-lambda-nodejs-runtime-interface-client, LogPatch.js):
#     `<ISO time>\t<request id>\t<LEVEL>\t<text>`; the request id is the word "undefined" while a function
#     initialises, and Node.js 8 wrote no level. An error that a function did not catch has `<what> \t<JSON>`
#     for its text, such as "Invoke Error \t{…}".
# .NET (aws-lambda-dotnet, DefaultLogMessageFormatter.cs): the same with levels of four letters.
# Java (the log4j layout of the AWS Lambda developer guide; its first edition had the id in angle brackets):
#     `<date> <time> <request id> <LEVEL> <class>:<line> - <text>`
# The platform: `<ISO time> <request id> Task timed out after 3.00 seconds`.
_TIME_FIRST = re.compile(
    rf"{_DATE}[T ]{_TIME}Z?[\t ]<?(?P<request_id>{_UUID}|undefined)>?"
    rf"(?:[\t ](?:(?P<level>{_LEVEL})(?:\t| {{1,2}}\S{{1,200}} - |$))?"
    r"(?:[A-Z][A-Za-z ]{1,40} \t(?=\{))?|$)"
)

# Python (awslambdaric, bootstrap.py): `[<LEVEL>]\t<ISO time>\t<request id>\t<text>`, the id empty while a
# function initialises. Java (aws-lambda-java-libs, TextLogFormatter.java): `[<LEVEL>] <text>`. Many other
# programs write this, so it counts as the prefix only if JSON follows.
_BRACKET_FIRST = re.compile(
    rf"\[(?P<level>[^\]\n\t]{{1,32}})\]"
    rf"(?:\t{_DATE}T{_TIME}Z(?:\t(?P<request_id>{_UUID})?(?:\t|$)|$)| (?=\{{))"
)

# Ruby (aws-lambda-ruby-runtime-interface-client, lambda_log_formatter.rb; Ruby's own Logger writes no id):
#     `I, [<ISO time> #<pid>]  INFO <request id> -- <program>: <text>`
_LETTER_FIRST = re.compile(
    rf"[DIWEFA], \[{_DATE}T{_TIME} ?#\d{{1,10}}\] {{1,2}}(?P<level>DEBUG|INFO|WARN|ERROR|FATAL|ANY) "
    rf"(?P<request_id>{_UUID})? ?-- [^:\n]{{0,200}}:(?: |$)"
)

_PREFIX_BY_FIRST_CHARACTER = {
    **dict.fromkeys("0123456789", _TIME_FIRST),
    "[": _BRACKET_FIRST,
    **dict.fromkeys("DIWEFA", _LETTER_FIRST),
}

_MORE_THAN_TEXT = BEFORE_JSON | _PREFIX_BY_FIRST_CHARACTER.keys()
"""The first characters of messages that may be more than text. Most messages start with other ones."""
