r"""Decode the escapes in a text, and map findings in the decoded text to the original one.

Supported escapes are those of URLs (`%40`, `%2540`) and of JSON (`\u0040`, `\/`, `\n`, `\"`), also if JSON is
inside a JSON string and escaped again; those of bytes (`\x22`), as nginx and programs write them; and those
of control characters as rsyslog writes them (`#011`). They are decoded everywhere, including in JSON that is
truncated, concatenated or after a prefix. Colours of a terminal (`\x1b[33m`), however their first character
is written, are read as nothing: the letter at their end would otherwise seem to be part of the next word.
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
_OF_JSON = r"\\(?<!\\\\)\\*+(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[/\"'nrtbf])"
# "$EscapeControlCharactersOnReceive", rsyslog: in octal behind a number sign. `&#0061;` is one of HTML.
_OF_SYSLOG = r"(?<!&)#0[0-3][0-7]"
_BEGINNING_OF_SYSLOG, _LINE_FEED_OF_SYSLOG = "#0", "#012"
# ECMA-48, 8.3.117 and 8.3.41: SGR, and EL, which `grep --color` writes as well. ESC may be written as in JSON
# or in a program, or as rsyslog writes it.
_ESC = "\x1b"
_COLOUR_BEHIND_ESC = r"\[[0-9;:]{0,32}[mK]"
_COLOUR = rf"(?:{_ESC}|#033|\\(?<!\\\\)\\*+(?:u001[bB]|u\{{1[bB]\}}|x1[bB]|033|e)){_COLOUR_BEHIND_ESC}"
_COLOURS, _RAW_COLOURS = re.compile(_COLOUR), re.compile(_ESC + _COLOUR_BEHIND_ESC)
_SOME_WRITTEN_COLOUR = re.compile(r"\[(?<=[bBe3}]\[)[0-9;:]{0,32}[mK]")
_ESCAPE = re.compile(rf"({_OF_URL}|{_OF_JSON})")
_ESCAPE_OF_URL, _ESCAPE_OF_JSON = re.compile(f"({_OF_URL})"), re.compile(f"({_OF_JSON})")
"""Separate patterns, since a search for one first character is faster than for one of two."""
_ANY_ESCAPE = re.compile(f"({_COLOUR}|{_OF_SYSLOG}|{_OF_URL}|{_OF_JSON})")
_LINE_FEEDS_OF_SYSLOG, _ESCAPES_OF_SYSLOG = re.compile(r"(?<!&)#012"), re.compile(_OF_SYSLOG)

_MEANING_OF_LETTER = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _meaning(escape: str) -> str:
    """Return the character that an escape represents, or the empty text for a colour."""
    if "[" in escape:
        return ""
    if escape[0] == "%":
        return "\xa0" if escape[-2:] in ("A0", "a0") else chr(int(escape[-2:], 16))
    if escape[0] == "#":
        return "\n" if escape == _LINE_FEED_OF_SYSLOG else " "
    letter = escape.lstrip("\\")
    if len(letter) == 1:
        return _MEANING_OF_LETTER.get(letter, letter)
    character = chr(int(letter[1:], 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


# Splitting a text at its escapes is slow if it has many. Most of them are of few kinds, which are replaced
# one after the other: those of JSON with a letter, those of JSON with a code, which Python decodes as well,
# and those of URLs. All backslashes before an escape of JSON are part of it.
_WRITTEN_AGAIN = re.compile(r"\\(?<!\\\\)\\++(?=u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[/\"'nrtbf])")
"""The backslashes of an escape inside a JSON string that was encoded again."""
_ENCODED_AGAIN = re.compile(r"%(?:25)+(?=[2-7][0-9A-Fa-f]|0[9ADad])")
_NO_BREAK_SPACE = re.compile(r"%(?:25)*[Cc]2%(?:25)*[Aa]0")
_ONE_LETTER, _CODE_OF_JSON = re.compile(r"\\[/\"'nrtbf]"), re.compile(r"\\u[0-9A-Fa-f]{4}")
_CODE_OF_BYTE = re.compile(r"\\x[0-9A-Fa-f]{2}")
_CODE_OF_URL = re.compile(r"%(?:[2-7][0-9A-Fa-f]|0[9ADad])")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MAX_KINDS, _MAX_INVALID_CODES = 32, 8
_SAMPLE = 4 * 1024
"""The number of characters in which too many kinds of escapes are usually found."""

# A character that can be part of an escape must not become part of another one when it is decoded. Until all
# escapes are replaced, a control character stands for it.
_PARTS_OF_ESCAPES = "%\\0123456789ABCDEFabcdef"
_CODE_OF_PART = re.compile(r"\\u00(?:25|3[0-9]|[46][1-6])")
"""JSON's escape of a character that can be part of a URL's escape."""
_CONTROL_CHARACTERS = [chr(code) for code in (*range(1, 8), 11, *range(14, 27), *range(28, 32))]  # not ESC
_CODE_OF_CONTROL_CHARACTER = re.compile(r"\\(?:u00|x)(?:0[1-7BbEeFf]|1)")
_PLACEHOLDERS = dict(zip(_PARTS_OF_ESCAPES, _CONTROL_CHARACTERS, strict=False))
_COLOUR_PLACEHOLDER = _CONTROL_CHARACTERS[-1]
_CODE_OF_COLOUR_PLACEHOLDER = re.compile(r"\\(?:u00|x)1[fF]")
_APART = "\0"


def _has_colours(text: str) -> bool:
    return _ESC in text or ("[" in text and _has_written_colours(text))


def _has_written_colours(text: str) -> bool:
    """Return whether there may be colours whose ESC is written with other characters."""
    return ("\\" in text or "#033" in text) and _SOME_WRITTEN_COLOUR.search(text) is not None


def _read_quickly(text: str) -> str | None:
    """Return the decoded text, or None if its escapes cannot be replaced one kind after the other."""
    if not _has_colours(text):
        return _escapes_read_quickly(text)
    colours = _COLOURS if _has_written_colours(text) else _RAW_COLOURS
    if "\\" not in text and "%" not in text and _BEGINNING_OF_SYSLOG not in text:
        return colours.sub("", text)
    if _COLOUR_PLACEHOLDER in text or _CODE_OF_COLOUR_PLACEHOLDER.search(text):
        return None
    decoded = _escapes_read_quickly(colours.sub(_COLOUR_PLACEHOLDER, text))
    return None if decoded is None else decoded.replace(_COLOUR_PLACEHOLDER, "")


def _escapes_read_quickly(text: str) -> str | None:
    if _BEGINNING_OF_SYSLOG in text:
        text = _ESCAPES_OF_SYSLOG.sub(" ", _LINE_FEEDS_OF_SYSLOG.sub("\n", text))
    held: set[str] = set()
    decoded: str | None = text
    if "\\" in text:
        decoded = _with_json_read(text, held)
    if decoded is not None and "%" in text:
        decoded = _with_urls_read(decoded, held)
    if decoded is None or not held:
        return decoded
    if any(_PLACEHOLDERS[it] in text for it in held) or _CODE_OF_CONTROL_CHARACTER.search(text):
        return None
    for character in held:
        decoded = decoded.replace(_PLACEHOLDERS[character], character)
    return decoded


def _with_json_read(text: str, held: set[str]) -> str | None:
    if "\\\\" in text:
        text = _WRITTEN_AGAIN.sub(r"\\", text)
    decoded = _with_kinds_read(text, _ONE_LETTER, held)
    if decoded is not None and "\\x" in decoded:
        decoded = _with_kinds_read(decoded, _CODE_OF_BYTE, held)
    if decoded is None or "\\u" not in decoded:
        return decoded
    with_parts_held = _with_kinds_read(decoded, _CODE_OF_PART, held) if "%" in text else decoded
    if with_parts_held is None:
        return None
    with_codes_read = _with_codes_read(with_parts_held)
    return _with_kinds_read(decoded, _CODE_OF_JSON, held) if with_codes_read is None else with_codes_read


def _with_codes_read(text: str) -> str | None:
    """Return a text with JSON's codes decoded by Python, or None if Python would decode it differently."""
    if "\\U" in text:
        return None
    decoded: list[str] = []
    start = 0
    try:
        written = text.encode("latin-1")
        for _ in range(_MAX_INVALID_CODES):
            try:
                decoded.append(written[start:].decode("raw_unicode_escape"))
                break
            except (
                UnicodeDecodeError
            ) as error:  # An invalid code, such as one at the end of a text that is cut off.
                invalid = start + error.start
            decoded += written[start:invalid].decode("raw_unicode_escape"), "\\"
            start = invalid + 1
        else:
            return None
    except UnicodeEncodeError:
        return None
    has_surrogates = "\\ud" in text or "\\uD" in text
    return _SURROGATE.sub("\ufffd", "".join(decoded)) if has_surrogates else "".join(decoded)


