"""Rule `words`: what the words of a message say, read in their context: "0 errors" is no error."""

import re

from .vocabulary import Decision, Level

_WORDS = re.compile(
    r"(?<![\w\"'./@-])(?:(?P<fatal>fatal|panic|panicked)|(?P<error>errors?|exceptions?|fail(?:ed|ure|ures|s)?|crash(?:ed)?)"
    r"|(?P<warning>warnings?|warn|deprecated|caution))(?![\w/@-])",
    re.I,
)
_NONE_BEFORE = re.compile(
    r"(?:\b(?:no|0|zero|without|any|never|not|non|if|ignore|ignored|ignoring|on|of)\b[\s\w,/]{0,16}|[:=]\s?0\s)\Z",
    re.I,
)
_NONE_AFTER = re.compile(
    r"\s?(?:[\"']?\s?[=:]\s?[\"']?(?:0\b|none|null|nil|false|no\b|\[\]|\"\"|-(?:\s|$))|\((?:0|s\))|[- ]?(?:free|count|rate|budget"
    r"|handler|handling|page|threshold|report|reporting|log|logs|level|mode|tracking|boundary|recovery|limit)\b)",
    re.I,
)


def decide_by_words(text: str) -> Decision | None:
    """The worst level that a word means in its context; None where none does."""
    found = None
    for word in _WORDS.finditer(text):
        kind = word.lastgroup
        if kind == found or (found == "error" and kind == "warning"):
            continue
        if _NONE_AFTER.match(text, word.end()) or _NONE_BEFORE.search(
            text, max(0, word.start() - 24), word.start()
        ):
            continue
        if kind == "fatal":
            return Decision(Level.FATAL, "words")
        found = kind
    return Decision(Level[found.upper()], "words") if found else None
