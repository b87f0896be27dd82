"""Bearer tokens and JSON web tokens."""

import re

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Span, without_overlaps

# RFC 6750, section 2.1. A word is no token: there is a digit in it, or it is longer than words are.
_BEARER = re.compile(
    r"\bbearer(?:[ _-]?token)?[\"'\\]{0,4}[\s:=]{1,4}[\"'\\]{0,4}"
    r"(?=[A-Za-z._~+/=-]*+[0-9]|[A-Za-z._~+/=-]{32})([A-Za-z0-9._~+/=-]{8,}+)",
    re.IGNORECASE,
)
# RFC 7515 and 7516: base64url of a header that begins with `{"`, then one to four more parts, of which the
# second may be empty.
_JSON_WEB_TOKEN = re.compile(
    r"eyJ(?<![A-Za-z0-9_-]...)[A-Za-z0-9_-]{8,}+\.(?:[A-Za-z0-9_-]{8,}+|(?=\.[A-Za-z0-9_-]{8}))(?:\.[A-Za-z0-9_-]*+){0,3}+"
)


def find_token(text: str) -> list[Span]:
    """Return where bearer tokens and JSON web tokens are."""
    found: list[Span] = []
    if "eyJ" in text:
        found += [match.span() for match in _JSON_WEB_TOKEN.finditer(text)]
    if "earer" in text or "EARER" in text:
        found += [match.span(1) for match in _BEARER.finditer(text)]
    return without_overlaps(found)


TOKEN = Detection(
    Detector.TOKEN,
    "what follows `Bearer` and is no word; JSON web tokens (signed, encrypted, unsecured) anywhere",
    find_token,
)
