"""Each log event is parsed once: text, or text and fields."""

import json
import re
from typing import Any, NamedTuple

import orjson

from loginformant_shipper.events import new_tuple


class RuntimePrefix(NamedTuple):
    """What a Lambda runtime puts before the text that a function logs."""

    level: str | None
    request_id: str | None


class ParsedMessage(NamedTuple):
    text: str
    """The whole message, trailing white space removed, its runtime prefix included."""
    body: str
    """What stands behind the runtime prefix; the same as `text` where there is none."""
    fields: dict[str, Any] | None = None
    """The members of `body` where it is a JSON object."""
    prefix: RuntimePrefix | None = None


def parse(message: str) -> ParsedMessage:
    """Parse the message of one log event, or of several that belong together.

    Gives the message without trailing white space; its runtime prefix, if it has one; and its fields, if what
    stands behind the prefix is a JSON object (terminal colours around it are passed over). Integers beyond 64
    bits are strings of their digits. A body that looks like JSON but that cannot be read exactly (cut short,
    numbers beyond a double, nested more than 1,024 deep) is text: `fields` is None.

    Never raises.
    """
    text = message.rstrip()
    first = text[:1]
    if first not in _MORE_THAN_TEXT:
        return new_tuple(ParsedMessage, (text, text, None, None))
    pattern = _PREFIX_BY_FIRST_CHARACTER.get(first)
    prefix = pattern.match(text) if pattern else None
    if prefix is None:
        fields = _json_object(text) if first in _BEFORE_JSON else None
        return new_tuple(ParsedMessage, (text, text, fields, None))
    body = text[prefix.end() :]
    level, request_id = prefix.group("level", "request_id")
    fields = _json_object(body) if body[:1] in _BEFORE_JSON else None
    found = new_tuple(RuntimePrefix, (level, None if request_id == "undefined" else request_id))
    return new_tuple(ParsedMessage, (text, body, fields, found))


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
#     function initialises.
# Java (aws-lambda-java-libs, TextLogFormatter.java): `[<LEVEL>] <text>`, as many others write, too: a prefix
#     only where JSON follows.
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

# --- JSON ---

_BEFORE_JSON = frozenset("{ \t\r\n\x1b\ufeff")
"""Its brace, white space, the escape that begins a terminal colour, and a byte order mark."""

_MORE_THAN_TEXT = _BEFORE_JSON | _PREFIX_BY_FIRST_CHARACTER.keys()
"""How a message begins that may be more than text; most begin otherwise."""

_WRAPPING = re.compile(r"(?:[ \t\r\n\ufeff]|\x1b\[[0-9;]{0,20}m)*")

# orjson makes a float of an integer beyond 64 bits. Those have 19 digits or more; 19 digits in a row leave 4
# in a row where only every fourth character is looked at, which is faster than to look at all of them.
_LONG_NUMBER = re.compile(r"[\s:,\[-][0-9]{19}")
_LONG_NUMBER_THINNED = re.compile(r"[0-9]{4}")
_THINNED = slice(None, None, 4)


def _json_object(body: str) -> dict[str, Any] | None:
    """The members of a JSON object; None where `body` is anything else."""
    if body[0] != "{":
        body = _without_wrapping(body)
        if body[:1] != "{":
            return None
    try:
        fields = orjson.loads(body)
    except ValueError:
        return None
    if _LONG_NUMBER_THINNED.search(body[_THINNED]) and _LONG_NUMBER.search(body):
        return _with_exact_integers(body)
    return fields  # type: ignore[no-any-return]  # what begins with a brace is an object


def _without_wrapping(body: str) -> str:
    """`body` without white space, byte order mark and terminal colours before and after the braces."""
    start = _WRAPPING.match(body).end()  # type: ignore[union-attr]  # the pattern matches nothing, too
    end = body.rfind("}") + 1
    return body[start:end] if _WRAPPING.fullmatch(body, end) else ""


def _with_exact_integers(body: str) -> dict[str, Any] | None:
    try:
        return json.loads(body, parse_int=_exact)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def _exact(digits: str) -> int | str:
    """The integer; or its digits where it is beyond the 64 bits that orjson reads and writes."""
    if len(digits) > len("-9223372036854775808"):
        return digits
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else digits
