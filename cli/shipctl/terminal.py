"""Text for a terminal: what a log holds is shown, never obeyed."""

_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Characters that change the order in which others are shown (Unicode Standard Annex 9)."""
_DELETE = 0x7F
_C1_CONTROLS = range(0x80, 0xA0)
_SEPARATORS = (0x2028, 0x2029)

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {_DELETE: "\N{SYMBOL FOR DELETE}"}
"""A picture for each control character, `␛` for escape (Unicode's block "Control Pictures")."""
_REPLACED = dict.fromkeys(
    (*_C1_CONTROLS, *_SEPARATORS, *_BIDIRECTIONAL, *range(0xD800, 0xE000)), "\N{REPLACEMENT CHARACTER}"
)
_VISIBLE = _PICTURES | _REPLACED | {ord("\t"): " "}

LINE_BREAK = "↵"

_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in (_DELETE, *_C1_CONTROLS, *_SEPARATORS, *_BIDIRECTIONAL)}


def visible(text: str) -> str:
    """`text` with a sign in the place of each character that a terminal would obey; tabs become spaces."""
    return text.translate(_VISIBLE)


def one_line(text: str) -> str:
    """`text` on one line: like `visible`, each line break with the white space around it as `↵`."""
    if "\n" not in text:
        return visible(text)
    lines = (visible(line.strip()) for line in text.split("\n"))
    return f" {LINE_BREAK} ".join(line for line in lines if line)


def visible_json(document: str) -> str:
    """JSON text that means the same, with the characters escaped that JSON leaves and a terminal obeys."""
    return document.translate(_JSON_ESCAPES)


def counted(number: int, noun: str) -> str:
    """`1 message`, `1,200 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
