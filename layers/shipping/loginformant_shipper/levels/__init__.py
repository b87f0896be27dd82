"""Infer the level of a log. The first rule that applies decides.

Rules on the header come first: a field for the level, the prefix of a Lambda runtime, or the level in the
header of a line. If none of them applies, rules on the text follow: first explicit signs (a colour, the last
word, a pair, a code, the status of a request), then the form and the words of the text.
"""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache

import orjson

from loginformant_shipper.levels.beginnings import (
    MAX_SENTENCE,
    NOT_PLAIN,
    decide_by_beginning,
    forget_beginnings,
)
from loginformant_shipper.levels.error_fields import decide_by_error_field
from loginformant_shipper.levels.exceptions import (
    WORDS_OF_EXCEPTIONS,
    decide_by_exception,
    may_be_exception,
)
from loginformant_shipper.levels.fields import (
    TELLING_NAMES,
    Fields,
    decide_by_array,
    decide_by_field,
    decide_by_glued_objects,
    decide_by_level_alone,
    decide_by_repeated_field,
    level_of_broken_object,
)
from loginformant_shipper.levels.header import (
    DECISIONS,
    decide_by_header,
    decide_inside,
    may_be_wrapped,
)
from loginformant_shipper.levels.http_status import (
    WORDS_OF_REQUESTS,
    decide_by_common_log,
    decide_by_http_status,
    decide_by_status_field,
    may_be_request,
)
from loginformant_shipper.levels.key_values import (
    WORDS_OF_PAIRS,
    begins_with_pair,
    decide_by_element,
    decide_by_first_pair,
    decide_by_key_value,
    may_have_pair,
    start_behind_time,
    start_of_pairs,
)
from loginformant_shipper.levels.platform import (
    NAMES_IN_RECORDS,
    WORDS_OF_LAMBDA_EVENTS,
    WORDS_OF_PLATFORM_LINES,
    decide_by_execution_line,
    decide_by_flow_log,
    decide_by_lambda_event,
    decide_by_lambda_line,
    decide_by_lambda_warning,
    decide_by_log_group,
    decide_by_platform_line,
    decide_by_platform_record,
    may_be_platform_line,
)
from loginformant_shipper.levels.sentences import MAX_LENGTH, WORDS_OF_SENTENCES, is_plain, is_silent
from loginformant_shipper.levels.signs import (
    WORDS_OF_CODES,
    WORDS_OF_RISKS,
    decide_by_code,
    decide_by_coloured_word,
    decide_by_first_symbol,
    decide_by_last_word,
    decide_by_marked_word,
    decide_by_risk,
    decide_by_symbol,
    may_have_code,
    with_real_colours,
    without_colours,
)
from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.levels.words import WORDS_OF_BAD_NEWS, decide_by_words, may_have_bad_news
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.header import (
    TELLING_WORDS,
    find_level,
    find_plain_level,
    read_header,
)
from loginformant_shipper.parsing.headers.items import MAX_HEADER
from loginformant_shipper.parsing.headers.level_words import LEVEL_WORDS, NAMES_TOO, words_of
from loginformant_shipper.parsing.messages import ParsedMessage, parse
from loginformant_shipper.parsing.stack_traces import Log

__all__ = ["Decision", "decide", "decide_log", "explain_level", "forget", "infer_level"]

START = 16 * 1024
END = 2 * 1024
"""The number of characters at the beginning and the end of a message that rules examine."""


def infer_level(message: str, log_group: str | None = None) -> Level:
    """Return the level of a message of CloudWatch Logs, or Information if no rule applies."""
    return decide(parse(message), log_group).level


def explain_level(message: str, log_group: str | None = None) -> Decision:
    """Return the level of a message, and the rule that decided."""
    return decide(parse(message), log_group)


