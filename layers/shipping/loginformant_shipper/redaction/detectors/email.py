"""E-mail addresses."""

import re

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Span, spans_of_odd

# The local part is taken whole, from its first character on, so that no position is tried twice.
_EMAIL = re.compile(r"((?<![\w.+-])[\w.+-]++@(?:[\w-]{1,63}\.){1,16}[^\W\d_]{2,24})")


def find_email(text: str) -> list[Span]:
    """Return where e-mail addresses are."""
    return spans_of_odd(_EMAIL.split(text)) if "@" in text else []


EMAIL = Detection(
    Detector.EMAIL, "what has an `@` (or `%40`) between a name and a domain with a dot", find_email
)
