"""The placeholders of redacted text."""

import re
from typing import Final

from loginformant_shipper.names import Detector

PATTERN: Final = "pattern"
"""The name in the placeholder for matches of `REDACT_PATTERN`."""


def placeholder(name: str) -> str:
    """Return the placeholder of a finding. No detector finds it, and JSON does not escape it."""
    return f"[redacted:{name}]"


PLACEHOLDER: Final = re.compile("|".join(re.escape(placeholder(name)) for name in (*Detector, PATTERN)))
