"""The type of detectors."""

from collections.abc import Callable
from typing import NamedTuple

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.spans import Cut


class Detection(NamedTuple):
    """A detector."""

    name: Detector
    finds: str
    """A description of what the detector finds, as in docs/filtering.md."""
    find: Callable[[str, bool], Cut]
    """Splits a text, whose escapes have been decoded, at the findings, in linear time.

    Nearly all texts have no findings. Therefore it first searches for a necessary part that is fast to find,
    such as a character, a word, or a pattern that begins with a rare character. A search for one character
    is very fast, so it comes before one for a word. The second argument is the result of `looks_far_where`
    for the text.
    """
    looks_far_where: Callable[[str], bool] | None = None
    """Returns whether findings in a text may depend on more than the characters next to them."""
