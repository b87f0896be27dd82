"""A text is cut at its findings, and the pieces together are the text."""

import re

from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.redaction.spans import cut_at, merged, only, spans_of, without_overlaps

texts = st.text("ab ", max_size=30)


def cut_by(pattern: str, text: str) -> list[str]:
    return re.split(f"({pattern})", text)


@given(texts)
def test_spans_and_cuts_describe_the_same_findings(text: str) -> None:
    spans = [match.span() for match in re.finditer("a+", text)]
    cut = cut_at(text, spans)
    assert cut == cut_by("a+", text)
    assert spans_of(cut) == spans
    assert "".join(cut) == text


@given(texts)
def test_ignored_findings_are_part_of_the_text_between_the_others(text: str) -> None:
    cut = cut_by("a+", text)
    flags = [len(found) > 1 for found in cut[1::2]]
    assert only(cut, flags) == cut_by("aa+", text)


@given(texts)
def test_overlapping_findings_of_several_cuts_become_one(text: str) -> None:
    cuts = [cut_by("a+", text), cut_by("ab?", text), cut_by("c", text)]
    spans = without_overlaps([span for cut in cuts for span in spans_of(cut)])
    assert spans_of(merged(text, *cuts)) == spans


def test_a_text_without_findings_is_one_piece() -> None:
    assert merged("text") == merged("text", ["text"], ["text"]) == cut_at("text", []) == ["text"]
