"""Rules `symbol`, `coloured-word`, `level-last`, `marked-word`: a level that a text shows by a sign.

They are asked only where the header of the line is silent.
"""

import re
import string

from loginformant_shipper.levels.vocabulary import Decision
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers import MAX_HEADER
from loginformant_shipper.parsing.level_words import BRACKETED_WORDS, LEVEL_WORDS, NAMES_TOO

# --- colours ----------------------------------------------------------------------------------------------

_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_ESCAPED = re.compile(r"(?:\\x1[bB]|\\u001[bB]|\\033|\\e|#033)(?=\[)")
"""How programs and log drivers write the character that begins a colour: rsyslog writes `#033`."""
_COLOURED = re.compile(r"\x1b\[[0-9;]{1,20}m[\s\[]{0,8}([A-Za-z]{3,13})[\s:\]]{0,8}\x1b\[")
_MAX_COLOURED = 600
"""A coloured level stands within this many characters, colours included."""


def with_real_colours(text: str) -> str:
    """Return a text with its escaped terminal colours (`\\x1b[32m` as text) as real ones."""
    if ("\\" in text or "#033[" in text) and (
        "b[" in text or "B[" in text or "33[" in text or "\\e[" in text
    ):
        return _ESCAPED.sub("\x1b", text)
    return text


def without_colours(text: str) -> str:
    """Return a text without its terminal colours."""
    return _COLOURS.sub("", text).strip()


def decide_by_coloured_word(text: str) -> Decision | None:
    """Return the level that a word with a colour of its own gives; None where none does."""
    for word in _COLOURED.finditer(text[:_MAX_COLOURED]):
        words = BRACKETED_WORDS if word[1].isupper() else LEVEL_WORDS
        if level := words.get(word[1].lower()):
            return Decision(level, "coloured-word")
    return None


# --- symbols ----------------------------------------------------------------------------------------------

_SYMBOL = re.compile(r"(?:\[[\w: -]{1,40}\] ){0,2}([^\x00-\x7f])")
_SYMBOLS = {
    **dict.fromkeys("☠💀", Level.FATAL),
    **dict.fromkeys("✖✗✘❌⨯🚨⛔🛑🔴", Level.ERROR),
    **dict.fromkeys("⚠❗", Level.WARNING),
    **dict.fromkeys("ℹ✔✓✅", Level.INFORMATION),
    **dict.fromkeys("⚙🐛🐞→", Level.DEBUG),
}


def decide_by_symbol(line: str) -> Decision | None:
    """Return the level that a symbol at the start of a line gives; None where there is none.

    Loggers of the command line write symbols for words: consola, signale, log-symbols, Next.js.
    """
    if line.isascii():
        return None
    symbol = _SYMBOL.match(line)
    level = _SYMBOLS.get(symbol[1]) if symbol else None
    return Decision(level, "symbol") if level else None


# --- words ------------------------------------------------------------------------------------------------

_LAST = re.compile(r"[\[(<]([A-Za-z]{3,13})[\])>]\Z|(?:- |[|,;\t] ?)([A-Z]{3,13})\Z")
_LAST_CHARACTERS = frozenset("])>" + string.ascii_uppercase)


def decide_by_last_word(line: str) -> Decision | None:
    """Return the level at the end of a line: `… (WARN)`, `… [ERROR]`, `… - INFO`; None without one."""
    if line[-1:] not in _LAST_CHARACTERS:
        return None
    last = _LAST.search(line, max(0, len(line) - 18))
    level = LEVEL_WORDS.get((last[1] or last[2]).lower()) if last else None
    return Decision(level, "level-last") if level else None


_IN_BRACKETS = re.compile(r"[\[<]\s{0,8}([A-Za-z]{3,13})\s{0,8}[\]>]")


def decide_by_marked_word(line: str) -> Decision | None:
    """Return the level that stands in brackets behind what is not quite a header; None where none does."""
    if "[" in line or "<" in line:
        for word in _IN_BRACKETS.finditer(line[:MAX_HEADER].partition('"')[0]):
            lower = word[1].lower()
            if (level := BRACKETED_WORDS.get(lower)) and lower not in NAMES_TOO:
                return Decision(level, "marked-word")
    return None
