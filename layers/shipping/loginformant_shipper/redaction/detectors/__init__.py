"""The detectors of sensitive data, each in its own module.

See docs/filtering.md for what each detector finds.
"""

from collections.abc import Mapping
from typing import Final

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.aws_key import AWS_KEY
from loginformant_shipper.redaction.detectors.credit_card import CREDIT_CARD
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.detectors.email import EMAIL
from loginformant_shipper.redaction.detectors.ip_address import IP_ADDRESS
from loginformant_shipper.redaction.detectors.national_id import NATIONAL_ID
from loginformant_shipper.redaction.detectors.private_key import PRIVATE_KEY
from loginformant_shipper.redaction.detectors.token import TOKEN

DETECTORS: Final[Mapping[Detector, Detection]] = {
    detection.name: detection
    for detection in (PRIVATE_KEY, TOKEN, AWS_KEY, EMAIL, CREDIT_CARD, NATIONAL_ID, IP_ADDRESS)
}
"""The detectors in order. If two find the same text, the first one determines the placeholder."""