def decide(
    parsed: ParsedMessage, log_group: str | None = None, default: Level = Level.INFORMATION
) -> Decision:
    """Return the level of a parsed message, and the rule that decided. Nothing is raised.

    Args:
        parsed: The message.
        log_group: The name of its log group.
        default: The level if no rule applies and no wrapper has one. The rule is then `default`.
    """
    fields = parsed.fields
    decision = None
    if fields is not None:
        decision = decide_by_repeated_field(fields, parsed.body) if parsed.repeated else None
        decision = decision or _of_fields(fields)
        if decision is not None and decision.rule == "field":
            return decision
    word = parsed.runtime_level
    if word:
        if parsed.is_broken_object:
            level = level_of_broken_object(parsed.body[:START])
            if level is not None:
                return decided(level, "key-value")
        prefix = _PREFIXES.get(word) or _of_other_prefix(parsed, word.lower())
        if prefix is not None:
            return prefix
    if decision is not None:
        return decision
    severity = None if parsed.wrapper is None else parsed.wrapper.level
    if fields is None:
        decision = decide_by_log_group(log_group) if log_group else None
        if decision is None:
            decision = _of_text(parsed.text) if severity is None else _of_wrapped_text(parsed.text)
        if decision is not None:
            return decision
    if severity is not None:
        return _worse_of_trace(parsed.text, decided(severity, "syslog-priority"))
    return _DEFAULTS[default]


def _worse_of_trace(text: str, severity: Decision) -> Decision:
    """Return the level of an exception or a crash if it is worse than the severity of the wrapper.

    The journal gives all that a service writes to standard output the priority 6 (systemd.exec(5),
    `SyslogLevel=`), traces too.
    """
    decision = _of_text(text)
    if decision is None or decision.rule not in ("exception", "crash"):
        return severity
    return max(severity, decision, key=lambda each: _SEVERITY[each.level])


def decide_log(log: Log, log_group: str | None = None, default: Level = Level.INFORMATION) -> Decision:
    """Return the level of a log, and the name of the rule that decided.

    For a joined trace, the levels of the log line and the exception are inferred separately, and the worse
    one is used: an exception is at least an Error. For a single event, its header decides. The continuation
    of a log has the level of its beginning.

    Args:
        log: One log of `parsing.stack_traces.join`.
        log_group: The name of its log group.
        default: The level if no rule applies.
    """
    if not log.parts:
        decision = decide(log.continues or log.parsed, log_group, default)
        return _OF_TRACES if decision.rule == "default" and log.exception is not None else decision
    decisions = [decide(part, log_group, default) for part in log.parts]
    return max(*decisions, _OF_TRACES, key=lambda decision: _SEVERITY[decision.level])


_SEVERITY = {level: severity for severity, level in enumerate(Level)}
_OF_TRACES = decided(Level.ERROR, "exception")
_DEFAULTS = {level: decided(level, "default") for level in Level}


_PREFIXES = {
    spelling: decided(level, "runtime-prefix")
    for word, level in LEVEL_WORDS.items()
    for spelling in (word, word.upper())
}
"""The levels in the prefixes of Lambda runtimes, as these write them."""


def _of_other_prefix(parsed: ParsedMessage, word: str) -> Decision | None:
    """Return the level of another spelling, or of a header in brackets before JSON, or None."""
    decision = _PREFIXES.get(word)
    if decision is None and parsed.fields is not None and word not in NAMES_TOO:
        mark = find_level(parsed.text.partition("\n")[0])  # [10:20:30 ERROR] {"order":7}
        return decided(mark.level, mark.rule) if mark else None
    return decision


_MESSAGES = (
    *("message", "msg", "log", "@message", "Message", "MESSAGE", "short_message", "event", "text", "line"),
    "Results",  # of a flow of Amazon Connect
)


_FIELDS_OF_NODEJS = frozenset(("timestamp", "level", "requestId", "message"))
"""The fields that Lambda's runtime of Node.js writes around what is logged, in its JSON log format."""


def _of_wrapped_object(message: object) -> Decision | None:
    """Return the level of a structured log as the JSON log format of Node.js in Lambda wraps it, or None."""
    if isinstance(message, str) and message[:1] == "{":
        message = parse(message).fields
    return decide_by_field(message) if isinstance(message, dict) else None


def _of_fields(fields: Fields) -> Decision | None:
    if fields.keys() == _FIELDS_OF_NODEJS and (decision := _of_wrapped_object(fields["message"])):
        return decision
    names = TELLING_NAMES.intersection(fields)
    if len(names) == 1:
        [name] = names
        if decision := decide_by_level_alone(fields, name):
            return decision
    if decision := (
        (None if NAMES_IN_RECORDS.isdisjoint(names) else decide_by_platform_record(fields, names))
        or decide_by_field(fields, names)
        or decide_by_status_field(fields)
    ):
        return decision
    message = next((text for name in _MESSAGES if isinstance(text := fields.get(name), str)), "")
    if message[:1] == "{" and (inner := parse(message).fields) is not None:
        return decide_by_field(inner) or decide_by_status_field(inner) or decide_by_error_field(inner)
    return _of_text(message) or decide_by_error_field(fields)


