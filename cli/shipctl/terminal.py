"""Make text safe for a terminal: control characters are shown instead of executed."""

_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that change the display order of others (Unicode Standard Annex 9)."""
_DELETE = 0x7F
_C1_CONTROLS = range(0x80, 0xA0)
_SEPARATORS = (0x2028, 0x2029)

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {_DELETE: "\N{SYMBOL FOR DELETE}"}
"""A visible symbol for each control character, such as `␛` for escape (Unicode block "Control Pictures")."""
_REPLACED = dict.fromkeys(
    (*_C1_CONTROLS, *_SEPARATORS, *_BIDIRECTIONAL, *range(0xD800, 0xE000)), "\N{REPLACEMENT CHARACTER}"
)
_VISIBLE = _PICTURES | _REPLACED | {ord("\t"): " "}

LINE_BREAK = "↵"

_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in (_DELETE, *_C1_CONTROLS, *_SEPARATORS, *_BIDIRECTIONAL)}


def visible(text: str) -> str:
    """Return `text` with symbols in place of control characters, and spaces in place of tabs."""
    return text.translate(_VISIBLE)


def one_line(text: str) -> str:
    """Return `text` on one line: like `visible`, with `↵` in place of line breaks."""
    if "\n" not in text:
        return visible(text)
    lines = (visible(line.strip()) for line in text.split("\n"))
    return f" {LINE_BREAK} ".join(line for line in lines if line)


def visible_json(document: str) -> str:
    """Return an equal JSON document in which all control characters are escaped."""
    return document.translate(_JSON_ESCAPES)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as `1 message` or `1,200 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
