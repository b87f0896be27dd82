"""Recognise plain sentences: what most lines are, and what most rules need not be asked for."""

import re

from loginformant_shipper.parsing.headers.level_words import BRACKETED_WORDS, LETTERS, PLURALS

MAX_LENGTH = 300
"""No longer text is called plain: a rule that reads so many characters would see a word cut short."""

_PLAIN = re.compile(
    r"(?:\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?Z? (?![A-Z]{2,5} \[))?"
    r"[A-Za-z][ !#$&-.0-{}~]*\Z"
)
"""Printable ASCII behind a letter, or a time and a letter, without `/`, `"` and `|`: a line of an access log
has one, or a method. Codes of messages begin with `%`."""

_WORD = re.compile(r"[a-z]{1,13}")
_BAD_NEWS = ("error", "exception", "fail", "failed", "failure", "crash", "crashed", "warn", "warning")
_TELLING = frozenset(
    {*BRACKETED_WORDS, *PLURALS, *LETTERS, "sill", "report"}  # a position
    | {"get", "head", "post", "put", "delete", "patch", "options", "connect", "trace"}  # a status
    | {"timed", "exited", "ora", "tns", "rman"}  # a platform's line
    | {*_BAD_NEWS, *(f"{word}s" for word in _BAD_NEWS), "panicked", "deprecated", "caution"}  # words
)
"""In lower case. Without one of these none of those rules applies."""


def is_plain(text: str) -> bool:
    """Return whether only Lambda's own events, pairs and shapes of exceptions can give a text a level.

    `text` is without white space around it. False says nothing.
    """
    return (
        len(text) <= MAX_LENGTH
        and _PLAIN.match(text) is not None
        and _TELLING.isdisjoint(_WORD.findall(text.lower()))
    )
