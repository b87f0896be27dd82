"""Detect email addresses."""

import re
from collections.abc import Iterator

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, only

_LOCAL_PART_REVERSED = re.compile(r"[\w.+-]+")
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,16}[^\W\d_]{2,24}")
_MAX_LOCAL_PART = 320
"""The maximum length in characters. RFC 5321, section 4.5.3.1, allows 64 octets, and 320 for the address."""

# Matches from the first character of each word, which is fast if nearly every word is an address, but slow in
# other texts.
_ADDRESS = re.compile(rf"([\w.+-](?<![\w.+-].)[\w.+-]*+{_DOMAIN.pattern})")
_MAX_CHARACTERS_A_SIGN = 32

# Names of files: `logo@2x.png` (blacklanternsecurity/bbot#128), `lodash@4.17.21.tgz`. None of these endings
# is a top-level domain. The name of a file may have an address: `alice@example.com.png`.
_FILE = re.compile(
    r"@(?:[\w-]+|[0-9][\w-]*+(?:\.[0-9][\w-]*+)*+)\."
    r"(?:avif|bmp|css|csv|exe|gif|gz|html?|ico|jar|jpe?g|[cm]?jsx?|json|log|pdf|png|svg|tar|tgz|[cm]?tsx?|txt|war"
    r"|webp|whl|woff|xml|ya?ml)\Z",
    re.IGNORECASE,
)


def find_email(text: str, _: bool = False) -> Cut:
    """Split a text at email addresses."""
    if not _DOMAIN.search(text):
        return [text]
    cut = _addresses_in(text)
    files = {found for found in set(cut[1::2]) if _FILE.search(found)}
    return only(cut, [found not in files for found in cut[1::2]]) if files else cut


def _addresses_in(text: str) -> Cut:
    """Split a text at email addresses, and at names of files that look like them."""
    if text.count("@") * _MAX_CHARACTERS_A_SIGN > len(text):
        cut = _ADDRESS.split(text)
        between = "\n".join(cut[0::2])
        is_glued = _DOMAIN.search(between) or "@\n" in between  # two addresses with nothing in between
        if not is_glued and max(map(len, cut[1::2]), default=0) <= _MAX_LOCAL_PART:
            return cut
    return cut_at(text, list(_spans(text)))


def _spans(text: str) -> Iterator[Span]:
    done = 0
    for domain in _DOMAIN.finditer(text):
        at = domain.start()
        local = _LOCAL_PART_REVERSED.match(text[max(done, at - _MAX_LOCAL_PART) : at][::-1])
        if local:
            done = domain.end()
            yield at - local.end(), done


EMAIL = Detection(
    Detector.EMAIL, "what has an `@` (or `%40`) between a name and a domain with a dot", find_email
)
