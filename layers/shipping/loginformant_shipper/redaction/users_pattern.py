"""Redact the matches of a user's pattern (`REDACT_PATTERN`)."""

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import Final

import orjson

from loginformant_shipper.patterns import Pattern
from loginformant_shipper.redaction.json_values import (
    MAX_NESTED_STRINGS,
    TOKEN,
    json_in,
    string_of,
    with_distinct_names,
    written,
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
    json = json_in(text, with_cut=True)
    if not json:
        return replaced(text, found, [FOUND_BY_PATTERN] * len(found))
    if levels < 0 and "\\" in text:
        return FOUND_BY_PATTERN
    if crossing := _crossing(found, json):
        text = _redact_crossing(text, json, crossing)
        json = json_in(text, with_cut=True)
    pieces: list[str] = []
    done = 0
    for start, end in json:
        pieces += _without(pattern, text[done:start]), _redact_json(text[start:end], pattern, levels)
        done = end
    return "".join([*pieces, _without(pattern, text[done:])])


def _crossing(spans: Sequence[Span], json: Sequence[Span]) -> list[Span]:
    """Return the matches that are partly in JSON and partly in the text around it."""
    bounds = [bound for span in json for bound in span]
    return [
        (start, end)
        for start, end in spans
        if (place := bisect_right(bounds, start)) < len(bounds) and bounds[place] < end
    ]


def _redact_crossing(text: str, json: Sequence[Span], spans: Sequence[Span]) -> str:
    """Redact matches outside of JSON, and in JSON the names and values that they touch."""
    ends = [end for _, end in spans]

    def within(start: int, end: int) -> list[Span]:
        """Return the parts of the matches between two places, relative to the first one."""
        inside = takewhile(lambda span: span[0] < end, islice(spans, bisect_right(ends, start), None))
        return [(max(first, start) - start, min(last, end) - start) for first, last in inside]

    pieces: list[str] = []
    done = 0
    for start, end in [*json, (len(text), len(text))]:
        around = text[done:start]
        outside = within(done, start) if around.strip() else []
        pieces.append(replaced(around, outside, [FOUND_BY_PATTERN] * len(outside)))
        pieces.append(_redact_touched(text[start:end], within(start, end)))
        done = end
    return "".join(pieces)


def _without(pattern: Pattern, text: str) -> str:
    if not text.strip():  # JSON with white space around it is still all of the message
        return text
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
        return token[0] if redacted == text else written(redacted) + colon

    body = with_distinct_names(TOKEN.sub(redact_token, body))
    for _ in range(_MAX_ROUNDS):
        spans = _spans(pattern, body)
        if not spans:
            return body
        redacted = _redact_touched(body, spans)
        if redacted == body:
            return body
        body = redacted
    return orjson.dumps({FOUND_BY_PATTERN: FOUND_BY_PATTERN}).decode()


def _redact_touched(body: str, spans: Sequence[Span]) -> str:
    """Redact the names and values of JSON that spans overlap."""
    left = deque(spans)

    def redact_token(token: re.Match[str]) -> str:
        start, end = token.start(), token.end() - len(token["colon"] or "")
        while left and left[0][1] <= start:
            left.popleft()
        touched = left and left[0][0] < end
        return f'"{FOUND_BY_PATTERN}"{token["colon"] or ""}' if touched else token[0]

    return with_distinct_names(TOKEN.sub(redact_token, body)) if spans else body