def _with_urls_read(text: str, held: set[str]) -> str | None:
    if "C2%" in text or "c2%" in text:
        text = _NO_BREAK_SPACE.sub("\xa0", text)
    if "%25" in text:
        text = _ENCODED_AGAIN.sub("%", text)
    return _with_kinds_read(text, _CODE_OF_URL, held)


def _with_kinds_read(text: str, pattern: re.Pattern[str], held: set[str]) -> str | None:
    """Return a text in which each kind of escape is replaced, or None if there are too many kinds.

    Args:
        text: A text.
        pattern: Matches the escapes.
        held: Receives the characters that are replaced by placeholders.
    """
    if len(set(pattern.findall(text[:_SAMPLE]))) > _MAX_KINDS:
        return None
    found = pattern.search(text)
    for _ in range(_MAX_KINDS):
        if not found:
            return text
        escape = found[0]
        meaning = _meaning(escape)
        if meaning in _PLACEHOLDERS:
            held.add(meaning)
            meaning = _PLACEHOLDERS[meaning]
        text = text.replace(escape, meaning)
        found = pattern.search(text, found.start())
    return None if found else text


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
    has_escapes = "\\" in text or "%" in text or _BEGINNING_OF_SYSLOG in text
    if not has_escapes and not _has_colours(text):
        return Reading(text, text)
    means = _read_quickly(text)
    if means is None:
        means = "".join(_parts(text)[1])
    return Reading(text, text if means == text else means)


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return a text split at its escapes, which have odd indexes, and the same with decoded escapes."""
    if _BEGINNING_OF_SYSLOG in text or _has_colours(text):
        pattern = _ANY_ESCAPE
    else:
        pattern = _ESCAPE_OF_URL if "\\" not in text else _ESCAPE if "%" in text else _ESCAPE_OF_JSON
    parts = pattern.split(text)
    read_parts = parts.copy()
    meanings = {escape: _meaning(escape) for escape in set(parts[1::2])}
    read_parts[1::2] = map(meanings.__getitem__, parts[1::2])
    return parts, read_parts
