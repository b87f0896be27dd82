"""What must not leave the account is replaced before anything is sent, stored or logged.

The message of each log event is redacted and whatever else of its fields holds text, also in its raw form,
which is what the dead-letter queue keeps. A message that is JSON, behind whatever prefix, stays JSON: its
strings are redacted one by one, and so are strings that hold JSON themselves. A second time changes nothing.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import repeat
from typing import Final, NamedTuple

import orjson

from loginformant_shipper.events import JsonObject, LogEvent, SubscriptionMessage
from loginformant_shipper.names import Detector
from loginformant_shipper.patterns import Pattern
from loginformant_shipper.redaction.placeholders import PATTERN, PLACEHOLDER, placeholder
from loginformant_shipper.settings import Settings
from loginformant_shipper.wire.encoding import json_text

_FOUND_BY_PATTERN: Final = placeholder(PATTERN)

_MAX_ROUNDS = 4
"""A pattern may match what only redaction has made of a text; it is asked again, but not for ever."""

_MAX_TOGETHER = 256 * 1024
"""Characters around private keys that are redacted until nothing changes any more. More of them are redacted
once, one text at a time: that finds the keys as well, and the work can end in between. It does not see that
the end of a key was itself redacted."""

_NOT_SEARCHED = frozenset({"id", "timestamp", "message"})
"""Fields of a raw log event: the message is searched by itself, the others are CloudWatch's own."""

_NOT_SEARCHABLE = "[redacted: cannot be searched]"

_ANCHORS = re.compile(r"[\^$]|\\[Az]")
"""What makes a pattern match in a string alone and not where the string is within JSON text."""

_TOKEN: Final = re.compile(
    r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"(?P<colon>\s*+:)?|(?P<other>-?[0-9][0-9.eE+-]*+|true|false|null)',
    re.DOTALL,
)
"""The strings and other values in text that is known to be JSON."""


def is_wanted(settings: Settings) -> bool:
    """Return whether `settings` ask for any redaction."""
    return bool(settings.redact or settings.redact_pattern)


def redact(message: SubscriptionMessage, settings: Settings) -> SubscriptionMessage:
    """Return the events of one log stream, redacted as `settings` say; if they say nothing, as they are.

    A private key is found over the events that it spans.
    """
    if not is_wanted(settings):
        return message
    return message._replace(events=tuple(redacted_events(message.events, settings)))


def redacted_events(events: Sequence[LogEvent], settings: Settings) -> Iterator[LogEvent]:
    """Redact the events of one log stream, each when it is asked for, so that the work can end in between.

    The result is that of `redact`. Events that a private key may span are redacted together.
    """
    if not is_wanted(settings):
        return iter(events)
    steps = _steps(settings.redact, settings.redact_pattern)
    texts = [event.message for event in events]
    redacted = (
        _redact_all(texts, steps)
        if Detector.PRIVATE_KEY in settings.redact
        else map(_redact, texts, repeat(steps))
    )
    return map(_with_text, events, redacted, repeat(steps))


def redact_text(text: str, settings: Settings) -> str:
    """One text, redacted as `settings` say: a message, the answer of the ingest API, what is logged."""
    if not (settings.redact or settings.redact_pattern):
        return text
    return _redact(text, _steps(settings.redact, settings.redact_pattern))


class _Steps(NamedTuple):
    pattern: Pattern | None
    detectors: tuple[Callable[[str], str], ...]
    is_secret: Callable[[str, str], bool]
    """Whether the value of a field, by both its name and value, is to be redacted."""
    sees_all_at_once: bool
    """Whether what is found in a string is also found in the JSON text around it, if nothing is escaped."""


@cache
def _steps(names: tuple[Detector, ...], pattern: Pattern | None) -> _Steps:
    from loginformant_shipper.redaction import detectors  # here, not at start-up: most never need them

    return _Steps(
        pattern,
        tuple(find for name, find in detectors.DETECTORS.items() if name in names),
        detectors.is_named_aws_secret if Detector.AWS_KEY in names else lambda _name, _value: False,
        pattern is None or not _ANCHORS.search(pattern.text),
    )


def _redact_all(texts: Sequence[str], steps: _Steps) -> Iterator[str]:
    """The messages of a log stream in order, with the private keys that go over several of them."""
    from loginformant_shipper.redaction.private_keys import reach_of_keys, redact_private_keys

    done = 0
    for start, end in reach_of_keys(texts):
        yield from map(_redact, texts[done:start], repeat(steps))
        if sum(map(len, texts[start:end])) <= _MAX_TOGETHER:
            yield from _redact_with_keys(texts[start:end], steps)
        else:
            yield from map(_redact, redact_private_keys(texts[start:end]), repeat(steps))
        done = end
    yield from map(_redact, texts[done:], repeat(steps))


def _redact_with_keys(texts: Sequence[str], steps: _Steps) -> Sequence[str]:
    from loginformant_shipper.redaction.private_keys import REDACTED, redact_private_keys

    texts = [_redact(text, steps) for text in redact_private_keys(texts)]
    for _ in range(_MAX_ROUNDS):
        again = redact_private_keys(texts)
        if again == texts:
            return texts
        # The end of a key was itself redacted: now it is one without end.
        texts = [_redact(text, steps) for text in again]
    return [REDACTED if "PRIVATE KEY" in text else text for text in texts]


