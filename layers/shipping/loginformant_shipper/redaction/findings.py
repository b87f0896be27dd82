"""Replace the findings of detectors in a text. JSON stays valid JSON."""

import re
from collections.abc import Sequence

import orjson

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.escapes import read
from loginformant_shipper.redaction.json_values import (
    MAX_NESTED_STRINGS,
    OUTSIDE_STRINGS,
    TOKEN,
    json_in,
    string_of,
    with_distinct_names,
    written,
)
from loginformant_shipper.redaction.placeholders import PATTERN, placeholder
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, replaced, spans_of

_MAX_ROUNDS = 32
"""The maximum number of rounds for findings that only appear after a replacement."""

_COLON_BEHIND = re.compile(r"[ \t\r\n]*:")
_COLON_OR_WHITE_SPACE = ": \t\r\n"
_MAX_TO_QUOTE = 256
_NUMBER_BEHIND = re.compile(r"[0-9.eE+-]*+[ \t\r\n]*+[\],}]")
_OF_NUMBER, _WHITE_SPACE = "0123456789.eE+-", " \t\r\n"
_MAX_BEFORE = 64

_PART_OF_NUMBER = re.compile(r"[0-9.eE+-]*+")


_GLUE = re.compile(r"[\w.+-]")
"""Characters of a finding that may only appear after the text next to it has been replaced.

Detectors only require that the character next to a finding is not a word character, dot, plus sign or hyphen.
"""
_END_OF_VERSION = ".0.0.0"
_VERSION_BEHIND = re.compile(r".{0,4}\.0\.0\.0")
"""The exception is a version such as `Chrome/139.0.0.0`, which is an address unless a letter is before it."""


def redact_findings(text: str, detections: Sequence[Detection], levels: int = MAX_NESTED_STRINGS) -> str:
    """Replace what detectors find in a text, until they find nothing more.

    The detectors search the whole text with decoded escapes, so it does not matter whether JSON is truncated,
    concatenated or wrapped. Only replacing a number by a string, or a name, requires valid JSON.

    Args:
        text: A text.
        detections: The detectors.
        levels: How many levels of JSON in strings stay valid.
    """
    asked = detections
    for _ in range(_MAX_ROUNDS):
        text, asked = _redact_once(text, asked, detections, levels)
        if not asked:
            return text
    return redacted_wholly(text)


def redacted_wholly(text: str) -> str:
    """Return the replacement of a whole text in which redaction does not end."""
    return (
        orjson.dumps({placeholder(PATTERN): placeholder(PATTERN)}).decode()
        if json_in(text)
        else placeholder(PATTERN)
    )


