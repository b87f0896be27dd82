r"""Decode the escapes in a text, and map findings in the decoded text to the original one.

Supported escapes are those of URLs (`%40`, `%2540`) and of JSON (`\u0040`, `\/`, `\n`, `\"`), also if JSON is
inside a JSON string and escaped again. They are decoded everywhere, including in JSON that is truncated,
concatenated or after a prefix.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from loginformant_shipper.redaction.spans import Cut, Span, cut_at, spans_of

# RFC 3986, section 2.1; `%25` is a percent sign, so `%2540` was encoded twice. Beside ASCII, the no-break
# space in UTF-8. RFC 8259, section 7; a backslash is doubled each time that JSON is put into JSON.
_OF_URL = r"%(?:25)*(?:[2-7][0-9A-Fa-f]|0[9ADad]|[Cc]2%(?:25)*[Aa]0)"
_OF_JSON = r"\\(?<!\\\\)\\*+(?:u[0-9A-Fa-f]{4}|[/\"'nrtbf])"
_ESCAPE = re.compile(rf"({_OF_URL}|{_OF_JSON})")
_ESCAPE_OF_URL, _ESCAPE_OF_JSON = re.compile(f"({_OF_URL})"), re.compile(f"({_OF_JSON})")
"""Separate patterns, since a search for one first character is faster than for one of two."""

_MEANING_OF_LETTER = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _meaning(escape: str) -> str:
    """Return the character that an escape represents."""
    if escape[0] == "%":
        return "\xa0" if escape[-2:] in ("A0", "a0") else chr(int(escape[-2:], 16))
    letter = escape.lstrip("\\")
    if letter[0] != "u" or len(letter) == 1:
        return _MEANING_OF_LETTER.get(letter, letter)
    character = chr(int(letter[1:], 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


# Splitting a text at its escapes is slow if it has many. Most of them are JSON's escapes of a quote, a slash
# and a line feed, and the others are of few kinds. They are replaced one kind after the other, those of URLs
# last, unless one of them stands for a character that can be part of another escape. All backslashes before
# an escape of JSON are part of it.
_OF_ONE_LETTER = {f"\\{letter}": _MEANING_OF_LETTER.get(letter, letter) for letter in "\"n/'rtbf"}
_WRITTEN_AGAIN = re.compile(r"\\(?<!\\\\)\\++(?=u[0-9A-Fa-f]{4}|[/\"'nrtbf])")
"""The backslashes of an escape inside a JSON string that was encoded again."""
_MAX_KINDS = 32
_CODE_OF_JSON, _CODE_OF_URL = re.compile(r"[0-9A-Fa-f]{4}"), re.compile(r"[2-7][0-9A-Fa-f]|0[9ADad]")
_PART_OF_URL_ESCAPE = frozenset("%0123456789ABCDEFabcdef")
_PART_OF_ESCAPE = _PART_OF_URL_ESCAPE | {"\\"}
_APART = "\0"


def _read_quickly(text: str) -> str | None:
    """Return the decoded text, or None if its escapes cannot be replaced one kind after the other."""
    of_json: dict[str, str] = {}
    of_url: dict[str, str] = {}
    if "\\u" in text:
        codes = {part[:4] for part in text.split("\\u")[1:]}
        of_json = {f"\\u{code}": _meaning(f"\\u{code}") for code in filter(_CODE_OF_JSON.fullmatch, codes)}
    if "%" in text:
        codes = {part[:2] for part in text.split("%")[1:]}
        if not codes.isdisjoint(("C2", "c2")):
            return None
        of_url = {f"%{code}": _meaning(f"%{code}") for code in filter(_CODE_OF_URL.fullmatch, codes)}
    if (
        len(of_json) + len(of_url) > _MAX_KINDS
        or not _PART_OF_ESCAPE.isdisjoint(of_json.values())
        or not _PART_OF_URL_ESCAPE.isdisjoint(of_url.values())
    ):
        return None
    if "\\\\" in text:
        text = _WRITTEN_AGAIN.sub(r"\\", text)
    for kinds in (_OF_ONE_LETTER, of_json, of_url):
        for escape, meaning in kinds.items():
            text = text.replace(escape, meaning)
    return text


class Reading(NamedTuple):
    """A decoded text and the positions of its escapes."""

    raw: str
    text: str

    def cut(self, cut: Cut) -> Cut:
        """Return the original text, split at the positions of a split of the decoded text."""
        if self.raw is self.text:
            return cut
        return self._cut_quickly(cut) or cut_at(self.raw, self.places(spans_of(cut)))

    def places(self, spans: Iterable[Span]) -> list[Span]:
        """Return the spans in the original text for spans in the decoded text."""
        if self.raw is self.text:
            return list(spans)
        raw_parts, parts = _parts(self.raw)
        raw_ends = list(accumulate(map(len, raw_parts)))
        ends = list(accumulate(map(len, parts)))

        def place(position: int, is_end: bool) -> int:
            # The end of a span belongs to the part with the character before it, a start to the part with its
            # own.
            index = bisect_left(ends, position) if is_end else bisect_right(ends, position)
            if index % 2 == 0:
                return raw_ends[index] - ends[index] + position
            return raw_ends[index] if is_end else raw_ends[index] - len(raw_parts[index])

        return [(place(start, is_end=False), place(end, is_end=True)) for start, end in spans]

    def _cut_quickly(self, cut: Cut) -> Cut | None:
        """Return the original text split at the same findings, or None if the parts in between differ."""
        raw_cut: Cut = []
        done = 0
        for found in cut[1::2]:
            start = self.raw.find(found, done)
            if start < 0 or "\\" in found or "%" in found:
                return None
            raw_cut += self.raw[done:start], found
            done = start + len(found)
        raw_cut.append(self.raw[done:])
        if _APART in self.raw or _read_quickly(_APART.join(raw_cut[0::2])) != _APART.join(cut[0::2]):
            return None
        return raw_cut


def read(text: str) -> Reading:
    """Return the text with decoded escapes."""
    if "\\" not in text and "%" not in text:
        return Reading(text, text)
    means = _read_quickly(text)
    if means is None:
        means = "".join(_parts(text)[1])
    return Reading(text, text if means == text else means)


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return a text split at its escapes, which have odd indexes, and the same with decoded escapes."""
    pattern = _ESCAPE_OF_URL if "\\" not in text else _ESCAPE if "%" in text else _ESCAPE_OF_JSON
    parts = pattern.split(text)
    read_parts = parts.copy()
    meanings = {escape: _meaning(escape) for escape in set(parts[1::2])}
    read_parts[1::2] = map(meanings.__getitem__, parts[1::2])
    return parts, read_parts
