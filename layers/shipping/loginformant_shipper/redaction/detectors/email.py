"""E-mail addresses."""

import re

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Span

_LOCAL_PART_REVERSED = re.compile(r"[\w.+-]+")
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,16}[^\W\d_]{2,24}")
_MAX_LOCAL_PART = 320
"""In characters; RFC 5321, section 4.5.3.1, allows 64 octets, and 320 for the whole address."""


def find_email(text: str) -> list[Span]:
    """Return where e-mail addresses are."""
    found: list[Span] = []
    done = 0
    for domain in _DOMAIN.finditer(text):
        at = domain.start()
        local = _LOCAL_PART_REVERSED.match(text[max(done, at - _MAX_LOCAL_PART) : at][::-1])
        if local:
            done = domain.end()
            found.append((at - local.end(), done))
    return found


EMAIL = Detection(
    Detector.EMAIL, "what has an `@` (or `%40`) between a name and a domain with a dot", find_email
)
