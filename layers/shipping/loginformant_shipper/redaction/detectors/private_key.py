"""Detect private keys in PEM, whose lines may be separate log events."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.escapes import read
from loginformant_shipper.redaction.placeholders import placeholder
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, replaced, without_overlaps

REDACTED = placeholder(Detector.PRIVATE_KEY)

# RFC 7468 and earlier formats (RSA, EC, ENCRYPTED, OPENSSH), and the armour of OpenPGP (RFC 9580). In a form
# in a URL, a plus sign stands for a space.
_MARKER = re.compile(r"-----(?P<begin>BEGIN|END)[ +][A-Z0-9 +]{0,32}PRIVATE[ +]KEY(?:[ +]BLOCK)?-----")

_LINE = r"[A-Za-z0-9+/=]{16,}+"
_SHORT_LINE = r"[A-Za-z0-9+/=]{1,15}+"
_HEADER = r'(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash):[^\r\n\\"]{0,200}'

# The backslash that remains of an escaped line feed in a line that continues.
_BETWEEN = r"(?:\s|\\)"
_LINES = re.compile(
    rf"{_BETWEEN}*+(?:{_LINE}|{_HEADER})(?:{_BETWEEN}++|{_LINE}|{_HEADER})*+(?:{_SHORT_LINE}{_BETWEEN}*+)?"
)
_WHOLE_LINE = re.compile(r"(?:[A-Za-z0-9+/=]{16,}+)?\s*+\Z")
_LAST_LINE = re.compile(r"[A-Za-z0-9+/=]*+\s*+\Z")

# A line with a timestamp before it or quotes around it. It has a letter, unlike a number in JSON.
_RUN = re.compile(r"(?<![A-Za-z0-9+/])(?=[0-9eE+]*+[A-Za-z/])[A-Za-z0-9+/]{40,}+={0,2}")
_LAST_RUN_IN_QUOTES = re.compile(r'(?<=")(?=[A-Za-z]*+[0-9+/=])[A-Za-z0-9+/]{1,39}+={0,2}(?=[\r\n]*")')
_LAST_RUN_BEHIND_PREFIX = re.compile(
    r"(?<=[\s|:>\])])(?=[A-Za-z]*+[0-9+/=]|(?:.{4})+\s*\Z)[A-Za-z0-9+/]*={0,2}(?=\s*\Z)"
)

_MAX_TEXTS = 400
"""The maximum number of texts of a key without an end. A key of 16,384 bits has 200 lines."""
_MAX_OTHER_TEXTS = 3
"""The maximum number of consecutive texts within a key without an end that do not belong to it."""


class _Piece(NamedTuple):
    """A marker, or the text between two markers."""

    text: int
    start: int
    end: int
    marker: str
    """`BEGIN`, `END` or nothing."""


def find_private_key(text: str, may_hold_some: bool) -> Cut:
    """Split a text at the lines between the markers of private keys. The markers are kept."""
    return cut_at(text, find_private_keys([text])[0]) if may_hold_some else [text]


def reach_of_keys(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Return the ranges of texts that may contain private keys, in order and without overlaps.

    The result of `redact_private_keys` for a range, or for a text outside of all ranges, does not depend on
    other texts.
    """
    start = end = 0
    for index, text in enumerate(texts):
        if "PRIVATE" not in text:
            continue
        # A key whose beginning is missing goes back to, and into, a text that holds none of its long lines;
        # its last line may be short.
        first = index - 2
        while first >= end and _may_be_of_key(texts[first]):
            first -= 1
        first = max(first, 0)
        if first > end:
            if end > start:
                yield start, end
            start = first
        end = min(index + _MAX_TEXTS + 1, len(texts))
    if end > start:
        yield start, end


def _may_be_of_key(text: str) -> bool:
    seen = read(text).text
    return _RUN.search(seen) is not None or all(_LAST_LINE.match(line) for line in seen.split("\n"))


def redact_private_keys(texts: Sequence[str]) -> list[str]:
    """Redact the lines between the markers of private keys in the messages of one log stream, in order."""
    if not any("PRIVATE" in text for text in texts):
        return list(texts)
    readings = [read(text) for text in texts]
    found = find_private_keys([reading.text for reading in readings])
    return [
        replaced(text, reading.places(spans), [REDACTED] * len(spans))
        for text, reading, spans in zip(texts, readings, found, strict=True)
    ]


def find_private_keys(texts: Sequence[str]) -> list[list[Span]]:
    """Return the spans of lines of private keys in each text, also of keys over several texts.

    The texts are the messages of one log stream in order, with decoded escapes. A key without an end
    continues while texts look like lines of a key. A key without a beginning extends backwards in the same
    way.
    """
    found: list[list[Span]] = [[] for _ in texts]
    pieces = [piece for index, text in enumerate(texts) for piece in _pieces(index, text)]
    begin: int | None = None
    others = 0
    has_end = False
    for index, piece in enumerate(pieces):
        text = texts[piece.text]
        if begin is not None and index - begin > _MAX_TEXTS:
            begin = None
        if piece.marker:
            if piece.marker == "END":
                _find_last_lines(texts, pieces, index, begin, found)
            begin, others = index if piece.marker == "BEGIN" else None, 0
            has_end = begin is not None and _has_end(pieces, index)
        elif begin is not None and text[piece.start : piece.end].strip():
            spans = _lines_in(text, piece, wholly=index > begin + 1)
            found[piece.text] += spans
            is_of_key = spans or REDACTED in text[piece.start : piece.end]
            others = 0 if is_of_key else others + 1
            if others > _MAX_OTHER_TEXTS and not has_end:
                begin = None
    return [without_overlaps(spans) for spans in found]


