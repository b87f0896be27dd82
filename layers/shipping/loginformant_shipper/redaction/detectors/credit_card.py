"""Payment card numbers, and what is on a card's magnetic stripe."""

import re

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.card_groups import find_in_groups, kinds_of
from loginformant_shipper.redaction.detectors.card_numbers import (
    BEFORE_DIGIT,
    BEHIND,
    BEHIND_FIRST_DIGIT,
    are_luhn_valid,
    is_luhn_valid,
)
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, cut_at, merged, only

_MANY_DIGITS = b"0" * 13
_NUMBER = re.compile(rf"([2-6]{BEFORE_DIGIT}(?=[0-9]{{12}}){BEHIND_FIRST_DIGIT}{BEHIND})")

# ISO/IEC 7813: number, name and more; number and more. In chip data, `D` stands for `=` (EMV, tag 57).
_TRACK = re.compile(
    r"%?[Bb](?P<first>[0-9]{13,19})\^[^\^\n]{2,26}\^[0-9]{4}[^?\n\"\\]{0,80}\??"
    r"|;?(?<![0-9])(?P<second>[0-9]{13,19})[=D][0-9]{7}[0-9=]{0,30}F?\??"
)
_SOME_TRACK = re.compile(r"[\^=D](?<=[0-9]{13}.)[A-Za-z0-9]")


def find_credit_card(text: str) -> Cut:
    """Cut a text at numbers of cards, and at the whole of what is on a magnetic stripe."""
    kinds = kinds_of(text)
    cuts = [find_in_groups(text, kinds)]
    if _MANY_DIGITS in kinds:
        cut = _NUMBER.split(text)
        cuts.append(only(cut, are_luhn_valid(cut[1::2])))
        if any(sign in text for sign in "^=D") and _SOME_TRACK.search(text):
            tracks = [
                it.span()
                for it in _TRACK.finditer(text)
                if is_luhn_valid((it["first"] or it["second"]).encode())
            ]
            cuts.append(cut_at(text, tracks))
    return merged(text, *cuts)


CREDIT_CARD = Detection(
    Detector.CREDIT_CARD,
    "numbers of payment cards with a valid check digit, together or in groups; magnetic track data",
    find_credit_card,
    looks_far_where=lambda text: "^" in text,  # what is between two of them on a stripe may be of any kind
)
