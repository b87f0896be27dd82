"""Detect payment card numbers and the data of magnetic stripes."""

import re
from itertools import compress

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.card_groups import find_in_groups, kinds_of, may_have_groups
from loginformant_shipper.redaction.detectors.card_numbers import (
    BEFORE_DIGIT,
    BEHIND,
    are_card_numbers,
    are_luhn_valid,
)
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, merged, only

_MANY_DIGITS = b"0" * 13
_NUMBER = re.compile(rf"([2-6]{BEFORE_DIGIT}[0-9]{{12,18}}+{BEHIND})")

# ISO/IEC 7813: number, name and more; number and more. In chip data, `D` stands for `=` (EMV, tag 57).
_TRACK = re.compile(
    r"%?[Bb](?P<first>[0-9]{13,19})\^[^\^\n]{2,26}\^[0-9]{4}[^?\n\"\\]{0,80}\??"
    r"|;?(?<![0-9])(?P<second>[0-9]{13,19})[=D][0-9]{7}[0-9=]{0,30}F?\??"
)
_SOME_TRACK = re.compile(r"[\^=D](?<=[0-9]{13}.)[A-Za-z0-9]")
_TRACK_FROM_NUMBER = re.compile(
    r"[0-9](?<![0-9].)(?:(?<=[Bb].)(?P<first>[0-9]{12,18}+)\^[^\^\n]{2,26}\^[0-9]{4}[^?\n\"\\]{0,80}\??"
    r"|[0-9]{12,18}+[=D][0-9]{7}[0-9=]{0,30}F?\??)"
)
"""The same without what is before the number. The search for a digit is much faster."""
_DIGITS = re.compile(r"[0-9]+")


def find_credit_card(text: str, _: bool = False) -> Cut:
    """Split a text at payment card numbers and data of magnetic stripes."""
    kinds = kinds_of(text)
    if _MANY_DIGITS not in kinds:
        return find_in_groups(text, kinds)
    numbers = _NUMBER.split(text)
    # A group has fewer digits than a number, so no group is cut here, and less text is searched for groups.
    has_groups = may_have_groups(kinds_of("x".join(numbers[0::2])))
    in_groups = find_in_groups(text, kinds) if has_groups else [text]
    numbers = only(numbers, are_card_numbers(numbers[1::2]))
    if ("^" in text or "=" in text or "D" in text) and _SOME_TRACK.search(text):
        return merged(text, in_groups, numbers, cut_at(text, _tracks(text)))
    return merged(text, in_groups, numbers)


def _tracks(text: str) -> list[Span]:
    """Return the spans of data of magnetic stripes."""
    spans: list[Span] = []
    numbers: list[str] = []
    done = 0
    for track in _TRACK_FROM_NUMBER.finditer(text):
        number, end = track.span()
        start, optional = (number, ";") if track["first"] is None else (number - 1, "%")
        if start < done:  # The letter before the number belongs to the data before.
            found = list(_TRACK.finditer(text))
            spans, numbers = [it.span() for it in found], [it["first"] or it["second"] for it in found]
            break
        if start > done and text[start - 1] == optional:
            start -= 1
        spans.append((start, end))
        numbers.append(_DIGITS.match(text, number)[0])  # type: ignore[index]  # a track begins with them
        done = end
    return list(compress(spans, are_luhn_valid(numbers)))


CREDIT_CARD = Detection(
    Detector.CREDIT_CARD,
    "numbers of payment cards with a valid check digit, together or in groups; magnetic track data",
    find_credit_card,
    looks_far_where=lambda text: "^" in text,  # any characters may be between two of them on a stripe
)
