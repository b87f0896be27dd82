"""Rule `words`: what the words of a text say, read in their context: "0 errors" is no error."""

import re

from loginformant_shipper.levels.vocabulary import Decision
from loginformant_shipper.names import Level

_WORDS = re.compile(
    r"(?:(?P<fatal>fatal|panicked|kernel panic)|(?P<error>error|exception|fail(?:ed|ure)?|crash(?:ed)?)s?"
    r"|(?P<warning>warn(?:ing)?s?|deprecated|caution))(?![\w/@-]|\.\w)",
    re.I,
)
_PART_OF_A_NAME = frozenset("\"'./@-_$")
_NOTHING_BEFORE = re.compile(
    r"(?<![=:])\b(?:no|not|none|never|0|zero|without|any|if|on|of|ignor(?:e|ed|ing)|previous|recovered)\b[\s\w,/]{0,24}\Z"
    r"|level\b[\s\w:=]{0,12}\Z",  # the level is set to ERROR
    re.I,
)
_NOTHING_AFTER = re.compile(
    r"(?:[ _-]?(?:count|rate|total|s))?[\"']?\s?[=:]\s?[\"'<]?"  # errors: 0; error_rate=0; "error": null
    r"(?:0\b(?!\.\d{0,9}[1-9])|none|null|nil|false|no\b|\[\]|\"\"|-(?:\s|$))"
    r"|\s?\((?:0|s\))|\s0\b"  # 5 done, failed 0
    r"|[- ](?:free|domain|lists?|pages?|count|rate|budget|handler|handling|threshold|report|logs?)\b"
    r"|[- ](?:reporting|level|mode|tracking|boundary|recovery|limit)\b",
    re.I,
)


def decide_by_words(text: str) -> Decision | None:
    """Return the worst level that a word of a text means in its context; None where none does."""
    if not _has_stem(text):
        return None
    found = None
    for word in _WORDS.finditer(text):
        kind = word.lastgroup
        if (
            kind is None
            or kind == found
            or (found == "error" and kind == "warning")
            or _is_harmless(text, word.span())
        ):
            continue
        if kind == "fatal":
            return Decision(Level.FATAL, "words")
        found = kind
    return Decision(Level[found.upper()], "words") if found else None


def _has_stem(text: str) -> bool:
    """Whether a search for words can find any; most texts are done with here."""
    if not text.isascii():
        return True  # "FAIL" is "faıl" in Turkish lower case, which a regular expression takes for the same
    lower = text.lower()
    return (  # written out: any() costs more than all the rest
        "error" in lower
        or "fail" in lower
        or "warn" in lower
        or "exception" in lower
        or "fatal" in lower
        or "crash" in lower
        or "panic" in lower
        or "deprecated" in lower
        or "caution" in lower
    )


def _is_harmless(text: str, span: tuple[int, int]) -> bool:
    start, end = span
    before = text[start - 1 : start]
    if before.isalnum() or before in _PART_OF_A_NAME:
        return True
    return bool(_NOTHING_AFTER.match(text, end) or _NOTHING_BEFORE.search(text[max(0, start - 32) : start]))
