"""What stands in the place of what is redacted."""

import re
from typing import Final

from loginformant_shipper.names import Detector

PATTERN: Final = "pattern"
"""The name of what `REDACT_PATTERN` finds."""


def placeholder(name: str) -> str:
    """Return what takes the place of a finding: nothing that a detector finds, or JSON escapes."""
    return f"[redacted:{name}]"


PLACEHOLDER: Final = re.compile("|".join(re.escape(placeholder(name)) for name in (*Detector, PATTERN)))