def _redact_once(
    text: str, asked: Sequence[Detection], detections: Sequence[Detection], levels: int
) -> tuple[str, Sequence[Detection]]:
    """Redact the text with some detectors, and return it with the detectors to run again."""
    reading = read(text)
    seen = reading.text
    found: list[tuple[Cut, Detector]] = []
    looking_far: list[Detection] = []
    for detection in asked:
        looks_far = detection.looks_far_where is not None and detection.looks_far_where(seen)
        if looks_far:
            looking_far.append(detection)
        cut = detection.find(seen, looks_far)
        if len(cut) > 1:
            found.append((cut, detection.name))
    if not found:
        return text, ()
    if len(found) == 1:
        [(cut, name)] = found
        holders = [placeholder(name)] * (len(cut) // 2)
    else:
        cut, holders = _without_overlaps(seen, found)
    if "{" in seen or "[" in seen:
        spans = spans_of(cut)
        shaping = [_may_shape_json(seen, start, end) for start, end in spans]
        if any(shaping):
            json = json_in(text)
            if json:
                places = reading.places(spans)
                redacted = _redact_json(text, json, places, holders, shaping, detections, levels)
                return redacted, detections
    if _is_glued(cut):
        again = detections
    else:
        inserted = set(holders) if len(found) > 1 else {placeholder(found[0][1])}
        again = [
            it
            for it in detections
            if it in looking_far or (it.looks_far_where and any(map(it.looks_far_where, inserted)))
        ]
    raw = reading.cut(cut)
    raw[1::2] = holders
    return "".join(raw), again


def _is_glued(cut: Cut) -> bool:
    """Return whether there is something beside a finding that may be found when that is replaced."""
    between = set(cut[2:-1:2])
    beside = {piece[-1:] for piece in (cut[0], *between)} | {piece[:1] for piece in (cut[-1], *between)}
    if _GLUE.search("".join(beside)):
        return True
    return any(_END_OF_VERSION in piece and _VERSION_BEHIND.match(piece) for piece in (cut[-1], *between))


def _without_overlaps(seen: str, found: Sequence[tuple[Cut, str]]) -> tuple[Cut, list[str]]:
    """Merge overlapping findings. The first detector determines the placeholder."""
    spans: list[Span] = []
    holders: list[str] = []
    for cut, name in found:
        spans += spans_of(cut)
        holders += [placeholder(name)] * (len(cut) // 2)
    merged: list[Span] = []
    first_found: list[int] = []
    for (start, end), order in sorted(zip(spans, range(len(spans)), strict=True)):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
            first_found[-1] = min(first_found[-1], order)
        else:
            merged.append((start, end))
            first_found.append(order)
    return cut_at(seen, merged), [holders[order] for order in first_found]


def _may_shape_json(text: str, start: int, end: int) -> bool:
    quote = text.find('"', end, end + _MAX_TO_QUOTE + 1)  # of a name
    if (
        quote >= 0
        and text[quote + 1 : quote + 2] in _COLON_OR_WHITE_SPACE
        and _COLON_BEHIND.match(text, quote + 1)
        and text.find("\n", end, quote) < 0
    ):
        return True
    if quote == end or not _NUMBER_BEHIND.match(text, end):
        return False
    before = text[max(start - _MAX_BEFORE, 0) : start].rstrip(_OF_NUMBER).rstrip(_WHITE_SPACE)
    return before[-1:] in ("[", ":", ",", "")


def _redact_json(
    text: str,
    json: Sequence[Span],
    places: Sequence[Span],
    holders: Sequence[str],
    shaping: Sequence[bool],
    detections: Sequence[Detection],
    levels: int,
) -> str:
    """Replace findings in a text with JSON, which stays valid.

    A number becomes a string. JSON in a string is redacted separately, so that it stays valid, too. Names
    stay distinct.
    """
    spans: list[Span] = []
    by: list[str] = []
    outside, in_name, done = 0, False, 0
    rest = iter(json)
    json_start, json_end = next(rest)
    for (start, end), holder, shapes in zip(places, holders, shaping, strict=True):
        if start < done:
            continue
        while json_end <= start:
            json_start, json_end = next(rest, (len(text), len(text) + 1))
        if shapes and json_start <= start:
            outside = max(outside, json_start)
            quote = OUTSIDE_STRINGS.match(text, outside, start).end()  # type: ignore[union-attr]  # or nothing
            token = TOKEN.match(text, quote) if quote < start else None
            if token is None:
                start, end, holder = _as_string(text, start, end, holder)
                outside = end
            elif token["colon"]:
                outside, in_name = quote, True
            elif levels and (string := _redacted_string(token, detections, levels - 1)):
                while spans and spans[-1][0] > quote:
                    spans.pop()
                    by.pop()
                start, end, holder = quote, token.end(), string
                outside = done = end
        spans.append((start, end))
        by.append(holder)
    redacted = replaced(text, spans, by)
    if not in_name:
        return redacted
    json = json_in(redacted)
    return replaced(redacted, json, [with_distinct_names(redacted[start:end]) for start, end in json])


def _as_string(text: str, start: int, end: int, holder: str) -> tuple[int, int, str]:
    """Return the span of the number that is found from start to end, and the string that replaces it."""
    before = text[max(start - _MAX_BEFORE, 0) : start]
    sign = before[len(before.rstrip(_OF_NUMBER)) :]
    rest = text[end : _PART_OF_NUMBER.match(text, end).end()]  # type: ignore[union-attr]  # or nothing
    return start - len(sign), end + len(rest), f'"{sign}{holder}{rest}"'


def _redacted_string(token: re.Match[str], detections: Sequence[Detection], levels: int) -> str | None:
    """Return a JSON string whose content was redacted separately, or None if there were no findings."""
    string = string_of(token)
    redacted = redact_findings(string, detections, levels)
    return None if redacted == string else written(redacted)
