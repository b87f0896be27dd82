"""Rules `symbol` and `coloured-word`: what loggers of the command line write for people at a terminal."""

import re

from loginformant_shipper.levels.vocabulary import BRACKETED_WORDS, LEVEL_WORDS, Decision
from loginformant_shipper.names import Level

HEADER = 600
"""A coloured level stands within this many characters, colours included."""

_COLOURED = re.compile(r"\x1b\[[0-9;]{1,20}m[\s\[]{0,8}([A-Za-z]{3,13})[\s:\]]{0,8}\x1b\[")


def decide_by_coloured_word(text: str) -> Decision | None:
    """The level that a word with a colour of its own gives, in the header of a text; None where none does."""
    for word in _COLOURED.finditer(text[:HEADER]):
        words = BRACKETED_WORDS if word[1].isupper() else LEVEL_WORDS
        if level := words.get(word[1].lower()):
            return Decision(level, "coloured-word")
    return None


_SYMBOL = re.compile(r"(?:\[[\w: -]{1,40}\] ){0,2}([^\x00-\x7f])")
_SYMBOLS = {
    **dict.fromkeys("☠💀", Level.FATAL),
    **dict.fromkeys("✖✗✘❌⨯🚨⛔🛑🔴", Level.ERROR),
    **dict.fromkeys("⚠❗", Level.WARNING),
    **dict.fromkeys("ℹ✔✓✅", Level.INFORMATION),
    **dict.fromkeys("⚙🐛🐞→", Level.DEBUG),
}


def decide_by_symbol(line: str) -> Decision | None:
    """The level that a symbol at the start of a line gives; None where there is none.

    Loggers of the command line write symbols for words: consola, signale, log-symbols, Next.js.
    """
    if line.isascii():
        return None
    symbol = _SYMBOL.match(line)
    level = _SYMBOLS.get(symbol[1]) if symbol else None
    return Decision(level, "symbol") if level else None
