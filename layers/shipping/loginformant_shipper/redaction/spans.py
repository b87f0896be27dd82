"""Spans and splits of a text."""

from collections.abc import Sequence
from itertools import accumulate, compress

Span = tuple[int, int]
"""The beginning and the end of a part of a text."""

Cut = list[str]
"""A text split into pieces, with findings at odd indexes.

This is the result of `split` of a pattern with one group, which takes half as long as the spans of its
matches.
"""


def cut_at(text: str, spans: Sequence[Span]) -> Cut:
    """Split a text at spans, which are in order and do not overlap."""
    pieces = [""] * (2 * len(spans) + 1)
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    pieces[0::2] = [text[end:start] for end, start in zip([0, *ends], [*starts, len(text)], strict=True)]
    pieces[1::2] = [text[start:end] for start, end in spans]
    return pieces


def spans_of(cut: Cut) -> list[Span]:
    """Return the spans of the findings."""
    ends = list(accumulate(map(len, cut)))
    return list(zip(ends[0::2], ends[1::2], strict=False))  # no finding follows the last piece


def only(cut: Cut, flags: Sequence[object]) -> Cut:
    """Return a cut without the findings whose flag is false."""
    if len(cut) == 1 or all(flags):
        return cut
    kept: Cut = []
    start = 0
    for index in compress(range(1, len(cut), 2), flags):
        kept += "".join(cut[start:index]), cut[index]
        start = index + 1
    kept.append("".join(cut[start:]))
    return kept


def merged(text: str, *cuts: Cut) -> Cut:
    """Merge several splits of a text. Overlapping findings become one."""
    found = [cut for cut in cuts if len(cut) > 1]
    if len(found) < 2:
        return found[0] if found else [text]
    return cut_at(text, without_overlaps([span for cut in found for span in spans_of(cut)]))


def without_overlaps(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in order. Overlapping spans become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def replaced(text: str, spans: Sequence[Span], by: Sequence[str]) -> str:
    """Replace spans in a text, which are in order and do not overlap."""
    pieces = cut_at(text, spans)
    pieces[1::2] = by
    return "".join(pieces)
