"""Spans: where in a text something begins and ends."""

from collections.abc import Sequence

Span = tuple[int, int]


def without_overlaps(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in order; those that overlap become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def replaced(text: str, spans: Sequence[Span], by: Sequence[str]) -> str:
    """Return a text with each span of it replaced; they are in order and do not overlap."""
    parts = [""] * (2 * len(spans) + 1)
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    parts[0::2] = [text[end:start] for end, start in zip([0, *ends], [*starts, len(text)], strict=True)]
    parts[1::2] = by
    return "".join(parts)
