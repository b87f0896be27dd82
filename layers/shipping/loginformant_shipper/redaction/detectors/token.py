"""Detect bearer tokens and JSON web tokens."""

import re

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, cut_at, merged

# RFC 6750, section 2.1, and what some programs have inside a token (`12|…`: laravel/sanctum#140). Unlike a
# word, a token has a digit, or is longer. In a form, a plus sign stands for the space.
_BEARER = re.compile(
    r"\bbearer(?:[ _-]?token)?[\"'\\]{0,4}[\s:=+]{1,4}[\"'\\]{0,4}"
    r"(?=[A-Za-z._~+/=-]*+[0-9]|[A-Za-z._~+/=-]{32})([A-Za-z0-9._~+/=-](?:[|:%]?[A-Za-z0-9._~+/=-]){7,}+)",
    re.IGNORECASE,
)
# RFC 7515 and 7516: base64url of a header that begins with `{"`, then one to four more parts, of which the
# second may be empty.
_JSON_WEB_TOKEN = re.compile(
    r"(eyJ(?<![A-Za-z0-9_-]...)[A-Za-z0-9_-]{8,}+\."
    r"(?:[A-Za-z0-9_-]{8,}+|(?=\.[A-Za-z0-9_-]{8}))(?:\.[A-Za-z0-9_-]*+){0,3}+)"
)


def find_token(text: str, _: bool = False) -> Cut:
    """Split a text at bearer tokens and JSON web tokens."""
    of_json = _JSON_WEB_TOKEN.split(text) if "J" in text and "eyJ" in text else [text]
    if not (("r" in text and "earer" in text) or ("R" in text and "EARER" in text)):
        return of_json
    bearer = [match.span(1) for match in _BEARER.finditer(text)]
    return merged(text, of_json, cut_at(text, bearer))


TOKEN = Detection(
    Detector.TOKEN,
    "the value after `Bearer`, unless it is a word; JSON web tokens (signed, encrypted, unsecured) anywhere",
    find_token,
)