def _with_text(event: LogEvent, text: str, steps: _Steps) -> LogEvent:
    if event.unusual is None:
        return event if text == event.message else event._replace(message=text)
    others = {name: value for name, value in event.unusual.items() if name not in _NOT_SEARCHED}
    redacted = _redact_fields(others, steps) if others else others
    if text == event.message and redacted is others:
        return event
    return event._replace(message=text, unusual={**event.unusual, **redacted, "message": text})


def _redact_fields(fields: JsonObject, steps: _Steps) -> JsonObject:
    try:
        written = json_text(fields)
        redacted = _redact(written, steps)
        return fields if redacted == written else json.loads(redacted)
    except (ValueError, RecursionError):  # NaN, which JSON has no word for; or nested too deep to be written
        return dict.fromkeys(fields, _NOT_SEARCHABLE)


# --- one text ---


def _redact(text: str, steps: _Steps) -> str:
    unchanged = _once(text, steps) == text
    if unchanged and steps.sees_all_at_once and "\\" not in text:
        return text
    start, end = _json_in(text)
    if start < end:
        body = _redact_json(text[start:end], steps, escaped_only=unchanged and steps.sees_all_at_once)
        return _until_stable(text[:start], steps) + body + _until_stable(text[end:], steps)
    return text if unchanged else _until_stable(text, steps)


def _once(text: str, steps: _Steps) -> str:
    if steps.pattern:
        text = _redact_by_pattern(text, steps.pattern)
    for detect in steps.detectors:
        text = detect(text)
    return text


def _until_stable(text: str, steps: _Steps) -> str:
    for _ in range(_MAX_ROUNDS):
        redacted = _once(text, steps)
        if redacted == text:
            return text
        text = redacted
    return _FOUND_BY_PATTERN


# --- users' patterns ---


def _redact_by_pattern(text: str, pattern: Pattern) -> str:
    parts, done = [], 0
    for start, end in _found_by(pattern, text):
        parts += [text[done:start], _FOUND_BY_PATTERN]
        done = end
    return "".join(parts) + text[done:] if parts else text


def _found_by(pattern: Pattern, text: str) -> list[tuple[int, int]]:
    """Where the pattern matches. Matches in a placeholder do not count; one that is touched is part of it."""
    spans = list(pattern.spans(text))
    holders = [holder.span() for holder in PLACEHOLDER.finditer(text)] if spans else []
    if not holders:
        return spans
    found: list[tuple[int, int]] = []
    first = 0
    for start, end in spans:
        while first < len(holders) and holders[first][1] <= start:
            first += 1
        last = first
        while last < len(holders) and holders[last][0] < end:
            last += 1
        if first < last:
            holders_start, holders_end = holders[first][0], holders[last - 1][1]
            if last == first + 1 and holders_start <= start and end <= holders_end:
                continue
            start, end = min(start, holders_start), max(end, holders_end)
        if found and start < found[-1][1]:
            start = found.pop()[0]
        found.append((start, end))
    return found


# --- JSON ---


def _json_in(text: str) -> tuple[int, int]:
    """Where in the text JSON is, as start and end: an object or an array, or an object behind a prefix."""
    start = len(text) - len(text.lstrip())
    if text[start : start + 1] in ("{", "[") and _is_json(text[start:]):
        return start, len(text)
    start, end = text.find("{"), text.rfind("}") + 1
    return (start, end) if 0 <= start < end and _is_json(text[start:end]) else (0, 0)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def _redact_json(body: str, steps: _Steps, escaped_only: bool) -> str:
    """JSON text with its strings and other values redacted, or only strings in which something is escaped.

    A number that is redacted becomes a string; all else stays as it was written.
    """
    name = ""

    def redact_token(token: re.Match[str]) -> str:
        nonlocal name
        other, colon = token["other"], token["colon"] or ""
        if other is not None:
            text = other
        else:
            escaped = "\\" in token["string"]
            text = orjson.loads(f'"{token["string"]}"') if escaped else token["string"]
        if colon:
            name = text
        if escaped_only and (other is not None or not escaped):
            return token[0]
        redacted = _redact(text, steps)
        if not colon and other is None and steps.is_secret(name, text):
            redacted = placeholder(Detector.AWS_KEY)
        return token[0] if redacted == text else orjson.dumps(redacted).decode() + colon

    body = _TOKEN.sub(redact_token, body)
    return _redact_across_tokens(body, steps.pattern) if steps.pattern else body


def _redact_across_tokens(body: str, pattern: Pattern) -> str:
    """Redact, in JSON text as a whole, every name and value that a match of the pattern touches."""
    for _ in range(_MAX_ROUNDS):
        spans = deque(_found_by(pattern, body))
        if not spans:
            return body

        def redact_touched(token: re.Match[str], spans: deque[tuple[int, int]] = spans) -> str:
            start, end = token.start(), token.end() - len(token["colon"] or "")
            while spans and spans[0][1] <= start:
                spans.popleft()
            touched = spans and spans[0][0] < end
            return f'"{_FOUND_BY_PATTERN}"{token["colon"] or ""}' if touched else token[0]

        redacted = _TOKEN.sub(redact_touched, body)
        if redacted == body:
            return body
        body = redacted
    return orjson.dumps({_FOUND_BY_PATTERN: _FOUND_BY_PATTERN}).decode()