_ORNAMENTS = re.compile(r"\A(?:[-=*_#~ \t\r]*+\n)++")
"""Lines without words before the first one: `------`."""


_BY_FIRST_CHARACTER = {
    **dict.fromkeys("0123456789", decide_by_flow_log),
    "(": decide_by_execution_line,
    **dict.fromkeys("SERIT", decide_by_lambda_line),
    "L": decide_by_lambda_warning,
}
"""The rules for layouts with a fixed first character."""


def _of_text(text: str) -> Decision | None:
    known = decide_by_beginning(text)
    if known is not NOT_PLAIN:
        return known
    return _of_short_text(text) if len(text) < MAX_SENTENCE else _of_any_text(text)


MAX_SHORT_TEXTS = 1024
"""The maximum number of cached short texts, of about a quarter of a kilobyte each."""


@lru_cache(MAX_SHORT_TEXTS)
def _of_short_text(text: str) -> Decision | None:
    """Return the level by all rules. Programs repeat short texts, such as `0 errors`."""
    return _of_any_text(text)


def forget() -> None:
    """Clear all caches of earlier texts, as in a new environment."""
    forget_beginnings()
    _of_short_text.cache_clear()


def _of_any_text(text: str) -> Decision | None:
    if '"' in text and '] "' in text and (decision := decide_by_common_log(text)):
        return decision
    if (rule := _BY_FIRST_CHARACTER.get(text[:1])) and (decision := rule(text)):
        return decision
    if len(text) > START + END:
        text = f"{text[:START]}\n{text[-END:]}"
    elif "=" in text and (decision := decide_by_first_pair(text)):
        return decision
    text = text.strip()
    raw = with_real_colours(text) if "\\" in text or "#" in text else text
    if "\x1b" not in text:
        told = _WORDS_OF_RULES.intersection(words_of(text))
        if len(text) <= MAX_LENGTH and is_plain(text, told):
            return None if is_silent(text, told) else _of_plain(text, told)
    if "\x1b" in raw:
        text = without_colours(raw)
        told = _WORDS_OF_RULES.intersection(words_of(text))
        if (plain := find_plain_level(text)) and not may_be_wrapped(plain.level, text):
            return DECISIONS[plain]
    line = text
    if "\n" in text:
        text = _ORNAMENTS.sub("", text, count=1).strip()
        line = text.partition("\n")[0].rstrip()
    is_record = begins_with_pair(text)
    if is_record:
        if decision := decide_by_glued_objects(text) or _of_pair(text, told):
            return decision
    elif decision := (
        _of_lambda_event(text, told)
        or (None if line.isascii() else decide_by_first_symbol(line))
        or (decide_by_element(text) if text.startswith("<") and "el>" in text else None)
    ):
        return decision
    header = decide_by_header(text, line, told)
    if isinstance(header, Decision):
        if header.rule != "syslog-priority":
            return header
        return _of_code(line, told) or _of_structure(text, line, told) or header
    bare = decided(header.level, header.rule) if header else None
    if "\x1b" in raw and (decision := decide_by_coloured_word(raw)):
        return decision
    return _of_silent_header(text, line, bare, told, is_record)


_WORDS_OF_RULES = (
    TELLING_WORDS
    | WORDS_OF_SENTENCES
    | WORDS_OF_PAIRS
    | WORDS_OF_CODES
    | WORDS_OF_RISKS
    | WORDS_OF_REQUESTS
    | WORDS_OF_LAMBDA_EVENTS
    | WORDS_OF_PLATFORM_LINES
    | WORDS_OF_EXCEPTIONS
    | WORDS_OF_BAD_NEWS
)
"""The words for which the rules on text search. A text is split into words once, and most have none of
these."""


def _of_wrapped_text(text: str) -> Decision | None:
    """Return the level of a wrapper's content, if a header or a structured log overrides the wrapper's."""
    line = text.partition("\n")[0]
    if decision := decide_inside(line):
        return decision
    told = _WORDS_OF_RULES.intersection(words_of(text))
    return _of_code(line, told) or _of_structure(text, line, told)


