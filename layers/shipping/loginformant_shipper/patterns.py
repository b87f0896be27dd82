"""Patterns that users write run on RE2, whose time is linear in the text, whatever the pattern."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_CHARACTERS = 1024
MAX_INSTRUCTIONS = 1000
"""Of the compiled pattern: RE2's time is at most this, times the bytes of the text."""

MAX_MEMORY_BYTES = 8 * 1024 * 1024
"""What RE2 takes for one pattern, compiled and at work; its own default."""

MAX_SCANNED_BYTES = 64 * 1024 * 1024
MIN_MATCHES = 100
"""One search is linear, but each of many may look at all the rest of the text: so there is an end to them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled regular expression in RE2's syntax."""

    text: str
    _compiled: Any = field(repr=False, compare=False)

    def is_in(self, text: str) -> bool:
        """Return whether the pattern matches anywhere in a text."""
        return self._compiled.search(text.encode("utf-8", "replace")) is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of each match, from left to right; empty ones are left out.

        After 100 matches, or as many as the text goes into 64 MiB, all the rest of the text is the last one.
        """
        searched = text.encode("utf-8", "replace").decode()  # RE2 knows no lone surrogates
        most = max(MIN_MATCHES, MAX_SCANNED_BYTES // max(len(text), 1))
        for number, match in enumerate(self._compiled.finditer(searched)):
            start, end = match.span()
            if number == most:
                yield start, len(text)
                return
            if start < end:
                yield start, end


def compile_pattern(text: str) -> Pattern:
    """Compile what a user wrote. Raises `ValueError`, whose text says what is allowed and why this is not."""
    import re2  # type: ignore[import-untyped]  # here, not at start-up: it is slow, and most never need it

    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"a pattern of at most {MAX_CHARACTERS} characters")
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
