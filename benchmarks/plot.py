"""A plot of ratios, each as a bar whose full width is what is asked for: plain SVG, no library."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

LABEL, WIDTH, ROW = 430, 300, 22


class Bar(NamedTuple):
    label: str
    ratio: float
    most: float
    """The ratio that is asked for at most."""


def plot(bars: Sequence[Bar]) -> str:
    """Return the bars as an SVG document; the line is what each may be at most."""
    height = ROW * len(bars) + ROW
    longest = max(1.5, *(bar.ratio / bar.most for bar in bars))
    rows = []
    for number, bar in enumerate(bars):
        y = ROW * number + ROW
        share = bar.ratio / bar.most
        colour = "#2e7d32" if share <= 1 else "#c62828"
        rows += [
            f'<text x="{LABEL - 8}" y="{y}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{LABEL}" y="{y - 12}" width="{share * WIDTH:.0f}" height="14" fill="{colour}"/>',
            f'<text x="{LABEL + share * WIDTH + 6:.0f}" y="{y}">{bar.ratio:.2f} of {bar.most:g}</text>',
        ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + WIDTH * longest + 140:.0f}" '
            f'height="{height}" font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="white"/>',
            *rows,
            f'<path d="M{LABEL + WIDTH} 4V{height - 4}" stroke="black" stroke-dasharray="3"/>',
            "</svg>",
            "",
        ]
    )
