"""Compile and run users' patterns with RE2, whose time is linear in the length of the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_CHARACTERS = 1024
MAX_INSTRUCTIONS = 1000
"""The maximum size of a compiled pattern. RE2's time is proportional to it and to the length of the text."""

MAX_MEMORY_BYTES = 8 * 1024 * 1024
"""The maximum memory that RE2 uses for one pattern, which is its default."""

MAX_SCANNED_BYTES = 64 * 1024 * 1024
MIN_MATCHES = 100
"""The number of matches after which the search may end. Each search is linear, but many of them need not
be."""


# "Syntax", google/re2: a repetition has a minimum. Python also reads `{,6}` as one (pandatix/go-abnf#214).
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]", re.DOTALL)
_WITHOUT_MINIMUM = re.compile(r"\{(,[0-9]+\})")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression in RE2's syntax."""

    text: str
    _compiled: Any = field(repr=False, compare=False)

    def is_in(self, text: str) -> bool:
        """Return whether the pattern matches anywhere in a text."""
        return self._compiled.search(text.encode("utf-8", "replace")) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each non-empty match, from left to right.

        After `MIN_MATCHES` matches, or as many as the text fits into `MAX_SCANNED_BYTES` if that is more, the
        whole rest of the text counts as the last match.
        """
        searched = text.encode("utf-8", "replace").decode()  # RE2 does not support lone surrogates
        most = max(MIN_MATCHES, MAX_SCANNED_BYTES // max(len(text), 1))
        for number, match in enumerate(self._compiled.finditer(searched)):
            start, end = match.span()
            if number == most:
                yield start, len(text)
                return
            if start < end:
                yield start, end


def compile_pattern(text: str) -> Pattern:
    """Compile a user's pattern. Raises `ValueError`, whose text says what is allowed."""
    import re2  # type: ignore[import-untyped]  # slow to import, and often not needed

    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a pattern of at most {MAX_CHARACTERS} characters")
    if repetition := _WITHOUT_MINIMUM.search(_ESCAPE_OR_CLASS.sub("x", text)):
        raise ValueError(
            f"a pattern with {{0{repetition[1]} instead of {repetition[0]}, which RE2 reads as characters"
        )
    options = re2.Options()
    options.max_mem = MAX_MEMORY_BYTES
    options.log_errors = False
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        (reason,) = error.args
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"a regular expression in the syntax of RE2 ({said})") from None
    if compiled.programsize > MAX_INSTRUCTIONS:
        raise ValueError(
            f"a pattern of at most {MAX_INSTRUCTIONS} instructions (this one is compiled to "
            f"{compiled.programsize}: repeat less often)"
        )
    if compiled.search(b""):
        raise ValueError("a pattern that does not match the empty text (it would match everywhere)")
    return Pattern(text, compiled)
