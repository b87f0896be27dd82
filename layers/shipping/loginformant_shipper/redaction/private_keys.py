"""Private keys in PEM, which are many lines, and so often many log events."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.placeholders import placeholder

REDACTED = placeholder(Detector.PRIVATE_KEY)

# RFC 7468 and its forerunners (RSA, EC, ENCRYPTED, OPENSSH), and the armour of OpenPGP (RFC 9580).
_MARKER = re.compile(r"(-----(?:BEGIN|END) [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----)")

# Between the lines is white space, or an escaped line feed where the key is in a string of a program.
_BETWEEN = r"(?:\s|\\+[nrt])"
_LINE = r"[A-Za-z0-9+/=]{16,}+"
_SHORT_LINE = r"[A-Za-z0-9+/=]{1,15}+"
_HEADER = r'(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash):[^\r\n\\"]{0,200}'

_LINES = re.compile(
    rf"{_BETWEEN}*+(?:{_LINE}|{_HEADER})(?:{_BETWEEN}++|{_LINE}|{_HEADER})*+(?:{_SHORT_LINE}{_BETWEEN}*+)?"
)
_WHOLE_LINE = re.compile(r"(?:[A-Za-z0-9+/=]{16,}+)?\s*+\Z")
_LAST_LINE = re.compile(r"[A-Za-z0-9+/=]*+\s*+\Z")

# A line among other things: a time stamp before it, quotes around it. It has a letter, so it is no number in
# JSON; a slash may be escaped there.
_RUN = re.compile(r"(?<![A-Za-z0-9+/])(?=[0-9eE+]*+[A-Za-z/\\])(?:[A-Za-z0-9+]|\\?/){40,}+={0,2}")
_LAST_RUN_IN_QUOTES = re.compile(
    r'(?<=")(?=[A-Za-z]*+[0-9+/=])(?:[A-Za-z0-9+]|\\?/){1,39}+={0,2}(?=(?:\\[rn])*")'
)

_MAX_TEXTS = 400
"""So many texts after its beginning a key without end is over; one of 16,384 bits has 200 lines."""
_MAX_OTHER_TEXTS = 3
"""So many texts in a row that are no part of the key may come in between."""


def redact_private_key(text: str) -> str:
    """Redact what is between the markers of private keys; the markers stay."""
    return redact_private_keys([text])[0] if "PRIVATE KEY" in text else text


def reach_of_keys(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Return where private keys may be among `texts`, as start and end, in order and apart from each other.

    What `redact_private_keys` makes of the texts of one such place, or of one text anywhere else, does not
    depend on any other text.
    """
    start = end = 0
    for index, text in enumerate(texts):
        if "PRIVATE KEY" not in text:
            continue
        # A key whose beginning is missing goes back to, and into, a text that is not made of its lines alone.
        first = index - 1
        while first >= end and _is_of_lines_alone(texts[first]):
            first -= 1
        first = max(first, 0)
        if first > end:
            if end > start:
                yield start, end
            start = first
        end = min(index + _MAX_TEXTS + 1, len(texts))
    if end > start:
        yield start, end


def _is_of_lines_alone(text: str) -> bool:
    return all(_LAST_LINE.match(line) for line in text.split("\n"))


def redact_private_keys(texts: Sequence[str]) -> list[str]:
    """Redact what is between the markers of private keys, be it one text or several.

    Takes the messages of one log stream, in order. A key without end goes as far as texts look like one; a
    key without beginning, whose end comes, goes back as far.
    """
    if not any("PRIVATE KEY" in text for text in texts):
        return list(texts)
    pieces_of_texts = [_MARKER.split(text) for text in texts]
    pieces = [piece for of_text in pieces_of_texts for piece in of_text]
    begin: int | None = None
    others = 0
    for index, piece in enumerate(pieces):
        if _MARKER.match(piece):
            begins = piece.startswith("-----BEGIN")
            if not begins:
                _redact_last_lines(pieces, index, begin)
            begin, others = index if begins else None, 0
        elif begin is not None and piece.strip():
            pieces[index] = _redact_lines(piece, wholly=index > begin + 1)
            others = 0 if REDACTED in pieces[index] else others + 1
            if others > _MAX_OTHER_TEXTS or index - begin > _MAX_TEXTS:
                begin = None
    done = iter(pieces)
    return ["".join(islice(done, len(of_text))) for of_text in pieces_of_texts]


def _redact_lines(piece: str, wholly: bool) -> str:
    """Redact the lines of a key: those that it begins with, or only a piece that is `wholly` such lines."""
    lines = _LINES.match(piece)
    if lines and (not wholly or lines.end() == len(piece)):
        said = lines[0]
        before, after = said[: len(said) - len(said.lstrip())], said[len(said.rstrip()) :]
        return f"{before}{REDACTED}{after}{_RUN.sub(REDACTED, piece[lines.end() :])}"
    return _RUN.sub(REDACTED, piece)


def _redact_last_lines(pieces: list[str], end: int, begin: int | None) -> None:
    """Redact before the end of a key what was not known to be of it: the last line, which may be short; where
    its beginning is missing, all lines."""
    if begin is not None:
        for index in range(max(end - 2, begin + 1), end):
            if REDACTED not in pieces[index]:
                pieces[index] = _LAST_RUN_IN_QUOTES.sub(REDACTED, pieces[index])
    is_line = _LAST_LINE.match
    for index in range(end - 1, -1 if begin is None else begin, -1):
        lines = pieces[index].split("\n")
        kept = len(lines)
        while kept and is_line(lines[kept - 1]):
            kept -= 1
            if lines[kept].strip():
                is_line = _WHOLE_LINE.match
        if "".join(lines[kept:]).strip():
            pieces[index] = "\n".join([*lines[:kept], REDACTED, *([] if lines[-1] else [""])])
        if kept:
            return
