"""What stands in the place of what is redacted."""

import re
from typing import Final

from loginformant_shipper.names import Detector

PATTERN: Final = "pattern"
"""The name of what `REDACT_PATTERN` finds."""


def placeholder(name: str) -> str:
    """Holds nothing that a detector finds, and nothing that JSON escapes."""
    return f"[redacted:{name}]"


PLACEHOLDER: Final = re.compile("|".join(re.escape(placeholder(name)) for name in (*Detector, PATTERN)))