def _of_plain(text: str, told: AbstractSet[bytes]) -> Decision | None:
    if decision := _of_lambda_event(text, told):
        return decision
    if may_have_pair(text, told) and (
        decision := _of_structure(text, text, told) or decide_by_key_value(text)
    ):
        return decision
    return _of_risk(text, told) or _of_exception(text, text, told) or _of_words(text, told)


def _of_silent_header(
    text: str, line: str, bare: Decision | None, told: AbstractSet[bytes], is_record: bool
) -> Decision | None:
    """Return the level of the text.

    Args:
        text: A message, without terminal colours.
        line: Its first line.
        bare: The level of a first word that may also be part of the text.
        told: The words of the text for which rules search.
        is_record: Whether the text begins with a pair. Its pairs give no level then: they come first.
    """
    has_pair = not is_record and may_have_pair(text, told)
    return (
        _of_code(text, told)
        or (decide_by_last_word(line) if told else None)
        or bare
        or (None if line.isascii() else decide_by_symbol(line))
        or (None if is_record else _behind_header(text, line, has_pair))
        or (decide_by_http_status(line) if may_be_request(line, told) else None)
        or (decide_by_platform_line(text) if may_be_platform_line(text, told) else None)
        or (decide_by_key_value(text) if has_pair else None)
        or (decide_by_marked_word(line) if told else None)
        or _of_exception(text, line, told)
        or _of_words(text, told)
    )


def _of_code(text: str, told: AbstractSet[bytes]) -> Decision | None:
    head = text if len(text) <= MAX_HEADER else text[:MAX_HEADER]
    return (decide_by_code(head) if may_have_code(head, told) else None) or _of_risk(text, told)


def _of_risk(text: str, told: AbstractSet[bytes]) -> Decision | None:
    return None if WORDS_OF_RISKS.isdisjoint(told) else decide_by_risk(text)


def _of_lambda_event(text: str, told: AbstractSet[bytes]) -> Decision | None:
    return None if WORDS_OF_LAMBDA_EVENTS.isdisjoint(told) else decide_by_lambda_event(text)


def _of_pair(text: str, told: AbstractSet[bytes]) -> Decision | None:
    return decide_by_key_value(text) if may_have_pair(text, told) else None


def _of_exception(text: str, line: str, told: AbstractSet[bytes]) -> Decision | None:
    return decide_by_exception(text, line) if may_be_exception(text, told) else None


def _of_words(text: str, told: AbstractSet[bytes]) -> Decision | None:
    return decide_by_words(text, told) if may_have_bad_news(text, told) else None


def _of_structure(text: str, line: str, told: AbstractSet[bytes]) -> Decision | None:
    """Return the level that a structured log names: pairs, at the beginning of a text or after a header."""
    if begins_with_pair(text):
        return _of_pair(text, told)
    decision = _behind_header(text, line, may_have_pair(text, told))
    return decision if decision is not None and decision.rule in _NAMED else None


_NAMED = ("field", "key-value")
"""The rules for levels that a structured log names. A wrapper's level comes before what else is in it."""


def _of_object(text: str) -> Decision | None:
    """Return the level of a JSON object after a header: the one that it has alone, or cut short."""
    try:
        fields = orjson.loads(text)
    except ValueError:
        return decide_by_key_value(text)
    return _of_fields(fields)


def _behind_header(text: str, line: str, has_pair: bool) -> Decision | None:
    """Return the level of a structured log after a header: a JSON object, or pairs."""
    is_object = "{" in line and '{"' in line
    if not (has_pair and (is_object or "=" in line)) and not (is_object and text[-1:] == "}"):
        return None
    if not is_object and (start_of_record := start_behind_time(line)) is not None:
        return decide_by_key_value(text[start_of_record:])
    if is_object and text.startswith("[") and text.endswith("]") and (decision := decide_by_array(text)):
        return decision
    start = read_header(line).text_start
    if text.startswith('{"', start):
        behind_header = start > 0 and text[start - 1] in " \t|:"
        return _of_object(text[start:]) if behind_header else None
    record = start_of_pairs(line, start)
    return decide_by_key_value(text[record:]) if record is not None else None
