r"""Read a text as what its escapes mean, and find the place of what is found there in the text as it is.

Escapes are those of URLs (`%40`, `%2540`) and of JSON (`\u0040`, `\/`, `\n`, `\"`), the latter also where
JSON is within a string of JSON and so escaped again. They are read wherever they are: in JSON that is cut
off, glued together or behind a prefix, too.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from loginformant_shipper.redaction.spans import Span

# RFC 3986, section 2.1; `%25` is a percent sign, so `%2540` was encoded twice. Beside ASCII, the no-break
# space in UTF-8. RFC 8259, section 7; a backslash is doubled each time that JSON is put into JSON.
_OF_URL = r"%(?:25)*(?:[2-7][0-9A-Fa-f]|0[9ADad]|[Cc]2%(?:25)*[Aa]0)"
_OF_JSON = r"\\(?<!\\\\)\\*+(?:u[0-9A-Fa-f]{4}|[/\"'nrtbf])"
_ESCAPE = re.compile(rf"({_OF_URL}|{_OF_JSON})")
_ESCAPE_OF_URL, _ESCAPE_OF_JSON = re.compile(f"({_OF_URL})"), re.compile(f"({_OF_JSON})")
"""Each begins with one character, which is found faster than one of two."""

_MEANING_OF_LETTER = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _meaning(escape: str) -> str:
    """Return the one character that an escape stands for."""
    if escape[0] == "%":
        return "\xa0" if escape[-2:] in ("A0", "a0") else chr(int(escape[-2:], 16))
    letter = escape.lstrip("\\")
    if letter[0] != "u" or len(letter) == 1:
        return _MEANING_OF_LETTER.get(letter, letter)
    character = chr(int(letter[1:], 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


class Reading(NamedTuple):
    """A text with its escapes read."""

    text: str
    raw: list[str]
    """The text as it is, cut: what is no escape and, at odd indexes, escapes."""
    parts: list[str]
    """The same, the escapes read."""

    def places(self, spans: Iterable[Span]) -> list[Span]:
        """Return where the spans of the read text are in the text as it is."""
        if len(self.raw) == 1:
            return list(spans)
        raw_ends = list(accumulate(map(len, self.raw)))
        ends = list(accumulate(map(len, self.parts)))

        def place(position: int, is_end: bool) -> int:
            # An end belongs to the part in which the character before it is, a start to that of its own.
            index = bisect_left(ends, position) if is_end else bisect_right(ends, position)
            if index % 2 == 0:
                return raw_ends[index] - ends[index] + position
            return raw_ends[index] if is_end else raw_ends[index] - len(self.raw[index])

        return [(place(start, is_end=False), place(end, is_end=True)) for start, end in spans]


def read(text: str) -> Reading:
    """Return the text with its escapes read."""
    if "\\" not in text:
        if "%" not in text:
            return Reading(text, [text], [text])
        parts = _ESCAPE_OF_URL.split(text)
    else:
        parts = (_ESCAPE if "%" in text else _ESCAPE_OF_JSON).split(text)
    if len(parts) == 1:
        return Reading(text, parts, parts)
    read_parts = parts.copy()
    meanings = {escape: _meaning(escape) for escape in set(parts[1::2])}
    read_parts[1::2] = map(meanings.__getitem__, parts[1::2])
    return Reading("".join(read_parts), parts, read_parts)
