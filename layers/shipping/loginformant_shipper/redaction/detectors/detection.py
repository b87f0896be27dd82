"""What a detector is."""

from collections.abc import Callable
from typing import NamedTuple

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.spans import Cut


class Detection(NamedTuple):
    """One detector: its name in `REDACT`, what it finds, and how."""

    name: Detector
    finds: str
    """What is found, in a sentence of the documentation (docs/filtering.md)."""
    find: Callable[[str, bool], Cut]
    """Cuts a text, whose escapes were read, at what it finds there, in linear time.

    Nearly all texts hold nothing. So it first looks for something that is cheap to find, without which it
    finds nothing: a character, a word, or a pattern that begins with a rare character. The second argument
    is what `looks_far_where` says of the text.
    """
    looks_far_where: Callable[[str], bool] | None = None
    """Whether in this text what it finds may depend on more than on what is next to it."""
