"""Redact the matches of a user's pattern (`REDACT_PATTERN`)."""

import re
from collections import deque
from typing import Final

import orjson

from loginformant_shipper.patterns import Pattern
from loginformant_shipper.redaction.json_values import (
    MAX_NESTED_STRINGS,
    TOKEN,
    json_in,
    string_of,
    with_distinct_names,
)
from loginformant_shipper.redaction.placeholders import PATTERN, PLACEHOLDER, placeholder
from loginformant_shipper.redaction.spans import Span, replaced, without_overlaps

FOUND_BY_PATTERN: Final = placeholder(PATTERN)

_MAX_ROUNDS = 4

_ANCHORS = re.compile(r"[\^$]|\\[Az]")
"""Parts of a pattern that match in a separate string but not inside JSON text."""
_END_OF_TEXT = re.compile(r"\$|\\z")


def redact_by_pattern(text: str, pattern: Pattern, levels: int = MAX_NESTED_STRINGS) -> str:
    """Replace each match of a pattern.

    In JSON, whole names and values are replaced, so that it stays valid.

    Args:
        text: A text.
        pattern: The pattern.
        levels: How many levels of JSON in strings are searched. JSON that may have more is replaced.
    """
    found = _spans(pattern, text)
    if not found and "\\" not in text and not _ANCHORS.search(pattern.text):
        return text
    start, end = json_in(text)
    if start < end:
        if levels < 0 and "\\" in text:
            return FOUND_BY_PATTERN
        body = _redact_json(text[start:end], pattern, levels)
        return _without(pattern, text[:start]) + body + _without(pattern, text[end:])
    return replaced(text, found, [FOUND_BY_PATTERN] * len(found))


def _without(pattern: Pattern, text: str) -> str:
    spans = _spans(pattern, text)
    return replaced(text, spans, [FOUND_BY_PATTERN] * len(spans))


def _spans(pattern: Pattern, text: str) -> list[Span]:
    """Return the spans of a pattern's matches.

    The end of a text is also before the white space there: the message of nearly every log event that a
    Lambda runtime or a container driver writes ends with a line feed. Filters are matched without it, too.

    Matches inside a placeholder are ignored. A placeholder that a match overlaps becomes part of it.
    """
    spans = list(pattern.spans(text))
    if text[-1:].isspace() and _END_OF_TEXT.search(pattern.text):
        spans = without_overlaps([*spans, *pattern.spans(text.rstrip())])
    holders = [holder.span() for holder in PLACEHOLDER.finditer(text)] if spans else []
    if not holders:
        return spans
    found: list[Span] = []
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


def _redact_json(body: str, pattern: Pattern, levels: int) -> str:
    """Redact names and values separately, then those that a match in the whole JSON text overlaps."""

    def redact_token(token: re.Match[str]) -> str:
        other, colon = token["other"], token["colon"] or ""
        text = string_of(token) if other is None else other
        redacted = redact_by_pattern(text, pattern, levels - 1)
        return token[0] if redacted == text else orjson.dumps(redacted).decode() + colon

    body = with_distinct_names(TOKEN.sub(redact_token, body))
    for _ in range(_MAX_ROUNDS):
        spans = deque(_spans(pattern, body))
        if not spans:
            return body

        def redact_touched(token: re.Match[str], spans: deque[Span] = spans) -> str:
            start, end = token.start(), token.end() - len(token["colon"] or "")
            while spans and spans[0][1] <= start:
                spans.popleft()
            touched = spans and spans[0][0] < end
            return f'"{FOUND_BY_PATTERN}"{token["colon"] or ""}' if touched else token[0]

        redacted = with_distinct_names(TOKEN.sub(redact_touched, body))
        if redacted == body:
            return body
        body = redacted
    return orjson.dumps({FOUND_BY_PATTERN: FOUND_BY_PATTERN}).decode()