def _has_end(pieces: Sequence[_Piece], begin: int) -> bool:
    """Return whether the next marker after the beginning of a key is its end."""
    following = pieces[begin + 1 : begin + _MAX_TEXTS + 1]
    return next((piece.marker for piece in following if piece.marker), "") == "END"


def _pieces(index: int, text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    done = 0
    for marker in _MARKER.finditer(text) if "PRIVATE" in text else ():
        pieces += _Piece(index, done, marker.start(), ""), _Piece(index, *marker.span(), marker["begin"])
        done = marker.end()
    return [*pieces, _Piece(index, done, len(text), "")]


def _lines_in(text: str, piece: _Piece, wholly: bool) -> list[Span]:
    """Return the lines of a key at the beginning of a piece, or with `wholly` only if all its lines are."""
    start, spans = piece.start, []
    lines = _LINES.match(text, piece.start, piece.end)
    if lines and (not wholly or lines.end() == piece.end):
        spans = [_stripped(text, *lines.span())]
        start = lines.end()
    return spans + [run.span() for run in _RUN.finditer(text, start, piece.end)]


def _stripped(text: str, start: int, end: int) -> Span:
    said = text[start:end]
    return start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())


def _find_last_lines(
    texts: Sequence[str], pieces: Sequence[_Piece], end: int, begin: int | None, found: list[list[Span]]
) -> None:
    """Find lines before the end of a key that were not recognized before.

    These are the last line, which may be short, and all lines if the beginning of the key is missing.
    """
    before = texts[pieces[end - 1].text][pieces[end - 1].start : pieces[end - 1].end]
    if before.endswith("\n") and not before.strip() and (end == 1 or pieces[end - 2].marker):
        return  # Another marker is right before this one.
    is_line = _LAST_LINE.match
    for index in range(end - 1, -1 if begin is None else begin, -1):
        piece = pieces[index]
        lines = texts[piece.text][piece.start : piece.end].split("\n")
        kept = len(lines)
        while kept and is_line(lines[kept - 1]):
            kept -= 1
            if lines[kept].strip():
                is_line = _WHOLE_LINE.match
        start = piece.start + sum(len(line) + 1 for line in lines[:kept])
        span = _stripped(texts[piece.text], min(start, piece.end), piece.end)
        if span[0] < span[1]:
            found[piece.text].append(span)
        if kept:
            break
    _find_last_lines_among_others(texts, pieces, end, begin, found)


def _find_last_lines_among_others(
    texts: Sequence[str], pieces: Sequence[_Piece], end: int, begin: int | None, found: list[list[Span]]
) -> None:
    """Find the last line, which may be short, if it has quotes or a prefix."""
    for piece in pieces[max(end - 2, 0 if begin is None else begin + 1) : end]:
        text = texts[piece.text]
        runs = [run.span() for run in _LAST_RUN_IN_QUOTES.finditer(text, piece.start, piece.end)]
        if begin is not None and runs and not _is_known(text, piece.start, piece.end, found[piece.text]):
            found[piece.text] += runs
            return
    lines = _lines_back_from(texts, pieces, end)
    _, start, stop = next(lines)
    if start == stop:  # The marker is alone in its line, so the other lines of the key are, too.
        return
    is_last = True
    for index, start, stop in lines:
        text = texts[index]
        runs = [run.span() for run in _RUN.finditer(text, start, stop)]
        if is_last and not runs and not _is_known(text, start, stop, found[index]):
            runs = [run.span() for run in _LAST_RUN_BEHIND_PREFIX.finditer(text, start, stop)]
        found[index] += runs
        is_last = False
        if begin is not None or not runs:
            return


def _is_known(text: str, start: int, stop: int, spans: Sequence[Span]) -> bool:
    """Return whether there is a finding between start and stop, or a placeholder of an earlier redaction."""
    return REDACTED in text[start:stop] or any(start <= span[0] < stop for span in spans)


def _lines_back_from(
    texts: Sequence[str], pieces: Sequence[_Piece], end: int
) -> Iterator[tuple[int, int, int]]:
    """Yield the lines before a marker as text, start and end, the last one first.

    The first one is the text before the marker in its line.
    """
    for index in range(end - 1, -1, -1):
        piece = pieces[index]
        if piece.marker:
            return
        stop = piece.end
        while stop >= piece.start:
            start = texts[piece.text].rfind("\n", piece.start, stop) + 1 or piece.start
            if start < stop or piece.end == stop:
                yield piece.text, start, stop
            stop = start - 1


PRIVATE_KEY = Detection(
    Detector.PRIVATE_KEY,
    "the lines between `-----BEGIN … PRIVATE KEY-----` and its end",
    find_private_key,
    looks_far_where=lambda text: "PRIVATE" in text,
)
