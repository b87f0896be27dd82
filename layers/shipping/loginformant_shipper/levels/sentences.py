"""Recognize plain sentences, for which most rules can be skipped."""

import re
from collections.abc import Collection

from loginformant_shipper.levels.exceptions import WORDS_OF_SHAPES, WORDS_OF_STRERROR
from loginformant_shipper.levels.key_values import WORDS_OF_PAIRS
from loginformant_shipper.levels.words import BAD_NEWS, WORDS_OF_PHRASES
from loginformant_shipper.parsing.headers.level_words import (
    BRACKETED_WORDS,
    LETTERS,
    PLURALS,
    TRANSLATED_IN_ASCII,
    encoded,
)

MAX_LENGTH = 300
"""The maximum length of a plain sentence."""

_PLAIN = re.compile(
    r"(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z? (?![A-Z]{2,5} \[))?"
    r"[A-Za-z][ !#$&-.0-;=-{}~]*\Z"
)
"""Printable ASCII after a letter, or a time and a letter, without `/`, `"`, `|` and `<`: a line of an access
log has one, or a method, and a kernel's priority. Codes of messages begin with `%`."""

_TELLING = (
    BAD_NEWS
    | TRANSLATED_IN_ASCII
    | encoded(
        {*BRACKETED_WORDS, *PLURALS, *LETTERS, "sill", "report"}  # a position
        | {"get", "head", "post", "put", "delete", "patch", "options", "connect", "trace"}  # a status
        | {"timed", "exited", "ora", "tns", "rman"}  # a platform's line
    )
)
"""Words in lower case. Those rules apply only to texts that contain one of them."""

_SHAPED = (
    encoded(("requestid", "duration", "runtime"))  # Lambda's own events
    | (WORDS_OF_PAIRS - encoded(("at", "l")))
    | WORDS_OF_SHAPES
    | (WORDS_OF_PHRASES - encoded(("timed",)))
)
"""Words in lower case. A plain text without one of them, and without the marks below, has no level."""
WORDS_OF_SENTENCES = _TELLING | _SHAPED | WORDS_OF_STRERROR


def is_plain(text: str, words: Collection[bytes]) -> bool:
    """Return whether only Lambda's own events, pairs and shapes of exceptions can give a text a level.

    False does not mean the opposite.

    Args:
        text: A text without white space around it.
        words: Its `words_of`; words that are not in `WORDS_OF_SENTENCES` may be missing.
    """
    return _TELLING.isdisjoint(words) and _PLAIN.match(text) is not None and "S: " not in text


def is_silent(text: str, words: Collection[bytes]) -> bool:
    """Return whether nothing can give a plain text a level. False does not mean the opposite."""
    return (  # written out, and most strings behind one of their characters, which is found faster
        _SHAPED.isdisjoint(words)
        and "rror" not in text
        and "xception" not in text
        and "ncaught" not in text
        and "nhandled" not in text
        and " fault" not in text
        and "core dumped" not in text
        and ("G" not in text or ("SIG" not in text and "BUG" not in text))
        and ("O" not in text or ("OOM" not in text and "Oops" not in text and "Out of memory" not in text))
        and ("N" not in text or "Node.js" not in text)
        and ("*" not in text or "** (" not in text)
        and ("=" not in text or "at=" not in text)
        and (
            ":" not in text
            or (
                "arning: " not in text
                and ":in " not in text
                and "at:" not in text
                and ("):" not in text or ("::" not in text and "(): " not in text))
                and ("I" not in text or ".php line " not in text)
                and (WORDS_OF_STRERROR.isdisjoint(words) or ": " not in text)
            )
        )
    )
